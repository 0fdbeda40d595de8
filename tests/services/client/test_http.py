"""HTTP client on real sockets: network, TLS and proxy failures."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.session import StoredSession
from services.domain.errors import (
    BackendError,
    DeviceMisconfigured,
    UnexpectedAnswer,
    Unreachable,
)
from tests.harness.patience import stretched

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a server that answers with `talk`; yield its `host:port` and the request lines received."""
    told: list[bytes] = []
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                told.append(head.partition(b"\r\n")[0])
                await talk(head, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.add(asyncio.create_task(converse(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", told
    for conversation in conversations:
        conversation.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)


def saying(answer: bytes) -> Talk:
    """Return a handler that sends `answer` and closes the connection."""

    async def talk(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return talk


async def failure(address: str) -> BackendError:
    backend = Backend.at(address, MemoryStore(), timeout=3)
    with pytest.raises(BackendError) as caught:
        await backend.begin_sign_in("camille@demo.example")
    await backend.close()
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", Unreachable),
        (b"garbage\r\n\r\n", Unreachable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{", Unreachable),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", Unreachable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: \xff\xfe\r\n\r\n{}", UnexpectedAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: \xff\r\n\r\n{}", UnexpectedAnswer),
    ],
)
async def test_malformed_http_answer_raises_its_backend_error(
    answer: bytes, kind: type[BackendError]
) -> None:
    async with listening(saying(answer)) as (place, _):
        assert type(await failure(f"http://{place}")) is kind


async def test_refused_connection_raises_unreachable() -> None:
    async with listening(saying(b"")) as (place, _):
        pass
    assert type(await failure(f"http://{place}")) is Unreachable


async def test_server_that_never_answers_times_out() -> None:
    async def silent(_: bytes, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with listening(silent) as (place, _):
        backend = Backend.at(f"http://{place}", MemoryStore(), timeout=0.2)
        async with asyncio.timeout(stretched(3)):
            with pytest.raises(Unreachable):
                await backend.begin_sign_in("camille@demo.example")
        await backend.close()


async def test_redirect_is_not_followed_and_sends_no_token() -> None:
    async with listening(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as (elsewhere, told):
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        async with listening(saying(moved.encode())) as (place, _):
            store = MemoryStore()
            await store.save(StoredSession(3, "token", 2**40, "camille@demo.example").encode())
            backend = Backend.at(f"http://{place}", store)
            await backend.resume()
            with pytest.raises(UnexpectedAnswer):
                await backend.account()
            await backend.close()
        assert told == []


async def test_system_proxy_is_used_except_for_the_local_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(saying(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")) as (proxy, through_it):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://{proxy}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        assert type(await failure("https://backend.example")) is Unreachable
        assert set(through_it) == {b"CONNECT backend.example:443 HTTP/1.1"}
        through_it.clear()
        async with listening(saying(b"HTTP/1.1 410 No\r\nContent-Length: 0\r\n\r\n")) as (place, told):
            assert type(await failure(f"http://{place}")) is UnexpectedAnswer
            assert len(told) == 1
        assert through_it == []


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove the proxy and certificate variables from the environment."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


LEAKS_WHERE_SOCKS_FAILS = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""httpcore leaves the socket of a failed SOCKS negotiation to the garbage collector."""


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect garbage within the test, so that its leaks are not reported in another test."""
    yield
    gc.collect()


@asynccontextmanager
async def answering_bytes(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a server that sends one of `answers` per message; yield its `host:port` and the messages."""
    heard: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            for answer in answers:
                heard.append(await reader.read(1000))
                writer.write(answer)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


@LEAKS_WHERE_SOCKS_FAILS
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h", "SOCKS5"])
async def test_socks_proxy_is_asked_for_the_backend(
    scheme: str, plain_environment: pytest.MonkeyPatch
) -> None:
    # RFC 1928: no authentication needed, then "host unreachable"
    async with answering_bytes(b"\5\0", b"\5\4\0\1\0\0\0\0\0\0") as (proxy, heard):
        plain_environment.setenv("all_proxy", f"{scheme}://{proxy}/")
        assert type(await failure("https://backend.example")) is Unreachable
    assert b"backend.example" in heard[1]


async def test_login_with_special_characters_reaches_the_proxy(
    plain_environment: pytest.MonkeyPatch,
) -> None:
    refused = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"
    async with answering_bytes(refused) as (proxy, heard):
        plain_environment.setenv("HTTPS_PROXY", f"camille:p@s%23:%C3%A9@{proxy}")
        assert type(await failure("https://backend.example")) is Unreachable
    expected = b64encode("camille:p@s#:é".encode())
    assert b"Proxy-Authorization: Basic " + expected in heard[0]


@LEAKS_WHERE_SOCKS_FAILS
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 No\r\n\r\n", b"\5", b"\5\xff"])
async def test_socks_proxy_that_speaks_another_protocol_is_unreachable(
    answer: bytes, plain_environment: pytest.MonkeyPatch
) -> None:
    async with answering_bytes(answer) as (proxy, _):
        plain_environment.setenv("all_proxy", f"socks5://{proxy}")
        error = await failure("https://backend.example")
    assert type(error) is Unreachable
    assert not error.sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("https_proxy", "DIRECT"),
        ("https_proxy", "http://camille:Soleil#2026@proxy.example:3128"),
        ("SSL_CERT_FILE", "missing/cacert.pem"),
    ],
)
async def test_device_setting_that_cannot_be_used_fails_requests_without_its_secret(
    name: str, value: str, plain_environment: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plain_environment.setenv(name, value)
    error = await failure("https://backend.example")
    assert type(error) is DeviceMisconfigured
    assert name in caplog.text
    assert "Soleil" not in caplog.text + str(error)
