"""Many visitors in one process: memory of a session, time of a switch, longest stall of the event loop.

A session is signed in, with its purchases on screen. Each visitor changes the period every `EVERY` seconds,
at random moments. The app, its backend and the visitors share the machine, one process each. The visitors
decode only messages that need an answer, since real browsers run on other machines. One process uses one
core; `processes` measures several.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.bench.figures import Row
from tests.bench.load import IN_TIME, WINDOW, Person, arrive, arrive_all, look_around, switching
from tests.bench.served import ORDINARY, memory, plain, serving, text_of
from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program

TITLE = "4. Many people in one process"
PEOPLE = (50, 100, 200, 500)
STALLS = {200: 100.0, 500: 150.0}
"""Goal of the longest stall in milliseconds, by the number of visitors."""
EVERY = 5.0
"""Seconds between two switches of one visitor."""
ROUNDS = 4
"""Measured switches of each visitor."""
A_BATCH, BATCHES = 20, 6
"""Sessions of a batch, and number of batches; the memory is read after each batch."""
TIMEOUT = 5
"""`--session-timeout` in seconds, for the measure of expired sessions."""

Opening = Callable[[], Awaitable[WireClient]]


def run() -> Iterator[Row]:
    """Measure the memory beside plain Flet's, then the load, then the memory after all sessions expired."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder, sizes=ORDINARY) as app, plain(WINDOW, folder) as beside:
            yield asyncio.run(_memory(app, beside))
        with serving(
            folder,
            *("--session-timeout", str(TIMEOUT)),
            module="tests.nightly.endurance.watched",
            sizes=ORDINARY,
        ) as app:
            yield from asyncio.run(_crowd(app))


async def _memory(app: Program, beside: Program) -> Row:
    async def ours() -> WireClient:
        return await arrive(Person(app.url, route="/achats"))

    async def theirs() -> WireClient:
        client = WireClient(beside.url, deflate=True)
        await client.register()
        await client.see(text_of(0, WINDOW - 1))
        return client

    async with AsyncExitStack() as open_ones:
        samples, baseline = [
            await _growth(program, opening, open_ones) for program, opening in ((app, ours), (beside, theirs))
        ]
    return Row(
        name="memory of a signed-in session on its purchases",
        unit="kB",
        samples=samples,
        baseline=f"plain Flet, {WINDOW} rows",
        baseline_samples=baseline,
        at_most=420,
    )


async def _growth(program: Program, opening: Opening, open_ones: AsyncExitStack) -> tuple[float, ...]:
    """Return the kilobytes of a session in each batch; the first batch is a warm-up."""
    held: list[float] = []
    for _ in range(1 + BATCHES):
        for _ in range(A_BATCH):
            client = await opening()
            open_ones.push_async_callback(client.close)
        await asyncio.sleep(0.5)
        held.append(memory(program.process.pid))
    return tuple((after - before) / A_BATCH / 1e3 for before, after in pairwise(held))


async def _crowd(app: Program) -> list[Row]:
    rng = Random(5)  # noqa: S311 - chosen moments, no secrets
    people = [Person(app.url, route="/achats") for _ in range(PEOPLE[-1])]
    rows = []
    try:
        await arrive_all(people)
        await look_around(people)
        for number in PEOPLE:
            await app.holdings()  # resets the longest stall
            began = time.perf_counter()
            took = await switching(people[:number], every=EVERY, rounds=ROUNDS, rng=rng)
            lasted = time.perf_counter() - began
            full = await app.holdings()
            who = f"{number} people, a switch every {EVERY:.0f} s"
            rows += [
                Row(
                    name=f"{who}: click to the last row, on the wire",
                    unit="ms",
                    samples=tuple(took),
                    at_most=IN_TIME,
                ),
                Row(name=f"{who}: switches a second", unit="", samples=(len(took) / lasted,)),
                Row(
                    name=f"{who}: longest the event loop stood still",
                    unit="ms",
                    samples=(full["stall"] * 1000,),
                    at_most=STALLS.get(number),
                ),
            ]
    finally:
        for person in people:
            await person.close()
    left_at = time.monotonic()
    await app.empty()
    freed_after = time.monotonic() - left_at
    async with WireClient(app.url) as last:  # Flet keeps a reference to the last ended session
        await last.see("Identifiant")
    await app.empty()
    after = await app.holdings()
    return [
        *rows,
        Row(
            name=f"states of purchases kept once their sessions are over (`--session-timeout {TIMEOUT}`)",
            unit="",
            samples=(after["objects"]["PurchasesState"],),
            baseline="with everybody there",
            baseline_samples=(full["objects"]["PurchasesState"],),
            at_most=0,
        ),
        Row(name="seconds until the last of them was freed", unit="s", samples=(freed_after,)),
    ]
