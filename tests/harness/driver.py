"""In-process driver of the app: a real Flet session without Flutter or a browser.

    async with Driver(main, route="/achats", width=390, height=844) as app:
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")
        await app.see("Votre mot de passe")

Like Flutter's client, it encodes every message, which also snapshots the tree for Flet's next diff. It raises
errors that Flet swallows: in renders, handlers and effects, or only logged.
"""

# msgpack and parts of Flet have no types.
# mypy: disable-error-code="import-untyped, no-untyped-call"

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import flet as ft
import msgpack
from flet.components.hooks.use_effect import EffectHook
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    Message,
    MessageAction,
    RegisterClientResponseBody,
    configure_encode_object_for_msgpack,
)
from flet.messaging.session import Session
from flet.pubsub.pubsub_hub import PubSubHub

from tests.harness.client import PATIENCE, Client
from tests.harness.patience import stretched
from views.web import guard

Main = Callable[[ft.Page], Any]
ControlT = TypeVar("ControlT", bound=BaseControl)
ErrorT = TypeVar("ErrorT", bound=BaseException)

_POLL = 0.01
_TURNS = 100
"""Number of turns of the event loop after which a task counts as never waiting."""
_encode = configure_encode_object_for_msgpack(BaseControl)
_current_page = cast("ContextVar[ft.Page | None]", _context_page)


class _Session(Session):
    """Flet's session, whose async effects tell of their failures."""

    def __init__(self, client: _Connection, watch: Callable[[Callable[[], Any]], Callable[[], Any]]) -> None:
        super().__init__(client)
        self._watch = watch

    def schedule_effect(self, hook: EffectHook, is_cleanup: bool) -> None:
        if inspect.iscoroutinefunction(hook.setup):
            hook.setup = self._watch(hook.setup)
        if inspect.iscoroutinefunction(hook.cleanup):
            hook.cleanup = self._watch(hook.cleanup)
        super().schedule_effect(hook, is_cleanup)


class _Connection(Connection):
    """Connection that encodes every message, and hands it to the driver."""

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        super().__init__()
        self.loop = asyncio.get_running_loop()
        self.executor = ThreadPoolExecutor(1)
        self.pubsubhub = PubSubHub(loop=self.loop)
        self.page_url = "http://driver.test"
        self._receive = receive

    def send_message(self, message: Message) -> None:
        self._receive(msgpack.packb([message.action, message.body], default=_encode))

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


