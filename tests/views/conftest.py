"""Sandbox in this process, and a line to it that tests cut, hold and observe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flet as ft
import httpx
import pytest
from httpx_retries import Retry
from starlette.applications import Starlette

from services.client import http
from services.client.backend import Backend
from services.client.credentials import CredentialStore, MemoryStore
from services.client.history_store import HistoryStore
from services.client.http import IN_PROCESS, HttpClient
from services.client.offline import OfflineStore
from services.client.simulated_faults import Demonstration
from services.domain.models import Contract
from services.sandbox import SandboxSettings, Subscriber, create_app, data_file, demo
from services.sandbox.data_file import Purchase
from services.settings import Runtime, Settings
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.harness.entries import bought
from tests.harness.patience import stretched
from views.app import open_app
from views.core.recovery import Sleep

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
"""Noon in Paris, in the period from 26 April to 25 May, of the June invoice."""
PERIODS = ("2026-06", "2026-05", "2026-04", "2026-03", "2026-02", "2026-01")
PASSWORD = "Soleil-2026"
CAMILLE = "camille@demo.example"
LONG = "longue@demo.example"
"""The subscriber of `long_lists`."""


class Held:
    """Answers to addresses that contain `text`, held back until a test releases them."""

    def __init__(self, text: str) -> None:
        self.text, self.released = text, asyncio.Event()
        self.given = asyncio.Semaphore(0)

    async def answered(self) -> None:
        """Wait for one more answer of the backend, which the client does not have yet."""
        async with asyncio.timeout(stretched(30)):
            await self.given.acquire()


class Line(httpx.AsyncBaseTransport):
    """Transport to an application, with the faults that a test sets."""

    def __init__(self, app: Starlette, clock: Clock, identifier: str) -> None:
        self.app = app
        self.identifier = identifier
        """Identifier of the first subscriber."""
        self.far_end = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._clock = clock
        self._held: list[Held] = []
        self.asked: list[str] = []
        """Addresses requested, as `/v1/me`; sign-in aside."""
        self.down = False
        """No request arrives."""
        self.broken: str | None = None
        """Requests for addresses with this in them are answered by a 500."""
        self.lost: str | None = None
        """Answers to changes of addresses with this in them are lost, and after them the line is down."""
        self.swallowed: str | None = None
        """The same, for changes that are lost on their way there: nothing is done."""
        self.busy: int | None = None
        """Every request is answered by a 503 that asks to wait for so many seconds."""
        self.status: int | None = None
        """Every request is answered by this alone."""
        self.under_way = 0
        """Requests not answered yet."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        address = request.url.raw_path.decode()
        if address.startswith("/v1/"):
            self.asked.append(address)
        if self.down:
            raise httpx.ConnectError("down", request=request)
        if self.swallowed is not None and self.swallowed in address and request.method != "GET":
            self.down = True
            raise httpx.ReadError("swallowed", request=request)
        if self.status is not None:
            return httpx.Response(self.status, request=request)
        if self.busy is not None:
            return httpx.Response(503, headers={"Retry-After": str(self.busy)}, request=request)
        response = await self.far_end.handle_async_request(request)
        for held in tuple(self._held):
            if held.text in address:
                held.given.release()
                await held.released.wait()
        if self.lost is not None and self.lost in address and request.method != "GET":
            self.down = True
            raise httpx.ReadError("lost", request=request)
        if self.broken is not None and self.broken in address:
            return httpx.Response(500, request=request)
        return response

    @contextmanager
    def holding(self, text: str) -> Iterator[Held]:
        """Hold answers to addresses that contain `text` until the end of the block."""
        held = Held(text)
        self._held.append(held)
        try:
            yield held
        finally:
            self._held.remove(held)
            held.released.set()

    def backend(
        self,
        credentials: CredentialStore | None = None,
        offline: OfflineStore | None = None,
        history: HistoryStore | None = None,
    ) -> Backend:
        """Return a visitor's client at this end of the line."""
        wire = HttpClient(IN_PROCESS, self, clock=self._clock, timeout=stretched(5.0))
        store = credentials or MemoryStore()
        return Backend(wire, store, clock=self._clock, offline=offline, history=history)

    def demonstration(self) -> Demonstration:
        """Return a visitor's transport over this line, on which a slow network takes no time."""

        async def at_no_cost(_seconds: float) -> None:
            await asyncio.sleep(0)

        return Demonstration(self.app, way=self, clock=self._clock, wait=at_no_cost)


