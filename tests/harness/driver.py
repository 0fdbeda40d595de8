"""In-process driver of the app: a real Flet session without Flutter or a browser.

`Driver` replaces the Flutter client of Flet 1.0.5. Its methods are user actions: see a text, tap a name,
type into a field, go back.

    async with Driver(main, route="/achats", width=390, height=844) as app:
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")
        await app.see("Votre mot de passe")

It is one long file, because it simulates a whole client with Flet's internals. Like the client, it encodes
every message, which also snapshots the tree for Flet's next diff. It answers every method call of the app.
It raises errors that Flet swallows: in renders, handlers and effects, or only logged.
"""

# msgpack and parts of Flet have no types.
# mypy: disable-error-code="import-untyped, no-untyped-call"

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import flet as ft
import msgpack
from flet.components.hooks.use_effect import EffectHook
from flet.components.public_utils import unwrap_component
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.controls.dialog_control import DialogControl
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

from tests.harness.device import Device
from tests.harness.patience import stretched
from tests.harness.semantics import (
    ControlT,
    Found,
    Group,
    key_of,
    label_of,
    misplaced,
    name_of,
    own_texts,
    plain,
    taps,
    walk,
    words,
)
from views.web import guard

Main = Callable[[ft.Page], Any]
ErrorT = TypeVar("ErrorT", bound=BaseException)

PATIENCE = 30.0
"""Default timeout in seconds."""
_POLL = 0.01
_TURNS = 100
"""Number of turns of the event loop after which a task counts as never waiting."""
_encode = configure_encode_object_for_msgpack(BaseControl)
_current_page = cast("ContextVar[ft.Page | None]", _context_page)

_KEYS = {
    "ArrowLeft": "Arrow Left",
    "ArrowRight": "Arrow Right",
    "ArrowUp": "Arrow Up",
    "ArrowDown": "Arrow Down",
}
"""Key names of the web where Flutter's label is another."""


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
    """Client that encodes every message, as Flutter's does, and hands it to the driver."""

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


class Driver(Device):
    """One visitor of the app, in front of one screen. Use it as an async context manager.

    Args:
        main: function that `ft.run` takes, plain or async.
        route: address that the visitor opens.
        device: arguments of `Device`.

    Attributes:
        bytes_sent: number of bytes that the app has sent to its client, encoded.
    """

    def __init__(
        self,
        main: Main,
        *,
        route: str = "/",
        web: bool = False,
        **device: Any,
    ) -> None:
        super().__init__(web=web, **device)
        self._main = main
        self._history, self._here = [route], 0
        self._errors: list[BaseException] = []
        self._known: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._dismissed: set[int] = set()
        self._focused: int | None = None
        self._ear = _Ear(self._hear)
        self.bytes_sent = 0

    async def __aenter__(self) -> Self:
        logging.getLogger().addHandler(self._ear)
        self._client = _Client(self._receive)
        self._session = _Session(self._client, self._watched)
        # The test itself may change state: Flet wants a page in its context.
        self._token = _current_page.set(self.page)
        context.reset_auto_update()
        self._session.apply_page_patch(self.page_properties(self._history[0]))
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
        return [text for found in self._screen() for text in own_texts(found.control)]

    def names(self) -> list[str]:
        """Return the accessible names of all tappable controls, `""` for those without one."""
        return [name_of(found) for found in self._screen() if taps(found.control)]

    def headings(self) -> list[tuple[int, str]]:
        """Level and words of each heading, in order."""
        found = []
        for one, _ in self._screen():
            if isinstance(one, ft.Semantics) and one.header:
                found.append((one.heading_level or 2, "\n".join(words(one, whole=True))))
            elif isinstance(one, ft.AppBar) and isinstance(one.title, ft.Text):
                found.append((2, one.title.value))
        return found

    def misplaced(self) -> list[str]:
        """Return the texts that a screen reader meets before what stands above them.

        Flutter joins the loose texts of a group into the group's name, which comes before its headings, its
        buttons and its fields.
        """
        dialogs = [one for one in self.page._dialogs.controls if unwrap_component(one).open]
        return list(misplaced([*self._views()[-1:], *dialogs], Group(explicit=True)))

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

    async def pick(self, button: str, **file: Any) -> None:
        """Tap the button that opens a file dialog, and choose a file there."""
        found = await self._find(lambda: self._tappable(button), f"nothing to tap is called {button!r}")
        control: Any = found.control
        picker, data = control.action._service, {"files": [{"id": 0, **file}]}
        if self.web:
            await self._send(picker, "result", data)
        else:  # no web host checks the messages of a device
            self._start(self._session.dispatch_event(picker._i, "result", data))
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

        def listens() -> list[Found]:
            lists = [one for one in self._screen() if getattr(one.control, "on_scroll", None) is not None]
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
        await self._send(found.control, "scroll", data)
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
        self.width, self.height = width, height
        size = self.size()
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
        self.locale = locale
        await self._send(self.page, "locale_change", {"locales": [self.locale_parts()]})
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
        if (kind, call.name) == ("Page", "push_route"):
            await self._arrive(arguments["route"], wait=False)
            result = None
        else:
            result = self.perform(kind, call.name, arguments)
        if call.control_id in self._index():  # left meanwhile: `ResumableConnection` passes over it
            self._session.handle_invoke_method_results(call.control_id, call.call_id, result, None)

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

    async def _activate(self, found: Found) -> None:
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

    def _screen(self) -> Iterator[Found]:
        dialogs = [one for one in self.page._dialogs.controls if unwrap_component(one).open]
        yield from walk([*self._views()[-1:], *self.page.overlay, *dialogs])

    def _shows(self, text: str) -> bool:
        wanted = plain(text)
        return any(wanted in plain(shown) for one, _ in self._screen() for shown in own_texts(one))

    def _tappable(self, name: str) -> list[Found]:
        """Return the best matches of a name: whole, by line, by prefix, then by key."""
        barrier, wanted = self._top_dialog(), plain(name)
        named = [(one, plain(name_of(one))) for one in self._screen() if taps(one.control)]
        if barrier is not None:
            named = [(one, spoken) for one, spoken in named if barrier in one.holders]
        fits: tuple[Callable[[Found, str], bool], ...] = (
            lambda _, spoken: spoken == wanted,
            lambda _, spoken: wanted in spoken.split("\n"),
            lambda _, spoken: spoken.startswith(wanted),
            lambda one, _: key_of(one.control) == name,
        )
        for fit in fits:
            if found := [one for one, spoken in named if fit(one, spoken)]:
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
        return found[0]

    async def _field(self, label: str) -> ft.TextField:
        def labelled() -> list[Found]:
            fields = [one for one in self._screen() if isinstance(one.control, ft.TextField)]
            return [one for one in fields if label in (label_of(one), key_of(one.control))]

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
