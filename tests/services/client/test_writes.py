"""Writes of the client: idempotent effects, and outcome checks after a lost answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, func, select
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.domain.errors import (
    Changed,
    Forbidden,
    NotFound,
    NotPossible,
    NotSent,
    OutcomeUnknown,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.domain.models import DisputeReason, ServiceStatus, Subscription, SubscriptionStatus
from services.sandbox.schema import dispute
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.services.doubles import PASSWORDS, Network
from tests.services.sandbox.conftest import running
from tests.services.scripted import Scripted

PASSWORD = PASSWORDS["camille@demo.example"]


class Unreliable(Network):
    """Network that delivers requests but can lose or replace their answers."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(app)
        self.lost: list[str] = []
        """Methods of the next requests whose answers are lost, one entry per request."""
        self.failing: list[str] = []
        """Methods of the next requests that are executed but answered with 504."""
        self.refusing: list[str] = []
        """Methods of the next requests that are answered with 503 and not executed."""
        self.tags = '"{}"'
        """Format that the network applies to each `ETag`."""
        self.held: asyncio.Event | None = None
        """Set by the test to let the answers of reads through."""
        self.holding = asyncio.Semaphore(0)
        """Acquired once for each answer held."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method in self.refusing:
            self.refusing.remove(request.method)
            self.requests.append(request)
            return httpx.Response(503)
        response = await super().handle_async_request(request)
        if "etag" in response.headers:
            response.headers["etag"] = self.tags.replace("{}", response.headers["etag"].strip('"'))
        if request.method in self.lost:
            self.lost.remove(request.method)
            raise httpx.ReadError("lost", request=request)
        if request.method in self.failing:
            self.failing.remove(request.method)
            return httpx.Response(504)
        if request.method == "GET" and self.held is not None:
            self.holding.release()
            await self.held.wait()
        return response

    def sent(self, method: str) -> int:
        """Return the number of requests to `/v1/` sent with this method."""
        return sum(each.method == method and each.url.path.startswith("/v1/") for each in self.requests)


@pytest.fixture
def time() -> Clock:
    return Clock("2024-03-10T12:00:00+01:00")


@pytest.fixture
def subscribed(database: str, time: Clock) -> Iterator[Starlette]:
    """Return a sandbox on each kind of database, with subscriptions, a service and purchases."""
    with running(database, time) as app:
        yield app


@pytest.fixture
def network(subscribed: Starlette) -> Unreliable:
    return Unreliable(subscribed)


@pytest.fixture
async def backend(network: Unreliable, time: Clock) -> Backend:
    return await signed_in(network, time)


async def signed_in(network: Network, time: Clock, identifier: str = "camille@demo.example") -> Backend:
    backend = network.backend(MemoryStore(), time)
    challenge = await backend.begin_sign_in(identifier)
    await backend.finish_sign_in(challenge, PASSWORD, remember=True)
    return backend


async def one(backend: Backend, subscription_id: str = "monthly") -> tuple[Subscription, str]:
    """Return a subscription and the ETag of its list."""
    answer = await backend.subscriptions("c1")
    return next(each for each in answer.value if each.subscription_id == subscription_id), answer.etag


def count(app: Starlette, table: object) -> int:
    def rows(connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(table)) or 0  # type: ignore[arg-type]

    found: int = app.state.store.transact(rows)
    return found


CHANGED_ON_THE_WAY = ['W/"{}"', '"{}-gzip"', 'W/"{}-gzip"', '"{}--gzip"', '"{};gzip"', '"{}-br"']
"""ETags as compressing proxies rewrite them."""


@pytest.mark.parametrize("form", CHANGED_ON_THE_WAY)
async def test_change_through_a_compressing_proxy_is_done(
    network: Unreliable, time: Clock, form: str
) -> None:
    network.tags = form
    backend = await signed_in(network, time)
    _, etag = await one(backend)
    assert (await backend.terminate("c1", "monthly", etag)).value.status.ended
    seen = await backend.service("c1")
    again = await backend.service("c1")
    assert again.value is seen.value, "a tag changed on its way still names what is known"
    off = await backend.switch_service("c1", ServiceStatus.SUSPENDED, again.etag)
    assert off.value.status is ServiceStatus.SUSPENDED


@pytest.mark.parametrize("form", ['"{}"', *CHANGED_ON_THE_WAY])
async def test_change_names_the_tag_that_a_strict_backend_gave(form: str) -> None:
    named: list[list[str]] = []

    def answering(request: httpx.Request) -> httpx.Response:
        named.append(request.headers.get("if-match", "").split(", "))
        service = {
            "status": "active",
            "since": "2024-01-05",
            "affectedSubscriptions": 0,
            "outstanding": {"amount": "0.00"},
        }
        return httpx.Response(200, json=service, headers={"etag": form.replace("{}", "x")})

    backend = await Scripted(answering).backend()
    seen = await backend.service("c1")
    await backend.switch_service("c1", ServiceStatus.ACTIVE, seen.etag)
    assert '"x"' in named[-1]
    assert form != '"{}"' or named[-1] == ['"x"']


async def test_pending_service_switch_is_reported_and_locks_the_service(database: str, time: Clock) -> None:
    with running(database, time, suspension_delay=timedelta(minutes=1)) as app:
        network = Unreliable(app)
        backend = await signed_in(network, time)
        seen = await backend.service("c1")
        network.lost = ["PUT"]
        answer = await backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag)
        assert (answer.value.status, answer.value.pending_status) == (
            ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED,
        )  # fmt: skip
        with pytest.raises(NotPossible) as refused:
            await backend.switch_service("c1", ServiceStatus.ACTIVE, answer.etag)
        assert refused.value.code == "SERVICE_LOCKED"
        time.advance(minutes=1)
        assert (await backend.service("c1")).value.status is ServiceStatus.SUSPENDED


@pytest.mark.parametrize("loss", ["lost", "failing"])
async def test_change_with_a_lost_answer_is_confirmed_by_a_read(
    backend: Backend, network: Unreliable, loss: str
) -> None:
    _, etag = await one(backend)
    seen = await backend.service("c1")
    getattr(network, loss).append("PUT")
    ended = await backend.terminate("c1", "monthly", etag)
    assert ended.value.status is SubscriptionStatus.TERMINATED
    assert await one(backend) == (ended.value, ended.etag)

    getattr(network, loss).append("PUT")
    seen = await backend.service("c1")
    off = await backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag)
    assert off.value.status is ServiceStatus.SUSPENDED
    assert network.sent("PUT") == 2, "nothing was sent again: it was read"


async def test_change_that_never_arrived_raises_and_can_be_repeated(
    backend: Backend, network: Unreliable
) -> None:
    _, etag = await one(backend)
    network.down = True
    with pytest.raises(Unreachable):
        await backend.terminate("c1", "monthly", etag)
    network.down = False
    network.refusing = ["PUT"]
    with pytest.raises(Unavailable):
        await backend.terminate("c1", "monthly", etag)
    subscription, unchanged = await one(backend)
    assert (subscription.status, unchanged) == (SubscriptionStatus.ACTIVE, etag)
    assert (await backend.terminate("c1", "monthly", unchanged)).value.status.ended


async def test_change_offline_raises_not_sent_without_a_retry(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    seen = await backend.service("c1")
    network.down = True
    asked = len(network.requests)
    for change in (
        lambda: backend.terminate("c1", "monthly", etag),
        lambda: backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag),
        lambda: backend.dispute("c1", "charge", DisputeReason.AMOUNT, "", str(uuid4())),
    ):
        with pytest.raises(NotSent):
            await change()
    assert len(network.requests) == asked + 3, "nothing was tried again, and nothing read"


@pytest.mark.parametrize("answer", ["lost", "html", "busy"])
async def test_change_whose_renewal_fails_is_not_sent(
    backend: Backend, network: Unreliable, time: Clock, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    _, etag = await one(backend)
    time.advance(minutes=6)
    inner = network.handle_async_request

    async def astray(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/oauth/token":
            return await inner(request)
        if answer == "lost":
            raise httpx.ReadError("lost", request=request)
        if answer == "busy":
            return httpx.Response(503)
        return httpx.Response(200, html="<title>Welcome aboard</title>")

    monkeypatch.setattr(network, "handle_async_request", astray)
    expected = {"lost": NotSent, "busy": Unavailable, "html": UnexpectedAnswer}[answer]
    with pytest.raises(expected):
        await backend.terminate("c1", "monthly", etag)
    monkeypatch.undo()
    assert (await one(backend))[0].status is SubscriptionStatus.ACTIVE


@pytest.mark.parametrize("loss", ["lost", "failing", "refusing"])
async def test_change_that_cannot_be_confirmed_raises_outcome_unknown(
    backend: Backend, network: Unreliable, subscribed: Starlette, loss: str
) -> None:
    _, etag = await one(backend)
    seen = await backend.service("c1")
    getattr(network, loss).extend(["PUT", "PUT", "POST", "POST"] + 9 * ["GET"])
    with pytest.raises(OutcomeUnknown):
        await backend.terminate("c1", "monthly", etag)
    with pytest.raises(OutcomeUnknown):
        await backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag)
    key = str(uuid4())
    with pytest.raises(OutcomeUnknown):
        await backend.dispute("c1", "charge", DisputeReason.AMOUNT, "", key)
    assert network.sent("POST") == 2
    getattr(network, loss).clear()
    arrived = loss != "refusing"
    assert (await one(backend))[0].status.ended is arrived
    assert count(subscribed, dispute) == arrived
    assert await backend.dispute("c1", "charge", DisputeReason.AMOUNT, "", key)
    assert count(subscribed, dispute) == 1


async def test_termination_repeated_after_an_unknown_outcome_succeeds(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    network.lost = ["PUT", "GET", "GET", "GET"]
    with pytest.raises(OutcomeUnknown):
        await backend.terminate("c1", "monthly", etag)
    network.lost = []
    time.advance(minutes=1)
    again = await backend.terminate("c1", "monthly", etag)
    assert again.value.status is SubscriptionStatus.TERMINATED
    assert await one(backend) == (again.value, again.etag)


async def test_concurrent_identical_changes_send_one_request(
    backend: Backend, network: Unreliable, subscribed: Starlette
) -> None:
    _, etag = await one(backend)
    first, second = await asyncio.gather(*(backend.terminate("c1", "monthly", etag) for _ in range(2)))
    assert first == second
    assert network.sent("PUT") == 1
    key = str(uuid4())
    told = await asyncio.gather(
        *(backend.dispute("c1", "charge", DisputeReason.AMOUNT, "", key) for _ in range(2))
    )
    assert told[0] == told[1]
    assert (network.sent("POST"), count(subscribed, dispute)) == (1, 1)


async def test_change_with_a_stale_etag_raises_changed_and_has_no_effect(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    seen = await backend.service("c1")
    elsewhere = await signed_in(network, time)
    await elsewhere.terminate("c1", "weekly", etag)
    with pytest.raises(Changed):
        await backend.terminate("c1", "monthly", etag)
    with pytest.raises(Changed):
        await backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag)
    subscription, etag = await one(backend)
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert (await backend.terminate("c1", "monthly", etag)).value.status.ended


async def test_change_against_the_rules_raises_its_error(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    with pytest.raises(NotPossible) as refused:
        await backend.terminate("c1", "elsewhere", etag)
    assert refused.value.code == "TERMINATION_NOT_ALLOWED"
    with pytest.raises(NotPossible) as refused:
        await backend.dispute("c1", "back", DisputeReason.OTHER, "", str(uuid4()))
    assert refused.value.code == "DISPUTE_NOT_ALLOWED"
    await backend.dispute("c1", "charge", DisputeReason.OTHER, "", str(uuid4()))
    with pytest.raises(NotPossible) as refused:
        await backend.dispute("c1", "charge", DisputeReason.OTHER, "", str(uuid4()))
    assert refused.value.code == "DISPUTE_EXISTS"
    with pytest.raises(NotFound):
        await backend.terminate("b1", "sb", etag)
    with pytest.raises(NotFound):
        await backend.terminate("c1", "../c2", etag)
    with pytest.raises(UnexpectedAnswer):
        await backend.dispute("c1", "pending", DisputeReason.OTHER, "a" * 501, str(uuid4()))
    farid = await signed_in(network, time, "farid@demo.example")
    with pytest.raises(Forbidden):
        await farid.service("f1")
    with pytest.raises(Forbidden):
        await farid.switch_service("f1", ServiceStatus.SUSPENDED, "*")


async def test_cancelled_caller_does_not_cancel_the_change(backend: Backend) -> None:
    _, etag = await one(backend)
    leaving = asyncio.create_task(backend.terminate("c1", "monthly", etag))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await backend._writes.settled()
    assert (await one(backend))[0].status.ended


async def test_close_waits_for_the_change_in_flight(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    ending = asyncio.create_task(backend.terminate("c1", "monthly", etag))
    await asyncio.sleep(0)
    await backend.close()
    assert (await ending).value.status.ended


async def test_change_in_flight_at_sign_out_raises_session_expired(backend: Backend) -> None:
    _, etag = await one(backend)
    ending = asyncio.create_task(backend.terminate("c1", "monthly", etag))
    await asyncio.sleep(0)
    await backend.sign_out()
    with pytest.raises(SessionExpired):
        await ending


async def test_read_after_a_change_does_not_share_an_earlier_request(
    backend: Backend, network: Unreliable
) -> None:
    _, etag = await one(backend)
    network.held = asyncio.Event()
    early = asyncio.ensure_future(backend.subscriptions("c1"))
    await network.holding.acquire()
    await backend.terminate("c1", "monthly", etag)
    late = asyncio.create_task(one(backend))
    async with asyncio.timeout(stretched(5)):
        await network.holding.acquire()
    network.held.set()
    assert (await early).etag == etag
    assert (await late)[0].status.ended


async def test_dispute_with_a_lost_answer_is_repeated_and_created_once(
    backend: Backend, network: Unreliable, subscribed: Starlette
) -> None:
    network.lost = ["POST"]
    key = str(uuid4())
    told = await backend.dispute("c1", "charge", DisputeReason.AMOUNT, "2,99 \ud800 €", key)
    assert (network.sent("POST"), count(subscribed, dispute)) == (2, 1)
    assert {
        each.headers["idempotency-key"]
        for each in network.requests
        if each.method == "POST" and "disputes" in each.url.path
    } == {key}
    purchase = (await backend.purchase("c1", "charge")).value
    assert purchase.dispute == told
    assert (told.reason, told.status) == (DisputeReason.AMOUNT, "acknowledged")


async def test_change_with_an_expired_token_renews_once(
    backend: Backend, network: Unreliable, time: Clock
) -> None:
    _, etag = await one(backend)
    time.advance(minutes=6)
    assert (await backend.terminate("c1", "monthly", etag)).value.status.ended
    assert len(network.renewals) == 1


@pytest.mark.parametrize("lost", [[], ["DELETE"]])
async def test_sign_out_everywhere_ends_all_sessions(
    backend: Backend, network: Unreliable, time: Clock, lost: list[str]
) -> None:
    elsewhere = await signed_in(network, time)
    network.lost = lost
    assert await backend.sign_out_everywhere() is None
    assert not backend.signed_in
    with pytest.raises(SessionExpired):
        await elsewhere.account()
    assert not elsewhere.signed_in


async def test_sign_out_everywhere_offline_keeps_the_session(backend: Backend, network: Unreliable) -> None:
    network.down = True
    with pytest.raises(Unreachable):
        await backend.sign_out_everywhere()
    assert backend.signed_in
    network.down = False
    assert (await backend.account()).value.display_name == "Camille"


async def test_changes_survive_a_restart_of_app_and_backend(database: str, time: Clock) -> None:
    with running(database, time) as app:
        backend = await signed_in(Network(app), time)
        ended = await backend.terminate("c1", "monthly", (await backend.subscriptions("c1")).etag)
        off = await backend.switch_service("c1", ServiceStatus.SUSPENDED, (await backend.service("c1")).etag)
        told = await backend.dispute("c1", "charge", DisputeReason.UNKNOWN, "", str(uuid4()))
        await backend.close()
    time.advance(hours=20)
    with running(database, time) as app:
        backend = await signed_in(Network(app), time)
        assert (await one(backend))[0] == ended.value
        assert (await backend.service("c1")).value == off.value
        assert (await backend.purchase("c1", "charge")).value.dispute == told
