"""Simulated faults and resets of the demonstration, and their isolation per visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from httpx_retries import Retry
from sqlalchemy import Connection, func, select
from starlette.applications import Starlette

from services.client import http, simulated_faults
from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.simulated_faults import SLOWNESS, Demonstration, SimulatedFault
from services.domain.errors import Locked, Refused, SessionExpired, Unavailable, Unreachable
from services.domain.models import DisputeReason
from services.sandbox import SandboxSettings, create_app, demo, schema
from tests.harness.clock import Clock

CAMILLE = "camille@demo.example"
SUZANNE = "suspendu@demo.example"


async def sign_in(backend: Backend, identifier: str) -> None:
    challenge = await backend.begin_sign_in(identifier)
    await backend.finish_sign_in(challenge, demo.PASSWORD, remember=False)


class Waiting:
    """Fake sleep that records its durations."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable retries."""
    monkeypatch.setattr(http, "_RETRY", Retry(total=0))


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 5, 14, 10, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Starlette]:
    people = {one.identifier: one for one in demo.subscribers(clock())}
    app = create_app(
        "sqlite://",
        subscribers=(people[CAMILLE], people[SUZANNE]),
        clock=clock,
        latency=0.003,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )
    yield app
    app.state.store.close()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def demonstration(sandbox: Starlette, clock: Clock, waiting: Waiting) -> Demonstration:
    return Demonstration(sandbox, clock=clock, wait=waiting)


@pytest.fixture
async def camille(demonstration: Demonstration) -> Backend:
    backend = demonstration.backend(MemoryStore())
    await sign_in(backend, CAMILLE)
    return backend


