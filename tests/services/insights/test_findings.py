"""Findings: each rule by example, and properties of any ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.domain.models import (
    Category,
    EntryType,
    PaymentStatus,
    Purchase,
    Rhythm,
    Subscription,
    SubscriptionStatus,
)
from services.domain.periods import period_of
from services.insights.findings import (
    Finding,
    Kind,
    Limits,
    cards,
    findings,
    first_entries,
    mute_key,
    recognised_duplicates,
    undecided,
)
from services.insights.ledger import Ledger
from services.insights.review import Decision, Review, Verdict
from tests.services.insights.factories import (
    MOMENTS,
    NOW,
    PARIS,
    days_ago,
    demo_contract,
    demo_limits,
    entry,
    ledger,
    moment,
    subscription,
)

TODAY = NOW.date()
OLD = entry("old", days_ago(100), "2.00")
"""Makes its publisher an old acquaintance."""


def found(
    entries: Sequence[Purchase], subscriptions: Sequence[Subscription] = (), limits: Limits | None = None
) -> list[tuple[Kind, str]]:
    """Return the kind of each finding and the id of its entry."""
    told = findings(ledger([OLD, *entries]), subscriptions, limits or Limits())
    return [(one.kind, one.charge.payment_id if one.charge else "") for one in told]


PROMISED = {
    "camille": [Kind.AFTER, Kind.DUPLICATE, Kind.RISE, Kind.TRIAL],
    "sans-achat": [Kind.AFTER],
    "nouveau": [],
    "suspendu": [],
    "plafond": [Kind.OVER_LAW, Kind.NEAR, Kind.OVER],
    "veille": [Kind.AGAIN, Kind.WEEKLY, Kind.NEWSUB, Kind.UNUSUAL, Kind.NEW],
}
"""Findings of the demo subscribers on any day.

