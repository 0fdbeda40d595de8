"""Internet+ service of one contract: its status, and turning it on or off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import flet as ft

from services.client.backend import Backend
from services.domain.errors import Changed, OutcomeUnknown
from services.domain.models import Contract, Service, ServiceStatus
from views.core.change import Change, Progress
from views.core.loadable import Loadable
from views.core.proof import ProofState
from views.core.resource import Part, Resource

POLL = 5.0
"""Seconds between two polls of a pending change."""


@ft.observable
@dataclass(eq=False)
class ServiceState:
    """State of the service. The switch shows the backend's status, never an optimistic value."""

    backend: Backend
    contract: Contract
    service: Loadable[Service] = field(default_factory=Loadable)
    switching: Progress[ServiceStatus, ServiceStatus] = field(default_factory=Progress)
    """Progress of a change; its receipt is the new status, or None while the change is pending."""
    proof: ProofState = field(init=False)
    """Step-up that the backend may require before turning the service off."""
    on_change: Callable[[], Awaitable[None]] | None = None
    """Awaited after a change of the status, here or elsewhere: the change affects the subscriptions."""
    _before: Service | None = None
    """Service before the last change."""

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
        """Whether a change is in progress, requested here or elsewhere."""
        return self.switching.busy or bool(self.service.data and self.service.data.pending_status)

    async def load(self) -> None:
        """Read the service; callers share a read in flight."""
        await self._service.load()

    async def _answered(self, before: Service | None) -> None:
        self._find_out()
        await self._tell(before)

    def _find_out(self) -> None:
        """Resolve a change of unknown outcome from the service just read."""
        service, wanted = self.service.data, self.switching.subject
        if service is not None:
            reached = service.status is wanted
            self.switch.find_out(
                wanted if reached else None, done=reached or service.pending_status is wanted
            )

    async def _tell(self, before: Service | None) -> None:
        """Await `on_change` if the status differs from the status of `before`."""
        now = self.service.data
        if before and now and before.status is not now.status and self.on_change is not None:
            await self.on_change()

    async def settled(self) -> None:
        """Wait until no read of the service is in flight."""
        await self._service.settled()

    async def read_again(self) -> None:
        """Read the service after a change, and drop the answers in flight."""
        await self._service.reload()

    async def watch(self) -> None:
        """Poll the service until the pending change is over; runs while the screen is shown."""
        while self.service.data is not None and self.service.data.pending_status is not None:
            await asyncio.sleep(POLL)
            await self.load()

    def ask(self) -> None:
        """Ask for a confirmation after the user moved the switch.

        The redraw resets the switch to the backend's status until the change is done.
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
