"""The internet+ service of one contract: on or off, and changing it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import flet as ft

from services.backend import Backend
from services.errors import Changed, OutcomeUnknown
from services.models import Contract, Service, ServiceStatus
from views.core.change import Change, Progress
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
    switching: Progress[ServiceStatus, ServiceStatus] = field(default_factory=Progress)
    """Its receipt is the status reached; none while the change is pending."""
    proof: ProofState = field(init=False)
    """The password, when the backend wants it before it turns the service off."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited when it was turned on or off, here or elsewhere: subscriptions are interrupted with it."""
    _before: Service | None = None
    """The service before it was switched."""

    def __post_init__(self) -> None:
        self.proof = ProofState(self.backend)
        self.switch = Change[ServiceStatus, ServiceStatus](
            self, "switching", self.proof, self._switch, after=self._after_switch
        )
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
        return self.switching.busy or bool(self.service.data and self.service.data.pending_status)

    async def load(self) -> None:
        """Read it, once for any number of screens."""
        await self._service.load()

    async def _answered(self, before: Service | None) -> None:
        self._find_out()
        await self._tell(before)

    def _find_out(self) -> None:
        """If it was not known whether it was turned on or off, what was just read tells."""
        service, wanted = self.service.data, self.switching.subject
        if service is not None:
            reached = service.status is wanted
            self.switch.find_out(
                wanted if reached else None, done=reached or service.pending_status is wanted
            )

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
        self.switch.ask(ServiceStatus.SUSPENDED if self.on else ServiceStatus.ACTIVE)

    @property
    def on(self) -> bool:
        return bool(self.service.data and self.service.data.status is ServiceStatus.ACTIVE)

    async def _switch(self, status: ServiceStatus) -> ServiceStatus | None:
        self._before = self.service.data
        answer = await self.backend.switch_service(self.contract.contract_id, status, self._service.etag)
        self._service.invalidate()
        self._service.accept(answer)
        return status if answer.value.status is status else None

    async def _after_switch(self) -> None:
        failure = self.switching.failure
        if isinstance(failure, Changed | OutcomeUnknown):
            await self.read_again()
        elif failure is None:
            await self._tell(self._before)
