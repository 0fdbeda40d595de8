"""Help: what is looked for, the readers' opinions, and their sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from uuid import uuid4

import flet as ft

from services.backend import Backend
from services.errors import BackendError, Forbidden, NotFound, NotPossible, OutcomeUnknown, Unreachable
from views.core.loadable import failures_to
from views.help.feedback_state import FeedbackForm, Stage

_REFUSALS = (Forbidden, NotFound, NotPossible)
"""Sending the same again would change nothing."""


def _pauses() -> Iterator[float]:
    """Seconds between two tries to send what waits."""
    return chain((15, 30, 60, 120), repeat(300))


def _new_key() -> str:
    return str(uuid4())


@ft.observable
@dataclass(eq=False)
class Search:
    """What is looked for. Apart, so that typing draws the results again and not the field (see `Draft`)."""

    query: str = ""

    def type(self, event: ft.Event[ft.TextField]) -> None:
        self.query = event.data or ""


@ft.observable
@dataclass(eq=False)
class HelpState:
    """What a reader of the help left there; it stays for `owner` until they sign out.

    Opinions that could not be sent wait, where the device keeps anything for the next start of the app too.
    """

    backend: Backend
    owner: str | None = None
    """The identifier of the one who is signed in."""
    new_key: Callable[[], str] = _new_key
    """Makes the idempotency key of a form."""
    search: Search = field(default_factory=Search)
    cleared: int = 0
    """How often the search was cleared: its field is drawn again."""
    queued: int = 0
    """How many opinions wait for the network."""
    _forms: tuple[FeedbackForm, ...] = ()
    _delivering: asyncio.Lock = field(default_factory=asyncio.Lock)

    def clear_search(self) -> None:
        self.search.query = ""
        self.cleared += 1

    def feedback(self, article_id: str) -> FeedbackForm:
        """The one opinion of this reader on an article: being written, or sent."""
        for form in self._forms:
            if form.article_id == article_id:
                return form
        form = FeedbackForm(article_id, self.new_key)
        self._forms = (*self._forms, form)
        return form

    def take_up(self) -> None:
        """Go on with what waited when the app was left."""
        known = {form.key for form in self._forms}
        left = [FeedbackForm.waiting(each, self.new_key) for each in self.backend.unsent_opinions]
        left = [form for form in left if form.key not in known]
        self._forms = (*self._forms, *left)
        self.queued += len(left)

    async def keep(self) -> None:
        """Have what waits on the device, where a session before left it in memory."""
        for form in self._forms:
            if form.stage is Stage.QUEUED:
                await self.backend.keep_opinion(form.opinion())

    async def send(self, form: FeedbackForm) -> None:
        """Send an opinion once, now or, without a network, later."""
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
            await self.backend.keep_opinion(form.opinion())  # first: the app may be left before the answer
            await self._post(form)
            form.stage = Stage.SENT
        if form.stage is not Stage.QUEUED:
            await self.backend.drop_opinion(form.key)

    async def deliver(self) -> None:
        """Send what waits, trying again until nothing does. A key that has arrived has no second effect."""
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
        await self.backend.drop_opinion(form.key)

    async def _post(self, form: FeedbackForm) -> None:
        told = form.opinion()
        await self.backend.send_feedback(told.article_id, told.useful, told.liked, told.missing, told.key)