A subscriber without a role in the demo of the findings has at most one. Camille has one of each frequent
kind. `plafond` was made to show the limits, and `veille` to show publishers and subscriptions.
"""


@given(MOMENTS)
@settings(max_examples=6)
@example(datetime(2026, 3, 30, 12, tzinfo=PARIS))  # clocks went forward the day before
@example(datetime(2026, 11, 26, tzinfo=PARIS))  # the first second of a period
@example(datetime(2026, 11, 25, 23, 59, 59, tzinfo=PARIS))
def test_demo_subscribers_have_the_findings_promised_on_any_day(now: datetime) -> None:
    told = {
        name: [one.kind for one in findings(ledger(entries, now), subscriptions, demo_limits(name, now))]
        for name in PROMISED
        for entries, subscriptions in [demo_contract(name, now)]
    }
    assert told == PROMISED


@pytest.mark.parametrize("day", [26, 14])
def test_large_volume_folds_into_twelve_cards(day: int) -> None:
    """Cover the first day of a period, when the purchases follow one another within seconds."""
    now = datetime(2026, 11, day, 9, tzinfo=PARIS)
    entries, subscriptions = demo_contract("gros-volume", now)
    told = findings(ledger(entries, now), subscriptions, Limits())
    assert len(cards(told)) <= 12
    assert {one.kind for one in told} <= {Kind.DUPLICATE, Kind.NEAR}


@pytest.mark.parametrize(("amount", "flagged"), [("50.00", False), ("50.01", True)])
def test_over_law_starts_above_the_limit(amount: str, flagged: bool) -> None:
    kinds = [kind for kind, _ in found([entry("a", days_ago(1), amount)])]
    assert (Kind.OVER_LAW in kinds) is flagged


@pytest.mark.parametrize(("day", "flagged"), [(10, False), (11, True)])
def test_after_starts_the_day_after_the_last_one(day: int, flagged: bool) -> None:
    one = subscription(
        "s", date(2026, 1, 1), status=SubscriptionStatus.TERMINATED, terminated=date(2026, 5, 10)
    )
    charge = entry("a", moment(date(2026, 5, day), 0, 0, 1), subscription_id="s", publisher="Club")
    assert found([charge], [one]) == ([(Kind.AFTER, "a")] if flagged else [])
    suspended = msgspec.structs.replace(one, status=SubscriptionStatus.SUSPENDED)
    assert found([charge], [suspended]) == []


@pytest.mark.parametrize(
    ("apart", "change", "flagged"),
    [
        (timedelta(minutes=10), {}, True),
        (timedelta(minutes=10, seconds=1), {}, False),
        (timedelta(seconds=5), {"amount": "4.98"}, False),
        (timedelta(seconds=5), {"description": "Autre"}, False),
        (timedelta(seconds=5), {"category": Category.PARKING}, False),
        (timedelta(seconds=5), {"subscription_id": "s"}, False),
        (timedelta(seconds=5), {"status": PaymentStatus.DENIED}, False),
        (timedelta(seconds=5), {"refunded": "4.99"}, False),
        (timedelta(seconds=5), {"refunded": "4.98"}, True),
    ],
)
def test_duplicate_is_the_same_one_off_within_ten_minutes(
    apart: timedelta, change: dict[str, str], flagged: bool
) -> None:
    first = entry("a", days_ago(1))
    second = entry("b", days_ago(1) + apart, **change)  # type: ignore[arg-type]
    assert found([first, second]) == ([(Kind.DUPLICATE, "b")] if flagged else [])


@pytest.mark.parametrize(
    ("amounts", "price", "rise"),
    [
        (("2.99", "3.99", "3.99"), "3.99", "3.99"),
        (("2.99", "3.99", "4.99"), "4.99", "4.99"),
        (("3.99", "2.99"), "2.99", None),
        (("2.99", "3.99", "2.99"), "2.99", None),
        (("2.99", "2.99"), "3.99", "3.99"),
        (("0.00",), "4.99", None),
        (("2.99",), "2.99", None),
    ],
)
def test_rise_is_the_latest_change_when_it_is_upwards(
    amounts: tuple[str, ...], price: str, rise: str | None
) -> None:
    one = subscription("s", date(2025, 1, 1), price=price, rhythm=Rhythm.WEEK)
    charges = [
        entry(f"c{n}", days_ago(70 - 7 * n), amount, subscription_id="s", publisher="Club")
        for n, amount in enumerate(amounts)
    ]
    told = [each for each in findings(ledger([OLD, *charges]), [one], Limits()) if each.kind is Kind.RISE]
    assert [str(each.facts.amount) for each in told] == ([rise] if rise else [])
    if rise == "3.99":
        assert told[0].facts.yearly == Decimal("52.00")
        assert told[0].key == "rise|s|3.99"
    ended = msgspec.structs.replace(one, status=SubscriptionStatus.TERMINATED)
    assert Kind.RISE not in [kind for kind, _ in found(charges, [ended])]


def test_trial_is_the_first_charge_after_a_free_one() -> None:
    one = subscription("s", TODAY - timedelta(days=60), price="4.99")
    free = entry("free", days_ago(60), "0.00", subscription_id="s", publisher="Club")
    paid = [entry(f"c{n}", days_ago(30 * n), "4.99", subscription_id="s", publisher="Club") for n in (1, 0)]
    assert found([free, *paid], [one]) == [(Kind.TRIAL, "c1")]
    assert found([free], [one]) == []


@pytest.mark.parametrize(
    ("began", "rhythm", "status", "expected"),
    [
        (100, Rhythm.WEEK, SubscriptionStatus.ACTIVE, Kind.WEEKLY),
        (100, Rhythm.MONTH, SubscriptionStatus.ACTIVE, None),
        (10, Rhythm.MONTH, SubscriptionStatus.ACTIVE, Kind.NEWSUB),
        (10, Rhythm.WEEK, SubscriptionStatus.ACTIVE, Kind.WEEKLY),
        (10, Rhythm.WEEK, SubscriptionStatus.SUSPENDED, None),
        (400, Rhythm.WEEK, SubscriptionStatus.ACTIVE, None),
    ],
)
def test_begun_subscription_is_told_when_it_began_in_known_time(
    began: int, rhythm: Rhythm, status: SubscriptionStatus, expected: Kind | None
) -> None:
    one = subscription("s", TODAY - timedelta(days=began), rhythm=rhythm, status=status)
    assert [kind for kind, _ in found([], [one])] == ([expected] if expected else [])


def test_again_is_a_subscription_begun_after_one_of_the_publisher_ended() -> None:
    ended = subscription(
        "s1", date(2025, 1, 1), status=SubscriptionStatus.TERMINATED, terminated=TODAY - timedelta(days=20)
    )
    again = subscription("s2", TODAY - timedelta(days=5))
    told = findings(ledger([OLD]), [ended, again], Limits())
    assert [(one.kind, one.facts.ended) for one in told] == [(Kind.AGAIN, ended.termination_date)]
    before = subscription("s2", TODAY - timedelta(days=21))
    assert found([], [ended, before]) == [(Kind.NEWSUB, "")]


@pytest.mark.parametrize(
    ("amount", "highest", "earlier", "flagged"),
    [
        ("10.00", "5.00", 10, True),
        ("9.99", "2.00", 10, False),
        ("10.00", "5.01", 10, False),
        ("10.00", "5.00", 9, False),
    ],
)
def test_unusual_is_twice_the_highest_of_ten_earlier(
    amount: str, highest: str, earlier: int, flagged: bool
) -> None:
    before = [entry(f"e{n}", days_ago(40 + n), "1.00") for n in range(earlier - 2)]
    entries = [*before, entry("high", days_ago(30), highest), entry("a", days_ago(1), amount)]
    assert found(entries) == ([(Kind.UNUSUAL, "a")] if flagged else [])


@pytest.mark.parametrize(
    ("change", "flagged", "tagged"),
    [
        ({}, True, True),
        ({"amount": "4.99"}, False, True),
        ({"category": Category.DONATION}, False, False),
        ({"subscription_id": "s"}, False, False),
        ({"publisher": "Gazette"}, False, False),
        ({"at": days_ago(70)}, False, False),
    ],
)
def test_new_is_the_first_entry_of_a_publisher(
    change: dict[str, object], flagged: bool, tagged: bool
) -> None:
    given_ = {"at": days_ago(1), "amount": "5.00", "publisher": "Nouveau"} | change
    one = entry("a", **given_)  # type: ignore[arg-type]
    assert found([one]) == ([(Kind.NEW, "a")] if flagged else [])
    assert [each.payment_id for each in first_entries(ledger([OLD, one]))] == (["a"] if tagged else [])


def test_new_needs_sixty_days_of_history() -> None:
    short = ledger([entry("a", days_ago(1), "5.00")], periods=2)
    assert [one.kind for one in findings(short, (), Limits())] == []
    longer = ledger([entry("a", days_ago(1), "5.00")], periods=3)
    assert [one.kind for one in findings(longer, (), Limits())] == [Kind.NEW]


@pytest.mark.parametrize(
    ("total", "own", "expected"),
    [
        ("79.99", "100", []),
        ("80.00", "100", [(Kind.NEAR, "own")]),
        ("100.00", "100", [(Kind.NEAR, "own")]),
        ("100.01", "100", [(Kind.OVER, "own")]),
        ("269.99", None, []),
        ("270.00", None, [(Kind.NEAR, "law")]),
    ],
)
def test_ceilings_are_told_once_a_period(
    total: str, own: str | None, expected: list[tuple[Kind, str]]
) -> None:
    limits = Limits(transaction=Decimal(1000), own=Decimal(own) if own else None)
    told = findings(ledger([OLD, entry("a", days_ago(1), total)]), (), limits)
    assert [(one.kind, one.publisher) for one in told if one.publisher in ("own", "law")] == expected
    assert all(one.key.endswith("|2026-06") for one in told if one.publisher in ("own", "law"))


def decided(*keys: str, verdict: Verdict = Verdict.RECOGNISED, publisher: str = "gazette") -> Review:
    answer = Decision(verdict=verdict, decided_at=NOW, publisher=publisher, name=publisher)
    return Review(decisions=dict.fromkeys(keys, answer))


def test_answers_silence_what_they_are_about_and_never_a_later_charge() -> None:
    ended = subscription(
        "s", date(2026, 1, 1), status=SubscriptionStatus.TERMINATED, terminated=date(2026, 5, 1)
    )
    charges = [
        entry(f"a{n}", days_ago(n), subscription_id="s", publisher="Club", description=str(n)) for n in (1, 2)
    ]
    told = findings(ledger([OLD, *charges]), [ended], Limits())
    assert [one.key for one in undecided(told, decided(told[0].key, publisher="club"))] == [told[1].key]
    assert undecided(told, decided(told[0].key, verdict=Verdict.WITHDRAWN)) == told


def test_known_publisher_is_not_told_as_new_on_any_contract() -> None:
    told = findings(ledger([OLD, entry("a", days_ago(1), "5.00", publisher="Nouveau")]), (), Limits())
    assert [one.kind for one in told] == [Kind.NEW]
    assert undecided(told, Review(), {"nouveau"}) == ()
    assert undecided(told, decided("newsub|s|2026-01-01", publisher="nouveau")) == ()
    assert undecided(told, decided("after|s|x", publisher="nouveau")) == told


def test_duplicates_of_a_publisher_can_be_silenced_after_two() -> None:
    entries = [entry(f"a{n}", days_ago(1) + timedelta(seconds=n)) for n in range(4)]
    told = findings(ledger([OLD, *entries]), (), Limits())
    assert [len(card.findings) for card in cards(told)] == [3]
    review = decided(*(one.key for one in told[:2]))
    assert recognised_duplicates(review, "gazette") == 2
    assert undecided(told, review.deciding(decided(mute_key("gazette")).decisions)) == ()


def test_history_tells_the_other_purchases_of_the_publisher() -> None:
    told = findings(ledger([OLD, entry("a", days_ago(1)), entry("b", days_ago(1))]), (), Limits())
    facts = told[0].facts
    assert (facts.others, facts.others_since, str(facts.others_total)) == (2, TODAY - timedelta(100), "6.99")


def test_history_leaves_out_what_was_given_back() -> None:
    others = [
        entry("back", days_ago(9), "60.00", refunded="60.00"),
        entry("part", days_ago(8), "3.00", refunded="1.00"),
    ]
    told = findings(ledger([OLD, *others, entry("a", days_ago(1)), entry("b", days_ago(1))]), (), Limits())
    facts = told[0].facts
    assert (facts.others, str(facts.others_total)) == (3, "8.99")


AMOUNTS = st.sampled_from(["0.00", "0.99", "4.99", "5.00", "10.00", "49.99", "50.00", "50.01", "120.00"])
PUBLISHERS = st.sampled_from(["Gazette", "Studio", "Club"])


@st.composite
def contracts(draw: st.DrawFn) -> tuple[list[Purchase], list[Subscription]]:
    """Draw a contract with few publishers and with subscriptions and purchases close in time."""
    subscriptions = [
        subscription(
            f"s{n}",
            TODAY - timedelta(days=draw(st.integers(0, 400))),
            price=draw(AMOUNTS.filter(lambda amount: amount != "0.00")),
            rhythm=draw(st.sampled_from(list(Rhythm))),
            status=draw(st.sampled_from(list(SubscriptionStatus))),
            publisher=draw(PUBLISHERS),
            terminated=draw(st.none() | st.integers(0, 90).map(lambda days: TODAY - timedelta(days=days))),
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    entries = [
        entry(
            f"e{n}",
            days_ago(draw(st.integers(0, 130))) - timedelta(minutes=draw(st.integers(0, 30))),
            draw(AMOUNTS),
            publisher=draw(PUBLISHERS),
            category=draw(st.sampled_from([Category.PRESS, Category.PARKING])),
            status=draw(st.sampled_from([PaymentStatus.SUCCEEDED] * 4 + list(PaymentStatus))),
            subscription_id=draw(st.none() | st.sampled_from(["s0", "s1", "s2"])),
        )
        for n in range(draw(st.integers(0, 25)))
    ]
    return entries, subscriptions


def charged(told: Iterable[Finding]) -> set[str]:
    """Return the ids of the charges that findings are about."""
    return {one.charge.payment_id for one in told if one.charge}


def keys(told: Sequence[Finding]) -> set[str]:
    return {one.key for one in told}


LIMITS = Limits(own=Decimal(100))


@given(contracts(), st.randoms())
def test_order_of_entries_and_reading_changes_nothing(
    contract: tuple[list[Purchase], list[Subscription]], random: object
) -> None:
    entries, subscriptions = contract
    known = ledger(entries)
    told = findings(known, subscriptions, LIMITS)
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    turned = Ledger(
        tuple(replace(one, entries=one.entries[::-1]) for one in ledger(shuffled).known[::-1]),
        known.zone,
        known.today,
    )
    assert findings(turned, subscriptions[::-1], LIMITS) == told


@given(contracts())
def test_each_entry_is_charged_and_told_once(contract: tuple[list[Purchase], list[Subscription]]) -> None:
    entries, subscriptions = contract
    told = findings(ledger(entries), subscriptions, LIMITS)
    ids = [one.charge.payment_id for one in told if one.charge]
    assert len(ids) == len(set(ids))
    assert len(keys(told)) == len(told)
    for each in entries:
        if each.payment_id in ids:
            status = each.payment_status
            assert status is PaymentStatus.SUCCEEDED or status.pending
            assert each.entry_type is EntryType.PURCHASE
            assert each.amount.amount > 0


@given(contracts(), st.integers(0, 24))
@settings(max_examples=100)
def test_later_refund_only_removes(contract: tuple[list[Purchase], list[Subscription]], which: int) -> None:
    entries, subscriptions = contract
    limits = replace(LIMITS, own=None, month=Decimal(10_000))
    before = keys(findings(ledger(entries), subscriptions, limits))
    if which < len(entries):
        given_back = entries[which]
        refund = entry(
            "refund",
            NOW,
            -given_back.amount.amount,
            publisher=given_back.merchant_name,
            refund_of=given_back.payment_id,
        )
        after = findings(ledger([*entries, refund]), subscriptions, limits)
        assert keys(after) <= before
        told = charged(after)
        assert given_back.payment_id not in told


@given(contracts(), st.integers(60, 130), PUBLISHERS)
def test_earlier_history_never_adds_a_new_publisher(
    contract: tuple[list[Purchase], list[Subscription]], days: int, publisher: str
) -> None:
    entries, subscriptions = contract

    def new(more: Sequence[Purchase]) -> set[str]:
        told = findings(ledger([*entries, *more]), subscriptions, LIMITS)
        return {one.key for one in told if one.kind is Kind.NEW}

    assert new([entry("earlier", days_ago(days), publisher=publisher)]) <= new([])


@given(MOMENTS, st.integers(1, 30 * 24))
@settings(max_examples=6)
@example(datetime(2026, 3, 28, 23, tzinfo=PARIS), 24 * 24)
def test_sandbox_clock_moved_on_keeps_what_was_found_and_adds_what_came(now: datetime, hours: int) -> None:
    """Check that decisions stay valid within a period and only later charges give findings."""
    end = period_of(now.date()).end
    later = min(now + timedelta(hours=hours), moment(end, 23, 59, 59))
    for name in ("camille", "sans-achat", "suspendu"):
        before, after = (
            findings(ledger(entries, at), subscriptions, Limits())
            for at in (now, later)
            for entries, subscriptions in [demo_contract(name, at)]
        )
        assert keys(before) <= keys(after)
        asked = keys(after) - keys(before)
        new = charged(one for one in after if one.key in asked)
        entries, _ = demo_contract(name, later)
        assert all(each.payment_date > now for each in entries if each.payment_id in new)


RULES = tuple(kind for kind in Kind if kind not in (Kind.RISE, Kind.NEAR, Kind.OVER))
"""The price charged last and the total of a period are answers to be given again."""


@given(contracts(), st.integers(0, 18))
@settings(max_examples=100)
def test_each_rule_keeps_what_it_found_when_days_pass(
    contract: tuple[list[Purchase], list[Subscription]], days: int
) -> None:
    """Compare any contract with its state `days` earlier in the same period."""
    entries, subscriptions = contract
    then = days_ago(days)
    earlier = ledger([each for each in entries if each.payment_date <= then], then)
    subscriptions = [one for one in subscriptions if one.start_date <= then.date()]
    before, after = (findings(known, subscriptions, LIMITS) for known in (earlier, ledger(entries)))
    asked = charged(after)
    gone = [one for one in before if one.kind in RULES and one.key not in keys(after)]
    # One finding an entry: a rule of a higher rank may ask about it once more is known.
    assert [one for one in gone if not charged([one]) & asked] == []
