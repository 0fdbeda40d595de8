"""Screen tests of the history kept on the device: switch, old periods, erasure, failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from services.client.credentials import CredentialProblem, MemoryStore
from services.client.history_store import HistoryStore
from services.client.http import IN_PROCESS
from services.client.offline import OfflineStore
from services.sandbox.demo_history import archive
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.services.doubles import FailingStore, make_read_only
from tests.services.insights.factories import NOW
from tests.views.conftest import Line, Serve, quiet, sign_in, visit
from tests.views.test_screens_history import FR, load
from tests.views.visits import NARROW, WIDE, rows

VEILLE = "veille@demo.example"
SWITCH = "Garder mon historique sur cet appareil"
OFFER = "Une ancienne période n’est plus affichée"
KEPT = "Conservé le 14 mai 2026 sur cet appareil"


class Device:
    """Persistent storage of one device: credential store and disk."""

    def __init__(self, line: Line, clock: Clock, folder: Path) -> None:
        self.line, self.clock, self.folder = line, clock, folder
        self.credentials, self.keys = MemoryStore(), FailingStore()
        self.preferences: dict[str, Any] = {}

    @asynccontextmanager
    async def app(self, route: str = "/reglages", **screen: Any) -> AsyncIterator[Driver]:
        offline = OfflineStore(self.folder, IN_PROCESS)
        files = OfflineStore(self.folder, IN_PROCESS, "history")
        history = HistoryStore(self.keys, files, clock=self.clock)
        async with visit(
            self.line,
            self.credentials,
            offline=offline,
            history=history,
            preferences=self.preferences,
            route=route,
            **screen,
        ) as app:
            yield app
        await offline.settled()
        await files.settled()

    @property
    def files(self) -> list[Path]:
        with suppress(FileNotFoundError):  # the app deletes the folder meanwhile
            return [path for path in self.folder.rglob("history-*/*") if path.is_file()]
        return []


@pytest.fixture
async def device(serve: Serve, clock: Clock, tmp_path: Path) -> Device:
    made = Device(serve(VEILLE), clock, tmp_path / "data")
    await sign_in(made.line.backend(made.credentials), VEILLE, remember=True)
    return made


async def switch(app: Driver, device: Device) -> None:
    """Turn the switch, whose key changes each time."""
    await app.see(SWITCH)
    (control,) = [one for one in app.controls(ft.Switch) if str(one.key).startswith("keep-history")]
    await app.tap(str(control.key))
    await quiet(app, device.line)


def on(app: Driver) -> bool:
    return any(one.value for one in app.controls(ft.Switch) if str(one.key).startswith("keep-history"))


@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_period_whose_list_was_never_opened_is_shown_from_the_device(
    device: Device, screen: dict[str, Any]
) -> None:
    async with device.app(**screen) as app:
        await switch(app, device)
        await app.until(lambda: len(device.files) == 2, "nothing kept")
        assert on(app)
    device.clock.advance(days=13)
    async with device.app("/achats?periode=2026-01", **screen) as app:
        await app.see(KEPT)
        await app.see("Janvier 2026")
        await app.tap("Plus ancien")
        assert app.route == "/conso/annee?annee=2026"
        await app.see("Périodes plus anciennes")
        await app.go("/reglages")
        await app.see("1 période plus ancienne, conservée sur cet appareil")
        assert on(app)
        await quiet(app, device.line)
    device.line.down = True
    async with device.app("/achats?periode=2026-01", **screen) as app:
        await app.see(KEPT)
        await app.go("/achats?periode=2026-03")  # served, but its list was never opened
        await app.see("Hors ligne", "Données du 14 mai")  # the age of the list, not of the periods
        await app.until(lambda: rows(app), "no purchases")
        await app.see_not("n’ont pas encore été consultés")


async def test_switching_off_asks_then_erases(device: Device) -> None:
    async with device.app() as app:
        await switch(app, device)
        await app.until(lambda: len(device.files) == 2, "nothing kept")
        await switch(app, device)
        await app.see("Les périodes conservées sur cet appareil seront effacées.")
        await app.tap("Annuler")
        await app.until(lambda: on(app), "turned off by a cancelled question")
        assert device.files
        await switch(app, device)
        await app.tap("Effacer l’historique")
        await app.until(lambda: not on(app), "still on")
        assert not device.files
        assert await device.keys.load() is None


async def test_import_is_kept_and_removed_on_the_device(device: Device, tmp_path: Path) -> None:
    async with device.app() as app:
        await switch(app, device)
        await load(app, tmp_path, archive(NOW))
        await app.see(FR["done"])
        await app.tap(FR["close"])
        await app.see("14 périodes plus anciennes, conservées sur cet appareil")
    async with device.app() as app:
        await app.see("14 périodes plus anciennes, conservées sur cet appareil")
        await app.go("/achats?periode=2025-10")
        await app.until(lambda: any(FR["origin"] in text for text in app.texts()), "no origin")
        await app.go("/reglages")
        await app.tap("Retirer l’historique importé")
        await app.see_not("14 périodes plus anciennes")
    async with device.app() as app:
        await app.see(SWITCH)
        await quiet(app, device.line)
        await app.see_not("plus anciennes, conservées")


@pytest.mark.parametrize(
    ("button", "confirm"),
    [
        ("Se déconnecter", "Se déconnecter"),
        ("Se déconnecter partout", "Se déconnecter partout"),
        ("Oublier cet appareil", "Oublier cet appareil"),
        ("Effacer les données locales", "Effacer les données locales"),
    ],
)
async def test_erasing_action_offers_the_export_first(device: Device, button: str, confirm: str) -> None:
    async with device.app() as app:
        await app.see(SWITCH)
        await app.tap(button)
        await app.see_not("Votre historique sera effacé.")
        await app.tap("Annuler")
        await switch(app, device)
        await app.tap(button)
        await app.see("Votre historique sera effacé.")
        await app.tap("Exporter d’abord")
        await app.see("Ce fichier n’est pas chiffré.")
        await app.tap("Fermer")
        assert device.files
        await app.tap(button)
        await app.tap(confirm)
        await app.until(lambda: not device.files, "not erased")
    assert await device.keys.load() is None


async def test_failing_keyring_is_told_and_nothing_is_kept(device: Device) -> None:
    async with device.app() as app:
        device.keys.problem = CredentialProblem.LOCKED
        await switch(app, device)
        await app.see("L’historique n’a pas pu être conservé ou lu")
        assert not on(app)
        assert not device.files
        device.keys.problem = None
        await app.tap("Réessayer")
        await app.until(lambda: on(app), "still off")


async def test_failed_write_is_told_until_a_retry_succeeds(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with device.app() as app:
        await switch(app, device)
        with monkeypatch.context() as patched:
            patched.setattr(OfflineStore, "_check_folder", _full)
            await load(app, tmp_path, archive(NOW))
            await app.see(FR["done"])
            await app.tap(FR["close"])
            await app.see("Le disque de cet appareil est plein, protégé ou trop lent.")
            await app.press("R")
            await quiet(app, device.line)
            await app.see("Le disque de cet appareil est plein, protégé ou trop lent.")
        await app.tap("history-retry")
        await app.see_not("Le disque de cet appareil est plein")
    async with device.app() as app:
        await app.see("14 périodes plus anciennes, conservées sur cet appareil")


async def test_read_only_disk_at_the_start_shows_the_history_and_is_told(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with device.app() as app:
        await switch(app, device)
        await app.until(lambda: len(device.files) == 2, "nothing kept")
    device.clock.advance(days=13)
    with monkeypatch.context() as patched:
        make_read_only(patched)
        async with device.app("/achats?periode=2026-01") as app:
            await app.see(KEPT)
            await app.go("/reglages")
            await app.see("Le disque de cet appareil est plein, protégé ou trop lent.")
    async with device.app() as app:
        await app.see("1 période plus ancienne, conservée sur cet appareil")
        await quiet(app, device.line)
        await app.see_not("Le disque de cet appareil est plein")


def _full(_store: OfflineStore) -> None:
    raise OSError


@pytest.fixture
async def left(device: Device) -> Device:
    """Return a device on which the app was used before a period left the six."""
    async with device.app("/achats?periode=2026-01") as app:
        await app.see("Les achats plus anciens figurent sur vos factures.")
        await quiet(app, device.line)
        await app.see_not(OFFER)
    device.clock.advance(days=13)
    return device


@pytest.mark.parametrize("route", ["/achats?periode=2026-02", "/achats?periode=2026-01", "/conso/annee"])
async def test_period_that_leaves_offers_once_to_keep_the_history(left: Device, route: str) -> None:
    async with left.app(route) as app:
        await app.see(OFFER)
        await quiet(app, left.line)  # a button that is drawn again would miss the tap
        await app.tap("offer-accept")
        await app.see("Vos périodes facturées restent désormais sur cet appareil")
        await app.see_not(OFFER)
        await app.until(lambda: len(left.files) == 2, "nothing kept")
    async with left.app("/reglages") as app:
        await app.see(SWITCH)
        await quiet(app, left.line)
        assert on(app)
        await switch(app, left)
        await app.tap("Effacer l’historique")
        await app.until(lambda: not on(app), "still on")
        await app.go(route)
        await quiet(app, left.line)
        await app.see_not(OFFER)


async def test_declined_offer_is_not_made_again(left: Device) -> None:
    async with left.app("/achats?periode=2026-02") as app:
        await app.see(OFFER)
        await quiet(app, left.line)
        await app.tap("Non merci")
        await app.see_not(OFFER)
    async with left.app("/achats?periode=2026-02") as app:
        await app.see("Les achats plus anciens figurent sur vos factures.")
        await quiet(app, left.line)
        await app.see_not(OFFER)
    assert not left.files


async def test_offer_is_made_until_it_is_answered(left: Device) -> None:
    for _ in range(2):
        async with left.app("/achats?periode=2026-02") as app:
            await app.see(OFFER)


async def test_refused_offer_is_told_and_can_be_accepted_again(left: Device) -> None:
    async with left.app("/achats?periode=2026-02") as app:
        await app.see(OFFER)
        await quiet(app, left.line)
        left.keys.problem = CredentialProblem.LOCKED
        await app.tap("offer-accept")
        await app.see("L’historique n’a pas pu être conservé ou lu")
        left.keys.problem = None
        await app.tap("offer-accept")
        await app.see_not(OFFER)
        await app.until(lambda: len(left.files) == 2, "nothing kept")


async def test_offer_is_absent_on_the_web(left: Device) -> None:
    async with visit(
        left.line, left.credentials, route="/achats?periode=2026-02", web=True, preferences=left.preferences
    ) as app:
        await app.see("Les achats plus anciens figurent sur vos factures.")
        await quiet(app, left.line)
        await app.see_not(OFFER)


async def test_switch_is_absent_on_the_web(device: Device) -> None:
    async with visit(device.line, device.credentials, route="/reglages", web=True) as app:
        await app.see(FR["export"])
        await app.see_not(SWITCH)
