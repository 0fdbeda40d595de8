"""Automatic recovery of failed reads: timing, number of requests, clean-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from services.domain.errors import Unavailable
from tests.harness.patience import stretched
from tests.views.conftest import Line, Serve, sign_in
from tests.views.factories import ABONNE, subscribed
from views.core.recovery import PAUSES, RecoveryState
from views.core.session import Gate, SessionState


class Nap:
    """Fake sleep: records its durations and ends when the test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await self._over.wait()

    async def taken(self, times: int) -> None:
        """Wait until `times` pauses have begun."""
        await until(lambda: len(self.asked) == times)

    def end(self) -> None:
        self._over.set()
        self._over = asyncio.Event()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(stretched(10)):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.002)


async def a_while() -> None:
    """Wait long enough for an unwanted request to be sent."""
    await asyncio.sleep(0.05)


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


@pytest.fixture
def nap() -> Nap:
    return Nap()


@asynccontextmanager
async def watching(line: Line, nap: Nap) -> AsyncIterator[tuple[SessionState, RecoveryState]]:
    """Yield a signed-in session with its periods, subscriptions and service loaded."""
    before = asyncio.all_tasks()
    session = SessionState(line.backend())
    recovery = RecoveryState(session, nap)
    await session.start()
    await sign_in(session.backend, ABONNE)
    await session.enter(None)
    await read(session)
    line.asked.clear()
    yield session, recovery
    recovery.close()
    await until(lambda: asyncio.all_tasks() == before)  # no task remains


async def read(session: SessionState) -> None:
    assert session.purchases is not None
    await asyncio.gather(session.purchases.open(None), session.load_management())


async def test_recovery_does_not_run_without_a_failure(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        await read(session)
        assert nap.asked == []
        assert recovery._task is None


async def test_recovery_probes_once_per_pause_then_reloads_each_failed_read_once(
    line: Line, nap: Nap
) -> None:
    async with watching(line, nap) as (session, recovery):
        line.down = True
        await read(session)
        assert session.purchases is not None
        assert session.purchases.periods.data, "read before"
        await session.purchases.load_periods()
        line.asked.clear()
        for number, pause in enumerate((*PAUSES, PAUSES[-1]), 1):
            await nap.taken(number)
            assert nap.asked[-1] == pause
            assert len(line.asked) == number - 1, "one probe a pause, whatever failed"
            nap.end()
        await nap.taken(7)
        assert set(line.asked) == {"/v1/me"}
        line.asked.clear()
        line.down = False
        nap.end()
        await until(lambda: recovery.restored)
        assert sorted(line.asked) == [
            "/v1/contracts/abonne-box/billing-periods",
            "/v1/contracts/abonne-box/service",
            "/v1/contracts/abonne-box/subscriptions",
            "/v1/me",
        ]
        assert session.purchases.periods.error is None
        assert session.subscriptions is not None
        assert session.subscriptions.subscriptions.error is None
        assert session.service is not None
        assert session.service.service.error is None
        assert recovery._task is None
        await a_while()
        assert recovery.restored == 1


async def test_recovery_ends_after_a_manual_reload(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.down = True
        await session.load_management()
        line.down = False
        await session.load_management()
        await until(lambda: recovery._task is None)
        assert recovery.restored == 1
        assert line.asked.count("/v1/me") == 0


async def test_recovery_resumed_from_rest_retries_immediately(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.down = True
        await session.load_management()
        await until(lambda: nap.asked)
        recovery.rest()
        nap.end()
        await a_while()
        assert line.asked.count("/v1/me") == 0, "nobody looks"
        line.down = False
        recovery.wake()
        await until(lambda: recovery.restored)
        assert len(nap.asked) == 1


async def test_recovery_woken_during_a_pause_retries_immediately(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.down = True
        await session.load_management()
        await until(lambda: nap.asked)
        line.down = False
        recovery.wake()
        await until(lambda: recovery.restored)


async def test_recovery_waits_for_the_retry_after_of_the_backend(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.busy = 3
        await session.load_management()
        assert session.service is not None
        assert isinstance(session.service.service.error, Unavailable)
        line.asked.clear()
        line.busy = None
        for passed in (1, 2, 3):
            await nap.taken(passed)
            assert recovery.countdown.seconds == 4 - passed
            recovery.wake()  # not even when the app returns to the foreground
            await a_while()
            assert line.asked == []
            nap.end()
        await until(lambda: recovery._task is None)
        assert nap.asked == [1, 1, 1]
        assert recovery.countdown.seconds == 0
        assert session.service.service.error is None
        assert recovery.restored == 0, "the connection was never lost"


async def test_recovery_backs_off_while_a_read_keeps_failing(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.broken = "/service"
        await session.load_management()
        for number in range(1, 4):
            await nap.taken(number)
            nap.end()
        await nap.taken(4)
        assert nap.asked == list(PAUSES[:4])
        assert line.asked.count("/v1/contracts/abonne-box/subscriptions") == 1, "it had not failed"
        line.broken = None
        nap.end()
        await until(lambda: recovery._task is None)


async def test_recovery_ends_at_sign_out(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        line.down = True
        await session.load_management()
        await until(lambda: nap.asked)
        await session.sign_out()
        await until(lambda: recovery._task is None)
        assert session.gate is Gate.SIGNED_OUT
        assert recovery.restored == 0


async def test_recovery_ignores_the_previous_contract(line: Line, nap: Nap) -> None:
    async with watching(line, nap) as (session, recovery):
        left = session.service
        assert left is not None
        assert session.account.data is not None
        session.choose(session.account.data.contracts[1])
        line.down = True
        await left.load()
        await a_while()
        assert recovery._task is None
        assert session.service is not None
        await session.service.load()
        assert recovery._task is not None
