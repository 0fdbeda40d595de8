"""Connection of a browser to Flet, extended so that a session of Flet 1.0.5 can outlive it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import uuid4

import flet as ft
import msgpack  # type: ignore[import-untyped] # it has no py.typed
from flet.controls.base_control import BaseControl
from flet.messaging.protocol import Message, MessageAction, configure_encode_object_for_msgpack
from flet.messaging.session import Session
from flet.utils import validation
from flet_web.fastapi import FletApp

MARK = "_return"
"""Property added to every control that is sent to a returning browser; its client does not use it."""

_encode = configure_encode_object_for_msgpack(BaseControl)


def share_validation_sets() -> None:
    """Make all controls share one set of reported validation errors.

    Flet gives each control its own set of 216 bytes, which nearly always stays empty.
    """
    setattr(BaseControl, validation._REPORTED_VALIDATION_ERRORS_KEY, set[tuple[str, str]]())


class ResumableConnection(FletApp):  # type: ignore[misc] # Flet's server has no types
    """Connection of a session, as Flet calls it.

    Args:
        crash_sentence: text shown to the visitor if the app fails; Flet would show the exception's traceback.
    """

    _FletApp__send_queue: Any
    _FletApp__websocket: Any

    def __init__(self, *arguments: Any, crash_sentence: Callable[[], str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._crash_sentence = crash_sentence
        self._calls: dict[str, tuple[int, str]] = {}

    @property
    def session(self) -> Session | None:
        """The session of this connection, once the client has registered."""
        session: Session | None = self._FletApp__session
        return session

    @property
    def backlog(self) -> int:
        """Number of messages that the client has not taken yet."""
        return self._FletApp__send_queue.qsize() if self._FletApp__send_queue else 0

    @property
    def running(self) -> int:
        """Number of the client's events in flight."""
        return len(self._FletApp__running_tasks)

    def control(self, control_id: int) -> BaseControl | None:
        """Return a control of the session by its id."""
        return self.session.index.get(control_id) if self.session else None

    def call(self, call_id: str) -> tuple[int, str] | None:
        """Return the control and the name of a method whose answer is pending."""
        return self._calls.get(call_id) if call_id in self._awaited() else None

    def _awaited(self) -> Collection[str]:
        calls: Collection[str] = getattr(self.session, "_Session__method_calls", ())
        return calls

    def send_message(self, message: Message) -> None:
        """Send a message, unless the connection has ended, which Flet notices a moment later.

        In that moment, an error would stop the session from drawing for good. A client that returns gets the
        whole page, so that the message is not needed. Flet's own method first formats each message as text,
        for a log.
        """
        if self._FletApp__send_queue is None:
            return
        body = message.body
        if message.action is MessageAction.INVOKE_METHOD:
            awaited = self._awaited()
            self._calls = {call: told for call, told in self._calls.items() if call in awaited}
            self._calls[body.call_id] = (body.control_id, body.name)
        elif message.action is MessageAction.SESSION_CRASHED:
            body.message = self._crash_sentence()
        elif message.action is MessageAction.REGISTER_CLIENT and body.error:
            body.error = self._crash_sentence()
        whole = message.action is MessageAction.REGISTER_CLIENT and isinstance(body.page_patch, ft.Page)
        packed = _marked(message) if whole else msgpack.packb([message.action, body], default=_encode)
        self._FletApp__send_queue.put_nowait(b"\0" + packed)

    async def _FletApp__send_loop(self) -> None:
        """Send the queued messages without holding on to any of them.

        Flet's own loop keeps the last message, often a whole screen, until the next one.
        """
        while (message := await self._FletApp__send_queue.get()) is not None:
            await self._FletApp__websocket.send_bytes(message)
            del message
        self._FletApp__websocket = self._FletApp__send_queue = None

    async def _FletApp__on_message(self, data: list[Any]) -> None:
        try:
            await super()._FletApp__on_message(data)
        except RuntimeError:
            # A control that has left the screen meanwhile answered: no reason to end the connection.
            if data[0] != MessageAction.INVOKE_METHOD.value:
                raise

    def dispose(self) -> None:
        """Keep the session: its start may be in flight, and would fail without the session."""


def _marked(message: Message) -> bytes:
    """Return the message with a new mark in every control.

    A returning client compares each received control with the control it holds, at every depth. The time
    doubles with every level at which both are equal. Without the mark, our equal screens would freeze the
    browser for good; with it, they differ at the first level.
    """
    mark = uuid4().hex[:8]

    def encode_marked(value: Any) -> Any:
        encoded = _encode(value)
        return encoded | {MARK: mark} if isinstance(value, BaseControl) else encoded

    packed: bytes = msgpack.packb([message.action, message.body], default=encode_marked)
    return packed
