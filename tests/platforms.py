"""Wheels of the locked dependencies on each platform: `python -m tests.platforms [NAME]...`.

All platforms by default, a minute each: pip reads the metadata of every package.

Exit code 1 when a platform misses one. Where the registry cannot be asked, the sentence says so and the exit
code is 0: `tests/test_platforms.py` checks what the locks say without asking.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from views.web.demo.__main__ import locked


@dataclass(frozen=True)
class Platform:
    """A kind of machine: what its Python says of itself, and the tags of its wheels, the best first."""

    name: str
    system: str
    machine: str
    tags: tuple[str, ...]
    pythons: tuple[str, ...] = ("3.11", "3.14")

    def environment(self, python: str) -> dict[str, str]:
        """Return the values of its environment markers."""
        return {"sys_platform": self.system, "platform_machine": self.machine, "python_version": python}


def _mac(machine: str, *versions: str) -> tuple[str, ...]:
    return tuple(f"macosx_{version}_{kind}" for version in versions for kind in (machine, "universal2"))


PLATFORMS = (
    Platform("Linux, x86-64", "linux", "x86_64", ("manylinux_2_28_x86_64", "manylinux2014_x86_64")),
    Platform("Linux on ARM", "linux", "aarch64", ("manylinux_2_28_aarch64", "manylinux2014_aarch64")),
    Platform("Mac, Apple silicon", "darwin", "arm64", _mac("arm64", "12_0", "11_0")),
    Platform("Mac, Intel", "darwin", "x86_64", _mac("x86_64", "12_0", "11_0", "10_15", "10_13", "10_9")),
    Platform("Windows, x86-64", "win32", "AMD64", ("win_amd64",)),
    Platform("Windows on ARM", "win32", "ARM64", ("win_arm64",), ("3.12", "3.14")),
)


def resolve(requirements: list[tuple[Requirement, str]], *options: str) -> str:
    """Ask pip, without an installation, for a wheel of each requirement; return what it misses."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        lines = (f"{each.name}{each.specifier} {hashes}\n" for each, hashes in requirements)
        file.write_text("".join(lines), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", folder, *options]
        result = subprocess.run(
            [*command, "--requirement", str(file)], capture_output=True, text=True, check=False
        )
    if result.returncode == 0:
        return ""
    return result.stderr.strip().splitlines()[-1] if result.stderr.strip() else f"pip: {result.returncode}"


def main(names: Sequence[str]) -> int:
    """Ask for these platforms; the first package, for this machine, tells if the registry answers."""
    here = list(locked({"platform_machine": platform.machine()}))
    if missing := resolve(here[:1]):
        sys.stdout.write(f"NOT ASKED: the registry of wheels cannot be asked from here ({missing}).\n")
        return 0
    failed = False
    asked_for = [each for each in PLATFORMS if each.name in names] if names else PLATFORMS
    assert len(asked_for) >= len(names), f"not all of {names} are platforms"
    for each in asked_for:
        tags = [part for tag in each.tags for part in ("--platform", tag)]
        for python in each.pythons:
            asked = list(locked(each.environment(python)))
            missing = resolve(asked, "--python-version", python, *tags)
            failed |= bool(missing)
            found = missing or f"{len(asked)} packages, a wheel of each"
            sys.stdout.write(f"{each.name}, Python {python}: {found}\n")
            sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
