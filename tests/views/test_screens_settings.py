"""Screen tests of the settings: immediate effect, persistence, sign-out."""

from __future__ import annotations

import json
from typing import Any

import flet as ft
import pytest

from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, Line, Serve, choose_contract, quiet, remembered, sign_in, visit
from tests.views.factories import ABONNE, subscribed
from tests.views.visits import SIZES, WIDE, Screen, visit_remembered
from views.core.preferences import TEXT_SIZES


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


def kept(device: dict[str, Any]) -> dict[str, Any]:
    preferences: dict[str, Any] = json.loads(device["preferences"])
    return preferences


def sizes(app: Driver) -> set[float]:
    """Return the text sizes on screen."""
    return {
        one.style.size
        for one in app.controls(ft.Text)
        if isinstance(one.style, ft.TextStyle) and one.style.size is not None
    }


@SIZES
async def test_settings_screen_shows_the_account_masked_and_all_choices(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/reglages", **screen) as app:
        await app.see("Ada Blanchet", "@demo.example")
        await app.see_not(ABONNE)
        assert [words for level, words in app.headings() if level == 2] == [
            "Affichage",
            "Données sur cet appareil",
            "Connexion",
            "À propos",
        ]
        await app.see("Système", "Clair", "Sombre", "Français", "English", "100 %", "200 %")
        assert all(app.names())


@SIZES
async def test_account_button_opens_the_settings_and_back_leads_home(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/gerer", **screen) as app:
        await app.see("Vos abonnements")
        await app.tap("Compte et réglages")
        await app.see("Affichage")
        assert app.route == "/reglages"
        await app.tap("Retour")
        await app.see("Bonjour Ada")


async def test_settings_apply_immediately_on_the_same_screen(line: Line) -> None:
    async with visit_remembered(line, "/reglages") as app:
        await app.tap("English")
        await app.see("Appearance")
        await app.tap("Dark")
        await app.until(lambda: app.page.theme_mode is ft.ThemeMode.DARK, "still light")
        await app.tap("Reduce animations")
        await app.until(lambda: app.controls(ft.Switch)[0].value, "still moving")
        before = max(sizes(app))
        await app.tap("200 %" if "200 %" in "".join(app.names()) else "200%")
        await app.until(lambda: max(sizes(app)) > before, "the text does not grow")
        assert app.route == "/reglages"
        assert len(app.chosen()) == 3, app.chosen()


async def test_settings_are_restored_in_the_next_session(line: Line) -> None:
    device: dict[str, Any] = {}
    async with visit_remembered(line, "/reglages", preferences=device) as app:
        await app.tap("Sombre", "Réduire les animations", "150 %", "English")
        await app.see("Appearance")
        await quiet(app, line)
    assert kept(device)["language"] == "en"
    assert kept(device)["theme"] == "dark"
    assert kept(device)["text_size"] == 1.5
    assert kept(device)["less_motion"] is True
    async with visit_remembered(line, "/reglages", preferences=device) as app:
        await app.see("Appearance")
        assert app.page.theme_mode is ft.ThemeMode.DARK
        assert app.controls(ft.Switch)[0].value
        assert "settings.text_size-1.5" in app.chosen()


@pytest.mark.parametrize(
    ("route", "last"),
    [
        ("/", "3 abonnements, 26,94 €"),
        ("/gerer", "Résilié le 6 avril 2026"),
        ("/gerer/abonnements/weekly", "1er décembre 2025 à 06:15"),
        ("/reglages", "Construit avec"),
    ],
)
async def test_largest_text_size_doubles_texts_and_keeps_all_names(line: Line, route: str, last: str) -> None:
    drawn = []
    for size in (TEXT_SIZES[0], TEXT_SIZES[-1]):
        device = {"preferences": json.dumps({"text_size": size})}
        store = await remembered(line, ABONNE)
        async with visit(line, store, route=route, preferences=device) as app:
            await app.see(last)
            await quiet(app, line)
            drawn.append((max(sizes(app)), app.names()))
    (smaller, names), (larger, same) = drawn
    assert larger == pytest.approx(2 * smaller, rel=0.2)
    assert names == same, "nothing is lost"


async def test_sign_out_clears_the_session_and_keeps_the_preferences(line: Line) -> None:
    device: dict[str, Any] = {}
    store = await remembered(line, ABONNE)
    async with visit(line, store, route="/reglages", preferences=device) as app:
        await app.tap("Sombre", "Se déconnecter")
        await app.see("Vous devrez saisir votre mot de passe la prochaine fois.")
        await app.tap("Annuler")
        await app.see_not("Se déconnecter ?")
        assert await store.load() is not None
        await app.tap("Se déconnecter")
        await app.see("Se déconnecter ?")
        await app.tap("Se déconnecter")
        await app.see("Identifiez-vous")
        await quiet(app, line)
    assert await store.load() is None
    assert kept(device) == {"theme": "dark"}


async def test_sign_out_everywhere_ends_other_sessions_at_their_next_request(line: Line) -> None:
    here, there = await remembered(line, ABONNE), await remembered(line, ABONNE)
    async with visit(line, there, route="/gerer") as other:
        await other.see("Club Cubéo")
        await quiet(other, line)
        async with visit(line, here, route="/reglages") as app:
            await app.tap("Se déconnecter partout")
            await app.see("Tous vos appareils devront saisir le mot de passe la prochaine fois.")
            await app.tap("Se déconnecter partout")
            await app.see("Identifiez-vous")
        await other.see("Club Cubéo")
        await other.tap("Actualiser")
        await other.see("Votre session a expiré", "Identifiez-vous")
        await other.see_not("Club Cubéo")
    assert await here.load() is None
    assert await there.load() is None


async def test_sign_out_everywhere_offline_shows_the_error_and_can_be_retried(line: Line) -> None:
    store = await remembered(line, ABONNE)
    async with visit(line, store, route="/reglages") as app:
        await app.see("Ada Blanchet")
        await quiet(app, line)
        line.down = True
        await app.tap("Se déconnecter partout")
        await app.see("Tous vos appareils devront saisir")
        await app.tap("Se déconnecter partout")
        await app.see("Connexion impossible")
        await app.see_not("Tous vos appareils devront saisir")
        await app.see("Ada Blanchet")
        line.down = False
        await app.tap("Réessayer")
        await app.see("Identifiez-vous")
    assert await store.load() is None


async def test_forgetting_the_device_clears_session_and_preferences(line: Line) -> None:
    device: dict[str, Any] = {}
    store = await remembered(line, ABONNE)
    async with visit(line, store, route="/reglages", preferences=device) as app:
        await app.tap("Sombre", "English", "Forget this device")
        await app.see("The identifier, session, data and preferences stored here will be erased.")
        await app.see("Your account is not deleted.")
        await app.tap("Forget this device")
        await app.see("Identifiez-vous")
        assert app.page.theme_mode is ft.ThemeMode.LIGHT
        await quiet(app, line)
    assert await store.load() is None
    assert kept(device) == {}
    backend = line.backend()
    await sign_in(backend, ABONNE)
    assert (await backend.account()).value.display_name == "Ada Blanchet"


async def test_chosen_contract_is_not_used_for_another_subscriber(serve: Serve) -> None:
    line = serve(subscribed(), "camille@demo.example")
    device: dict[str, Any] = {}
    async with visit_remembered(line, "/gerer", preferences=device) as app:
        await choose_contract(app, "Mobile · 06 •• •• •• 84")
        await app.see("Carillon Mobile")
        await quiet(app, line)
    assert kept(device) == {"contract_id": "abonne-mobile"}
    camille = await remembered(line, "camille@demo.example")
    async with visit(line, camille, route="/gerer", preferences=device) as app:
        await app.see("Gazette des Deux Rives")
        await app.see_not("Carillon Mobile")


async def test_settings_select_no_destination_of_the_rail(serve: Serve) -> None:
    async with visit_remembered(serve(CAMILLE), "/reglages", **WIDE) as app:
        await app.see("Réduire les animations")
        assert [rail.selected_index for rail in app.controls(ft.NavigationRail)] == [None]
        await app.tap("Accueil")
        await app.see("Bonjour Camille")
        assert app.controls(ft.NavigationRail)[0].selected_index == 0
