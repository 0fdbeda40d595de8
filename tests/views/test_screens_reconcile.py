"""Screen tests of the comparison with a printed bill, by accessible names."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import flet as ft
import pytest

from services.sandbox import Subscriber
from services.sandbox.data_file import Contract
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.harness.entries import bought
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, choose_contract, quiet
from tests.views.factories import ABONNE, subscribed
from tests.views.visits import NARROW, SIZES, Screen, visit_remembered

SAID: dict[str, dict[str, str]] = {
    "fr-FR": {
        "link": "Comparer à ma facture",
        "issued": "Facture n° F2605-",
        "gap": "Écart de 2,99 €",
        "several": "Plusieurs explications sont possibles.",
        "told": "Ce que votre opérateur a porté sur une autre facture",
        "line": "2,99 € · Fiche Potager",
        "clocks": "Facture et mois civil",
        "show": "Voir les",
        "hide": "Masquer ces achats",
    },
    "en-GB": {
        "link": "Compare with my invoice",
        "issued": "Invoice no. F2605-",
        "gap": "Difference of €2.99",
        "several": "Several explanations are possible.",
        "told": "What your operator put on another invoice",
        "line": "€2.99 · Fiche Potager",
        "clocks": "Invoice and calendar month",
        "show": "See the",
        "hide": "Hide these purchases",
    },
}


@pytest.mark.parametrize("locale", daily(SAID, "fr-FR"))
@SIZES
async def test_bill_told_by_the_backend_is_explained_without_typing(
    serve: Serve, locale: str, screen: Screen
) -> None:
    said, line = SAID[locale], serve(CAMILLE)
    route = "/achats?periode=2026-05"
    async with visit_remembered(line, route, locale=locale, **screen) as app:
        await app.tap(said["link"])
        assert app.route == "/rapprochement?periode=2026-05"
        for key in ("issued", "gap", "several", "told", "line", "clocks"):
            await app.see(said[key])
        assert all(app.names())
        await app.tap(said["show"])
        await app.see(said["hide"])


async def test_purchase_that_another_bill_bears_says_which(line: Line) -> None:
    route = "/rapprochement?periode=2026-05"
    async with visit_remembered(line, route) as app:
        await app.tap("2,99 € · Fiche Potager · 19 mars")
        await app.see("Facturé en mai", "Facture, Mai 2026", "Période, du 26 février au 25 mars")


async def test_open_period_has_no_bill_to_compare_with(line: Line) -> None:
    async with visit_remembered(line, "/achats", **NARROW) as app:
        await app.see("Facture de juin : probablement")
        await app.see_not("Comparer à ma facture")
        await app.go("/rapprochement?periode=2026-06")
        await app.see("La facture de juin n’existe pas encore")
        await app.go("/rapprochement?periode=2020-01")
        await app.see("Cette période n’est plus affichée")
        await app.go("/rapprochement")
        await app.see("Facture de mai")


async def test_typed_amount_is_compared_and_kept_for_the_next_visit(serve: Serve) -> None:
    line = serve(subscribed())
    field = "Montant internet+ sur votre facture de mai"
    route = "/rapprochement?periode=2026-05"
    async with visit_remembered(line, route) as app:
        await app.enter(field, "douze")
        await app.tap("Comparer")
        await app.see("Indiquez un montant, par exemple 12,40.")
        await app.enter(field, "999,01")
        await app.tap("Comparer")
        await app.see("Aucune combinaison de vos achats ne l’explique.")
        known = "11,96 €"
        await app.enter(field, known)
        await app.submit(field)
        await app.see(f"Identique : {known}")
        await quiet(app, line)
    async with visit_remembered(line, route) as app:
        await app.see(f"Identique : {known}")


AT = datetime(2026, 4, 25, 10, tzinfo=ZoneInfo("Europe/Paris"))


async def test_many_explanations_are_left_to_tick_with_the_rest_counted_down(serve: Serve) -> None:
    amounts = ("1.00", "2.00", "3.00", "4.00", "5.00", "0.50", "1.50", "2.50")
    purchases = tuple(
        bought(f"p{number}", AT, amount, merchant_name=f"Boutique {number}")
        for number, amount in enumerate(amounts)
    )
    box = Contract(
        contract_id="box", kind="internet", label="Box", masked_number="04 •• •• •• 12", purchases=purchases
    )
    person = Subscriber(identifier=ABONNE, password=PASSWORD, display_name="Alex", contracts=(box,))
    field = "Montant internet+ sur votre facture de mai"
    async with visit_remembered(serve(person), "/rapprochement?periode=2026-05", **NARROW) as app:
        await app.enter(field, "14,50")
        await app.tap("Comparer")
        await app.see("Plusieurs explications sont possibles.", "Reste à expliquer : −5,00 €")
        await app.tap("2,00 € · Boutique 1")
        await app.see("Reste à expliquer : −3,00 €")
        await app.tap("3,00 € · Boutique 2")
        await app.see("L’écart est entièrement expliqué.")
        await app.tap("2,00 € · Boutique 1")
        await app.see("Reste à expliquer : −2,00 €")
        assert len(app.controls(ft.Checkbox)) == len(amounts)


async def test_contract_that_cannot_be_read_is_told_and_tried_again(line: Line) -> None:
    route = "/rapprochement?periode=2026-05"
    line.broken = "camille-mobile-1/billing-periods"
    async with visit_remembered(line, route) as app:
        await app.see("Vos autres contrats n’ont pas pu être comparés")
        await app.see("Ce que votre opérateur a porté sur une autre facture")
        line.broken = None
        await app.tap("Réessayer")
        await app.see_not("Vos autres contrats n’ont pas pu être comparés")


async def test_bill_of_another_contract_is_named(line: Line) -> None:
    field = "Montant internet+ sur votre facture de mars"
    async with visit_remembered(line, "/achats?periode=2026-03") as app:
        await choose_contract(app, "Mobile · 06 •• •• •• 12")
        await app.see("Comparer à ma facture")
        await app.until(lambda: totals(app), "no total")
        mobile = totals(app)[0]
        await choose_contract(app, "Internet · 04 •• •• •• 12")
        await app.go("/rapprochement?periode=2026-03")
        await app.enter(field, mobile)
        await app.tap("Comparer")
        await app.see("Votre autre contrat : Forfait mobile 40 Go")


def totals(app: Driver) -> list[str]:
    """Return the amounts in the largest type."""
    size = max((one.style.size or 0 for one in app.controls(ft.Text) if one.style), default=0)
    large = [one for one in app.controls(ft.Text) if one.style and one.style.size == size]
    return [one.value for one in large if "€" in one.value]
