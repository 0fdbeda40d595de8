"""Screen tests of an offline start: cached data with its age, for its owner only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select
from starlette.applications import Starlette

from services.client.credentials import MemoryStore
from services.client.http import IN_PROCESS
from services.client.offline import OfflineStore
from services.sandbox.schema import feedback
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, Line, Serve, choose_contract, quiet, sign_in, visit
from tests.views.factories import ABONNE, subscribed
from tests.views.visits import NARROW, WIDE, rows

AGE = "Données du 14 mai à 12:00"
LIKED = "Qu’avez-vous apprécié\N{NO-BREAK SPACE}?"


class Device:
    """Persistent storage of one device: keyring, preferences and disk."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.credentials = MemoryStore()
        self.preferences: dict[str, Any] = {}

    @asynccontextmanager
    async def app(self, **screen: Any) -> AsyncIterator[Driver]:
        """Run the app from its start to its close."""
        offline = OfflineStore(self.folder, IN_PROCESS)
        async with visit(
            self.line, self.credentials, offline=offline, preferences=self.preferences, **screen
        ) as app:
            yield app
        await offline.settled()

    async def sign_in(self, identifier: str) -> None:
        await sign_in(self.line.backend(self.credentials), identifier, remember=True)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def used(serve: Serve, folder: Path, *routes: str, who: str = CAMILLE) -> Device:
    """Return a device, now offline, on which the app was used on these routes and closed."""
    device = Device(
        serve(*(subscribed() if one == ABONNE else one for one in {who, "sofia"} - {"sofia"})), folder
    )
    await device.sign_in(who)
    async with device.app() as app:
        await app.see("Bonjour")
        for route in routes:
            await app.go(route)
            await quiet(app, device.line)
    device.line.down = True
    device.line.asked.clear()
    return device


