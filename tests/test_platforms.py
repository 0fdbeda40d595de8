"""Packages of the lock for each kind of machine, without requests to a registry."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.platforms import PLATFORMS, Platform
from tests.test_main import ROOT
from views.web.demo.__main__ import ENVIRONMENT, NOT_IN_A_BROWSER, locked

CASES = [
    pytest.param(each, python, id=f"{each.name} {python}") for each in PLATFORMS for python in each.pythons
]
OLDER = {("darwin", "x86_64"): "48.0.1", ("win32", "ARM64"): "46.0.3"}
"""The last versions of cryptography with wheels for these machines."""


@pytest.mark.parametrize(("machine", "python"), CASES)
def test_lock_pins_one_version_of_each_package_on_each_platform(machine: Platform, python: str) -> None:
    found = [requirement for requirement, _ in locked(machine.environment(python))]
    counted = Counter(each.name for each in found)
    assert {name: count for name, count in counted.items() if count > 1} == {}
    assert {"cryptography", "flet", "flet-desktop", "flet-web", "httpx", "keyring"} <= set(counted)


@pytest.mark.parametrize(("machine", "python"), CASES)
def test_lock_pins_an_older_cryptography_only_where_newer_wheels_are_missing(
    machine: Platform, python: str
) -> None:
    (pinned,) = (
        str(one.specifier) for one, _ in locked(machine.environment(python)) if one.name == "cryptography"
    )
    newest = max(
        str(one.specifier) for one, _ in locked({"sys_platform": "linux"}) if one.name == "cryptography"
    )
    older = OLDER.get((machine.system, machine.machine))
    assert pinned == (f"=={older}" if older else newest)


def test_lock_pins_what_the_static_demo_installs() -> None:
    found = {requirement.name for requirement, _ in locked(ENVIRONMENT)}
    assert found >= NOT_IN_A_BROWSER
    wanted = {"babel", "flet", "fpdf2", "httpx", "msgpack", "msgspec", "sqlalchemy", "starlette", "tzdata"}
    assert found - NOT_IN_A_BROWSER >= wanted


def test_wheels_are_not_asked_for_without_a_registry_and_the_output_says_so(tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text('raise SystemExit("no network")', encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "tests.platforms"],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("NOT ASKED: ")
    assert "no network" in result.stdout
