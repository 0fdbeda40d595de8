"""A connection that drops and returns: the screen is true again, nothing chosen is lost, and it still obeys."""

from __future__ import annotations

import asyncio
from random import Random, SystemRandom

from tests.endurance.processes import Program
from tests.wire import PATIENCE, WireClient

DEMO = "Découvrir la démonstration"
RETURNS = 30
MONTHS = ("juillet", "août", "septembre", "octobre", "novembre")


async def left(program: Program) -> None:
    """Wait until the app knows of no connection any more: who comes sooner is another visitor to it."""
    async with asyncio.timeout(PATIENCE):
        while (await program.holdings())["tasks"].get("FletApp.__send_loop"):
            await asyncio.sleep(0.01)


async def signed_in(program: Program, route: str = "/achats") -> WireClient:
    visitor = WireClient(program.url, route=route)
    await visitor.register()
    await visitor.see("Identifiez-vous")
    await visitor.tap(DEMO)
    return visitor


async def test_whatever_moment_it_drops_at_the_screen_is_true_on_return(patient: Program) -> None:
    seed = SystemRandom().getrandbits(32)
    rng = Random(seed)  # noqa: S311 - chosen moments, no secrets
    async with await signed_in(patient) as visitor:
        await visitor.see("Filtrer les achats")
        months = [text for text in visitor.texts() if text.startswith("Facture d") and ", du " in text]
        for number in range(RETURNS):
            told = f"return {number + 1} of the seed {seed}"
            session, chosen = visitor.session_id, rng.choice(months)
            await visitor.tap(chosen)
            await asyncio.sleep(rng.uniform(0, 0.1))
            route = visitor.route
            await visitor.cut()
            await left(patient)
            await visitor.register()
            assert visitor.session_id == session, told
            assert visitor.page["route"] == visitor.route == route, told
            other = rng.choice([month for month in months if month != chosen])
            await visitor.tap(other)
            total = other.split(", ")[2]
            await visitor.see(f"{total}")
            async with asyncio.timeout(PATIENCE):
                pass
    print(patient.complaints)


async def test_x(patient: Program) -> None:
    async with await signed_in(patient) as visitor:
        await visitor.see("Filtrer les achats")
        import pprint
        for c in visitor.controls():
            print(c["_c"], {k:v for k,v in c.items() if k in ("label","value","key","selected","semantics_label")})
