"""Changes by a subscriber in a real browser, on both kinds of database: done once, and still true later.

The sandbox's clock stands at 14 May 2026, noon in Paris: the current period goes from 26 April to 25 May.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from playwright.sync_api import Page
from sqlalchemy import func, select

from services.sandbox.schema import dispute, feedback, subscription
from tests.e2e.browser import (
    PATIENCE,
    download,
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
from tests.e2e.test_journeys import FR, PASSWORD, see_rows, sign_in
from tests.harness.patience import stretched
from tests.harness.postgresql import cluster
from tests.harness.processes import Server

ADA, ZOE = "ada@demo.example", "zoe@demo.example"
REFERENCE = r"(?:RS|SG)-\d{6}-\d{6}"


def _subscription(subscription_id: str, merchant: str, price: str, rhythm: str, due: str) -> dict[str, Any]:
    return {
        "subscriptionId": subscription_id,
        "name": f"Offre de {merchant}",
        "merchantName": merchant,
        "price": {"amount": price, "currency": "EUR"},
        "recurringChargePeriod": rhythm,
        "startDate": "2025-12-01",
        "nextChargeDate": due,
    }


def _entry(
    payment_id: str, moment: str, amount: str, status: str = "succeeded", **more: Any
) -> dict[str, Any]:
    return {
        "paymentId": payment_id,
        "entryType": "refund" if amount.startswith("-") else "purchase",
        "paymentStatus": status,
        "paymentDate": f"{moment}+02:00",
        "amount": {"amount": amount, "currency": "EUR"},
        "description": "Article; à l’unité",
        "merchantName": "Ciné Minute",
        "purchaseCategoryCode": "video",
        "channel": "internetplus_box",
        "kind": "oneOff",
        "referenceCode": f"IP-{payment_id}",
    } | more


def _subscriber(identifier: str, name: str) -> dict[str, Any]:
    """Return a subscriber with two subscriptions, and one entry of each kind in the current period."""
    who = identifier.partition("@")[0]
    return {
        "identifier": identifier,
        "password": PASSWORD,
        "displayName": name,
        "contracts": [
            {
                "contractId": f"{who}-box",
                "kind": "internet",
                "label": "Box Fibre",
                "maskedNumber": "04 •• •• •• 21",
                "service": {"status": "active", "since": "2023-03-03"},
                "subscriptions": [
                    _subscription(f"{who}-weekly", "Club Cubéo", "2.99", "week", "2026-05-18"),
                    _subscription(f"{who}-monthly", "Gazette des Rives", "4.99", "month", "2026-06-02"),
                ],
                "purchases": [
                    _entry(f"{who}-paid", "2026-05-09T21:05:00", "3.99"),
                    _entry(f"{who}-dear", "2026-05-02T10:00:00", "12.50"),
                    _entry(f"{who}-back", "2026-05-10T08:00:00", "-2.49", refundOf=f"{who}-dear"),
                    _entry(f"{who}-pending", "2026-05-13T18:30:00", "7.77", "processing"),
                    _entry(f"{who}-denied", "2026-05-11T12:00:00", "28.00", "denied"),
                ],
            }
        ],
    }


DATA = {"subscribers": [_subscriber(ADA, "Ada Blanchet"), _subscriber(ZOE, "Zoé Marchand")]}


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


def enter_at(page: Page, identifier: str, heading: str) -> None:
    """Sign in at the address the page was opened at."""
    sign_in(page, FR, identifier)
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
    see(page, "1 abonnement en cours peut être interrompu par son éditeur.")
    see(page, "restent dus et seront facturés : 21,77 €.")
    double_tap(page, "Désactiver le service")
    see(page, "Désactivé depuis le 14 mai 2026")
    service_is(page, False)
    see(page, "Suspendu")


def report_problem(page: Page) -> str:
    row = next(row for row in see_rows(page) if "21:05" in row)
    tap(page, row)
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
    enter_at(page, ADA, "Gérer internet+")
    ended = end_subscription(page)
    turn_service_off(page)
    page.close()
    page = visit(f"{url}/achats", device=device)
    enter_at(page, ADA, "Achats internet+")
    reported = report_problem(page)
    page.close()
    page = visit(f"{url}/aide/periode", device=device)
    sign_in(page, FR, ADA)
    see(page, "Cette page vous a-t-elle été utile ?")
    give_opinion(page)
    page.close()

    deployment.restart()
    page = visit(f"{url}/gerer", device=device)
    enter_at(page, ADA, "Gérer internet+")
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
    enter_at(page, ADA, "Gérer internet+")
    see(page, "Actif depuis le 14 mai 2026")
    service_is(page, True)
    page.close()
    page = visit(f"{url}/achats/ada-paid?periode=2026-06", device=device)
    sign_in(page, FR, ADA)
    see(page, f"Signalement envoyé. Référence {reported}.")
    assert not shows(page, "Signaler un problème")

    assert deployment.count(select(func.count()).select_from(dispute)) == 1
    assert deployment.count(select(func.count()).select_from(feedback)) == 1
    of_ada = subscription.c.contract_id == "ada-box"
    receipts = select(func.count()).where(of_ada, subscription.c.termination_reference.is_not(None))
    assert deployment.count(receipts) == 1


def test_the_file_of_a_period_sums_to_the_total_on_screen(
    on_sqlite: Deployment, visit: Visit, tmp_path: Path
) -> None:
    page = visit(f"{on_sqlite.app.url}/achats?periode=2026-06")
    enter_at(page, ZOE, "Achats internet+")
    see(page, "14,00 €")
    see(page, "7,77 € en attente de confirmation")
    tap(page, "Exporter la période (CSV)")
    see(page, "La période affichée")
    file = download(page, "Enregistrer le fichier", tmp_path)
    see(page, "Export enregistré")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert len(rows) == 5
    assert {row["Contenu"] for row in rows} == {"Article; à l’unité"}

    def total(column: str) -> Decimal:
        return sum((Decimal(row[column].replace(",", ".")) for row in rows), Decimal(0))

    assert total("Montant compté dans le total") == Decimal("14.00")
    assert total("Montant") == Decimal("49.77"), "refunds, pending and refused entries included"
