"""Table of faults: name, action, and kind for the user.

`outcomes.py` says which message a user gets for each kind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import msgspec

from tests.nightly.reliability.environment import Environment
from tests.nightly.reliability.fault_actions import (
    Begin,
    access_expired,
    answers,
    as_text,
    certificate_untrusted,
    clock_off,
    connection_refused,
    database_full,
    database_locked,
    exchanges,
    half_a_body,
    instead,
    name_unknown,
    new_members,
    new_values,
    other_types,
    renewal_lost,
    reset,
    rewritten,
    server_restarted,
    silence,
    stall,
    token_reused,
    tokens_revoked,
)
from tests.nightly.reliability.outcomes import Kind


@dataclass(frozen=True)
class Fault:
    """Row of the table."""

    name: str
    how: str
    """Description of the simulation, for readers of the matrix."""
    kind: Kind
    begin: Begin

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    @asynccontextmanager
    async def met(self, environment: Environment) -> AsyncIterator[None]:
        """Begin the fault, and end it with the block."""
        async with AsyncExitStack() as end:
            await self.begin(environment, end)
            yield


def _status(
    status: int, kind: Kind, *, after: int | None = None, once: bool = False, name: str = ""
) -> Fault:
    headers = {} if after is None else {"retry_after": str(after)}
    body = msgspec.json.encode({"status": status, "code": "OF_ANOTHER_TIME"})
    how = f"{status} from a server on the way" + (f", Retry-After: {after}" if after is not None else "")
    change = instead(status, body, content_type="application/problem+json", **headers)
    return Fault(name or str(status), how + (", once" if once else ""), kind, answers(change, once=once))


_PORTAL = b"<!DOCTYPE html><html><title>Bienvenue</title><body>Acceptez les conditions.</body></html>"
_PORTAL_MOVES = instead(302, location="http://portal.example/", content_type="text/html")
_PORTAL_SPEAKS = instead(200, _PORTAL, content_type="text/html; charset=utf-8")

FAULTS = (
    Fault("refused", "nothing listens at the port", Kind.NO_ROAD, connection_refused),
    Fault("no such name", "the name ends in .invalid", Kind.NO_ROAD, name_unknown),
    Fault("TLS refused", "the server shows a self-signed certificate", Kind.UNTRUSTED, certificate_untrusted),
    Fault("reset", "the connection is reset 20 bytes before the end", Kind.NO_ANSWER, exchanges(reset)),
    Fault(
        "half a body",
        "the connection ends in the middle of the answer",
        Kind.NO_ANSWER,
        exchanges(half_a_body),
    ),
    Fault("silence", "no answer until the timeout", Kind.NO_ANSWER, exchanges(silence, slow=True)),
    Fault("stall", "the end of the body never arrives", Kind.NO_ANSWER, exchanges(stall, slow=True)),
    Fault("not JSON", "the right body as text/plain", Kind.GARBLED, answers(as_text, arrives=True)),
    Fault(
        "wrong types",
        "every string a number, every number a string",
        Kind.GARBLED,
        answers(rewritten(other_types), arrives=True),
    ),
    Fault("portal page", "200 and the HTML of a captive portal", Kind.PORTAL, answers(_PORTAL_SPEAKS)),
    Fault("portal redirect", "302 to http://portal.example", Kind.REFUSED, answers(_PORTAL_MOVES)),
    Fault(
        "unknown value",
        "every enum has a value of another time",
        Kind.NEWER,
        answers(rewritten(new_values), arrives=True),
    ),
    Fault(
        "unknown field",
        "every object has one more member",
        Kind.HARMLESS,
        answers(rewritten(new_members), arrives=True, renewal=True),
    ),
    _status(400, Kind.REFUSED),
    _status(401, Kind.UNAUTHENTICATED),
    _status(403, Kind.FORBIDDEN),
    _status(404, Kind.ABSENT),
    _status(409, Kind.CONFLICT),
    _status(412, Kind.STALE),
    _status(422, Kind.CONFLICT),
    _status(429, Kind.LIMITED),
    _status(500, Kind.DOWN),
    _status(502, Kind.DOWN),
    _status(503, Kind.DOWN),
    _status(504, Kind.DOWN),
    _status(429, Kind.BRIEFLY_LIMITED, after=1, once=True, name="429 for a second"),
    _status(503, Kind.BRIEFLY_DOWN, after=1, once=True, name="503 for a second"),
    _status(429, Kind.LIMITED, after=120, name="429 for two minutes"),
    _status(503, Kind.DOWN, after=120, name="503 for two minutes"),
    Fault("access expired", "the access token has expired", Kind.HARMLESS, access_expired),
    Fault("tokens revoked", "signed out everywhere, from another device", Kind.OVER, tokens_revoked),
    Fault("renewal lost", "the answer to the renewal is cut", Kind.HARMLESS, renewal_lost),
    Fault("token reused", "another client used this device's refresh token", Kind.OVER, token_reused),
    Fault("clock a day ahead", "the device's clock", Kind.HARMLESS, clock_off(days=1)),
    Fault("clock a day behind", "the device's clock", Kind.HARMLESS, clock_off(days=-1)),
    Fault(
        "restarted", "the server stops, and starts again on its database", Kind.NO_ANSWER, server_restarted
    ),
    Fault("database locked", "another program holds the write lock", Kind.READ_ONLY, database_locked),
    Fault("database full", "SQLite's max_page_count is reached", Kind.READ_ONLY, database_full),
)
FIRST_OF_KIND = tuple({fault.kind: fault for fault in reversed(FAULTS)}.values())
"""One fault of each kind."""
EVERYWHERE = tuple(
    fault for fault in FAULTS if fault in FIRST_OF_KIND or fault.kind in (Kind.GARBLED, Kind.HARMLESS)
)
"""Faults that meet every screen: screens could distinguish them. Only the client distinguishes the others."""
