"""Command line in real processes, and choices of the composition root per runtime."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import flet as ft
import msgpack  # type: ignore[import-untyped] # it has no py.typed
import pytest
from flet.messaging.protocol import MessageAction
from websockets.sync.client import connect
from websockets.typing import Origin

from main import credential_store, embedded_sandbox, offline_store
from services.client.credentials import SESSION, CredentialStore, KeyringStore, MemoryStore
from services.settings import Runtime, Settings
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.harness.patience import stretched
from tests.harness.ports import free_port
from tests.harness.processes import announced
from views.core.secure_storage import SecureStorageStore

ROOT = Path(__file__).parent.parent
# The port that is served by default may be taken on the machine that runs the tests.
INSTEAD_OF_SERVING = """
import socket, main, views.web.app
views.web.app.listen = lambda host, port: socket.socket()
main.serve_web = lambda settings, listening: print(settings.runtime, settings.port)
main.main([])
"""
DEAD_BACKEND = "http://127.0.0.1:9"


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of this process without backend, display, port and network settings."""
    ours = (
        "CONSO_BACKEND_URL",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE",
    )
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("FLET_") and not name.lower().endswith("_proxy")
    }
    return kept | changes


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=stretched(60),
        check=False,
    )


def python(program: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run `program` in a new interpreter, without imports or logging."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(**changes),
        capture_output=True,
        text=True,
        timeout=stretched(60),
        check=False,
    )


def serving(*arguments: str, **changes: str) -> AbstractContextManager[tuple[subprocess.Popen[str], str]]:
    """Run the web app in its own process; yield the process and its address."""
    command = [sys.executable, "main.py", "--port", str(free_port()), *arguments]
    return announced(command, environment=environment(**changes))


def get(address: str, path: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(address).netloc, timeout=stretched(10))
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@contextmanager
def visitor(address: str, origin: str) -> Iterator[None]:
    """Keep a session open from a page of `origin`."""
    first_words = {
        "session_id": "",
        "page_name": "",
        "page": {"route": "/", "web": True, "platform": "linux"},
    }
    endpoint = address.replace("http://", "ws://") + "/ws"
    with connect(endpoint, origin=Origin(origin)) as connection:
        connection.send(b"\0" + msgpack.packb([MessageAction.REGISTER_CLIENT.value, first_words]))
        connection.recv(timeout=stretched(10))
        yield


def test_version_option_prints_the_project_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    result = run("--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"Conso et moi {version}\n", "")


MISTAKES: list[tuple[list[str], str]] = [
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
]


@pytest.mark.parametrize(
    ("arguments", "said"),
    daily(
        MISTAKES,
        (["--porte", "9000"], "--porte"),
        (["--backend", "http://backend.example"], "https://"),
        (["--port", "9000", "--host", "192.0.2.1"], "192.0.2.1"),
    ),
)
def test_invalid_option_exits_with_2_and_one_sentence(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("conso-et-moi: ")
    assert said in result.stderr


def test_invalid_backend_in_the_environment_exits_with_2_without_its_password() -> None:
    result = run("--web", CONSO_BACKEND_URL="https://camille:Soleil-2026@backend.example")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "Soleil-2026" not in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("https_proxy", "DIRECT"),
        ("HTTPS_PROXY", "http://camille:Soleil#2026@proxy.example:3128"),
        ("all_proxy", "http://proxy.example:port"),
        ("SSL_CERT_FILE", "missing/cacert.pem"),
        ("SSL_CERT_FILE", "README.md"),
        ("SSL_CERT_DIR", "missing"),
        ("SSLKEYLOGFILE", "missing/keys.log"),
    ],
)
def test_unusable_network_setting_exits_with_2_and_one_sentence(name: str, value: str) -> None:
    result = run("--web", "--backend", "https://backend.example", **{name: value})
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.lower().startswith("conso-et-moi: ")
    assert name.lower() in result.stderr.lower()
    assert "Soleil" not in result.stderr


def test_unusable_network_setting_does_not_stop_the_demonstration() -> None:
    with serving(https_proxy="DIRECT", SSL_CERT_FILE="missing/cacert.pem") as (_, address):
        assert get(address, "/")[0].status == 200


