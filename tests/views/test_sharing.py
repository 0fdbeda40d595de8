"""Screen tests of CSV exports and receipts, saved or shared by the platform."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import flet as ft
import pytest
from pypdf import PdfReader

from services.settings import Runtime
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, Line, Serve, quiet, remembered, visit
from tests.views.visits import rows, visit_purchases, visit_remembered

GROS_VOLUME = "gros-volume@demo.example"


def lines_of(content: bytes, delimiter: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def text_of(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


async def export(app: Driver, which: str, button: str) -> None:
    await app.tap("export", which, button)


async def test_csv_of_the_period_sums_to_its_total(line: Line) -> None:
    route = "/achats?periode=2026-05"
    async with visit_remembered(line, route, web=True) as app:
        await app.see("Facturé en mai")
        await export(app, "La période affichée", "Enregistrer le fichier")
        await app.see("Export enregistré")
        await app.see_not("Exporter vos achats")
        file = app.saved[-1]
        assert file["file_name"] == "conso-et-moi-2026-05.csv"
        listed = lines_of(file["src_bytes"], ";")
        assert {"Remboursement", "Abonnement", "À l’acte"} <= {row["Type"] for row in listed}
        amounts = [Decimal(row["Montant compté dans le total"].replace(",", ".")) for row in listed]
        total = f"{sum(amounts):.2f}".replace(".", ",")
        await app.see(f"{total} €")


async def test_csv_of_every_period_is_in_english_for_an_english_locale(line: Line) -> None:
    async with visit_remembered(line, "/achats", web=True, locale="en-GB") as app:
        await app.see("Current period")
        await export(app, "Every period", "Save the file")
        await app.see("Export saved")
        file = app.saved[-1]
        assert file["file_name"] == "conso-et-moi-2026-01-2026-06.csv"
        listed = lines_of(file["src_bytes"], ",")
        assert {row["Invoice month"] for row in listed} == {f"2026-0{month}" for month in range(1, 7)}
        assert all(Decimal(row["Amount"]) for row in listed if row["Amount"] != "0.00")


async def test_export_with_the_save_dialog_cancelled_reports_no_success(line: Line) -> None:
    async with visit_remembered(line, "/achats") as app:
        await app.see("Période en cours")
        await export(app, "La période affichée", "Enregistrer le fichier")
        await app.until(lambda: app.saved, "nothing to save")
        await quiet(app, line)
        await app.see("Exporter vos achats")
        await app.see_not("Export enregistré")


async def test_export_that_cannot_be_saved_shows_the_error(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without_zenity(*_: object, **__: object) -> None:
        raise RuntimeError("zenity: not found")

    monkeypatch.setattr(ft.FilePicker, "save_file", without_zenity)
    async with visit_remembered(line, "/achats") as app:
        await app.see("Période en cours")
        await export(app, "La période affichée", "Enregistrer le fichier")
        await app.see("Le fichier n’a pas pu être enregistré", "Cet appareil ne l’a pas accepté.")


async def test_export_offline_shows_the_error_and_can_be_retried(line: Line) -> None:
    async with visit_remembered(line, "/achats", web=True) as app:
        await app.see("Période en cours")
        await quiet(app, line)
        line.down = True
        await export(app, "Toutes les périodes", "Enregistrer le fichier")
        await app.see("Le fichier n’a pas pu être enregistré")
        assert not app.saved
        line.down = False
        await app.tap("Réessayer")
        await app.see("Export enregistré")
        assert app.saved[-1]["file_name"] == "conso-et-moi-2026-01-2026-06.csv"


async def test_long_export_shows_its_progress_and_can_be_cancelled(serve: Serve) -> None:
    line = serve(GROS_VOLUME)
    async with visit_remembered(line, "/achats", web=True) as app:
        await app.see("10 000 achats")
        await quiet(app, line)
        with line.holding("page=30"):
            await export(app, "La période affichée", "Enregistrer le fichier")
            await app.see("Lecture de vos achats : 2")
            await app.tap("Annuler")
            await app.see_not("Exporter vos achats")
        await quiet(app, line)
        assert not app.saved
        await app.tap("export")
        await app.see_not("Lecture de vos achats")
        await app.tap("Enregistrer le fichier")
        await app.see("Export enregistré", within=30)
        assert len(lines_of(app.saved[-1]["src_bytes"], ";")) == 10_000


async def test_export_on_a_phone_is_shared(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    async with visit(line, store, route="/achats", runtime=Runtime.PHONE) as app:
        await app.see("Période en cours")
        await export(app, "La période affichée", "Partager le fichier")
        await app.see("Export enregistré")
        (shared,) = [arguments for kind, _, arguments in app.calls if kind == "Share"]
        assert shared["files"][0].name == "conso-et-moi-2026-06.csv"


async def test_receipt_file_holds_the_facts_of_the_screen(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05", web=True) as app:
        await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1))
        await app.see("Référence, ")
        await quiet(app, line)
        await app.tap("Enregistrer le reçu (PDF)")
        await app.see("Reçu enregistré")
        file = app.saved[-1]
        reference = next(text for text in app.texts() if text.startswith("Référence, ")).removeprefix(
            "Référence, "
        )
        assert file["file_name"] == f"recu-{reference}.pdf"
        text = text_of(file["src_bytes"])
        for words in (
            reference, "Facturé en mai", "du 26 mars 2026 au 25 avril 2026", "Mai 2026", "Box Fibre",
            "14 mai 2026 à 12:00", "ne remplace pas votre facture", "Application indépendante.",
        ):  # fmt: skip
            assert words in text
        assert text.startswith("Démonstration")


async def test_receipt_without_the_demo_has_no_demo_warning(line: Line) -> None:
    async with visit_purchases(line, web=True, demo=False, locale="en-GB") as app:
        await app.tap(rows(app)[-1])
        await app.see("Reference, ")
        await app.tap("Save the receipt (PDF)")
        await app.see("Receipt saved")
        assert app.saved[-1]["file_name"].startswith("receipt-IP-")
        text = text_of(app.saved[-1]["src_bytes"])
        assert "Demo" not in text
        assert "Purchase receipt" in text
        assert "Independent application." in text
