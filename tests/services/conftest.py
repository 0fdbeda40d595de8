"""A real sandbox with a clock to turn, in process and over HTTP, and its answers recorded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from services.sandbox import Settings, create_app, parse_subscribers
from tests.services.surroundings import Clock, served

DATA = Path(__file__).with_name("subscribers.json")


@pytest.fixture
def clock() -> Clock:
    """Stands still until a test turns it."""
    return Clock(datetime(2024, 3, 10, 11, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Starlette]:
    """The sandbox, which takes a moment to answer: what never waits proves nothing about who waits."""
    app = create_app(
        "sqlite://",
        subscribers=parse_subscribers(DATA.read_bytes()),
        clock=clock,
        latency=0.01,
        settings=Settings(scrypt_log2_cost=4),
    )
    yield app
    app.state.store.close()


@pytest.fixture
def address(sandbox: Starlette) -> Iterator[str]:
    """Where the sandbox is served over HTTP."""
    with served(sandbox) as origin:
        yield origin
