"""Client of the backend: 1,000 purchases as values, beside the same bytes read by httpx and `json.loads`.

The server is a sandbox in a separate process. It repeats each answer from memory after the first read, so
that the figure measures the client.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.sandbox import SandboxSettings, create_app
from tests.bench.figures import Row, interleaved_async
from tests.harness.in_process import backend_within
from tests.services.sandbox.many import CROWDED, OWNER, template
from tests.services.sandbox.visitor import PASSWORD

TITLE = "5. The client service"
ROWS, PER_PAGE = 1_000, 100
ROUNDS = 40
SCREENS = 10
NOW = datetime.fromisoformat("2024-03-10T12:00:00+01:00")
PERIOD = "2024-04"


def run() -> Iterator[Row]:
    """Measure the read of a long list, and the requests of many screens at once."""
    with _server() as origin:
        yield asyncio.run(_long_list(origin))
    yield asyncio.run(_many_screens())


async def _long_list(origin: str) -> Row:
    pages = range(1, ROWS // PER_PAGE + 1)
    path = f"/v1/contracts/{CROWDED}/purchases?periodId={PERIOD}&order=desc&page={{}}&perPage={PER_PAGE}"
    backend = Backend.at(origin, MemoryStore())
    await _sign_in(backend)
    async with httpx.AsyncClient(base_url=origin) as bare:

        async def ours() -> float:
            began = time.perf_counter()
            read = [await backend.purchases(CROWDED, PERIOD, page=page, per_page=PER_PAGE) for page in pages]
            elapsed = time.perf_counter() - began
            assert sum(len(answer.value.items) for answer in read) == ROWS
            return elapsed * 1000

        async def theirs() -> float:
            began = time.perf_counter()
            read = [json.loads((await bare.get(path.format(page))).content) for page in pages]
            elapsed = time.perf_counter() - began
            assert sum(len(answer["items"]) for answer in read) == ROWS
            return elapsed * 1000

        await ours()  # later reads are answered from memory, for both clients
        samples, baseline = await interleaved_async(ours, theirs, rounds=ROUNDS, warm_up=5)
    await backend.close()
    return Row(
        name=f"`purchases` of {ROWS:,} rows, {PER_PAGE} a page",
        unit="ms",
        samples=samples,
        baseline="httpx and `json.loads`",
        baseline_samples=baseline,
        at_most_times=1.3,
    )


async def _many_screens() -> Row:
    asked: list[str] = []
    sandbox = _sandbox()

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/v1/"):
            asked.append(scope["path"])
        await sandbox(scope, receive, send)

    backend = backend_within(counting, MemoryStore())
    await _sign_in(backend)

    async def screen() -> None:
        await asyncio.gather(
            backend.account(),
            backend.billing_periods(CROWDED),
            backend.purchases(CROWDED, PERIOD),
            backend.subscriptions(CROWDED),
            backend.service(CROWDED),
        )

    await asyncio.gather(*(screen() for _ in range(SCREENS)))
    await backend.close()
    sandbox.state.store.close()
    return Row(
        name=f"requests of {SCREENS} screens that open at once",
        unit="",
        samples=(len(asked),),
        baseline="resources",
        baseline_samples=(len(set(asked)),),
        at_most_times=1.0,
    )


async def _sign_in(backend: Backend) -> None:
    challenge = await backend.begin_sign_in(OWNER)
    await backend.finish_sign_in(challenge, PASSWORD, remember=False)


def _sandbox() -> Starlette:
    return create_app(
        "sqlite://",
        subscribers=template(NOW, 1, ROWS),
        clock=lambda: NOW,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )


def from_memory() -> ASGIApp:
    """Return a sandbox that repeats its first answer to each request for purchases."""
    sandbox, known = _sandbox(), dict[bytes, list[Message]]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["raw_path"] + b"?" + scope["query_string"]

        async def noting(message: Message) -> None:
            if scope["path"].endswith("/purchases"):
                known.setdefault(asked, []).append(message)
            await send(message)

        if asked in known:
            for message in known[asked]:
                await send(message)
        else:
            await sandbox(scope, receive, noting)

    return app


def _serve(listening: socket.socket) -> None:
    config = uvicorn.Config(from_memory(), log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = get_context("spawn").Process(target=_serve, args=[listening], daemon=True)
        process.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.join()
