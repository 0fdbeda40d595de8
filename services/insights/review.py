"""Review document: decisions of a subscriber about one contract, and the merge of two versions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from services.domain.models import Instant, Money, Month, check_century
from services.insights.contest import Contest, ContestId, merge_contests

Key = Annotated[str, Meta(min_length=1, max_length=400)]
HIGHEST_CEILING = 300
"""Whole euros: the legal limit of a month."""
LONGEST_ADDRESS = 500
LARGEST_DOCUMENT = 200_000
"""Bytes of the document, as JSON."""


MOST_BILLS = 120
"""Number of months with typed bills; older ones are dropped."""


class Verdict(StrEnum):
    """Answer of the subscriber about one charge."""

    RECOGNISED = "recognised"
    UNRECOGNISED = "unrecognised"
    WITHDRAWN = "withdrawn"
    """An earlier answer was undone."""


class Decision(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer, with the data to show it when the backend no longer serves the charge."""

    verdict: Verdict
    decided_at: Instant
    publisher: Annotated[str, Meta(max_length=250)]
    """Identifier of the publisher."""
    name: Annotated[str, Meta(max_length=250)]
    """Name of the publisher, as shown to the subscriber."""

    def __post_init__(self) -> None:
        check_century(self.decided_at)


class Ceiling(Struct, frozen=True, kw_only=True, rename="camel"):
    """Amount in whole euros from which the app warns the subscriber; None for no warning."""

    amount: Annotated[int, Meta(ge=1, le=HIGHEST_CEILING)] | None
    decided_at: Instant

    def __post_init__(self) -> None:
        check_century(self.decided_at)


class Sender(Struct, frozen=True, kw_only=True, rename="camel"):
    """Postal address for letters, kept at the subscriber's request; empty when erased."""

    address: Annotated[str, Meta(max_length=LONGEST_ADDRESS)]
    decided_at: Instant

    def __post_init__(self) -> None:
        check_century(self.decided_at)


class TypedBill(Struct, frozen=True, kw_only=True, rename="camel"):
    """Internet+ amount on a printed bill, typed by the subscriber."""

    amount: Money
    decided_at: Instant

    def __post_init__(self) -> None:
        check_century(self.decided_at)


class Review(Struct, frozen=True, kw_only=True, rename="camel"):
    """Review document of one contract. Its values are replaced, never changed."""

    decisions: dict[Key, Decision] = {}
    seen: tuple[Key, ...] = ()
    """Keys of the findings shown so far, in order."""
    own_ceiling: Ceiling | None = None
    contests: dict[ContestId, Contest] = {}
    removed_contests: tuple[ContestId, ...] = ()
    """Ids of removed contest files, in order: they never come back."""
    sender: Sender | None = None
    bills: dict[Month, TypedBill] = {}
    """Amounts typed from printed bills, by the month of the bill."""

    def verdict(self, key: str) -> Verdict | None:
        """Return the current answer for a key; None without an answer."""
        decision = self.decisions.get(key)
        return decision.verdict if decision and decision.verdict is not Verdict.WITHDRAWN else None

    def deciding(self, decisions: dict[str, Decision]) -> Review:
        """Return the document with further answers."""
        return merge(self, Review(decisions=decisions))

    def limiting(self, ceiling: Ceiling) -> Review:
        """Return the document with another own ceiling."""
        return merge(self, Review(own_ceiling=ceiling))

    def contesting(self, key: str, contest: Contest) -> Review:
        """Return the document with a contest file, or a later version of it."""
        return merge(self, Review(contests={key: contest}))

    def without_contest(self, key: str) -> Review:
        """Return the document without a contest file, on every device."""
        return merge(self, Review(removed_contests=(key,)))

    def sent_by(self, sender: Sender) -> Review:
        """Return the document with another address."""
        return merge(self, Review(sender=sender))

    def reading(self, month: str, bill: TypedBill) -> Review:
        """Return the document with the amount of another printed bill."""
        return merge(self, Review(bills={month: bill}))

    def seeing(self, keys: Iterable[str]) -> Review:
        """Return the document with further findings seen."""
        return merge(self, Review(seen=tuple(keys)))


def merge(one: Review, other: Review) -> Review:
    """Return the merge of both documents; of two answers to one question, the later.

    Associative, commutative and idempotent: the order in which devices merge does not matter.
    """
    decisions = dict(one.decisions)
    for key, decision in other.decisions.items():
        decisions[key] = max(decision, decisions.get(key, decision), key=_age)
    bills = dict(one.bills)
    for month, bill in other.bills.items():
        bills[month] = max(bill, bills.get(month, bill), key=_age)
    ceilings = [each for each in (one.own_ceiling, other.own_ceiling) if each is not None]
    senders = [each for each in (one.sender, other.sender) if each is not None]
    removed = {*one.removed_contests, *other.removed_contests}
    return Review(
        decisions={key: decisions[key] for key in sorted(decisions)},
        seen=tuple(sorted({*one.seen, *other.seen})),
        own_ceiling=max(ceilings, key=_age, default=None),
        contests=merge_contests(one.contests, other.contests, removed),
        removed_contests=tuple(sorted(removed)),
        sender=max(senders, key=_age, default=None),
        bills={month: bills[month] for month in sorted(bills)[-MOST_BILLS:]},
    )


def fitted(review: Review, largest: int = LARGEST_DOCUMENT) -> Review:
    """Return the document without the parts that exceed `largest` bytes.

    Seen findings are dropped first, then the oldest answers, then contest files: closed ones first, oldest
    first.
    """
    if len(msgspec.json.encode(review)) <= largest:
        return review
    seen = tuple(key for key in review.seen if key not in review.decisions)
    latest = sorted(review.decisions, key=lambda key: _age(review.decisions[key]), reverse=True)
    files = sorted(review.contests, key=lambda key: _worth(review.contests[key]), reverse=True)
    while True:
        smaller = structs.replace(
            review,
            decisions={key: review.decisions[key] for key in sorted(latest)},
            seen=seen,
            contests={key: review.contests[key] for key in sorted(files)},
        )
        if len(msgspec.json.encode(smaller)) <= largest or not (seen or latest or files):
            return smaller
        if seen:
            seen = seen[len(seen) // 2 + 1 :]
        elif latest:
            latest = latest[: len(latest) * 9 // 10]
        else:
            files.pop()


def _worth(contest: Contest) -> tuple[bool, float]:
    """Return a sort key of contest files: open files are worth most, then the latest."""
    return contest.closed_on is None, contest.claimed.told_at.timestamp()


def _age(answer: Decision | Ceiling | Sender | TypedBill) -> tuple[float, bytes]:
    """Return a sort key of answers: by time, then by content, so that no side is preferred."""
    return answer.decided_at.timestamp(), msgspec.json.encode(answer)
