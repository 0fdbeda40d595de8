"""Search over all the periods of one contract, as words are typed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import flet as ft

from services.errors import BackendError
from services.export import PER_PAGE
from services.insights.search import Query, search
from services.models import Filter, Purchase
from views.core.insights import InsightsState
from views.core.loadable import failures_to

PAUSE: Final = 0.3
"""Seconds without a letter after which the search runs."""
AT_ONCE: Final = 4
"""Periods asked for at the same time."""


@ft.observable
@dataclass(eq=False)
class SearchState:
    """What is searched and what was found; an answer to an earlier question is dropped."""

    insights: InsightsState
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    query: str = ""
    """What the results are of."""
    filter: Filter | None = None
    found: tuple[Purchase, ...] | None = None
    """The newest first; None before the first search."""
    loading: bool = False
    error: BackendError | None = None
    """Why a period that is not known whole could not be searched."""
    _typed: str = ""  # private: typing draws nothing again
    _asked: int = 0
    _waiting: asyncio.Future[None] | None = None

    @property
    def typed(self) -> str:
        """What the field shows."""
        return self._typed

    def begin(self, typed: str) -> None:
        """Start from the words of an address."""
        if typed != self._typed:
            self._typed = typed

    def type(self, event: ft.Event[ft.TextField]) -> None:
        """Search once nothing was typed for a moment."""
        self._typed = event.data or ""
        self._asked += 1
        self._waiting = asyncio.ensure_future(self._search_later(self._asked))

    async def _search_later(self, asked: int) -> None:
        await self.pause(PAUSE)
        if asked == self._asked:
            await self.run()

    async def choose(self, kind: Filter | None) -> None:
        """Narrow the results to a kind."""
        self.filter = kind
        await self.run()

    async def run(self) -> None:
        """Search what is known, then ask for the periods of which only the newest entries are."""
        self._asked += 1
        asked, query, ledger = self._asked, Query.of(self._typed), self.insights.ledger.data
        self.query, self.error = self._typed, None
        if query is None or ledger is None:
            self.found, self.loading = None, False
            return
        self.found = search(ledger.entries, query, self.filter)
        further = [one.period.period_id for one in ledger.periods if one.partial]
        if not further or query.amount is not None:
            return

        def fail(error: BackendError) -> None:
            if asked == self._asked:
                self.error = error

        self.loading = True
        with failures_to(fail):
            for first in range(0, len(further), AT_ONCE):
                periods = further[first : first + AT_ONCE]
                answers = await asyncio.gather(*(self._ask(one) for one in periods))
                if asked != self._asked:
                    return
                known = {one.payment_id: one for page in answers for one in page}
                known |= {one.payment_id: one for one in self.found}
                self.found = search(known.values(), query, self.filter)
        if asked == self._asked:
            self.loading = False

    async def _ask(self, period_id: str) -> tuple[Purchase, ...]:
        answer = await self.insights.backend.purchases(
            self.insights.contract.contract_id, period_id, q=self._typed, per_page=PER_PAGE
        )
        return answer.value.items
