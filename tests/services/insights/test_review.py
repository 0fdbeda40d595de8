"""The review document: two versions of it become one, in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.insights.review import Ceiling, Decision, Review, Verdict, fitted, merge

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
KEYS = st.sampled_from(["new|a|1", "after|b|2", "rise|c|3.99"])
MOMENTS = st.integers(0, 3).map(lambda hours: NOW + timedelta(hours=hours))
DECISIONS = st.builds(
    Decision, verdict=st.sampled_from(Verdict), decided_at=MOMENTS, publisher=st.just("a"), name=st.just("A")
)
REVIEWS = st.builds(
    Review,
    decisions=st.dictionaries(KEYS, DECISIONS),
    seen=st.sets(KEYS).map(lambda keys: tuple(sorted(keys))),
    own_ceiling=st.none() | st.builds(Ceiling, amount=st.none() | st.integers(1, 300), decided_at=MOMENTS),
)


@given(REVIEWS, REVIEWS, REVIEWS)
def test_merge_is_associative_commutative_and_idempotent(a: Review, b: Review, c: Review) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, b) == merge(b, a)
    assert merge(a, a) == merge(a, Review())
    assert merge(merge(a, b), b) == merge(a, b)


@given(REVIEWS)
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


@given(REVIEWS, st.integers(150, 600))
def test_fitted_document_is_no_larger_and_keeps_the_latest_answers(review: Review, largest: int) -> None:
    small = fitted(review, largest)
    assert len(msgspec.json.encode(small)) <= largest
    kept, gone = small.decisions, review.decisions.keys() - small.decisions.keys()
    oldest = min((one.decided_at for one in kept.values()), default=None)
    assert oldest is None or all(review.decisions[key].decided_at <= oldest for key in gone)
    assert fitted(review) == review
