"""Addresses: deep links, unknown addresses, and back and forward, before and after the sign-in."""

from __future__ import annotations

import pytest

from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, PASSWORD, Line, remembered, visit
from tests.views.visits import NARROW, SIZES, WIDE, Screen, rows, visit_purchases, visit_remembered


async def sign_in(app: Driver, identifier: str = CAMILLE) -> None:
    await app.enter("Identifiant", identifier)
    await app.tap("Continuer")
    await app.enter("Mot de passe", PASSWORD)
    await app.tap("Se connecter")


@SIZES
async def test_address_is_kept_when_the_session_expires(line: Line, clock: Clock, screen: Screen) -> None:
    async with visit_remembered(line, "/achats?periode=2026-04", **screen) as app:
        await app.see("Facturé en avril")
        clock.advance(days=20)
        await app.tap("Actualiser")
        await app.see("Votre session a expiré", "Identifiez-vous de nouveau pour continuer.")
        clock.advance(days=-20)
        if "Utiliser un autre compte" in " ".join(app.names()):
            await app.tap("Continuer avec")
            await app.enter("Mot de passe", PASSWORD)
            await app.tap("Se connecter")
        else:
            await sign_in(app)
        await app.see("Facturé en avril")
        assert app.route == "/achats?periode=2026-04"
        await app.until(lambda: rows(app), "no purchases")
        await app.see_not("Votre session a expiré")


@SIZES
async def test_address_of_an_old_period_explains_and_leads_to_the_current_one(
    line: Line, screen: Screen
) -> None:
    async with visit_remembered(line, "/achats?periode=2019-03", **screen) as app:
        await app.see("Les achats plus anciens figurent sur vos factures.")
        assert not rows(app)
        await app.see_not("0,00")
        await app.tap("Période en cours")
        await app.see("Sur votre facture de juin")
        await app.until(lambda: rows(app), "no purchases")


async def test_address_with_an_invalid_period_shows_the_current_one(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    for query in ("periode=", "periode=juin", "periode=2026-13", "periode=../x", "periode=%00", "&&="):
        async with visit(line, store, route=f"/achats?{query}") as app:
            await app.see("Sur votre facture de juin")
            await app.until(lambda: rows(app), "no purchases")


@SIZES
async def test_unknown_address_leads_back_to_the_home_screen(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, **screen) as app:
        for route in ("/nowhere", "/achats/a/b/c", "/conso", "/%2e%2e/x"):
            await app.see("Bonjour Camille")
            await app.go(route)
            await app.see("Page introuvable")
            await app.tap("Revenir à l’accueil")
        await app.see("Bonjour Camille")
        assert app.route == "/"


@SIZES
@pytest.mark.parametrize("query", ["", "?periode=2026-04"])
async def test_address_of_an_unknown_purchase_leads_back_to_the_list(
    line: Line, screen: Screen, query: str
) -> None:
    async with visit_remembered(line, f"/achats/p-nowhere{query}", **screen) as app:
        await app.see("Cet achat n’est plus disponible.")
        if screen is WIDE:
            await app.until(lambda: rows(app), "no list beside it")
        await app.tap("Revenir aux achats")
        await app.until(lambda: rows(app), "no purchases")
        await app.see_not("Cet achat n’est plus disponible.")


@SIZES
async def test_purchase_opened_by_its_address_leads_back_to_its_period(
    long_line: Line, screen: Screen
) -> None:
    async with visit_remembered(long_line, "/achats/long-0150", **screen) as app:
        await app.see("IP-000150")
        if screen is NARROW:
            await app.until(lambda: ("2026-05", "1") in asked(long_line.asked), "the list below is not read")
            await app.tap("Retour")
            await app.see("Facturé en mai")
            assert app.route == "/achats?periode=2026-05"
        await app.see("Facturé en mai")
        await app.until(lambda: rows(app), "no purchases")


def asked(addresses: list[str]) -> list[tuple[str, str]]:
    lists = [dict(pair.split("=") for pair in a.partition("?")[2].split("&")) for a in addresses if "?" in a]
    return [(params["periodId"], params["page"]) for params in lists]


async def test_system_back_from_a_purchase_leads_to_its_period(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-04") as app:
        april = rows(app)
        await app.tap(next(name for name in april if april.count(name) == 1))
        await app.see("Référence, ")
        await app.back()
        await app.see("Facturé en avril")
        assert app.route == "/achats?periode=2026-04"
        assert rows(app) == april
