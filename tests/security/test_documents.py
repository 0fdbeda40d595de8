"""Checks of `docs/security.md`: the tests it names exist, and every OWASP MASVS v2 control has a row."""

from __future__ import annotations

import ast
import re
from functools import cache

from tests.test_repository import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CONTROLS = {
    "STORAGE": 2,
    "CRYPTO": 2,
    "AUTH": 3,
    "NETWORK": 2,
    "PLATFORM": 3,
    "CODE": 4,
    "RESILIENCE": 4,
    "PRIVACY": 4,
}
"""Number of controls per group."""


@cache
def functions_of(file: str) -> set[str]:
    """Return the function names of a test file; none if the file does not exist."""
    path = ROOT / "tests" / file
    tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_security_document_names_existing_tests() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE))
    assert len(named) > 60
    assert PAGE.count("::") == len(re.findall(r"`[\w/]+\.py::\w+`", PAGE)), "each is written the same way"
    faults = [f"{file}::{test}" for file, test in sorted(named) if test not in functions_of(file)]
    assert faults == []


def test_security_document_has_a_row_per_masvs_control() -> None:
    rows = re.findall(r"(?m)^\| ([A-Z]+)-(\d)(?: to (\d))? \| (.+) \| (.+) \|$", PAGE)
    found = {
        (kind, number)
        for kind, first, last, _, _ in rows
        for number in range(int(first), int(last or first) + 1)
    }
    assert found == {(kind, n) for kind, most in CONTROLS.items() for n in range(1, most + 1)}
