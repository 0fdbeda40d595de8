"""Kept history: merge of two histories, and the periods that the backend no longer serves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from services.domain.models import Filter
from services.insights.history import History, Origin, history_of, merge, page_of, trimmed
from services.insights.ledger import NOTHING, PeriodEntries, counted
from tests.services.insights.factories import NOW, entry, euros, ledger, moment

KNOWN = ledger(
    [
        entry(f"p{day}", moment(NOW.date() - timedelta(days=day)), Decimal(day) / 10)
        for day in range(0, 400, 7)
    ],
    periods=14,
)
OLD = KNOWN.periods[6:]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Return a history with some periods, some of whose entries differ from other versions."""

    def changed(one: PeriodEntries) -> PeriodEntries:
        price = draw(st.sampled_from([None, "1.00", "2.00"]))
        if price is None or not one.entries:
            return one
        first = structs.replace(one.entries[0], amount=euros(price))
        return PeriodEntries(one.period, (first, *one.entries[1:]))

    periods = draw(st.lists(st.sampled_from(OLD), unique_by=lambda one: one.period.period_id, max_size=4))
    at = NOW + timedelta(days=draw(st.integers(0, 2)))
    return history_of(map(changed, periods), at, draw(st.sampled_from(Origin)))


@given(histories(), histories(), histories())
def test_merge_is_idempotent_and_independent_of_order(one: History, other: History, third: History) -> None:
    assert merge(one, other) == merge(other, one)
    assert merge(one, merge(other, third)) == merge(merge(one, other), third)
    assert merge(merge(one, other), other) == merge(one, other)
    assert merge(one, History()) == one


@given(histories(), histories())
def test_total_of_a_kept_period_is_the_sum_of_its_entries_after_any_merge(
    one: History, other: History
) -> None:
    for kept in merge(one, other).unserved(()):
        assert kept.period.total.amount == sum(map(counted, kept.entries), NOTHING)


def test_later_file_outranks_an_earlier_one_by_payment_id() -> None:
    period = next(one for one in OLD if len(one.entries) > 1)
    first = period.entries[0]
    earlier = PeriodEntries(
        period.period, (structs.replace(first, amount=euros("99.00")), *period.entries[1:])
    )
    later = history_of([period], NOW + timedelta(days=9))
    assert merge(later, history_of([earlier], NOW)) == later
    assert later.unserved(()) == (period,)


def test_served_period_and_served_entry_outrank_the_history() -> None:
    kept = history_of(KNOWN.periods[4:8], NOW)
    served = KNOWN.periods[:6]
    moved = KNOWN.periods[6].entries[0]
    newest = PeriodEntries(served[0].period, (*served[0].entries, moved))
    shown = kept.unserved((newest, *served[1:]))
    assert [one.period.period_id for one in shown] == [one.period.period_id for one in KNOWN.periods[6:8]]
    assert moved not in shown[0].entries
    expected = KNOWN.periods[6].period.total.amount - moved.amount.amount
    assert shown[0].period.total.amount == expected


def test_pages_of_a_kept_period_hold_each_entry_once_newest_first() -> None:
    kept = OLD[0]
    pages = [page_of(kept, None, number, 2) for number in (1, 2, 3, 4)]
    assert [each for page in pages for each in page.items] == list(reversed(kept.entries))
    assert pages[0].pagination.total_count == len(kept.entries)
    assert page_of(kept, Filter.REFUND, 1, 2).items == ()


def test_record_of_the_device_outranks_a_later_file() -> None:
    kept = history_of(OLD, NOW, Origin.DEVICE)
    assert merge(kept, history_of(KNOWN.periods[5:], NOW + timedelta(days=9))).of_device() == kept
    assert kept.holds(OLD[0])
    assert not history_of(OLD, NOW).holds(OLD[0])


@given(histories())
def test_packed_history_is_unpacked_to_itself(history: History) -> None:
    assert History.unpacked(history.packed()) == history


def test_oldest_periods_are_dropped_until_the_history_fits() -> None:
    history = history_of(OLD, NOW)
    assert trimmed(history, len(history.packed())) == (history, 0)
    left, dropped = trimmed(history, len(history.packed()) - 1)
    assert 0 < dropped < len(OLD)
    assert sorted(left.periods) == sorted(history.periods)[dropped:]
    assert {one.value.period_id for one in left.entries.values()} <= left.periods.keys()
    assert trimmed(history, 1)[0] == History()
