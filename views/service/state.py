"""The internet+ service of one contract: on or off, and changing it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import flet as ft

from services.backend import Backend
from services.errors import BackendError, Changed, NotDone, OutcomeUnknown, PasswordNeeded
from services.models import Answer, Contract, Service, ServiceStatus
from services.single_flight import SingleFlight
from views.core.loadable import Loadable, failures_to
from views.core.proof import ProofState

POLL = 5.0
"""Seconds between two looks at a change in progress."""


@ft.observable
@dataclass(eq=False)
class ServiceState:
    """The switch shows what the backend says, never what was hoped for."""

    backend: Backend
    contract: Contract
    service: Loadable[Service] = field(default_factory=Loadable)
    asked: ServiceStatus | None = None
    """The status that waits for the user's yes."""
    busy: bool = False
    failure: BackendError | None = None
    done: ServiceStatus | None = None
    """What the service was just turned to."""
    proof: ProofState = field(init=False)
    """The password, when the backend wants it before it turns the service off."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited when it was turned on or off, here or elsewhere: subscriptions are interrupted with it."""
    _etag: str = ""
    _reading: SingleFlight = field(default_factory=SingleFlight)
    _changes: int = 0
    """What was asked for before the last one is old when it comes."""
    _hoped: ServiceStatus | None = None
    """What it was last to be turned to."""

    def __post_init__(self) -> None:
        self.proof = ProofState(self.backend)

    @property
    def changing(self) -> bool:
        """A change is in progress, asked here or elsewhere."""
        return self.busy or bool(self.service.data and self.service.data.pending_status)

    async def load(self) -> None:
        """Read it, once for any number of screens."""
        await self._reading.run("service", self._read)

    async def _read(self) -> None:
        reading, changes = self.backend.service(self.contract.contract_id), self._changes

        def fail(error: BackendError) -> None:
            if changes == self._changes:
                self.service = self.service.failed(error)

        turned = False
        with failures_to(fail):
            if self.service.data is None and reading.known is not None:
                self._etag = reading.known.etag
            self.service = self.service.started(reading.known)
            answer = await reading
            if changes == self._changes:
                turned = self._take(answer)
                self._find_out(answer.value)
        if turned and self.on_change is not None:
            await self.on_change()

    def _find_out(self, service: Service) -> None:
        """If it was not known whether it was turned on or off, what was just read tells."""
        if not isinstance(self.failure, OutcomeUnknown):
            return
        done = (service.pending_status or service.status) is self._hoped
        self.failure = None if done else NotDone()
        self.done = self._hoped if service.status is self._hoped else None

    def _take(self, answer: Answer[Service]) -> bool:
        """Whether it has another status than was known."""
        before = self.service.data
        self._etag = answer.etag
        self.service = self.service.answered(answer)
        return before is not None and before.status is not answer.value.status

    async def settled(self) -> None:
        """Wait until it is not being read."""
        await self._reading.settled()

    async def read_again(self) -> None:
        """Read it after a change, whatever was asked for before it."""
        self._outdate()
        await self.load()

    async def watch(self) -> None:
        """Look again until the change in progress is over; runs while the screen is shown."""
        while self.service.data is not None and self.service.data.pending_status is not None:
            await asyncio.sleep(POLL)
            await self.load()

    def ask(self) -> None:
        """The switch was moved: show what follows, before it is done.

        Drawn again with what the backend says, it goes back meanwhile.
        """
        self.failure = self.done = None
        self.asked = ServiceStatus.SUSPENDED if self.on else ServiceStatus.ACTIVE

    @property
    def on(self) -> bool:
        return bool(self.service.data and self.service.data.status is ServiceStatus.ACTIVE)

    def keep(self) -> None:
        if not self.busy:
            self.asked = None
            self.proof.forget()

    async def switch(self) -> None:
        """Do what was asked; a second tap while it is being done changes nothing.

        Done at once after the right password, where it is wanted.
        """
        asked = self.asked
        if asked is None or self.busy:
            return
        self.busy, turned, self._hoped = True, False, asked
        try:
            if self.proof.wanted and not await self.proof.give():
                return
            answer = await self.backend.switch_service(self.contract.contract_id, asked, self._etag)
        except PasswordNeeded:
            self.proof.want()
            return
        except BackendError as error:
            self.failure = error
        else:
            self._outdate()
            turned = self._take(answer)
            self.done = asked if answer.value.status is asked else None
        finally:
            self.busy = False
        self.asked = None
        if isinstance(self.failure, Changed | OutcomeUnknown):
            await self.read_again()
        elif turned and self.on_change is not None:
            await self.on_change()

    def _outdate(self) -> None:
        self._changes += 1
        self._reading.outdate()