def test_port_in_use_exits_with_2_and_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert port in result.stderr
    assert "in use" in result.stderr


def test_health_endpoint_answers_only_known_host_names() -> None:
    with serving() as (_, address):
        response, body = get(address, "/healthz")
        assert (response.status, body) == (200, b'{"status":"ok"}')
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["set-cookie"] is None
        connection = HTTPConnection(urlsplit(address).netloc, timeout=stretched(10))
        connection.request("GET", "/healthz", headers={"Host": "elsewhere.example"})
        assert connection.getresponse().status == 400
        connection.close()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_signal_with_an_open_session_ends_the_server_cleanly(stop: signal.Signals) -> None:
    with serving("--backend", DEAD_BACKEND) as (process, address):
        with visitor(address, origin=address):
            process.send_signal(stop)
            said, complained = process.communicate(timeout=stretched(20))
        assert (process.returncode, said, complained) == (0, "", "")


def test_signal_with_a_silent_connection_ends_the_server() -> None:
    with serving("--backend", DEAD_BACKEND) as (process, address):
        with connect(address.replace("http://", "ws://") + "/ws"):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=stretched(20))
        assert process.returncode == 0


def test_start_without_a_display_serves_the_web_app() -> None:
    result = python(INSTEAD_OF_SERVING)
    assert (result.returncode, result.stdout, result.stderr) == (0, "web 8550\n", "")


