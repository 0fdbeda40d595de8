"""Screen tests of a year of bills and its files, by accessible names."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pypdf
import pytest
from PIL import Image

from services.domain.models import Category
from services.insights.ledger import NOTHING
from services.insights.year import year_of
from tests.harness.cases import daily
from tests.services.insights.factories import NOW, entry, ledger, moment
from tests.views.conftest import Line, Serve
from tests.views.visits import SIZES, Screen, visit_remembered
from views.core.text import Language
from views.kit.design import Design
from views.kit.theme import Layout
from views.year.documents import MOST_SHARED, Shared, year_page

CAMILLE, NEW = "camille@demo.example", "nouveau@demo.example"
SAID = {
    "fr-FR": {
        "link": "Votre année",
        "h1": "Votre année internet+",
        "title": "Mon année internet+ 2026",
        "span": "Achats du 26 novembre 2025 au 25 novembre 2026",
        "known": "6 factures connues sur 12",
        "so_far": "pour l’instant",
        "none": "Pas de comparaison avec 2025",
        "picture": "Enregistrer l’image",
        "pdf": "Enregistrer le PDF",
        "csv": "Enregistrer tous les achats (CSV)",
        "name": "Nommer les éditeurs",
        "done": "Votre année a été enregistrée",
        "file": "conso-et-moi-annee-2026",
    },
    "en-GB": {
        "link": "Your year",
        "h1": "Your internet+ year",
        "title": "My internet+ year 2026",
        "span": "Purchases from 26 November 2025 to 25 November 2026",
        "known": "6 known invoices out of 12",
        "so_far": "so far",
        "none": "No comparison with 2025",
        "picture": "Save the picture",
        "pdf": "Save the PDF",
        "csv": "Save all the purchases (CSV)",
        "name": "Name the publishers",
        "done": "Your year was saved",
        "file": "conso-et-moi-year-2026",
    },
}


@pytest.mark.parametrize("locale", daily(SAID, "fr-FR"))
@SIZES
async def test_year_screen_shows_its_facts_and_saves_its_files(
    serve: Serve, locale: str, screen: Screen
) -> None:
    said, line = SAID[locale], serve(CAMILLE)
    route = "/conso/internet"
    async with visit_remembered(line, route, web=True, locale=locale, **screen) as app:
        await app.tap(said["link"])
        assert app.route == "/conso/annee?annee=2026"
        for key in ("title", "span", "known", "so_far", "none"):
            await app.see(said[key])
        assert (1, said["h1"]) in app.headings()
        assert all(app.names())
        files = [await app.save(said[kind]) for kind in ("picture", "pdf", "csv")]
        names = [file["file_name"] for file in files]
        assert names == [f"{said['file']}.png", f"{said['file']}.pdf", "conso-et-moi-2026-01-2026-06.csv"]
        with Image.open(io.BytesIO(files[0]["src_bytes"])) as image:
            assert image.size == (1080, 1350)


def text_of(content: bytes) -> str:
    return " ".join(each.extract_text() for each in pypdf.PdfReader(io.BytesIO(content)).pages)


async def test_year_pdf_names_publishers_only_on_request_and_never_adult_ones(serve: Serve) -> None:
    line, said = serve(CAMILLE), SAID["fr-FR"]
    route = "/conso/annee?annee=2026"
    async with visit_remembered(line, route, web=True) as app:
        plain = text_of((await app.save(said["pdf"]))["src_bytes"])
        await app.tap(said["name"])
        named = text_of((await app.save(said["pdf"]))["src_bytes"])
        assert "Club Cubéo" not in plain
        assert "Club Cubéo" in named
        assert "adulte" not in plain + named
        await app.see("Contenu pour adultes")


async def test_csv_of_the_year_sums_to_the_total_on_screen(serve: Serve) -> None:
    line, said = serve(CAMILLE), SAID["en-GB"]
    route = "/conso/annee?annee=2026"
    async with visit_remembered(line, route, web=True, locale="en-GB") as app:
        content = (await app.save(said["csv"]))["src_bytes"].decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(content)))
        counted = [Decimal(row["Amount counted in the total"]) for row in rows]
        await app.see(f"€{sum(counted, NOTHING)}")


async def test_year_address_that_is_unknown_shows_the_latest_year(line: Line) -> None:
    for asked in ("1999", "x", "²⁰²⁶", ""):
        async with visit_remembered(line, f"/conso/annee?annee={asked}") as app:
            await app.see("Mon année internet+ 2026")


async def test_year_without_purchases_shows_the_empty_state(serve: Serve) -> None:
    async with visit_remembered(serve(NEW), "/conso/annee") as app:
        await app.see("Aucun achat n’est connu.", "0,00 €")


@pytest.mark.parametrize("most", [None, MOST_SHARED])
@pytest.mark.parametrize("named", [False, True])
def test_shared_year_hides_adult_purchases_and_keeps_its_sums(named: bool, most: int | None) -> None:
    entries = [
        entry("x", moment(date(2026, 4, 11)), "99.00", publisher="Secret", category=Category.ADULT),
        entry("y", moment(date(2026, 4, 12)), "1.00", publisher="Gazette"),
    ]
    design = Design.of(Language.FR, Layout.S, dark=False, still=False, text_size=1.0)
    page = year_page(
        design, Shared(year_of(ledger(entries), 2026, 26), NOW, demo=False, named=named), most=most
    )
    said = repr(page)
    assert "adulte" not in said
    assert "Secret" not in said
    assert ("Gazette" in said) is named
    for table in page.tables:
        assert [amount for _, amount in table.rows] in (
            ["1,00\u00a0€", "99,00\u00a0€"],
            ["99,00\u00a0€", "1,00\u00a0€"],
        )
