"""A sandbox on 10 March 2024, and somebody to visit it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.applications import Starlette

from services.sandbox import Settings, create_app
from tests.services.sandbox.people import people
from tests.services.sandbox.visitor import Clock, Visitor, visiting

CHEAP = Settings(scrypt_log2_cost=4)


@pytest.fixture
def time() -> Clock:
    return Clock("2024-03-10T12:00:00+01:00")


@pytest.fixture
def app(time: Clock) -> Iterator[Starlette]:
    app = create_app("sqlite://", subscribers=people(), clock=time, settings=CHEAP)
    yield app
    app.state.store.close()


@pytest.fixture
async def visitor(app: Starlette) -> AsyncIterator[Visitor]:
    async with visiting(app) as visitor:
        yield visitor


@pytest.fixture
async def camille(app: Starlette) -> AsyncIterator[Visitor]:
    """Somebody signed in, whose contract c1 has something of everything."""
    async with visiting(app) as visitor:
        await visitor.sign_in("camille@demo.example")
        yield visitor
