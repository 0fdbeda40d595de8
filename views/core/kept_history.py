"""Opt-in history on this device: whether it is kept, and why it could not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import flet as ft

from services.client.backend import Backend
from services.client.credentials import CredentialProblem
from services.client.history_store import HistoryUnavailable
from services.insights.history import History


@ft.observable
@dataclass(eq=False)
class KeptHistoryState:
    """History that the subscriber keeps on this device, for all contracts."""

    backend: Backend
    on: bool = False
    """A history is kept, even if it cannot be read now."""
    busy: bool = False
    failed: bool = False
    """The last operation failed."""
    problem: CredentialProblem | None = None
    """Reason of the failure of the credential store; None if the disk failed."""
    dropped: int = 0
    """Number of the oldest periods that were dropped, because the history was too large."""
    damaged: int = 0
    """Number of damaged files that were deleted when the history was opened."""

    @property
    def available(self) -> bool:
        """Whether this device can keep a history."""
        return self.backend.device.history is not None and (self.on or self.backend.device.in_use)

    async def open(self, subscriber_id: str) -> bool:
        """Open the history kept for the subscriber; return whether it can be read."""
        store = self.backend.device.history
        opened = store is not None and store.is_open
        try:
            self.on = await self.backend.device.open_history(subscriber_id)
        except HistoryUnavailable as error:
            self.on = True
            self._fail(error)
        else:
            if not opened:  # else a write may have failed since
                self._succeed()
        if store is None or not store.is_open:
            return False
        self.damaged = store.damaged
        return True

    async def turn_on(self, subscriber_id: str) -> bool:
        """Start to keep the history; return whether it is kept."""
        self.busy = True
        self._succeed()
        try:
            await self.backend.device.keep_history(subscriber_id)
            self.on = True
        except HistoryUnavailable as error:
            self._fail(error)
        finally:
            self.busy = False
        return self.on

    async def turn_off(self) -> None:
        """Erase the history."""
        self.busy = True
        self._succeed()
        self.closed(await self.backend.device.erase_history())
        self.busy = False

    def closed(self, problem: CredentialProblem | None) -> None:
        """Record that the history was erased, unless the store failed."""
        self.on, self.dropped, self.damaged = problem is not None, 0, 0
        if problem is not None:
            self.failed, self.problem = True, problem

    def read(self, contract_id: str) -> History:
        """Return the kept history of a contract."""
        if self.backend.device.history is None or not self.backend.device.history.is_open:
            return History()
        try:
            return self.backend.device.history.history(contract_id)
        except HistoryUnavailable as error:
            self._fail(error)
            return History()

    async def write(self, contract_id: str, change: Callable[[History], History]) -> History | None:
        """Change the kept history of a contract; return it, or None if nothing was written."""
        if self.backend.device.history is None or not self.on:
            return None
        try:
            written = await self.backend.device.history.update(contract_id, change)
        except HistoryUnavailable as error:
            self._fail(error)
            return None
        if written is None:
            return None
        self._succeed()
        self.dropped += written.dropped
        return written.history

    def _succeed(self) -> None:
        self.failed, self.problem = False, None

    def _fail(self, error: HistoryUnavailable) -> None:
        self.failed, self.problem = True, error.problem
