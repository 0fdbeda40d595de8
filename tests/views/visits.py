"""Visits of a remembered subscriber to the whole app, and the sizes of the windows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.harness.driver import Driver
from tests.views.conftest import Line, quiet, remembered, visit

Screen = dict[str, Any]
"""Arguments of a driver: the size of its window."""
NARROW: Screen = {"width": 390, "height": 844}
WIDE: Screen = {"width": 1280, "height": 900}
SIZES = pytest.mark.parametrize(
    "screen", [NARROW, pytest.param(WIDE, marks=pytest.mark.nightly)], ids=["narrow", "wide"]
)
"""A phone in `make test`, also a desktop in `make test-all`; for tests independent of the layout."""


@asynccontextmanager
async def visit_remembered(
    line: Line, route: str = "/", *, who: str | None = None, **options: Any
) -> AsyncIterator[Driver]:
    """Open the app at `route` for a remembered subscriber; `options` are those of `visit`."""
    async with visit(line, await remembered(line, who), route=route, **options) as app:
        yield app


@asynccontextmanager
async def visit_purchases(line: Line, route: str = "/achats", **options: Any) -> AsyncIterator[Driver]:
    """Open a list of purchases as `visit_remembered` does, and wait until it is at rest."""
    async with visit_remembered(line, route, **options) as app:
        await app.until(lambda: rows(app), "no purchases")
        await quiet(app, line)
        yield app


def rows(app: Driver) -> list[str]:
    """Return the names of the visible purchases, recognized by their time of payment."""
    return [name for name in app.names() if re.search(r"\s\d\d:\d\d\s", name)]
