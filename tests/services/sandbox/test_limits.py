"""Limits on the data that one subscriber or network address can store in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, Table, func, select
from starlette.applications import Starlette

from services.sandbox import create_app
from services.sandbox.schema import feedback, reminder, sign_in
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import people
from tests.services.sandbox.visitor import Visitor, visiting

CAMILLE, BRUNO = "camille@demo.example", "bruno@demo.example"
GIVEN: dict[str, Any] = {"articleId": "reading", "useful": True}


@pytest.fixture
def app(database: str, time: Clock) -> Iterator[Starlette]:
    """Return a sandbox with low limits, on each kind of database."""
    settings = replace(CHEAP, sign_ins=4, sign_ins_per_address=3, opinions=3, reminders_per_address=5)
    app = create_app(database, subscribers=people(), clock=time, settings=settings)
    with closing(app.state.store):
        yield app


def count(app: Starlette, table: Table) -> int:
    def rows(connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(table)) or 0

    found: int = app.state.store.transact(rows)
    return found


async def begin(visitor: Visitor) -> str:
    session: str = (await visitor.identify(CAMILLE)).json()["auth_session"]
    return session


async def opine(visitor: Visitor, key: str = "") -> httpx.Response:
    return await visitor.create("/v1/feedback", GIVEN, key or str(uuid4()))


async def test_sign_in_over_the_limit_of_an_address_evicts_its_oldest(app: Starlette, time: Clock) -> None:
    async with visiting(app) as here, visiting(app, address="192.0.2.7") as elsewhere:
        other = await begin(elsewhere)
        sessions = []
        for _ in range(4):
            time.advance(seconds=1)
            sessions.append(await begin(here))
        assert count(app, sign_in) == 4
        answers = [await here.prove(session) for session in sessions]
        assert [answer.status_code for answer in answers] == [400, 200, 200, 200]
        assert answers[0].json()["error"] == "invalid_session"
        assert (await elsewhere.prove(other)).status_code == 200


async def test_sign_ins_of_many_addresses_stay_within_the_global_limit(app: Starlette, time: Clock) -> None:
    last = ""
    for n in range(12):
        time.advance(seconds=1)
        async with visiting(app, address=f"192.0.2.{n}") as visitor:
            last = await begin(visitor)
    assert count(app, sign_in) == 4
    async with visiting(app) as visitor:
        assert (await visitor.prove(last)).status_code == 200


async def test_wrong_password_keeps_the_number_of_sign_ins(app: Starlette, time: Clock) -> None:
    async with visiting(app) as visitor:
        session = await begin(visitor)
        for _ in range(4):
            session = (await visitor.prove(session, "wrong")).json()["auth_session"]
        assert count(app, sign_in) == 1


async def test_feedback_over_the_limit_is_refused_with_a_retry_after(app: Starlette, time: Clock) -> None:
    key = str(uuid4())
    async with visiting(app) as camille, visiting(app) as bruno:
        await camille.sign_in(CAMILLE)
        await bruno.sign_in(BRUNO)
        assert (await opine(camille, key)).status_code == 201
        time.advance(minutes=1)
        assert [(await opine(camille)).status_code for _ in range(2)] == [201, 201]
        refused = await opine(camille)
        assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
        assert refused.headers["retry-after"] == "540"
        assert count(app, feedback) == 3
        assert (await opine(camille, key)).status_code == 201, "sent again, it is answered as before"
        assert (await opine(bruno)).status_code == 201, "another subscriber is not stopped"
        time.advance(minutes=9)
        await camille.sign_in(CAMILLE)
        assert (await opine(camille)).status_code == 201
        assert (await opine(camille)).status_code == 429


async def test_reminders_of_one_address_are_limited_across_values(app: Starlette, time: Clock) -> None:
    async def remind(visitor: Visitor, n: int) -> httpx.Response:
        return await visitor.http.post("/v1/identifier-reminders", json={"email": f"{n}@demo.example"})

    async with visiting(app) as here, visiting(app, address="192.0.2.7") as elsewhere:
        answers = [await remind(here, n) for n in range(7)]
        assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2
        assert answers[-1].headers["retry-after"] == "3600"
        assert (await remind(elsewhere, 0)).status_code == 202
        assert count(app, reminder) == 6
        time.advance(hours=1)
        assert (await remind(here, 9)).status_code == 202
