"""Servers and browsers for the journeys.

The app and the sandbox run as processes, as for users. A test fails if its page sends a request off this
machine or has an error. A traceback in a server is a failure at the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    WebError,
    sync_playwright,
)

from tests.e2e.browser import open_app
from tests.harness.processes import Server

NOW = "2026-05-14T12:00:00+02:00"
"""Time of the sandbox: the current period goes from 26 April to 25 May, to the June invoice."""
RIVE = "https://cdn.jsdelivr.net/npm/@rive-app/flutter-native-wasm@44.0.0/wasm/rive_native.js"
"""Flet 1.0.5's web client asks for it whatever it is told; our Content-Security-Policy refuses it."""
LEFT = "Receive loop error: WebSocket is not connected"
"""Flet 1.0.5 logs it, with its traceback, when a tab is closed while something is being sent to it."""

DEVICES: dict[str, ViewportSize] = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 834, "height": 1194},
    "desktop": {"width": 1440, "height": 900},
}
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
CHROMIUM = (
    "--no-sandbox",
    "--use-gl=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Serve(Protocol):
    """Starts the web app: on the embedded backend, or on another one."""

    def __call__(self, *, backend: str | None = None) -> Server: ...


class ServeSandbox(Protocol):
    """Starts a sandbox: the demo subscribers or a data file, the clock frozen at `now`.

    `database` is an SQLAlchemy URL; without it, an SQLite file of its own.
    """

    def __call__(
        self,
        *,
        now: str | None = None,
        data: dict[str, Any] | None = None,
        latency: float = 0.0,
        database: str | None = None,
    ) -> Server: ...


@pytest.fixture(scope="package")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts servers. A traceback, or a browser refused, is a failure at the end."""
    with ExitStack() as stack:
        started: list[Server] = []

        def start(module: tuple[str, ...], *options: str) -> Server:
            server = Server.python(*module, *options, log=tmp_path_factory.mktemp("server") / "log")
            stack.enter_context(server)
            started.append(server)
            return server

        yield start
    for server in started:
        assert server.said.count("Traceback") == server.said.count(LEFT), server.said
        assert "closed a connection" not in server.said, f"a real browser was refused:\n{server.said}"


@pytest.fixture(scope="package")
def serve(servers: Callable[..., Server]) -> Serve:
    """Return a function that starts the web app as `python main.py --web`."""

    def start(*, backend: str | None = None) -> Server:
        return servers(("main.py",), "--web", *(("--backend", backend) if backend else ()))

    return start


@pytest.fixture(scope="package")
def serve_sandbox(servers: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> ServeSandbox:
    """Return a function that starts a sandbox as `python -m services.sandbox`."""

    def start(
        *,
        now: str | None = None,
        data: dict[str, Any] | None = None,
        latency: float = 0.0,
        database: str | None = None,
    ) -> Server:
        folder = tmp_path_factory.mktemp("sandbox")
        database = database or f"sqlite:///{folder / 'sandbox.sqlite3'}"
        options = ["--database", database, "--latency", str(latency)]
        if now is not None:
            options += ["--now", now]
        if data is not None:
            file = folder / "subscribers.json"
            file.write_text(json.dumps(data))
            options += ["--data", str(file)]
        return servers(("-m", "services.sandbox"), *options)

    return start


@pytest.fixture(scope="package")
def demo(serve: Serve, serve_sandbox: ServeSandbox) -> Server:
    """Return the app on a sandbox of the demo subscribers, on 14 May 2026; no test changes its data."""
    return serve(backend=serve_sandbox(now=NOW).url)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run the system's Chromium for this package: its event loop would stop asynchronous tests."""
    program = shutil.which("chromium")
    assert program is not None, "The browser tests need Chromium: run make test, or install chromium."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A browser context and what went wrong in it since it was last asked."""

    context: BrowserContext
    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("request", self._note_request)
        self.context.on("weberror", self._note_error)
        self.context.on("console", self._note_refusal)

    def _note_request(self, request: Request) -> None:
        self.requests.append(request)

    def _note_error(self, event: WebError) -> None:
        self.errors.append(str(event.error))

    def _note_refusal(self, message: ConsoleMessage) -> None:
        # What the policy refuses never becomes a request, but it was tried.
        if "Content Security Policy" in message.text and RIVE not in message.text:
            self.errors.append(message.text)

    def faults(self) -> list[str]:
        """Return, and forget, requests that left the machine or tried to, and errors in the pages."""
        outside = [
            f"{request.url} ({request.failure or 'answered'})"
            for request in self.requests
            if urlsplit(request.url).scheme not in ("data", "blob")
            and urlsplit(request.url).hostname != "127.0.0.1"
            and not (request.url == RIVE and request.failure == "csp")
        ]
        found = [*outside, *self.errors]
        self.requests.clear()
        self.errors.clear()
        return found


class Visit(Protocol):
    """Opens an address in a new tab of a device that speaks a language, and waits until it can be read."""

    def __call__(
        self, url: str, *, device: str = "phone", language: str = "fr", dark: bool = False
    ) -> Page: ...


@pytest.fixture(scope="package")
def devices(browser: Browser) -> Iterator[Callable[[str, str, bool], Watched]]:
    """Return one browser context for each device, language and color scheme: each caches the web client."""
    kept: dict[tuple[str, str, bool], Watched] = {}

    def device(name: str, language: str, dark: bool) -> Watched:
        if (name, language, dark) not in kept:
            context = browser.new_context(
                viewport=DEVICES[name],
                locale=LOCALES[language],
                timezone_id="Europe/Paris",
                color_scheme="dark" if dark else "light",
                device_scale_factor=0.5,  # a quarter of the pixels, which this machine draws in software
            )
            kept[name, language, dark] = Watched(context)
        return kept[name, language, dark]

    yield device
    for watched in kept.values():
        watched.context.close()


@pytest.fixture
def visit(devices: Callable[[str, str, bool], Watched]) -> Iterator[Visit]:
    """Return a function that opens tabs; fail the test if one reached out or broke."""
    used: list[Watched] = []
    tabs: list[Page] = []

    def open_tab(url: str, *, device: str = "phone", language: str = "fr", dark: bool = False) -> Page:
        watched = devices(device, language, dark)
        if watched not in used:
            used.append(watched)
        tabs.append(watched.context.new_page())
        return open_app(tabs[-1], url)

    yield open_tab
    for tab in tabs:
        tab.close()
    faults = [fault for watched in used for fault in watched.faults()]
    assert not faults, faults
