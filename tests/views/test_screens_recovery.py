"""Screen tests of recovery, lost answers, step-up, outdated apps and the background cover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from services.client.credentials import MemoryStore
from services.settings import Runtime, Settings
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.harness.patience import stretched
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, quiet, remembered, visit
from tests.views.factories import ABONNE, WEEKLY, subscribed
from tests.views.test_screens_lists import scroll_to
from tests.views.visits import SIZES, rows, visit_purchases, visit_remembered
from views.app import open_app
from views.purchases.state import PER_PAGE

HIDE, PAUSE, INACTIVE, RESUME = (
    ft.AppLifecycleState.HIDE,
    ft.AppLifecycleState.PAUSE,
    ft.AppLifecycleState.INACTIVE,
    ft.AppLifecycleState.RESUME,
)


class Pauses:
    """Fake sleep between two attempts, ended by the test."""

    def __init__(self) -> None:
        self.under_way: list[asyncio.Event] = []

    async def __call__(self, _seconds: float) -> None:
        up = asyncio.Event()
        self.under_way.append(up)
        try:
            await up.wait()
        finally:
            self.under_way.remove(up)

    def end(self) -> None:
        for up in self.under_way:
            up.set()

    async def pass_by(self, app: Driver) -> None:
        """Wait for the next pause and end it."""
        await app.until(lambda: self.under_way, "nothing is to be tried again")
        self.end()


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@asynccontextmanager
async def drawn(line: Line, pauses: Pauses, route: str = "/gerer", **screen: Any) -> AsyncIterator[Driver]:
    """Open a screen of the subscriber and wait until all of it is drawn."""
    async with visit_remembered(line, route, sleep=pauses, **screen) as app:
        await app.see("Club Cubéo")
        await quiet(app, line)
        yield app


@asynccontextmanager
async def asked_for_the_password(
    line: Line, clock: Clock, pauses: Pauses, **screen: Any
) -> AsyncIterator[Driver]:
    """End a subscription so late after the sign-in that the password is asked for."""
    async with drawn(line, pauses, **screen) as app:
        clock.advance(minutes=11)
        await app.tap("Résilier Club Cubéo", "Résilier l’abonnement")
        await app.see("Confirmez que c’est bien vous")
        yield app


def dialogs(app: Driver) -> list[ft.AlertDialog]:
    return app.controls(ft.AlertDialog)


# Recovery of the network


@pytest.mark.parametrize(
    ("route", "text"),
    [
        ("/", "8 achats depuis"),
        ("/conso/internet", "Vos six dernières périodes"),
        ("/achats", "Sur votre facture de juin"),
        ("/achats?periode=2026-05", "Facturé en mai"),
        ("/gerer", "Vos abonnements"),
        ("/gerer/abonnements/camille-box-subscription-1", "Paiements de vos six périodes"),
        ("/reglages", "Camille Martin"),
    ],
)
async def test_screen_offline_from_the_start_recovers_automatically(
    serve: Serve, pauses: Pauses, route: str, text: str
) -> None:
    line = serve(CAMILLE)
    store = await remembered(line, CAMILLE)
    line.down = True
    async with visit(line, store, route=route, sleep=pauses) as app:
        await app.until(lambda: pauses.under_way, "nothing is to be tried again")
        line.down = False
        pauses.end()
        await app.see("Connexion rétablie", text)
        await app.see_not("Connexion impossible")
        assert "Réessayer" not in app.names()


async def test_stale_list_is_reloaded_automatically(serve: Serve, pauses: Pauses) -> None:
    line = serve(CAMILLE)
    async with visit_purchases(line, sleep=pauses) as app:
        line.down = True
        await app.press("R")
        await app.see("Hors ligne")
        line.down = False
        await pauses.pass_by(app)
        await app.see("Connexion rétablie")
        await app.see_not("Hors ligne")


async def test_failed_next_page_is_reloaded_automatically(long_line: Line, pauses: Pauses) -> None:
    long_line.broken = "page=2"
    async with visit_purchases(long_line, sleep=pauses) as app:
        await scroll_to(app, long_line, 900)
        await app.see("Impossible d’afficher vos achats")
        await quiet(app, long_line)
        read = len(long_line.asked)
        long_line.broken = None
        await pauses.pass_by(app)
        await app.until(lambda: len(rows(app)) >= 2 * PER_PAGE, "the second page does not come")
        await app.see_not("Impossible d’afficher vos achats")
        assert not [address for address in long_line.asked[read:] if "page=1&" in address], (
            "it goes on from there"
        )


async def test_retry_after_of_the_backend_is_shown_as_a_countdown(line: Line, pauses: Pauses) -> None:
    async with drawn(line, pauses) as app:
        line.busy = 3
        await app.tap("Actualiser")
        for sentence in ("dans 3 secondes", "dans 2 secondes", "dans 1 seconde"):
            await app.see(f"Nouvel essai automatique {sentence}")
            line.busy = None
            await pauses.pass_by(app)
        await app.see_not("Nouvel essai automatique", "Service momentanément indisponible")


async def test_return_to_the_foreground_retries_immediately(line: Line, pauses: Pauses) -> None:
    async with drawn(line, pauses) as app:
        line.down = True
        await app.tap("Actualiser")
        await app.see("Hors ligne")
        await app.move(PAUSE)
        line.down = False
        await pauses.pass_by(app)
        await asyncio.sleep(0.05)
        assert "Hors ligne" in " ".join(app.texts()), "nobody looks: nothing is asked"
        await app.move(RESUME)
        await app.see_not("Hors ligne")


async def test_reconnection_of_the_browser_retries_immediately(line: Line, pauses: Pauses) -> None:
    async with drawn(line, pauses, web=True) as app:
        line.down = True
        await app.tap("Actualiser")
        await app.see("Hors ligne")
        await app.disconnect()
        line.down = False
        pauses.end()
        await app.reconnect()
        await app.see_not("Hors ligne")


async def test_recovery_leaves_no_task_after_the_page_is_closed(line: Line, pauses: Pauses) -> None:
    before = asyncio.all_tasks()
    async with drawn(line, pauses) as app:
        line.down = True
        await app.tap("Actualiser")
        await app.until(lambda: pauses.under_way, "nothing is to be tried again")
    async with asyncio.timeout(stretched(10)):
        while asyncio.all_tasks() - before:  # noqa: ASYNC110 - tasks have no event in common
            await asyncio.sleep(0.01)


# Lost answers


@SIZES
@pytest.mark.parametrize("route", ["/gerer", f"/gerer/abonnements/{WEEKLY}"], ids=["list", "detail"])
async def test_termination_with_a_lost_answer_is_confirmed_after_recovery(
    line: Line, pauses: Pauses, route: str, screen: dict[str, Any]
) -> None:
    async with drawn(line, pauses, route, **screen) as app:
        line.lost = "/termination"
        await app.tap("Résilier Club Cubéo" if route == "/gerer" else "Résilier l’abonnement")
        await app.see("Résilier Club Cubéo ?")
        await app.tap("Résilier l’abonnement")
        await app.see("Nous ne savons pas encore si l’abonnement est résilié.")
        await app.see("Nous vérifions dès que le réseau revient")
        await app.see_not("Rien n’a changé")
        await app.tap("Vérifier maintenant")
        await app.see("Nous ne savons pas encore")
        line.down, line.lost = False, None
        await pauses.pass_by(app)
        await app.see("Abonnement résilié", "Référence RS-")
        await app.see_not("Nous ne savons pas encore")


async def test_termination_that_never_arrived_is_reported_after_recovery(line: Line, pauses: Pauses) -> None:
    async with drawn(line, pauses, locale="en-GB") as app:
        line.swallowed = "/termination"
        await app.tap("Cancel Club Cubéo", "Cancel the subscription")
        await app.see("We don't know yet whether the subscription is cancelled.")
        line.down, line.swallowed = False, None
        await pauses.pass_by(app)
        await app.see("It did not arrive: nothing has changed. You can try again.")
        assert "Cancel Club Cubéo" in app.names()


async def test_service_switch_with_a_lost_answer_is_confirmed_after_recovery(
    line: Line, pauses: Pauses
) -> None:
    async with visit_remembered(line, "/gerer", sleep=pauses) as app:
        await app.see("Actif depuis")
        await quiet(app, line)
        line.lost = "/service"
        await app.tap("service", "Désactiver le service")
        await app.see("Nous ne savons pas encore si le changement du service est fait.")
        await app.see_not("toujours actif")
        line.down, line.lost = False, None
        await pauses.pass_by(app)
        await app.see("Service désactivé")
        await app.see_not("Nous ne savons pas encore")


async def test_dispute_with_a_lost_answer_is_confirmed_after_recovery(line: Line, pauses: Pauses) -> None:
    async with visit_remembered(line, "/achats/charge-2026-05-11-0?periode=2026-06", sleep=pauses) as app:
        await app.tap("Signaler un problème", "Montant incorrect")
        await quiet(app, line)
        line.lost = "/disputes"
        await app.tap("Envoyer le signalement")
        await app.see("Nous ne savons pas encore si c’est fait")
        line.down, line.lost = False, None
        await pauses.pass_by(app)
        await app.see("Signalement envoyé. Référence SG-")
        await app.see_not("Nous ne savons pas encore")


# Step-up


@SIZES
async def test_termination_with_step_up_completes_after_the_password(
    line: Line, clock: Clock, pauses: Pauses, screen: dict[str, Any]
) -> None:
    async with asked_for_the_password(line, clock, pauses, demo=False, **screen) as app:
        await app.see("Résilier Club Cubéo ?")
        (field,) = app.controls(ft.TextField)
        assert field.password
        assert not field.autocorrect
        assert not field.enable_suggestions
        assert not field.enable_ime_personalized_learning
        assert field.autofill_hints is ft.AutofillHint.PASSWORD
        assert field.autofocus
        await app.see_not("Démonstration")
        await app.tap("Résilier l’abonnement")
        await app.see("Saisissez votre mot de passe.")
        await app.enter("Mot de passe", "Hiver-1999")
        await app.submit("Mot de passe")
        await app.see("Il vous reste 4 essais.", "Club Cubéo")
        await app.enter("Mot de passe", PASSWORD)
        await app.tap("Résilier l’abonnement")
        await app.see("Abonnement résilié", "Référence RS-")
        await app.see_not("Mot de passe")
        assert app.route == "/gerer"
        asked = sum(address.endswith("/termination") for address in line.asked)
        assert asked == 3, "refused with an old token, refused with a new one, done"
        assert all(app.names())


async def test_service_switch_with_step_up_completes_after_the_password(
    line: Line, clock: Clock, pauses: Pauses
) -> None:
    async with visit_remembered(line, "/gerer", sleep=pauses, locale="en-GB") as app:
        await app.see("On since")
        await quiet(app, line)
        clock.advance(minutes=11)
        await app.tap("service", "Turn off the service")
        await app.see("Confirm that it is you", f"Demo: the password is {PASSWORD}")
        await app.tap("Show password")
        await app.enter("Password", PASSWORD)
        await app.see(PASSWORD)
        await app.tap("Turn off the service")
        await app.see("Service turned off", "Off since")


async def test_password_prompt_locked_by_wrong_passwords_can_be_closed(
    line: Line, clock: Clock, pauses: Pauses
) -> None:
    async with asked_for_the_password(line, clock, pauses) as app:
        await app.enter("Mot de passe", "faux")
        for left in ("4 essais", "3 essais", "2 essais", "1 essai."):
            await app.submit("Mot de passe")
            await app.see(f"Il vous reste {left}")
        await app.submit("Mot de passe")
        await app.see("Trop d’essais")
        with pytest.raises(AssertionError, match="is disabled"):
            await app.tap("Résilier l’abonnement")
        await app.tap("Garder l’abonnement")
        await app.see_not("Trop d’essais")
        await app.see("Club Cubéo")
        assert "Résilier Club Cubéo" in app.names()


# Outdated app, background cover, system back


async def test_outdated_app_shows_the_update_screen_until_a_retry_succeeds(
    line: Line, pauses: Pauses
) -> None:
    async with drawn(line, pauses) as app:
        line.status = 426
        await app.tap("Actualiser")
        await app.see("Mise à jour nécessaire", "Installez la dernière version")
        await app.see_not("Club Cubéo")
        assert app.headings() == [(1, "Mise à jour nécessaire")]
        line.status = None
        await app.tap("Réessayer")
        await app.see("Club Cubéo")
        assert app.route == "/gerer"


async def test_outdated_app_shows_the_update_screen_before_the_sign_in(line: Line, pauses: Pauses) -> None:
    line.status = 426
    async with visit(line, locale="en-GB", sleep=pauses) as app:
        await app.enter("Identifier", ABONNE)
        await app.tap("Continue")
        await app.see("Update needed")


@pytest.mark.parametrize("state", [INACTIVE, HIDE, PAUSE])
async def test_phone_in_the_background_covers_the_screen(
    line: Line, pauses: Pauses, state: ft.AppLifecycleState
) -> None:
    async with visit_remembered(line, "/gerer", sleep=pauses, runtime=Runtime.PHONE) as app:
        await app.see("2,99 € par semaine")
        await app.tap("Résilier Club Cubéo")
        await app.see("Aucun nouveau paiement de 2,99 €")
        await app.move(state)
        await app.see("Écran masqué pour protéger vos données")
        cover = dialogs(app)[-1]
        assert cover.modal
        assert app.nodes("AlertDialog")[-1] is app.tree.top_dialog(), "over the sheet too"
        assert cover.inset_padding == 0
        await app.move(RESUME)
        await app.see_not("Écran masqué")
        await app.see("Aucun nouveau paiement de 2,99 €")
        await app.tap("Garder l’abonnement")
        await app.see("2,99 € par semaine")


@pytest.mark.parametrize(
    ("screen", "state"),
    [({"web": True}, HIDE), ({"web": True}, INACTIVE), ({}, INACTIVE)],
)
async def test_web_and_desktop_in_the_background_are_not_covered(
    line: Line, pauses: Pauses, screen: dict[str, Any], state: ft.AppLifecycleState
) -> None:
    async with visit_remembered(line, "/gerer", sleep=pauses, **screen) as app:
        await app.see("2,99 € par semaine")
        await app.move(state)
        await app.see_not("Écran masqué")


@SIZES
@pytest.mark.parametrize(
    ("route", "above", "parent"),
    [
        (f"/gerer/abonnements/{WEEKLY}", "Coût par mois", "/gerer"),
        ("/reglages", "Apparence", "/"),
    ],
)
async def test_system_back_leads_to_the_parent_screen(
    line: Line, pauses: Pauses, route: str, above: str, parent: str, screen: dict[str, Any]
) -> None:
    async with visit_remembered(line, route, sleep=pauses, **screen) as app:
        await app.see(above)
        await app.back()
        await app.see_not(above)
        assert app.route == parent
        await app.see("Vos abonnements" if parent == "/gerer" else "Bonjour Ada")


async def test_app_start_after_a_disconnect_does_not_hang(line: Line) -> None:
    async with visit(line) as app:
        await app.disconnect()
        start = open_app(app.page, line.backend(MemoryStore()), Settings(data_folder=Path("unused")))
        await asyncio.wait_for(start, stretched(5))
