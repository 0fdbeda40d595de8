"""End of Flet's sessions.

Flet 1.0.5 ends sessions in a task that holds on to the last session it checked, with its page and all its
controls. Tasks of an ended session fail: calls of its browser with "Session closed", changes of state with
"An attempt to fetch destroyed session". Each failure logs a traceback.
Remove this module, and start `app_manager` instead, when Flet releases an ended session without errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn

import flet as ft
from flet.messaging.session import Session
from flet_web.fastapi import app_manager


async def end_expired_sessions() -> None:
    """End the sessions whose connection was lost too long ago."""
    now = datetime.now(UTC)
    await _end(one for one in _sessions().values() if one.expires_at and one.expires_at < now)


async def end_session(session: Session) -> None:
    """End a session at once."""
    await _end(one for one in _sessions().values() if one is session)


def live_pages() -> list[ft.Page]:
    """Return the pages of the sessions that have not ended."""
    return [session.page for session in _sessions().values()]


async def _end(sessions: Iterable[Session]) -> None:
    ending = set(sessions)
    for key in [key for key, session in _sessions().items() if session in ending]:
        session = _sessions()[key]
        session.page._ended_session = session  # changes of state are then dropped without an error
        session.invoke_method = _cancel
        for call in session._Session__method_calls.values():
            for waiting in call._waiters:
                waiting.cancel()
        await app_manager.delete_session(key)


async def _cancel(*_: object, **__: object) -> NoReturn:
    """Stand in for a browser call of an ended session: cancel the caller."""
    raise asyncio.CancelledError


def _sessions() -> dict[str, Any]:
    found: dict[str, Any] = app_manager._FletAppManager__sessions
    return found
