"""Flet client without Flutter: one visitor of an app, over any transport.

It uses the protocol of Flet 1.0.5. It keeps the tree of controls, answers method calls, and fires the events
of user actions. `tests/harness/driver.py` drives an app in this process,
`tests/harness/wire.py` a served one.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from flet.messaging.protocol import MessageAction

from tests.harness.device import Device
from tests.harness.patience import stretched
from tests.harness.tree import (
    Control,
    Found,
    Tree,
    key_of,
    label_of,
    name_of,
    own_texts,
    plain,
    spoken,
    taps,
    unpacked,
)

PATIENCE = 30.0
"""Default timeout in seconds."""

_KEYS = {
    "ArrowLeft": "Arrow Left",
    "ArrowRight": "Arrow Right",
    "ArrowUp": "Arrow Up",
    "ArrowDown": "Arrow Down",
}
"""Key names of the web where Flutter's label is another."""


class Client(Device, ABC):
    """One visitor of an app, in front of one screen.

    Args:
        route: address that the visitor opens.
        device: arguments of `Device`.
    """

    waits_for_enabled = PATIENCE
    """Seconds for which a tap waits until its control is enabled."""

    def __init__(self, *, route: str = "/", **device: Any) -> None:
        super().__init__(**device)
        self.tree = Tree()
        self.session_id = ""
        self._history, self._here = [route], 0
        self._focused: int | None = None
        self._dismissed: set[int] = set()
        self._messages = 0

    # The transport

    @abstractmethod
    async def _transmit(self, action: MessageAction, body: dict[str, Any]) -> None:
        """Send a message to the app."""

    @abstractmethod
    def _crashed(self, message: str) -> None:
        """Note that the app has crashed."""

    @abstractmethod
    def _raise_failures(self) -> None:
        """Raise what has failed in the app or on the way."""

    @abstractmethod
    async def _wait(self, seconds: float) -> None:
        """Wait for news of the app, at most so many seconds."""

    async def _turn(self) -> None:
        """Wait until the app has done what it can at once, if the transport can tell."""

    @property
    def route(self) -> str:
        """The address, as `/achats?periode=2024-03`."""
        return self._history[self._here]

    # What is on the screen

    def texts(self) -> list[str]:
        """Return all visible or spoken texts of the top view and its dialogs; passwords read `••••`."""
        return [text for found in self.tree.screen() for text in own_texts(found.control)]

    def names(self) -> list[str]:
        """Return the accessible names of all tappable controls, `""` for those without one."""
        return [name_of(found) for found in self.tree.screen() if taps(found.control)]

    def headings(self) -> list[tuple[int, str]]:
        """Return the level and the words of each heading, in order."""
        found = []
        for one, _ in self.tree.screen():
            if one.kind == "Semantics" and one.header:
                found.append((one.heading_level or 2, spoken(one)))
            elif one.kind == "AppBar" and isinstance(one.title, Control) and one.title.kind == "Text":
                found.append((2, one.title.value))
        return found

    def chosen(self) -> set[str]:
        """Return the values of the exclusive choices on the screen."""
        return {group.value for group in self.nodes("RadioGroup") if group.value is not None}

    def nodes(self, kind: str, **properties: Any) -> list[Control]:
        """Return the controls on the screen of that type with these properties, as the client holds them."""
        controls = (one for one, _ in self.tree.screen() if one.kind == kind)
        return [one for one in controls if all(one.get(name) == want for name, want in properties.items())]

    def shows(self, text: str) -> bool:
        """Return whether some text on the screen contains this one; any space stands for any other."""
        wanted = plain(text)
        return any(wanted in plain(one) for found in self.tree.screen() for one in own_texts(found.control))

    async def see(self, *texts: str, within: float = PATIENCE) -> None:
        """Wait until the screen shows each of the texts."""
        for text in texts:
            await self.until(self._once_drawn(partial(self.shows, text)), f"no {text!r}", within=within)

    async def see_not(self, *texts: str, within: float = PATIENCE) -> None:
        """Wait until the screen shows none of the texts. `see` the new screen first."""

        def none_left() -> bool:
            return not any(map(self.shows, texts))

        await self.until(self._once_drawn(none_left), f"still one of {texts}", within=within)

    async def until(self, condition: Callable[[], object], missing: str, *, within: float = PATIENCE) -> None:
        """Wait until the condition holds, else fail with `missing` and the texts of the screen."""
        deadline = time.monotonic() + stretched(within)
        while True:
            self._raise_failures()
            if condition():
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{missing} at {self.route} in {self.texts()}")
            await self._wait(left)

    def _once_drawn(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """Return the condition, evaluated again only after a message of the app: screens are long."""
        read = -1

        def met() -> bool:
            nonlocal read
            if read == self._messages:
                return False
            read = self._messages
            return condition()

        return met

    # What a person does

    async def tap(self, *names: str, within: float = PATIENCE) -> None:
        """Tap one after another what has this accessible name, else starts so, else has this key.

        Each must be one control only, and enabled.
        """
        for name in names:
            await self._tap(name, within)

    async def _tap(self, name: str, within: float) -> None:
        found = await self._find(lambda: self._tappable(name), f"nothing named {name!r} to tap", within)
        if found.disabled:

            def enabled() -> list[Found]:
                return [one for one in self._tappable(name) if not one.disabled]

            found = await self._find(enabled, f"{name!r} is disabled", self.waits_for_enabled)
        await self._blur()
        await self._activate(found)
        await self._turn()

    async def save(self, button: str) -> dict[str, Any]:
        """Tap a button, and return the arguments of the request to save a file that follows."""
        before = len(self.saved)
        await self.tap(button)
        await self.until(lambda: len(self.saved) > before, "no file to save")
        return self.saved[-1]

    def named(self, name: str) -> list[Control]:
        """Return the controls that `tap` would find."""
        return [found.control for found in self._tappable(name)]

    async def enter(self, label: str, text: str) -> None:
        """Replace what the field of this label (or key) holds."""
        field = await self._field(label)
        await self._focus(field)
        longest = field.max_length or -1
        for value in self._strokes(text if longest < 0 else text[:longest]):
            await self._type(await self._field(label), value)

    def _strokes(self, text: str) -> Iterable[str]:
        """Return what the field holds after each change."""
        return [text]

    async def submit(self, label: str) -> None:
        """Submit the field of this label by Enter."""
        field = await self._field(label)
        await self._focus(field)
        await self.fire(field, "submit", field.value or "")
        await self._turn()

    async def press(self, key: str) -> None:
        """Press a key, as `ArrowLeft`, `Escape`, `R` or `Alt+1`. Enter submits the field that has focus."""
        *modifiers, name = key.split("+") if len(key) > 1 else [key]
        field = self.tree.find(self._focused)
        if name == "Enter" and field is not None:
            await self.fire(field, "submit", field.value or "")
        if name == "Escape" and (dialog := self.tree.top_dialog()) is not None:
            await self.set(dialog, open=False)
            await self._close_dialogs()
        held = {one: one.capitalize() in modifiers for one in ("shift", "ctrl", "alt", "meta")}
        label = _KEYS.get(name, name.upper() if len(name) == 1 else name)
        await self.fire(self.tree.page, "keyboard_event", {"key": label, **held})
        await self._turn()

    async def scroll(self, pixels: float, *, extent: float, viewport: float = 700, key: str = "") -> None:
        """Scroll the only list with a scroll handler, or the list named `key`, to `pixels` of `extent`."""

        def listens() -> list[Found]:
            lists = [one for one in self.tree.screen() if one.control.on_scroll]
            return [one for one in lists if not key or key_of(one.control) == key]

        found = await self._find(listens, "no one list that listens to scrolling")
        data = {
            "event_type": "update",
            "pixels": pixels,
            "min_scroll_extent": 0.0,
            "max_scroll_extent": extent,
            "viewport_dimension": viewport,
            "scroll_delta": 1.0,
        }
        await self.fire(found.control, "scroll", data)
        await self._turn()

    async def go(self, route: str) -> None:
        """Open an address in this session, as by the address bar or a link from elsewhere."""
        await self._arrive(route)
        await self._turn()

    async def back(self) -> None:
        """Go back, by the browser on the web and by the system elsewhere."""
        if self.web:
            await self._travel(-1)
        else:
            views = self.tree.views()
            assert len(views) > 1, f"nothing to go back to from {self.route}"
            await self.fire(self.tree.page, "view_pop", {"route": views[-1].route})
        await self._turn()

    async def forward(self) -> None:
        """Go forward in the browser."""
        await self._travel(+1)
        await self._turn()

    async def fire(self, control: Control, event: str, data: Any = None) -> None:
        """Send an event of a control, named without its `on_`."""
        body = {"target": control.id, "name": event, "data": data}
        await self._transmit(MessageAction.CONTROL_EVENT, body)

    async def set(self, control: Control, **properties: Any) -> None:
        """Change what a person changes: a value, a selection."""
        control.update(properties)
        await self._transmit(MessageAction.UPDATE_CONTROL_PROPS, {"id": control.id, "props": properties})

    # What happens to the device

    async def resize(self, width: float, height: float) -> None:
        """Give the window another size."""
        self.width, self.height = width, height
        size = self.size()
        await self.set(self.tree.page, **size)
        await self.fire(self.tree.page, "resize", {"width": width, "height": height})
        await self.fire(self.tree.page, "media_change", size["media"])
        await self._turn()

    async def darken(self, dark: bool = True) -> None:
        """Turn the platform to dark, or to light."""
        brightness = "dark" if dark else "light"
        await self.set(self.tree.page, platform_brightness=brightness)
        await self.fire(self.tree.page, "platform_brightness_change", brightness)
        await self._turn()

    async def set_locale(self, locale: str) -> None:
        """Change the language of the device, as `en-GB`."""
        self.locale = locale
        await self.fire(self.tree.page, "locale_change", {"locales": [self.locale_parts()]})
        await self._turn()

    # The protocol

    def _receive_message(self, message: bytes) -> Coroutine[Any, Any, None] | None:
        """Read a message of the app; return what it makes the client do."""
        code, body = unpacked(message)
        self._messages += 1
        match MessageAction(code):
            case MessageAction.REGISTER_CLIENT:
                self.session_id, self.tree = body["session_id"], Tree(body["page_patch"])
            case MessageAction.PATCH_CONTROL:
                self.tree.patch(body["id"], *body["patch"])
                return self._close_dialogs()
            case MessageAction.INVOKE_METHOD:
                return self._answer(body)
            case MessageAction.SESSION_CRASHED:
                self._crashed(body["message"])
        return None

    async def _answer(self, call: Control) -> None:
        """Do what the app asks of the device."""
        control = self.tree.find(call.control_id)
        kind, arguments, result = control.kind if control else "", call.args or {}, None
        if control is not None and (kind, call.name) == ("TextField", "focus"):
            await self._focus(control)
        if (kind, call.name) != ("Page", "push_route"):
            result = self.perform(kind, call.name, arguments)
        body = {"control_id": call.control_id, "call_id": call.call_id, "result": result, "error": None}
        await self._transmit(MessageAction.INVOKE_METHOD, body)
        if (kind, call.name) == ("Page", "push_route"):
            await self._arrive(arguments["route"])

    async def _arrive(self, route: str) -> None:
        self._history[self._here + 1 :] = [route]
        self._here += 1
        await self._show_route()

    async def _travel(self, steps: int) -> None:
        there = self._here + steps
        assert 0 <= there < len(self._history), f"no such page in the history {self._history}"
        self._here = there
        await self._show_route()

    async def _show_route(self) -> None:
        route = self._history[self._here]
        await self.set(self.tree.page, route=route)
        await self.fire(self.tree.page, "route_change", {"route": route})

    async def _close_dialogs(self) -> None:
        """Tell the app that a dialog is gone, as Flutter does when its closing animation ends."""
        for dialog in self.tree.dialogs():
            if not dialog.open and dialog.id not in self._dismissed:
                self._dismissed.add(dialog.id)
                await self.fire(dialog, "dismiss")

    async def _type(self, field: Control, text: str) -> None:
        await self._change(field, text, value=text)
        await self._turn()

    async def _change(self, control: Control, data: Any, **properties: Any) -> None:
        await self.set(control, **properties)
        await self.fire(control, "change", data)

    async def _focus(self, field: Control) -> None:
        if self._focused != field.id:
            await self._blur()
            self._focused = field.id
            await self.fire(field, "focus")

    async def _blur(self) -> None:
        field, self._focused = self.tree.find(self._focused), None
        if field is not None:
            await self.fire(field, "blur")

    async def _activate(self, found: Found) -> None:
        control = found.control
        match control.kind:
            case "Switch" | "Checkbox":
                await self._change(control, not control.value, value=not control.value)
            case "ExpansionTile":
                await self._change(control, not control.expanded, expanded=not control.expanded)
            case "Radio" if group := found.holder("RadioGroup"):
                await self._change(group, control.value, value=control.value)
            case "NavigationRailDestination" if rail := found.holder("NavigationRail"):
                index = next(place for place, one in enumerate(rail.destinations) if one is control)
                await self._change(rail, index, selected_index=index)
            case "Segment" if choice := found.holder("SegmentedButton"):
                await self._choose(choice, control.value)
            case "SnackBarAction" if snack := found.holder("SnackBar"):
                await self.fire(control, "click")
                await self.set(snack, open=False)
                await self.fire(snack, "action")
                await self._close_dialogs()
            case _:
                await self.fire(control, "click")

    async def _choose(self, choice: Control, value: str) -> None:
        selected = set(choice.selected or ())
        held = selected if choice.allow_multiple_selection else set()
        chosen = sorted(
            held - {value} if value in selected and choice.allow_empty_selection else held | {value}
        )
        await self._change(choice, chosen, selected=chosen)

    # Looking

    def _tappable(self, name: str) -> list[Found]:
        """Return the best matches of a name: whole, by line, by prefix, then by key."""
        barrier, wanted = self.tree.top_dialog(), plain(name)
        named = [(one, plain(name_of(one))) for one in self.tree.screen() if taps(one.control)]
        if barrier is not None:
            named = [(one, said) for one, said in named if any(held is barrier for held in one.holders)]
        fits: tuple[Callable[[Found, str], bool], ...] = (
            lambda _, said: said == wanted,
            lambda _, said: wanted in said.split("\n"),
            lambda _, said: said.startswith(wanted),
            lambda one, _: key_of(one.control) == name,
        )
        for fit in fits:
            if found := [one for one, said in named if fit(one, said)]:
                return found
        return []

    async def _find(self, look: Callable[[], list[Found]], missing: str, within: float = PATIENCE) -> Found:
        found: list[Found] = []

        def one_only() -> bool:
            found[:] = look()
            return len(found) == 1

        try:
            await self.until(self._once_drawn(one_only), missing, within=within)
        except AssertionError as error:
            if len(found) > 1:
                raise AssertionError(f"{len(found)} of them: {missing}") from error
            raise AssertionError(f"{error}; to tap: {self.names()}") from error
        await self._turn()  # what the app is about to send may replace it
        return (look() or found)[0]

    async def _field(self, label: str) -> Control:
        def labelled() -> list[Found]:
            fields = [one for one in self.tree.screen() if one.control.kind == "TextField"]
            return [one for one in fields if label in (label_of(one), key_of(one.control))]

        found = await self._find(labelled, f"no field labelled {label!r}")
        assert not found.disabled, f"{label!r} is disabled"
        assert not found.control.read_only, f"{label!r} is read only"
        return found.control
