"""Outages of the database (stopped, locked, full): requests get 503, then succeed again."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from tests.harness.clock import Clock
from tests.harness.postgresql import Cluster, cluster
from tests.services.sandbox.conftest import running
from tests.services.sandbox.visitor import Visitor, signed_in

CAMILLE = "camille@demo.example"
OUTAGE = (503, "2", "no-store")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """Return a server for this module only, because its tests stop it."""
    with cluster() as server:
        yield server


@pytest.fixture
async def over_postgresql(server: Cluster, time: Clock) -> AsyncIterator[Visitor]:
    with running(server.database(), time) as app:
        async with signed_in(app, CAMILLE) as visitor:
            yield visitor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
async def over_sqlite(file: Path, time: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visitor]:
    monkeypatch.setattr("services.sandbox.store._BUSY_MS", 50)  # the default makes each try wait for seconds
    with running(f"sqlite:///{file}", time) as app:
        async with signed_in(app, CAMILLE) as visitor:
            yield visitor


async def write(visitor: Visitor) -> httpx.Response:
    return await visitor.create("/v1/feedback", {"articleId": "a", "useful": True})


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    return answer.status_code, answer.headers.get("retry-after"), answer.headers.get("cache-control")


async def check_outage(visitor: Visitor) -> None:
    """Check that every kind of request is answered with its own form of 503."""
    answers = [await visitor.get(path) for path in ("/v1/me", "/v1/contracts/c1/service", "/healthz")]
    answers += [await write(visitor), await visitor.http.delete("/v1/sessions")]
    answers.append(await visitor.http.post("/v1/identifier-reminders", json={"email": CAMILLE}))
    for answer in answers:
        assert told(answer) == OUTAGE
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "UNAVAILABLE"
    for answer in (
        await visitor.identify(CAMILLE),
        await visitor.renew("some-token"),
        await visitor.post("/oauth/revoke", token="some-token"),
    ):
        assert told(answer) == OUTAGE
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"] == "temporarily_unavailable"


async def test_postgresql_stopped_gives_503_and_recovers_at_the_first_request(
    server: Cluster, over_postgresql: Visitor
) -> None:
    server.stop()
    try:
        await check_outage(over_postgresql)
    finally:
        server.start()
    assert (await over_postgresql.get("/v1/me")).status_code == 200
    assert (await write(over_postgresql)).status_code == 201


async def test_postgresql_restart_between_two_requests_causes_no_error(
    server: Cluster, over_postgresql: Visitor
) -> None:
    server.stop()
    server.start()
    assert (await over_postgresql.get("/v1/me")).status_code == 200
    server.stop()
    server.start()
    assert (await over_postgresql.identify(CAMILLE)).json()["error"] == "insufficient_authorization"


async def test_postgresql_lost_within_a_transaction_gives_503_and_rolls_back(
    server: Cluster, time: Clock
) -> None:
    with running(server.database(), time) as app:
        async with signed_in(app, CAMILLE) as visitor:
            engine = app.state.store._engine

            def lose_the_server(*arguments: object) -> None:
                if str(arguments[2]).startswith("INSERT INTO creation"):
                    event.remove(engine, "before_cursor_execute", lose_the_server)
                    server.stop()

            event.listen(engine, "before_cursor_execute", lose_the_server)
            try:
                assert told(await write(visitor)) == OUTAGE
            finally:
                server.start()
            assert (await write(visitor)).status_code == 201


async def test_sqlite_locked_by_another_process_gives_503_until_released(
    file: Path, over_sqlite: Visitor
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert told(await write(over_sqlite)) == OUTAGE
        assert (await over_sqlite.identify(CAMILLE)).json()["error"] == "temporarily_unavailable"
        assert (await over_sqlite.get("/v1/me")).status_code == 200
        other.execute("ROLLBACK")
    assert (await write(over_sqlite)).status_code == 201


async def test_sqlite_on_a_full_disk_gives_503_to_writes_and_serves_reads(time: Clock, file: Path) -> None:
    with running(f"sqlite:///{file}", time) as app:

        @event.listens_for(app.state.store._engine, "begin")
        def bound(connection: object) -> None:
            limit = "max_page_count=1" if full else "max_page_count=1000000"
            connection.exec_driver_sql(f"PRAGMA {limit}")  # type: ignore[attr-defined]

        full = False
        async with signed_in(app, CAMILLE) as visitor:
            full = True
            statuses = {
                (
                    await visitor.create(
                        "/v1/feedback", {"articleId": "a", "useful": True, "liked": "x" * 250}, f"{n:036}"
                    )
                ).status_code
                for n in range(200)
            }
            assert statuses <= {201, 503}
            assert 503 in statuses
            assert (await visitor.get("/v1/me")).status_code == 200
            full = False
            assert (await write(visitor)).status_code == 201


async def test_invalid_statement_gives_500_instead_of_503(file: Path, over_sqlite: Visitor) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE creation")
    assert (await write(over_sqlite)).status_code == 500
