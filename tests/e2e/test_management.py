"""Changes by a subscriber in a real browser, on both kinds of database: done once, and still true later.

The sandbox's clock stands at 14 May 2026, noon in Paris: the current period goes from 26 April to 25 May.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
import sqlalchemy
from playwright.sync_api import Page
from sqlalchemy import func, select

from services.sandbox.schema import dispute, feedback, subscription
from tests.e2e.browser import (
    PATIENCE,
    enter,
    focused,
    named,
    see,
    see_heading,
    semantics,
    shows,
    tap,
    texts,
    type_by_keyboard,
    until,
)
from tests.e2e.conftest import NOW, Serve, ServeSandbox, Visit
from tests.e2e.test_journeys import FR, sign_in
from tests.harness.patience import stretched
from tests.harness.postgresql import cluster
from tests.harness.processes import Server
from tests.views.factories import ABONNE, WEEKLY, subscribed

CHARGE = "/achats/charge-2026-05-11-0?periode=2026-06"
REFERENCE = r"(?:RS|SG)-\d{6}-\d{6}"
DATA: dict[str, Any] = {"subscribers": msgspec.to_builtins([subscribed()])}


@dataclass(frozen=True)
class Deployment:
    """The app and the backend it stands on, each a process, and what they keep their data in."""

    app: Server
    sandbox: Server
    database: str

    def restart(self) -> None:
        """Both."""
        for server in (self.app, self.sandbox):
            server.stop()
        for server in (self.sandbox, self.app):
            server.start()

    def count(self, question: sqlalchemy.Select[Any]) -> int:
        """Ask the database itself."""
        engine = sqlalchemy.create_engine(self.database)
        try:
            with engine.connect() as connection:
                return int(connection.scalar(question) or 0)
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def on_sqlite(
    serve: Serve, serve_sandbox: ServeSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    database = f"sqlite:///{tmp_path_factory.mktemp('database') / 'sandbox.sqlite3'}"
    sandbox = serve_sandbox(now=NOW, data=DATA, database=database)
    return Deployment(serve(backend=sandbox.url), sandbox, database)


@pytest.fixture(scope="module")
def on_postgresql(serve: Serve, serve_sandbox: ServeSandbox) -> Iterator[Deployment]:
    with cluster() as postgresql:
        database = postgresql.database()
        sandbox = serve_sandbox(now=NOW, data=DATA, database=database)
        yield Deployment(serve(backend=sandbox.url), sandbox, database)
        sandbox.stop()  # before its database


@pytest.fixture
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Parametrized by the name of one of the two."""
    found: Deployment = request.getfixturevalue(request.param)
    return found


def enter_at(page: Page, heading: str) -> None:
    """Sign in at the address the page was opened at."""
    sign_in(page, FR, ABONNE)
    see_heading(page, heading)


def double_tap(page: Page, name: str) -> None:
    """Tap twice, as fast as a finger trembles."""
    named(page, name).dblclick(timeout=stretched(PATIENCE) * 1000)


def see_reference(page: Page) -> str:
    """Wait for the reference of a receipt, and return it."""
    found: list[str] = []

    def there() -> bool:
        found[:] = [one for text in texts(page) for one in re.findall(REFERENCE, text)]
        return bool(found)

    until(page, there, "no reference")
    return found[0]


def service_is(page: Page, on: bool) -> None:
    """Wait for the switch to say so."""

    def says() -> bool:
        switches = [node for node in semantics(page) if node.role == "switch"]
        return [node.checked for node in switches] == ["true" if on else "false"]

    until(page, says, f"the switch does not say {on}")


def end_subscription(page: Page) -> str:
    tap(page, "Résilier Club Cubéo")
    see(page, "Vous gardez l’accès jusqu’au 17 mai 2026")
    see(page, "Aucun nouveau paiement de 2,99 €")
    double_tap(page, "Résilier l’abonnement")
    see(page, "Abonnement résilié")
    see(page, "Résilié · accès jusqu’au 17 mai")
    return see_reference(page)


def turn_service_off(page: Page) -> None:
    service_is(page, True)
    tap(page, "Service internet+")
    see(page, "Vos 2 abonnements en cours peuvent être interrompus par leurs éditeurs.")
    see(page, "restent dus et seront facturés : 8,97 €.")
    double_tap(page, "Désactiver le service")
    see(page, "Désactivé depuis le 14 mai 2026")
    service_is(page, False)
    see(page, "Suspendu")


def report_problem(page: Page) -> str:
    tap(page, "Signaler un problème")
    tap(page, "Je ne reconnais pas cet achat")
    enter(page, "Précisez si vous le souhaitez", "Jamais vu.")
    double_tap(page, "Envoyer le signalement")
    see(page, "Signalement envoyé.")
    see(page, "Contesté")
    return see_reference(page)


def give_opinion(page: Page) -> None:
    tap(page, "Oui")
    until(page, lambda: focused(page) == "Qu’avez-vous apprécié ?", "the focus is not in the field")
    type_by_keyboard(page, "Qu’avez-vous apprécié ?", "L’exemple.")
    double_tap(page, "Envoyer mon avis")
    see(page, "Merci de votre participation.")


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("deployment", "device"),
    [("on_sqlite", "phone"), ("on_postgresql", "desktop")],
    indirect=["deployment"],
    ids=["sqlite-phone", "postgresql-desktop"],
)
def test_what_is_changed_is_changed_once_and_still_true_after_a_restart(
    deployment: Deployment, visit: Visit, device: str
) -> None:
    url = deployment.app.url
    page = visit(f"{url}/gerer", device=device)
    enter_at(page, "Gérer internet+")
    ended = end_subscription(page)
    turn_service_off(page)
    page.close()
    page = visit(f"{url}{CHARGE}", device=device)
    sign_in(page, FR, ABONNE)
    reported = report_problem(page)
    page.close()
    page = visit(f"{url}/aide/periode", device=device)
    sign_in(page, FR, ABONNE)
    see(page, "Cette page vous a-t-elle été utile ?")
    give_opinion(page)
    page.close()

    deployment.restart()
    page = visit(f"{url}/gerer", device=device)
    enter_at(page, "Gérer internet+")
    see(page, "Désactivé depuis le 14 mai 2026")
    see(page, "Résilié · accès jusqu’au 17 mai")
    see(page, "Suspendu")
    tap(page, "Club Cubéo")
    see(page, f"Référence de résiliation, {ended}")
    page.go_back()
    see_heading(page, "Gérer internet+")
    service_is(page, False)
    tap(page, "Service internet+")
    see(page, "Les abonnements interrompus ne reprennent pas automatiquement.")
    double_tap(page, "Réactiver le service")
    see(page, "Actif depuis le 14 mai 2026")
    service_is(page, True)
    see(page, "Suspendu")
    page.close()

    deployment.restart()
    page = visit(f"{url}/gerer", device=device)
    enter_at(page, "Gérer internet+")
    see(page, "Actif depuis le 14 mai 2026")
    service_is(page, True)
    page.close()
    page = visit(f"{url}{CHARGE}", device=device)
    sign_in(page, FR, ABONNE)
    see(page, f"Signalement envoyé. Référence {reported}.")
    assert not shows(page, "Signaler un problème")

    assert deployment.count(select(func.count()).select_from(dispute)) == 1
    assert deployment.count(select(func.count()).select_from(feedback)) == 1
    receipts = select(func.count()).where(
        subscription.c.subscription_id == WEEKLY, subscription.c.termination_reference.is_not(None)
    )
    assert deployment.count(receipts) == 1
