"""Fixtures of a sandbox on 10 March 2024 and of its HTTP clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from services.sandbox import SandboxSettings, create_app
from tests.harness.clock import Clock
from tests.services.sandbox.factories import people, subscribed
from tests.services.sandbox.visitor import Visitor, signed_in, visiting

CHEAP = SandboxSettings(scrypt_log2_cost=4)


@pytest.fixture
def time() -> Clock:
    return Clock("2024-03-10T12:00:00+01:00")


@pytest.fixture
def app(time: Clock) -> Iterator[Starlette]:
    app = create_app("sqlite://", subscribers=people(), clock=time, settings=CHEAP)
    yield app
    app.state.store.close()


@pytest.fixture
def subscribed_app(database: str, time: Clock) -> Iterator[Starlette]:
    """Return a sandbox with subscriptions, a service and purchases, on each kind of database."""
    with running(database, time) as app:
        yield app


@pytest.fixture
async def holder(subscribed_app: Starlette) -> AsyncIterator[Visitor]:
    """Return a client signed in as Camille of `subscribed`."""
    async with signed_in(subscribed_app) as visitor:
        yield visitor


@contextmanager
def running(database: str, time: Clock, **settings: timedelta) -> Iterator[Starlette]:
    """Create a sandbox with the subscribers of `subscribed`; its database outlives it."""
    app = create_app(
        database,
        subscribers=subscribed(),
        clock=time,
        settings=replace(CHEAP, **settings),  # type: ignore[arg-type]
    )
    with closing(app.state.store):
        yield app


@asynccontextmanager
async def at_home(database: str, time: Clock, **settings: timedelta) -> AsyncIterator[Visitor]:
    """Create a sandbox as `running` does, and yield a client signed in as Camille."""
    with running(database, time, **settings) as app:
        async with signed_in(app) as visitor:
            yield visitor


@pytest.fixture
async def visitor(app: Starlette) -> AsyncIterator[Visitor]:
    async with visiting(app) as visitor:
        yield visitor


@pytest.fixture
async def camille(app: Starlette) -> AsyncIterator[Visitor]:
    """Return a signed-in client whose contract c1 has entries of every kind."""
    async with signed_in(app) as visitor:
        yield visitor
