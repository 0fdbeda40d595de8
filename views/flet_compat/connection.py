"""Flet's side of one browser's connection, where Flet 1.0.5 needs help for a session to outlive it."""

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
"""A property of every control that is sent to a browser that comes back; its client has no use for it."""

_encode = configure_encode_object_for_msgpack(BaseControl)


def share_validation_sets() -> None:
    """Let all controls share the set of the errors of validation they have reported.

    Flet gives each one of its own, of 216 bytes, nearly always empty.
    """
    setattr(BaseControl, validation._REPORTED_VALIDATION_ERRORS_KEY, set[tuple[str, str]]())


class ResumableConnection(FletApp):  # type: ignore[misc] # Flet's server has no types
    """What Flet calls the connection of a session.

    Args:
        crash_sentence: what the visitor reads when the app fails; Flet would show the exception's traceback.
    """

    _FletApp__send_queue: Any
    _FletApp__websocket: Any

    def __init__(self, *arguments: Any, crash_sentence: Callable[[], str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._crash_sentence = crash_sentence
        self._calls: dict[str, tuple[int, str]] = {}

    @property
    def session(self) -> Session | None:
        """The session it belongs to, once the client has registered."""
        session: Session | None = self._FletApp__session
        return session

    @property
    def backlog(self) -> int:
        """How many messages the client has not taken yet."""
        return self._FletApp__send_queue.qsize() if self._FletApp__send_queue else 0

    @property
    def running(self) -> int:
        """How many events of the client are being handled."""
        return len(self._FletApp__running_tasks)

    def control(self, control_id: int) -> BaseControl | None:
        """Return a control of the session by its id."""
        return self.session.index.get(control_id) if self.session else None

    def call(self, call_id: str) -> tuple[int, str] | None:
        """Return the control and the name of a method whose answer is awaited."""
        return self._calls.get(call_id) if call_id in self._awaited() else None

    def _awaited(self) -> Collection[str]:
        calls: Collection[str] = getattr(self.session, "_Session__method_calls", ())
        return calls

    def send_message(self, message: Message) -> None:
        """Send, unless the connection is over, which Flet notices a moment later.

        Drawing in that moment would fail, and the session never draw again, not even for who comes back: they
        are sent the whole page. Flet's own method first writes out each message as text, for a log.
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
        """Send what is to be sent, and hold on to none of it: Flet's own loop keeps the last message, often a
        whole screen, until the next.
        """
        while (message := await self._FletApp__send_queue.get()) is not None:
            await self._FletApp__websocket.send_bytes(message)
            del message
        self._FletApp__websocket = self._FletApp__send_queue = None

    async def _FletApp__on_message(self, data: list[Any]) -> None:
        try:
            await super()._FletApp__on_message(data)
        except RuntimeError:
            # The answer of a control that left the screen meanwhile: no reason to end the connection.
            if data[0] != MessageAction.INVOKE_METHOD.value:
                raise

    def dispose(self) -> None:
        """Keep the session: its start may be under way, and would fail without."""


def _marked(message: Message) -> bytes:
    """The message in which every control bears a mark that it has never borne.

    A client that comes back compares each control it is sent with the one it holds, and all that is in it, in
    a time that doubles with every level at which they are alike. Our screens, equal to the bottom, would
    freeze the browser for good; by the mark they differ at once.
    """
    mark = uuid4().hex[:8]

    def encode_marked(value: Any) -> Any:
        encoded = _encode(value)
        return encoded | {MARK: mark} if isinstance(value, BaseControl) else encoded

    packed: bytes = msgpack.packb([message.action, message.body], default=encode_marked)
    return packed
