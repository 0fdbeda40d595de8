"""Systemd units and Containerfile, read by systemd and a parser of Containerfiles."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from main import command_line
from tests.harness.processes import ROOT
from tests.nightly.deploy.deployment import FILES

PYTHON = "/opt/conso-et-moi/.venv/bin/python"
"""Interpreter of the deployed app; the tests use another one."""
UNITS = sorted(file.name for file in (FILES / "systemd").iterdir())


def verify(unit: Path) -> subprocess.CompletedProcess[str]:
    """Check a unit with systemd, without starting it."""
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd-analyze is not installed: see tests/setup.sh"
    return subprocess.run(
        [program, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_unit(name: str, tmp_path: Path) -> None:
    text = (FILES / "systemd" / name).read_text("utf-8")
    assert PYTHON in text
    unit = tmp_path / name
    unit.write_text(text.replace(PYTHON, sys.executable), "utf-8")
    verified = verify(unit)
    complaints = [line for line in verified.stderr.splitlines() if name.partition("@")[0] in line]
    assert (verified.returncode, complaints) == (0, [])


def test_systemd_refuses_a_unit_with_a_key_of_no_meaning(tmp_path: Path) -> None:
    unit = tmp_path / UNITS[0]
    text = (FILES / "systemd" / UNITS[0]).read_text("utf-8")
    unit.write_text(text.replace(PYTHON, sys.executable).replace("UMask=", "Umaske="), "utf-8")
    assert "Umaske" in verify(unit).stderr


def test_container_copies_files_that_exist_and_starts_with_options_that_exist() -> None:
    text = (FILES / "Containerfile").read_text("utf-8")
    copied = re.findall(r"(?m)^COPY (\S+) ", text)
    assert set(copied) == {"main.py", "views", "services", "assets", "requirements.lock"}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    (entry,) = re.findall(r"(?m)^ENTRYPOINT \[(.*)\]$", text)
    _, program, *options = re.findall(r'"([^"]*)"', entry)
    assert program == "main.py"
    parsed = command_line().parse_args(options)
    assert (parsed.host, parsed.port) == ("0.0.0.0", 8550)  # noqa: S104 - a container's own network
