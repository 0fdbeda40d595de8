"""Command line of the sandbox over HTTP: `python -m services.sandbox --help`."""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import platformdirs
import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette

from services.domain.origins import backend_origin
from services.sandbox import BadData, Clock, SandboxSettings, Subscriber, create_app, parse_subscribers


class CannotStart(Exception):
    """Reason why the sandbox cannot start, in one sentence."""


def main(arguments: list[str] | None = None, *, settings: SandboxSettings | None = None) -> None:
    """Serve until stopped. An invalid option is reported in one sentence, with exit code 2.

    `settings` replaces the sandbox's limits.
    """
    try:
        _serve(_options(arguments), settings or SandboxSettings())
    except CannotStart as reason:
        sys.stderr.write(f"{' '.join(str(reason).split())}\n")
        sys.exit(2)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CannotStart(f"The options cannot be used: {message}.")


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="python -m services.sandbox", description="Serve the sandbox backend over HTTP.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8600, help="port to listen on, 0 for any (%(default)s)")
    parser.add_argument(
        "--database", metavar="URL", help="SQLAlchemy URL (a SQLite file in the app's folder)"
    )
    parser.add_argument("--data", metavar="FILE", type=Path, help="JSON file of subscribers (the demo's)")
    parser.add_argument(
        "--now", metavar="RFC3339", type=_moment, help="fixed time of the clock (the real time)"
    )
    parser.add_argument(
        "--latency", metavar="SECONDS", type=_seconds, default=0.0, help="delay before each answer (0)"
    )
    parser.add_argument(
        "--issuer",
        metavar="URL",
        type=_origin,
        help="origin that clients use, behind a proxy (the address it listens on)",
    )
    return parser.parse_args(arguments)


def _serve(options: argparse.Namespace, settings: SandboxSettings) -> None:
    subscribers = _subscribers(options.data)
    with _listen(options.host, options.port) as listener:
        port = listener.getsockname()[1]
        database = options.database or _default_database(port)
        app = _create_app(database, subscribers, options, settings)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            date_header=False,
            server_header=False,
            proxy_headers=False,  # tries are counted by address, which no client may choose by a header
            timeout_graceful_shutdown=2,  # complete requests end by then; incomplete ones never end
        )
        host = f"[{options.host}]" if ":" in options.host else options.host
        sys.stdout.write(f"The sandbox answers on http://{host}:{port}\n")
        sys.stdout.flush()
        server = uvicorn.Server(config)

        def stop(*_: object) -> None:
            if not server.should_exit:  # uvicorn raises the signal again after it has closed
                sys.exit(0)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        with contextlib.closing(app.state.store):
            server.run(sockets=[listener])


def _create_app(
    database: str,
    subscribers: tuple[Subscriber, ...] | None,
    options: argparse.Namespace,
    settings: SandboxSettings,
) -> Starlette:
    try:
        return create_app(
            database,
            subscribers=subscribers,
            clock=_clock(options.now),
            latency=options.latency,
            settings=settings,
            issuer=options.issuer,
        )
    except (SQLAlchemyError, ImportError) as error:
        cause = getattr(error, "orig", None) or error
        raise CannotStart(f"The database cannot be used: {cause}") from error


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family)
    except OSError as error:
        raise CannotStart(f"{host}:{port} cannot be used to listen on: {error.strerror or error}.") from error
    return listener


def _subscribers(file: Path | None) -> tuple[Subscriber, ...] | None:
    if file is None:
        return None
    try:
        return parse_subscribers(file.read_bytes())
    except OSError as error:
        raise CannotStart(f"The data file {file} cannot be read: {error.strerror}.") from error
    except BadData as fault:
        raise CannotStart(f"The data file {file} is refused: {fault}.") from fault


def _default_database(port: int) -> str:
    """Return the URL of a file for this port, so that two sandboxes never share one by accident."""
    folder = platformdirs.user_data_path("conso-et-moi", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The folder {folder} cannot be created: {error.strerror}.") from error
    return f"sqlite:///{folder / f'sandbox-{port}.sqlite3'}"


def _clock(frozen: datetime | None) -> Clock:
    return (lambda: datetime.now(UTC)) if frozen is None else (lambda: frozen)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _origin(text: str) -> str:
    try:
        return backend_origin(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time, such as 2024-03-10T12:00:00+01:00"
        ) from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} needs a UTC offset, such as 2024-03-10T12:00:00+01:00")
    return moment


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


if __name__ == "__main__":
    main()