def long_lists(*, one_more: bool = False) -> Subscriber:
    """Return a subscriber with 140 purchases in the current period, ten a day, and 60 in the one before.

    `one_more` adds a later purchase.
    """

    def purchase(index: int, day: datetime) -> Purchase:
        more = {"description": f"Article {index}", "reference_code": f"IP-{index:06}"}
        return bought(f"long-{index:04}", day, f"{1 + index % 7}.10", **more)

    current = [NOW - timedelta(days=1 + n // 10, minutes=n) for n in range(140)]
    before = [datetime(2026, 4, 20, 10, tzinfo=UTC) - timedelta(days=n // 10, minutes=n) for n in range(60)]
    contract = data_file.Contract(
        contract_id="long-box",
        kind="internet",
        label="Box Fibre",
        masked_number="04 •• •• •• 55",
        purchases=(
            *(purchase(n, day) for n, day in enumerate([*current, *before])),
            *([purchase(9999, NOW)] if one_more else []),
        ),
    )
    return Subscriber(
        identifier=LONG,
        password=PASSWORD,
        display_name="Lou Delcourt",
        phone_number=None,
        contracts=(contract,),
    )


@pytest.fixture(scope="session")
def everyone() -> dict[str, Subscriber]:
    """Return the demo subscribers of that day, and the one of `long_lists`, by identifier."""
    people = (*demo.subscribers(NOW), long_lists())
    return {person.identifier: person for person in people}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn off retries, which have their own tests."""
    monkeypatch.setattr(http, "_RETRY", Retry(total=0))


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


Serve = Callable[..., Line]


@pytest.fixture
def serve(everyone: dict[str, Subscriber], clock: Clock) -> Iterator[Serve]:
    """Return a function that creates a sandbox with 3 ms of latency and returns a line to it."""
    apps: list[Starlette] = []

    def make(
        *people: str | Subscriber, settings: SandboxSettings | None = None, database: str = "sqlite://"
    ) -> Line:
        subscribers = tuple(everyone[one] if isinstance(one, str) else one for one in people)
        app = create_app(
            database,
            subscribers=subscribers,
            clock=clock,
            latency=0.003,
            settings=settings or SandboxSettings(scrypt_log2_cost=4),
        )
        apps.append(app)
        return Line(app, clock, subscribers[0].identifier if subscribers else "")

    yield make
    for app in apps:
        app.state.store.close()


@pytest.fixture
def line(serve: Serve) -> Line:
    """Return a line to a sandbox with Camille's data."""
    return serve(CAMILLE)


@pytest.fixture
def long_line(serve: Serve) -> Line:
    """Return a line to a sandbox with the subscriber of `long_lists`."""
    return serve(LONG)


def typed(text: str | bool) -> Any:
    """Return the event of a field or switch that holds this."""
    return SimpleNamespace(data=text)


async def sign_in(backend: Backend, identifier: str, *, remember: bool = False) -> None:
    """Go through both steps of the sign-in, without a screen."""
    challenge = await backend.begin_sign_in(identifier)
    await backend.finish_sign_in(challenge, PASSWORD, remember=remember)


async def first_contract(line: Line) -> tuple[Backend, Contract]:
    """Return a new client of the line's first subscriber, and the first contract."""
    backend = line.backend()
    await sign_in(backend, line.identifier)
    contract = (await backend.account()).value.contracts[0]
    line.asked.clear()
    return backend, contract


async def remembered(line: Line, identifier: str | None = None) -> MemoryStore:
    """Return the credential store of a device that remembers a subscriber, by default the first one."""
    store = MemoryStore()
    await sign_in(line.backend(store), identifier or line.identifier, remember=True)
    line.asked.clear()
    return store


async def never(_seconds: float) -> None:
    """Wait forever: nothing is retried automatically."""
    await asyncio.Event().wait()


def visit(
    line: Line,
    store: CredentialStore | None = None,
    *,
    offline: OfflineStore | None = None,
    history: HistoryStore | None = None,
    demo: bool = True,
    sleep: Sleep = never,
    runtime: Runtime | None = None,
    **screen: Any,
) -> Driver:
    """Return a driver of the whole app; `screen` are its arguments: route, width, locale..."""

    runtime = runtime or (Runtime.WEB if screen.get("web") else Runtime.DESKTOP)

    async def main(page: ft.Page) -> None:
        settings = Settings(
            data_folder=Path("unused"), backend=None if demo else "https://backend.example", runtime=runtime
        )
        demonstration = line.demonstration() if demo else None
        if demonstration is not None:
            backend = demonstration.backend(store or MemoryStore(), offline, history)
        else:
            backend = line.backend(store, offline, history)
        await open_app(page, backend, settings, demonstration, sleep=sleep)

    return Driver(main, **screen)


async def choose_contract(app: Driver, name: str) -> None:
    """Open the list of contracts and choose the contract `name`."""
    for start in ("Contrat affiché", name):
        await app.until(partial(first, app, start), f"no {start!r}")
        await app.tap(first(app, start))
    await app.see_not("Choisir un contrat")


def first(app: Driver, start: str) -> str:
    """Return the first accessible name that begins with `start`, or ""; any space stands for any other."""
    return next((name for name in app.names() if " ".join(name.split()).startswith(start)), "")


async def quiet(app: Driver, line: Line) -> None:
    """Wait until no request is in flight and all answers are drawn."""
    await app.until(lambda: app.waits and not line.under_way, "still asking")
