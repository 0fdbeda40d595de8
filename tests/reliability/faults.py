"""The table of faults: what goes wrong, how it is played, and which kind of trouble it is to the user.

What a user is told of each kind stands in `outcomes.py`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import httpx
import msgspec

from services.authority import CLIENT_ID
from services.sandbox import tokens
from services.sandbox.store import subscriber_id_of
from services.session import Kept
from tests.reliability.gateway import NAME, Answer, Exchange, Play, honest
from tests.reliability.outcomes import Kind
from tests.reliability.world import World, hosts, self_signed, tls
from tests.views.people import ABONNE

Begin = Callable[[World, AsyncExitStack], Awaitable[None]]
"""Makes the fault happen; what ends it goes on the stack."""


@dataclass(frozen=True)
class Fault:
    """One row of the table."""

    name: str
    how: str
    """What is done to the real thing, for the reader of the matrix."""
    kind: Kind
    begin: Begin

    def __str__(self) -> str:
        return self.name.replace(" ", "-")

    @asynccontextmanager
    async def met(self, world: World) -> AsyncIterator[None]:
        """It begins as the block begins, and ends with it."""
        async with AsyncExitStack() as end:
            await self.begin(world, end)
            yield


# The road


async def _refused(world: World, end: AsyncExitStack) -> None:
    await world.gateway.close()
    end.push_async_callback(world.gateway.open)


async def _unknown_name(world: World, end: AsyncExitStack) -> None:
    await world.gateway.drop()
    end.enter_context(world.hurry())
    end.enter_context(patch.object(socket, "getaddrinfo", hosts({NAME: "backend.invalid"})))


async def _untrusted(world: World, end: AsyncExitStack) -> None:
    await _refused(world, end)
    await world.gateway.open(tls(self_signed(world.sandbox.file.with_name("stranger.pem"))))
    end.push_async_callback(world.gateway.close)


async def _reset(exchange: Exchange) -> None:
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    exchange.reset()


async def _half(exchange: Exchange) -> None:
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) // 2])
    exchange.hang_up()


async def _silence(exchange: Exchange) -> None:
    await exchange.ask()
    await exchange.leave()


async def _stall(exchange: Exchange) -> None:
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    await exchange.leave()


# The answer


def _instead(status: int, body: bytes = b"", **headers: str) -> Callable[[Answer], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status, named, body)


def _as_text(answer: Answer) -> Answer:
    return Answer(answer.status, answer.headers | {"content-type": "text/plain; charset=utf-8"}, answer.body)


def _rewritten(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    """Every member of every JSON object through `change`, which gets and gives an object."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return change({name: walk(member) for name, member in value.items()})
        return [walk(item) for item in value] if isinstance(value, list) else value

    def rewrite(answer: Answer) -> Answer:
        if "json" not in answer.headers.get("content-type", "") or not answer.body:
            return answer
        other = answer.saying(msgspec.json.encode(walk(msgspec.json.decode(answer.body))))
        if "etag" in other.headers:  # else the client would be told that it has this already
            other.headers["etag"] = '"another"'
        return other

    return rewrite


def _other_types(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name: len(value) if isinstance(value, str) else str(value) if isinstance(value, int) else value
        for name, value in members.items()
    }


_ENUMS = {
    "kind", "state", "entryType", "paymentStatus", "purchaseCategoryCode", "channel", "recurringChargePeriod",
    "status", "pendingStatus", "reason",
}  # fmt: skip


def _new_values(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name: "of_another_time" if name in _ENUMS and isinstance(value, str) else value
        for name, value in members.items()
    }


def _new_members(members: dict[str, Any]) -> dict[str, Any]:
    return members | {"ofAnotherTime": {"amount": 0, "items": []}}


_PORTAL = b"<!DOCTYPE html><html><title>Bienvenue</title><body>Acceptez les conditions.</body></html>"


# The session


async def _revoked(world: World, _: AsyncExitStack) -> None:
    now = world.sandbox.clock()
    who = subscriber_id_of(ABONNE)
    await world.sandbox.do(lambda connection: tokens.sign_out_everywhere(connection, who, now))


async def _copied(world: World, _: AsyncExitStack) -> None:
    """Somebody used the token this device still holds, and the grace for a lost answer is over."""
    kept = Kept.decode(await world.store.load() or "")
    if kept is not None:
        host, port = world.sandbox.address()
        form = {"grant_type": "refresh_token", "refresh_token": kept.rt, "client_id": CLIENT_ID}
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as thief:
            await thief.post("/oauth/token", data=form)
        world.sandbox.clock.advance(seconds=11)
    await world.expire_access()


async def _expired(world: World, end: AsyncExitStack) -> None:
    expired = False

    async def play(exchange: Exchange) -> None:
        nonlocal expired
        if exchange.target.startswith("/v1/") and not expired:
            expired = True
            await world.expire_access()
        await honest(exchange)

    await _playing(play)(world, end)


async def _lost_renewal(world: World, end: AsyncExitStack) -> None:
    lost = False

    async def play(exchange: Exchange) -> None:
        nonlocal lost
        if exchange.target == "/oauth/token" and not lost:
            lost = True
            await _half(exchange)
        else:
            await honest(exchange)

    await world.expire_access()
    await _playing(play)(world, end)


