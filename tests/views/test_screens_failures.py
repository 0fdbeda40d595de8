"""Screen tests of outages, refusals and empty data: an explanation and an action, never a zero."""

from __future__ import annotations

import asyncio

import pytest

from services.domain.errors import BackendError
from tests.harness.clock import Clock
from tests.views.conftest import CAMILLE, NOW, PASSWORD, Line, Serve, quiet, remembered, visit
from tests.views.visits import SIZES, WIDE, Screen, rows, visit_purchases, visit_remembered
from views.usage import one_off_services

SCREENS = pytest.mark.parametrize(
    ("route", "text"),
    [
        ("/", "8 achats depuis"),
        ("/conso/internet", "Vos six dernières périodes"),
        ("/achats?periode=2026-05", "Facturé en mai"),
        ("/gerer", "Vos abonnements"),
        ("/verifier", "Je reconnais"),
    ],
    ids=["home", "usage", "purchases", "manage", "check"],
)


@SCREENS
async def test_screen_offline_from_the_start_shows_the_error_and_recovers_by_retry(
    line: Line, route: str, text: str
) -> None:
    store = await remembered(line, CAMILLE)
    line.down = True
    async with visit(line, store, route=route) as app:
        await app.see("Connexion impossible", "Vérifiez votre réseau, puis réessayez.")
        await app.see_not("0,00")
        await quiet(app, line)  # otherwise a late failure would overwrite the retry
        line.down = False
        await app.tap("Réessayer")
        await app.see(text)
        await app.see_not("Connexion impossible")


@SCREENS
@SIZES
async def test_screen_offline_after_a_load_keeps_its_data_and_age(
    line: Line, clock: Clock, route: str, text: str, screen: Screen
) -> None:
    async with visit_remembered(line, route, **screen) as app:
        await app.see(text)
        if "achats" in route:
            await app.until(lambda: rows(app), "no purchases")
            if screen is WIDE:
                await app.until(lambda: any("/purchases/" in a for a in line.asked), "no purchase beside it")
        await quiet(app, line)
        before = rows(app)
        line.down = True
        clock.advance(minutes=10)
        await app.press("R")
        await app.see("Hors ligne", "Données du 14 mai à 12:00", text)
        assert rows(app) == before
        await quiet(app, line)
        line.down = False
        if route == "/gerer":  # the screen has a button for each of its failed parts
            await app.press("R")
        else:
            await app.tap("Réessayer")
        await app.see_not("Hors ligne")
        await app.see(text)


async def test_purchase_screen_offline_without_data_shows_the_error(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    async with visit(line, store, route="/") as app:
        await app.see("8 achats")
        line.down = True
        await app.go("/achats/p-unknown")
        await app.see("Connexion impossible")
        line.down = False
        await app.tap("Réessayer")
        await app.see("Cet achat n’est plus disponible.")


async def test_sign_in_offline_shows_the_error_and_keeps_the_password(line: Line) -> None:
    line.down = True
    async with visit(line) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer")
        await app.see("Connexion impossible")
        line.down = False
        await app.tap("Continuer")
        await app.enter("Mot de passe", PASSWORD)
        line.down = True
        await app.tap("Se connecter")
        await app.see("Connexion impossible")
        assert "••••" in app.texts()
        line.down = False
        await app.tap("Se connecter")
        await app.see("Bonjour Camille")


async def test_server_error_is_not_shown_as_offline(line: Line) -> None:
    async with visit_purchases(line) as app:
        line.broken = "/v1/contracts"
        await app.tap("Actualiser")
        await app.see("Service momentanément indisponible", "Données du 14 mai à 12:00")
        await app.see_not("Hors ligne")


async def test_failed_list_leaves_the_periods_selectable(line: Line) -> None:
    line.broken = "periodId=2026-03"
    async with visit_remembered(line, "/achats?periode=2026-03") as app:
        await app.see("Impossible d’afficher vos achats", "Facturé en mars")
        await app.tap("Facture de mai")
        await app.until(lambda: rows(app), "no purchases")
        await app.see_not("Impossible")


async def test_screen_while_loading_shows_no_amount(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    for route in ("/", "/conso/internet", "/achats"):
        with line.holding("/v1/"):
            async with visit(line, store, route=route) as app:
                await app.see("Chargement")
                assert not any("€" in text for text in app.texts())


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        ("/", "Aucun achat internet+ depuis le 26 avril."),
        ("/conso/internet", "Aucun service ponctuel sur la période en cours."),
    ],
)
async def test_card_without_purchases_is_hidden_with_a_reason(serve: Serve, route: str, reason: str) -> None:
    async with visit_remembered(serve("sans-achat@demo.example"), route) as app:
        await app.see(reason)
        await app.see_not("Services ponctuels", "Voir le détail")
        await app.tap("Voir les périodes précédentes")
        await app.see("Facturé en mai")
        assert app.route == "/achats?periode=2026-05"
        await app.until(lambda: rows(app), "no purchases")


