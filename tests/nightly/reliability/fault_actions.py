"""Actions that begin and end each fault."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from unittest.mock import patch

import httpx
import msgspec

from services.client.oauth import CLIENT_ID
from services.client.session import StoredSession
from tests.nightly.reliability.environment import Environment, hosts, self_signed, tls
from tests.nightly.reliability.fault_server import NAME, Answer, Exchange, Play, honest

Begin = Callable[[Environment, AsyncExitStack], Awaitable[None]]
"""Function that begins a fault, and puts the end of the fault on the stack."""


# Faults of the network


async def connection_refused(environment: Environment, end: AsyncExitStack) -> None:
    """Refuse connections, and close those that exist."""
    await environment.gateway.close()
    end.push_async_callback(environment.gateway.open)


async def name_unknown(environment: Environment, end: AsyncExitStack) -> None:
    """Resolve the name as another that ends in `.invalid`, which the system cannot resolve."""
    await environment.gateway.drop()
    end.enter_context(environment.hurry())
    end.enter_context(patch.object(socket, "getaddrinfo", hosts({NAME: "backend.invalid"})))


async def certificate_untrusted(environment: Environment, end: AsyncExitStack) -> None:
    """Answer by another server, with a self-signed certificate."""
    await connection_refused(environment, end)
    await environment.gateway.open(tls(self_signed(environment.sandbox.file.with_name("stranger.pem"))))
    end.push_async_callback(environment.gateway.close)


async def reset(exchange: Exchange) -> None:
    """Reset the connection 20 bytes before the end of the answer."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    exchange.reset()


async def half_a_body(exchange: Exchange) -> None:
    """Close the connection in the middle of the answer."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) // 2])
    exchange.hang_up()


async def silence(exchange: Exchange) -> None:
    """Pass the request on, and withhold the answer."""
    await exchange.ask()
    await exchange.leave()


async def stall(exchange: Exchange) -> None:
    """Withhold the last 20 bytes of the answer."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    await exchange.leave()


# Faults of the answer


def instead(status: int, body: bytes = b"", **headers: str) -> Callable[[Answer], Answer]:
    """Return a change that replaces the answer; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status, named, body)


def as_text(answer: Answer) -> Answer:
    """Declare the unchanged body as plain text."""
    return Answer(answer.status, answer.headers | {"content-type": "text/plain; charset=utf-8"}, answer.body)


_MAPS = {"decisions", "contests", "steps", "bills"}
"""Members whose value is a map, not an object with the members of a schema."""


def rewritten(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    """Return a change that passes each JSON object in the answer through `change`."""

    def walk(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            walked = {name: walk(member, name) for name, member in value.items()}
            return walked if name in _MAPS else change(walked)
        return [walk(item) for item in value] if isinstance(value, list) else value

    def rewrite(answer: Answer) -> Answer:
        if "json" not in answer.headers.get("content-type", "") or not answer.body:
            return answer
        other = answer.saying(msgspec.json.encode(walk(msgspec.json.decode(answer.body))))
        if "etag" in other.headers:  # else the client would get 304
            other.headers["etag"] = '"another"'
        return other

    return rewrite


def other_types(members: dict[str, Any]) -> dict[str, Any]:
    """Replace each string by a number, and each number by a string."""
    return {
        name: len(value) if isinstance(value, str) else str(value) if isinstance(value, int) else value
        for name, value in members.items()
    }


_ENUMS = {
    "kind", "state", "entryType", "paymentStatus", "purchaseCategoryCode", "channel", "recurringChargePeriod",
    "status", "pendingStatus", "reason",
}  # fmt: skip


def new_values(members: dict[str, Any]) -> dict[str, Any]:
    """Replace the value of each enum by one that this version of the app does not know."""
    return {
        name: "of_another_time" if name in _ENUMS and isinstance(value, str) else value
        for name, value in members.items()
    }


def new_members(members: dict[str, Any]) -> dict[str, Any]:
    """Add a member that this version of the app does not know."""
    return members | {"ofAnotherTime": {"amount": 0, "items": []}}


# Faults of the session


async def tokens_revoked(environment: Environment, _: AsyncExitStack) -> None:
    """Sign the subscriber out everywhere, from another device."""
    await environment.sandbox.sign_out_everywhere()


async def token_reused(environment: Environment, _: AsyncExitStack) -> None:
    """Use the refresh token of this device, as a thief would, and let the grace period pass."""
    kept = StoredSession.decode(await environment.store.load() or "")
    if kept is not None:
        host, port = environment.sandbox.address()
        form = {"grant_type": "refresh_token", "refresh_token": kept.rt, "client_id": CLIENT_ID}
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as thief:
            await thief.post("/oauth/token", data=form)
        environment.sandbox.clock.advance(seconds=11)
    await environment.sandbox.expire_access()


async def access_expired(environment: Environment, end: AsyncExitStack) -> None:
    """Expire the access token as the client uses it."""
    expired = False

    async def play(exchange: Exchange) -> None:
        nonlocal expired
        if exchange.target.startswith("/v1/") and not expired:
            expired = True
            await environment.sandbox.expire_access()
        await honest(exchange)

    await exchanges(play)(environment, end)


async def renewal_lost(environment: Environment, end: AsyncExitStack) -> None:
    """Renew the tokens, and cut the answer with the new ones."""
    lost = False

    async def play(exchange: Exchange) -> None:
        nonlocal lost
        if exchange.renews and not lost:
            lost = True
            await half_a_body(exchange)
        else:
            await honest(exchange)

    await environment.sandbox.expire_access()
    await exchanges(play)(environment, end)


def clock_off(**lapse: float) -> Begin:
    """Return a fault that moves the device's clock by `lapse`."""

    async def begin(environment: Environment, end: AsyncExitStack) -> None:
        right = environment.device.now
        environment.device.advance(**lapse)
        end.callback(setattr, environment.device, "now", right)

    return begin


# Faults of the backend


async def server_restarted(environment: Environment, end: AsyncExitStack) -> None:
    """Stop the server; start it again at the end, on the same database."""
    await asyncio.to_thread(environment.sandbox.stop)
    end.push_async_callback(asyncio.to_thread, environment.sandbox.start)


async def database_locked(environment: Environment, end: AsyncExitStack) -> None:
    """Hold the write lock of the database, as another program would."""
    end.enter_context(environment.sandbox.locked())


async def database_full(environment: Environment, end: AsyncExitStack) -> None:
    """Let the database grow no further."""
    end.enter_context(environment.sandbox.full())


def exchanges(play: Play, *, slow: bool = False) -> Begin:
    """Return a fault that handles each exchange by `play`; `slow` if answers do not come."""

    async def begin(environment: Environment, end: AsyncExitStack) -> None:
        if slow:
            end.enter_context(environment.hurry())
        end.push_async_callback(environment.gateway.drop)
        end.callback(setattr, environment.gateway, "play", honest)
        environment.gateway.play = play

    return begin


_RENEWAL = ("/.well-known/", "/oauth/token")


def answers(
    change: Callable[[Answer], Answer], *, arrives: bool = False, renewal: bool = False, once: bool = False
) -> Begin:
    """Return a fault that replaces answers by `change` of them.

    Args:
        arrives: whether the request reaches the backend first.
        renewal: whether the answers of a token renewal are changed, too.
        once: whether a repeated request succeeds.
    """

    async def begin(environment: Environment, end: AsyncExitStack) -> None:
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

        await exchanges(play)(environment, end)

    return begin