class Driver(Client):
    """One visitor of the app, in front of one screen. Use it as an async context manager.

    Args:
        main: function that `ft.run` takes, plain or async.
        client: arguments of `Client`.

    Attributes:
        bytes_sent: number of bytes that the app has sent to its client, encoded.
    """

    waits_for_enabled = 0.0

    def __init__(self, main: Main, *, web: bool = False, **client: Any) -> None:
        super().__init__(web=web, **client)
        self._main = main
        self._errors: list[BaseException] = []
        self._known: list[BaseException] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ear = _Ear(self._hear)
        self.bytes_sent = 0

    async def __aenter__(self) -> Self:
        logging.getLogger().addHandler(self._ear)
        self._connection = _Connection(self._receive)
        self._session = _Session(self._connection, self._watched)
        # The test itself may change state: Flet wants a page in its context.
        self._token = _current_page.set(self.page)
        context.reset_auto_update()
        self._session.apply_page_patch(self.page_properties(super().route))
        self._register(self._session.get_page_patch())
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
        self._connection.dispose()
        _current_page.reset(self._token)
        logging.getLogger().removeHandler(self._ear)
        # What still waits for the client when the page is closed is told so.
        self._errors = [one for one in self._errors if str(one) != "Session closed"]
        if error is None:
            self._raise_failures()

    @property
    def page(self) -> ft.Page:
        """Flet's page, for what has no word of its own here."""
        page: ft.Page = self._session.page
        return page

    @property
    def route(self) -> str:
        """The address, as `/achats?periode=2024-03`."""
        return self.page.route

    def controls(self, kind: type[ControlT]) -> list[ControlT]:
        """Return the controls of that type on the screen, as the app holds them."""
        held = (self.control(found.control.id) for found in self.tree.screen())
        return [one for one in held if isinstance(one, kind)]

    @property
    def waits(self) -> bool:
        """True if all handlers, renders and effects wait for an external event.

        Such an event is an answer, a timer, a thread or a user action.
        """
        loop: Any = self._connection.loop
        return not loop._ready  # the current callback is no longer in the queue

    async def fails(self, kind: type[ErrorT], *, within: float = PATIENCE) -> ErrorT:
        """Wait for an error that Flet or a guard swallowed, and take it out: it was expected."""

        def met() -> list[ErrorT]:
            return [error for error in self._errors if isinstance(error, kind)]

        deadline = time.monotonic() + stretched(within)
        while not met():
            assert time.monotonic() < deadline, f"no {kind.__name__}, but {self._errors}"
            await asyncio.sleep(_POLL)
        await self._turn()
        error = met()[0]
        self._errors = [one for one in self._errors if one is not error]
        return error

    async def pick(self, button: str, **file: Any) -> None:
        """Tap the button that opens a file dialog, and choose a file there."""
        found = await self._find(lambda: self._tappable(button), f"nothing to tap is called {button!r}")
        picker, data = self.control(found.control.id).action._service, {"files": [{"id": 0, **file}]}
        if self.web:
            await self.send(picker, "result", data)
        else:  # no web host checks the messages of a device
            self._start(self._session.dispatch_event(picker._i, "result", data))
        await self._turn()

    async def send(self, control: BaseControl, event: str, data: Any = None) -> None:
        """Send an event of a control that is not drawn, or whose event no user action of this class fires."""
        body = {"target": control._i, "name": event, "data": data}
        await self._transmit(MessageAction.CONTROL_EVENT, body)

    async def enter(self, label: str, text: str) -> None:
        """Replace what the field of this label (or key) holds, one key stroke after another."""
        await super().enter(label, text)
        field = await self._field(label)
        wanted, kept = text[: field.max_length], field.value or ""
        assert kept == wanted, f"{label!r} lost what was typed: {len(kept)} characters of {len(wanted)}"

    def _strokes(self, text: str) -> Iterator[str]:
        return (text[:length] for length in range(len(text) + 1))

    async def move(self, state: ft.AppLifecycleState) -> None:
        """Send the app to the background, or bring it back."""
        await self.fire(self.tree.page, "app_lifecycle_state_change", {"state": state.value})
        await self._turn()

    async def disconnect(self) -> None:
        """Lose the client's connection: what the app draws meanwhile is not sent, as in Flet."""
        await self._session.disconnect(3600)

    async def reconnect(self) -> None:
        """Come back to the same session, as a browser does."""
        self._connection = _Connection(self._receive)
        self._register(self.page)
        await self._session.connect(self._connection)
        await self._turn()

    # The transport

    def _register(self, page: Any) -> None:
        first = RegisterClientResponseBody(self._session.id, page, "")
        self._connection.send_message(Message(MessageAction.REGISTER_CLIENT, first))

    def _receive(self, message: bytes) -> None:
        self.bytes_sent += len(message)
        if (reaction := self._receive_message(message)) is not None:
            self._start(reaction)

    async def _transmit(self, action: MessageAction, body: dict[str, Any]) -> None:
        """Hand a message to the session if the web host lets it through; it refuses what no browser sends."""
        if action is MessageAction.INVOKE_METHOD:
            control = body["control_id"]
            if self.control(control) is not None:  # left meanwhile: `ResumableConnection` passes over it
                self._session.handle_invoke_method_results(control, body["call_id"], body["result"], None)
            return
        accepted = guard.read_message(msgpack.packb([action.value, body]), self)
        if accepted is None:
            return
        body = msgpack.unpackb(accepted)[1]
        if action is MessageAction.UPDATE_CONTROL_PROPS:
            self._session.apply_patch(body["id"], body["props"])
        else:
            self._start(self._session.dispatch_event(body["target"], body["name"], body["data"]))
            await asyncio.sleep(0)

    def control(self, control_id: int) -> Any:
        """Return the app's control of an id."""
        return self._session.index.get(control_id)

    def call(self, call_id: str) -> tuple[int, str] | None:
        """Return nothing: answers go to the session directly."""
        return None

    def _crashed(self, message: str) -> None:
        if not any(str(error) in message for error in self._known):
            self._hear(RuntimeError(message))

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(_POLL)

    async def _turn(self) -> None:
        """Let handlers, renders and effects run up to where they really wait."""
        for turn in range(_TURNS):
            await asyncio.sleep(0)
            if turn >= 4 and self.waits:  # what has just begun may not stand in the loop yet
                return

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

    def _raise_failures(self) -> None:
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
