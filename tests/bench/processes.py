"""Several processes of the app behind nginx, as `docs/deploy/` describes, on loopback.

nginx serves TLS; one sandbox runs on PostgreSQL. The visitors are one process with many client addresses, so
that each process of the app serves a share of them. All programs share the cores of this machine: more
processes than cores cannot help.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.bench.figures import Row
from tests.bench.load import IN_TIME, Person, arrive_all, look_around, switching
from tests.bench.served import TODAY, subscribers
from tests.harness.postgresql import cluster
from tests.nightly.deploy.deployment import Deployment, deployed

TITLE = "7. Beyond one machine"
PROCESSES = (1, 2, 4)
CORES = 2
"""Cores of the machine that the goal is for, and largest number of processes."""
PEOPLE = 500
EVERY = 5.0
"""Seconds between two switches of one visitor: 100 switches a second in all."""
ROUNDS = 4
"""Measured switches of each visitor."""


def run() -> Iterator[Row]:
    """Measure the same load with one process, then with more."""
    alone: tuple[float, ...] = ()
    for number in PROCESSES:
        with tempfile.TemporaryDirectory() as name, cluster() as server:
            folder = Path(name)
            data = folder / "subscribers.json"
            data.write_bytes(subscribers())
            options = ("--data", str(data), "--now", f"{TODAY}T12:00:00+01:00")
            with deployed(folder, server.database(), *options, apps=number, sandboxes=1) as deployment:
                took, lasted = asyncio.run(_crowd(deployment))
        alone = alone or took
        by = f"{PEOPLE} people, {number} {'process' if number == 1 else 'processes'}"
        yield Row(
            name=f"{by}: click to the last row, on the wire",
            unit="ms",
            samples=took,
            baseline="1 process",
            baseline_samples=alone,
            at_most=IN_TIME if number == CORES else None,
        )
        yield Row(name=f"{by}: switches a second", unit="", samples=(len(took) / lasted,))


async def _crowd(deployment: Deployment) -> tuple[tuple[float, ...], float]:
    """Return the milliseconds of each switch, and the seconds of all of them."""
    rng = Random(7)  # noqa: S311 - chosen moments, no secrets
    people = [Person(deployment.url, route="/achats") for _ in range(PEOPLE)]
    for number, person in enumerate(people):
        await deployment.lead(person, f"127.0.{1 + number // 200}.{1 + number % 200}")
    try:
        await arrive_all(people)
        await look_around(people)
        began = time.perf_counter()
        took = await switching(people, every=EVERY, rounds=ROUNDS, rng=rng)
        return tuple(took), time.perf_counter() - began
    finally:
        for person in people:
            await person.close()
