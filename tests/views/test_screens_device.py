"""Screen tests of keyboard, window size, language, theme and reconnection."""

from __future__ import annotations

import flet as ft
import pytest

from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, quiet, visit
from tests.views.visits import NARROW, WIDE, rows, visit_purchases, visit_remembered
from views.kit.theme import Layout, flet_theme, palette


async def test_arrow_keys_step_through_the_periods_and_stop_at_the_newest(line: Line) -> None:
    async with visit_remembered(line, "/achats") as app:
        await app.see("Sur votre facture de juin")
        await app.press("ArrowRight")
        assert app.route == "/achats"
        await app.press("ArrowLeft")
        await app.see("Facturé en mai")
        assert app.route == "/achats?periode=2026-05"
        await app.press("ArrowLeft")
        await app.see("Facturé en avril")
        await app.press("ArrowRight")
        await app.see("Facturé en mai")


async def test_alt_number_shortcuts_open_the_destinations(line: Line) -> None:
    async with visit_remembered(line, **WIDE) as app:
        await app.see("8 achats")
        await app.press("Alt+2")
        await app.see("Vos six dernières périodes")
        await app.press("Alt+1")
        await app.see("Bonjour Camille")
        await app.press("Alt+9")
        assert app.route == "/"


async def test_r_shortcut_refreshes_but_not_with_ctrl(line: Line) -> None:
    async with visit_purchases(line) as app:
        before = len(line.asked)
        await app.press("Ctrl+R")
        assert len(line.asked) == before
        await app.press("R")
        await app.until(lambda: len(line.asked) == before + 2, "nothing is read")


async def test_up_and_down_keys_select_purchases_in_wide_windows(line: Line) -> None:
    async with visit_remembered(line, "/achats?periode=2026-05", **WIDE) as app:
        await app.see("Référence, ")
        first = app.route
        await app.press("ArrowDown")
        await app.until(lambda: app.route.startswith("/achats/"), "nothing is selected")
        second = app.route
        assert second.endswith("?periode=2026-05")
        await app.until(lambda: "Chargement" not in " ".join(app.texts()), "still loading")
        await app.press("ArrowDown")
        await app.until(lambda: app.route != second, "it stays")
        await app.until(lambda: "Chargement" not in " ".join(app.texts()), "still loading")
        await app.press("ArrowUp")
        await app.until(lambda: app.route == second, "it does not go back")
        assert first != second


async def test_single_key_shortcuts_are_ignored_in_a_text_field(line: Line) -> None:
    async with visit(line) as app:
        await app.enter("Identifiant", "r")
        await app.press("R")
        await app.press("ArrowLeft")
        assert line.asked == []


async def test_shortcuts_work_after_a_sign_in_with_enter(line: Line) -> None:
    async with visit(line, route="/achats") as app:
        await app.enter("Identifiant", CAMILLE)
        await app.press("Enter")
        await app.see("Votre mot de passe")
        await app.enter("Mot de passe", PASSWORD)
        await app.press("Enter")
        await app.see("Sur votre facture de juin")
        await app.press("ArrowLeft")
        await app.see("Facturé en mai")


