"""Changes in `/v1`: a checked body, one transaction, and idempotency.

A change of state names the state it was decided on (`If-Match`). A creation has an `Idempotency-Key`, under
which its answer is kept as long as the created resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from services.domain.entity_tags import original
from services.sandbox.identity import digest
from services.sandbox.reading import Query, authenticated, bearer
from services.sandbox.schema import creation
from services.sandbox.settings import Clock
from services.sandbox.store import Store
from services.sandbox.web import NO_STORE, PLAIN_ONLY, Problem, is_encoded

F = TypeVar("F", bound=msgspec.Struct)
LARGEST_BODY = 16_384
"""Bytes."""

_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Form(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Body of a request; unknown members are ignored."""


def write(
    act: Callable[[Query], Response], store: Store, clock: Clock, largest_body: int = LARGEST_BODY
) -> Callable[[Request], Any]:
    """Return an endpoint that runs `act` for signed-in subscribers; a `Problem` rolls all changes back."""

    async def endpoint(request: Request) -> Response:
        token, content, now = bearer(request), await read_body(request, largest_body), clock()

        def work(connection: Connection) -> Response:
            family = authenticated(connection, token, now, "internetplus:write")
            return act(
                Query(request, connection, family.subscriber_id, family.authenticated_at, now, content)
            )

        return await store.run(work, writing=True)

    return endpoint


async def read_body(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """Return the body, up to `largest` bytes.

    Raises:
        Problem: 413 for a larger body, 415 for a compressed one.
    """
    if is_encoded(request):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Content-Encoding is not supported.",
            headers=PLAIN_ONLY,
        )
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > largest:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "TOO_LARGE", "The body is too large.")
    return bytes(content)


def parse(request: Request, content: bytes, form: type[F]) -> F:
    """Return the body as `form`.

    Raises:
        Problem: 415 without the JSON media type; 400 for an invalid body, with the member in `errors`.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "The body has to be JSON.")
    try:
        return msgspec.convert(_JSON.decode(content), form)
    except msgspec.ValidationError as fault:
        reason, _, path = str(fault).partition(" - at `$")
        if reason.startswith("Invalid enum value"):  # the message would repeat the value sent
            reason = "is none of the values there are"
        missing = re.search(r"required field `(\w+)`", reason)
        raise invalid(missing[1] if missing else path.strip(".`") or "body", reason) from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise invalid("body", "is not JSON") from fault


def _number(text: str) -> int | float:
    """Return a number of JSON: `124.0` is an integer (JSON Schema, 6.1.1)."""
    number = float(text)
    return int(number) if number.is_integer() else number


_JSON = msgspec.json.Decoder(float_hook=_number)


def invalid(field: str, reason: str) -> Problem:
    """Return a 400 for one member of a body or one header."""
    return Problem(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", f"{field}: {reason}.", errors={field: reason})


def if_match(request: Request) -> list[str]:
    """Return the tags of the states on which the change was decided.

    Raises:
        Problem: 428 without a tag.
    """
    tags = [tag.strip() for tag in request.headers.get("if-match", "").split(",") if tag.strip()]
    if not tags:
        raise Problem(
            HTTPStatus.PRECONDITION_REQUIRED,
            "PRECONDITION_REQUIRED",
            "If-Match has to name the state this was decided on.",
        )
    return tags


def check_unchanged(tags: list[str], etag: str) -> None:
    """Check that one of `tags` names the state, also after changes by a compressing proxy.

    Raises:
        Problem: 412 if the state has changed.
    """
    if etag not in map(original, tags) and tags != ["*"]:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "CHANGED", "It has changed: read it again.")


def once(query: Query, form: Form, create: Callable[[], Any]) -> Response:
    """Answer 201 with the result of `create`; a repeated request under the same key gets the same answer.

    Raises:
        Problem: 400 without a valid key; 422 if the key was used for another request.
    """
    key = query.request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "has 16 to 64 letters, digits, - or _")
    asked = digest(f"{query.request.url.path} {msgspec.json.encode(form).decode()}")
    before = query.connection.execute(
        creation.select().where(creation.c.subscriber_id == query.subscriber_id, creation.c.key == key)
    ).first()
    if before is None:
        answer = msgspec.json.encode(create()).decode()
        query.connection.execute(
            creation.insert().values(subscriber_id=query.subscriber_id, key=key, asked=asked, answer=answer)
        )
    elif before.asked == asked:
        answer = before.answer
    else:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "IDEMPOTENCY_KEY_REUSED",
            "This Idempotency-Key was used for something else.",
        )
    return Response(answer, HTTPStatus.CREATED, media_type="application/json", headers=NO_STORE)
