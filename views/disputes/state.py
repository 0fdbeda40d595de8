"""Forms of a contest file: new file, progress of a step, report of its lines, sender's address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import flet as ft

from services.domain.errors import BackendError, NotPossible
from services.domain.models import Dispute, DisputeReason, Money
from services.insights.contest import (
    MOST_LINES,
    Answer,
    Claim,
    Contest,
    Means,
    Outcome,
    Progress,
    Reason,
    Step,
)
from services.insights.contest_rules import Draft, earliest, exceeds_month
from services.insights.ledger import NOTHING
from views.core.insights import InsightsState
from views.core.review import ReviewState

REPORTED_AS: Final = {
    Reason.UNAWARE: DisputeReason.UNKNOWN,
    Reason.UNCLEAR: DisputeReason.AMOUNT,
    Reason.UNDELIVERED: DisputeReason.NOT_RECEIVED,
    Reason.DUPLICATE: DisputeReason.DUPLICATE,
    Reason.AFTER: DisputeReason.OTHER,
}
"""Reason in the report to the operator, by reason of the file."""
_NUMBERS = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")


def day_typed(typed: str) -> date | None:
    """Parse a day written as 14/05/2026 or 2026-05-14; return None unless it is in the years 2000 to 2099."""
    found = _NUMBERS.fullmatch(typed.strip())
    try:
        day = (
            date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(typed.strip())
        )
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def amount_typed(typed: str) -> Decimal | None:
    """Parse an amount written as 3,99 or 3.99 €; return None if it is no amount."""
    found = _AMOUNT.fullmatch(typed.replace("€", "").strip())
    return Decimal(f"{found[1]}.{(found[2] or '').ljust(2, '0')}") if found else None


@ft.observable
@dataclass(eq=False)
class ContestForm:
    """Form of a new contest file."""

    insights: InsightsState
    draft: Draft
    chosen: frozenset[str] = frozenset()
    reason: Reason = Reason.UNAWARE
    claims: frozenset[Claim] = frozenset((Claim.REFUND, Claim.PROOF))
    begun: str | None = None
    """Id of the created file; None before."""

    def __post_init__(self) -> None:
        self.chosen, self.reason = self.draft.chosen, self.draft.reason
        if self.draft.running:
            self.claims = self.claims | {Claim.END}

    def renew(self, draft: Draft) -> None:
        """Show the charges of a new answer; keep the choices among them."""
        if draft != self.draft:
            self.chosen &= {entry.payment_id for entry in draft.entries}
            self.draft = draft

    @property
    def total(self) -> Decimal:
        """The sum claimed."""
        picked = (entry for entry in self.draft.entries if entry.payment_id in self.chosen)
        return sum((entry.amount.amount for entry in picked), NOTHING)

    @property
    def complete(self) -> bool:
        """Whether the form has a charge and a claim, and not too many charges."""
        return bool(self.chosen and self.claims) and len(self.chosen) <= MOST_LINES

    def choose(self, payment_id: str) -> None:
        """Add the charge to the choice, or remove it."""
        self.chosen = self.chosen ^ {payment_id}

    def choose_reason(self, event: ft.Event[ft.RadioGroup]) -> None:
        if event.data in {*Reason}:  # a forged client sends any text
            self.reason = Reason(event.data or "")

    def choose_claim(self, claim: Claim) -> None:
        """Add the claim, or remove it."""
        self.claims = self.claims ^ {claim}

    def begin(self) -> None:
        """Create the file from a complete form; a second tap changes nothing."""
        ledger, review = self.insights.ledger.data, self.insights.review
        if not self.complete or self.begun is not None or ledger is None:
            return
        picked = [entry for entry in self.draft.entries if entry.payment_id in self.chosen]
        over = exceeds_month(ledger, picked, self.insights.limits.month)
        claimed = self.draft.claimed(
            self.chosen, self.reason, self.claims, over_month=over, now=review.clock()
        )
        self.begun = review.begin_contest(claimed)


@ft.observable
@dataclass(eq=False)
class StepForm:
    """Form of one step: the day and means of a letter, or the answer to it."""

    review: ReviewState
    contest_id: str
    step: Step
    today: date
    answering: bool = False
    """True if the form is about the answer to the letter."""
    means: Means = Means.LETTER
    outcome: Outcome = Outcome.REFUSED
    fault: str = ""
    """Last part of the catalog key `contest.wrong_…`; "" without a fault."""
    saved: bool = False
    _day: str = ""  # private: typing rebuilds no control
    _reference: str = ""
    _amount: str = ""

    def __post_init__(self) -> None:
        self._day = f"{self.today:%d/%m/%Y}"
        known = self.contest.progress(self.step) if self.contest else None
        if known is not None and not self.answering:
            self._day, self.means = f"{known.sent_on:%d/%m/%Y}", known.means
            self._reference = known.references[0] if known.references else ""

    @property
    def contest(self) -> Contest | None:
        return self.review.review.contests.get(self.contest_id)

    @property
    def day(self) -> str:
        return self._day

    @property
    def reference(self) -> str:
        return self._reference

    @property
    def amount(self) -> str:
        return self._amount

    def type_day(self, event: ft.Event[ft.TextField]) -> None:
        self._day = event.data or ""

    def type_reference(self, event: ft.Event[ft.TextField]) -> None:
        self._reference = event.data or ""

    def type_amount(self, event: ft.Event[ft.TextField]) -> None:
        self._amount = event.data or ""

    def choose_means(self, event: ft.Event[ft.RadioGroup]) -> None:
        if event.data in {*Means}:
            self.means = Means(event.data or "")

    def choose_outcome(self, event: ft.Event[ft.RadioGroup]) -> None:
        if event.data in {*Outcome}:
            self.outcome = Outcome(event.data or "")

    def save(self) -> None:
        """Store the input if it is plausible; else set `fault`."""
        contest, day = self.contest, day_typed(self._day)
        if contest is None or self.saved:
            return
        known = contest.progress(self.step)
        first = known.sent_on if self.answering and known else earliest(contest, self.step)
        self.fault = self._fault(contest, day, first)
        if self.fault or day is None:
            return
        if self.answering and known is not None:
            granted = amount_typed(self._amount) if self.outcome is Outcome.PARTLY else None
            refunded = Money(amount=granted) if granted is not None else None
            answer = Answer(day=day, outcome=self.outcome, refunded=refunded)
            progress = _with(known, answer)
        else:
            reference = self._reference.strip()[:100]
            progress = Progress(
                told_at=self.review.clock(),
                sent_on=day,
                means=self.means,
                references=(reference,) if reference else (),
                answer=known.answer if known else None,
            )
        self.review.tell_step(self.contest_id, self.step, progress)
        self.saved = True

    def _fault(self, contest: Contest, day: date | None, first: date | None) -> str:
        if day is None:
            return "day"
        if day > self.today:
            return "future"
        if first is None or day < first:
            return "early"
        if self.answering and self.outcome is Outcome.PARTLY:
            granted = amount_typed(self._amount)
            if granted is None or not NOTHING < granted <= contest.total:
                return "amount"
        return ""


def _with(known: Progress, answer: Answer) -> Progress:
    return Progress(
        told_at=known.told_at,
        sent_on=known.sent_on,
        means=known.means,
        references=known.references,
        answer=answer,
    )


@ft.observable
@dataclass(eq=False)
class Reporting:
    """Report of the lines of one file to the operator: one request a line, resumable."""

    insights: InsightsState
    contest_id: str
    busy: bool = False
    error: BackendError | None = None
    reported: tuple[tuple[str, str], ...] = ()
    """Pairs of payment id and reference, for the lines reported here."""

    def known(self, contest: Contest) -> dict[str, str]:
        """Return the references of the reported lines, by payment id."""
        ledger = self.insights.ledger.data
        served = ledger.entries if ledger is not None else ()
        ids = {line.payment_id for line in contest.claimed.lines}
        found = {
            one.payment_id: one.dispute.dispute_id
            for one in served
            if one.dispute is not None and one.payment_id in ids
        }
        return found | dict(self.reported)

    async def report(self) -> None:
        """Report the remaining lines; a second tap changes nothing while a report is in flight."""
        contest = self.insights.review.review.contests.get(self.contest_id)
        if contest is None or self.busy:
            return
        self.busy, self.error = True, None
        try:
            for line in contest.claimed.lines:
                if line.payment_id not in self.known(contest):
                    dispute = await self._tell(contest, line.payment_id)
                    self.reported = (*self.reported, (line.payment_id, dispute.dispute_id))
        except BackendError as error:
            self.error = error
        finally:
            self.busy = False
        self._note(contest)

    async def _tell(self, contest: Contest, payment_id: str) -> Dispute:
        """Report one line, under an idempotency key that is the same in each retry."""
        backend, contract_id = self.insights.backend, self.insights.contract.contract_id
        reason = REPORTED_AS[contest.claimed.reason]
        key = str(uuid5(NAMESPACE_URL, f"{self.contest_id}/{payment_id}"))
        try:
            return await backend.dispute(contract_id, payment_id, reason, "", key)
        except NotPossible as error:
            known = (await backend.purchase(contract_id, payment_id)).value.dispute
            if known is None:
                raise
            del error
            return known

    def _note(self, contest: Contest) -> None:
        """Store the references in the file, once every line is reported."""
        known = self.known(contest)
        if len(known) < len(contest.claimed.lines):
            return
        today = self.insights.ledger.data.today if self.insights.ledger.data else None
        references = tuple(dict.fromkeys(reference[:100] for reference in known.values()))[:MOST_LINES]
        progress = Progress(
            told_at=self.insights.review.clock(), sent_on=today, means=Means.ONLINE, references=references
        )
        self.insights.review.tell_step(self.contest_id, Step.REPORT, progress)


@ft.observable
@dataclass(eq=False)
class SenderForm:
    """Form of the address for letters, and of the choice to store it."""

    review: ReviewState
    keeps_address: bool = False
    _address: str = field(default="", repr=False)  # private: typing rebuilds no control

    def __post_init__(self) -> None:
        known = self.review.review.sender
        self._address = known.address if known else ""
        self.keeps_address = bool(self._address)

    @property
    def address(self) -> str:
        return self._address

    def lines(self) -> tuple[str, ...]:
        """Return the non-blank lines of the address."""
        return tuple(line.strip() for line in self._address.splitlines() if line.strip())

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self._address = event.data or ""

    def leave(self, _: object = None) -> None:
        """Store the address when the field loses the focus, if the box is checked."""
        if self.keeps_address:
            self.review.keep_sender(self._address.strip())

    def keep(self, event: ft.Event[ft.Checkbox]) -> None:
        """Store the address in the review document, or erase it there."""
        self.keeps_address = event.data is True
        self.review.keep_sender(self._address.strip() if self.keeps_address else "")
