"""Flet's side of one browser's connection, where Flet 1.0.5 needs help for a session to outlive it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import flet as ft
import msgpack  # type: ignore[import-untyped] # it has no py.typed
from flet.controls.base_control import BaseControl
from flet.messaging.protocol import Message, MessageAction, configure_encode_object_for_msgpack
from flet.utils import validation
from flet_web.fastapi import FletApp

MARK = "_return"
"""A property of every control that is sent to a browser that comes back; its client has no use for it."""

_encode = configure_encode_object_for_msgpack(BaseControl)


def spare_memory() -> None:
    """Let all controls share the set of the errors of validation they have reported.

    Flet gives each one of its own, of 216 bytes, nearly always empty.
    """
    setattr(BaseControl, validation._REPORTED_VALIDATION_ERRORS_KEY, set[tuple[str, str]]())


class Interface(FletApp):  # type: ignore[misc] # Flet's server has no types
    """What Flet calls the connection of a session."""

    _FletApp__send_queue: Any
    _FletApp__websocket: Any

    def send_message(self, message: Message) -> None:
        """Send, unless the connection is over, which Flet notices a moment later.

        Drawing in that moment would fail, and the session never draw again, not even for who comes back: they
        are sent the whole page. Flet's own method first writes out each message as text, for a log.
        """
        if self._FletApp__send_queue is None:
            return
        whole = message.action is MessageAction.REGISTER_CLIENT and isinstance(
            message.body.page_patch, ft.Page
        )
        packed = _marked(message) if whole else msgpack.packb([message.action, message.body], default=_encode)
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
