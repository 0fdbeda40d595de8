"""Command line of Conso et moi, and the only module that chooses the implementation of each role.

    python main.py [--web] [--host 127.0.0.1] [--port 8550] [--backend URL [--ca-file FILE]] [--version]
        [--session-timeout SECONDS] [--sessions-per-address N] [--allowed-host NAME]...
        [--trusted-proxy ADDRESS]...

The app opens a desktop window if a display exists, else it serves the web app; on a phone, it opens the
phone's own window. The exit code is 0 after the window is closed or the process is stopped.
If the app cannot start as asked, the exit code is 2, with one sentence on stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import os
import shutil
import signal
import socket as socket_module
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from socket import socket
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import flet as ft
from flet.utils import is_embedded, is_linux_server, is_mobile, is_pyodide

from services.domain.origins import is_loopback
from services.settings import SESSION_TIMEOUT, SESSIONS_PER_ADDRESS, VERSION, Runtime, Settings

if TYPE_CHECKING:  # a server listens before it imports modules that only pages need
    from ssl import SSLContext

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from services.client.credentials import CredentialStore
    from services.client.history_store import HistoryStore
    from services.client.offline import OfflineStore
    from services.client.sign_in_tries import Failures, SignInTries

ASSETS = Path(__file__).parent / "assets"
DOWNLOAD_STALLED = 10.0
"""Seconds without a byte after which the download of the desktop client is aborted."""

Start = Callable[[ft.Page], Awaitable[None]]

T = TypeVar("T")

log = logging.getLogger("conso-et-moi")


class Application:
    """The app, shared by all pages; its modules are imported and built when the first page is expected.

    Pages share only three objects: the sandbox, the SSL context of another backend, and the sign-in failures
    of each address. On the web one process serves many visitors, so that pages must share nothing else.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._imported: Future[None] | None = None
        self._sandbox: Sandbox | None = None
        self._failures: Failures | None = None
        self._authorities: SSLContext | None = None

    def preload(self) -> Future[None]:
        """Prepare the first page in a thread, off the event loop; later calls do nothing."""
        if self._imported is None:
            executor = ThreadPoolExecutor(1, thread_name_prefix="prepare")
            self._imported = executor.submit(self._import)
            if self._settings.backend is None:
                self._sandbox = Sandbox(executor.submit(self._build))
            executor.shutdown(wait=False)
        return self._imported

    def preload_for_server(self) -> None:
        """Prepare the first page; then exempt what pages share from the full garbage collections."""
        if self._imported is None:
            imported = self.preload()
            last = imported if self._sandbox is None else self._sandbox.future
            last.add_done_callback(freeze_shared)

    def _import(self) -> None:
        import views.app  # noqa: F401 - its screens take longest to import
        from services.client.sign_in_tries import Failures
        from services.client.trust import create_ssl_context
        from views.flet_compat.replaced_components import release_replaced_components

        release_replaced_components()
        self._failures = Failures() if self._settings.runtime is Runtime.WEB else None
        if self._settings.backend is not None:
            try:
                self._authorities = create_ssl_context(self._settings.ca_file)
            except ValueError:
                if self._settings.ca_file is not None:
                    raise  # no page may fall back on other certificates
                # The client of each page tries again, and its requests report the error.

    def _build(self) -> Starlette:
        try:
            return embedded_sandbox(self._settings)
        except Exception:  # visitors only see that their requests fail
            log.exception("the demonstration cannot be built")
            raise

    async def start(self, page: ft.Page) -> None:
        """Start the app on a page; Flet calls it once per page."""
        await await_future(self.preload())

        from services.client.backend import Backend
        from services.client.credentials import SESSION
        from services.client.simulated_faults import Demonstration
        from views.app import open_app

        settings = self._settings
        credentials, offline = credential_store(settings, SESSION), offline_store(settings)
        history = history_store(settings)
        demonstration = None
        if self._sandbox is not None:
            demonstration = Demonstration(self._sandbox, ready=self._sandbox.built)
            backend = demonstration.backend(credentials, offline, history)
        elif settings.backend is not None:
            backend = Backend.at(
                settings.backend, credentials, tls=self._authorities, offline=offline, history=history
            )
        if self._failures is not None:
            backend.sign_in_tries = visitor_tries(page, self._failures)
        await open_app(page, backend, settings, demonstration)
        if self._sandbox is not None and settings.runtime is Runtime.BROWSER:
            await asyncio.sleep(1)  # the browser has one thread: it draws the sign-in first
            await self._sandbox.built()


class Sandbox:
    """ASGI app that stands for the sandbox while it is built.

    Requests wait for the sandbox; drawing the sign-in does not.
    """

    def __init__(self, building: Future[Starlette]) -> None:
        self.future = building
        self.state = SimpleNamespace(start_over=self._start_over, history=self._history)

    async def built(self) -> None:
        """Wait until the sandbox is built; requests report a failure to build it."""
        with suppress(Exception):
            await await_future(self.future)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await await_future(self.future))(scope, receive, send)

    async def _start_over(self, identifier: str) -> None:
        await (await await_future(self.future)).state.start_over(identifier)

    async def _history(self) -> bytes:
        content: bytes = await (await await_future(self.future)).state.history()
        return content


