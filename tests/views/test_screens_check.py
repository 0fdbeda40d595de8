"""Screen tests of « À vérifier », by accessible names: home card, decisions, undo."""

from __future__ import annotations

import gc
import re
from typing import Any

import flet as ft
import pytest

from services.domain import models
from services.sandbox import Subscriber
from services.sandbox.data_file import Contract
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.harness.entries import bought
from tests.views.conftest import NOW, PASSWORD, Line, Serve, quiet
from tests.views.visits import SIZES, Screen, visit_remembered

CAMILLE, FOYER = "camille@demo.example", "foyer@demo.example"
FULL_PAGE = re.compile(r"/purchases\?.*perPage=100")


def ledger_reads(line: Line) -> list[str]:
    return [address for address in line.asked if FULL_PAGE.search(address)]


def tone(app: Driver, title: str) -> ft.IconData | None:
    """Return the icon beside a title."""
    for row in app.controls(ft.Row):
        texts = [
            one.value
            for each in row.controls
            if isinstance(each, ft.Column)
            for one in each.controls
            if isinstance(one, ft.Text)
        ]
        if title in texts and isinstance(row.controls[0], ft.Icon):
            return row.controls[0].icon
    return None


WORDS: dict[str, dict[str, Any]] = {
    "fr-FR": {
        "card": "paiements à vérifier",
        "see": "Les voir",
        "h1": "À vérifier",
        "yes": "Je reconnais, Club Cubéo",
        "no": "Je ne reconnais pas, Fiche Potager",
        "rise": "2,99 € → 3,99 € depuis le",
        "after": "après la fin de l’abonnement (5 avril)",
        "asked": "Un proche a-t-il utilisé la ligne ?",
        "past": "Déjà vérifiés (1)",
        "undo": "Annuler, Club Cubéo",
        "recognised": "Reconnu le 14 mai 2026",
    },
    "en-GB": {
        "card": "charges to look at",
        "see": "See them",
        "h1": "To look at",
        "yes": "I recognise it, Club Cubéo",
        "no": "I don't recognise it, Fiche Potager",
        "rise": "€2.99 → €3.99 since",
        "after": "after the subscription ended (5 April)",
        "asked": "Did someone else use the line?",
        "past": "Already checked (1)",
        "undo": "Undo, Club Cubéo",
        "recognised": "Recognised on",
    },
}


@pytest.mark.parametrize("locale", daily(WORDS, "fr-FR"))
@SIZES
async def test_findings_are_shown_decided_and_undone(serve: Serve, locale: str, screen: Screen) -> None:
    said, line = WORDS[locale], serve(CAMILLE)
    async with visit_remembered(line, locale=locale, **screen) as app:
        await app.see(f"4 {said['card']}")
        assert any("4 n" in text for text in app.texts()), "the badge counts what is new"
        await app.tap(said["see"])
        await app.see(said["rise"])
        assert (1, said["h1"]) in app.headings()
        await app.see(said["after"])
        await app.tap(said["yes"])
        await app.see(said["past"])
        await app.tap(said["no"])
        await app.see(said["asked"])
        assert all(app.names())
        await app.tap(said["undo"])
        await app.see(said["yes"])
        await app.go("/")
        await app.see(f"3 {said['card']}")
        assert not any("3 n" in text for text in app.texts()), "all were seen"


async def test_decision_is_undone_from_the_snackbar(line: Line) -> None:
    async with visit_remembered(line, "/verifier") as app:
        await app.tap("Je reconnais, Club Cubéo")
        await app.see("Déjà vérifiés (1)")
        bar = app.controls(ft.SnackBar)[-1]
        assert (bar.persist, bar.duration) == (False, ft.Duration(seconds=8))
        await app.tap("Annuler, Club Cubéo")
        await app.see_not("Déjà vérifiés (1)")
        await app.see("Je reconnais, Club Cubéo")


async def test_findings_reuse_the_purchases_already_read(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("paiements à vérifier")
        await quiet(app, line)
        assert len(ledger_reads(line)) == 6, "each period once"
        line.asked.clear()
        await app.tap("Les voir")
        await app.see("Club Cubéo")
        await app.go("/")
        await app.see("paiements à vérifier")
        await quiet(app, line)
        assert ledger_reads(line) == []


async def test_entries_of_the_ledger_are_dropped_once_no_screen_shows_them(serve: Serve) -> None:
    def held() -> int:
        gc.collect()
        return sum(isinstance(each, models.Purchase) for each in gc.get_objects())

    line, before = serve(CAMILLE), held()
    async with visit_remembered(line) as app:
        await app.see("paiements à vérifier")
        await quiet(app, line)
        at_rest = held() - before
        assert at_rest < 15, "the entries of four findings and of the list on screen"
        await app.go("/recherche?q=club")
        await app.see("Facture de")
        await quiet(app, line)
        assert held() - before > 30, "the search reads all entries"
        await app.go("/")
        await app.see("paiements à vérifier")
        await quiet(app, line)
        assert held() - before <= at_rest


async def test_findings_with_a_failed_period_offer_a_retry(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("paiements à vérifier")
    line.broken = "perPage=100"
    async with visit_remembered(line, "/verifier") as app:
        await app.see("Réessayer")
        assert "Rien à vérifier" not in " ".join(app.texts())
        line.broken = None
        await app.tap("Réessayer")
        await app.see("Club Cubéo")


async def test_findings_without_any_show_the_empty_state(serve: Serve) -> None:
    async with visit_remembered(serve("nouveau@demo.example"), "/verifier") as app:
        await app.see("Rien à vérifier")
        await app.go("/")
        await app.see("Bonjour Noa")
        assert not any("à vérifier" in text for text in app.texts())


async def test_findings_without_billing_rights_read_no_purchases(serve: Serve) -> None:
    line = serve(FOYER)
    async with visit_remembered(line, "/verifier") as app:
        await app.see("titulaire")
        assert ledger_reads(line) == []
        assert "Rien à vérifier" not in " ".join(app.texts())


def repeated(count: int) -> Subscriber:
    """Return a subscriber who bought the same thing every minute."""
    purchases = tuple(
        bought(f"p-{n:03}", NOW.replace(hour=8, minute=n), "1.00", merchant_name="Éditeur")
        for n in range(count)
    )
    contract = Contract(
        contract_id="r-box", kind="internet", label="Box", masked_number="04 •• •• •• 11", purchases=purchases
    )
    return Subscriber(
        identifier="repete@demo.example",
        password=PASSWORD,
        display_name="Rémi",
        phone_number=None,
        contracts=(contract,),
    )


async def test_repeated_findings_of_a_publisher_are_grouped_and_can_be_muted(serve: Serve) -> None:
    async with visit_remembered(serve(repeated(4)), "/verifier") as app:
        await app.see("3 répétitions")
        await app.tap("Je reconnais, Éditeur", "Ne plus signaler les répétitions chez Éditeur")
        await app.see("Répétitions plus signalées", "Rien à vérifier")
