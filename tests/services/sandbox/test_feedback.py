"""Endpoints 10, 11 and 13: feedback, identifier reminders, sign-out everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from starlette.applications import Starlette

from services.sandbox.schema import feedback
from tests.harness.clock import Clock
from tests.services.sandbox.visitor import Visitor, visiting

FEEDBACK, REMINDERS, SESSIONS = "/v1/feedback", "/v1/identifier-reminders", "/v1/sessions"
GIVEN: dict[str, Any] = {"articleId": "reading", "useful": False, "missing": "é" * 250}


def taken(app: Starlette) -> list[tuple[str, bool, str | None, str | None]]:
    def all_of(connection: Connection) -> list[tuple[str, bool, str | None, str | None]]:
        rows = connection.execute(feedback.select())
        return [(row.article_id, row.useful, row.liked, row.missing) for row in rows]

    found: list[tuple[str, bool, str | None, str | None]] = app.state.store.transact(all_of)
    return found


async def test_feedback_repeated_with_its_key_is_stored_once_in_the_sandbox(
    holder: Visitor, subscribed_app: Starlette
) -> None:
    first = await holder.create(FEEDBACK, GIVEN)
    again = await holder.create(FEEDBACK, GIVEN)
    assert (first.status_code, first.text) == (again.status_code, again.text)
    assert first.status_code == 201
    assert taken(subscribed_app) == [("reading", False, None, "é" * 250)]
    reused = await holder.create(FEEDBACK, GIVEN | {"useful": True})
    assert (reused.status_code, reused.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"liked": "a" * 251}, "liked"),
        ({"missing": "a" * 251}, "missing"),
        ({"missing": 5}, "missing"),
        ({"useful": "yes"}, "useful"),
        ({"articleId": ""}, "articleId"),
        ({"articleId": "../x"}, "articleId"),
    ],
)
async def test_invalid_feedback_is_refused_with_its_field(
    camille: Visitor, change: dict[str, Any], field: str
) -> None:
    answer = await camille.create(FEEDBACK, GIVEN | change)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_feedback_without_a_token_is_refused(visitor: Visitor) -> None:
    assert (await visitor.create(FEEDBACK, GIVEN)).status_code == 401


@pytest.mark.parametrize("address", ["camille@demo.example", "nobody@demo.example"])
async def test_identifier_reminder_is_limited_per_value(visitor: Visitor, time: Clock, address: str) -> None:
    for spelling in (address, f" {address.upper()}", address):
        assert (await visitor.http.post(REMINDERS, json={"email": spelling})).status_code == 202
        time.advance(minutes=10)
    refused = await visitor.http.post(REMINDERS, json={"email": address})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1800")
    assert (await visitor.http.post(REMINDERS, json={"email": "other@demo.example"})).status_code == 202
    time.advance(minutes=30)
    assert (await visitor.http.post(REMINDERS, json={"email": address})).status_code == 202


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@b.example", "phoneNumber": "0639980112"}, {"email": None}, {"email": ""}, []]
)
async def test_identifier_reminder_without_exactly_one_value_is_refused(
    visitor: Visitor, body: object
) -> None:
    answer = await visitor.http.post(REMINDERS, json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]


async def test_sign_out_everywhere_ends_all_sessions_of_the_subscriber(subscribed_app: Starlette) -> None:
    async with (
        visiting(subscribed_app) as here,
        visiting(subscribed_app) as there,
        visiting(subscribed_app) as bruno,
    ):
        tokens = [await each.sign_in("camille@demo.example") for each in (here, there)]
        await bruno.sign_in("bruno@demo.example")
        answer = await here.http.delete(SESSIONS)
        assert (answer.status_code, answer.content) == (204, b"")
        assert [(await each.get("/v1/me")).status_code for each in (here, there, bruno)] == [401, 401, 200]
        for each in tokens:
            assert (await there.renew(each["refresh_token"])).json()["error"] == "invalid_grant"
        assert (await here.http.delete(SESSIONS)).status_code == 401
