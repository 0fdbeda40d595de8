"""Flet client without Flutter: drives a served app over its WebSocket, like a browser.

It uses the protocol of Flet 1.0.5: frames of `0x00` and the msgpack of `[action, body]`. It keeps the tree
of controls, answers method calls of the app, and fires user events.

    async with WireClient("http://127.0.0.1:8550", route="/achats") as app:
        await app.see("Identifiez-vous")
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")

Unlike `tests/harness/driver.py`, it needs only the address of a server. A test can load, disconnect and
kill that server.
Names are computed in a simpler way, sufficient for known screens.
"""

# msgpack has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial, reduce
from typing import Any, Self

import msgpack
from flet.messaging.protocol import MessageAction
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.harness.device import Device
from tests.harness.patience import stretched

PATIENCE = 30.0
"""Default timeout in seconds."""

Control = dict[str, Any]
"""A control as it travels: `_i` its number, `_c` its type, and its properties that are not the default."""

_REPLACE, _ADD, _REMOVE, _MOVE = range(4)
_TEXTS = ("value", "semantics_label", "label", "text", "title", "subtitle", "hint_text", "error")
_INPUTS = {
    "Switch": ("value", "change"),
    "Checkbox": ("value", "change"),
}
"""Property that a tap on a switch changes, and event that it fires."""
_ASIDE = ("_services", "_user_services", "theme", "dark_theme", "fonts")
"""Properties of a page that are not drawn."""


class Crashed(AssertionError):
    """The app told its client that it has crashed."""


