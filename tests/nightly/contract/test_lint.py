"""The contract under two linters, without a single remark."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.nightly.contract.node import CONTRACT, ENVIRONMENT, HERE, REDOCLY, SPECTRAL, command

LINTERS = {
    "redocly": (REDOCLY, "lint", "--config", str(HERE / "redocly.yaml")),
    "spectral": (SPECTRAL, "lint", "--fail-severity", "hint", "--ruleset", str(HERE / "spectral.yaml")),
}


def lint(linter: str, document: Path) -> subprocess.CompletedProcess[str]:
    script, *arguments = LINTERS[linter]
    return subprocess.run(
        command(script, *arguments, str(document)),
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize("linter", LINTERS)
def test_contract_has_no_remark_from_a_linter(linter: str) -> None:
    result = lint(linter, CONTRACT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("linter", LINTERS)
def test_linter_refuses_a_contract_with_a_broken_reference(linter: str, tmp_path: Path) -> None:
    text = CONTRACT.read_text(encoding="utf-8")
    broken = tmp_path / "openapi.yaml"
    broken.write_text(text.replace("schemas/Me", "schemas/Nothing", 1), encoding="utf-8")
    assert lint(linter, broken).returncode == 1
