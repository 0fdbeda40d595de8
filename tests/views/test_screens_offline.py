"""A start without a network: what was read last is there, with its age, and only for its owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select
from starlette.applications import Starlette

from services.credentials import MemoryStore
from services.offline import OfflineStore
from services.sandbox.schema import feedback
from services.transport import IN_PROCESS
from tests.driver import Driver
from tests.views.conftest import Clock, Line, Serve, quiet, sign_in, visit
from tests.views.people import ABONNE, subscribed
from tests.views.test_screens_journey import NARROW, WIDE, rows

CAMILLE = "camille@demo.example"
AGE = "Données du 14 mai à 12:00"
LIKED = "Qu’avez-vous apprécié\N{NO-BREAK SPACE}?"


class Device:
    """What outlives the app on one device: its keyring, its preferences, its disk."""

    def __init__(self, line: Line, folder: Path) -> None:
        self.line, self.folder = line, folder
        self.credentials = MemoryStore()
        self.preferences: dict[str, Any] = {}

    @asynccontextmanager
    async def app(self, **screen: Any) -> AsyncIterator[Driver]:
        """The app, from its start until it is closed."""
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
    """A device on which somebody looked at these places, then closed the app and lost the network."""
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


@pytest.mark.parametrize(
    ("route", "text", "screen"),
    [
        ("/", "8 achats depuis", WIDE),
        ("/conso/internet", "Vos six dernières périodes", NARROW),
        ("/achats", "8 achats · du 26 avril au 25 mai", WIDE),
        ("/achats?periode=2026-05", "20 achats · du 26 mars au 25 avril", NARROW),
        ("/achats?periode=2026-04", "16 achats · du 26 février au 25 mars", NARROW),
    ],
    ids=["home", "usage", "current", "closed", "read ahead"],
)
async def test_what_was_read_opens_with_its_age(
    serve: Serve, clock: Clock, folder: Path, route: str, text: str, screen: dict[str, Any]
) -> None:
    device = await used(serve, folder, "/achats", "/achats?periode=2026-05")
    clock.advance(days=2)
    async with device.app(route=route, **screen) as app:
        await app.see(text)
        await app.see("Hors ligne")
        await app.see(AGE)
        await app.see_not("0,00")
        if "achats" in route:
            assert rows(app)
        await quiet(app, device.line)
        device.line.down = False
        await app.press("R")
        await app.see_not("Hors ligne")
        await app.see_not(AGE)
        await app.see(text)


async def test_while_the_backend_is_asked_the_age_is_said_and_no_skeleton_stands(
    serve: Serve, clock: Clock, folder: Path
) -> None:
    device = await used(serve, folder, "/achats")
    device.line.down = False
    clock.advance(days=2)
    with device.line.holding("/v1/"):
        async with device.app(route="/achats") as app:
            await app.see("8 achats · du 26 avril au 25 mai")
            await app.see(AGE)
            assert rows(app)
            await app.see_not("Hors ligne")
    async with device.app(route="/achats") as app:
        await app.see("8 achats · du 26 avril au 25 mai")
        await quiet(app, device.line)
        await app.see_not(AGE)


async def test_a_period_never_read_says_so_with_a_way_on(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    async with device.app(route="/achats?periode=2026-01") as app:
        await app.see("Les achats de cette période n’ont pas encore été consultés ici")
        await app.see("Vérifiez votre réseau, puis réessayez.")
        await app.see("9 achats · du 26 novembre au 25 décembre")
        await app.see_not("Aucun achat")
        await quiet(app, device.line)
        device.line.down = False
        await app.tap("Actualiser")
        await app.until(lambda: rows(app), "no purchases")


async def test_the_subscriptions_the_service_and_one_s_charges_open_with_their_age(
    serve: Serve, folder: Path
) -> None:
    device = await used(serve, folder, "/gerer", "/gerer/abonnements/weekly", who=ABONNE)
    async with device.app(route="/gerer") as app:
        await app.see("Club Cubéo")
        await app.see("Actif depuis le 3 mars 2023")
        await app.see("Hors ligne")
        await app.see(AGE)
        await app.go("/gerer/abonnements/weekly")
        await app.see("Paiements de vos six périodes")
        await app.see("Club Cubéo, 11 mai 2026 à 06:15, Jeux, Abonnement, 2,99 €")
        await app.see(AGE)


async def test_one_purchase_opens_with_its_age(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats", who=CAMILLE)
    async with device.app(route="/achats") as app:
        await app.until(lambda: rows(app), "no purchases")
        await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1))
        await app.see("Référence, ")
        await app.see(AGE)
        address = app.route
    async with device.app(route=address) as app:
        await app.see("Connexion impossible")  # the list knew it, its own address was never read
    device.line.down = False
    async with device.app(route=address) as app:
        await app.see("Référence, ")
        await quiet(app, device.line)
    device.line.down = True
    async with device.app(route=address) as app:
        await app.see("Référence, ")
        await app.see(AGE)


async def test_the_contract_chosen_last_is_the_one_that_opens(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, who=ABONNE)
    device.line.down = False
    async with device.app(route="/gerer") as app:
        await app.tap("Mobile · 06 •• •• •• 84")
        await app.see("Carillon Mobile")
        await quiet(app, device.line)
    device.line.down = True
    async with device.app(route="/gerer") as app:
        await app.see("Carillon Mobile")
        await app.see_not("Club Cubéo")


async def test_nothing_stays_after_a_sign_out_without_a_network(serve: Serve, folder: Path) -> None:
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


async def test_forgetting_the_device_erases_the_data_too(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    async with device.app(route="/reglages") as app:
        await app.tap("Oublier cet appareil")
        await app.see("Identifiant, session, données et préférences enregistrés ici seront effacés.")
        await app.tap("Oublier cet appareil")
        await app.see("Identifiant")
    assert device.files == []


async def test_the_local_data_can_be_cleared_alone(serve: Serve, folder: Path) -> None:
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


async def test_another_subscriber_never_sees_it(serve: Serve, folder: Path) -> None:
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


async def test_a_damaged_device_starts_as_a_new_one(serve: Serve, folder: Path) -> None:
    device = await used(serve, folder, "/achats")
    (answers,) = device.files
    answers.write_bytes(answers.read_bytes()[:-1] + b"?")
    async with device.app(route="/achats") as app:
        await app.see("Connexion impossible")
        device.line.down = False
        await app.tap("Réessayer")
        await app.until(lambda: rows(app), "no purchases")


async def test_without_being_remembered_nothing_is_kept_and_the_settings_say_so(
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


async def test_on_the_web_nothing_is_kept_and_the_settings_say_so(serve: Serve) -> None:
    line = serve(CAMILLE)
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


async def test_an_opinion_written_offline_is_sent_once_at_a_later_start(serve: Serve, folder: Path) -> None:
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
        # Left sooner, it would be sent again, with the same key: thanked for twice, kept once.
        await app.until(lambda: [path.name for path in device.files] == ["answers.bin"], "the opinion stays")
    async with device.app(route="/aide/service") as app:
        await app.see("Cette page vous a-t-elle été utile ?")
        await quiet(app, device.line)
    (sent,) = await opinions(device.line)
    assert (sent.article_id, sent.useful, sent.liked) == ("service", True, "Clair")
    assert [path.name for path in device.files] == ["answers.bin"]


async def test_the_offline_demonstration_survives_a_restart(serve: Serve, folder: Path) -> None:
    """The embedded backend, and the fault that the demonstration plays."""
    device = Device(serve(CAMILLE), folder)
    await device.sign_in(CAMILLE)
    async with device.app(route="/achats") as app:
        await app.see("8 achats")
        await quiet(app, device.line)
    async with device.app(route="/achats?periode=2026-05") as app:
        await app.see("20 achats")
        await quiet(app, device.line)
        await app.tap("Démonstration : données fictives")
        await app.tap("Hors ligne")
        await app.tap("Montrer ce cas")
        await app.see(AGE)
        await app.go("/achats")
        await app.see("8 achats · du 26 avril au 25 mai")
        await app.see(AGE)
