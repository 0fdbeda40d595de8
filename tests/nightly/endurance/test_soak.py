"""Many visits, sign-ins and periods: they leave no objects, and memory does not grow."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from starlette.applications import Starlette

from services.client.credentials import MemoryStore
from services.client.http import utc_now
from services.sandbox import SandboxSettings, create_app
from tests.harness.in_process import backend_within
from tests.nightly.endurance.soak import GROWTH, crowd, left_over, served
from views.core.session import SessionState

VISITS, BATCHES = 40, 4
"""Visits of a batch over the web, and batches; the first batch is a warm-up."""
SIGN_INS, SWITCHES = 30, 15
"""Sign-ins of a batch at state level, and period switches of each."""
WAITING = 40_000_000
"""Largest growth in bytes by uncollected garbage; it stops after about 300 visits. `left_over` finds smaller
leaks.
"""
PASSWORD = "Soleil-2026"
POOL = min(32, (os.cpu_count() or 1) + 4)
"""Largest size of asyncio's thread pool, whose threads start on demand and stay."""


async def test_nothing_is_left_of_many_visits_over_the_web(tmp_path: Path) -> None:
    rng = Random(4)  # noqa: S311 - chosen moments, no secrets
    with served(tmp_path) as app:
        await crowd(app, VISITS, rng)
        before = await app.holdings()
        for _ in range(1, BATCHES):
            await crowd(app, VISITS, rng)
        after = await app.holdings()
        assert left_over(before, after) == {}
        assert after["rss"] - before["rss"] < WAITING + GROWTH * VISITS * (BATCHES - 1)
        assert not app.said
        assert await asyncio.to_thread(app.stop) == 0


@pytest.fixture
def sandbox() -> Iterator[Starlette]:
    """Yield a sandbox with the demo subscribers."""
    app = create_app("sqlite://", clock=utc_now, settings=SandboxSettings(scrypt_log2_cost=4))
    with closing(app.state.store):
        yield app


async def sessions(sandbox: Starlette, count: int, rng: Random) -> None:
    """Let `count` visitors sign in one after another, show periods, and leave, signed out or not."""
    for _ in range(count):
        backend = backend_within(sandbox, MemoryStore())
        session = SessionState(backend)
        await session.start()
        challenge = await backend.begin_sign_in("camille@demo.example")
        await session.enter(await backend.finish_sign_in(challenge, PASSWORD, remember=rng.random() < 0.5))
        assert session.account.data is not None
        for _ in range(SWITCHES):
            if rng.random() < 0.03:
                session.choose(rng.choice(session.account.data.contracts))
            assert session.purchases is not None
            await session.purchases.open(None)
            periods = session.purchases.periods.data
            assert periods
            await session.purchases.open(rng.choice(periods).period_id)
            assert session.purchases.shown.data is not None
        if rng.random() < 0.7:
            await session.sign_out()
        await backend.close()


def held() -> tuple[int, Counter[str]]:
    """Return the number of tasks, and of live objects by class of a visit."""
    gc.collect()
    kinds = Counter(type(one).__name__ for one in gc.get_objects())
    ours = ("SessionState", "PurchasesState", "Backend", "AsyncClient", "Loadable", "Wire", "Session")
    return len(asyncio.all_tasks()), Counter({kind: kinds[kind] for kind in ours})


async def test_nothing_is_left_of_thousands_of_periods_and_hundreds_of_sign_ins(sandbox: Starlette) -> None:
    rng, threads = Random(4), threading.active_count()  # noqa: S311 - chosen moments, no secrets
    await sessions(sandbox, SIGN_INS, rng)
    before, objects = held(), len(gc.get_objects())
    for _ in range(1, BATCHES):
        await sessions(sandbox, SIGN_INS, rng)
    assert held() == before
    assert threading.active_count() - threads <= POOL
    # Fewer than one object for each visit: caches and the pool of threads may still have grown.
    assert len(gc.get_objects()) - objects < SIGN_INS * (BATCHES - 1)
