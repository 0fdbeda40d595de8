"""State of the search over all periods of one contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import flet as ft

from services.client.whole_periods import PER_PAGE
from services.domain.errors import BackendError
from services.domain.models import Filter, Purchase
from services.insights.search import Query, search
from views.core.insights import InsightsState
from views.core.loadable import failures_to

PAUSE: Final = 0.3
"""Debounce of the search, in seconds."""
AT_ONCE: Final = 4
"""Maximum number of requests in flight, one for each period."""


@ft.observable
@dataclass(eq=False)
class SearchState:
    """Query and results of the search. Answers to an earlier query are dropped."""

    insights: InsightsState
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    query: str = ""
    """Text that the results belong to."""
    filter: Filter | None = None
    found: tuple[Purchase, ...] | None = None
    """Results, newest first; None without a query."""
    loading: bool = False
    error: BackendError | None = None
    """Failure of a request for a period that the ledger holds only in part."""
    _typed: str = ""  # private: typing rebuilds no control
    _asked: int = 0
    _waiting: asyncio.Future[None] | None = None

    @property
    def typed(self) -> str:
        """Text of the field."""
        return self._typed

    def begin(self, typed: str) -> None:
        """Set the text of the field from the address."""
        if typed != self._typed:
            self._typed = typed

    def type(self, event: ft.Event[ft.TextField]) -> None:
        """Search after `PAUSE` seconds without another input."""
        self._typed = event.data or ""
        self._asked += 1
        self._waiting = asyncio.ensure_future(self._search_later(self._asked))

    async def _search_later(self, asked: int) -> None:
        await self.pause(PAUSE)
        if asked == self._asked:
            await self.run()

    async def choose(self, kind: Filter | None) -> None:
        """Set the filter and search again."""
        self.filter = kind
        await self.run()

    async def run(self) -> None:
        """Search the ledger, then request the periods of which it holds only the newest entries."""
        self._asked += 1
        asked, query, ledger = self._asked, Query.of(self._typed), self.insights.extended
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