def freeze_shared(_: Future[Any]) -> None:
    """Exempt all objects from garbage collections, unless a page exists, which would never be freed."""
    from views.flet_compat.sessions import live_pages  # phones have no web server

    if not live_pages():
        gc.freeze()


async def await_future(future: Future[T]) -> T:
    """Return the result of a thread. Cancelling one caller does not cancel the work for the others."""
    return await asyncio.shield(asyncio.wrap_future(future))


def embedded_sandbox(settings: Settings) -> Starlette:
    """Return the sandbox: in a file on a device, so that a stored session stays valid; else in memory."""
    from sqlalchemy.exc import SQLAlchemyError

    from services.client.http import utc_now
    from services.sandbox import SandboxSettings, create_app

    rules = SandboxSettings(tries_by_address=True)
    if not settings.runtime.on_the_web:
        file = settings.data_folder / "sandbox.sqlite3"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return create_app(f"sqlite:///{file}", clock=utc_now, settings=rules)
        except (OSError, SQLAlchemyError) as problem:
            log.warning("%s cannot be used (%s): this session will not be remembered", file, problem)
    return create_app("sqlite://", clock=utc_now, settings=rules)


def credential_store(settings: Settings, name: str) -> CredentialStore:
    """Return the store of the secret `name`, `SESSION` or `HISTORY`."""
    from services.client.credentials import KeyringStore, MemoryStore
    from services.client.http import IN_PROCESS

    origin = settings.backend or IN_PROCESS
    match settings.runtime:
        case Runtime.WEB | Runtime.BROWSER:  # the keyring belongs to the server, shared by all visitors
            return MemoryStore()
        case Runtime.PHONE:
            from views.core.secure_storage import SecureStorageStore

            return SecureStorageStore(origin, name=name)
        case Runtime.DESKTOP:
            return KeyringStore(origin, name=name)


def offline_store(settings: Settings) -> OfflineStore | None:
    """Return the encrypted store of the last answers; None on a web host, whose visitors share its disk."""
    if settings.runtime.on_the_web:
        return None
    from services.client.http import IN_PROCESS
    from services.client.offline import OfflineStore

    return OfflineStore(settings.data_folder, settings.backend or IN_PROCESS)


def history_store(settings: Settings) -> HistoryStore | None:
    """Return the encrypted store of the history; None on a web host, like `offline_store`."""
    if settings.runtime.on_the_web:
        return None
    from services.client.credentials import HISTORY
    from services.client.history_store import HistoryStore
    from services.client.http import IN_PROCESS, utc_now
    from services.client.offline import OfflineStore

    files = OfflineStore(settings.data_folder, settings.backend or IN_PROCESS, "history")
    return HistoryStore(credential_store(settings, HISTORY), files, clock=utc_now)


def visitor_tries(page: ft.Page, failures: Failures) -> SignInTries | None:
    """Return the sign-in tries of a web visitor's address, or None for a loopback address.

    A loopback address belongs to the owner of this machine, or to a proxy that is not declared as trusted.
    """
    from services.client.sign_in_tries import SignInTries, subscription_of
    from views.web.sessions import ADDRESS  # phones have no web server

    address: str = page.session.store.get(ADDRESS) or ""
    return None if is_loopback(address) else SignInTries(failures, subscription_of(address))


class CommandLine(argparse.ArgumentParser):
    """`ArgumentParser` that reports a mistake in one sentence, with exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def command_line() -> CommandLine:
    """Return the parser of the options of `python main.py`."""
    parser = CommandLine(
        prog="conso-et-moi", description="Follow your internet+ purchases: a window, or a web app."
    )
    parser.add_argument("--web", action="store_true", help="serve the web app instead of opening a window")
    parser.add_argument("--host", help="the address to serve on (127.0.0.1); implies --web")
    parser.add_argument("--port", type=int, help="the port to serve on (8550); implies --web")
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="PEM file of the only authorities trusted for the backend; else CONSO_CA_FILE",
    )
    parser.add_argument(
        "--backend", metavar="URL", help="https://host[:port]; else CONSO_BACKEND_URL, else the demonstration"
    )
    served = parser.add_argument_group("options of a web host")
    served.add_argument(
        "--session-timeout",
        type=int,
        metavar="SECONDS",
        help=f"time after which a session without a connection expires ({SESSION_TIMEOUT})",
    )
    served.add_argument(
        "--sessions-per-address",
        type=int,
        metavar="N",
        help=f"sessions of one address at the same time ({SESSIONS_PER_ADDRESS})",
    )
    served.add_argument(
        "--allowed-host",
        dest="allowed_hosts",
        action="append",
        metavar="NAME",
        help="a host name that browsers may use; repeatable",
    )
    served.add_argument(
        "--trusted-proxy",
        dest="trusted_proxies",
        action="append",
        metavar="ADDRESS",
        help="a proxy, or a network, trusted to name the visitor's address; repeatable",
    )
    parser.add_argument("--version", action="version", version=f"Conso et moi {VERSION}")
    return parser


def has_window() -> bool:
    """Return whether Flet's desktop client is present, or can be downloaded, as on the first start."""
    from flet_desktop import ensure_client_cached

    stalled = socket_module.getdefaulttimeout()
    # Flet sets no timeout: a silent server would block for ever
    socket_module.setdefaulttimeout(DOWNLOAD_STALLED)
    try:
        return has_client(ensure_client_cached())
    except Exception as problem:  # noqa: BLE001 - a captive portal's page, a truncated archive, a full disk
        log.warning(
            "no window: Flet's desktop client cannot be fetched (%s: %s); opening the web app in the browser",
            type(problem).__name__,
            " ".join(str(problem).split()),
        )
        return False
    finally:
        socket_module.setdefaulttimeout(stalled)


