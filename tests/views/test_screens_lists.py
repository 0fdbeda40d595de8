"""Screen tests of the purchase list: windowing, filters, day totals, period navigation."""

from __future__ import annotations

import re

import flet as ft
import pytest

from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, Line, Serve, quiet, remembered, visit
from tests.views.visits import WIDE, rows, visit_purchases, visit_remembered
from views.purchases.list_window import HEAD_ESTIMATE, ROW_ESTIMATE
from views.purchases.state import PER_PAGE

GROS_VOLUME = "gros-volume@demo.example"
PAGE = PER_PAGE * 80.0
"""Height the driver gives to each page of rows."""


def pages(app: Driver) -> dict[int, ft.Container]:
    """Return the built pages of rows by number."""
    found = (one for one in app.controls(ft.Container) if re.fullmatch(r"page-\d+", str(one.key)))
    return {int(one.data): one for one in found}


def spacer(app: Driver) -> float:
    """Return the height of the spacer above the built pages."""
    heights = [one.height for one in app.controls(ft.Container) if one.key == "above"]
    return float(heights[0] or 0) if heights else 0


async def measure(app: Driver) -> None:
    """Report the heights of the built pages, like Flutter."""
    for page in pages(app).values():
        await app.send(page, "size_change", {"w": 358.0, "h": PAGE})
    await app._turn()


async def scroll_to(app: Driver, line: Line, offset: float) -> None:
    await measure(app)
    await app.scroll(offset, extent=offset + 700)
    await quiet(app, line)
    await measure(app)


async def test_list_of_10000_purchases_builds_few_pages_at_any_scroll_offset(serve: Serve) -> None:
    line = serve(GROS_VOLUME)
    async with visit_purchases(line) as app:
        seen = set(rows(app))
        for step in range(1, 10):
            await scroll_to(app, line, step * 1800)
            assert len(rows(app)) <= 5 * PER_PAGE
            seen |= set(rows(app))
        assert min(pages(app)) > 1, "what is far above is not drawn"
        assert spacer(app) == (min(pages(app)) - 1) * PAGE, "and its height stays"
        deepest = max(pages(app))
        assert deepest >= 8
        asked = [a for a in line.asked if "periodId=2026-06" in a]
        assert len(asked) == len(set(asked)), "each page is read once"
        await scroll_to(app, line, 0)
        await app.until(lambda: 1 in pages(app), "the top does not come back")
        assert spacer(app) == 0
        assert len(rows(app)) <= 5 * PER_PAGE


