"""State of the purchases of a contract, with the real client and an in-process sandbox."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import Unreachable
from services.domain.models import Filter, PaymentStatus, Purchase, PurchasePage
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.views.conftest import CAMILLE, LONG, NOW, PERIODS, Line, Serve, first_contract, long_lists, sign_in
from views.purchases.state import (
    LISTS_KEPT,
    PAGES_KEPT,
    PER_PAGE,
    Day,
    PurchaseList,
    PurchasesState,
    local_day,
)

GROS_VOLUME = "gros-volume@demo.example"


async def signed_in(line: Line) -> PurchasesState:
    """Return the purchases of the first contract of a signed-in subscriber."""
    return PurchasesState(*await first_contract(line))


async def opened(line: Line) -> PurchasesState:
    """Return the purchases with the current period read."""
    state = await signed_in(line)
    await state.open(None)
    return state


def lists_asked(line: Line) -> list[tuple[str, str]]:
    """Return the period and page of each list request."""
    found = []
    for address in line.asked:
        if "/purchases?" in address:
            params = dict(pair.split("=") for pair in address.partition("?")[2].split("&"))
            found.append((params["periodId"], params["page"]))
    return found


def shown(state: PurchasesState) -> PurchaseList:
    assert state.shown.data is not None
    return state.shown.data


async def soon(condition: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    async with asyncio.timeout(stretched(15)):
        while not condition():  # noqa: ASYNC110 - the condition has no event
            await asyncio.sleep(0.001)


async def test_opening_purchases_loads_the_current_period_and_prefetches_its_neighbor(line: Line) -> None:
    state = await opened(line)
    assert state.period_id == "2026-06"
    assert state.current is state.period
    assert [period.period_id for period in state.periods.data or ()] == list(PERIODS)
    assert state.shown.at == NOW
    assert not state.shown.loading
    assert lists_asked(line) == [("2026-06", "1"), ("2026-05", "1")]


async def test_opening_a_loaded_period_sends_no_request(line: Line) -> None:
    state = await opened(line)
    await state.open("2026-05")
    assert lists_asked(line)[2:] == [("2026-04", "1")], "only its other neighbour"
    line.asked.clear()
    await state.open("2026-06")
    await state.open("2026-05")
    assert line.asked == []


async def test_concurrent_loads_of_periods_and_pages_send_one_request(long_line: Line) -> None:
    state = await signed_in(long_line)
    await asyncio.gather(*(state.load_periods() for _ in range(5)), *(state.open(None) for _ in range(5)))
    assert len([address for address in long_line.asked if "billing-periods" in address]) == 1
    long_line.asked.clear()
    await asyncio.gather(*(state.read_page(2) for _ in range(8)))
    assert lists_asked(long_line) == [("2026-06", "2")]
    await state.read_page(2)
    assert len(long_line.asked) == 1


async def test_failed_refresh_keeps_old_data_and_a_retry_replaces_it(line: Line, clock: Clock) -> None:
    state = await opened(line)
    periods, listed = state.periods.data, state.shown.data
    clock.advance(minutes=3)
    line.down = True
    await state.refresh()
    assert (state.periods.data, state.shown.data) == (periods, listed)
    assert state.periods.stale
    assert state.shown.stale
    assert (state.periods.at, state.shown.at) == (NOW, NOW), "the age of what is shown"
    assert isinstance(state.shown.error, Unreachable)
    assert state.refreshed == 0
    line.down = False
    await state.refresh()
    assert state.periods.error is None
    assert state.shown.error is None
    assert state.shown.at == clock.now
    assert state.refreshed == 1


async def test_refresh_in_flight_keeps_periods_and_list_on_screen(line: Line) -> None:
    state = await opened(line)
    before = state.shown.data
    with line.holding("/v1/contracts"):
        refresh = asyncio.create_task(state.refresh())
        await soon(lambda: state.periods.loading and state.shown.loading)
        assert state.periods.data
        assert state.shown.data is before
    await refresh
    assert not state.shown.loading
    assert shown(state).pages == (before.pages if before else None)


async def test_answer_for_a_previous_period_is_kept_but_not_shown(line: Line) -> None:
    state = await opened(line)
    with line.holding("2026-03"):
        slow = asyncio.create_task(state.open("2026-03"))
        await soon(lambda: state.shown.loading)
        assert state.shown.data is None
        await state.open("2026-05")
        may = state.shown.data
    await slow
    assert state.period_id == "2026-05"
    assert state.shown.data is may
    line.asked.clear()
    await state.open("2026-03")
    assert ("2026-03", "1") not in lists_asked(line), "but it was kept"


async def test_list_of_a_period_is_kept_per_filter(line: Line) -> None:
    state = await signed_in(line)
    await state.open("2026-05")
    everything = shown(state)
    await state.choose_filter(Filter.REFUND)
    assert [p.amount.amount < 0 for p in shown(state).pages[1]] == [True]
    await state.open("2026-04")
    assert state.filter is Filter.REFUND
    assert shown(state).empty
    await state.open("2026-05")
    await state.clear_filter()
    assert state.shown.data is everything


async def test_filter_chosen_before_the_first_load_applies_to_it(serve: Serve) -> None:
    state = await signed_in(serve(CAMILLE))
    await state.choose_filter(Filter.SUBSCRIPTION)
    await state.open(None)
    kinds = {purchase.kind.value for purchase in shown(state).pages[1]}
    assert kinds == {"subscription"}


async def test_period_step_beyond_the_oldest_or_newest_is_none(serve: Serve) -> None:
    state = await signed_in(serve(CAMILLE))
    assert state.step(1) is None
    await state.open(None)
    assert (state.step(1), state.step(0), state.step(-1), state.step(-6)) == (
        None,
        "2026-06",
        "2026-05",
        None,
    )
    await state.open("2026-01")
    assert (state.step(-1), state.step(1)) == (None, "2026-02")


async def test_purchase_found_in_a_list_has_the_age_of_the_list(serve: Serve) -> None:
    state = await opened(serve(CAMILLE))
    first = shown(state).pages[1][0]
    found = state.find(first.payment_id)
    assert found is not None
    assert (found.value, found.at) == (first, NOW)
    assert state.find("another") is None


async def test_list_on_screen_is_never_evicted(line: Line) -> None:
    state = await signed_in(line)
    for period_id, kind in itertools.product(PERIODS, (None, *Filter)):
        await state.open(period_id)
        await state.choose_filter(kind)
        assert state.shown.data is not None
    assert len(state._lists) == LISTS_KEPT
    await state.open("2026-01")
    on_screen = state.shown.data
    for period_id, kind in itertools.product(PERIODS[:-1], (None, *Filter)):
        await state._read(period_id, kind, 1)
        assert state.shown.data is on_screen
        assert ("2026-01", state.filter) in state._lists
        assert len(state._lists) == LISTS_KEPT


async def test_list_evicted_during_a_failing_load_opens_as_missing(line: Line) -> None:
    state = await opened(line)
    line.broken = "2026-01"
    with line.holding("periodId=2026-01"):
        slow = asyncio.create_task(state._read("2026-01", None, 1))
        await soon(lambda: ("2026-01", "1") in lists_asked(line))
        state._lists.clear()
    await slow
    await state.open("2026-01")
    assert state.shown.missing


# Days


def true_totals(purchases: tuple[Purchase, ...], state: PurchasesState) -> dict[date, Decimal]:
    totals: dict[date, Decimal] = defaultdict(Decimal)
    for purchase in purchases:
        if purchase.payment_status is PaymentStatus.SUCCEEDED:
            totals[local_day(purchase, state.zone)] += purchase.amount.amount
    return totals


async def whole_list(line: Line, state: PurchasesState, period_id: str) -> tuple[Purchase, ...]:
    """Return all purchases of a period, read page by page from the backend."""
    found: list[Purchase] = []
    for number in itertools.count(1):
        answer = await state.backend.purchases(
            state.contract.contract_id, period_id, page=number, per_page=100
        )
        found += answer.value.items
        if number >= answer.value.pagination.total_pages:
            line.asked.clear()
            return tuple(found)
    raise AssertionError


def never_partial(listed: PurchaseList, totals: dict[date, Decimal]) -> None:
    for day, known in listed.days.items():
        if known.complete:
            assert (known.total or 0) == totals.get(day, 0), day


async def test_day_total_is_complete_once_all_its_pages_are_read(long_line: Line) -> None:
    state = await signed_in(long_line)
    totals = true_totals(await whole_list(long_line, state, "2026-06"), state)
    await state.open(None)
    assert [day.complete for day in shown(state).days.values()] == [True, True, False]
    for number in range(2, shown(state).total_pages + 1):
        never_partial(shown(state), totals)
        await state.read_page(number)
    assert shown(state).whole
    assert all(day.complete for day in shown(state).days.values())
    assert {day: known.total for day, known in shown(state).days.items()} == totals


async def test_day_total_excludes_pending_and_denied_purchases(serve: Serve) -> None:
    line = serve("plafond@demo.example")
    state = await signed_in(line)
    purchases = await whole_list(line, state, "2026-06")
    await state.open(None)
    never_partial(shown(state), true_totals(purchases, state))
    assert any(purchase.payment_status is PaymentStatus.DENIED for purchase in purchases)


class Pages:
    """Pages of a long list with their expected totals."""

    def __init__(self, pages: list[PurchasePage], state: PurchasesState) -> None:
        self.pages, self.zone = pages, state.zone
        self.totals = true_totals(tuple(p for page in pages for p in page.items), state)


@pytest.fixture
async def pages(serve: Serve) -> Pages:
    state = await signed_in(serve(LONG))
    answers = [
        await state.backend.purchases("long-box", "2026-06", page=number, per_page=9)
        for number in range(1, 17)
    ]
    return Pages([answer.value for answer in answers], state)


def test_day_totals_are_complete_for_any_order_of_pages(pages: Pages) -> None:
    @given(st.lists(st.integers(1, 16), min_size=1, max_size=60))
    def in_any_order(order: list[int]) -> None:
        listed = PurchaseList()
        for number in order:
            listed = listed.with_page(pages.pages[number - 1], pages.zone)
            never_partial(listed, pages.totals)
            assert len(listed.pages) <= PAGES_KEPT
            assert number in listed.pages
        while not listed.whole:  # like the window: pages that are kept are not read again
            number = next(n for n in range(listed.last_read + 1, 17) if n not in listed.pages)
            listed = listed.with_page(pages.pages[number - 1], pages.zone)
        assert listed.whole
        assert {day: known.total for day, known in listed.days.items()} == pages.totals
        assert all(known.complete for known in listed.days.values())

    in_any_order()


async def test_page_requested_before_a_refresh_is_requested_again_after_it(
    long_line: Line,
) -> None:
    state = await signed_in(long_line)
    totals = true_totals(await whole_list(long_line, state, "2026-06"), state)
    await state.open(None)
    with long_line.holding("page=2"):
        late = asyncio.create_task(state.read_page(2))
        await soon(lambda: ("2026-06", "2") in lists_asked(long_line))
        await state.refresh()
        assert list(shown(state).pages) == [1]
    await late
    assert list(shown(state).pages) == [1, 2]
    assert lists_asked(long_line).count(("2026-06", "2")) == 2, "asked again, for the list it now belongs to"
    never_partial(shown(state), totals)


async def test_new_entries_between_two_pages_restart_the_list(serve: Serve) -> None:
    line = serve(LONG)
    state = await opened(line)
    count = shown(state).total_count
    line.far_end = serve(long_lists(one_more=True)).far_end
    await sign_in(state.backend, LONG)
    await state.read_page(2)
    assert shown(state).total_count == count + 1
    assert list(shown(state).pages) == [1]
    await state.read_page(2)
    rows = [purchase.payment_id for number in (1, 2) for purchase in shown(state).pages[number]]
    assert len(rows) == len(set(rows)) == 2 * PER_PAGE
    assert rows[0] == "long-9999"


# Long lists


async def test_evicted_page_is_read_again_without_changing_day_totals(serve: Serve) -> None:
    line = serve(GROS_VOLUME)
    state = await opened(line)
    for number in range(2, PAGES_KEPT + 3):
        await state.read_page(number)
    assert 1 not in shown(state).pages
    days = shown(state).days
    line.asked.clear()
    await state.read_page(1)
    assert lists_asked(line) == [("2026-06", "1")]
    assert 1 in shown(state).pages
    assert shown(state).days == days


def test_day_without_a_charge_has_no_total() -> None:
    assert Day().total is None, "not a zero"