async def test_building_the_backend_does_not_count_against_the_time_limit_of_a_call(
    sandbox: Starlette, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[bool] = []

    async def build() -> None:
        await asyncio.sleep(0.02)  # cancelled if the time limit of 0 s were running
        built.append(True)

    monkeypatch.setattr(simulated_faults, "CALL_TIMEOUT", 0.0)
    backend = Demonstration(sandbox, clock=clock, ready=build).backend(MemoryStore())
    with pytest.raises(Unreachable):
        await backend.begin_sign_in(CAMILLE)
    assert built


async def test_call_waits_until_the_backend_is_built(sandbox: Starlette, clock: Clock) -> None:
    built = asyncio.Event()
    backend = Demonstration(sandbox, clock=clock, ready=built.wait).backend(MemoryStore())
    asking = asyncio.create_task(backend.begin_sign_in(CAMILLE))
    await asyncio.sleep(0)
    built.set()
    assert (await asking).identifier == CAMILLE


@pytest.mark.parametrize(
    ("fault", "error"), [(SimulatedFault.OFFLINE, Unreachable), (SimulatedFault.SERVER_ERROR, Unavailable)]
)
async def test_simulated_fault_applies_and_clears_immediately(
    demonstration: Demonstration, camille: Backend, fault: SimulatedFault, error: type[Exception]
) -> None:
    demonstration.fault = fault
    with pytest.raises(error):
        await camille.account()
    demonstration.fault = None
    assert (await camille.account()).value.display_name == "Camille Martin"


async def test_simulated_slow_network_delays_the_answer(
    demonstration: Demonstration, camille: Backend, waiting: Waiting
) -> None:
    demonstration.fault = SimulatedFault.SLOW
    assert (await camille.account()).value.display_name == "Camille Martin"
    assert waiting.seconds == [SLOWNESS]


async def test_simulated_expiry_ends_the_session_until_the_next_sign_in(
    demonstration: Demonstration, camille: Backend
) -> None:
    ended: list[bool] = []
    camille.on_session_end = lambda: ended.append(True)
    demonstration.fault = SimulatedFault.EXPIRED
    with pytest.raises(SessionExpired):
        await camille.account()
    assert ended == [True]
    assert not camille.signed_in
    await sign_in(camille, CAMILLE)
    assert demonstration.fault is None
    assert (await camille.account()).value.display_name == "Camille Martin"


async def test_simulated_expiry_remains_after_a_wrong_password(demonstration: Demonstration) -> None:
    demonstration.fault = SimulatedFault.EXPIRED
    backend = demonstration.backend(MemoryStore())
    with pytest.raises(Refused):
        await backend.finish_sign_in(await backend.begin_sign_in(CAMILLE), "Lune-2026", remember=False)
    assert demonstration.fault is SimulatedFault.EXPIRED


@pytest.mark.parametrize("fault", SimulatedFault)
async def test_simulated_fault_does_not_affect_other_visitors(
    sandbox: Starlette, clock: Clock, camille: Backend, fault: SimulatedFault
) -> None:
    other = Demonstration(sandbox, clock=clock, wait=Waiting())
    neighbour = other.backend(MemoryStore())
    await sign_in(neighbour, CAMILLE)
    other.fault = fault
    assert (await camille.account()).value.display_name == "Camille Martin"


async def test_start_over_restores_one_subscriber_and_keeps_sessions(
    sandbox: Starlette, demonstration: Demonstration, camille: Backend
) -> None:
    suzanne = demonstration.backend(MemoryStore())
    await sign_in(suzanne, SUZANNE)
    box = (await camille.account()).value.contracts[0].contract_id
    before = (await camille.subscriptions(box)).value
    periods = (await camille.billing_periods(box)).value

    hers = (await suzanne.billing_periods("suspendu-box")).value

    def undo(connection: Connection) -> None:
        connection.execute(schema.subscription.update().values(status="terminated"))
        connection.execute(schema.contract.update().values(label="Autre"))
        connection.execute(schema.purchase.delete().where(schema.purchase.c.refund_of.is_not(None)))

    sandbox.state.store.transact(undo, writing=True)
    assert (await camille.subscriptions(box)).value != before
    demonstration.fault = SimulatedFault.OFFLINE
    await demonstration.start_over(CAMILLE)
    assert demonstration.fault is None
    assert (await camille.subscriptions(box)).value == before
    assert (await camille.billing_periods(box)).value == periods
    assert (await camille.account()).value.contracts[0].label != "Autre"
    assert (await suzanne.account()).value.contracts[0].label == "Autre", "hers were left as they are"
    assert (await suzanne.billing_periods("suspendu-box")).value == hers
    await sign_in(camille, "06 39 98 01 12")
    await demonstration.start_over("+33 6 39 98 01 12")
    assert (await camille.subscriptions(box)).value == before


async def test_start_over_clears_disputes_stored_answers_and_lockouts(
    sandbox: Starlette, demonstration: Demonstration, camille: Backend
) -> None:
    box = (await camille.account()).value.contracts[0].contract_id
    page = (await camille.purchases(box, "2026-05")).value
    bought = next(one for one in page.items if one.refund_of is None)
    stranger = demonstration.backend(MemoryStore())
    challenge = await stranger.begin_sign_in(CAMILLE)
    for _ in range(5):
        with pytest.raises((Refused, Locked)):
            await stranger.finish_sign_in(challenge, "Lune-2026", remember=False)
    with pytest.raises(Locked):
        await sign_in(demonstration.backend(MemoryStore()), CAMILLE)
    await camille.dispute(box, bought.payment_id, DisputeReason.UNKNOWN, "", str(uuid4()))
    assert (await camille.purchase(box, bought.payment_id)).value.dispute is not None
    await demonstration.start_over(CAMILLE)
    assert (await camille.purchase(box, bought.payment_id)).value.dispute is None
    assert sandbox.state.store.transact(held) == 0
    await sign_in(demonstration.backend(MemoryStore()), CAMILLE)


def held(connection: Connection) -> int:
    """Return the number of stored answers to earlier writes."""
    return int(connection.execute(select(func.count()).select_from(schema.creation)).scalar_one())