def _clock(**lapse: float) -> Begin:
    async def begin(world: World, end: AsyncExitStack) -> None:
        right = world.device.now
        world.device.advance(**lapse)
        end.callback(setattr, world.device, "now", right)

    return begin


# The backend's own machine


async def _restarted(world: World, end: AsyncExitStack) -> None:
    await asyncio.to_thread(world.sandbox.stop)
    end.push_async_callback(asyncio.to_thread, world.sandbox.start)


async def _locked(world: World, end: AsyncExitStack) -> None:
    end.enter_context(world.sandbox.locked())


async def _full(world: World, end: AsyncExitStack) -> None:
    end.enter_context(world.sandbox.full())


def _playing(play: Play, *, slow: bool = False) -> Begin:
    """Every exchange goes so; `slow`: no answer will come."""

    async def begin(world: World, end: AsyncExitStack) -> None:
        if slow:
            end.enter_context(world.hurry())
        end.push_async_callback(world.gateway.drop)
        end.callback(setattr, world.gateway, "play", honest)
        world.gateway.play = play

    return begin


_RENEWAL = ("/.well-known/", "/oauth/token")


def _answering(
    change: Callable[[Answer], Answer], *, arrives: bool = False, renewal: bool = False, once: bool = False
) -> Begin:
    """Answers are changed so; those of the renewal of tokens only if `renewal`.

    `arrives`: the request reaches the backend first. `once`: the second time one asks, all is well.
    """

    async def begin(world: World, end: AsyncExitStack) -> None:
        asked: set[tuple[str, str]] = set()

        async def play(exchange: Exchange) -> None:
            this = (exchange.method, exchange.target)
            spared = exchange.target.startswith(_RENEWAL) and not renewal
            if spared or (once and this in asked):
                await honest(exchange)
                return
            asked.add(this)
            real = await exchange.ask() if arrives else Answer(200, {})
            await exchange.give(change(real))

        await _playing(play)(world, end)

    return begin


def _status(
    status: int, kind: Kind, *, after: int | None = None, once: bool = False, name: str = ""
) -> Fault:
    headers = {} if after is None else {"retry_after": str(after)}
    body = msgspec.json.encode({"status": status, "code": "OF_ANOTHER_TIME"})
    how = f"{status} from a server on the way" + (f", Retry-After: {after}" if after is not None else "")
    change = _instead(status, body, content_type="application/problem+json", **headers)
    return Fault(name or str(status), how + (", once" if once else ""), kind, _answering(change, once=once))


_PORTAL_MOVES = _instead(302, location="http://portal.example/", content_type="text/html")
_PORTAL_SPEAKS = _instead(200, _PORTAL, content_type="text/html; charset=utf-8")

FAULTS = (
    Fault("refused", "nothing listens at the port", Kind.NO_ROAD, _refused),
    Fault("no such name", "the name ends in .invalid", Kind.NO_ROAD, _unknown_name),
    Fault("TLS refused", "the server shows a self-signed certificate", Kind.NO_ROAD, _untrusted),
    Fault("reset", "the connection is reset 20 bytes before the end", Kind.NO_ANSWER, _playing(_reset)),
    Fault("half a body", "the connection ends in the middle of the answer", Kind.NO_ANSWER, _playing(_half)),
    Fault("silence", "no answer until the timeout", Kind.NO_ANSWER, _playing(_silence, slow=True)),
    Fault("stall", "the end of the body does not come", Kind.NO_ANSWER, _playing(_stall, slow=True)),
    Fault("not JSON", "the right body as text/plain", Kind.GARBLED, _answering(_as_text, arrives=True)),
    Fault(
        "wrong types",
        "every string a number, every number a string",
        Kind.GARBLED,
        _answering(_rewritten(_other_types), arrives=True),
    ),
    Fault("portal page", "200 and the HTML of a captive portal", Kind.PORTAL, _answering(_PORTAL_SPEAKS)),
    Fault("portal redirect", "302 to http://portal.example", Kind.REFUSED, _answering(_PORTAL_MOVES)),
    Fault(
        "unknown value",
        "every enum has a value of another time",
        Kind.HARMLESS,
        _answering(_rewritten(_new_values), arrives=True),
    ),
    Fault(
        "unknown field",
        "every object has one more member",
        Kind.HARMLESS,
        _answering(_rewritten(_new_members), arrives=True, renewal=True),
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
    Fault("access expired", "the access token is over", Kind.HARMLESS, _expired),
    Fault("tokens revoked", "signed out everywhere, from another device", Kind.OVER, _revoked),
    Fault("renewal lost", "the answer to the renewal is cut", Kind.HARMLESS, _lost_renewal),
    Fault("token reused", "somebody else used this device's refresh token", Kind.OVER, _copied),
    Fault("clock a day ahead", "the device's clock", Kind.HARMLESS, _clock(days=1)),
    Fault("clock a day behind", "the device's clock", Kind.HARMLESS, _clock(days=-1)),
    Fault("restarted", "the server stops, and starts again on its database", Kind.NO_ANSWER, _restarted),
    Fault("database locked", "another program holds the right to write", Kind.READ_ONLY, _locked),
    Fault("database full", "SQLite's max_page_count is reached", Kind.READ_ONLY, _full),
)
FIRST_OF_KIND = tuple({fault.kind: fault for fault in reversed(FAULTS)}.values())
"""One of each kind."""
