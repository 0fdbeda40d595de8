"""In-process driver of the app: a real Flet session without Flutter or a browser.

`Driver` replaces the Flutter client of Flet 1.0.5. Its methods are user actions: see a text, tap a name,
type into a field, go back.

    async with Driver(main, route="/achats", width=390, height=844) as app:
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")
        await app.see("Votre mot de passe")

It is one long file, because it simulates a whole client with Flet's internals. Like the client, it encodes
every message, which also snapshots the tree for Flet's next diff. It answers every method call of the app.
It raises errors that Flet swallows: in renders, handlers and effects, or only logged. Names are computed as
in the web client: a tooltip is not a name, and `MergeSemantics` forms one node.
"""

# msgpack and parts of Flet have no types.
# mypy: disable-error-code="import-untyped, no-untyped-call"

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar, cast

import flet as ft
import msgpack
from flet.components.component import Component
from flet.components.hooks.use_effect import EffectHook
from flet.components.public_utils import unwrap_component
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.controls.dialog_control import DialogControl
from flet.controls.services.semantics_service import AccessibilityFeatures
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    InvokeMethodRequestBody,
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from tests.harness.patience import stretched
from views.web import guard

Main = Callable[[ft.Page], Any]
ControlT = TypeVar("ControlT", bound=BaseControl)
ErrorT = TypeVar("ErrorT", bound=BaseException)

PATIENCE = 30.0
"""Default timeout in seconds."""
_POLL = 0.01
_TURNS = 100
"""Of the event loop, after which something is taken for never waiting."""
_encode = configure_encode_object_for_msgpack(BaseControl)
_current_page = cast("ContextVar[ft.Page | None]", _context_page)

_KEYS = {
    "ArrowLeft": "Arrow Left",
    "ArrowRight": "Arrow Right",
    "ArrowUp": "Arrow Up",
    "ArrowDown": "Arrow Down",
}
"""Key names of the web where Flutter's label is another."""

_SHOWN = ("value", "label", "content", "title", "subtitle", "text", "helper", "error", "hint_text", "counter")
"""Fields whose plain strings are drawn."""
_SPOKEN = ("semantics_label", "semantics_value")
"""Fields whose plain strings only a screen reader gives."""
_READ = frozenset((*_SHOWN, *_SPOKEN))
_INPUTS = (ft.Switch, ft.Checkbox, ft.Radio, ft.ExpansionTile)
_CHOICES = (ft.NavigationRailDestination, ft.Segment)


class _Found(NamedTuple):
    """A control on screen and the controls that hold it, outermost first."""

    control: BaseControl
    holders: tuple[BaseControl, ...]

    def holder(self, kind: type[ControlT]) -> ControlT | None:
        """Return the nearest ancestor of that type."""
        return next((one for one in reversed(self.holders) if isinstance(one, kind)), None)

    @property
    def disabled(self) -> bool:
        return any(getattr(one, "disabled", False) for one in (*self.holders, self.control))


class _Session(Session):
    """Flet's session, whose async effects tell of their failures."""

    def __init__(self, client: _Client, watch: Callable[[Callable[[], Any]], Callable[[], Any]]) -> None:
        super().__init__(client)
        self._watch = watch

    def schedule_effect(self, hook: EffectHook, is_cleanup: bool) -> None:
        if inspect.iscoroutinefunction(hook.setup):
            hook.setup = self._watch(hook.setup)
        if inspect.iscoroutinefunction(hook.cleanup):
            hook.cleanup = self._watch(hook.cleanup)
        super().schedule_effect(hook, is_cleanup)


class _Client(Connection):
    """What is left of the Flutter client: it encodes every message and hands it to the driver."""

    def __init__(self, receive: Callable[[Message, int], None]) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(1)
        self.pubsubhub = PubSubHub(loop=self.loop)
        self.page_url = "http://driver.test"
        self._receive = receive

    def send_message(self, message: Message) -> None:
        packed: bytes = msgpack.packb([message.action, message.body], default=_encode)
        self._receive(message, len(packed))

    def dispose(self) -> None:
        self.executor.shutdown(wait=False)


