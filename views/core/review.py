"""The subscriber's answers about the charges of one contract."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import flet as ft
from msgspec import structs

from services.client.backend import Backend
from services.client.http import Clock, utc_now
from services.client.single_flight import SingleFlight
from services.domain.errors import BackendError, Changed, NotFound, OutcomeUnknown, Unreachable
from services.domain.models import Money
from services.insights.contest import Claimed, Closing, Contest, Progress, Step, contest_id, told_after
from services.insights.findings import Finding, mute_key
from services.insights.review import (
    LONGEST_ADDRESS,
    Ceiling,
    Decision,
    Review,
    Sender,
    TypedBill,
    Verdict,
    fitted,
    merge,
)
from views.core.loadable import Loadable, failures_to
from views.core.resource import Part

TRIES = 5
"""Maximum number of attempts when other devices keep changing the document."""
_LATER = timedelta(microseconds=1)


@ft.observable
@dataclass(eq=False)
class ReviewState:
    """Review document of one contract, changed here at once and sent to the backend in the background."""

    backend: Backend
    contract_id: str
    clock: Clock = utc_now
    review: Review = field(default_factory=Review)
    """Merge of the local document and the backend's version."""
    served: Loadable[Review] = field(default_factory=Loadable)
    """The backend's version."""
    kept_here: bool = False
    """The backend stores no review document: the local document lasts as long as the session."""
    _syncing: SingleFlight = field(default_factory=SingleFlight)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.review = self.backend.device.unsent_review(self.contract_id)
        known = self.backend.review(self.contract_id).known
        if known is not None:
            self.review = merge(self.review, known.value)

    @property
    def parts(self) -> tuple[Part, ...]:
        return ((self.served, self.load),)

    async def load(self) -> None:
        """Read the backend's version, merge the two documents, and send the result if it differs."""
        await self._syncing.run("sync", self._sync)

    async def settled(self) -> None:
        """Wait until no change is being sent to the backend."""
        await asyncio.gather(*self._tasks)
        await self._syncing.settled()

    def decide(self, findings: Iterable[Finding], verdict: Verdict) -> None:
        """Record a verdict about these findings."""
        self._decide({one.key: (one.publisher, one.name) for one in findings}, verdict)

    def mute(self, finding: Finding) -> None:
        """Silence the findings about duplicates of a publisher."""
        self._decide({mute_key(finding.publisher): (finding.publisher, finding.name)}, Verdict.RECOGNISED)

    def withdraw(self, keys: Iterable[str]) -> None:
        """Undo the answers under these keys."""
        known = self.review.decisions
        self._decide({key: (known[key].publisher, known[key].name) for key in keys}, Verdict.WITHDRAWN)

    def set_ceiling(self, amount: int | None) -> None:
        """Set the amount, in whole euros, from which the app warns; None disables the warning."""
        before = self.review.own_ceiling
        now = max(self.clock(), before.decided_at + _LATER) if before else self.clock()
        self._change(self.review.limiting(Ceiling(amount=amount, decided_at=now)))

    def read_bill(self, month: str, amount: Decimal) -> None:
        """Record the amount of a printed bill."""
        before = self.review.bills.get(month)
        now = max(self.clock(), before.decided_at + _LATER) if before else self.clock()
        self._change(self.review.reading(month, TypedBill(amount=Money(amount=amount), decided_at=now)))

    def begin_contest(self, claimed: Claimed) -> str:
        """Begin a contest file; return its id."""
        key = contest_id(claimed)
        self._change(self.review.contesting(key, Contest(claimed=claimed)))
        return key

    def tell_step(self, key: str, step: Step, progress: Progress) -> None:
        """Record the progress of a step of a contest file, with the current time."""
        contest = self.review.contests.get(key)
        if contest is None:  # removed on another device
            return
        now = told_after(self.clock(), contest.steps.get(step))
        dated = structs.replace(progress, told_at=now)
        changed = Contest(claimed=contest.claimed, steps={step: dated}, closing=contest.closing)
        self._change(self.review.contesting(key, changed))

    def undo_step(self, key: str, step: Step) -> None:
        """Record that a step of a contest file is not done."""
        self.tell_step(key, step, Progress(told_at=self.clock()))

    def close_contest(self, key: str, day: date | None) -> None:
        """Close a contest file on a day; None reopens the file."""
        contest = self.review.contests.get(key)
        if contest is None:
            return
        closing = Closing(told_at=told_after(self.clock(), contest.closing), day=day)
        self._change(self.review.contesting(key, Contest(claimed=contest.claimed, closing=closing)))

    def remove_contest(self, key: str) -> None:
        """Remove a contest file on every device."""
        self._change(self.review.without_contest(key))

    def keep_sender(self, address: str) -> None:
        """Store the sender's address for letters; an empty address erases the stored address."""
        before = self.review.sender
        if address == (before.address if before else ""):
            return
        now = max(self.clock(), before.decided_at + _LATER) if before else self.clock()
        self._change(self.review.sent_by(Sender(address=address[:LONGEST_ADDRESS], decided_at=now)))

    def merge_in(self, review: Review) -> None:
        """Merge the decisions of an imported file."""
        self._change(merge(self.review, review))

    def see(self, keys: Iterable[str]) -> None:
        """Record that findings were on screen."""
        if not set(keys) <= set(self.review.seen):
            self._change(self.review.seeing(keys))

    def _decide(self, keys: Mapping[str, tuple[str, str]], verdict: Verdict) -> None:
        known = [
            self.review.decisions[key].decided_at + _LATER for key in keys if key in self.review.decisions
        ]
        # Later than the replaced decisions, even if a clock went back.
        now = max(self.clock(), *known) if known else self.clock()
        changed = self.review.deciding(
            {
                key: Decision(verdict=verdict, decided_at=now, publisher=publisher, name=name)
                for key, (publisher, name) in keys.items()
            }
        )
        self._change(changed)

    def _change(self, changed: Review) -> None:
        """Apply a change at once, and send the document to the backend in the background."""
        self.review = fitted(changed)
        task = asyncio.ensure_future(self._bring())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self) -> None:
        await self.backend.device.keep_review(self.contract_id, self.review)
        while not self.kept_here:
            await self.load()
            served = self.served  # a change may arrive just before the synchronization ends
            if served.error is not None or (served.data and merge(served.data, Review()) == self.review):
                return

    async def _sync(self) -> None:
        def fail(error: BackendError) -> None:
            if isinstance(error, NotFound):
                self.kept_here, self.served = True, Loadable()
            elif isinstance(error, OutcomeUnknown):  # the request is idempotent: sending it again is safe
                self.served = self.served.failed(Unreachable(str(error), correlator=error.correlator))
            else:
                self.served = self.served.failed(error)

        with failures_to(fail):
            reading = self.backend.review(self.contract_id)
            self.served = self.served.started(reading.known)
            for _ in range(TRIES):
                answer = await reading
                self._meet(answer.value)
                try:
                    while merge(answer.value, Review()) != self.review:
                        answer = await self.backend.replace_review(self.contract_id, self.review, answer.etag)
                        self._meet(answer.value)
                except Changed:
                    continue
                self.served = self.served.answered(answer)
                await self.backend.device.drop_review(self.contract_id)
                return
            raise Changed("another device keeps changing the review")

    def _meet(self, served: Review) -> None:
        merged = fitted(merge(self.review, served))
        if merged != self.review:
            self.review = merged