async def test_language_and_theme_change_without_reloading_the_list(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05") as app:
        count, asked = len(rows(app)), len(line.asked)
        await app.tap("Compte et réglages")
        await app.see("Apparence")
        settings = app.route
        await app.tap("English")
        await app.see("Appearance")
        assert app.route == settings
        assert app.page.locale_configuration is not None
        assert app.page.locale_configuration.current_locale == ft.Locale("en", "GB")
        await app.tap("Dark")
        await app.until(lambda: app.page.theme_mode is ft.ThemeMode.DARK, "still light")
        await app.see("Appearance")
        await app.go("/achats?periode=2026-05")
        await app.see("Invoiced in May")
        assert len(rows(app)) == count
        await app.set_locale("fr-FR")
        await app.see("Invoiced in May")
        again = [address for address in line.asked[asked:] if "periodId=2026-05" in address]
        assert [address for address in again if "perPage=25" in address] == []


async def test_language_follows_the_device_until_one_is_chosen(serve: Serve) -> None:
    async with visit(serve(CAMILLE), locale="en-US") as app:
        await app.see("Sign in")
        await app.set_locale("fr-FR")
        await app.see("Identifiez-vous")
        await app.set_locale("de-DE")
        await app.see("Identifiez-vous")
        await app.tap("English")
        await app.see("Sign in")
        await app.set_locale("fr-FR")
        await app.see("Sign in")


async def test_typed_text_survives_a_change_of_language_and_size(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.enter("Identifiant", "camille@")
        await app.tap("English")
        await app.see("Sign in")
        await app.resize(1280, 900)
        await app.see("Your internet+ purchases")
        assert app.controls(ft.TextField)[0].value == "camille@"


@pytest.mark.parametrize("route", ["/", "/conso/internet", "/achats?periode=2026-05"])
async def test_resizing_keeps_the_route_and_the_content(line: Line, route: str) -> None:
    async with visit_remembered(line, route) as app:
        await app.until(lambda: any("€" in text for text in app.texts()), "no figure")
        for width, height in ((1280, 900), (700, 900), (320, 600), (390, 844)):
            await app.resize(width, height)
            await app.until(lambda: any("€" in text for text in app.texts()), "no figure")
            assert app.route == route
            wide = width >= 600
            assert bool(app.controls(ft.NavigationRail)) is wide
            assert bool(app.controls(ft.BottomAppBar)) is not wide


async def test_purchase_pane_becomes_a_screen_when_the_window_narrows(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05", **WIDE) as app:
        await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1))
        await app.until(lambda: app.route.startswith("/achats/"), "nothing is selected")
        await app.see("Référence, ")
        await app.resize(390, 844)
        await app.see("Détail de l’achat")
        await app.tap("Retour")
        await app.see("Facturé en mai")
        await app.until(lambda: rows(app), "no purchases")


async def test_platform_brightness_change_updates_the_colors(serve: Serve) -> None:
    def background(app: Driver) -> str:
        return str(app.controls(ft.View)[0].bgcolor)

    async def turn(word: str) -> None:
        # The client of Flet 1.0.5 sends only the word.
        await app.send(app.page, "platform_brightness_change", word)

    async with visit(serve(CAMILLE)) as app:
        await app.see("Identifiez-vous")
        assert background(app) == palette(dark=False).bg_primary
        await turn("dark")
        await app.until(lambda: background(app) == palette(dark=True).bg_primary, "still light")
        await turn("light")
        await app.until(lambda: background(app) == palette(dark=False).bg_primary, "still dark")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_platform_in_high_contrast_gets_its_palette(serve: Serve, dark: bool) -> None:
    async with visit(serve(CAMILLE), high_contrast=True, dark=dark) as app:
        await app.see("Identifiez-vous")
        theme = app.page.dark_theme if dark else app.page.theme
        assert theme == flet_theme(palette(dark, contrast=True), Layout.S)
        assert palette(dark, contrast=True).content_muted in {text.color for text in app.controls(ft.Text)}


async def test_changes_made_while_disconnected_are_sent_after_reconnection(line: Line) -> None:
    async with visit_purchases(line, "/achats?periode=2026-05", web=True) as app:
        with line.holding("periodId=2026-03"):
            await app.tap("Facture de mars")
            await app.see("Facturé en mars")
            await app.disconnect()
        await quiet(app, line)
        assert not rows(app), "nothing is drawn without a client"
        await app.reconnect()
        await app.see("Contenu pour adultes")
        await app.press("ArrowRight")
        await app.see("Facturé en avril")


async def test_session_expired_while_disconnected_shows_the_sign_in_after_reconnection(
    line: Line, clock: Clock
) -> None:
    async with visit_purchases(line, web=True, **NARROW) as app:
        clock.advance(days=20)
        with line.holding("/oauth/token"):
            await app.tap("Actualiser")
            await app.disconnect()
        await quiet(app, line)
        await app.reconnect()
        await app.see("Votre session a expiré", "Identifiez-vous")
        await app.see_not("Achats internet+")
