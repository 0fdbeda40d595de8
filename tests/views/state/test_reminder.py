"""State of the identifier reminder on the sign-in screen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from services.domain.errors import Unavailable, Unreachable
from services.sandbox import SandboxSettings
from tests.views.conftest import CAMILLE, Line, Serve, typed
from views.sign_in.reminder_state import ReminderState
from views.sign_in.state import FieldError


async def asked(line: Line, text: str) -> ReminderState:
    reminder = ReminderState(line.backend())
    reminder.open()
    reminder.type(typed(text))
    await reminder.send()
    return reminder


class Listening(httpx.ASGITransport):
    """Transport that records the last request body."""

    said: Any = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.said = json.loads(request.content)
        return await super().handle_async_request(request)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f" {CAMILLE} ", {"email": CAMILLE}),
        ("06 39 98.01-12", {"phoneNumber": "0639980112"}),
        ("+33 6 39 98 01 12", {"phoneNumber": "0639980112"}),
    ],
)
async def test_reminder_sends_an_address_or_a_normalized_number(
    line: Line, text: str, said: dict[str, str]
) -> None:
    line.far_end = listening = Listening(line.far_end.app)
    reminder = await asked(line, text)
    assert reminder.sent
    assert listening.said == said


@pytest.mark.parametrize(
    ("text", "fault"),
    [("  ", FieldError.EMPTY), ("camille", FieldError.FORMAT), ("06 39", FieldError.FORMAT)],
)
async def test_reminder_with_invalid_input_sends_no_request(line: Line, text: str, fault: FieldError) -> None:
    reminder = await asked(line, text)
    assert (reminder.fault, reminder.sent, line.asked) == (fault, False, [])
    reminder.type(typed("c"))
    assert reminder.fault is None


async def test_reminder_result_is_the_same_with_and_without_an_account(line: Line) -> None:
    known, unknown = await asked(line, CAMILLE), await asked(line, "nobody@demo.example")
    assert vars(known).keys() == vars(unknown).keys()
    assert (known.sent, known.error) == (unknown.sent, unknown.error) == (True, None)


async def test_reminder_over_the_limit_reports_the_wait(serve: Serve) -> None:
    line = serve(CAMILLE, settings=SandboxSettings(scrypt_log2_cost=4, reminders=1))
    await asked(line, CAMILLE)
    reminder = await asked(line, CAMILLE)
    assert not reminder.sent
    assert isinstance(reminder.error, Unavailable)
    assert reminder.error.retry_after


async def test_reminder_offline_keeps_the_input_and_can_be_retried(line: Line) -> None:
    line.down = True
    reminder = await asked(line, CAMILLE)
    assert isinstance(reminder.error, Unreachable)
    assert (reminder.typed, reminder.busy) == (CAMILLE, False)
    line.down = False
    await reminder.send()
    assert reminder.sent
    assert reminder.error is None


async def test_reminder_reopened_keeps_the_input_but_not_the_result(serve: Serve) -> None:
    reminder = await asked(serve(CAMILLE), CAMILLE)
    reminder.close()
    reminder.open()
    assert (reminder.typed, reminder.sent, reminder.opened) == (CAMILLE, False, True)
    assert CAMILLE not in repr(reminder)


async def test_reminder_sent_twice_sends_one_request(line: Line) -> None:
    reminder = ReminderState(line.backend())
    reminder.type(typed(CAMILLE))
    await asyncio.gather(reminder.send(), reminder.send())
    assert line.asked == ["/v1/identifier-reminders"]
