"""The command line, by real processes; and what the composition root picks for each kind of device."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import flet as ft
import msgpack  # type: ignore[import-untyped] # it has no py.typed
import pytest
from flet.messaging.protocol import MessageAction
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from main import credential_store, embedded_sandbox, offline_store
from services.credentials import CredentialStore, KeyringStore, MemoryStore
from services.offline import OfflineStore
from services.settings import Settings
from views.ui.secure_storage import SecureStorageStore

from .driver import Driver
from .ports import free_port

ROOT = Path(__file__).parent.parent
# The port that is served by default may be taken on the machine that runs the tests.
INSTEAD_OF_SERVING = """
import socket, main, views.web
views.web.listen = lambda host, port: socket.socket()
main.serve_web = lambda settings, listening: print(settings.web, settings.port)
main.main([])
"""
DEAD_BACKEND = "http://127.0.0.1:9"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what would choose a backend, a display or a port."""
    ours = ("CONSO_BACKEND_URL", "DISPLAY", "WAYLAND_DISPLAY")
    kept = {
        name: value for name, value in os.environ.items() if name not in ours and not name.startswith("FLET_")
    }
    return kept | changes


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def python(program: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that runs `program`: nothing imported, no logging set up."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def serving(*arguments: str, **changes: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The web app in a process of its own, and the address it prints."""
    command = [sys.executable, "main.py", "--port", str(free_port()), *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("Conso et moi: http://127.0.0.1:"), process.communicate()
            yield process, said.split()[-1]
        finally:
            process.kill()


def get(address: str, path: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@contextmanager
def visitor(address: str, origin: str) -> Iterator[None]:
    """Someone with the app on screen, in a page that came from `origin`."""
    first_words = {
        "session_id": "",
        "page_name": "",
        "page": {"route": "/", "web": True, "platform": "linux"},
    }
    endpoint = address.replace("http://", "ws://") + "/ws"
    with connect(endpoint, origin=Origin(origin)) as connection:
        connection.send(b"\0" + msgpack.packb([MessageAction.REGISTER_CLIENT.value, first_words]))
        connection.recv(timeout=10)
        yield


def test_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    result = run("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"Conso et moi {version}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--porte", "9000"], "--porte"),
        (["--port", "http"], "http"),
        (["--port", "65536"], "65535"),
        (["--port", "-1"], "65535"),
        (["--backend", "backend.example"], "malformed"),
        (["--backend", "ftp://backend.example"], "malformed"),
        (["--backend", "http://backend.example"], "https://"),
        (["--backend", "https://backend.example/v1"], "host and port"),
        (["--port", "9000", "--host", "192.0.2.1"], "192.0.2.1"),
        (["--port", "9000", "--host", "nowhere.invalid"], "nowhere.invalid"),
        (["--port", "9000", "--host", "x" * 70], "not an address"),
        (["--port", "9000", "--host", ""], "not an address"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence_and_exit_code_2(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("conso-et-moi: ")
    assert said in result.stderr


def test_a_bad_address_in_the_environment_is_a_mistake_too_and_its_password_is_not_repeated() -> None:
    result = run("--web", CONSO_BACKEND_URL="https://camille:Soleil-2026@backend.example")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Soleil-2026" not in result.stderr


def test_a_port_in_use_is_a_mistake() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert port in result.stderr
    assert "in use" in result.stderr


def test_the_web_app_is_served_with_safe_headers_and_nothing_else() -> None:
    with serving("--backend", DEAD_BACKEND) as (_, address):
        for path in ("/", "/achats?periode=2024-03", "/main.dart.js"):
            response, _ = get(address, path)
            assert response.status == 200, path
            headers = response.headers
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
            assert "geolocation=()" in headers["Permissions-Policy"]
            assert "Access-Control-Allow-Origin" not in headers
            assert "Server" not in headers
        _, page = get(address, "/")
        assert b"<title>Conso et moi</title>" in page
        for path in ("/openapi.json", "/main.py", "/../pyproject.toml"):
            response, _ = get(address, path)
            assert response.status == 404, path


def test_only_our_own_page_may_open_the_interface() -> None:
    with serving("--backend", DEAD_BACKEND) as (_, address):
        with pytest.raises(InvalidStatus) as refused, visitor(address, origin="https://elsewhere.example"):
            raise AssertionError("another site's page was let in")
        assert refused.value.response.status_code == 403
        with visitor(address, origin=address):
            pass


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_with_a_visitor(stop: signal.Signals) -> None:
    with serving("--backend", DEAD_BACKEND) as (process, address):
        with visitor(address, origin=address):
            process.send_signal(stop)
            said, complained = process.communicate(timeout=20)
        assert (process.returncode, said, complained) == (0, "", "")


def test_a_visitor_who_never_says_a_word_does_not_keep_it_from_ending() -> None:
    with serving("--backend", DEAD_BACKEND) as (process, address):
        with connect(address.replace("http://", "ws://") + "/ws"):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        assert process.returncode == 0


def test_without_a_display_or_an_option_it_serves_the_web_app() -> None:
    result = python(INSTEAD_OF_SERVING)
    assert (result.returncode, result.stdout, result.stderr) == (0, "True 8550\n", "")


def test_with_a_display_it_opens_a_window_and_ends_with_it(tmp_path: Path) -> None:
    from flet_desktop.version import version

    client = tmp_path / ".flet" / "client" / f"flet-desktop-light-{version}" / "flet" / "flet"
    client.parent.mkdir(parents=True)
    client.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n', encoding="utf-8")
    client.chmod(0o755)
    result = run(DISPLAY=":9", HOME=str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert str(ROOT / "assets") in (tmp_path / "opened").read_text(encoding="utf-8")


def test_a_window_that_cannot_be_had_is_replaced_by_the_web_app(tmp_path: Path) -> None:
    nowhere = {"DISPLAY": ":9", "HOME": str(tmp_path), "FLET_CLIENT_URL": "http://127.0.0.1:9/client"}
    result = python(INSTEAD_OF_SERVING, **nowhere)
    assert result.returncode == 0
    assert result.stdout.splitlines()[-1] == "True 8550"
    assert "desktop client cannot be fetched" in result.stderr


def test_another_backend_leaves_the_sandbox_out() -> None:
    program = """
import sys, main
from services.settings import Settings
main.Application(Settings.from_environment(backend="https://backend.example")).expect().result()
print("services.sandbox" in sys.modules)
"""
    result = python(program)
    assert (result.returncode, result.stdout) == (0, "False\n")


def test_nothing_that_would_log_a_keystroke_is_ever_turned_on() -> None:
    program = """
import logging, main
main.configure_logging()
logging.getLogger().setLevel(logging.DEBUG)
print([n for n in ("flet_transport", "httpx", "httpcore") if logging.getLogger(n).isEnabledFor(logging.INFO)])
"""
    result = python(program, FLET_LOG_LEVEL="DEBUG")
    assert (result.returncode, result.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("web", "platform", "kind"),
    [
        (True, ft.PagePlatform.LINUX, MemoryStore),
        (True, ft.PagePlatform.ANDROID, MemoryStore),
        (False, ft.PagePlatform.LINUX, KeyringStore),
        (False, ft.PagePlatform.MACOS, KeyringStore),
        (False, ft.PagePlatform.WINDOWS, KeyringStore),
        (False, ft.PagePlatform.ANDROID, SecureStorageStore),
        (False, ft.PagePlatform.IOS, SecureStorageStore),
    ],
)
async def test_each_device_has_its_store_and_the_web_never_the_server_s_keyring(
    web: bool, platform: ft.PagePlatform, kind: type, tmp_path: Path
) -> None:
    stores: list[CredentialStore] = []

    def start(page: ft.Page) -> None:
        stores.append(credential_store(page, Settings(data_folder=tmp_path)))

    async with Driver(start, web=web, platform=platform):
        assert [type(store) for store in stores] == [kind]


@pytest.mark.parametrize(
    ("web", "platform"),
    [(True, ft.PagePlatform.LINUX), (True, ft.PagePlatform.ANDROID), (False, ft.PagePlatform.LINUX)],
)
async def test_only_a_device_keeps_what_was_read(
    web: bool, platform: ft.PagePlatform, tmp_path: Path
) -> None:
    stores: list[OfflineStore | None] = []

    def start(page: ft.Page) -> None:
        for backend in (None, "https://backend.example"):
            stores.append(offline_store(page, Settings(data_folder=tmp_path, backend=backend)))

    async with Driver(start, web=web, platform=platform):
        folders = {store.folder for store in stores if store is not None}
    assert len(folders) == (0 if web else 2)
    assert {folder.parent for folder in folders} <= {tmp_path}


def test_the_sandbox_is_kept_on_a_device_and_forgotten_on_the_web(tmp_path: Path) -> None:
    embedded_sandbox(Settings(data_folder=tmp_path / "web", web=True))
    assert not (tmp_path / "web").exists()
    embedded_sandbox(Settings(data_folder=tmp_path / "device"))
    assert (tmp_path / "device" / "sandbox.sqlite3").stat().st_size > 0


@pytest.mark.parametrize("damaged", [True, False])
def test_a_data_folder_that_cannot_be_used_is_not_fatal(
    damaged: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if damaged:
        folder = tmp_path
        (folder / "sandbox.sqlite3").write_text("not a database " * 100, encoding="utf-8")
    else:
        folder = tmp_path / "file" / "data"
        (tmp_path / "file").touch()
    embedded_sandbox(Settings(data_folder=folder))
    assert "will not be remembered" in caplog.text
