"""A change of remote data: asked, confirmed, in flight, then done, refused, or of unknown outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from services.domain.errors import BackendError, NotDone, OutcomeUnknown, PasswordNeeded
from views.core.proof import ProofState

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True)
class Progress(Generic[S, R]):
    """Progress of a change of a subject `S`; a change that succeeds returns a receipt `R`."""

    asked: S | None = None
    """Subject that waits for the user's confirmation."""
    subject: S | None = None
    """Subject of the last request; `failure` and `receipt` concern this subject."""
    busy: bool = False
    failure: BackendError | None = None
    """Reason why the change failed, or why its outcome is unknown."""
    receipt: R | None = None


class Change(Generic[S, R]):
    """One kind of change, shown in a field of its state holder as a `Progress`.

    Repeated confirmations send the change once. If the backend requires a step-up, the password comes first.
    """

    def __init__(
        self,
        holder: object,
        field: str,
        proof: ProofState,
        send: Callable[[S], Awaitable[R | None]],
        *,
        after: Callable[[], Awaitable[None]],
    ) -> None:
        """Bind the change to `field` of `holder`.

        Args:
            send: sends the change of a subject; returns its receipt, or None while the change is in progress.
            after: awaited after success or failure, to read the current data.
        """
        self._holder, self._field = holder, field
        self._proof = proof
        self._send = send
        self._after = after

    @property
    def progress(self) -> Progress[S, R]:
        """The value of the holder's field."""
        progress: Progress[S, R] = getattr(self._holder, self._field)
        return progress

    def _update(self, **changes: Any) -> None:
        setattr(self._holder, self._field, replace(self.progress, **changes))

    def ask(self, subject: S) -> None:
        """Show the consequences of the change before it is sent."""
        setattr(self._holder, self._field, Progress(asked=subject, subject=subject))

    def dismiss(self) -> None:
        """Close the confirmation without sending; has no effect while the change is in flight."""
        if not self.progress.busy:
            self._update(asked=None)
            self._proof.forget()

    async def confirm(self) -> None:
        """Send the confirmed change; a second tap while the change is in flight has no effect."""
        asked = self.progress.asked
        if asked is None or self.progress.busy:
            return
        self._update(busy=True)
        try:
            if self._proof.wanted and not await self._proof.give():
                return
            self._update(receipt=await self._send(asked), asked=None)
        except PasswordNeeded:
            self._proof.want()
            return
        except BackendError as error:
            self._update(failure=error, asked=None)
        finally:
            self._update(busy=False)
        await self._after()

    def find_out(self, receipt: R | None, *, done: bool) -> None:
        """Replace an unknown outcome by the outcome that a later read shows."""
        if isinstance(self.progress.failure, OutcomeUnknown):
            self._update(failure=None if done else NotDone(), receipt=receipt)