async def test_offline_start_shows_the_insights_with_their_age(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/verifier", "/")
    async with device.app() as app:
        await app.see("4 paiements à vérifier", "probablement entre")
        await app.go("/verifier")
        await app.see("après la fin de l’abonnement", AGE)
        await app.go("/recherche?q=club")
        await app.see("Club Cubéo", AGE)


@pytest.mark.parametrize(
    ("route", "text", "screen"),
    [
        ("/", "8 achats depuis", WIDE),
        ("/conso/internet", "Vos six dernières périodes", NARROW),
        ("/achats", "du 26 avril au 25 mai", WIDE),
        ("/achats?periode=2026-05", "20 achats · du 26 mars au 25 avril", NARROW),
        ("/achats?periode=2026-04", "16 achats · du 26 février au 25 mars", NARROW),
    ],
    ids=["home", "usage", "current", "closed", "read ahead"],
)
async def test_screen_read_before_opens_offline_with_its_age(
    serve: Serve, clock: Clock, folder: Path, route: str, text: str, screen: dict[str, Any]
) -> None:
    device = await used(serve, folder, "/achats", "/achats?periode=2026-05")
    clock.advance(days=2)
    async with device.app(route=route, **screen) as app:
        await app.see(text, "Hors ligne", AGE)
        await app.see_not("0,00")
        if "achats" in route:
            assert rows(app)
        await quiet(app, device.line)
        device.line.down = False
        await app.press("R")
        await app.see_not("Hors ligne", AGE)
        await app.see(text)


async def test_cached_screen_shows_its_age_while_loading(serve: Serve, clock: Clock, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    device.line.down = False
    clock.advance(days=2)
    with device.line.holding("/v1/"):
        async with device.app(route="/achats") as app:
            await app.see("8 achats · du 26 avril au 25 mai", AGE)
            assert rows(app)
            await app.see_not("Hors ligne")
    async with device.app(route="/achats") as app:
        await app.see("8 achats · du 26 avril au 25 mai")
        await quiet(app, device.line)
        await app.see_not(AGE)


async def test_period_never_read_explains_offline_and_recovers(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    async with device.app(route="/achats?periode=2026-01") as app:
        await app.see("Les achats de cette période n’ont pas encore été consultés ici")
        await app.see("Vérifiez votre réseau, puis réessayez.", "9 achats · du 26 novembre au 25 décembre")
        await app.see_not("Aucun achat")
        await quiet(app, device.line)
        device.line.down = False
        await app.tap("Actualiser")
        await app.until(lambda: rows(app), "no purchases")


async def test_subscriptions_service_and_charges_open_offline_with_their_age(
    serve: Serve, folder: Path
) -> None:
    device = await used(serve, folder, "/gerer", "/gerer/abonnements/weekly", who=ABONNE)
    async with device.app(route="/gerer") as app:
        await app.see("Club Cubéo", "Actif depuis le 3 mars 2023", "Hors ligne", AGE)
        await app.go("/gerer/abonnements/weekly")
        await app.see("Paiements de vos six périodes", "11 mai 2026 à 06:15 · Abonnement · Offre weekly", AGE)


async def test_purchase_opens_offline_with_its_age_only_if_read_before(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats", who=CAMILLE)
    async with device.app(route="/achats") as app:
        await app.until(lambda: rows(app), "no purchases")
        await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1))
        await app.see("Référence, ", AGE)
        address = app.route
    async with device.app(route=address) as app:
        await app.see("Connexion impossible")  # the purchase was in the list, but never read by itself
    device.line.down = False
    async with device.app(route=address) as app:
        await app.see("Référence, ")
        await quiet(app, device.line)
    device.line.down = True
    async with device.app(route=address) as app:
        await app.see("Référence, ", AGE)


async def test_chosen_contract_opens_offline(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, who=ABONNE)
    device.line.down = False
    async with device.app(route="/gerer") as app:
        await choose_contract(app, "Mobile · 06 •• •• •• 84")
        await app.see("Carillon Mobile")
        await quiet(app, device.line)
    device.line.down = True
    async with device.app(route="/gerer") as app:
        await app.see("Carillon Mobile")
        await app.see_not("Club Cubéo")


async def test_sign_out_offline_erases_files_and_credentials(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    assert [path.name for path in device.files] == ["answers.bin"]
    async with device.app(route="/reglages") as app:
        await app.see("chiffrés")
        await app.tap("Se déconnecter")
        await app.see("Les données gardées sur cet appareil seront effacées.")
        await app.tap("Se déconnecter")
        await app.see("Identifiant")
    assert device.files == []
    assert await device.credentials.load() is None
    async with device.app(route="/achats") as app:
        await app.see("Identifiant")


async def test_forgetting_the_device_erases_its_files(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    async with device.app(route="/reglages") as app:
        await app.tap("Oublier cet appareil")
        await app.see("Identifiant, session, données et préférences enregistrés ici seront effacés.")
        await app.tap("Oublier cet appareil")
        await app.see("Identifiant")
    assert device.files == []


async def test_clearing_local_data_keeps_the_session(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    async with device.app(route="/reglages") as app:
        await app.tap("Effacer les données locales")
        await app.see("Vous restez identifié.")
        await app.tap("Effacer les données locales")
        await app.see("Données locales effacées")
    assert device.files == []
    async with device.app(route="/") as app:
        await app.see("Connexion impossible")
        device.line.down = False
        await app.tap("Réessayer")
        await app.see("Bonjour Camille")


async def test_cached_data_is_not_shown_to_another_subscriber(serve: Serve, folder: Path) -> None:
    device = Device(serve(CAMILLE, subscribed()), folder)
    await device.sign_in(CAMILLE)
    async with device.app(route="/achats") as app:
        await app.until(lambda: rows(app), "no purchases")
        await quiet(app, device.line)
    await device.sign_in(ABONNE)
    device.line.down = True
    async with device.app(route="/achats") as app:
        await app.see("Connexion impossible")
        await app.see_not("Studio Pixelune")
    assert device.files == []


async def test_damaged_cache_file_is_ignored(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    (answers,) = device.files
    answers.write_bytes(answers.read_bytes()[:-1] + b"?")
    async with device.app(route="/achats") as app:
        await app.see("Connexion impossible")
        device.line.down = False
        await app.tap("Réessayer")
        await app.until(lambda: rows(app), "no purchases")


async def test_session_without_remember_writes_no_file_and_the_settings_explain(
    serve: Serve, folder: Path
) -> None:
    device = Device(serve(CAMILLE), folder)
    async with device.app() as app:
        await app.tap("Découvrir la démonstration")
        await app.see("Bonjour Camille")
        await app.go("/reglages")
        await app.see("Vos achats ne sont gardés ici que pendant votre visite")
        await quiet(app, device.line)
    assert device.files == []


async def test_settings_on_the_web_explain_that_nothing_is_stored(line: Line) -> None:
    store = MemoryStore()
    await sign_in(line.backend(store), CAMILLE, remember=True)
    async with visit(line, store, route="/reglages", web=True) as app:
        await app.see("Vos achats ne sont gardés que pendant votre visite, et jamais dans ce navigateur.")
        await app.see_not("Effacer les données locales")


async def opinions(line: Line) -> list[Row[Any]]:
    app = line.app
    assert isinstance(app, Starlette)
    found: list[Row[Any]] = await app.state.store.run(lambda link: link.execute(select(feedback)).all())
    return found


async def test_feedback_written_offline_is_sent_once_at_a_later_start(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder)
    async with device.app(route="/aide/service") as app:
        await app.tap("Oui")
        await app.enter(LIKED, "Clair")
        await app.tap("Envoyer mon avis")
        await app.see("Avis enregistré. Il sera envoyé dès le retour du réseau.")
    assert [path.name.partition("-")[0] for path in device.files] == ["answers.bin", "opinion"]
    async with device.app(route="/aide/service") as app:
        await app.see("Avis enregistré.")
        await app.go("/reglages")
        await app.tap("Se déconnecter")
        await app.see("1 avis qui attend le réseau sera perdu.")
    assert await opinions(device.line) == []
    device.line.down = False
    async with device.app(route="/aide/service") as app:
        await app.see("Merci de votre participation.")
        # If the app closed sooner, the feedback would be sent again with the same key.
        await app.until(lambda: [path.name for path in device.files] == ["answers.bin"], "the opinion stays")
    async with device.app(route="/aide/service") as app:
        await app.see("Cette page vous a-t-elle été utile ?")
        await quiet(app, device.line)
    (sent,) = await opinions(device.line)
    assert (sent.article_id, sent.useful, sent.liked) == ("service", True, "Clair")
    assert [path.name for path in device.files] == ["answers.bin"]


async def test_simulated_offline_fault_shows_cached_data_after_a_restart(serve: Serve, folder: Path) -> None:
    """Simulate the fault in the embedded backend of the demonstration."""
    device = Device(serve(CAMILLE), folder)
    await device.sign_in(CAMILLE)
    async with device.app(route="/achats") as app:
        await app.see("8 achats")
        await quiet(app, device.line)
    async with device.app(route="/achats?periode=2026-05") as app:
        await app.see("20 achats")
        await quiet(app, device.line)
        await app.tap("Démonstration : données fictives", "Hors ligne", "Montrer ce cas")
        await app.see(AGE)
        await app.go("/achats")
        await app.see("8 achats · du 26 avril au 25 mai", AGE)
