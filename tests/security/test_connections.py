"""Web host under abusive connections: too much data, too slow, silent, not reading."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import flet as ft
import pytest
import uvicorn
from websockets.asyncio.client import connect

from tests.harness.patience import stretched
from tests.security.hostile import registration
from views.web.app import listen, web_app, web_server
from views.web.connections import ConnectionLimits

PATIENCE = 30.0
ASSETS = Path(__file__).parents[2] / "assets"
HOST = b"Host: localhost\r\n"
GET = b"GET /boot.js HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SHORT = ConnectionLimits(request_time=0.5, idle_time=1, read_time=0.5, ping_interval=0.2, ping_time=1.0)


class Served:
    """Web app in a thread on a real socket."""

    def __init__(self, server: uvicorn.Server, port: int) -> None:
        self.server, self.port = server, port

    def open(self, *, source: str = "127.0.0.1", receive_buffer: int | None = None) -> socket.socket:
        """Return a new connection from this loopback address."""
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", self.port))
        return connection

    def answers(self) -> bool:
        """Return whether an ordinary request is answered."""
        with self.open() as connection, suppress(ConnectionError):
            connection.sendall(GET)
            return connection.recv(100).startswith(b"HTTP/1.1 200")
        return False

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


@contextmanager
def served(limits: ConnectionLimits, start: Callable[[ft.Page], None] | None = None) -> Iterator[Served]:
    """Serve the web app until the block ends; `start` draws its pages."""

    async def main(page: ft.Page) -> None:
        if start is not None:
            start(page)

    with listen("127.0.0.1", 0) as listening:
        server = web_server(web_app(main, ASSETS), limits=limits)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield Served(server, listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def until(condition: Callable[[], object], missing: str) -> None:
    deadline = time.monotonic() + stretched(PATIENCE)
    while not condition():
        assert time.monotonic() < deadline, missing
        time.sleep(0.01)


def ended(connection: socket.socket) -> bytes:
    """Read until the host closes the connection; return the received bytes."""
    said = b""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            said += data
    return said


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: local",
        GET + b"GET / HT",
        UPGRADE,
        UPGRADE + b"X: 1\r\n" * 200 + b"\r\n",
        UPGRADE + b"Cookie: " + b"a" * 9000 + b"\r\n\r\n",
        UPGRADE + b"Content-Length: 5\r\n\r\nhello",
    ],
)
def test_incomplete_request_is_disconnected(sent: bytes) -> None:
    with served(SHORT) as host, host.open() as connection:
        connection.sendall(sent)
        ended(connection)
        until(host.answers, "others are not answered")


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX: ", GET + b"GET / HTTP/1.1\r\nX: "])
def test_slow_request_is_disconnected(begun: bytes) -> None:
    with served(SHORT) as host, host.open() as connection:
        connection.sendall(begun)
        deadline = time.monotonic() + stretched(PATIENCE)
        with suppress(ConnectionError):
            while time.monotonic() < deadline:
                connection.sendall(b"a")
                time.sleep(0.02)
        assert time.monotonic() < deadline, "still open"


def test_endless_header_is_disconnected_within_bounds() -> None:
    with served(ConnectionLimits()) as host, host.open() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        sent = 0
        with suppress(ConnectionError):
            while sent < 80_000_000:
                connection.sendall(b"a" * 100_000)
                sent += 100_000
        assert sent < 80_000_000
        assert host.answers()


@pytest.mark.parametrize(
    "request_", [b"POST / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n", b"PUT /upload HTTP/1.1\r\n"]
)
@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 5\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n", b"Content-Length: 9999999\r\n\r\n"],
)
def test_request_with_a_body_is_refused_unread(request_: bytes, body: bytes) -> None:
    with served(ConnectionLimits()) as host, host.open() as connection:
        connection.sendall(request_ + HOST + body)
        assert ended(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /main.dart.wasm HTTP/1.1\r\n" + HOST + b"\r\nzz zz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        UPGRADE + b"Cookie: \xe9\xff\r\nUser-Agent: \xff\r\n\r\n\xff\xff\xff\xff",
        UPGRADE + b"\r\n\x81\x82\0\0\0\0\xff\xff",
        UPGRADE + b"\r\n\x88\x81\0\0\0\0\xff",
    ],
)
def test_malformed_bytes_are_not_logged(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with served(SHORT) as host:
        logging.getLogger("uvicorn").addHandler(caplog.handler)  # it does not propagate to the root logger
        with host.open() as connection:
            connection.sendall(sent)
            assert b"Traceback" not in ended(connection)
        until(lambda: host.connections == 0, "the connection stays")
        until(host.answers, "others are not answered")
        logging.getLogger("uvicorn").removeHandler(caplog.handler)
    assert not caplog.records


def test_pending_connection_over_the_address_limit_evicts_the_oldest_of_its_address() -> None:
    limits = ConnectionLimits(pending=8, pending_per_address=3)
    with served(limits) as host, ExitStack() as stack:
        other = stack.enter_context(host.open(source="127.0.0.2"))
        first, *_ = [stack.enter_context(host.open()) for _ in range(20)]
        assert ended(first) == b""
        until(lambda: host.connections == 4, "more than one address may have")
        assert host.answers()
        other.sendall(GET)
        assert other.recv(100).startswith(b"HTTP/1.1 200")


def test_pending_connections_of_many_addresses_stay_within_the_global_limit() -> None:
    limits = ConnectionLimits(pending=5, pending_per_address=3)
    with served(limits) as host, ExitStack() as stack:
        for number in range(1, 31):
            stack.enter_context(host.open(source=f"127.0.0.{number}"))
        until(lambda: host.connections == 5, "more than all addresses may have")
        assert host.answers()


def test_connection_over_the_limit_is_refused_until_others_end() -> None:
    with served(ConnectionLimits(most=3)) as host:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(host.open()).sendall(GET)
            until(lambda: host.connections == 3, "connections are missing")
            assert not host.answers()
        until(host.answers, "refused though there is room")


def test_client_that_does_not_read_a_file_is_disconnected() -> None:
    with served(SHORT) as host, host.open(receive_buffer=4096) as connection:
        connection.sendall(b"GET /main.dart.wasm HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.recv(8) == b"HTTP/1.1"
        until(lambda: host.connections == 0, "the response waits for ever")


def test_client_that_does_not_read_its_screens_is_disconnected() -> None:
    def draw(page: ft.Page) -> None:
        for number in range(100):
            page.title = f"{number}" * 100_000
            page.update()

    with served(SHORT, draw) as host, host.open(receive_buffer=4096) as connection:
        connection.sendall(UPGRADE + b"\r\n")
        assert connection.recv(12) == b"HTTP/1.1 101"
        body = registration()
        connection.sendall(b"\x82\xfe" + len(body).to_bytes(2, "big") + bytes(4) + body)
        until(lambda: host.connections == 0, "the screens wait for ever")


async def test_compression_keeps_no_memory_for_the_messages_of_a_client() -> None:
    with served(ConnectionLimits()) as host:
        address = f"ws://127.0.0.1:{host.port}/ws"
        async with connect(address, compression="deflate", max_size=None, proxy=None) as connection:
            await connection.send(registration())
            assert await connection.recv()
            assert connection.response is not None
            agreed = connection.response.headers["Sec-WebSocket-Extensions"].split("; ")
            assert {"permessage-deflate", "client_no_context_takeover", "server_max_window_bits=12"} <= {
                *agreed
            }


async def test_client_without_pong_is_disconnected_and_one_with_pong_stays() -> None:
    with served(SHORT) as host:
        async with connect(f"ws://127.0.0.1:{host.port}/ws", proxy=None) as honest:
            await honest.send(registration())
            with host.open() as silent:
                silent.sendall(UPGRADE + b"\r\n")
                assert silent.recv(12) == b"HTTP/1.1 101"
                body = registration()
                silent.sendall(b"\x82\xfe" + len(body).to_bytes(2, "big") + bytes(4) + body)
                await asyncio.to_thread(ended, silent)
            async with asyncio.timeout(stretched(PATIENCE)):
                await (await honest.ping())
