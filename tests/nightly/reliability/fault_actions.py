"""How each fault is played: what makes it happen, and what ends it."""

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
"""Makes a fault happen; what ends it goes on the stack."""


# The road


async def connection_refused(environment: Environment, end: AsyncExitStack) -> None:
    """Nothing listens at the port, and what was connected is so no more."""
    await environment.gateway.close()
    end.push_async_callback(environment.gateway.open)


async def name_unknown(environment: Environment, end: AsyncExitStack) -> None:
    """The name leads to one that ends in `.invalid`, which the system's resolver is asked for."""
    await environment.gateway.drop()
    end.enter_context(environment.hurry())
    end.enter_context(patch.object(socket, "getaddrinfo", hosts({NAME: "backend.invalid"})))


async def certificate_untrusted(environment: Environment, end: AsyncExitStack) -> None:
    """Another server answers at the port, with a certificate of its own making."""
    await connection_refused(environment, end)
    await environment.gateway.open(tls(self_signed(environment.sandbox.file.with_name("stranger.pem"))))
    end.push_async_callback(environment.gateway.close)


async def reset(exchange: Exchange) -> None:
    """The connection is reset 20 bytes before the end of the answer."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    exchange.reset()


async def half_a_body(exchange: Exchange) -> None:
    """The connection ends in order, in the middle of the answer."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) // 2])
    exchange.hang_up()


async def silence(exchange: Exchange) -> None:
    """The backend was asked, and its answer stays away."""
    await exchange.ask()
    await exchange.leave()


async def stall(exchange: Exchange) -> None:
    """The last 20 bytes of the answer stay away."""
    answer = (await exchange.ask()).encode()
    await exchange.write(answer[: len(answer) - 20])
    await exchange.leave()


# The answer


def instead(status: int, body: bytes = b"", **headers: str) -> Callable[[Answer], Answer]:
    """Another answer than the backend's; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status, named, body)


def as_text(answer: Answer) -> Answer:
    """The right body, said to be no JSON."""
    return Answer(answer.status, answer.headers | {"content-type": "text/plain; charset=utf-8"}, answer.body)


def rewritten(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
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


def other_types(members: dict[str, Any]) -> dict[str, Any]:
    """Every string a number, every number a string."""
    return {
        name: len(value) if isinstance(value, str) else str(value) if isinstance(value, int) else value
        for name, value in members.items()
    }


_ENUMS = {
    "kind", "state", "entryType", "paymentStatus", "purchaseCategoryCode", "channel", "recurringChargePeriod",
    "status", "pendingStatus", "reason",
}  # fmt: skip


def new_values(members: dict[str, Any]) -> dict[str, Any]:
    """Every enum has a value that this version of the app does not know."""
    return {
        name: "of_another_time" if name in _ENUMS and isinstance(value, str) else value
        for name, value in members.items()
    }


def new_members(members: dict[str, Any]) -> dict[str, Any]:
    """One more member, which this version of the app does not know."""
    return members | {"ofAnotherTime": {"amount": 0, "items": []}}


# The session


async def tokens_revoked(environment: Environment, _: AsyncExitStack) -> None:
    """The subscriber signed out everywhere, on another device."""
    await environment.sandbox.sign_out_everywhere()


async def token_reused(environment: Environment, _: AsyncExitStack) -> None:
    """Somebody used the token this device still holds, and the grace for a lost answer is over."""
    kept = StoredSession.decode(await environment.store.load() or "")
    if kept is not None:
        host, port = environment.sandbox.address()
        form = {"grant_type": "refresh_token", "refresh_token": kept.rt, "client_id": CLIENT_ID}
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False) as thief:
            await thief.post("/oauth/token", data=form)
        environment.sandbox.clock.advance(seconds=11)
    await environment.sandbox.expire_access()


async def access_expired(environment: Environment, end: AsyncExitStack) -> None:
    """The access token is over just as it is used."""
    expired = False

    async def play(exchange: Exchange) -> None:
        nonlocal expired
        if exchange.target.startswith("/v1/") and not expired:
            expired = True
            await environment.sandbox.expire_access()
        await honest(exchange)

    await exchanges(play)(environment, end)


async def renewal_lost(environment: Environment, end: AsyncExitStack) -> None:
    """The tokens are renewed, and the answer that carries them is cut in half."""
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
    """The device's clock is wrong by so much."""

    async def begin(environment: Environment, end: AsyncExitStack) -> None:
        right = environment.device.now
        environment.device.advance(**lapse)
        end.callback(setattr, environment.device, "now", right)

    return begin


# The backend's own machine


async def server_restarted(environment: Environment, end: AsyncExitStack) -> None:
    """The server stops; at the end it starts again, on its database."""
    await asyncio.to_thread(environment.sandbox.stop)
    end.push_async_callback(asyncio.to_thread, environment.sandbox.start)


async def database_locked(environment: Environment, end: AsyncExitStack) -> None:
    """Another program holds the one right to write."""
    end.enter_context(environment.sandbox.locked())


async def database_full(environment: Environment, end: AsyncExitStack) -> None:
    """The database can grow no more."""
    end.enter_context(environment.sandbox.full())


def exchanges(play: Play, *, slow: bool = False) -> Begin:
    """Every exchange goes so; `slow`: no answer will come."""

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
    """Answers are changed so; those of the renewal of tokens only if `renewal`.

    `arrives`: the request reaches the backend first. `once`: the second time one asks, all is well.
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
