"""Attacking client of Flet's WebSocket protocol.

It shares no code with the app or with Flet, so that it can send any bytes.
"""

# msgpack has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Self

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.harness.patience import stretched

REGISTER, PATCH, EVENT, UPDATE, INVOKE, CRASHED = range(1, 7)
"""Message types of Flet 1.0.5."""

_CALL = bytes([0, 0x92, INVOKE])
"""First bytes of a message that calls a method of a control."""

PAGE = 1
"""The id of the page in every session."""

HONEST: dict[str, object] = {
    "get_device_info": {"browser_name": "chrome", "locales": [{"language_code": "fr", "country_code": "FR"}]},
    "get_accessibility_features": dict.fromkeys(
        (
            *("accessible_navigation", "bold_text", "disable_animations", "high_contrast", "invert_colors"),
            *("reduce_motion", "on_off_switch_labels", "supports_announcements"),
            *("auto_play_animated_images", "auto_play_videos", "deterministic_cursor"),
        ),
        False,
    ),
}

PATIENCE = 60.0
"""Timeout in seconds for an answer or a close."""


def packet(action: object, body: object) -> bytes:
    """Return a frame of the protocol: a zero byte, then msgpack of `[action, body]`."""
    return bytes(b"\0" + msgpack.packb([action, body]))


def registration(session_id: object = "", **page: Any) -> bytes:
    """Return a registration message with `page` besides the usual properties."""
    usual = {"route": "/", "web": True, "platform": "linux", "width": 390, "height": 844}
    return packet(REGISTER, {"session_id": session_id, "page_name": "", "page": usual | page})


def event(target: object, name: object, data: object = None) -> bytes:
    """Return an event of a control."""
    return packet(EVENT, {"target": target, "name": name, "data": data})


def update(control: object, **properties: Any) -> bytes:
    """Return an update of properties of a control."""
    return packet(UPDATE, {"id": control, "props": properties})


def answer(control: object, call: object, result: object = None, error: object = None) -> bytes:
    """Return an answer to a method call, real or invented."""
    return packet(INVOKE, {"control_id": control, "call_id": call, "result": result, "error": error})


def visit(route: object) -> tuple[bytes, bytes]:
    """Return the messages of a browser whose address changes."""
    return update(PAGE, route=route), event(PAGE, "route_change", {"route": route})


class HostileClient:
    """Connection to the app at `address`; `frames` holds all received frames."""

    def __init__(self, address: str, **headers: str) -> None:
        self._address = address.replace("http", "ws", 1) + "/ws"
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.frames: list[bytes] = []
        self.session_id = ""
        self.answers: dict[str, object] | None = dict(HONEST)
        """Answers to method calls by name; other calls get None. If None, no call is answered."""

    async def __aenter__(self) -> Self:
        self._connection: ClientConnection = await connect(
            self._address,
            additional_headers=self._headers,
            max_size=None,
            compression=None,
            open_timeout=stretched(PATIENCE),
            ping_interval=None,
            proxy=None,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
        await self._reading

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for frame in self._connection:
                assert isinstance(frame, bytes)
                self.frames.append(frame)
                if self.answers is not None and frame.startswith(_CALL):
                    call = _unpacked(frame)[1]
                    result = self.answers.get(call["name"])
                    await self._connection.send(answer(call["control_id"], call["call_id"], result))
                    if call["name"] == "push_route":
                        await self.send(*visit(call["args"]["route"]))

    @property
    def close_code(self) -> int | None:
        """Return the close code of the host, or None while the connection is open."""
        return self._connection.close_code

    async def register(self, **page: Any) -> None:
        """Begin a session as the web client does, and wait for its first screen."""
        await self.send(registration(**page))
        await self.until(lambda: len(self.frames) > 1 and self.controls("TextField"), "the first screen")
        self.session_id = self.messages()[0][1]["session_id"]

    async def send(self, *messages: bytes) -> int:
        """Send messages until the connection is closed; return how many were sent."""
        sent = 0
        with suppress(ConnectionClosed):
            for message in messages:
                await self._connection.send(message)
                sent += 1
        return sent

    async def closed(self) -> int | None:
        """Wait for the end of the connection; return its code."""
        async with asyncio.timeout(stretched(PATIENCE)):
            await self._connection.wait_closed()
        await self._reading
        return self.close_code

    async def cut(self) -> None:
        """Abort the connection without a close."""
        self._connection.transport.abort()
        await self._reading

    async def until(self, condition: Any, missing: str) -> None:
        """Wait until the condition holds or the connection ends."""
        async with asyncio.timeout(stretched(PATIENCE)):
            while not condition():
                assert not self._reading.done(), f"closed before {missing}: {self.close_code}"
                await asyncio.sleep(0.01)

    def messages(self) -> list[list[Any]]:
        """Return the received messages, unpacked."""
        return [_unpacked(frame) for frame in self.frames]

    def controls(self, kind: str = "") -> dict[int, dict[str, Any]]:
        """Return the received controls by id: all, or those of one type."""
        return {
            one["_i"]: one for one in _dicts(self.messages()) if "_i" in one and kind in ("", one.get("_c"))
        }


def _unpacked(frame: bytes) -> Any:
    return msgpack.unpackb(frame[1:], strict_map_key=False, ext_hook=lambda _, data: bytes(data))


def _dicts(value: Any) -> Iterator[dict[Any, Any]]:
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        yield value
        parts = value.values()
    elif isinstance(value, list):
        parts = value
    for part in parts:
        yield from _dicts(part)
