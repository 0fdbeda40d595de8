"""Screen tests of open sheets: kept with their input at other window sizes, closed by navigation."""

from __future__ import annotations

import flet as ft
import pytest
from flet.controls.dialog_control import DialogControl

from services.sandbox import SandboxSettings
from tests.harness.cases import daily
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import Line, Serve, visit
from tests.views.factories import subscribed
from tests.views.visits import NARROW, WIDE, Screen, rows, visit_remembered

CAMILLE, VEILLE = "camille@demo.example", "veille@demo.example"
COMMENT = "Précisez si vous le souhaitez"
SIZES = (
    *((844, 390), (320, 568), (359, 640), (360, 640), (599, 800), (600, 800), (839, 600), (840, 600)),
    *((1199, 800), (1200, 800), (320, 256), (1280, 900)),
)
"""A rotation, then windows on both sides of every breakpoint."""
SCREENS = pytest.mark.parametrize(
    "screen", [NARROW, pytest.param(WIDE, marks=pytest.mark.nightly)], ids=["narrow", "wide"]
)


def headed(app: Driver, title: str) -> bool:
    """Return whether a sheet has that title; any space stands for any other."""
    return title in [" ".join(words.split()) for level, words in app.headings() if level == 2]


def opened(app: Driver) -> list[int]:
    """Return the ids of the dialogs on the screen."""
    return [one._i for one in app.controls(DialogControl)]


async def see_it_stay(app: Driver, title: str) -> None:
    """Assert that the sheet on the screen stays the very same one at every size."""
    await app.until(lambda: headed(app, title), f"no sheet headed {title!r}")
    (sheet,) = opened(app)
    for width, height in SIZES:
        await app.resize(width, height)
        await app.until(lambda: app.waits, "still drawing")
        assert opened(app) == [sheet], f"at {width}x{height}"
        assert headed(app, title)


async def report_first_purchase(app: Driver) -> None:
    """Open the form over a purchase."""
    await app.until(lambda: rows(app), "no purchases")
    await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1), "Signaler un problème")
    await app.see(COMMENT)


SHEETS = [
    ("/achats", "Comment la période est calculée", "Votre période de facturation"),
    ("/achats", "Exporter la période (CSV)", "Exporter vos achats"),
    ("/achats", "Démonstration : données fictives", "Démonstration : données fictives"),
    ("/reglages", "Se déconnecter", "Se déconnecter ?"),
    ("/reglages", "Se déconnecter partout", "Se déconnecter partout ?"),
    ("/reglages", "Oublier cet appareil", "Oublier cet appareil ?"),
    ("/reglages", "Copier le rapport de diagnostic", "Rapport de diagnostic"),
    ("/gerer", "Résilier Club Cubéo", "Résilier Club Cubéo ?"),
    ("/gerer/abonnements/weekly", "Résilier l’abonnement", "Résilier Club Cubéo ?"),
    ("/gerer", "service", "Désactiver le service internet+ ?"),
    ("/gerer", "Mon plafond : aucun · Modifier", "Mon plafond"),
    ("/achats", "period-link", "Votre facture de juin"),
]


@SCREENS
@pytest.mark.parametrize(
    ("route", "button", "title"),
    daily(
        SHEETS,
        ("/achats", "Exporter la période (CSV)", "Exporter vos achats"),
        ("/reglages", "Se déconnecter", "Se déconnecter ?"),
        ("/gerer", "Résilier Club Cubéo", "Résilier Club Cubéo ?"),
    ),
)
async def test_sheet_at_other_window_sizes_stays_open(
    serve: Serve, screen: Screen, route: str, button: str, title: str
) -> None:
    async with visit_remembered(serve(subscribed()), route, **screen) as app:
        await app.tap(button)
        await see_it_stay(app, title)
        await app.press("Escape")
        await app.until(lambda: not opened(app), "the sheet does not close")


@pytest.mark.parametrize(
    ("screen", "setting", "still"),
    [(NARROW, False, False), (NARROW, True, True), (WIDE | {"reduce_motion": True}, False, True)],
    ids=["moving", "narrow, by the setting", "wide, by the system"],
)
async def test_sheet_moves_unless_motion_is_reduced(
    serve: Serve, screen: Screen, setting: bool, still: bool
) -> None:
    async with visit_remembered(serve(subscribed()), "/reglages", **screen) as app:
        if setting:
            await app.tap("Réduire les animations")
        await app.tap("Se déconnecter")
        await app.until(lambda: headed(app, "Se déconnecter ?"), "no sheet")
        (sheet,) = app.controls(ft.BottomSheet)
        at_once = ft.AnimationStyle(duration=ft.Duration(), reverse_duration=ft.Duration())
        assert sheet.animation_style == (at_once if still else None)


async def test_shortcuts_at_other_window_sizes_stay_open(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("Bonjour")
        await app.press("?")
        await see_it_stay(app, "Raccourcis clavier")


async def test_forgotten_password_at_other_window_sizes_stays_open(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer", "Mot de passe oublié ?")
        await see_it_stay(app, "Mot de passe oublié ?")


@SCREENS
async def test_report_at_other_window_sizes_keeps_what_was_typed(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/achats?periode=2026-05", **screen) as app:
        await report_first_purchase(app)
        await app.enter(COMMENT, "Jamais reçu")
        await see_it_stay(app, "Signaler un problème")
        assert [one.value for one in app.controls(ft.TextField)] == ["Jamais reçu"]


async def test_password_asked_in_a_sheet_at_other_window_sizes_is_kept(serve: Serve, clock: Clock) -> None:
    async with visit_remembered(
        serve(subscribed(), settings=SandboxSettings(scrypt_log2_cost=4)), "/gerer"
    ) as app:
        await app.see("Club Cubéo")
        clock.advance(hours=1)
        await app.tap("Résilier Club Cubéo", "Résilier l’abonnement")
        await app.enter("Mot de passe", "Soleil-2")
        await see_it_stay(app, "Résilier Club Cubéo ?")
        assert [one.value for one in app.controls(ft.TextField)] == ["Soleil-2"]


@SCREENS
async def test_sheet_closes_when_another_screen_comes(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/achats?periode=2026-05", **screen) as app:
        await report_first_purchase(app)
        await app.go("/gerer")
        await app.see("Gérer internet+")
        await app.until(lambda: not opened(app), "the form stays")


async def test_sheet_closes_when_the_session_ends(line: Line, clock: Clock) -> None:
    async with visit_remembered(line, "/reglages") as app:
        await app.tap("Se déconnecter")
        await app.see("Se déconnecter ?")
        clock.advance(days=400)
        await app.press("R")
        await app.see("Identifiez-vous")
        await app.until(lambda: not opened(app), "the sheet stays")


@SCREENS
@pytest.mark.parametrize(
    ("button", "title"),
    [
        ("Lire les textes et leurs sources", "Ce que dit la loi"),
        ("Supprimer la contestation", "Supprimer la contestation"),
    ],
)
async def test_sheet_of_a_contest_at_other_window_sizes_stays_open(
    serve: Serve, screen: Screen, button: str, title: str
) -> None:
    async with visit_remembered(serve(VEILLE), "/gerer", **screen) as app:
        await app.tap("Ciné Lanterne · 4,99\u00a0€", button)
        await see_it_stay(app, title)