def has_client(folder: Path) -> bool:
    """Check that a folder holds a desktop client; remove it if not, so that the next start downloads it.

    Raises:
        FileNotFoundError: the downloaded archive holds something else.
    """
    started = (folder / "flet" / name for name in ("flet", "flet.exe"))
    if not any(os.access(each, os.X_OK) for each in (*started, *folder.glob("*.app"))):
        shutil.rmtree(folder, ignore_errors=True)
        raise FileNotFoundError("the archive holds no client")
    return True


def open_browser(address: str) -> None:
    """Open the web app in the browser, if there is one, without waiting for it."""
    import webbrowser

    Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()


def serve_web(settings: Settings, listening: socket) -> None:
    """Serve the web app on `listening` until the process is stopped."""
    from views.web.app import address_of, serve, web_app

    application = Application(settings)
    app = web_app(
        application.start,
        ASSETS,
        preload=application.preload_for_server,
        hosts=settings.served_names,
        session_timeout=settings.session_timeout,
        sessions_per_address=settings.sessions_per_address,
    )
    sys.stdout.write(f"Conso et moi: {address_of(listening)}\n")
    sys.stdout.flush()
    serve(app, listening, trusted_proxies=settings.trusted_proxies)


def refusal(problem: Exception, settings: Settings) -> str:
    """Return a sentence that says why the web app cannot listen at the requested address."""
    match getattr(problem, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {settings.port} of {settings.host} is in use: choose another with --port."
        case errno.EACCES:
            return f"Port {settings.port} needs more rights than yours: choose another with --port."
        case _:
            return f"{settings.host!r} is not an address of this machine: choose another with --host."


def packaged_start() -> Start:
    """Return the start function of a packaged app.

    A packaged app has no command line, so that a page shows an invalid setting of the environment.
    """
    runtime = Runtime.BROWSER if is_pyodide() else Runtime.PHONE if is_mobile() else Runtime.DESKTOP
    try:
        return Application(Settings.from_environment(runtime=runtime)).start
    except ValueError as problem:
        sentence = str(problem)

    async def explain(page: ft.Page) -> None:
        page.add(ft.SafeArea(ft.Text(sentence, selectable=True)))

    return explain


def configure_logging() -> None:
    """Log warnings and errors only, whatever level is set on a logger later.

    Below that level, Flet logs every keystroke (passwords included), SQLAlchemy every row, httpx every
    address.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.disable(logging.INFO)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the app; raise `SystemExit` when it is stopped or cannot start."""
    configure_logging()
    if is_embedded() or is_pyodide():  # packaged by `flet build`, or in a browser: no command line
        ft.run(packaged_start())
        return
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))

    parser = command_line()
    options = parser.parse_args(arguments)
    web = options.web or options.host is not None or options.port is not None or is_linux_server()
    chosen = {name: value for name, value in vars(options).items() if value is not None and name != "web"}
    try:
        settings = Settings.from_environment(**chosen, runtime=Runtime.WEB if web else Runtime.DESKTOP)
        settings.check_network()
    except ValueError as mistake:
        parser.error(str(mistake))
    if settings.runtime is Runtime.DESKTOP and has_window():
        ft.run(Application(settings).start, assets_dir=str(ASSETS))
        return

    from views.web.app import address_of, listen  # phones have no web server

    try:
        listening = listen(settings.host, settings.port)
    except (OSError, UnicodeError) as problem:
        parser.error(refusal(problem, settings))
    with listening:
        if settings.runtime is Runtime.DESKTOP:
            open_browser(address_of(listening))
        serve_web(replace(settings, runtime=Runtime.WEB), listening)


if __name__ == "__main__":
    main()
