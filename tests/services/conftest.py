"""Fixtures of a real sandbox with a settable clock, in process and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from services.sandbox import SandboxSettings, create_app, parse_subscribers
from tests.harness.clock import Clock
from tests.harness.postgresql import Cluster
from tests.harness.servers import served
from tests.services.doubles import OPENED

CHEAP = SandboxSettings(scrypt_log2_cost=4)
DATABASES = ("sqlite", "postgresql")
DATA = Path(__file__).with_name("subscribers.json")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database that outlives the sandbox."""
    return empty_database(request, tmp_path)


def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sandbox.sqlite3'}"
    server: Cluster = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture(autouse=True)
async def close_clients() -> AsyncIterator[None]:
    """Close the clients that the test's doubles have made."""
    yield
    while OPENED:
        await OPENED.pop().close()


@pytest.fixture
def clock() -> Clock:
    """Return a clock that changes only when a test sets it."""
    return Clock(datetime(2024, 3, 10, 11, tzinfo=UTC))


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Starlette]:
    """Return a sandbox whose answers take 10 ms, so that concurrent requests overlap."""
    with running("sqlite://", clock) as app:
        yield app


@contextmanager
def running(database: str, clock: Clock, settings: SandboxSettings = CHEAP) -> Iterator[Starlette]:
    """Create a sandbox with the subscribers of these tests."""
    app = create_app(
        database,
        subscribers=parse_subscribers(DATA.read_bytes()),
        clock=clock,
        latency=0.01,
        settings=settings,
    )
    with closing(app.state.store):
        yield app


@pytest.fixture
def address(sandbox: Starlette) -> Iterator[str]:
    """Return the origin at which the sandbox is served over HTTP."""
    with served(sandbox) as origin:
        yield origin
