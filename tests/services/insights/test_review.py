"""Review document: merge of versions, encoding, size limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.domain.models import Money
from services.insights.contest import (
    Claim,
    Claimed,
    Closing,
    Contest,
    Line,
    Means,
    Progress,
    Reason,
    Step,
)
from services.insights.review import (
    MOST_BILLS,
    Ceiling,
    Decision,
    Review,
    Sender,
    TypedBill,
    Verdict,
    fitted,
    merge,
)

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
KEYS = st.sampled_from(["new|a|1", "after|b|2", "rise|c|3.99"])
MOMENTS = st.integers(0, 3).map(lambda hours: NOW + timedelta(hours=hours))
DECISIONS = st.builds(
    Decision, verdict=st.sampled_from(Verdict), decided_at=MOMENTS, publisher=st.just("a"), name=st.just("A")
)
CONTESTS = st.dictionaries(
    st.sampled_from(["0" * 16, "f" * 16]),
    st.builds(
        Contest,
        claimed=st.builds(
            Claimed,
            told_at=MOMENTS,
            publisher=st.just("a"),
            name=st.just("A"),
            lines=st.just(
                (
                    Line(
                        payment_id="p",
                        paid_at=NOW,
                        amount=Money(amount=Decimal("3.99")),
                        reference="IP-1",
                        bill_month="2026-06",
                    ),
                )
            ),
            reason=st.sampled_from(Reason),
            claims=st.just((Claim.REFUND,)),
        ),
        steps=st.dictionaries(
            st.sampled_from(Step),
            st.builds(
                Progress,
                told_at=MOMENTS,
                sent_on=st.sampled_from([None, NOW.date()]),
                means=st.sampled_from(Means),
            ),
        ),
        closing=st.none() | st.builds(Closing, told_at=MOMENTS, day=st.sampled_from([None, NOW.date()])),
    ),
)
SENDERS = st.builds(Sender, address=st.sampled_from(["", "1 rue des Lilas"]), decided_at=MOMENTS)
REVIEWS = st.builds(
    Review,
    decisions=st.dictionaries(KEYS, DECISIONS),
    seen=st.sets(KEYS).map(lambda keys: tuple(sorted(keys))),
    own_ceiling=st.none() | st.builds(Ceiling, amount=st.none() | st.integers(1, 300), decided_at=MOMENTS),
    contests=CONTESTS,
    removed_contests=st.sampled_from([(), ("0" * 16,)]),
    sender=st.none() | SENDERS,
)

TYPED = st.builds(
    TypedBill,
    amount=st.integers(0, 3).map(lambda euros: Money(amount=Decimal(f"{euros}.00"))),
    decided_at=MOMENTS,
)
MONTHS = st.sampled_from(["2026-03", "2026-04", "2026-05"])
WITH_BILLS = st.builds(
    lambda review, bills: msgspec.structs.replace(review, bills=bills),
    REVIEWS,
    st.dictionaries(MONTHS, TYPED),
)


@given(WITH_BILLS, WITH_BILLS, WITH_BILLS)
def test_merge_is_associative_commutative_and_idempotent(a: Review, b: Review, c: Review) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(a, a) == merge(a, Review())
    assert merge(merge(a, b), b) == merge(a, b)


@given(WITH_BILLS)
def test_document_survives_its_encoding(review: Review) -> None:
    assert msgspec.json.decode(msgspec.json.encode(review), type=Review) == review


def test_later_answer_wins_and_can_be_withdrawn() -> None:
    def answer(verdict: Verdict, hours: int) -> dict[str, Decision]:
        at = NOW + timedelta(hours=hours)
        return {"k": Decision(verdict=verdict, decided_at=at, publisher="a", name="A")}

    review = Review().deciding(answer(Verdict.RECOGNISED, 0))
    assert review.verdict("k") is Verdict.RECOGNISED
    assert review.deciding(answer(Verdict.UNRECOGNISED, 1)).verdict("k") is Verdict.UNRECOGNISED
    assert review.deciding(answer(Verdict.UNRECOGNISED, -1)).verdict("k") is Verdict.RECOGNISED
    assert review.deciding(answer(Verdict.WITHDRAWN, 1)).verdict("k") is None


def test_contest_file_merges_step_by_step_and_a_removed_one_stays_away() -> None:
    key, claimed = (
        "0" * 16,
        Claimed(
            told_at=NOW,
            publisher="a",
            name="A",
            lines=(
                Line(
                    payment_id="p",
                    paid_at=NOW,
                    amount=Money(amount=Decimal("3.99")),
                    reference="IP-1",
                    bill_month="2026-06",
                ),
            ),
            reason=Reason.UNAWARE,
            claims=(Claim.REFUND,),
        ),
    )
    here, there = (
        Review().contesting(
            key,
            Contest(claimed=claimed, steps={step: Progress(told_at=NOW, sent_on=NOW.date())}),
        )
        for step in (Step.PUBLISHER, Step.SERVICE)
    )
    both = merge(here, there)
    assert list(both.contests[key].steps) == [Step.PUBLISHER, Step.SERVICE]
    undone = Progress(told_at=NOW + timedelta(hours=1))
    later = both.contesting(key, Contest(claimed=claimed, steps={Step.SERVICE: undone}))
    assert later.contests[key].progress(Step.SERVICE) is None
    assert later.contests[key].progress(Step.PUBLISHER) is not None
    assert merge(later.without_contest(key), both).contests == {}


@given(REVIEWS, st.integers(320, 900))
def test_fitted_document_is_no_larger_and_keeps_the_latest_answers(review: Review, largest: int) -> None:
    small = fitted(review, largest)
    assert len(msgspec.json.encode(small)) <= largest
    kept, gone = small.decisions, review.decisions.keys() - small.decisions.keys()
    oldest = min((one.decided_at for one in kept.values()), default=None)
    assert oldest is None or all(review.decisions[key].decided_at <= oldest for key in gone)
    assert small.contests == review.contests or not kept
    assert small.sender == review.sender
    assert fitted(review) == review


def test_latest_months_of_typed_bills_are_kept() -> None:
    one = TypedBill(amount=Money(amount=Decimal("1.00")), decided_at=NOW)
    review = Review()
    for number in range(MOST_BILLS + 5):
        review = review.reading(f"20{20 + number // 12}-{number % 12 + 1:02}", one)
    assert len(review.bills) == MOST_BILLS
    assert "2020-05" not in review.bills
    assert "2020-06" in review.bills
