"""Rules of a contest file: order of the steps, deadlines, refunds, and conditions of the letters."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from services.domain.models import Purchase, Subscription
from services.insights.contest import (
    MOST_LINES,
    Claim,
    Claimed,
    Contest,
    Line,
    Outcome,
    Progress,
    Reason,
    Step,
)
from services.insights.findings import LAW_MONTH, LAW_TRANSACTION, TWICE, Finding, Kind
from services.insights.ledger import NOTHING, Ledger, counts

WITHDRAWAL = timedelta(days=14)
PUBLISHER_ANSWER = timedelta(days=15)
"""Days suggested by the letter to the publisher; not a legal limit."""
OF_SUBSCRIPTION = frozenset((Kind.RISE, Kind.TRIAL, Kind.AGAIN, Kind.WEEKLY, Kind.NEWSUB))
LETTERS = (Step.PUBLISHER, Step.SERVICE, Step.CONSUMERS, Step.MEDIATOR)
"""Steps with a letter."""
AFTER_SERVICE = (Step.CONSUMERS, Step.MEDIATOR)
"""Steps that must follow the letter to the customer service."""


def line_of(entry: Purchase) -> Line:
    """Return a charge as a line of a file."""
    return Line(
        payment_id=entry.payment_id,
        paid_at=entry.payment_date,
        amount=entry.amount,
        reference=entry.reference_code[:100],
        bill_month=entry.period_id,
        category=entry.purchase_category_code,
    )


def contestable(ledger: Ledger, publisher: str) -> tuple[Purchase, ...]:
    """Return the contestable charges of a publisher, newest first, at most `MOST_LINES`."""
    found = (
        entry
        for entry in reversed(ledger.charges)
        if entry.merchant_identifier == publisher and not ledger.refunded_whole(entry)
    )
    return tuple(found)[:MOST_LINES]


def exceeds_month(ledger: Ledger, entries: Iterable[Purchase], limit: Decimal = LAW_MONTH) -> bool:
    """Return whether the purchases in the period of any of these entries exceed the limit of a month."""
    periods = {entry.period_id for entry in entries}
    return any(
        sum((each.amount.amount for each in one.entries if counts(each)), NOTHING) > limit
        for one in ledger.periods
        if one.period.period_id in periods
    )


def months_after(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    last = calendar.monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def answer_due(contest: Contest, step: Step) -> date | None:
    """Return the day from which a letter counts as unanswered; None if no answer is pending."""
    known = contest.progress(step)
    if known is None or known.sent_on is None or known.answer is not None:
        return None
    match step:
        case Step.PUBLISHER:
            return known.sent_on + PUBLISHER_ANSWER
        case Step.SERVICE | Step.CONSUMERS:
            return months_after(known.sent_on, 1)
        case _:
            return None


def opens(contest: Contest, step: Step) -> date | None:
    """Return the first day of a step; `date.min` if it can be done at once, None if it is barred.

    The letters have an order: customer service, then consumer service, then mediator.
    """
    if step not in AFTER_SERVICE:
        return date.min
    service = contest.progress(Step.SERVICE)
    if service is None or service.sent_on is None:
        return None
    if step is Step.CONSUMERS:
        return _unsettled(service, 1)
    consumers = contest.progress(Step.CONSUMERS)
    days = [_unsettled(consumers, 1) if consumers else None]
    if service.answer is None:
        days.append(months_after(service.sent_on, 2))
    first = min((day for day in days if day is not None), default=None)
    return max(first, service.sent_on) if first else None  # two devices may have recorded another order


def _unsettled(known: Progress, months: int) -> date | None:
    """Return the day from which a letter has failed: refused, or unanswered for some months."""
    if known.sent_on is None:
        return None
    if known.answer is not None:
        return max(known.answer.day, known.sent_on) if known.answer.declines else None
    return months_after(known.sent_on, months)


def mediator_until(contest: Contest) -> date | None:
    """Return the last day to ask the mediator: a year after the first written complaint."""
    known = (contest.progress(step) for step in (Step.PUBLISHER, Step.SERVICE))
    sent = [one.sent_on for one in known if one is not None and one.sent_on is not None]
    return months_after(min(sent), 12) if sent else None


def withdraw_until(contest: Contest, zone: ZoneInfo, today: date) -> date | None:
    """Return the last day to withdraw from the newest digital purchase; None if it is over."""
    days = [
        line.paid_at.astimezone(zone).date() + WITHDRAWAL for line in contest.claimed.lines if line.digital
    ]
    return max((day for day in days if day >= today), default=None)


def prudent_until(contest: Contest) -> date:
    """Return a year after the first day of the earliest bill month, the most cautious deadline."""
    first = min(line.bill_month for line in contest.claimed.lines)
    return months_after(date.fromisoformat(f"{first}-01"), 12)


def is_open(contest: Contest, step: Step, today: date) -> bool:
    """Return whether a step can be done today."""
    first = opens(contest, step)
    if first is None or first > today or contest.closed_on is not None:
        return False
    until = mediator_until(contest) if step is Step.MEDIATOR else None
    return until is None or today <= until


def next_step(contest: Contest, today: date) -> tuple[Step, date] | None:
    """Return the next step and its first day, today or later; None without a next step."""
    if contest.closed_on is not None:
        return None
    if any(known.answer and not known.answer.declines for known in contest.steps.values()):
        return None
    for step in Step:
        first = opens(contest, step)
        if contest.progress(step) is not None or first is None:
            continue
        if step is Step.MEDIATOR and (mediator_until(contest) or first) < max(first, today):
            return None
        return step, max(first, today)
    return None


def unanswered(contest: Contest, today: date) -> tuple[Step, date] | None:
    """Return the last letter, if its answer is overdue, and the day it was sent."""
    if contest.closed_on is not None:
        return None
    for step in reversed(LETTERS):
        known, due = contest.progress(step), answer_due(contest, step)
        if known is not None and known.sent_on is not None:
            return (step, known.sent_on) if due is not None and due <= today else None
    return None


def earliest(contest: Contest, step: Step) -> date | None:
    """Return the first possible day of a step, never before the step that it follows."""
    if step not in AFTER_SERVICE:
        return date.min
    service = contest.progress(Step.SERVICE)
    return service.sent_on if service else None


def can_undo(contest: Contest, step: Step) -> bool:
    """Return whether no later step depends on this one."""
    return step is not Step.SERVICE or not any(contest.progress(after) for after in AFTER_SERVICE)


def refunds(ledger: Ledger, contest: Contest) -> tuple[Decimal, date | None]:
    """Return the refunds of the lines, at most the claim, and the day of the last refund."""
    ids = {line.payment_id for line in contest.claimed.lines}
    days = [ledger.day(entry) for entry in ledger.entries if entry.refund_of in ids]
    back = sum(
        (
            min(line.amount.amount, ledger.refunded.get(line.payment_id, NOTHING))
            for line in contest.claimed.lines
        ),
        NOTHING,
    )
    return back, max(days, default=None) if back else None


def granted(contest: Contest, back: Decimal = NOTHING) -> Decimal:
    """Return the amount won so far: the refunds found, or what the answers grant; at most the claim."""
    amounts = [back]
    for known in contest.steps.values():
        if known.answer is not None and known.answer.outcome is Outcome.ACCEPTED:
            amounts.append(contest.total)
        elif known.answer is not None and known.answer.refunded is not None:
            amounts.append(known.answer.refunded.amount)
    return min(contest.total, max(amounts))


CONDITIONS = frozenset(
    (
        *Reason,
        *Claim,
        *(
            "single",
            "apart",
            "recent",
            "older",
            "over_law",
            "reported",
            "publisher_silent",
            "publisher_refused",
        ),
        *("service_silent", "service_refused", "consumers_asked", "consumers_silent", "consumers_refused"),
        "silent_two_months",
    )
)
"""Conditions for sentences of a letter."""


def conditions(contest: Contest, zone: ZoneInfo, today: date, *, reported: bool) -> frozenset[str]:
    """Return the `CONDITIONS` that hold today; `reported`: a line was reported to the operator in the app."""
    claimed = contest.claimed
    digital = [line.paid_at.astimezone(zone).date() for line in claimed.lines if line.digital]
    held: dict[str, bool] = {claimed.reason: True}
    held |= dict.fromkeys(claimed.claims, True)
    held["single"] = len(claimed.lines) == 1
    held["apart"] = claimed.reason is Reason.DUPLICATE and claimed.twin_paid_at is not None
    held["recent"] = any(today <= day + WITHDRAWAL for day in digital)
    held["older"] = any(today > day + WITHDRAWAL for day in digital)
    over = any(line.amount.amount > LAW_TRANSACTION for line in claimed.lines)
    held["over_law"] = over or claimed.over_month
    held["reported"] = reported
    for step in (Step.PUBLISHER, Step.SERVICE, Step.CONSUMERS):
        known, due = contest.progress(step), answer_due(contest, step)
        held[f"{step}_silent"] = due is not None and due <= today
        held[f"{step}_refused"] = bool(known and known.answer and known.answer.declines)
    held["consumers_asked"] = contest.progress(Step.CONSUMERS) is not None
    service = contest.progress(Step.SERVICE)
    held["silent_two_months"] = bool(
        held["service_silent"] and service and service.sent_on and months_after(service.sent_on, 2) <= today
    )
    return frozenset(name for name, true in held.items() if true) & CONDITIONS


def charges_of(ledger: Ledger, found: Iterable[Finding]) -> frozenset[str]:
    """Return the ids of the charges that findings are about.

    A finding about a subscription also covers the later charges of the subscription.
    """
    ids: set[str] = set()
    for one in found:
        if one.charge is None:
            continue
        ids.add(one.charge.payment_id)
        first = ledger.charge_by_id.get(one.charge.payment_id)
        if one.kind in OF_SUBSCRIPTION and first is not None:
            ids |= {
                entry.payment_id
                for entry in ledger.charges
                if entry.subscription_id == one.facts.subscription_id
                and entry.payment_date >= first.payment_date
            }
    return frozenset(ids)


@dataclass(frozen=True)
class Draft:
    """New contest file: the charges of a publisher, and the facts about the chosen ones."""

    publisher: str
    name: str
    entries: tuple[Purchase, ...]
    """Contestable charges, newest first."""
    chosen: frozenset[str]
    reason: Reason
    ended_on: date | None = None
    ended_reference: str = ""
    twin_paid_at: datetime | None = None
    running: bool = False
    """True if the newest chosen charge belongs to a subscription that is not ended."""

    def claimed(
        self,
        chosen: Collection[str],
        reason: Reason,
        claims: Collection[Claim],
        *,
        over_month: bool,
        now: datetime,
    ) -> Claimed:
        """Return the claim, with the facts that belong to the reason."""
        after = reason is Reason.AFTER
        return Claimed(
            told_at=now,
            publisher=self.publisher,
            name=self.name,
            lines=tuple(line_of(entry) for entry in self.entries if entry.payment_id in chosen),
            reason=reason,
            claims=tuple(claim for claim in Claim if claim in claims),
            ended_on=self.ended_on if after else None,
            ended_reference=self.ended_reference if after else "",
            twin_paid_at=self.twin_paid_at if reason is Reason.DUPLICATE else None,
            over_month=over_month,
        )


def draft(ledger: Ledger, subscriptions: Sequence[Subscription], chosen: Collection[str]) -> Draft | None:
    """Return a new file about these charges of one publisher; None if none can be contested."""
    first = next((entry for entry in reversed(ledger.charges) if entry.payment_id in chosen), None)
    if first is None:
        return None
    entries = contestable(ledger, first.merchant_identifier)
    picked = [entry for entry in entries if entry.payment_id in chosen]
    if not picked:
        return None
    newest = picked[0]
    taken = next(
        (one for one in subscriptions if one.subscription_id == newest.subscription_id is not None), None
    )
    over = taken.termination_date if taken is not None else None
    twin = _twin(ledger, newest)
    reason = Reason.UNAWARE
    if over is not None and ledger.day(newest) > over:
        reason = Reason.AFTER
    elif twin is not None and len(picked) == 1:
        reason = Reason.DUPLICATE
    return Draft(
        newest.merchant_identifier[:250],
        newest.merchant_name[:250],
        entries,
        frozenset(entry.payment_id for entry in picked),
        reason,
        over,
        (taken.termination_reference or "")[:100] if taken is not None else "",
        twin.payment_date if twin is not None else None,
        taken is not None and not taken.status.ended,
    )


def _twin(ledger: Ledger, entry: Purchase) -> Purchase | None:
    """Return the purchase that an entry seems to repeat."""
    same = (
        each
        for each in ledger.charges
        if each.merchant_identifier == entry.merchant_identifier
        and each.description == entry.description
        and each.amount == entry.amount
        and each.payment_id != entry.payment_id
        and timedelta() <= entry.payment_date - each.payment_date <= TWICE
    )
    return max(same, key=lambda each: each.payment_date, default=None)


@dataclass(frozen=True)
class Reminder:
    """Day of a contest file to put in a calendar."""

    day: date
    kind: str
    """`answer`, `opens`, `withdraw`, `mediator_until` or `prudent`."""
    step: Step | None = None


def reminders(contest: Contest, zone: ZoneInfo, today: date) -> tuple[Reminder, ...]:
    """Return the future days of an open file, in order."""
    if contest.closed_on is not None:
        return ()
    found = [Reminder(prudent_until(contest), "prudent")]
    last = withdraw_until(contest, zone, today)
    if last is not None and contest.progress(Step.PUBLISHER) is None:
        found.append(Reminder(last, "withdraw", Step.PUBLISHER))
    for step in LETTERS:
        due, first = answer_due(contest, step), opens(contest, step)
        if due is not None:
            found.append(Reminder(due, "answer", step))
        if step in AFTER_SERVICE and first is not None and contest.progress(step) is None:
            found.append(Reminder(first, "opens", step))
    until = mediator_until(contest)
    if until is not None and contest.progress(Step.MEDIATOR) is None:
        found.append(Reminder(until, "mediator_until", Step.MEDIATOR))
    return tuple(sorted((one for one in found if one.day >= today), key=lambda one: (one.day, one.kind)))
