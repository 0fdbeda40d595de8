"""Dependencies, checked offline: installed versions equal the locks, and licenses are known.

`tests/test_repository.py` checks the content of the locks.
`make audit` looks up known vulnerabilities.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests import audit
from tests.test_repository import LOCKS, ROOT

FREE = re.compile(
    r"\b(MIT|MIT-CMU|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|HPND|Zlib|CC0-1\.0)\b",
    re.IGNORECASE,
)
"""Licenses that require only a notice."""


def locked(name: str) -> Iterator[Requirement]:
    """Yield the requirements of a lock on this platform."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        requirement = Requirement(line.partition(" --hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


@pytest.mark.parametrize("name", LOCKS)
def test_installed_versions_equal_the_lock(name: str) -> None:
    faults = []
    for requirement in locked(name):
        try:
            installed = distribution(requirement.name).version
        except PackageNotFoundError:
            installed = "nothing"
        if installed == "nothing" or not requirement.specifier.contains(installed, prereleases=True):
            faults.append(f"{requirement}: {installed}")
    assert faults == []


def licence(package: Distribution) -> str:
    """Return the license of a distribution, from all metadata fields."""
    metadata = package.metadata
    classifiers = [one for one in metadata.get_all("Classifier", []) if one.startswith("License ::")]
    named = [one[:200] for name in ("License-Expression", "License") for one in metadata.get_all(name, [])]
    return " | ".join([*named, *classifiers])


def test_licenses_of_dependencies_are_permissive_or_in_the_notices() -> None:
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    unknown, unnamed = [], []
    for requirement in locked(LOCKS[0]):
        said = licence(distribution(requirement.name))
        if not said:
            unknown.append(requirement.name)
        elif not FREE.search(said) and requirement.name not in notices:
            unnamed.append(f"{requirement.name}: {said}")
    assert unknown == []
    assert unnamed == []


def answering(tmp_path: Path, text: str) -> str:
    """Write a fake pip-audit that prints `text`; return its folder for the module path."""
    (tmp_path / "pip_audit.py").write_text(f"print({text!r})", encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("no network", 0, "NOT AUDITED"),
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', 0, "NOT AUDITED"),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}', 0, "1 packages audited, 0 vuln"),
        (
            '{"dependencies":[{"name":"a","version":"1","vulns":[{"id":"CVE-1","fix_versions":["2"]}]}]}',
            1,
            "a 1: CVE-1, corrected in ['2']",
        ),
    ],
)
def test_audit_fails_on_a_vulnerability_and_reports_missing_data(
    tmp_path: Path, answer: str, code: int, said: str
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.audit"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": answering(tmp_path, answer)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (code, "")
    assert said in result.stdout
    assert Path(audit.__file__).parent == ROOT / "tests"
