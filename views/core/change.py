"""A change of remote data: asked, confirmed, in flight, then done, refused, or of unknown outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from services.errors import BackendError, NotDone, OutcomeUnknown, PasswordNeeded
from views.core.proof import ProofState

S = TypeVar("S")
R = TypeVar("R")


@dataclass(frozen=True)
class Progress(Generic[S, R]):
    """How far a change of a subject `S` is, which ends in a receipt `R`."""

    asked: S | None = None
    """What waits for the user's confirmation."""
    subject: S | None = None
    """What was asked last: `failure` and `receipt` are about it."""
    busy: bool = False
    failure: BackendError | None = None
    """Why it was not done, or is not known to be done."""
    receipt: R | None = None


class Change(Generic[S, R]):
    """One kind of change, shown in a field of its state holder as a `Progress`.

    It is sent once however often it is confirmed, after the right password if the backend wants it.
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
            send: sends the change of a subject; returns its receipt, None while it is being done.
            after: awaited after it was done or failed, to read what is true.
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
        """Show what the change means, before it is done."""
        setattr(self._holder, self._field, Progress(asked=subject, subject=subject))

    def dismiss(self) -> None:
        """Change nothing; without effect while the change is in flight."""
        if not self.progress.busy:
            self._update(asked=None)
            self._proof.forget()

    async def confirm(self) -> None:
        """Send what was asked; a second tap while it is in flight has no effect."""
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
        """Replace an unknown outcome by what was read since."""
        if isinstance(self.progress.failure, OutcomeUnknown):
            self._update(failure=None if done else NotDone(), receipt=receipt)