class _CountedConnection(ClientConnection):
    """Connection that reports the size of what it receives, before decompression."""

    def __init__(self, count: Callable[[int], None], *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._count = count

    def data_received(self, data: bytes) -> None:
        self._count(len(data))
        super().data_received(data)


class WireClient(Device):
    """One visitor. `bytes_in` counts the bytes received over its connections, handshakes included.

    Args:
        address: of the app, `http://host:port`.
        route: the address opened.
        headers: sent with the handshake besides the usual ones: cookies, what a proxy adds.
        deflate: whether to ask for compressed messages, as browsers do.
        options: more of `websockets`' own, as certificates to believe, or where to connect from.
        device: arguments of `Device`.
    """

    def __init__(
        self,
        address: str,
        *,
        route: str = "/",
        headers: dict[str, str] | None = None,
        deflate: bool = False,
        options: dict[str, Any] | None = None,
        **device: Any,
    ) -> None:
        super().__init__(**device)
        self.address, self.route = address, route
        self.headers, self.deflate, self.options = headers or {}, deflate, options or {}
        self.session_id = ""
        self.page: Control = {}
        self.bytes_in = 0
        self.crash: str | None = None
        self._news = asyncio.Event()
        self._connection: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if not self.connected:
            await self.register()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # The connection

    async def connect(self) -> None:
        """Open the WebSocket and say nothing yet."""
        self._connection = await connect(
            self.address.replace("http", "ws", 1) + "/ws",
            origin=self.address,  # type: ignore[arg-type] # its NewType is of no use here
            additional_headers=self.headers,
            max_size=None,
            compression="deflate" if self.deflate else None,
            create_connection=partial(_CountedConnection, self._count),  # type: ignore[arg-type] # a factory
            open_timeout=stretched(PATIENCE),
            proxy=None,
            **self.options,
        )

    def _count(self, size: int) -> None:
        self.bytes_in += size

    async def register(self) -> None:
        """Connect and take one's place: a new session, or the one of `session_id` if it is still there."""
        if self._connection is None:
            await self.connect()
        self.page = {}
        self._listening = asyncio.create_task(self._listen())
        await self._send(
            MessageAction.REGISTER_CLIENT,
            {"session_id": self.session_id, "page_name": "", "page": self.page_properties(self.route)},
        )
        await self.until(lambda: self.page, "no answer to the registration")

    async def close(self) -> None:
        """Leave as a closed tab does."""
        if self._connection is not None:
            await self._connection.close()
        await self._stop_listening()

    async def cut(self) -> None:
        """Lose the network: the connection ends without a word."""
        if self._connection is not None:
            self._connection.transport.abort()
        await self._stop_listening()

    async def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        self._connection = self._listening = None

    @property
    def connected(self) -> bool:
        return self._listening is not None and not self._listening.done()

    # Looking

    def controls(self, kind: str | None = None, **properties: Any) -> list[Control]:
        """Return the current controls of that type with these properties, in order."""
        return [
            one
            for one in _walk(self._drawn)
            if (kind is None or one["_c"] == kind)
            and all(one.get(name) == value for name, value in properties.items())
        ]

    @property
    def _drawn(self) -> dict[str, Any]:
        return {name: part for name, part in self.page.items() if name not in _ASIDE}

    def texts(self) -> list[str]:
        """Return all texts of the screen."""
        return [_plain(text) for one in self.controls() for text in _own_texts(one)]

    def shows(self, text: str) -> bool:
        """Return whether a text of the screen contains this one; all spaces are equal."""
        wanted = _plain(text)
        return any(wanted in shown for shown in self.texts())

    async def see(self, text: str, *, within: float = PATIENCE) -> None:
        """Wait until some text of the screen contains this one."""
        await self.until(lambda: self.shows(text), f"no {text!r}", within=within)

    async def see_not(self, text: str, *, within: float = PATIENCE) -> None:
        """Wait until no text of the screen contains this one."""
        await self.until(lambda: not self.shows(text), f"still {text!r}", within=within)

    async def until(self, condition: Callable[[], object], missing: str, *, within: float = PATIENCE) -> None:
        """Wait until the condition holds; it is asked again at each message of the app."""
        deadline = time.monotonic() + stretched(within)
        while not condition():
            if self.crash is not None:
                raise Crashed(self.crash)
            if self._listening is not None and self._listening.done():
                self._listening.result()  # what came could not be understood
            self._news.clear()
            left = deadline - time.monotonic()
            if left <= 0 or not self.connected:
                gone = "" if self.connected else "; the connection is gone"
                raise AssertionError(f"{missing} at {self.route}{gone}; the screen reads {self.texts()}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)

    # Acting

    async def tap(self, name: str, *, within: float = PATIENCE) -> None:
        """Tap what is named so, else what is named so at its beginning (`named`)."""
        found: list[Control] = []

        def enabled() -> bool:
            found[:] = [one for one in self.named(name) if not one.get("disabled")]
            return bool(found)

        await self.until(enabled, f"nothing to tap named {name!r}", within=within)
        one = found[0]
        if (input_ := _INPUTS.get(one["_c"])) is not None:
            value, event = input_
            await self.set(one, **{value: not one.get(value, False)})
            await self.fire(one, event, one[value])
        else:
            await self.fire(one, "click")

    def named(self, name: str) -> list[Control]:
        """Return the tappable controls of this name or key, by their whole text or its prefix."""
        wanted = _plain(name)
        read = [(one, [_plain(text) for text in said]) for one, said in _tappable(self._drawn)]
        fits: tuple[Callable[[Control, list[str]], bool], ...] = (
            lambda _, said: wanted in said or wanted == " ".join(said),
            lambda _, said: " ".join(said).startswith(wanted),
            lambda one, _: one.get("key") == name,
        )
        for fit in fits:
            if found := [one for one, said in read if fit(one, said)]:
                return found[::-1]  # the innermost first
        return []

    async def enter(self, label: str, text: str) -> None:
        """Fill the field of this label or key, at once."""

        def fields() -> list[Control]:
            boxes = self.controls("TextField")
            return [box for box in boxes if label in (box.get("label"), box.get("key"))]

        await self.until(fields, f"no field {label!r}")
        box = fields()[0]
        await self.set(box, value=text)
        await self.fire(box, "change", text)

    async def go(self, route: str) -> None:
        """Open an address in this session, as the address bar does."""
        self.route = route
        await self.set(self.page, route=route)
        await self.fire(self.page, "route_change", {"route": route})

    async def fire(self, control: Control, event: str, data: Any = None) -> None:
        """Send an event of a control, named without its `on_`."""
        body = {"target": control["_i"], "name": event, "data": data}
        await self._send(MessageAction.CONTROL_EVENT, body)

    async def set(self, control: Control, **properties: Any) -> None:
        """Change what a person changes: a value, a selection."""
        control.update(properties)
        await self._send(MessageAction.UPDATE_CONTROL_PROPS, {"id": control["_i"], "props": properties})

    # The protocol

    async def _send(self, action: MessageAction, body: Any) -> None:
        assert self._connection is not None, "not connected"
        await self._connection.send(b"\0" + msgpack.packb([action.value, body]))

    async def _listen(self) -> None:
        assert self._connection is not None
        try:
            with contextlib.suppress(ConnectionClosed):
                async for frame in self._connection:
                    assert isinstance(frame, bytes)
                    await self._receive(frame)
                    self._news.set()
        finally:
            self._news.set()

    async def _receive(self, frame: bytes) -> None:
        code, body = msgpack.unpackb(frame[1:], strict_map_key=False, ext_hook=lambda _, data: bytes(data))
        match MessageAction(code):
            case MessageAction.REGISTER_CLIENT:
                self.session_id, self.page = body["session_id"], body["page_patch"]
            case MessageAction.PATCH_CONTROL:
                self._patch(body["id"], *body["patch"])
            case MessageAction.INVOKE_METHOD:
                await self._answer(body)
            case MessageAction.SESSION_CRASHED:
                self.crash = body["message"]

    def _patch(self, root: int, paths: list[Any], *operations: list[Any]) -> None:
        """Apply a patch to the control of that number.

        `paths` is a tree `[number, {key: tree}]` that gives a number to each node on the way. An operation
        has a kind, the number of a node, a key in it, and a value.
        """
        base = next((one for one in _walk(self.page) if one["_i"] == root), None)
        if base is None:  # of a screen that is gone
            return
        ways: dict[int, list[Any]] = {}

        def number(tree: list[Any], way: list[Any]) -> None:
            ways[tree[0]] = way
            for key, branch in (tree[1] if len(tree) > 1 else {}).items():
                number(branch, [*way, key])

        def node(at: int) -> Any:  # when its turn comes: an operation may have moved what is on the way
            return reduce(lambda holder, key: holder[key], ways[at], base)

        number(paths, [])
        for kind, at, key, *rest in operations:
            holder = node(at)
            if kind == _MOVE:
                moved = holder.pop(key)
                node(rest[0]).insert(rest[1], moved)
            elif kind == _REMOVE:
                holder.pop(key)
            elif kind == _ADD and isinstance(holder, list):
                holder.insert(key, rest[0])
            else:
                holder[key] = rest[0]

    async def _answer(self, call: dict[str, Any]) -> None:
        """Do what the app asks of the device."""
        arguments = call.get("args") or {}
        called = (one["_c"] for one in _walk(self.page) if one["_i"] == call["control_id"])
        result = self.perform(next(called, ""), call["name"], arguments)
        body = {"control_id": call["control_id"], "call_id": call["call_id"], "result": result, "error": None}
        await self._send(MessageAction.INVOKE_METHOD, body)
        if call["name"] == "push_route":
            await self.go(arguments["route"])


def _walk(value: Any) -> Iterator[Control]:
    """Yield the controls in a value, parents first."""
    if isinstance(value, dict):
        if value.get("visible") is False:
            return
        if "_i" in value and "_c" in value:
            yield value
        # The controls of a view come before its bars, as in the driver.
        for _, part in sorted(value.items(), key=lambda item: item[0] != "controls"):
            if isinstance(part, dict | list):
                yield from _walk(part)
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, dict | list):
                yield from _walk(part)


def _own_texts(control: Control) -> Iterator[str]:
    for name in _TEXTS:
        if isinstance(text := control.get(name), str) and text:
            yield text


def _tappable(value: Any, merged: Control | None = None) -> Iterator[tuple[Control, list[str]]]:
    """Yield the tappable controls with the texts of their merged node."""
    if isinstance(value, dict):
        if value.get("visible") is False:
            return
        kind = value.get("_c")
        if kind == "MergeSemantics":
            merged = value
        elif kind in _INPUTS or value.get("on_click") or value.get("on_tap"):
            yield value, [text for part in _walk(merged or value) for text in _own_texts(part)]
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from _tappable(part, merged)


def _plain(text: str) -> str:
    return " ".join(text.split())
