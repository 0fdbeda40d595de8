"""Screen tests of the search over all periods, by accessible names."""

from __future__ import annotations

import re

import pytest

from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.views.conftest import Line, Serve, quiet
from tests.views.visits import NARROW, SIZES, WIDE, Screen, visit_remembered

CAMILLE, LARGE = "camille@demo.example", "gros-volume@demo.example"
SAID = {
    "fr-FR": {
        "h1": "Rechercher dans tous vos achats",
        "field": "Éditeur, contenu, référence ou montant",
        "found": "23 achats, ",
        "bill": "Facture d’avril",
        "nothing": "Rien depuis 26 novembre 2025. Les achats plus anciens figurent sur vos factures.",
        "filter": "Remboursés",
        "back": "1 achat, −4,99 €",
        "save": "Enregistrer ces achats (CSV)",
    },
    "en-GB": {
        "h1": "Search all your purchases",
        "field": "Publisher, content, reference or amount",
        "found": "23 purchases, ",
        "bill": "April invoice",
        "nothing": "Nothing since 26 November 2025. Older purchases are on your invoices.",
        "filter": "Refunded",
        "back": "1 purchase, −€4.99",
        "save": "Save these purchases (CSV)",
    },
}


def purchases(app: Driver) -> list[str]:
    """Return the names of the visible purchases, recognized by their dates."""
    return [name for name in app.names() if re.search(r" \d{4}(,| à) \d\d:\d\d\s", name)]


@pytest.mark.parametrize("locale", daily(SAID, "fr-FR"))
@SIZES
async def test_search_finds_purchases_of_all_periods_and_exports_them(
    serve: Serve, locale: str, screen: Screen
) -> None:
    said, line = SAID[locale], serve(CAMILLE)
    async with visit_remembered(line, "/achats", web=True, locale=locale, **screen) as app:
        await app.tap(said["h1"])
        assert app.route == "/recherche"
        await quiet(app, line)
        line.asked.clear()
        await app.enter(said["field"], "cubeo")
        await app.see(said["bill"])
        assert any(text.startswith(said["found"][:2]) for text in app.texts())
        assert purchases(app)
        await app.enter(said["field"], "4,99")
        await app.tap(said["filter"])
        await app.see(said["back"])
        await app.save(said["save"])
        await app.enter(said["field"], "introuvable")
        await app.see(said["nothing"])
        assert not [address for address in line.asked if "q=" in address], "all is known already"
        assert all(app.names())


async def test_search_address_fills_in_its_query(line: Line) -> None:
    async with visit_remembered(line, "/recherche?q=pixelune") as app:
        await app.until(lambda: purchases(app), "nothing found")
        assert all(row.startswith("Studio Pixelune") for row in purchases(app))


async def test_search_result_opens_beside_the_results_in_wide_windows(line: Line) -> None:
    route = "/recherche?q=pixelune"
    async with visit_remembered(line, route, **WIDE) as app:
        await app.see("Sélectionnez un achat")
        await app.until(lambda: purchases(app), "nothing found")
        rows = purchases(app)
        await app.tap(rows[0])
        await app.see("Copier la référence")
        assert re.fullmatch(r"/recherche/[\w-]+\?q=pixelune", app.route)
        assert purchases(app) == rows
        opened = app.route
        await app.press("Escape")
        assert app.route == "/recherche"
        assert purchases(app) == rows, "the words are still there"
    async with visit_remembered(line, opened, **WIDE) as app:
        await app.see("Copier la référence")
        await app.until(lambda: purchases(app) == rows, "not as before")
    async with visit_remembered(line, route, **NARROW) as app:
        await app.until(lambda: purchases(app), "nothing found")
        await app.tap(rows[0])
        await app.see("Copier la référence")
        assert app.route.startswith("/achats/")


async def test_search_in_partly_read_periods_asks_the_backend(serve: Serve) -> None:
    line = serve(LARGE)
    async with visit_remembered(line, "/recherche") as app:
        await app.see("Tapez au moins deux lettres")
        await app.enter("Éditeur, contenu, référence ou montant", "pixelune")
        await app.until(lambda: purchases(app), "nothing found")
        await app.until(lambda: any("q=pixelune" in address for address in line.asked), "not asked")
