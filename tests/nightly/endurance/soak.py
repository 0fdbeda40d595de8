"""Visits of every kind to the web app, and a comparison of its memory and tasks before and after.

    python -m tests.nightly.endurance.soak --minutes 10

It prints a line for each batch: visits so far, memory, and the leftovers since the first batch. The exit code
is 1 if there are leftovers, or if memory has grown by more than `GROWTH` for each visit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program

GROWTH = 30_000
"""Bytes that a visit may leave; a leaked session has 400,000 at least."""
AT_ONCE = 4
"""Visits at the same time."""
LONGEST = 0.15
"""Longest time in seconds before an aborted visit is cut."""

Visit = Callable[[str, Random], Awaitable[None]]


async def unregistered(address: str, rng: Random) -> None:
    """Open a connection that never registers; close or cut it."""
    visitor = WireClient(address)
    await visitor.connect()
    await (visitor.cut() if rng.random() < 0.5 else visitor.close())


async def at_the_door(address: str, rng: Random) -> None:
    """Register, and cut the connection at once or a moment later."""
    visitor = WireClient(address)
    await visitor.register()
    await asyncio.sleep(rng.uniform(0, LONGEST) * rng.randrange(2))
    await visitor.cut()


async def while_signing_in(address: str, rng: Random) -> None:
    """Cut or close the connection during the sign-in."""
    visitor = await _begun(address)
    await asyncio.sleep(rng.uniform(0, LONGEST))
    await (visitor.cut() if rng.random() < 0.5 else visitor.close())


async def whole(address: str, rng: Random) -> None:
    """Show some periods, perhaps with a cut and a return; sign out or not; close or cut the connection."""
    visitor = await _begun(address)
    await visitor.see("Filtrer les achats")
    # Until then, the column of the chosen period is replaced, and a tap on it has no effect.
    await visitor.until(lambda: _months(visitor, selected=True), "no period is chosen")
    months = _months(visitor)
    for month in rng.sample(months, 3):
        address = visitor.route
        await visitor.tap(month)
        await visitor.until(
            lambda month=month: visitor.nodes("Semantics", label=month, selected=True),  # type: ignore[misc]
            f"{month!r} is not on screen",
        )
        await visitor.until(
            lambda address=address: visitor.route != address,  # type: ignore[misc]
            "the address stays",
        )
        if rng.random() < 0.1:
            await visitor.cut()
            session = visitor.session_id
            await visitor.register()
            if visitor.session_id != session:  # the app has not noticed the cut yet: this is a new session
                break
    if visitor.shows("Filtrer les achats") and rng.random() < 0.3:
        await visitor.go("/reglages")
        await visitor.tap("Se déconnecter")
    await (visitor.cut() if rng.random() < 0.5 else visitor.close())


def _months(visitor: WireClient, **properties: Any) -> list[str]:
    """Return the names of the chart's columns that have these properties."""
    labels = (one.get("label") or "" for one in visitor.nodes("Semantics", **properties))
    return [label for label in labels if ", du " in label]


async def _begun(address: str) -> WireClient:
    visitor = WireClient(address, route="/achats")
    await visitor.register()
    await visitor.enter("Identifiant", "camille@demo.example")
    await visitor.tap("Continuer")
    await visitor.enter("Mot de passe", "Soleil-2026")
    await visitor.tap("Se connecter")
    return visitor


KINDS: tuple[Visit, ...] = (unregistered, at_the_door, while_signing_in, whole)


async def crowd(app: Program, visits: int, rng: Random) -> Counter[str]:
    """Make `visits` visits of random kinds, `AT_ONCE` at a time; return the number of each kind."""
    kinds = [rng.choice(KINDS) for _ in range(visits)]
    left = [(kind, Random(rng.random())) for kind in kinds]  # noqa: S311 - chosen moments, no secrets

    async def one_after_another() -> None:
        while left:
            kind, chance = left.pop()
            await kind(app.url, chance)

    async with asyncio.TaskGroup() as visitors:
        for _ in range(AT_ONCE):
            visitors.create_task(one_after_another())
    await app.empty()
    # Flet 1.0.5 keeps a reference to the last ended session: end a small one last.
    async with WireClient(app.url) as last:
        await last.see("Identifiant")
    await app.empty()
    return Counter(kind.__name__ for kind in kinds)


def left_over(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return the tasks, files, sockets, objects of a visit and threads that have grown in number.

    Threads that wait for work are kept, up to the size of asyncio's pool and a few of Flet's.
    """
    more: dict[str, tuple[int, int]] = {}
    for name in ("tasks", "objects"):
        kinds = {*before[name], *after[name]}
        more |= {kind: (before[name].get(kind, 0), after[name].get(kind, 0)) for kind in kinds}
    more["fds"] = before["fds"], after["fds"]
    more["threads"] = max(before["threads"], (os.cpu_count() or 1) + 8), after["threads"]
    return {name: (then, now) for name, (then, now) in more.items() if now > then}


@contextmanager
def served(folder: Path) -> Iterator[Program]:
    """Serve the app with a sandbox in a separate process, whose password hashing needs much memory."""
    database = f"sqlite:///{folder / 'sandbox.sqlite3'}"
    with (
        Program("services.sandbox", "--database", database, log=folder / "sandbox.log") as sandbox,
        Program(
            "tests.nightly.endurance.watched",
            *("--session-timeout", "1", "--backend", sandbox.url),
            log=folder / "app.log",
        ) as app,
    ):
        yield app


async def main(minutes: float, visits: int) -> int:
    """Run the visits in batches; return the exit code."""
    rng, end = Random(0), time.monotonic() + 60 * minutes  # noqa: S311 - chosen moments, no secrets
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as app:
        await crowd(app, visits, rng)
        first = await app.holdings()
        total, kinds = 0, Counter[str]()
        while True:
            now = await app.holdings()
            more, grown = left_over(first, now), now["rss"] - first["rss"]
            sys.stdout.write(f"{total:6} visits {now['rss'] / 1e6:7.1f} MB {more or ''}\n")
            sys.stdout.flush()
            if time.monotonic() > end:
                break
            kinds += await crowd(app, visits, rng)
            total += visits
        sys.stdout.write(f"{dict(kinds)}, {grown / total:.0f} bytes a visit\n{app.said}")
    return int(bool(more) or grown > GROWTH * total)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.nightly.endurance.soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--batch", type=int, default=100, help="visits between two looks (%(default)s)")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.minutes, options.batch)))
