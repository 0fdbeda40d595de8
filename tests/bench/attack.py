"""Change of the period for one visitor while another one attacks, beside the same change without an attack.

The attacker is a separate process. It registers, sends as fast as it can until the server closes the
connection, and connects again, as long as the switches are timed.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.bench.figures import Row
from tests.bench.month_switch import app_client, opened
from tests.bench.served import serving
from tests.nightly.endurance.processes import Program
from tests.security.hostile import PAGE, HostileClient, event, update

TITLE = "8. Another period while somebody attacks"
ROUNDS = 40
AT_MOST = 100.0
"""Milliseconds that an attack may add to a switch."""
FLOODS: dict[str, Callable[[int], bytes]] = {
    "clicks on nothing": lambda field: event(999_999, "click"),
    "focus": lambda field: event(field, "focus"),
    "letters": lambda field: update(field, value="x"),
    "resizing": lambda field: event(PAGE, "resize", {"width": 1440, "height": 900}),
    "messages of 60 kB": lambda field: event(999_999, "change", "x" * 60_000),
}


def run() -> Iterator[Row]:
    """Measure each flood beside the switches just before it."""
    with (
        tempfile.TemporaryDirectory() as name,
        serving(Path(name)) as ours,
        ProcessPoolExecutor(1, get_context("spawn")) as attacker,
    ):
        yield from asyncio.run(_attacked(ours, attacker))


async def _attacked(ours: Program, attacker: ProcessPoolExecutor) -> list[Row]:
    rows = []
    async with AsyncExitStack() as stack:
        switch = await opened(stack, app_client(ours))
        for flood in FLOODS:
            quiet = [await switch() for _ in range(ROUNDS)]
            attack = asyncio.get_running_loop().run_in_executor(attacker, _attack, ours.url, flood)
            samples: list[float] = []
            while not attack.done():
                samples.append(await switch())
            await attack
            rows.append(
                Row(
                    name=f"click to list during a flood of {flood}, more than in quiet",
                    unit="ms",
                    samples=tuple(sorted(one - min(quiet) for one in samples)),
                    baseline="in quiet",
                    baseline_samples=tuple(quiet),
                    at_most=AT_MOST,
                )
            )
    return rows


def _attack(url: str, flood: str) -> None:
    asyncio.run(_floods(url, flood))


async def _floods(url: str, flood: str, seconds: float = 8.0) -> None:
    """Flood for `seconds`; connect again whenever the server closes the connection."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                async with HostileClient(url) as client:
                    await client.register()
                    said = partial(FLOODS[flood], next(iter(client.controls("TextField"))))
                    while client.close_code is None:
                        await client.send(*(said() for _ in range(1000)))
