"""Changes of remote data: confirmed once, in flight, done, failed, or of unknown outcome."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import flet as ft
import pytest

from services.client.backend import Backend
from services.domain.errors import BackendError, NotDone, NotSent, OutcomeUnknown, PasswordNeeded, Unreachable
from views.core.change import Change, Progress
from views.core.proof import ProofState


@ft.observable
@dataclass(eq=False)
class Holder:
    """State holder of one change, whose outcome the test supplies."""

    progress: Progress[str, str] = field(default_factory=Progress)
    _sent: list[str] = field(default_factory=list)
    _read: int = 0

    def __post_init__(self) -> None:
        self._outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._proof = ProofState(cast(Backend, None))
        self._change = Change[str, str](self, "progress", self._proof, self._send, after=self._after)

    @property
    def change(self) -> Change[str, str]:
        return self._change

    async def _send(self, subject: str) -> str:
        self._sent.append(subject)
        return await self._outcome

    async def _after(self) -> None:
        self._read += 1


async def failed(error: BackendError) -> Holder:
    """Return a holder whose confirmed change has failed."""
    holder = Holder()
    holder.change.ask("one")
    holder._outcome.set_exception(error)
    await holder.change.confirm()
    return holder


async def test_change_dismissed_is_not_sent() -> None:
    holder = Holder()
    holder.change.ask("one")
    holder.change.dismiss()
    await holder.change.confirm()
    assert (holder.progress.asked, holder._sent, holder._read) == (None, [], 0)


async def test_change_confirmed_twice_is_sent_once_and_cannot_be_dismissed_in_flight() -> None:
    holder = Holder()
    holder.change.ask("one")
    both = asyncio.gather(holder.change.confirm(), holder.change.confirm())
    await asyncio.sleep(0)
    holder.change.dismiss()
    assert (holder.progress.asked, holder.progress.busy) == ("one", True)
    holder._outcome.set_result("done")
    await both
    assert holder.progress == Progress(subject="one", receipt="done")
    assert (holder._sent, holder._read) == (["one"], 1)
    holder.change.ask("two")
    assert holder.progress.receipt is None


@pytest.mark.parametrize("error", [NotSent("down"), OutcomeUnknown("lost")])
async def test_change_that_fails_is_closed_with_its_failure_and_can_be_asked_again(
    error: BackendError,
) -> None:
    holder = await failed(error)
    assert holder.progress == Progress(subject="one", failure=error)
    assert holder._read == 1, "the current data is read"
    holder.change.ask("one")
    assert holder.progress.failure is None


async def test_change_that_needs_the_password_stays_asked() -> None:
    holder = await failed(PasswordNeeded("too long ago"))
    assert holder._proof.wanted
    assert holder.progress == Progress(asked="one", subject="one")
    await holder.change.confirm()
    assert holder._proof.empty
    assert holder._sent == ["one"], "nothing was typed"


async def test_later_read_replaces_only_an_unknown_outcome() -> None:
    done, undone = await failed(OutcomeUnknown("lost")), await failed(OutcomeUnknown("lost"))
    done.change.find_out("receipt", done=True)
    undone.change.find_out(None, done=False)
    assert done.progress == Progress(subject="one", receipt="receipt")
    assert isinstance(undone.progress.failure, NotDone)
    refused = await failed(Unreachable("down"))
    refused.change.find_out("receipt", done=True)
    assert isinstance(refused.progress.failure, Unreachable)
