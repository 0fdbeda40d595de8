"""Connection that drops and returns: the screen is current, keeps its selection and still reacts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from random import Random, SystemRandom
from zoneinfo import ZoneInfo

from services.domain.periods import latest_periods
from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program

RETURNS = 20
LIST = "Filtrer les achats"
FORECAST = "probablement entre"
"""Words of the forecast of the next bill, drawn after all periods are read."""


async def signed_in(app: Program, *, route: str = "/achats", **screen: float) -> WireClient:
    """Connect and sign in."""
    visitor = WireClient(app.url, route=route, **screen)  # type: ignore[arg-type] # width and height
    await visitor.register()
    await visitor.see("Identifiez-vous")
    await visitor.tap("Découvrir la démonstration")
    return visitor


def shown(visitor: WireClient) -> list[str]:
    """Return the names of the periods marked as selected."""
    return [one["label"] for one in visitor.nodes("Semantics", selected=True) if "Facture" in one["label"]]


def is_at(visitor: WireClient, period_id: str) -> bool:
    """Return whether the address of the client is that of the period."""
    return visitor.route.endswith(period_id)


async def choose(visitor: WireClient, month: str) -> None:
    """Tap a period and wait for its figures."""
    await visitor.tap(month)
    await visitor.until(lambda: shown(visitor) == [month], f"{month!r} is not on screen")
    await visitor.see_not("Chargement…")


async def test_at_whatever_moment_it_drops_the_screen_is_true_and_obeys_on_return(patient: Program) -> None:
    seed = SystemRandom().getrandbits(32)
    rng = Random(seed)  # noqa: S311 - chosen moments, no secrets
    async with await signed_in(patient) as visitor:
        await visitor.see(FORECAST)
        months = [one["label"] for one in visitor.nodes("Semantics") if ", du " in (one.get("label") or "")]
        assert len(months) == 6
        today = datetime.now(ZoneInfo("Europe/Paris")).date()
        addresses = dict(zip(months, [p.bill_month for p in reversed(latest_periods(today))], strict=True))
        for number in range(RETURNS):
            session, chosen = visitor.session_id, rng.choice(months)
            await visitor.tap(chosen)
            await asyncio.sleep(rng.uniform(0, 0.08))
            route = visitor.route
            await visitor.cut()
            await patient.alone()
            await visitor.register()
            told = f"return {number + 1} of the seed {seed}: {visitor.texts()}"
            assert visitor.session_id == session, told
            assert visitor.tree.page["route"] == visitor.route == route, told
            other = rng.choice([month for month in months if month != chosen])
            try:
                await choose(visitor, other)
                # Sent after the list; lost if the connection drops in between.
                await visitor.until(partial(is_at, visitor, addresses[other]), "its address stays away")
            except AssertionError as error:
                raise AssertionError(told) from error
        async with await signed_in(patient, route="/") as another:
            await another.see(FORECAST)  # the marks of rows and the badge depend on all periods, too
            await another.go(visitor.route)
            await another.until(lambda: another.texts() == visitor.texts(), f"not what {visitor.texts()}")
    assert not patient.said


async def test_what_was_chosen_and_what_changed_meanwhile_are_there_on_return(patient: Program) -> None:
    async with await signed_in(patient, route="/reglages") as visitor:
        await visitor.tap("Sombre")
        await visitor.until(lambda: visitor.tree.page.get("theme_mode") == "dark", "not dark")
        await visitor.go("/gerer")
        await visitor.see("Club Cubéo")
        assert visitor.nodes("BottomAppBar")
        await visitor.cut()
        await patient.alone()
        visitor.width, visitor.height = 1440, 900  # the window has been enlarged meanwhile
        await visitor.register()
        await visitor.until(lambda: visitor.nodes("NavigationRail"), "not drawn for its width")
        assert visitor.tree.page["theme_mode"] == "dark"
        assert visitor.tree.page["route"] == "/gerer"
        await visitor.see("Club Cubéo")


async def test_who_left_before_anything_was_drawn_finds_the_app_on_return(patient: Program) -> None:
    for _ in range(10):
        visitor = WireClient(patient.url)
        await visitor.register()
        await visitor.cut()
        await patient.alone()
        async with visitor:
            await visitor.see("Identifiez-vous")
    assert not patient.said


async def test_a_session_that_was_dropped_gives_way_to_a_new_page_at_the_same_address(
    hasty: Program,
) -> None:
    visitor = await signed_in(hasty)
    await visitor.see(LIST)
    session, route = visitor.session_id, "/achats?periode=2000-01"
    await visitor.go(route)
    await visitor.cut()
    await hasty.empty()
    async with visitor:
        assert visitor.session_id != session
        await visitor.see("Identifiez-vous")
        await visitor.tap("Découvrir la démonstration")
        await visitor.see(LIST)
        assert visitor.tree.page["route"] == route
    assert not hasty.said
