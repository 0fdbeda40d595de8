"""Failures of state holders: any exception ends the loading and is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest

from services.client.backend import Backend
from services.client.cache import Reading
from services.domain.errors import UnexpectedAnswer, Unreachable
from services.domain.models import Contract
from tests.services.random_answers import purchase, purchases, service, subscriptions
from tests.services.scripted import ACCOUNT
from views.core.loadable import Loadable
from views.core.session import Gate, SessionState
from views.core.sharing import File, SharingState
from views.help.feedback_state import Stage
from views.help.state import HelpState

CONTRACT = msgspec.convert(ACCOUNT["contracts"][0], Contract)


class EmptyDevice:
    """Device without data."""

    unsent_feedback = ()

    async def queue_feedback(self, _feedback: object) -> None:
        pass

    async def drop_feedback(self, _key: str) -> None:
        pass


class BrokenBackend:
    """Backend whose reads and writes all raise the same error."""

    device = EmptyDevice()

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: Reading(lambda: None, self._fail)

    async def _fail(self) -> Any:
        raise self.error


def broken(error: Exception) -> Backend:
    return cast(Backend, BrokenBackend(error))


async def account(backend: Backend) -> list[Loadable[Any]]:
    state = SessionState(backend)
    state.gate = Gate.SIGNED_IN
    await state.load_account()
    return [state.account]


@pytest.mark.parametrize("read", [account, purchases, purchase, subscriptions, service])
@pytest.mark.parametrize(
    "error", [Unreachable("cut"), RuntimeError("a bug"), KeyError("x"), RecursionError()]
)
async def test_read_that_raises_any_error_ends_the_loading(
    read: Callable[[Backend], Any], error: Exception
) -> None:
    kind = Unreachable if isinstance(error, Unreachable) else UnexpectedAnswer
    for held in await read(broken(error)):
        assert not held.loading
        assert type(held.error) is kind


async def test_feedback_that_fails_with_any_error_can_be_sent_again() -> None:
    state = HelpState(broken(RuntimeError("a bug")))
    form = state.feedback("article")
    form.useful = True
    form.draft.liked = "Clear."
    await state.send(form)
    assert form.stage is Stage.WRITING
    assert isinstance(form.error, UnexpectedAnswer)


async def test_sharing_whose_file_fails_reports_the_error() -> None:
    async def make(_told: Callable[[float], None]) -> File:
        raise RuntimeError("a bug")

    async def hand_over(_file: File) -> bool:
        return True

    state = SharingState()
    await state.share(make, hand_over)
    assert isinstance(state.error, UnexpectedAnswer)
    assert state.progress is None
