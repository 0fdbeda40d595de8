"""Cached data: shown at once, until the backend confirms or revokes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from services.client.backend import Backend
from services.client.cache import CacheEntry, Priority
from services.domain.errors import Unreachable
from services.domain.models import Filter
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.views.conftest import CAMILLE, LONG, NOW, PERIODS, Line, Serve, first_contract, long_lists
from tests.views.factories import subscribed
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PER_PAGE, PurchasesState
from views.subscriptions.state import SubscriptionsState


async def read_before(line: Line, who: str) -> tuple[Backend, PurchasesState]:
    """Return a client with two cached periods, and a new state without data."""
    backend, contract = await first_contract(line)
    before = PurchasesState(backend, contract)
    await before.open(None)
    line.asked.clear()
    return backend, PurchasesState(backend, contract)


async def soon(condition: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    async with asyncio.timeout(stretched(15)):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.001)


async def test_new_period_replaces_the_cached_current_one(line: Line, clock: Clock) -> None:
    _, state = await read_before(line, CAMILLE)
    clock.now = NOW.replace(day=27)
    await state.open(None)
    assert state.period_id == "2026-07"
    assert state.period is state.current
    assert not state.shown.old


async def test_period_chosen_during_a_load_is_kept_when_a_new_one_begins(line: Line, clock: Clock) -> None:
    _, state = await read_before(line, CAMILLE)
    clock.now = NOW.replace(day=27)
    with line.holding("/billing-periods"):
        opening = asyncio.create_task(state.open(None))
        await soon(lambda: state.shown.data)
        moved = asyncio.create_task(state.open("2026-05"))
        await soon(lambda: state.period_id == "2026-05")
    await asyncio.gather(opening, moved)
    assert state.period_id == "2026-05"


async def test_cached_list_offline_continues_to_its_last_read_page(serve: Serve, clock: Clock) -> None:
    line = serve(long_lists())
    backend, state = await read_before(line, LONG)
    clock.advance(hours=1)
    before = PurchasesState(backend, state.contract)
    await before.open(None)
    await before.read_page(2)
    line.down = True
    clock.advance(hours=1)
    await state.open(None)
    assert list(state.shown.data.pages if state.shown.data else ()) == [1]
    await state.read_page(2)
    assert state.shown.data is not None
    assert list(state.shown.data.pages) == [1, 2]
    assert state.shown.old
    await state.read_page(3)
    assert list(state.shown.data.pages) == [1, 2], "never read: it says so where it would be"
    assert isinstance(state.shown.error, Unreachable)
    line.down = False
    await state.refresh()
    assert not state.shown.old


async def test_cached_page_of_another_version_is_not_joined_to_the_list(serve: Serve) -> None:
    line = serve(long_lists())
    backend, state = await read_before(line, LONG)
    before = PurchasesState(backend, state.contract)
    await before.open(None)
    await before.read_page(2)
    known = next(k for k in backend._cache.snapshot() if "page=2&" in k.url)
    other = known.value.pagination.__class__(page=2, per_page=PER_PAGE, total_count=9, total_pages=2)
    page = known.value.__class__(period=known.value.period, items=known.value.items, pagination=other)
    backend._cache.put(CacheEntry(known.url, known.etag, known.at, Priority.PASSING, page))
    line.down = True
    await state.open(None)
    await state.read_page(2)
    assert state.shown.data is not None
    assert list(state.shown.data.pages) == [1]


async def test_cached_list_stays_old_until_its_first_page_is_confirmed(serve: Serve) -> None:
    line = serve(long_lists())
    _, state = await read_before(line, LONG)
    with line.holding("&page=1&"):
        opening = asyncio.create_task(state.open(None))
        await soon(lambda: state.shown.data)
        await state.read_page(2)
        assert state.shown.data is not None
        assert list(state.shown.data.pages) == [1, 2]
        assert state.shown.recalled, "its first page is what was known"
    await opening
    assert not state.shown.recalled


async def test_filtered_list_offline_without_a_cache_is_missing(line: Line) -> None:
    _, state = await read_before(line, CAMILLE)
    line.down = True
    await state.open(None)
    await state.choose_filter(Filter.REFUND)
    assert state.shown.missing


async def test_cached_purchase_newer_than_its_list_is_shown(line: Line, clock: Clock) -> None:
    backend, state = await read_before(line, CAMILLE)
    await state.open(None)
    assert state.shown.data is not None
    payment_id = state.shown.data.pages[1][0].payment_id
    clock.advance(hours=1)
    await PurchaseState(backend, state.contract).open(payment_id)
    line.down = True
    purchase = PurchaseState(backend, state.contract)
    await purchase.open(payment_id, state.find(payment_id))
    assert purchase.purchase.at == clock.now
    assert purchase.purchase.old


async def test_cached_charges_are_shown_only_if_complete(serve: Serve) -> None:
    line = serve(subscribed())
    backend, contract = await first_contract(line)
    before = SubscriptionsState(backend, contract)
    await before.load_charges("weekly", PERIODS[:3])
    line.down = True
    state = SubscriptionsState(backend, contract)
    await state.load_charges("weekly", PERIODS)
    assert state.charges.missing, "three periods of six are not what it cost"
    await state.load_charges("weekly", PERIODS[:3])
    assert state.charges.data == before.charges.data
    assert state.charges.old


async def test_termination_decided_on_cached_data_sends_its_etag(serve: Serve) -> None:
    """Check that the ETag is sent, so that a change in between is detected."""
    line = serve(subscribed())
    backend, contract = await first_contract(line)
    await backend.subscriptions(contract.contract_id)
    line.down = True
    state = SubscriptionsState(backend, contract)
    await state.load()
    line.down = False
    assert state.subscriptions.recalled
    state.ending.ask(state.current[0])
    await state.ending.confirm()
    assert state.termination.receipt is not None