class _Ear(logging.Handler):
    """Hears the errors that Flet, asyncio and guarded components only log."""

    def __init__(self, hear: Callable[[BaseException], None]) -> None:
        super().__init__(logging.ERROR)
        self._hear = hear

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._hear(error)
        elif record.name.partition(".")[0] in {"flet", "asyncio", "concurrent"}:
            self._hear(RuntimeError(record.getMessage()))


class Driver:
    """One visitor of the app, in front of one screen. Use it as an async context manager.

    `main` is what `ft.run` takes, plain or async. Sizes are logical pixels. `locale` is the language of the
    device, as `fr-FR`: the client tells it by `page.get_device_info()` and, when it changes, by an event.
    `preferences` is what `SharedPreferences` and `SecureStorage` hold on the device, and may be shared
    between two drivers to play a second start.

    What the app asked of the device is kept: `clipboard`, `launched` (addresses opened), `announced`
    (sentences given to screen readers), `calls` (every other method: control type, method, arguments),
    `preferences`, `bytes_sent` (over the wire, encoded).
    """

    def __init__(
        self,
        main: Main,
        *,
        route: str = "/",
        width: float = 390,
        height: float = 844,
        dark: bool = False,
        locale: str = "fr-FR",
        web: bool = False,
        platform: ft.PagePlatform = ft.PagePlatform.LINUX,
        reduce_motion: bool = False,
        preferences: dict[str, Any] | None = None,
    ) -> None:
        self._main, self._web, self._platform = main, web, platform
        self._width, self._height, self._dark = width, height, dark
        self._locale, self._reduce_motion = locale, reduce_motion
        self._history, self._here = [route], 0
        self._errors: list[BaseException] = []
        self._known: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._dismissed: set[int] = set()
        self._focused: int | None = None
        self._ear = _Ear(self._hear)
        self.preferences: dict[str, Any] = {} if preferences is None else preferences
        self.clipboard: str | None = None
        self.launched: list[str] = []
        self.announced: list[str] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.bytes_sent = 0

    async def __aenter__(self) -> Self:
        logging.getLogger().addHandler(self._ear)
        self._client = _Client(self._receive)
        self._session = _Session(self._client, self._watched)
        # The test itself may change state: Flet wants a page in its context.
        self._token = _current_page.set(self.page)
        context.reset_auto_update()
        self._session.apply_page_patch(
            {
                "route": self._history[0],
                "web": self._web,
                "pwa": False,
                "debug": False,
                "wasm": False,
                "test": False,
                "platform": self._platform.value,
                "platform_brightness": "dark" if self._dark else "light",
                **self._size(),
            }
        )
        first = RegisterClientResponseBody(self._session.id, self._session.get_page_patch(), "")
        self._client.send_message(Message(MessageAction.REGISTER_CLIENT, first))
        self._start(self._run_main())
        await self._turn()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session.connection is not None:
            self._session.close()
        await self._turn()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._client.dispose()
        _current_page.reset(self._token)
        logging.getLogger().removeHandler(self._ear)
        # What still waits for the client when the page is closed is told so.
        self._errors = [one for one in self._errors if str(one) != "Session closed"]
        if error is None:
            self._raise_what_flet_swallows()

    @property
    def page(self) -> ft.Page:
        """Flet's page, for what has no word of its own here."""
        page: ft.Page = self._session.page
        return page

    @property
    def route(self) -> str:
        """The address, as `/achats?periode=2024-03`."""
        return self.page.route

    # What is on the screen

    def texts(self) -> list[str]:
        """Return all visible or spoken texts of the top view and its dialogs; passwords read `••••`."""
        return [text for found in self._screen() for text in _own_texts(found.control)]

    def names(self) -> list[str]:
        """Return the accessible names of all tappable controls, `""` for those without one."""
        return [_name(found) for found in self._screen() if _taps(found.control)]

    def headings(self) -> list[tuple[int, str]]:
        """Level and words of each heading, in order."""
        found = []
        for one, _ in self._screen():
            if isinstance(one, ft.Semantics) and one.header:
                found.append((one.heading_level or 2, "\n".join(_words(one, whole=True))))
            elif isinstance(one, ft.AppBar) and isinstance(one.title, ft.Text):
                found.append((2, one.title.value))
        return found

    def misplaced(self) -> list[str]:
        """Return the texts that a screen reader meets before what stands above them.

        Flutter joins the loose texts of a group into the group's name, which comes before its headings, its
        buttons and its fields.
        """
        dialogs = [one for one in self.page._dialogs.controls if unwrap_component(one).open]
        return list(_misplaced([*self._views()[-1:], *dialogs], _Reading(explicit=True)))

    def chosen(self) -> set[str]:
        """Return the values of the exclusive choices on the screen."""
        return {group.value for group in self.controls(ft.RadioGroup) if group.value is not None}

    def controls(self, kind: type[ControlT]) -> list[ControlT]:
        """Return the controls of that type on the screen."""
        return [one for one, _ in self._screen() if isinstance(one, kind)]

    async def see(self, text: str, *, within: float = PATIENCE) -> None:
        """Wait until some text on the screen contains this one; any space stands for any other."""
        await self.until(self._once_drawn(lambda: self._shows(text)), f"no {text!r}", within=within)

    async def see_not(self, text: str, *, within: float = PATIENCE) -> None:
        """Wait until no text on the screen contains this one. `see` the new screen first."""
        await self.until(self._once_drawn(lambda: not self._shows(text)), f"still {text!r}", within=within)

    async def until(self, condition: Callable[[], object], missing: str, *, within: float = PATIENCE) -> None:
        """Poll until the condition holds, else fail with `missing` and the texts of the screen."""
        deadline = self._client.loop.time() + stretched(within)
        while True:
            self._raise_what_flet_swallows()
            if condition():
                return
            if self._client.loop.time() > deadline:
                raise AssertionError(f"{missing} at {self.route} in {self.texts()}")
            await asyncio.sleep(_POLL)

    def _once_drawn(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """Return the condition, evaluated again only after a message of the app: screens are long."""
        read = -1

        def met() -> bool:
            nonlocal read
            if read == self.bytes_sent:
                return False
            read = self.bytes_sent
            return condition()

        return met

    @property
    def waits(self) -> bool:
        """True if all handlers, renders and effects wait for an external event.

        Such an event is an answer, a timer, a thread or a user action.
        """
        loop: Any = self._client.loop
        return not loop._ready  # the current callback is no longer in the queue

    async def fails(self, kind: type[ErrorT], *, within: float = PATIENCE) -> ErrorT:
        """Wait for an error that Flet or a guard swallowed, and take it out: it was expected."""

        def met() -> list[ErrorT]:
            return [error for error in self._errors if isinstance(error, kind)]

        deadline = self._client.loop.time() + stretched(within)
        while not met():
            assert self._client.loop.time() < deadline, f"no {kind.__name__}, but {self._errors}"
            await asyncio.sleep(_POLL)
        await self._turn()
        error = met()[0]
        self._errors = [one for one in self._errors if one is not error]
        return error

    # What a person does

    async def tap(self, name: str, *, within: float = PATIENCE) -> None:
        """Tap what has this accessible name, else starts so, else has this key. One only, and enabled."""
        found = await self._find(lambda: self._tappable(name), f"nothing named {name!r} to tap", within)
        assert not found.disabled, f"{name!r} is disabled"
        await self._blur()
        await self._activate(found)
        await self._turn()

    async def enter(self, label: str, text: str) -> None:
        """Replace what the field of this label (or key) holds, one key stroke after another."""
        field = await self._field(label)
        await self._focus(field)
        await self._type(field, "")
        for stroke in text:
            field = await self._field(label)
            if field.max_length is None or field.max_length < 0 or len(field.value) < field.max_length:
                await self._type(field, field.value + stroke)
        wanted = text if field.max_length is None or field.max_length < 0 else text[: field.max_length]
        kept = (await self._field(label)).value
        assert kept == wanted, f"{label!r} lost what was typed: {len(kept)} characters of {len(wanted)}"

    async def submit(self, label: str) -> None:
        """Submit the field of this label by Enter."""
        field = await self._field(label)
        await self._focus(field)
        await self._send(field, "submit", field.value)
        await self._turn()

    async def press(self, key: str) -> None:
        """Press a key, as `ArrowLeft`, `Escape`, `R` or `Alt+1`. Enter submits the field that has focus."""
        *modifiers, name = key.split("+") if len(key) > 1 else [key]
        field = self._index().get(self._focused) if self._focused else None
        if name == "Enter" and isinstance(field, ft.TextField):
            await self._send(field, "submit", field.value)
        if name == "Escape" and (dialog := self._top_dialog()) is not None:
            self._session.apply_patch(dialog._i, {"open": False})
            await self._close_dialogs()
        held = {one: one.capitalize() in modifiers for one in ("shift", "ctrl", "alt", "meta")}
        label = _KEYS.get(name, name.upper() if len(name) == 1 else name)
        await self._send(self.page, "keyboard_event", {"key": label, **held})
        await self._turn()

    async def scroll(self, pixels: float, *, extent: float, viewport: float = 700, key: str = "") -> None:
        """Scroll the one list that listens (or the one of this key) to `pixels` of `extent`."""

        def listens() -> list[_Found]:
            lists = [one for one in self._screen() if getattr(one.control, "on_scroll", None) is not None]
            return [one for one in lists if not key or _key(one.control) == key]

        found = await self._find(listens, "no one list that listens to scrolling")
        data = {
            "event_type": "update",
            "pixels": pixels,
            "min_scroll_extent": 0.0,
            "max_scroll_extent": extent,
            "viewport_dimension": viewport,
            "scroll_delta": 1.0,
        }
        await self._send(found.control, "scroll", data)
        await self._turn()

    async def go(self, route: str) -> None:
        """Open an address in this session, as by the address bar or a link from elsewhere."""
        await self._arrive(route)
        await self._turn()

    async def back(self) -> None:
        """Go back, by the browser on the web and by the system elsewhere."""
        if self._web:
            await self._travel(-1)
        else:
            views = self._views()
            assert len(views) > 1, f"nothing to go back to from {self.route}"
            await self._send(self.page, "view_pop", {"route": views[-1].route})
        await self._turn()

    async def forward(self) -> None:
        """Go forward in the browser."""
        await self._travel(+1)
        await self._turn()

    # What happens to the device

    async def resize(self, width: float, height: float) -> None:
        """Give the window another size."""
        self._width, self._height = width, height
        size = self._size()
        self._session.apply_page_patch(size)
        await self._send(self.page, "resize", {"width": width, "height": height})
        await self._send(self.page, "media_change", size["media"])
        await self._turn()

    async def darken(self, dark: bool = True) -> None:
        """Turn the platform to dark, or to light."""
        brightness = "dark" if dark else "light"
        self._session.apply_page_patch({"platform_brightness": brightness})
        await self._send(self.page, "platform_brightness_change", brightness)
        await self._turn()

    async def set_locale(self, locale: str) -> None:
        """Change the language of the device, as `en-GB`."""
        self._locale = locale
        await self._send(self.page, "locale_change", {"locales": [self._locale_parts()]})
        await self._turn()

    async def move(self, state: ft.AppLifecycleState) -> None:
        """Send the app to the background, or bring it back."""
        await self._send(self.page, "app_lifecycle_state_change", {"state": state.value})
        await self._turn()

    async def disconnect(self) -> None:
        """Lose the client's connection: what the app draws meanwhile is not sent, as in Flet."""
        await self._session.disconnect(3600)

    async def reconnect(self) -> None:
        """Come back to the same session, as a browser does."""
        self._client = _Client(self._receive)
        whole = RegisterClientResponseBody(self._session.id, self.page, "")
        self._client.send_message(Message(MessageAction.REGISTER_CLIENT, whole))
        await self._session.connect(self._client)
        await self._turn()

    # The client's side of the protocol

    def _receive(self, message: Message, size: int) -> None:
        self.bytes_sent += size
        if message.action == MessageAction.SESSION_CRASHED:
            crash = message.body.message
            if not any(str(error) in crash for error in self._known):
                self._hear(RuntimeError(crash))
        elif message.action == MessageAction.INVOKE_METHOD:
            self._client.loop.call_soon(lambda: self._start(self._answer(message.body)))
        elif message.action == MessageAction.PATCH_CONTROL:
            self._client.loop.call_soon(lambda: self._start(self._close_dialogs()))

    async def _answer(self, call: InvokeMethodRequestBody) -> None:
        control = self._index().get(call.control_id)
        if control is None:
            return
        kind, arguments = type(control).__name__, call.args or {}
        if call.name == "focus" and isinstance(control, ft.TextField):
            await self._focus(control)
        result = await self._perform(kind, call.name, arguments)
        if call.control_id in self._index():  # left meanwhile: `ResumableConnection` passes over it
            self._session.handle_invoke_method_results(call.control_id, call.call_id, result, None)

    async def _perform(self, kind: str, method: str, arguments: dict[str, Any]) -> Any:
        """Return the answer of the device to a method call."""
        match kind, method:
            case "Page", "push_route":
                await self._arrive(arguments["route"], wait=False)
            case "Page", "get_device_info":
                device = (
                    {"browser_name": "chrome"} if self._web else {"name": "", "id": "", "pretty_name": ""}
                )
                return {**device, "locales": [self._locale_parts()]}
            case "Clipboard", "set":
                self.clipboard = arguments["data"]
            case "Clipboard", "get":
                return self.clipboard
            case "UrlLauncher", "launch_url":
                self.launched.append(str(arguments["url"]))
            case "UrlLauncher", "can_launch_url":
                return True
            case "SemanticsService", "announce_message" | "announce_tooltip":
                self.announced.append(arguments["message"])
            case "SemanticsService", "get_accessibility_features":
                names = [field.name for field in dataclasses.fields(AccessibilityFeatures)]
                features = dict.fromkeys(names, False)
                return {**features, "reduce_motion": self._reduce_motion, "supports_announcements": True}
            case "Share", _:
                self.calls.append((kind, method, arguments))
                return {"status": "success", "raw": ""}
            case "SharedPreferences" | "SecureStorage", _:
                return self._store(method, arguments)
            case _:
                self.calls.append((kind, method, arguments))
        return None

    def _store(self, method: str, arguments: dict[str, Any]) -> Any:
        key = arguments.get("key", "")
        match method:
            case "set":
                self.preferences[key] = arguments["value"]
                return True
            case "get":
                return self.preferences.get(key)
            case "contains_key":
                return key in self.preferences
            case "remove":
                return self.preferences.pop(key, None) is not None
            case "get_keys":
                return [one for one in self.preferences if one.startswith(arguments["key_prefix"])]
            case "get_all":
                return dict(self.preferences)
            case "clear":
                self.preferences.clear()
                return True
            case _:
                return "available" if method == "get_availability" else None

    async def _arrive(self, route: str, *, wait: bool = True) -> None:
        self._history[self._here + 1 :] = [route]
        self._here += 1
        await self._show_route(wait=wait)

    async def _travel(self, steps: int) -> None:
        there = self._here + steps
        assert 0 <= there < len(self._history), f"no such page in the history {self._history}"
        self._here = there
        await self._show_route()

    async def _show_route(self, *, wait: bool = True) -> None:
        route = self._history[self._here]
        self._session.apply_page_patch({"route": route})
        await self._send(self.page, "route_change", {"route": route})
        if wait:
            await self._turn()

    async def _close_dialogs(self) -> None:
        """Tell the app that a dialog is gone, as Flutter does when its closing animation ends."""
        for dialog in tuple(self.page._dialogs.controls):
            if not dialog.open and dialog._i not in self._dismissed:
                self._dismissed.add(dialog._i)
                await self._send(dialog, "dismiss")

    async def _send(self, control: BaseControl, event: str, data: Any = None, **props: Any) -> None:
        """Patch what the person changed, then fire the event, as the client does and the web host allows."""
        if props:
            patch = self._allowed(guard.UPDATE, {"id": control._i, "props": props})
            self._session.apply_patch(control._i, patch["props"])
        if sent := self._allowed(guard.EVENT, {"target": control._i, "name": event, "data": data}):
            self._start(self._session.dispatch_event(control._i, event, sent["data"]))
        await asyncio.sleep(0)

    def _allowed(self, kind: int, body: dict[str, Any]) -> dict[str, Any]:
        """Return what the web host lets through of a message; it refuses what no browser sends."""
        message = guard.read_message(msgpack.packb([kind, body]), self)
        return {} if message is None else msgpack.unpackb(message)[1]

    def control(self, control_id: int) -> Any:
        """Return the control of an id."""
        return self._index().get(control_id)

    def call(self, call_id: str) -> tuple[int, str] | None:
        """Return nothing: answers go to the session directly."""
        return None

    async def _type(self, field: ft.TextField, text: str) -> None:
        await self._send(field, "change", text, value=text)
        await self._turn()

    async def _focus(self, field: ft.TextField) -> None:
        if self._focused != field._i:
            await self._blur()
            self._focused = field._i
            await self._send(field, "focus")

    async def _blur(self) -> None:
        field, self._focused = self._index().get(self._focused or 0), None
        if field is not None:
            await self._send(field, "blur")

    async def _activate(self, found: _Found) -> None:
        control = found.control
        match control:
            case ft.Switch() | ft.Checkbox():
                await self._send(control, "change", not control.value, value=not control.value)
            case ft.ExpansionTile():
                await self._send(control, "change", not control.expanded, expanded=not control.expanded)
            case ft.Radio() if group := found.holder(ft.RadioGroup):
                await self._send(group, "change", control.value, value=control.value)
            case ft.NavigationRailDestination() if rail := found.holder(ft.NavigationRail):
                index = rail.destinations.index(control)
                await self._send(rail, "change", index, selected_index=index)
            case ft.Segment() if choice := found.holder(ft.SegmentedButton):
                await self._choose(choice, control.value)
            case ft.SnackBarAction() if snack := found.holder(ft.SnackBar):
                await self._send(control, "click")
                await self._send(snack, "action", open=False)
                await self._close_dialogs()
            case _:
                await self._send(control, "click")

    async def _choose(self, choice: ft.SegmentedButton, value: str) -> None:
        held = set(choice.selected) if choice.allow_multiple_selection else set()
        chosen = (
            held - {value} if value in choice.selected and choice.allow_empty_selection else held | {value}
        )
        await self._send(choice, "change", sorted(chosen), selected=sorted(chosen))

    # Looking

    def _index(self) -> Any:
        return self._session.index

    def _views(self) -> list[ft.View]:
        views = unwrap_component(self.page.views)
        return [unwrap_component(view) for view in (views if isinstance(views, list) else [views])]

    def _top_dialog(self) -> DialogControl | None:
        """Return the open modal dialog, if any; snack bars and banners are not modal."""
        dialogs = [unwrap_component(one) for one in self.page._dialogs.controls]
        modal = [one for one in dialogs if one.open and not isinstance(one, ft.SnackBar | ft.Banner)]
        return modal[-1] if modal else None

    def _screen(self) -> Iterator[_Found]:
        dialogs = [one for one in self.page._dialogs.controls if unwrap_component(one).open]
        yield from _walk([*self._views()[-1:], *self.page.overlay, *dialogs])

    def _shows(self, text: str) -> bool:
        wanted = _plain(text)
        return any(wanted in _plain(shown) for one, _ in self._screen() for shown in _own_texts(one))

    def _tappable(self, name: str) -> list[_Found]:
        """Return the best matches of a name: whole, by line, by prefix, then by key."""
        barrier, wanted = self._top_dialog(), _plain(name)
        named = [(one, _plain(_name(one))) for one in self._screen() if _taps(one.control)]
        if barrier is not None:
            named = [(one, spoken) for one, spoken in named if barrier in one.holders]
        fits: tuple[Callable[[_Found, str], bool], ...] = (
            lambda _, spoken: spoken == wanted,
            lambda _, spoken: wanted in spoken.split("\n"),
            lambda _, spoken: spoken.startswith(wanted),
            lambda one, _: _key(one.control) == name,
        )
        for fit in fits:
            if found := [one for one, spoken in named if fit(one, spoken)]:
                return found
        return []

    async def _find(self, look: Callable[[], list[_Found]], missing: str, within: float = PATIENCE) -> _Found:
        found: list[_Found] = []

        def one_only() -> bool:
            found[:] = look()
            return len(found) == 1

        try:
            await self.until(self._once_drawn(one_only), missing, within=within)
        except AssertionError as error:
            if len(found) > 1:
                raise AssertionError(f"{len(found)} of them: {missing}") from error
            raise AssertionError(f"{error}; to tap: {self.names()}") from error
        return found[0]

    async def _field(self, label: str) -> ft.TextField:
        def labelled() -> list[_Found]:
            fields = [one for one in self._screen() if isinstance(one.control, ft.TextField)]
            return [one for one in fields if label in (_label(one), _key(one.control))]

        found = await self._find(labelled, f"no field labelled {label!r}")
        field = found.control
        assert isinstance(field, ft.TextField)
        assert not found.disabled, f"{label!r} is disabled"
        assert not field.read_only, f"{label!r} is read only"
        return field

    # What Flet swallows

    async def _run_main(self) -> None:
        context.reset_auto_update()
        try:
            result = self._main(self.page)
            if isinstance(result, Awaitable):
                await result
            await self._session.after_event(self.page)
        except Exception as error:  # noqa: BLE001 - Flet catches everything here, and so must its double
            self._hear(error)

    def _watched(self, work: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        @functools.wraps(work)
        async def watched() -> None:
            if (task := asyncio.current_task()) is not None:
                self._keep(task)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - a test must hear of any error
                self._hear(error)

        return watched

    def _hear(self, error: BaseException) -> None:
        if not any(error is one for one in self._known):
            self._known.append(error)
            self._errors.append(error)

    def _raise_what_flet_swallows(self) -> None:
        updates: asyncio.Task[None] | None = vars(self._session)["_Session__updates_task"]
        if updates is not None and updates.done() and not updates.cancelled():
            error = updates.exception()
            if error is not None:
                self._hear(error)
        if self._errors:
            error = self._errors.pop(0)
            raise AssertionError(f"the app failed: {type(error).__name__}: {error}") from error

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        self._keep(asyncio.ensure_future(work))

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _turn(self) -> None:
        """Let handlers, renders and effects run up to where they really wait."""
        for turn in range(_TURNS):
            await asyncio.sleep(0)
            if turn >= 4 and self.waits:  # what has just begun may not stand in the loop yet
                return

    def _locale_parts(self) -> dict[str, str | None]:
        language, _, country = self._locale.partition("-")
        return {"language_code": language, "country_code": country or None}

    def _size(self) -> dict[str, Any]:
        none = {"left": 0, "top": 0, "right": 0, "bottom": 0}
        return {
            "width": self._width,
            "height": self._height,
            "media": {
                "padding": none,
                "view_padding": none,
                "view_insets": none,
                "device_pixel_ratio": 1.0,
                "orientation": "portrait" if self._height >= self._width else "landscape",
                "always_use_24_hour_format": True,
            },
        }


def _walk(roots: list[Any]) -> Iterator[_Found]:
    """Yield the visible controls below some roots, in the order of their fields."""
    seen: set[int] = set()
    left: list[tuple[Any, tuple[BaseControl, ...]]] = [(roots, ())]
    while left:  # a stack: recursive generators take three times as long
        value, holders = left.pop()
        if isinstance(value, list | tuple):
            left += [(item, holders) for item in reversed(value)]
        elif hasattr(type(value), "__dataclass_fields__") and id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, BaseControl):
                if not getattr(value, "visible", True):
                    continue
                yield _Found(value, holders)
                holders = (*holders, value)
            left += [(part, holders) for _, part in _parts(value)[::-1] if not isinstance(part, str)]


def _parts(value: Any) -> list[tuple[str, Any]]:
    """Return the set fields of a control or value, with their names."""
    if isinstance(value, Component):
        return [("_b", value._b)]
    names: Iterable[str] = _field_names(cast(Hashable, type(value)))
    held = getattr(value, "_values", None)
    if held is not None:
        structure = getattr(type(value), "_structural_fields", ())
        names = [name for name in names if name in held or name in structure]
    return [(name, part) for name in names if (part := getattr(value, name, None)) is not None]


@functools.cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    fields = dataclasses.fields(cast(type[Any], kind))
    skipped = {"data", "key", "ref"}
    return tuple(
        one.name
        for one in fields
        if not one.name.startswith("_") and one.name not in skipped and not one.metadata.get("skip")
    )


def _own_texts(control: BaseControl) -> Iterator[str]:
    """Yield the visible or spoken texts of the control itself."""
    if isinstance(control, ft.TextField):
        yield "••••" if control.password and control.value else control.value
    for name, part in _parts(control):
        if name == "value" and isinstance(control, ft.TextField | ft.Radio | ft.Segment):
            continue
        if isinstance(part, str) and part and name in _READ:
            yield part


def _taps(control: BaseControl) -> bool:
    if isinstance(control, ft.Radio) and control.disabled:  # gives its semantics to what it is merged with
        return False
    if isinstance(control, (*_INPUTS, *_CHOICES)):
        return True
    if isinstance(control, ft.TextField | DialogControl):
        return False
    return any(getattr(control, name, None) is not None for name in ("on_click", "on_tap"))


def _words(control: Any, *, whole: bool, inner: bool = False) -> Iterator[str]:
    """Yield the spoken texts of a control and its content, except of tappable parts.

    `whole` includes tappable parts, like `MergeSemantics`.
    """
    if isinstance(control, list | tuple):
        for item in control:
            yield from _words(item, whole=whole, inner=True)
        return
    if not isinstance(control, BaseControl) or not getattr(control, "visible", True):
        return
    if inner and not whole and _taps(control):
        return
    if isinstance(control, ft.Text) and control.semantics_label is not None:
        if control.semantics_label:  # an empty one keeps what is shown from being said
            yield control.semantics_label
        return
    for name, part in _parts(control):
        if isinstance(control, ft.Semantics) and control.exclude_semantics and name == "content":
            continue
        if isinstance(control, ft.TextField | ft.Switch | ft.Radio | ft.Segment) and name == "value":
            continue
        if isinstance(part, str):
            if name in _READ and part:
                yield part
        else:
            yield from _words(part, whole=whole, inner=True)


@dataclasses.dataclass
class _Reading:
    """What was met in a group; an `explicit` one makes a node of each of its parts."""

    explicit: bool = False
    node: str = ""
    """The latest part that is a node of its own."""


def _misplaced(part: Any, group: _Reading) -> Iterator[str]:
    """Go through a group in order; give the loose texts below one of its nodes."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from _misplaced(one, group)
        return
    if not isinstance(part, BaseControl) or not getattr(part, "visible", True):
        return
    if isinstance(part, ft.Text | ft.Icon | ft.Image):
        said = part.semantics_label
        if said is None and isinstance(part, ft.Text):
            said = part.value
        if said and group.node and not group.explicit:
            yield f"{said!r} below {group.node!r}"
        return
    single = isinstance(part, ft.MergeSemantics | ft.TextField) or _taps(part) or getattr(part, "url", None)
    if isinstance(part, ft.Semantics):
        if part.exclude_semantics and not part.label:
            return
        single = bool(part.header or part.exclude_semantics)
        if part.container and not single:
            group.node = part.label or "\n".join(_words(part, whole=True)) or group.node
            yield from _misplaced(part.content, _Reading())
            return
    if single:
        group.node = "\n".join(_words(part, whole=True)) or type(part).__name__
        return
    inner = group
    if isinstance(part, DialogControl) or getattr(part, "scroll", None) is not None:
        inner = _Reading(explicit=True)
    for _, field in _parts(part):
        if isinstance(part, ft.ListView) and isinstance(field, list):
            for item in field:
                yield from _misplaced(item, _Reading())
        else:
            yield from _misplaced(field, inner)
    if inner is not group:
        group.node = "what scrolls"


def spoken(control: BaseControl) -> list[str]:
    """Return what a screen reader says for a control and for all it holds."""
    return list(_words(control, whole=True))


def _name(found: _Found) -> str:
    """Return the accessible name, with its lines joined as in the web client."""
    merged = found.holder(ft.MergeSemantics)
    return "\n".join(_words(merged or found.control, whole=merged is not None))


def _label(found: _Found) -> str:
    assert isinstance(found.control, ft.TextField)
    label = found.control.label
    if not label:  # named by a text that it is merged with
        return _name(found).partition("\n")[0]
    return label if isinstance(label, str) else "\n".join(_words(label, whole=True))


def _key(control: BaseControl) -> str:
    key = control.key
    return str(key.value if isinstance(key, ft.Key) else key)


def _plain(text: str) -> str:
    """Return the text with plain spaces instead of no-break spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")
