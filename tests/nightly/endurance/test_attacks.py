"""Attacks over the wire: an ended session leaves no page on the heap, and little memory."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.harness.patience import stretched
from tests.harness.processes import STARTED
from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program
from tests.security.hostile import HostileClient
from tests.security.test_hostile_client import FLOODS, MEGABYTE


async def attack(app: Program, flood: str) -> None:
    """Send one of the floods until the host closes the connection."""
    count, said = FLOODS[flood]
    async with HostileClient(app.url) as client:
        await client.register()
        field = next(iter(client.controls("TextField")))
        await client.send(*(said(field) for _ in range(count)))
        await client.closed()


async def visit(app: Program) -> None:
    """Open the demo and leave."""
    async with WireClient(app.url) as visitor:
        await visitor.see("Identifiez-vous")
        await visitor.tap("Découvrir la démonstration")
        await visitor.see("Bonjour")


async def held_by_nobody(app: Program) -> dict[str, Any]:
    """Wait until no page is on the heap; return the report of the process."""
    async with asyncio.timeout(stretched(STARTED)):
        while (holdings := await app.holdings())["objects"]["Page"]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return holdings


async def test_no_page_of_attacks_and_of_honest_visits_stays_in_memory(hasty: Program) -> None:
    for flood in FLOODS:
        await attack(hasty, flood)
    await visit(hasty)
    before = await held_by_nobody(hasty)
    for _ in range(3):
        for flood in FLOODS:
            await attack(hasty, flood)
        await visit(hasty)
    after = await held_by_nobody(hasty)
    assert after["objects"]["Session"] == 0
    assert after["rss"] - before["rss"] < 20 * MEGABYTE
    assert "Traceback" not in hasty.said
