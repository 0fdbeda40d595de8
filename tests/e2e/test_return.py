"""A connection that drops and returns, in a real browser: its client reconnects by itself."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.browser import (
    PATIENCE,
    see,
    see_address,
    see_heading,
    semantics,
    tap,
    texts,
    until,
    wait_for_app,
)
from tests.e2e.conftest import NOW, Serve, ServeSandbox, Visit
from tests.e2e.test_journeys import EN, FR, Said, see_period, see_rows, sign_in
from tests.harness.patience import stretched
from tests.harness.processes import Server

TWO_FRAMES = """() => new Promise((drawn) =>
  requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))"""


class Cable:
    """Cable between the browser and a server, which can be pulled out; `url` is the browser's end."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._in_place = threading.Event()
        self._in_place.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def pull_out(self) -> None:
        """End every connection, and let new ones wait."""
        self._in_place.clear()
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def put_back(self) -> None:
        self._in_place.set()

    def close(self) -> None:
        self._listening.close()
        self.pull_out()
        self.put_back()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            self._in_place.wait()
            with socket.create_connection(("127.0.0.1", self._server.port)) as far:
                with self._lock:
                    self._ends |= {near, far}
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                _copy(near, far)
                back.join()
                with self._lock:
                    self._ends -= {near, far}


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def app(serve: Serve, serve_sandbox: ServeSandbox) -> Server:
    """Return an app that the tests restart, on a sandbox of the demo subscribers."""
    return serve(backend=serve_sandbox(now=NOW).url)


@pytest.fixture
def cable(app: Server) -> Iterator[Cable]:
    with contextlib.closing(Cable(app)) as cable:
        yield cable


def on_purchases(page: Page) -> None:
    """Sign in where the address leads, and look at March."""
    sign_in(page, FR, "camille@demo.example")
    see_period(page, FR.june)
    tap(page, FR.march)
    see_period(page, FR.march)
    see_rows(page)


def test_the_screen_is_true_and_obeys_after_the_network_was_away(cable: Cable, visit: Visit) -> None:
    page = visit(f"{cable.url}/achats")
    on_purchases(page)
    read = see_rows(page)
    came: list[object] = []  # over the connections that follow

    def receive(frame: object) -> None:
        came.append(frame)

    page.on("websocket", lambda one: one.on("framereceived", receive))
    cable.pull_out()
    page.wait_for_timeout(1_000)
    cable.put_back()
    until(page, lambda: came, "nothing comes back")
    page.wait_for_function(
        TWO_FRAMES, timeout=stretched(PATIENCE) * 1000
    )  # a browser that froze answers nothing else
    tap(page, "Facture de mai")
    see_period(page, "Facture de mai")
    see(page, "Facturé en mai")
    until(page, lambda: see_rows(page) != read, "still the purchases of March")
    see_address(page, "/achats?periode=2026-05")


def notice(page: Page) -> str:
    """Return what the page says about its connection, to be announced at once."""
    return str(page.evaluate("document.querySelector('#offline[role=alert]')?.innerText ?? ''"))


@pytest.mark.parametrize(
    ("language", "said", "sentence"),
    [
        ("fr", FR, "Connexion interrompue."),
        pytest.param("en", EN, "Connection lost.", marks=pytest.mark.nightly),
    ],
)
def test_screen_stays_readable_under_a_notice_while_the_server_is_away(
    app: Server, cable: Cable, visit: Visit, language: str, said: Said, sentence: str
) -> None:
    page = visit(f"{cable.url}/achats", language=language)
    sign_in(page, said, "camille@demo.example")
    read = see_rows(page)
    cable.pull_out()
    app.stop()
    until(page, lambda: sentence in notice(page), "no notice", within=90)
    page.wait_for_function(TWO_FRAMES, timeout=stretched(PATIENCE) * 1000)
    assert see_rows(page) == read
    assert "Working" not in " ".join(texts(page))
    app.start()
    cable.put_back()
    see_heading(page, said.sign_in, within=90)
    see(page, said.each_tab)
    assert notice(page) == ""


def is_dark(page: Page) -> bool:
    """Return whether the corner of the page is darker than a middle gray."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        level = picture.convert("L").getpixel((2, 2))
    assert isinstance(level, int | float)
    return level < 128


def heading_height(page: Page) -> float:
    return max((node.height for node in semantics(page) if node.level == 1), default=0)


@pytest.mark.nightly
def test_preferences_after_a_server_restart_under_an_open_tab_are_those_of_the_browser(
    app: Server, cable: Cable, visit: Visit
) -> None:
    page = visit(f"{cable.url}/reglages", language="en")
    sign_in(page, EN, "camille@demo.example")
    see_heading(page, "Settings")
    for chosen, heading in (("200%", "Settings"), ("Dark", "Settings"), ("Français", "Réglages")):
        tap(page, chosen)
        see_heading(page, heading)
    large = heading_height(page)
    until(page, lambda: is_dark(page), "the page does not turn dark")
    for _ in range(2):
        cable.pull_out()
        app.stop()
        app.start()
        cable.put_back()
        see_heading(page, FR.sign_in, within=90)
        until(page, lambda: is_dark(page), "the page is light after the restart")
        until(page, lambda: heading_height(page) > 0.7 * large, "the text is small after the restart")
        page.reload()
        wait_for_app(page)
        see_heading(page, FR.sign_in)
