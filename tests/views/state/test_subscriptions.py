"""Subscriptions of a contract: which are over, what one cost, and ending one, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.errors import Changed, NotDone, NotPossible, NotSent, OutcomeUnknown
from services.models import Subscription, SubscriptionStatus
from services.sandbox import Subscriber
from tests.views.conftest import NOW, Clock, Line, Serve, sign_in
from tests.views.people import ABONNE, ELSEWHERE, ENDING, MONTHLY, PAST, WEEKLY, subscribed
from views.subscriptions.state import SubscriptionsState

PERIODS = ("2026-06", "2026-05", "2026-04", "2026-03", "2026-02", "2026-01")


async def state_of(line: Line) -> SubscriptionsState:
    """The subscriptions of the box, not read yet."""
    backend = line.backend()
    await sign_in(backend, ABONNE)
    contract = (await backend.account()).value.contracts[0]
    line.asked.clear()
    return SubscriptionsState(backend, contract)


async def read(line: Line) -> SubscriptionsState:
    state = await state_of(line)
    await state.load()
    return state


def one(state: SubscriptionsState, subscription_id: str) -> Subscription:
    found = state.find(subscription_id)
    assert found is not None
    return found


def names(subscriptions: tuple[Subscription, ...]) -> list[str]:
    return [each.subscription_id for each in subscriptions]


def terminations(line: Line) -> int:
    return sum(address.endswith("/termination") for address in line.asked)


@pytest.fixture
def person() -> Subscriber:
    return subscribed()


@pytest.fixture
def line(serve: Serve, person: Subscriber) -> Line:
    return serve(person)


async def test_one_is_past_when_its_last_paid_day_is(line: Line, clock: Clock) -> None:
    state = await read(line)
    assert names(state.current) == [WEEKLY, MONTHLY, ELSEWHERE, ENDING]
    assert names(state.past) == [PAST]
    clock.now = datetime(2026, 5, 14, 21, 59, 59, tzinfo=UTC)  # the last second of the 14th in Paris
    await state.load()
    assert ENDING in names(state.current)
    clock.advance(seconds=1)
    assert ENDING in names(state.current), "the backend's clock counts, not this device's"
    await state.load()
    assert names(state.past) == [ENDING, PAST]


async def test_the_list_is_read_once_for_any_number_of_screens(line: Line) -> None:
    state = await state_of(line)
    await asyncio.gather(state.load(), state.load(), state.load())
    assert len(line.asked) == 1


async def test_offline_the_list_stays_with_its_age(line: Line, clock: Clock) -> None:
    state = await read(line)
    line.down = True
    clock.advance(minutes=5)
    await state.load()
    assert state.subscriptions.stale
    assert state.subscriptions.at == NOW
    assert names(state.current) == [WEEKLY, MONTHLY, ELSEWHERE, ENDING]


async def test_ending_one_is_asked_about_then_done_and_the_list_tells(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, MONTHLY))
    assert terminations(line) == 0, "asking does nothing yet"
    await state.ending.confirm()
    assert state.termination.asked is None
    assert state.termination.failure is None
    assert state.termination.receipt is not None
    assert state.termination.receipt.termination_reference
    ended = one(state, MONTHLY)
    assert ended.status is SubscriptionStatus.TERMINATED
    assert str(ended.termination_date) == "2026-06-01", "to the end of what is paid for"
    assert ended.next_charge_date is None
    assert MONTHLY in names(state.current), "there is still access"
    state.ending.ask(one(state, WEEKLY))
    assert state.termination.receipt is None


async def test_two_taps_are_one_termination_and_the_sheet_stays_meanwhile(line: Line) -> None:
    state = await read(line)
    asked = len(line.asked)
    state.ending.ask(one(state, WEEKLY))
    with line.holding("/termination"):
        both = asyncio.gather(state.ending.confirm(), state.ending.confirm())
        await asyncio.sleep(0.02)
        assert state.termination.busy
        state.ending.dismiss()
        assert state.termination.asked is not None, "closing the sheet would hide what is being done"
    await both
    assert terminations(line) == 1
    assert len(line.asked) == asked + 2, "ended once, and the list read once after"
    assert not state.termination.busy
    assert state.termination.asked is None


async def test_kept_nothing_is_done(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    state.ending.dismiss()
    await state.ending.confirm()
    assert state.termination.asked is None
    assert terminations(line) == 0
    assert one(state, WEEKLY).status is SubscriptionStatus.ACTIVE


async def test_on_an_old_screen_nothing_is_done_and_the_list_is_read_again(line: Line) -> None:
    state, elsewhere = await read(line), await read(line)
    elsewhere.ending.ask(one(elsewhere, MONTHLY))
    await elsewhere.ending.confirm()
    state.ending.ask(one(state, WEEKLY))
    await state.ending.confirm()
    assert isinstance(state.termination.failure, Changed)
    assert state.termination.receipt is None
    assert one(state, MONTHLY).status is SubscriptionStatus.TERMINATED, "what the other one did"
    assert one(state, WEEKLY).status is SubscriptionStatus.ACTIVE, "nothing was done"
    state.ending.ask(one(state, WEEKLY))
    assert state.termination.failure is None
    await state.ending.confirm()
    assert state.termination.receipt is not None, "decided on what is true, it is done"


async def test_the_same_one_ended_elsewhere_gives_the_same_receipt(line: Line) -> None:
    state, elsewhere = await read(line), await read(line)
    for each in (elsewhere, state):
        each.ending.ask(one(each, WEEKLY))
        await each.ending.confirm()
    assert state.termination.receipt is not None
    assert elsewhere.termination.receipt is not None
    assert (
        state.termination.receipt.termination_reference == elsewhere.termination.receipt.termination_reference
    )


async def test_what_cannot_be_ended_here_is_said_and_stays(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, ELSEWHERE))
    await state.ending.confirm()
    assert isinstance(state.termination.failure, NotPossible)
    assert state.termination.failure.code == "TERMINATION_NOT_ALLOWED"
    assert one(state, ELSEWHERE).status is SubscriptionStatus.ACTIVE


async def test_offline_nothing_is_done_and_the_list_stays(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    line.down = True
    await state.ending.confirm()
    assert isinstance(state.termination.failure, NotSent)
    assert not state.termination.busy
    assert state.termination.asked is None
    assert names(state.current) == [WEEKLY, MONTHLY, ELSEWHERE, ENDING]
    line.down = False
    state.ending.ask(one(state, WEEKLY))
    await state.ending.confirm()
    assert state.termination.failure is None
    assert state.termination.receipt is not None


async def test_a_termination_whose_answer_is_lost_is_found_done(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    line.broken = "/termination"
    await state.ending.confirm()
    assert state.termination.failure is None
    assert state.termination.receipt is not None
    assert one(state, WEEKLY).status is SubscriptionStatus.TERMINATED


async def test_when_it_is_not_known_whether_it_was_ended_the_next_reading_tells(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    line.lost = "/termination"
    await state.ending.confirm()
    assert isinstance(state.termination.failure, OutcomeUnknown)
    assert (state.termination.asked, state.termination.receipt, state.termination.busy) == (None, None, False)
    assert state.subscriptions.stale
    await state.load()
    assert isinstance(state.termination.failure, OutcomeUnknown), "still offline"
    line.down, line.lost = False, None
    await state.load()
    assert state.termination.failure is None
    assert state.termination.receipt == one(state, WEEKLY)
    assert state.termination.receipt.termination_reference


async def test_when_the_end_never_arrived_that_is_told_too(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    line.swallowed = "/termination"
    await state.ending.confirm()
    assert isinstance(state.termination.failure, OutcomeUnknown)
    line.down, line.swallowed = False, None
    await state.load()
    assert isinstance(state.termination.failure, NotDone)
    assert state.termination.receipt is None
    assert one(state, WEEKLY).status is SubscriptionStatus.ACTIVE
    state.ending.ask(one(state, WEEKLY))
    await state.ending.confirm()
    assert one(state, WEEKLY).status is SubscriptionStatus.TERMINATED
    assert terminations(line) == 2


async def test_a_list_that_was_being_read_before_does_not_undo_what_is_shown(line: Line) -> None:
    state = await read(line)
    state.ending.ask(one(state, WEEKLY))
    with line.holding("/subscriptions"):
        older = asyncio.create_task(state.load())
        await asyncio.sleep(0.02)
        ending = asyncio.create_task(state.ending.confirm())
        await asyncio.sleep(0.02)
    await asyncio.gather(older, ending)
    assert one(state, WEEKLY).status is SubscriptionStatus.TERMINATED


async def test_the_charges_are_those_of_one_subscription_over_the_six_periods(line: Line) -> None:
    state = await read(line)
    await state.load_charges(WEEKLY, PERIODS)
    assert state.charges.data is not None
    days = [charge.payment_date for charge in state.charges.data]
    assert len(days) == 24
    assert days == sorted(days, reverse=True)
    assert {charge.subscription_id for charge in state.charges.data} == {WEEKLY}
    await state.load_charges(MONTHLY, PERIODS)
    assert state.charges.data == ()


async def test_the_charges_of_a_crowded_period_are_all_read(serve: Serve) -> None:
    state = await read(serve(subscribed(crowded=130)))
    await state.load_charges(WEEKLY, PERIODS)
    assert state.charges.data is not None
    assert len(state.charges.data) == 154
    assert len({charge.payment_id for charge in state.charges.data}) == 154


async def test_the_charges_of_one_left_meanwhile_are_dropped(line: Line) -> None:
    state = await read(line)
    with line.holding("periodId=2026-01"):
        slow = asyncio.create_task(state.load_charges(WEEKLY, PERIODS))
        await asyncio.wait([slow], timeout=0.05)
        other = asyncio.create_task(state.load_charges(MONTHLY, PERIODS))
        await asyncio.wait([other], timeout=0.05)
    await asyncio.gather(slow, other)
    assert state.charges.data == (), "it was never charged"


async def test_the_charges_offline_say_why_and_stay_once_read(line: Line) -> None:
    state = await read(line)
    line.down = True
    await state.load_charges(WEEKLY, PERIODS)
    assert state.charges.missing
    line.down = False
    await state.load_charges(WEEKLY, PERIODS)
    line.down = True
    await state.load_charges(WEEKLY, PERIODS)
    assert state.charges.stale
    assert state.charges.data is not None
    assert len(state.charges.data) == 24
