"""Several processes behind nginx: a visitor stays on one, and the end of one does not affect the others."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from itertools import count

import pytest

from services.domain.periods import latest_periods
from tests.harness.patience import stretched
from tests.harness.postgresql import cluster
from tests.harness.processes import STARTED
from tests.harness.wire import WireClient
from tests.nightly.deploy.deployment import COOKIE, Deployment, Unit, deployed, nginx
from tests.services.sandbox.factories import contract, data_file, purchase, subscriber, subscription
from tests.services.sandbox.visitor import PASSWORD

NOW = "2024-03-10T12:00:00+01:00"
PERIODS = latest_periods(date(2024, 3, 10))
"""Newest first."""
MONTHS = ("Facture d’avril", "Facture de mars", "Facture de février", "Facture de janvier")
"""Names of their bars."""
RETURNS = 4


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Start two app processes and two sandboxes together, on an empty database."""
    folder = tmp_path_factory.mktemp("deployment")
    data = folder / "subscribers.json"
    people = (
        subscriber(name, contract(name, *bought(name), subscriptions=[subscription(f"s-{name}")]))
        for name in ("ada", "bob")
    )
    data.write_bytes(data_file(*people))
    with cluster() as server, deployed(folder, server.database(), "--data", str(data), "--now", NOW) as found:
        yield found
    for each in (*found.apps, *found.sandboxes):
        assert each.log.read_text("utf-8") == ""
    assert [one for one in found.routed if one.status >= 500] == []


def bought(name: str) -> list[dict[str, object]]:
    """Return one purchase in each period; its merchant names the subscriber and the period."""
    return [
        purchase(
            f"p-{name}-{number}",
            datetime.fromisoformat(f"{period.start + timedelta(days=2)}T12:00:00+01:00").isoformat(),
            merchantName=f"Chez {name} {number}",
        )
        for number, period in enumerate(PERIODS)
    ]


@asynccontextmanager
async def visit(
    deployment: Deployment, name: str, address: str, *, route: str = "/achats"
) -> AsyncIterator[WireClient]:
    """Connect and sign in from the address `visitor`."""
    client = WireClient(deployment.url, route=route)
    await deployment.lead(client, address)
    async with client:
        await sign_in(client, name)
        yield client


async def sign_in(client: WireClient, name: str) -> None:
    await client.enter("Identifiant", f"{name}@demo.example")
    await client.tap("Continuer")
    await client.enter("Mot de passe", PASSWORD)
    await client.tap("Se connecter")
    await client.see_not("Votre mot de passe")


async def choose(client: WireClient, name: str, period: int) -> None:
    """Select another period, and wait for its list."""
    await client.tap(MONTHS[period])
    await client.see(f"Chez {name} {period}")


async def apart(deployment: Deployment) -> tuple[str, str, Unit]:
    """Return two client addresses served by different processes, and the process of the first."""
    first = "127.0.0.2"
    process = await deployment.process_of(first)
    for number in count(3):
        second = f"127.0.0.{number}"
        if await deployment.process_of(second) is not process:
            return first, second, process
    raise AssertionError("count never ends")


async def test_a_visitor_stays_with_one_process_and_is_found_again_on_return(deployment: Deployment) -> None:
    ada, bob, _ = await apart(deployment)
    for name, address in (("ada", ada), ("bob", bob)):
        async with visit(deployment, name, address) as client:
            await choose(client, name, 1)
            for number in range(RETURNS):
                await client.cut()
                await come_back(client)
                await choose(client, name, number % 2 + 2)
        answered = {one.processes for one in deployment.routed if one.visitor == address}
        assert len(answered) == 1, f"{name} was led to {answered}"


async def come_back(client: WireClient) -> None:
    """Resume the session; retry until the app has noticed the disconnection."""
    session, deadline = client.session_id, time.monotonic() + stretched(STARTED)
    while True:
        await client.register()
        if client.session_id == session:
            return
        assert time.monotonic() < deadline, "the session is lost"
        await client.cut()
        client.session_id = session
        await asyncio.sleep(0.05)


async def test_when_an_app_process_is_killed_its_visitors_lose_nothing_and_others_notice_nothing(
    deployment: Deployment,
) -> None:
    adas, bobs, process = await apart(deployment)
    async with (
        visit(deployment, "ada", adas, route="/gerer") as ada,
        visit(deployment, "bob", bobs) as bob,
    ):
        await ada.tap("Résilier", "Résilier l’abonnement")
        await ada.see("Abonnement résilié")
        session = bob.session_id
        process.kill()
        try:
            await choose(bob, "bob", 1)
            async with asyncio.timeout(stretched(STARTED)):
                while ada.connected:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await ada.close()
            await ada.register()
            await ada.see("Identifiez-vous")
            assert ada.tree.page["route"] == ada.route == "/gerer"
            await sign_in(ada, "ada")
            await ada.see("Résilié · accès jusqu’au 5 avril")
            await choose(bob, "bob", 2)
        finally:
            process.start().listens()  # as systemd does
        async with asyncio.timeout(stretched(STARTED)):
            while await deployment.process_of(adas) is not process:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        await choose(bob, "bob", 3)
        assert (bob.connected, bob.session_id) == (True, session)
        await ada.go("/achats")
        await choose(ada, "ada", 1)


async def test_when_a_sandbox_is_killed_the_other_answers_for_it(deployment: Deployment) -> None:
    killed, other = deployment.sandboxes
    async with visit(deployment, "bob", "127.0.0.2") as bob:
        killed.kill()
        try:
            for period in range(1, len(MONTHS)):
                await choose(bob, "bob", period)
            async with visit(deployment, "ada", "127.0.0.3") as ada:
                await choose(ada, "ada", 1)
                assert not ada.shows("Réessayer")
            assert not bob.shows("Réessayer")
        finally:
            killed.start().listens()
    assert any(one.processes == (killed.address, other.address) for one in deployment.routed)


async def test_health_of_a_process_is_told_through_the_proxy(deployment: Deployment) -> None:
    health = await deployment.ask("/healthz", "127.0.0.2")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})


async def test_nginx_accepts_the_configuration(deployment: Deployment) -> None:
    tested = await asyncio.create_subprocess_exec(*nginx(deployment.folder), "-t", stderr=subprocess.PIPE)
    _, said = await tested.communicate()
    assert tested.returncode == 0, said.decode()


async def test_what_the_app_says_over_http_comes_through_and_what_visitors_claim_does_not(
    deployment: Deployment,
) -> None:
    claimed = {"X-Forwarded-For": "10.9.8.7", "X-Forwarded-Proto": "http"}
    page = await deployment.ask(
        "/achats?periode=2024-03", "127.0.0.2", **claimed, accept="text/html", **{"accept-encoding": "gzip"}
    )
    assert page.status_code == 200
    assert page.headers["content-encoding"] == "gzip"
    assert "max-age" in page.headers["strict-transport-security"]
    assert f"{COOKIE}=" in page.headers["set-cookie"]
    assert "secure" in page.headers["set-cookie"].lower()
    assert page.headers["cross-origin-opener-policy"] == "same-origin"
    plain = await deployment.ask_plainly("/achats?periode=2024-03")
    assert plain.status_code == 301
    assert plain.headers["location"] == "https://conso.example/achats?periode=2024-03"
