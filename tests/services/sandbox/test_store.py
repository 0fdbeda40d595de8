"""Store of the sandbox: persistence, refilling, and guarantees of transactions."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, create_engine, event, func, select
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette

from services.sandbox import Subscriber, create_app, demo
from services.sandbox.schema import filling, purchase, subscriber
from services.sandbox.store import Store
from tests.harness.clock import Clock
from tests.services.conftest import DATABASES, empty_database
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import people
from tests.services.sandbox.visitor import Visitor, visiting


@contextmanager
def running(
    database: str, time: Clock, subscribers: tuple[Subscriber, ...] | None = None
) -> Iterator[Starlette]:
    app = create_app(database, subscribers=subscribers, clock=time, settings=CHEAP)
    yield app
    app.state.store.close()


@pytest.fixture(autouse=True)
def small_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "LARGE_VOLUME", 10)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database; `make test` runs this module on both kinds."""
    return empty_database(request, tmp_path)


async def test_session_survives_a_refill_of_the_demo(database: str, time: Clock) -> None:
    with running(database, time) as app:
        async with visiting(app) as visitor:
            tokens = await visitor.sign_in("camille@demo.example")
            before = (await visitor.get("/v1/me")).json()["subscriberId"]
            yesterday = (await visitor.get("/v1/contracts/camille-box/billing-periods")).json()
    time.advance(days=9)
    with running(database, time) as app:
        async with visiting(app) as visitor:
            renewed = (await visitor.renew(tokens["refresh_token"])).json()
            visitor.http.headers["Authorization"] = f"Bearer {renewed['access_token']}"
            assert (await visitor.get("/v1/me")).json()["subscriberId"] == before
            assert (await visitor.get("/v1/contracts/camille-box/billing-periods")).json() != yesterday


@pytest.mark.parametrize(
    ("wait", "made_again"), [({"hours": 1}, False), ({"days": 1}, True), ({"hours": -1}, True)]
)
def test_demo_is_refilled_on_another_day_or_at_an_earlier_hour(
    database: str, time: Clock, wait: dict[str, float], made_again: bool
) -> None:
    with running(database, time):
        made_at = time.now
    time.advance(**wait)
    with running(database, time) as app:
        row = app.state.store.transact(lambda connection: connection.execute(filling.select()).one())
        assert (row.made_at != made_at) == made_again


def test_data_file_is_loaded_again_only_if_changed(database: str, time: Clock) -> None:
    def made_again(subscribers: tuple[Subscriber, ...]) -> bool:
        with running(database, time, subscribers) as app:
            store: Store = app.state.store
            done = store.transact(_count)
            store.transact(lambda connection: connection.execute(purchase.delete()), writing=True)
            return bool(done)

    assert made_again(people())
    assert not made_again(people())
    assert made_again((msgspec.structs.replace(people()[0], password="Lune-2026"), *people()[1:]))


def test_data_file_and_demo_replace_each_other(database: str, time: Clock) -> None:
    def names(app: Starlette) -> set[str]:
        found: set[str] = app.state.store.transact(
            lambda connection: set(connection.scalars(select(subscriber.c.display_name)))
        )
        return found

    with running(database, time) as app:
        assert "Camille Martin" in names(app)
    with running(database, time, people()) as app:
        assert names(app) == {"Camille", "Bruno", "Farid", "Lucie"}
    with running(database, time) as app:
        assert "Camille Martin" in names(app)
        assert "Bruno" not in names(app)


async def test_removed_subscriber_is_signed_out(database: str, time: Clock) -> None:
    with running(database, time, people()) as app:
        async with visiting(app) as visitor:
            tokens = await visitor.sign_in("bruno@demo.example")
    with running(database, time) as app:
        async with visiting(app) as visitor:
            assert (await visitor.renew(tokens["refresh_token"])).json()["error"] == "invalid_grant"
            visitor.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
            assert (await visitor.get("/v1/me")).status_code == 401


def test_tables_of_another_version_are_recreated(database: str, time: Clock) -> None:
    engine = create_engine(database)
    with engine.begin() as old:
        old.exec_driver_sql("CREATE TABLE filling (shape TEXT, content TEXT, made_at BIGINT)")
        old.exec_driver_sql("CREATE TABLE subscriber (subscriber_id TEXT)")
        old.exec_driver_sql("INSERT INTO filling VALUES ('another', 'demo 2024-03-10', 0)")
    engine.dispose()
    with running(database, time) as app:
        assert app.state.store.transact(
            lambda connection: connection.scalar(select(func.count()).select_from(subscriber))
        )


