"""The internet+ service of one contract: on or off, and changing it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import flet as ft

from services.backend import Backend
from services.errors import BackendError, Changed, NotDone, OutcomeUnknown, PasswordNeeded
from services.models import Contract, Service, ServiceStatus
from views.core.loadable import Loadable
from views.core.proof import ProofState
from views.core.resource import Part, Resource

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
    _hoped: ServiceStatus | None = None
    """What it was last to be turned to."""

    def __post_init__(self) -> None:
        self.proof = ProofState(self.backend)
        self._service = Resource(
            self,
            "service",
            lambda: self.backend.service(self.contract.contract_id),
            on_answer=self._answered,
        )

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self._service.part,)

    @property
    def changing(self) -> bool:
        """A change is in progress, asked here or elsewhere."""
        return self.busy or bool(self.service.data and self.service.data.pending_status)

    async def load(self) -> None:
        """Read it, once for any number of screens."""
        await self._service.load()

    async def _answered(self, before: Service | None) -> None:
        self._find_out()
        await self._tell(before)

    def _find_out(self) -> None:
        """If it was not known whether it was turned on or off, what was just read tells."""
        service = self.service.data
        if service is None or not isinstance(self.failure, OutcomeUnknown):
            return
        done = (service.pending_status or service.status) is self._hoped
        self.failure = None if done else NotDone()
        self.done = self._hoped if service.status is self._hoped else None

    async def _tell(self, before: Service | None) -> None:
        """Await `on_change` if the status is another than `before`."""
        now = self.service.data
        if before and now and before.status is not now.status and self.on_change is not None:
            await self.on_change()

    async def settled(self) -> None:
        """Wait until it is not being read."""
        await self._service.settled()

    async def read_again(self) -> None:
        """Read it after a change, whatever was asked for before it."""
        await self._service.reload()

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
        self.busy, self._hoped, before = True, asked, self.service.data
        try:
            if self.proof.wanted and not await self.proof.give():
                return
            answer = await self.backend.switch_service(self.contract.contract_id, asked, self._service.etag)
        except PasswordNeeded:
            self.proof.want()
            return
        except BackendError as error:
            self.failure = error
        else:
            self._service.invalidate()
            self._service.accept(answer)
            self.done = asked if answer.value.status is asked else None
        finally:
            self.busy = False
        self.asked = None
        if isinstance(self.failure, Changed | OutcomeUnknown):
            await self.read_again()
        elif self.failure is None:
            await self._tell(before)
