"""Cases of parametrized tests: which run in `make test`, and which at night only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def daily(cases: Iterable[Any], *chosen: Any) -> list[Any]:
    """Return `cases` for `pytest.mark.parametrize`, all but the `chosen` marked `nightly`."""
    listed = list(cases)
    assert all(case in listed for case in chosen), "a chosen case is none of the cases"
    return [case if case in chosen else _nightly(case) for case in listed]


def _nightly(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.nightly)
