"""Endpoints without a contract: feedback on a help article, reminder of an identifier (10 and 11)."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, Connection, select
from starlette.requests import Request
from starlette.responses import Response

from services.domain.identifiers import canonical
from services.sandbox.data_file import Id, Words
from services.sandbox.identity import digest, new_secret
from services.sandbox.reading import Query
from services.sandbox.schema import feedback, reminder
from services.sandbox.settings import Clock, SandboxSettings
from services.sandbox.store import Store
from services.sandbox.web import NO_STORE, Problem, json_response
from services.sandbox.writing import Form, invalid, once, parse, read_body

_Text = Annotated[str, Meta(max_length=250, pattern=r"^[^\x00]*$")]


class Feedback(Form, frozen=True):
    """Body of endpoint 10."""

    article_id: Id
    useful: bool
    liked: _Text | UnsetType = UNSET
    missing: _Text | UnsetType = UNSET


class Reminder(Form, frozen=True):
    """Body of endpoint 11: exactly one member."""

    phone_number: Words | UnsetType = UNSET
    email: Words | UnsetType = UNSET


def give_feedback(query: Query, settings: SandboxSettings) -> Response:
    """Store feedback (endpoint 10), up to `SandboxSettings.opinions` within `SandboxSettings.opinion_time`.

    Raises:
        Problem: as `parse` and `once` do; 429 for too many.
    """
    form = parse(query.request, query.content, Feedback)

    def create() -> dict[str, Any]:
        _check_rate(
            query.connection,
            feedback.c.subscriber_id == query.subscriber_id,
            feedback.c.created_at,
            settings.opinions,
            settings.opinion_time,
            query.now,
        )
        feedback_id = new_secret()
        query.connection.execute(
            feedback.insert().values(
                feedback_id=feedback_id,
                subscriber_id=query.subscriber_id,
                article_id=form.article_id,
                useful=form.useful,
                liked=None if form.liked is UNSET else form.liked,
                missing=None if form.missing is UNSET else form.missing,
                created_at=query.now,
            )
        )
        return {"feedbackId": feedback_id, "createdAt": query.now}

    return once(query, form, create)


def remind(store: Store, clock: Clock, settings: SandboxSettings) -> Callable[[Request], Any]:
    """Return endpoint 11; its answer is always the same, because it looks up no account."""

    async def endpoint(request: Request) -> Response:
        form = parse(request, await read_body(request), Reminder)
        if (form.phone_number is UNSET) == (form.email is UNSET):
            raise invalid("phoneNumber", "or email is given, and not both")
        value = form.email if form.phone_number is UNSET else form.phone_number
        host = request.client.host if request.client else ""
        asked, address = digest(f"{host} {canonical(str(value))}"), digest(f"address {host}")
        now = clock()

        def count(connection: Connection) -> None:
            connection.execute(reminder.delete().where(reminder.c.asked_at <= now - settings.reminder_time))
            for whose, most in (
                (reminder.c.asked == asked, settings.reminders),
                (reminder.c.address == address, settings.reminders_per_address),
            ):
                _check_rate(connection, whose, reminder.c.asked_at, most, settings.reminder_time, now)
            connection.execute(
                reminder.insert().values(reminder_id=new_secret(), asked=asked, address=address, asked_at=now)
            )

        await store.run(count, writing=True)
        return json_response({"status": "accepted"}, HTTPStatus.ACCEPTED, headers=NO_STORE)

    return endpoint


def _check_rate(
    connection: Connection,
    whose: ColumnElement[bool],
    at: ColumnElement[datetime],
    most: int,
    lapse: timedelta,
    now: datetime,
) -> None:
    """Check that fewer than `most` rows of `whose` are younger than `lapse` by their time `at`.

    Raises:
        Problem: 429, with the time until the next request is accepted.
    """
    latest = connection.scalars(
        select(at).where(whose, at > now - lapse).order_by(at.desc()).limit(1).offset(most - 1)
    ).first()
    if latest is not None:
        wait = latest + lapse - now
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "TOO_MANY_REQUESTS",
            "This was asked for too often.",
            headers={"Retry-After": str(math.ceil(wait.total_seconds()))},
        )
