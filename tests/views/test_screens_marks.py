"""Screen tests of the marks on purchase rows, by accessible names."""

from __future__ import annotations

import pytest

from tests.views.conftest import Serve, quiet
from tests.views.test_screens_check import ledger_reads
from tests.views.visits import SIZES, Screen, visit_remembered

VEILLE = "veille@demo.example"
LIST = "/achats?periode=2026-05"


@pytest.mark.parametrize(
    ("locale", "new", "times"),
    [
        ("fr-FR", "Nouvel éditeur", "3 fois ce jour"),
        pytest.param("en-GB", "New publisher", "3 times that day", marks=pytest.mark.nightly),
    ],
)
@SIZES
async def test_purchase_rows_mark_new_publishers_and_same_day_repeats(
    serve: Serve, locale: str, new: str, times: str, screen: Screen
) -> None:
    line = serve(VEILLE)
    async with visit_remembered(line, locale=locale, **screen) as app:
        await quiet(app, line)
        for route in (LIST, "/recherche?q=onde", "/editeurs/onde-verveine"):
            await app.go(route)
            await app.until(
                lambda: len([name for name in app.names() if times in name]) == 3,
                f"no marks on {route}",
            )
        await app.go(LIST)
        await app.until(
            lambda: any("Orgue des Brumes" in name and new in name for name in app.names()),
            "not marked as new",
        )
        await app.go("/verifier")
        await app.see("Orgue des Brumes")
        assert not [name for name in app.texts() if "Onde Verveine" in name], "ordinary: no finding"


async def test_list_opened_first_has_no_marks_and_reads_no_more(serve: Serve) -> None:
    line = serve(VEILLE)
    async with visit_remembered(line, LIST) as app:
        await app.see("Onde Verveine")
        await quiet(app, line)
        assert ledger_reads(line) == []
        assert not [name for name in app.names() if "3 fois ce jour" in name]