def test_failed_transaction_is_rolled_back(app: Starlette) -> None:
    store: Store = app.state.store

    def half(connection: Connection) -> None:
        connection.execute(purchase.delete())
        raise LookupError

    before = store.transact(_count)
    with pytest.raises(LookupError):
        store.transact(half, writing=True)
    assert store.transact(_count) == before > 0


async def test_cancelled_caller_does_not_cancel_the_running_transaction(app: Starlette) -> None:
    store: Store = app.state.store
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection) -> None:
        connection.execute(purchase.delete().where(purchase.c.payment_id == "p1"))
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
        connection.execute(purchase.delete().where(purchase.c.payment_id == "p2"))

    before = store.transact(_count)
    waiting = asyncio.create_task(store.run(slow, writing=True))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    assert await store.run(_count) == before - 2


async def test_cancelled_caller_does_not_cancel_the_queued_transaction(app: Starlette) -> None:
    store: Store = app.state.store
    free = threading.Event()
    before = store.transact(_count)
    first = asyncio.create_task(store.run(lambda _: free.wait(15), writing=True))
    delete = purchase.delete().where(purchase.c.payment_id == "p1")
    second = asyncio.create_task(store.run(lambda connection: connection.execute(delete), writing=True))
    await asyncio.sleep(0)
    second.cancel()
    free.set()
    await first
    assert await store.run(_count, writing=True) == before - 1


async def test_transaction_failing_after_its_caller_was_cancelled_logs_nothing(
    app: Starlette, caplog: pytest.LogCaptureFixture
) -> None:
    started, go_on = threading.Event(), threading.Event()

    def refuse(_: Connection) -> None:
        started.set()
        go_on.wait(15)
        raise ValueError("refused")

    waiting = asyncio.create_task(app.state.store.run(refuse, writing=True))
    await asyncio.to_thread(started.wait, 15)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()
    await app.state.store.run(_count, writing=True)
    del waiting
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("kept", ["in memory", "in a file"])
async def test_sqlite_writers_run_in_their_order_of_arrival(kept: str, tmp_path: Path) -> None:
    store = Store("sqlite://" if kept == "in memory" else f"sqlite:///{tmp_path / 'sandbox.sqlite3'}")
    done: list[int] = []

    def write(number: int, connection: Connection) -> None:
        connection.execute(select(func.count()).select_from(subscriber))
        done.append(number)

    await asyncio.gather(*(store.run(partial(write, number), writing=True) for number in range(300)))
    store.close()
    assert done == list(range(300))


async def test_in_memory_database_serves_concurrent_requests(camille: Visitor) -> None:
    answers = await asyncio.gather(
        *(camille.get("/v1/contracts/c1/billing-periods") for _ in range(20)),
        *(camille.identify("camille@demo.example") for _ in range(20)),
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [400] * 20


async def test_concurrent_writers_count_every_wrong_password(database: str, time: Clock) -> None:
    """Check that no other write comes between the read and the write of a transaction."""
    with running(database, time, people()) as app:
        async with visiting(app) as visitor:
            sessions = [
                (await visitor.identify("bruno@demo.example")).json()["auth_session"] for _ in range(12)
            ]
            answers = await asyncio.gather(*(visitor.prove(session, "wrong") for session in sessions))
            assert sorted(answer.status_code for answer in answers) == [400] * 4 + [429] * 8


def test_serialization_failure_is_retried(app: Starlette) -> None:
    class GivenUp(Exception):
        sqlstate = "40001"

    tries = []

    def contended(_connection: Connection) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise DBAPIError("UPDATE", None, GivenUp())
        return "done"

    assert app.state.store.transact(contended) == "done"
    assert len(tries) == 3


async def test_purchase_queries_use_an_index_on_the_contract(app: Starlette, camille: Visitor) -> None:
    """Check the plan of every query on purchases."""
    statements: list[tuple[str, object]] = []
    store: Store = app.state.store
    engine = store._engine

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "FROM purchase" in statement:
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    for path in ("billing-periods", "purchases?periodId=2024-04&q=a&kind=oneOff", "purchases/p1"):
        assert (await camille.http.get(f"/v1/contracts/c1/{path}")).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    assert len(statements) >= 7
    for statement, parameters in statements:
        plan = store.transact(
            lambda connection, s=statement, p=parameters: str(  # type: ignore[misc] # bound now on purpose
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p).all()
            )
        )
        assert "SEARCH purchase USING" in plan, plan
        assert "SCAN purchase" not in plan


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(purchase)) or 0
