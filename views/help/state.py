"""State of the help: search, feedback forms, and the queue of unsent feedback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from uuid import uuid4

import flet as ft

from services.client.backend import Backend
from services.domain.errors import BackendError, Forbidden, NotFound, NotPossible, OutcomeUnknown, Unreachable
from views.core.loadable import failures_to
from views.help.feedback_state import FeedbackForm, Stage

_REFUSALS = (Forbidden, NotFound, NotPossible)
"""Errors after which a retry is useless."""


def _pauses() -> Iterator[float]:
    """Yield the seconds between two attempts to send queued feedback."""
    return chain((15, 30, 60, 120), repeat(300))


def _new_key() -> str:
    return str(uuid4())


@ft.observable
@dataclass(eq=False)
class Search:
    """Query of the search: a separate object, so that typing rebuilds the results only (see `Draft`)."""

    query: str = ""

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self.query = event.data or ""


@ft.observable
@dataclass(eq=False)
class HelpState:
    """Search and feedback of `owner`, until the sign-out.

    Unsent feedback is queued, and persisted on devices that store data.
    """

    backend: Backend
    owner: str | None = None
    """Identifier of the signed-in subscriber."""
    new_key: Callable[[], str] = _new_key
    """Factory of the forms' idempotency keys."""
    search: Search = field(default_factory=Search)
    cleared: int = 0
    """Number of times that the search was cleared; each change rebuilds the field."""
    queued: int = 0
    """Number of queued forms."""
    _forms: tuple[FeedbackForm, ...] = ()
    _delivering: asyncio.Lock = field(default_factory=asyncio.Lock)

    def clear_search(self) -> None:
        self.search.query = ""
        self.cleared += 1

    def feedback(self, article_id: str) -> FeedbackForm:
        """Return the form of an article; create it at the first call."""
        for form in self._forms:
            if form.article_id == article_id:
                return form
        form = FeedbackForm(article_id, self.new_key)
        self._forms = (*self._forms, form)
        return form

    def take_up(self) -> None:
        """Queue the feedback that an earlier run of the app did not send."""
        known = {form.key for form in self._forms}
        left = [FeedbackForm.waiting(each, self.new_key) for each in self.backend.device.unsent_feedback]
        left = [form for form in left if form.key not in known]
        self._forms = (*self._forms, *left)
        self.queued += len(left)

    async def keep(self) -> None:
        """Persist the queued feedback on the device; an earlier session may have left it only in memory."""
        for form in self._forms:
            if form.stage is Stage.QUEUED:
                await self.backend.device.queue_feedback(form.opinion())

    async def send(self, form: FeedbackForm) -> None:
        """Send the feedback of a form; queue it if the backend is out of reach or the outcome unknown."""
        if not form.ready():
            return

        def fail(error: BackendError) -> None:
            if isinstance(error, Unreachable | OutcomeUnknown):
                form.stage = Stage.QUEUED
                self.queued += 1
            else:
                form.fail(error)

        form.stage = Stage.SENDING
        with failures_to(fail):
            # first: the app may close before the answer
            await self.backend.device.queue_feedback(form.opinion())
            await self._post(form)
            form.stage = Stage.SENT
        if form.stage is not Stage.QUEUED:
            await self.backend.device.drop_feedback(form.key)

    async def deliver(self) -> None:
        """Send the queued feedback and retry until the queue is empty; the keys prevent duplicates."""
        async with self._delivering:
            for pause in _pauses():
                for form in self._forms:
                    if form.stage is Stage.QUEUED:
                        await self._try_again(form)
                if not self.queued:
                    return
                await asyncio.sleep(pause)

    async def _try_again(self, form: FeedbackForm) -> None:
        try:
            await self._post(form)
        except _REFUSALS as error:
            form.fail(error)
        except BackendError:
            return
        else:
            form.stage = Stage.SENT
        self.queued -= 1
        await self.backend.device.drop_feedback(form.key)

    async def _post(self, form: FeedbackForm) -> None:
        told = form.opinion()
        await self.backend.send_feedback(told.article_id, told.useful, told.liked, told.missing, told.key)