def test_start_with_a_display_opens_a_window_and_ends_with_it(tmp_path: Path) -> None:
    from flet_desktop.version import version

    client = tmp_path / ".flet" / "client" / f"flet-desktop-light-{version}" / "flet" / "flet"
    client.parent.mkdir(parents=True)
    client.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n', encoding="utf-8")
    client.chmod(0o755)
    result = run(DISPLAY=":9", HOME=str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert str(ROOT / "assets") in (tmp_path / "opened").read_text(encoding="utf-8")


def archive(name: str, content: bytes = b"#!/bin/sh\n") -> bytes:
    """Return a compressed archive of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", *(headers or (f"Content-Length: {len(body)}",)), "Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


CLIENT = archive("flet/flet", os.urandom(100_000))
DOWNLOADS = {
    "a portal's page": answer(b"<html>Sign in to the network</html>"),
    "a cut body": answer(CLIENT[:50_000], f"Content-Length: {len(CLIENT)}"),
    "a body that ends early": answer(CLIENT[:50_000]),
    "an archive without a client": answer(archive("elsewhere/readme")),
    "an archive that leads out of its folder": answer(archive("../../flet")),
    "an empty body": answer(b""),
    "a length that is none": answer(CLIENT, "Content-Length: many"),
    "a status": answer(b"", status="503 Busy"),
    "a redirect to nowhere": answer(b"", "Location: http://[", "Content-Length: 0", status="302 Found"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing at all": b"",
    "silence": None,
    "silence in the middle": answer(CLIENT, f"Content-Length: {len(CLIENT)}")[:60_000],
}


@contextmanager
def downloads(content: bytes | None, *, silent: bool) -> Iterator[str]:
    """Serve `content` to every connection; a silent server keeps the connection open."""
    open_ones: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                open_ones.append(connection)
                if content is not None:
                    connection.recv(65_536)
                    connection.sendall(content)
                if not silent:
                    connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/client"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in open_ones:
                connection.close()


@pytest.mark.parametrize("name", daily(DOWNLOADS, "a portal's page", "silence in the middle"))
def test_failed_download_of_the_client_opens_the_browser(name: str, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    browser.chmod(0o755)
    program = INSTEAD_OF_SERVING.replace(
        "main.serve_web = ",
        "import threading\nmain.DOWNLOAD_STALLED = 1.0\n"
        "browser = lambda: [t.join() for t in threading.enumerate() if t.name == 'browser']\n"
        "main.serve_web = ",
    ).replace("print(settings.runtime", "browser() and print(settings.runtime")
    with downloads(DOWNLOADS[name], silent=name.startswith("silence")) as url:
        home = {"DISPLAY": ":9", "HOME": str(tmp_path), "FLET_CLIENT_URL": url, "BROWSER": f"{browser} %s"}
        result = python(program, TMPDIR=str(tmp_path), **home)
    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "web 8550")
    (sentence,) = result.stderr.splitlines()
    assert "Flet's desktop client cannot be fetched" in sentence
    assert "opening the web app in the browser" in sentence
    assert (tmp_path / "opened").read_text(encoding="utf-8").startswith("http://")
    assert not list(tmp_path.glob(".flet/client/*")), "the next start downloads it again"


def test_downloaded_client_opens_a_window(tmp_path: Path) -> None:
    content = archive("flet/flet", f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n'.encode())
    with downloads(answer(content), silent=False) as url:
        result = run(DISPLAY=":9", HOME=str(tmp_path), FLET_CLIENT_URL=url, TMPDIR=str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")
    assert str(ROOT / "assets") in (tmp_path / "opened").read_text(encoding="utf-8")


def test_another_backend_does_not_import_the_sandbox() -> None:
    program = """
import sys, main
from services.settings import Runtime, Settings
main.Application(Settings.from_environment(backend="https://backend.example")).preload().result()
print("services.sandbox" in sys.modules)
"""
    result = python(program)
    assert (result.returncode, result.stdout) == (0, "False\n")


@pytest.mark.parametrize(("pages", "freezes"), [([], True), (["a page"], False)])
def test_shared_objects_are_frozen_once_built_unless_a_page_exists(pages: list[str], freezes: bool) -> None:
    program = f"""
import gc, threading, main
from services.settings import Settings
from views.flet_compat import sessions
sessions.live_pages = lambda: {pages}
application = main.Application(Settings.from_environment(backend="https://backend.example"))
application.preload_for_server()
for thread in threading.enumerate()[1:]:
    thread.join()
print(gc.get_freeze_count() > 50_000)
"""
    result = python(program)
    assert (result.returncode, result.stdout) == (0, f"{freezes}\n")


def test_loggers_of_user_input_stay_disabled_at_debug_level() -> None:
    program = """
import logging, main
main.configure_logging()
logging.getLogger().setLevel(logging.DEBUG)
print([n for n in ("flet_transport", "httpx", "httpcore") if logging.getLogger(n).isEnabledFor(logging.INFO)])
"""
    result = python(program, FLET_LOG_LEVEL="DEBUG")
    assert (result.returncode, result.stdout) == (0, "[]\n")


@pytest.mark.parametrize(
    ("runtime", "kind"),
    [
        (Runtime.WEB, MemoryStore),
        (Runtime.BROWSER, MemoryStore),
        (Runtime.DESKTOP, KeyringStore),
        (Runtime.PHONE, SecureStorageStore),
    ],
)
async def test_credential_store_depends_only_on_the_runtime(
    runtime: Runtime, kind: type, tmp_path: Path
) -> None:
    stores: list[CredentialStore] = []

    def start(page: ft.Page) -> None:
        stores.append(credential_store(Settings(data_folder=tmp_path, runtime=runtime), SESSION))

    async with Driver(start):
        assert [type(store) for store in stores] == [kind]


@pytest.mark.parametrize(
    ("runtime", "count"), [(Runtime.WEB, 0), (Runtime.BROWSER, 0), (Runtime.DESKTOP, 2), (Runtime.PHONE, 2)]
)
def test_offline_store_on_the_web_is_none(runtime: Runtime, count: int, tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path, runtime=runtime)
    stores = [offline_store(settings), offline_store(replace(settings, backend="https://backend.example"))]
    folders = {store.folder for store in stores if store is not None}
    assert len(folders) == count
    assert {folder.parent for folder in folders} <= {tmp_path}


@pytest.mark.parametrize("runtime", [Runtime.WEB, Runtime.BROWSER])
def test_sandbox_is_stored_on_a_device_but_not_on_the_web(runtime: Runtime, tmp_path: Path) -> None:
    embedded_sandbox(Settings(data_folder=tmp_path / "web", runtime=runtime))
    assert not (tmp_path / "web").exists()
    embedded_sandbox(Settings(data_folder=tmp_path / "device"))
    assert (tmp_path / "device" / "sandbox.sqlite3").stat().st_size > 0


@pytest.mark.parametrize("damaged", [True, False])
def test_unusable_data_folder_is_reported_and_not_fatal(
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
