"""Rules of a contest file: sums, order of the steps, deadlines, conditions of the letters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.domain.models import Category, Money, SubscriptionStatus
from services.insights.contest import (
    Answer,
    Claim,
    Claimed,
    Closing,
    Contest,
    Line,
    Outcome,
    Progress,
    Reason,
    Standing,
    Step,
    contest_id,
    told_after,
)
from services.insights.contest_rules import (
    AFTER_SERVICE,
    answer_due,
    can_undo,
    charges_of,
    conditions,
    contestable,
    draft,
    earliest,
    exceeds_month,
    granted,
    is_open,
    line_of,
    mediator_until,
    months_after,
    next_step,
    opens,
    prudent_until,
    refunds,
    unanswered,
    withdraw_until,
)
from services.insights.findings import Charge, Facts, Finding, Kind
from tests.services.insights.factories import entry, ledger, moment, subscription

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
TODAY = NOW.date()
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
AMOUNTS = st.integers(1, 6000).map(lambda cents: Decimal(cents).scaleb(-2))


def line(amount: Decimal | str = "3.99", day: date = TODAY, category: Category = Category.GAMES) -> Line:
    return Line(
        payment_id=f"p-{day}-{amount}",
        paid_at=moment(day),
        amount=Money(amount=Decimal(amount)),
        reference="IP-1",
        bill_month=f"{day:%Y-%m}",
        category=category,
    )


def contest(*lines: Line, reason: Reason = Reason.UNAWARE, **more: object) -> Contest:
    claimed = Claimed(
        told_at=NOW,
        publisher="club",
        name="Club",
        lines=lines or (line(),),
        reason=reason,
        claims=(Claim.REFUND, Claim.PROOF),
    )
    return Contest(claimed=claimed, **more)  # type: ignore[arg-type]


def sent(day: date, answered: date | None = None, outcome: Outcome | None = None) -> Progress:
    answer = Answer(day=answered, outcome=outcome) if answered and outcome else None
    return Progress(told_at=NOW, sent_on=day, answer=answer)


@st.composite
def progresses(draw: st.DrawFn) -> Progress:
    day = draw(DAYS)
    if draw(st.booleans()):
        return sent(day)
    return sent(day, day + timedelta(days=draw(st.integers(-3, 90))), draw(st.sampled_from(Outcome)))


STEPS = st.dictionaries(st.sampled_from(Step), progresses())


@given(st.lists(AMOUNTS, min_size=1, max_size=100))
def test_sum_claimed_is_the_sum_of_the_lines(amounts: list[Decimal]) -> None:
    file = contest(*map(line, amounts))
    assert file.total == sum(amounts)
    assert file.total.as_tuple().exponent == -2


@given(STEPS, DAYS)
def test_no_step_opens_before_the_one_it_follows(steps: dict[Step, Progress], today: date) -> None:
    file = contest(steps=steps)
    service = file.progress(Step.SERVICE)
    for step in AFTER_SERVICE:
        first = opens(file, step)
        assert first is None or (service and service.sent_on and first >= service.sent_on)
        assert (earliest(file, step) is None) == (service is None)
        assert not is_open(file, step, today) or (first is not None and first <= today)
    coming = next_step(file, today)
    if coming is not None:
        assert coming[1] >= today
        assert file.progress(coming[0]) is None
        assert coming[0] not in AFTER_SERVICE or service is not None


@given(STEPS, DAYS)
def test_step_that_is_said_to_come_next_opens_on_its_day(steps: dict[Step, Progress], today: date) -> None:
    file = contest(steps=steps)
    coming = next_step(file, today)
    assume(coming is not None)
    assert coming is not None
    assert is_open(file, *coming)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2025, 12, 31), 1, date(2026, 1, 31)),
        (date(2025, 12, 31), 2, date(2026, 2, 28)),
        (date(2026, 5, 14), 12, date(2027, 5, 14)),
    ],
)
def test_months_end_on_the_same_day_or_the_last(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_consumer_service_opens_on_a_refusal_or_after_a_month() -> None:
    day = date(2026, 1, 31)
    assert opens(contest(), Step.CONSUMERS) is None
    assert opens(contest(steps={Step.SERVICE: sent(day)}), Step.CONSUMERS) == date(2026, 2, 28)
    refused = sent(day, date(2026, 2, 3), Outcome.REFUSED)
    assert opens(contest(steps={Step.SERVICE: refused}), Step.CONSUMERS) == date(2026, 2, 3)
    accepted = sent(day, date(2026, 2, 3), Outcome.ACCEPTED)
    assert opens(contest(steps={Step.SERVICE: accepted}), Step.CONSUMERS) is None


def test_mediator_opens_after_the_consumer_service_or_two_silent_months() -> None:
    service = sent(date(2025, 12, 31))
    assert opens(contest(steps={Step.SERVICE: service}), Step.MEDIATOR) == date(2026, 2, 28)
    steps = {Step.SERVICE: service, Step.CONSUMERS: sent(date(2026, 2, 1))}
    assert opens(contest(steps=steps), Step.MEDIATOR) == date(2026, 2, 28)
    steps[Step.CONSUMERS] = sent(date(2026, 2, 1), date(2026, 2, 10), Outcome.REFUSED)
    assert opens(contest(steps=steps), Step.MEDIATOR) == date(2026, 2, 10)
    refused = {Step.SERVICE: sent(date(2025, 12, 31), date(2026, 1, 5), Outcome.REFUSED)}
    assert opens(contest(steps=refused), Step.MEDIATOR) is None


def test_mediator_closes_a_year_after_the_first_complaint() -> None:
    file = contest(steps={Step.PUBLISHER: sent(date(2024, 2, 29)), Step.SERVICE: sent(date(2024, 6, 1))})
    assert mediator_until(file) == date(2025, 2, 28)
    assert is_open(file, Step.MEDIATOR, date(2025, 2, 28))
    assert not is_open(file, Step.MEDIATOR, date(2025, 3, 1))
    assert mediator_until(contest()) is None


def test_letter_without_an_answer_is_told_until_the_next_is_sent() -> None:
    day = date(2026, 4, 14)
    file = contest(steps={Step.SERVICE: sent(day)})
    assert answer_due(file, Step.SERVICE) == TODAY
    assert unanswered(file, TODAY) == (Step.SERVICE, day)
    assert unanswered(file, TODAY - timedelta(days=1)) is None
    assert unanswered(contest(steps=file.steps | {Step.CONSUMERS: sent(TODAY)}), TODAY) is None
    closed = contest(steps=file.steps, closing=Closing(told_at=NOW, day=TODAY))
    assert unanswered(closed, TODAY) is None
    assert next_step(closed, TODAY) is None
    assert closed.standing(Step.SERVICE) is Standing.CLOSED


def test_what_is_followed_cannot_be_undone() -> None:
    steps = {Step.SERVICE: sent(TODAY)}
    assert can_undo(contest(steps=steps), Step.SERVICE)
    assert not can_undo(contest(steps=steps | {Step.CONSUMERS: sent(TODAY)}), Step.SERVICE)


def test_withdrawal_lasts_fourteen_days_and_is_for_digital_content() -> None:
    day = date(2026, 2, 15)
    file = contest(line(day=day))
    assert withdraw_until(file, PARIS, date(2026, 3, 1)) == date(2026, 3, 1)
    assert withdraw_until(file, PARIS, date(2026, 3, 2)) is None
    assert withdraw_until(contest(line(day=day, category=Category.PARKING)), PARIS, day) is None
    assert {"recent", "older"} & conditions(file, PARIS, date(2026, 3, 1), reported=False) == {"recent"}
    assert {"recent", "older"} & conditions(file, PARIS, date(2026, 3, 2), reported=False) == {"older"}


def test_day_of_a_purchase_is_the_one_in_the_contracts_zone() -> None:
    late = line(day=date(2026, 12, 31))
    late = type(late)(
        **{name: getattr(late, name) for name in late.__struct_fields__ if name != "paid_at"},
        paid_at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
    )  # in Paris, New Year's Day
    assert withdraw_until(contest(late), PARIS, date(2027, 1, 1)) == date(2027, 1, 15)


def test_prudent_limit_is_a_year_after_the_first_bill_month() -> None:
    file = contest(line(day=date(2024, 2, 29)), line(day=date(2024, 6, 1)))
    assert prudent_until(file) == date(2025, 2, 1)


def test_conditions_follow_the_dossier() -> None:
    steps = {
        Step.PUBLISHER: sent(TODAY - timedelta(days=15)),
        Step.SERVICE: sent(TODAY - timedelta(days=40), TODAY, Outcome.PARTLY),
    }
    held = conditions(contest(line("50.01"), steps=steps), PARIS, TODAY, reported=True)
    assert held == {
        *("unaware", "refund", "proof", "single", "recent", "over_law", "reported"),
        *("publisher_silent", "service_refused"),
    }
    assert "over_law" not in conditions(contest(line("50.00")), PARIS, TODAY, reported=False)
    silent = contest(steps={Step.SERVICE: sent(date(2026, 3, 14))})
    assert "silent_two_months" in conditions(silent, PARIS, TODAY, reported=False)


def test_refunds_found_are_told_and_never_exceed_the_claim() -> None:
    first = entry("p1", moment(date(2026, 5, 2)), "3.99", publisher="Club")
    second = entry("p2", moment(date(2026, 5, 3)), "4.00", publisher="Club")
    back = entry("r1", moment(date(2026, 5, 10)), "-3.99", publisher="Club", refund_of="p1")
    known = ledger([first, second, back])
    file = contest(line_of(first), line_of(second))
    assert refunds(known, file) == (Decimal("3.99"), date(2026, 5, 10))
    assert granted(file, Decimal("3.99")) == Decimal("3.99")
    won = contest(*file.claimed.lines, steps={Step.SERVICE: sent(TODAY, TODAY, Outcome.ACCEPTED)})
    assert granted(won, Decimal("3.99")) == Decimal("7.99")
    assert [one.payment_id for one in contestable(known, "club")] == ["p2"]


def test_draft_of_a_subscription_holds_its_charges_and_asks_for_its_end() -> None:
    days = [date(2026, 3, 4), date(2026, 4, 4), date(2026, 5, 4)]
    entries = [
        entry(f"p{n}", moment(day), "2.99", publisher="Club", subscription_id="s")
        for n, day in enumerate(days)
    ]
    known, taken = ledger(entries), [subscription("s", days[0])]
    about = Finding(Kind.WEEKLY, "k", "club", "Club", Charge.of(entries[1]), Facts(subscription_id="s"))
    assert charges_of(known, [about]) == {"p1", "p2"}
    begun = draft(known, taken, charges_of(known, [about]))
    assert begun is not None
    assert [one.payment_id for one in begun.entries] == ["p2", "p1", "p0"]
    assert (set(begun.chosen), begun.reason, begun.running) == ({"p1", "p2"}, Reason.UNAWARE, True)


def test_draft_names_the_end_or_the_twin_that_its_reason_tells() -> None:
    ended = subscription(
        "s", date(2026, 1, 4), terminated=date(2026, 5, 1), status=SubscriptionStatus.TERMINATED
    )
    charge = entry("p1", moment(date(2026, 5, 4)), publisher="Club", subscription_id="s")
    after = draft(ledger([charge]), [ended], {"p1"})
    assert after is not None
    assert (after.reason, after.ended_on, after.running) == (Reason.AFTER, date(2026, 5, 1), False)
    claimed = after.claimed({"p1"}, Reason.UNAWARE, {Claim.END}, over_month=False, now=NOW)
    assert claimed.ended_on is None, "another reason says nothing of the end"
    pair = [entry(f"p{n}", moment(date(2026, 5, 4), second=n * 23), publisher="Club") for n in (1, 2)]
    twice = draft(ledger(pair), [], {"p2"})
    assert twice is not None
    assert (twice.reason, twice.twin_paid_at) == (Reason.DUPLICATE, pair[0].payment_date)
    assert draft(ledger(pair), [], {"unknown"}) is None


def test_limit_of_a_month_is_exceeded_above_it_only() -> None:
    entries = [
        entry(f"p{n}", moment(date(2026, 5, 2), minute=n), "50.00", publisher="Club") for n in range(6)
    ]
    assert not exceeds_month(ledger(entries), entries[:1])
    more = entry("p9", moment(date(2026, 5, 3)), "0.01", publisher="Autre")
    assert exceeds_month(ledger([*entries, more]), entries[:1])


def test_id_is_the_same_on_every_device_and_a_change_is_later_than_what_it_replaces() -> None:
    file = contest()
    assert (
        contest_id(file.claimed) == contest_id(contest().claimed) != contest_id(contest(line("1.00")).claimed)
    )
    assert told_after(NOW - timedelta(days=1), file.claimed, None) > NOW
