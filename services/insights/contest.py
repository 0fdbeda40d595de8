"""Contest files: contested charges of one publisher, completed steps, and the merge of two versions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from services.domain.models import Category, Instant, Money, Month, check_century
from services.insights.ledger import NOTHING

MOST_LINES = 100
_LATER = timedelta(microseconds=1)
Text = Annotated[str, Meta(max_length=250)]
ContestId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]


class Reason(StrEnum):
    """Reason for which charges are contested."""

    UNAWARE = "unaware"
    UNCLEAR = "unclear"
    UNDELIVERED = "undelivered"
    DUPLICATE = "duplicate"
    AFTER = "after"


class Claim(StrEnum):
    """Claim of the subscriber."""

    REFUND = "refund"
    END = "end"
    PROOF = "proof"


class Step(StrEnum):
    """Steps of a contest file, in order."""

    STOP = "stop"
    """The subscription is ended, or the service turned off."""
    REPORT = "report"
    """Each line is reported to the operator, in the app."""
    PUBLISHER = "publisher"
    SERVICE = "service"
    """The operator's customer service."""
    CONSUMERS = "consumers"
    """The operator's consumer service."""
    MEDIATOR = "mediator"


class Means(StrEnum):
    """Means by which a letter was sent."""

    LETTER = "letter"
    EMAIL = "email"
    ONLINE = "online"


class Outcome(StrEnum):
    """Outcome of a letter."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    REFUSED = "refused"


class Standing(StrEnum):
    """Progress of a step."""

    TODO = "todo"
    SENT = "sent"
    ANSWERED = "answered"
    CLOSED = "closed"


class Line(Struct, frozen=True, kw_only=True, rename="camel"):
    """Contested charge, with the data to show it when the backend no longer serves it."""

    payment_id: Annotated[str, Meta(min_length=1, max_length=100)]
    paid_at: Instant
    amount: Money
    reference: Annotated[str, Meta(max_length=100)]
    bill_month: Month
    category: Category = Category.OTHER

    def __post_init__(self) -> None:
        check_century(self.paid_at)

    @property
    def digital(self) -> bool:
        """Whether it is digital content for sure; its right of withdrawal is lost only by consent."""
        return self.category in _DIGITAL


_DIGITAL = frozenset(
    (
        Category.PRESS,
        Category.GAMES,
        Category.VIDEO,
        Category.MUSIC,
        Category.DATING,
        Category.STREAMING,
        Category.ADULT,
    )
)


class Claimed(Struct, frozen=True, kw_only=True, rename="camel"):
    """Contested charges, the reason, and the claims."""

    told_at: Instant
    publisher: Text
    """Identifier of the publisher."""
    name: Text
    """Name of the publisher, as shown to the subscriber."""
    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=MOST_LINES)]
    reason: Reason
    claims: Annotated[tuple[Claim, ...], Meta(min_length=1, max_length=3)]
    ended_on: date | None = None
    """Last day of the subscription that was charged after its end."""
    ended_reference: Annotated[str, Meta(max_length=100)] = ""
    twin_paid_at: Instant | None = None
    """Time of the purchase that the duplicate repeats."""
    over_month: bool = False
    """True if the purchases in a line's period exceed the legal limit of a month."""

    def __post_init__(self) -> None:
        check_century(self.told_at, self.ended_on, self.twin_paid_at)


class Answer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Answer to a letter."""

    day: date
    outcome: Outcome
    refunded: Money | None = None
    """Amount granted by a partial answer."""

    def __post_init__(self) -> None:
        check_century(self.day)

    @property
    def declines(self) -> bool:
        """Whether part of the claim remains to contest."""
        return self.outcome is not Outcome.ACCEPTED


class Progress(Struct, frozen=True, kw_only=True, rename="camel"):
    """Progress of one step. Without `sent_on`, the step is to do: it may have been undone."""

    told_at: Instant
    sent_on: date | None = None
    means: Means = Means.LETTER
    references: Annotated[tuple[Annotated[str, Meta(max_length=100)], ...], Meta(max_length=MOST_LINES)] = ()
    answer: Answer | None = None

    def __post_init__(self) -> None:
        check_century(self.told_at, self.sent_on)


class Closing(Struct, frozen=True, kw_only=True, rename="camel"):
    """Day on which a file was closed; None if it was opened again."""

    told_at: Instant
    day: date | None = None

    def __post_init__(self) -> None:
        check_century(self.told_at, self.day)


class Contest(Struct, frozen=True, kw_only=True, rename="camel"):
    """Contest file. Its parts are replaced, never changed."""

    claimed: Claimed
    steps: dict[Step, Progress] = {}
    closing: Closing | None = None

    @property
    def total(self) -> Decimal:
        """Sum of the claimed amounts."""
        return sum((line.amount.amount for line in self.claimed.lines), NOTHING)

    @property
    def closed_on(self) -> date | None:
        return self.closing.day if self.closing else None

    @property
    def adult(self) -> bool:
        """Whether a line is for adults: then the publisher is not named on screen."""
        return any(line.category is Category.ADULT for line in self.claimed.lines)

    def progress(self, step: Step) -> Progress | None:
        """Return the progress of a step; None if the step is to do."""
        known = self.steps.get(step)
        return known if known and known.sent_on else None

    def standing(self, step: Step) -> Standing:
        """Return the standing of a step."""
        known = self.progress(step)
        if self.closed_on is not None:
            return Standing.CLOSED
        if known is None:
            return Standing.TODO
        return Standing.ANSWERED if known.answer else Standing.SENT


Contests = Mapping[str, Contest]
Part = TypeVar("Part", Claimed, Progress, Closing)


def contest_id(claimed: Claimed) -> str:
    """Return the id of a new file, equal on every device that reads the document."""
    return hashlib.sha256(msgspec.json.encode(claimed)).hexdigest()[:16]


def merge_contests(one: Contests, other: Contests, removed: Iterable[str]) -> dict[str, Contest]:
    """Return the files of both versions, with the later of each part, without any removed file."""
    removed_keys = set(removed)
    met: dict[str, Contest] = {}
    for key in sorted({*one, *other} - removed_keys):
        mine, theirs = one.get(key), other.get(key)
        met[key] = _merge(mine, theirs) if mine and theirs else mine or other[key]
    return met


def _merge(one: Contest, other: Contest) -> Contest:
    steps = dict(one.steps)
    for step, told in other.steps.items():
        steps[step] = _later(told, steps.get(step, told))
    closings = [each for each in (one.closing, other.closing) if each is not None]
    return Contest(
        claimed=_later(one.claimed, other.claimed),
        steps={step: steps[step] for step in Step if step in steps},
        closing=max(closings, key=_age, default=None),
    )


def _later(one: Part, other: Part) -> Part:
    return max(one, other, key=_age)


def _age(part: Claimed | Progress | Closing) -> tuple[float, bytes]:
    """Return a sort key of parts: by time, then by content, so that no side is preferred."""
    return part.told_at.timestamp(), msgspec.json.encode(part)


def told_after(now: datetime, *parts: Claimed | Progress | Closing | None) -> datetime:
    """Return the time of a change, later than the parts it replaces, even if a clock went back."""
    return max([now, *(part.told_at + _LATER for part in parts if part is not None)])
