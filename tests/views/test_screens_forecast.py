"""Screen tests of the bill forecast and the own ceiling, by accessible names."""

from __future__ import annotations

import flet as ft
import pytest

from tests.harness.cases import daily
from tests.views.conftest import Line, Serve, quiet
from tests.views.factories import subscribed
from tests.views.visits import NARROW, SIZES, Screen, visit_remembered

CAMILLE, SUSPENDED = "camille@demo.example", "suspendu@demo.example"
SAID: dict[str, dict[str, str]] = {
    "fr-FR": {
        "line": "Facture de juin : probablement entre",
        "title": "Votre facture de juin",
        "due": "Renouvellements prévus avant le 25 mai",
        "law": "€ avant 300 € (plafond légal d’un mois)",
        "none": "Mon plafond : aucun · Modifier",
        "field": "Montant en euros",
        "save": "Enregistrer",
        "wrong": "Indiquez un montant entier, de 1 à 300 €, ou rien.",
        "mine": "Mon plafond : 20 € · Modifier",
        "to_check": "à vérifier",
        "of": "sur 20,00 €",
        "yes": "J’ai compris, Mon plafond",
    },
    "en-GB": {
        "line": "June invoice: probably between",
        "title": "Your June invoice",
        "due": "Renewals due before 25 May",
        "law": "left before €300 (legal monthly limit)",
        "none": "My ceiling: none · Change",
        "field": "Amount in euros",
        "save": "Save",
        "wrong": "Enter a whole amount from €1 to €300, or nothing.",
        "mine": "My ceiling: €20 · Change",
        "to_check": "to look at",
        "of": "of €20.00",
        "yes": "Got it, My ceiling",
    },
}


@pytest.mark.parametrize("locale", daily(SAID, "fr-FR"))
@SIZES
async def test_forecast_is_shown_in_a_line_with_its_parts_in_a_sheet(
    serve: Serve, locale: str, screen: Screen
) -> None:
    said, line = SAID[locale], serve(CAMILLE)
    async with visit_remembered(line, locale=locale, **screen) as app:
        await app.tap(said["line"])
        await app.see(said["title"], said["due"], said["law"], "Club Cubéo")
        await app.tap(said["none"])
        await app.see(said["field"])
        await app.enter(said["field"], "400")
        await app.tap(said["save"])
        await app.see(said["wrong"])
        await app.enter(said["field"], "20")
        await app.tap(said["save"])
        await app.see_not(said["field"])
        await app.go("/gerer")
        await app.see(said["mine"])
        await app.go("/verifier")
        await app.see(said["of"])
        await app.tap(said["yes"])
        await app.see_not(said["yes"])


async def test_forecast_is_shown_only_on_the_open_period(line: Line) -> None:
    async with visit_remembered(line, "/achats", **NARROW) as app:
        await app.see("Facture de juin : probablement entre")
        await app.go("/achats?periode=2026-05")
        await app.see("Facturé en mai")
        await app.see_not("probablement entre")


async def test_forecast_with_a_suspended_service_is_zero_with_a_reason(serve: Serve) -> None:
    async with visit_remembered(serve(SUSPENDED), "/achats") as app:
        await app.tap("Facture de juin : probablement entre 0 € et 0 €")
        await app.see("Service désactivé : aucun renouvellement ni achat n’est prévu.")


async def test_termination_changes_the_forecast(serve: Serve) -> None:
    line = serve(subscribed())
    async with visit_remembered(line) as app:
        await app.see("Facture de juin")
        await quiet(app, line)
        before = next(text for text in app.texts() if text.startswith("Facture de juin"))
        await app.go("/gerer")
        await app.tap("Résilier Club Cubéo", "Résilier l’abonnement")
        await app.see("Abonnement résilié")
        await app.go("/")
        await app.until(
            lambda: any(text.startswith("Facture de juin") and text != before for text in app.texts()),
            "the forecast is as before",
        )


async def test_own_ceiling_can_be_set_and_removed(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        for typed, shown in (("60", "Mon plafond : 60 € · Modifier"), ("", "Mon plafond : aucun · Modifier")):
            await app.tap("Mon plafond")
            await app.enter("Montant en euros", typed)
            await app.submit("Montant en euros")
            await app.see(shown)
            await app.until(lambda: not app.controls(ft.BottomSheet), "the sheet stays")