@SIZES
async def test_empty_period_leads_to_the_previous_one(serve: Serve, screen: Screen) -> None:
    async with visit_remembered(serve("sans-achat@demo.example"), "/achats", **screen) as app:
        await app.see("Aucun achat sur cette période")
        await app.tap("Voir la période précédente")
        await app.see("Facturé en mai")
        await app.until(lambda: rows(app), "no purchases")


async def test_denied_purchase_is_listed_but_not_counted(serve: Serve) -> None:
    async with visit_remembered(serve("plafond@demo.example"), "/achats") as app:
        await app.see("15 achats")
        await app.until(lambda: rows(app), "no purchases")
        await app.scroll(16, extent=2000)
        await app.until(lambda: len(rows(app)) > 15, "the rest does not come")
        denied = [name for name in rows(app) if "Refusé" in name]
        assert len(denied) == 1
        assert len(rows(app)) == 16
        await app.tap(denied[0])
        await app.see("Refusé")
        await app.see_not("À facturer")


async def test_adult_purchase_is_not_named_in_the_list(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-03") as app:
        adult = [name for name in rows(app) if "Contenu pour adultes" in name]
        assert len(adult) == 1
        backend = line.backend(await remembered(line, CAMILLE))
        await backend.resume()
        listed = await backend.purchases("camille-box", "2026-03", per_page=100)
        hidden = next(p for p in listed.value.items if p.purchase_category_code.value == "adult")
        shown = " ".join(app.texts())
        assert hidden.merchant_name not in shown
        assert hidden.description not in shown
        await app.tap(adult[0])
        await app.see("Référence, ")


async def test_component_that_raises_shows_an_error_and_the_app_continues(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await remembered(line, CAMILLE)

    def broken(*_: object) -> int:
        raise ZeroDivisionError

    async with visit(line, store, route="/achats") as app:
        await app.until(lambda: rows(app), "no purchases")
        monkeypatch.setattr("views.home.screen.one_off_services", broken)
        await app.go("/")
        await app.fails(ZeroDivisionError)
        while app._errors or line.under_way or not app.waits:  # one error per render
            app._errors.clear()
            await asyncio.sleep(0.01)
        await app.see("Cette partie de l’écran n’a pas pu s’afficher.")
        monkeypatch.setattr("views.home.screen.one_off_services", one_off_services.one_off_services)
        await app.go("/conso/internet")
        await app.see("Vos six dernières périodes")
        await app.go("/")
        await app.see("8 achats")
        await app.see_not("n’a pas pu s’afficher")


async def test_error_screen_shows_no_technical_details(line: Line) -> None:
    assert BackendError("secret").args == ("secret",)
    store = await remembered(line, CAMILLE)
    line.broken = "/v1/"
    async with visit(line, store) as app:
        await app.see("Service momentanément indisponible")
        shown = " ".join(app.texts())
        assert "status 500" not in shown
        assert "/v1/" not in shown
        assert str(NOW) not in shown
