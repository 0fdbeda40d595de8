"""A database that cannot work for a while: stopped, locked, full. Requests get 503, then work again."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from tests.postgresql import Cluster, cluster
from tests.services.sandbox.conftest import running
from tests.services.sandbox.visitor import Clock, Visitor, visiting

CAMILLE = "camille@demo.example"
OUTAGE = (503, "2", "no-store")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server of this file's own: its tests stop it."""
    with cluster() as server:
        yield server


@pytest.fixture
async def over_postgresql(server: Cluster, time: Clock) -> AsyncIterator[Visitor]:
    with running(server.database(), time) as app:
        async with visiting(app) as visitor:
            await visitor.sign_in(CAMILLE)
            yield visitor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.sqlite3"


@pytest.fixture
async def over_sqlite(file: Path, time: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Visitor]:
    monkeypatch.setattr("services.sandbox.store._BUSY_MS", 50)  # else each try waits for seconds
    with running(f"sqlite:///{file}", time) as app:
        async with visiting(app) as visitor:
            await visitor.sign_in(CAMILLE)
            yield visitor


async def write(visitor: Visitor) -> httpx.Response:
    return await visitor.create("/v1/feedback", {"articleId": "a", "useful": True})


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    return answer.status_code, answer.headers.get("retry-after"), answer.headers.get("cache-control")


async def check_outage(visitor: Visitor) -> None:
    """Every kind of request is answered in its own form of 503."""
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


async def test_postgresql_stopped_is_a_503_and_the_first_request_after_its_start_succeeds(
    server: Cluster, over_postgresql: Visitor
) -> None:
    server.stop()
    try:
        await check_outage(over_postgresql)
    finally:
        server.start()
    assert (await over_postgresql.get("/v1/me")).status_code == 200
    assert (await write(over_postgresql)).status_code == 201


async def test_postgresql_restarted_between_two_requests_is_not_noticed(
    server: Cluster, over_postgresql: Visitor
) -> None:
    server.stop()
    server.start()
    assert (await over_postgresql.get("/v1/me")).status_code == 200
    server.stop()
    server.start()
    assert (await over_postgresql.identify(CAMILLE)).json()["error"] == "insufficient_authorization"


async def test_postgresql_lost_within_a_transaction_is_a_503_and_nothing_is_half_done(
    server: Cluster, time: Clock
) -> None:
    with running(server.database(), time) as app:
        async with visiting(app) as visitor:
            await visitor.sign_in(CAMILLE)
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


async def test_sqlite_locked_by_another_process_is_a_503_until_it_lets_go(
    file: Path, over_sqlite: Visitor
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert told(await write(over_sqlite)) == OUTAGE
        assert (await over_sqlite.identify(CAMILLE)).json()["error"] == "temporarily_unavailable"
        assert (await over_sqlite.get("/v1/me")).status_code == 200
        other.execute("ROLLBACK")
    assert (await write(over_sqlite)).status_code == 201


async def test_sqlite_on_a_full_disk_is_a_503_to_writes_and_still_read(time: Clock, file: Path) -> None:
    with running(f"sqlite:///{file}", time) as app:

        @event.listens_for(app.state.store._engine, "begin")
        def bound(connection: object) -> None:
            limit = "max_page_count=1" if full else "max_page_count=1000000"
            connection.exec_driver_sql(f"PRAGMA {limit}")  # type: ignore[attr-defined]

        full = False
        async with visiting(app) as visitor:
            await visitor.sign_in(CAMILLE)
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


async def test_a_mistake_in_a_statement_is_no_outage(file: Path, over_sqlite: Visitor) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("DROP TABLE creation")
    assert (await write(over_sqlite)).status_code == 500