async def test_long_list_builds_rows_near_the_viewport_and_the_page_after_a_scroll(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        near = len(rows(app))
        (rest,) = (one for one in app.controls(ft.Container) if one.key == "rest")
        assert near < PER_PAGE
        assert rest.height == (PER_PAGE - near) * ROW_ESTIMATE
        await app.scroll(16, extent=4000)
        await app.until(lambda: len(rows(app)) >= PER_PAGE, "the rest does not come")
        assert "rest" not in [one.key for one in app.controls(ft.Container)]


async def test_purchase_selected_by_keyboard_is_built(long_line: Line) -> None:
    async with visit_purchases(long_line, **WIDE) as app:
        near = len(rows(app))
        assert near < PER_PAGE
        for _ in range(near):
            await app.press("ArrowDown")
        await app.until(lambda: len(rows(app)) >= PER_PAGE, "the chosen one is not drawn")


async def test_purchase_selected_by_keyboard_is_scrolled_into_view(long_line: Line) -> None:
    async with visit_purchases(long_line, **WIDE) as app:
        await measure(app)

        def moves() -> list[float]:
            return [asked["offset"] for kind, name, asked in app.calls if name == "scroll_to"]

        await app.press("ArrowDown")
        await quiet(app, long_line)
        assert not moves(), "it was in view"
        for _ in range(12):
            await app.press("ArrowDown")
            await quiet(app, long_line)
        assert 1 <= len(moves()) <= 3, "it goes on when there is no room below, a few rows at once"
        assert moves()[-1] < HEAD_ESTIMATE + 13 * 80 < moves()[-1] + 700


async def test_period_change_keeps_the_frame_of_the_screen(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        frame = app.controls(ft.SafeArea)[0]
        await app.press("ArrowLeft")
        await app.see("Facturé en mai")
        await quiet(app, long_line)
        assert app.route == "/achats?periode=2026-05"
        assert app.controls(ft.SafeArea)[0] is frame


async def test_progress_ring_is_shown_only_while_a_page_loads(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        assert "more" in [one.key for one in app.controls(ft.Container)], "there is more to read"
        assert not app.controls(ft.ProgressRing)
        with long_line.holding("page=2"):
            await app.scroll(2000, extent=2700)
            await app.until(lambda: app.controls(ft.ProgressRing), "nothing says that more is read")
        await app.until(lambda: len(rows(app)) > PER_PAGE, "no more rows")


async def test_period_change_is_rendered_before_its_route_is_pushed(
    long_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    receive = Driver._receive

    def listen(app: Driver, message: bytes) -> None:
        route = "push_route" if b"push_route" in message else ""
        sent.append("list" if "Facturé en mai".encode() in message else route)
        receive(app, message)

    monkeypatch.setattr(Driver, "_receive", listen)
    async with visit_purchases(long_line, web=True) as app:
        sent.clear()
        await app.tap("Facture de mai")
        await app.until(lambda: "push_route" in sent, "no address")
        assert sent.index("list") < sent.index("push_route")


async def test_period_change_scrolls_to_the_top(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        for step in range(1, 8):
            await scroll_to(app, long_line, step * 1200)
        assert 1 not in pages(app)
        await app.press("ArrowLeft")
        await app.see("Facturé en mai")
        await app.until(lambda: 1 in pages(app), "not from the top")
        assert spacer(app) == 0
        await app.tap("Facture de juin")
        await app.see("Sur votre facture de juin")
        await app.until(lambda: 1 in pages(app), "not from the top")


async def test_title_names_the_period_when_the_head_is_scrolled_away(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        before = len([text for text in app.texts() if text.startswith("Facture de juin")])
        await app.scroll(600, extent=4000)
        await app.until(
            lambda: len([text for text in app.texts() if text.startswith("Facture de juin")]) == before + 1,
            "the title is silent",
        )


async def test_filter_narrows_the_list_and_keeps_the_summary(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05") as app:
        everything = rows(app)
        summary = next(text for text in app.texts() if text.startswith("Facture de mai, "))
        await app.tap("Abonnements")
        await app.until(
            lambda: rows(app) and all("abonnement" in row.casefold() for row in rows(app)), "not narrowed"
        )
        assert summary in app.texts()
        await app.tap("Remboursés")
        await app.until(lambda: len(rows(app)) == 1, "not narrowed")
        assert "−4,99" in rows(app)[0]
        await app.press("ArrowLeft")
        await app.see("Aucun achat « Remboursés » sur cette période")
        await app.tap("Effacer le filtre")
        await app.until(lambda: len(rows(app)) > 5, "still narrowed")
        await app.press("ArrowRight")
        await app.until(lambda: rows(app) == everything, "still narrowed")


async def test_filter_and_its_count_are_announced_once_the_list_is_read(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05") as app:
        said = app.announced
        assert said == []
        await app.tap("Remboursés")
        await app.until(lambda: said[-1:] == ["Remboursés\N{NO-BREAK SPACE}: 1 achat"], "no count")
        await app.press("ArrowLeft")
        await app.until(lambda: said[-1].startswith("Aucun achat"), "nothing said of the empty list")
        await app.press("ArrowRight")
        await app.until(lambda: said[-1] == "Remboursés\N{NO-BREAK SPACE}: 1 achat", "no count")
        await app.tap("Tous")
        await app.until(lambda: said[-1].startswith("Tous\N{NO-BREAK SPACE}: "), "no count")
        await app.press("ArrowLeft")
        await quiet(app, line)
        assert len(said) == 4


async def test_day_total_is_shown_only_when_complete(long_line: Line) -> None:
    async with visit_purchases(long_line) as app:
        long_line.broken = "page=2"
        await scroll_to(app, long_line, 900)
        await app.see("Impossible d’afficher vos achats")
        await app.see_not("Données du")
        days = [words for level, words in app.headings() if level == 3]
        assert ["total" in day for day in days] == [True, True, False]
        long_line.broken = None
        await app.tap("Réessayer")
        await app.until(
            lambda: sum("total" in words for level, words in app.headings() if level == 3) >= 3, "no total"
        )


async def test_first_purchase_is_selected_beside_the_list_in_wide_windows(line: Line) -> None:
    async with visit_remembered(line, "/achats?periode=2026-05", **WIDE) as app:
        await app.see("Référence, ")
        await app.until(lambda: rows(app), "no purchases")
        await app.see("Date, 25 avril")
        selected = [tile.title for tile in app.controls(ft.ListTile) if tile.selected]
        assert selected == [rows(app)[0].splitlines()[0]]


async def test_period_changes_back_and_forth_survive_their_late_routes(long_line: Line) -> None:
    async with visit_purchases(long_line, "/achats?periode=2026-05", web=True) as app:
        arrive, told = app._arrive, list[str]()

        async def note(route: str) -> None:
            told.append(route)

        app._arrive = note  # type: ignore[method-assign]
        for month in ("avril", "mai"):
            await app.tap(f"Facture d’{month}" if month == "avril" else f"Facture de {month}")
            await app.see(f"Facturé en {month}")
        await arrive(told[0])
        await quiet(app, long_line)
        await app.see("Facturé en mai")
        await app.tap("Facture d’avril")
        await app.see("Facturé en avril")
        await app.until(lambda: len(told) == 3, "an address is missing")
        for route in told[1:]:
            await arrive(route)
            await quiet(app, long_line)
            await app.see("Facturé en avril", within=0)
        await app.back()
        await app.see("Facturé en mai")


async def test_browser_back_leads_through_periods_and_the_purchase_pane(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    async with visit(line, store, route="/achats?periode=2026-03", web=True, **WIDE) as app:
        await app.see("Facturé en mars")
        await app.tap("Facture d’avril")
        await app.see("Facturé en avril")
        await app.until(lambda: rows(app), "no purchases")
        await quiet(app, line)
        await app.press("ArrowDown")
        await app.until(lambda: app.route.startswith("/achats/"), "nothing is selected")
        await app.tap("Facture de mai")
        await app.see("Facturé en mai")
        await quiet(app, line)
        for month in ("avril", "avril", "mars"):
            await app.back()
            await quiet(app, line)
            await app.see(f"Facturé en {month}", within=0)
        assert app.route == "/achats?periode=2026-03"
