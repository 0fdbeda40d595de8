"""Network cuts and kills of the app during a renewal: no open app is signed out, no theft is reported."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack, aclosing, closing
from random import Random, SystemRandom
from urllib.parse import urlsplit

from sqlalchemy import select
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.http import utc_now
from services.domain.errors import BackendError, SessionExpired
from services.sandbox import SandboxSettings, Subscriber, create_app
from services.sandbox.data_file import Contract
from services.sandbox.schema import access_token, family
from services.sandbox.store import subscriber_id_of
from tests.harness.patience import stretched
from tests.harness.servers import served
from tests.nightly.endurance.network import Cut, network

CLIENTS, CUTS = 10, 10
"""Parallel clients, and cuts of each: 100 cuts."""
KILLED = 0.3
"""Share of the cuts that also kill the app."""
PASSWORD = "Soleil-2026"
PATIENCE = 60.0


class Device:
    """Device of a subscriber: its store outlives the app, which may be killed."""

    def __init__(self, port: int) -> None:
        self.store = MemoryStore()
        self.ended = 0
        """Number of reports that the session has ended."""
        self._port = port
        self._open = AsyncExitStack()

    async def start(self) -> None:
        """Start the app, with its own network to the backend on `port`."""
        self.way = await self._open.enter_async_context(network(self._port))
        self.backend = Backend.at(self.way.url, self.store)
        self._open.push_async_callback(self.backend.close)
        self.backend.on_session_end = self._note_end
        await self.backend.resume()

    def _note_end(self) -> None:
        self.ended += 1

    async def kill(self) -> None:
        """Simulate SIGKILL: later actions of the app reach neither the store nor the backend."""
        kept = await self.store.load()
        assert kept is not None
        self.backend.on_session_end = None
        self.way.end()
        self.store = MemoryStore()
        await self.store.save(kept)

    async def aclose(self) -> None:
        await self._open.aclose()

    async def sign_in(self, identifier: str) -> None:
        """Sign in, and stay signed in."""
        challenge = await self.backend.begin_sign_in(identifier)
        await self.backend.finish_sign_in(challenge, PASSWORD, remember=True)

    async def go_on(self, *, at_once: bool = False) -> None:
        """Read until there is an answer, as a screen does; with `at_once`, the first read must succeed."""
        deadline = time.monotonic() + stretched(PATIENCE)
        while True:
            try:
                await self.backend.account()
            except SessionExpired as error:
                raise AssertionError("signed out") from error
            except BackendError as error:
                if at_once or time.monotonic() > deadline:
                    raise AssertionError("not recovered by itself") from error
                await asyncio.sleep(0.1)
            else:
                return


def expire(sandbox: Starlette, identifier: str) -> None:
    """Expire all access tokens of that subscriber."""
    families = select(family.c.family_id).where(family.c.subscriber_id == subscriber_id_of(identifier))
    sandbox.state.store.transact(
        lambda connection: connection.execute(
            access_token.delete().where(access_token.c.family_id.in_(families))
        ),
        writing=True,
    )


async def cut_again_and_again(sandbox: Starlette, port: int, identifier: str, seed: int) -> Counter[str]:
    """Cut the renewals of one device; return the number of cuts at each moment.

    A cut signs out no open app. A kill may: the store keeps no used token (docs/security.md).
    """
    rng, met = Random(seed), Counter[str]()  # noqa: S311 - chosen moments, no secrets
    async with aclosing(Device(port)) as device:
        await device.start()
        await device.sign_in(identifier)
        for number in range(CUTS):
            cut, kill = Cut.any(rng), rng.random() < KILLED
            told = f"cut {number + 1} of the seed {seed}, {cut}, killed: {kill}"
            expire(sandbox, identifier)
            device.way.plan(cut)
            # If the network returns at once, the renewal succeeds at once: a later one could come too late.
            asking = asyncio.create_task(device.go_on(at_once=not cut.outage and not kill))
            async with asyncio.timeout(stretched(PATIENCE)):
                await device.way.cut.wait()
            if kill:
                asking.cancel()
                await device.kill()
                await asyncio.sleep(cut.outage)
                await device.start()
                if not device.backend.signed_in:
                    await device.sign_in(identifier)
                asking = asyncio.create_task(device.go_on())
            try:
                await asking
            except AssertionError as error:
                raise AssertionError(told) from error
            assert device.backend.signed_in, told
            assert not device.ended, told
            met[f"{cut.moment.name}{', killed' if kill else ''}"] += 1
    return met


async def test_cuts_and_kills_during_a_renewal_end_no_session_and_raise_no_alarm() -> None:
    people = [f"visitor{number}@demo.example" for number in range(CLIENTS)]
    sandbox = create_app(
        "sqlite://",
        subscribers=tuple(
            Subscriber(
                identifier=one,
                password=PASSWORD,
                display_name="Ada",
                contracts=(
                    Contract(contract_id=f"c-{number}", kind="internet", label="Box", masked_number="04"),
                ),
            )
            for number, one in enumerate(people)
        ),
        clock=utc_now,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )
    with closing(sandbox.state.store), served(sandbox) as origin:
        port = urlsplit(origin).port
        assert port is not None
        met = await asyncio.gather(
            *(cut_again_and_again(sandbox, port, one, SystemRandom().getrandbits(32)) for one in people)
        )
        causes = sandbox.state.store.transact(
            lambda connection: set(connection.scalars(select(family.c.revoked_for)))
        )
    assert causes == {None}, "a session was taken for stolen"
    total = sum(met, Counter())
    assert total.total() == CLIENTS * CUTS
