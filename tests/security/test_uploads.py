"""Files sent to the web host: only announced files within the bound, and one to an address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import flet as ft
import httpx
import pytest

from services.settings import LARGEST_ON_THE_WEB
from tests.security.test_connections import ASSETS
from views.web import uploads as uploads_module
from views.web.app import listen, web_app, web_server
from views.web.connections import RefusesBodies
from views.web.uploads import MOST_AT_ONCE, Uploads


async def _draw(_: ft.Page) -> None:
    """Draw nothing: no test opens a session."""


@asynccontextmanager
async def served() -> AsyncIterator[tuple[httpx.AsyncClient, Uploads]]:
    """Serve the web app on a real socket until the block ends."""
    app = web_app(_draw, ASSETS)
    with listen("127.0.0.1", 0) as listening:
        server = web_server(app)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            port = listening.getsockname()[1]
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                yield client, app.state.uploads
        finally:
            server.should_exit = True
            await serving


@pytest.fixture
async def host() -> AsyncIterator[tuple[httpx.AsyncClient, Uploads]]:
    """Return a client of the web app without a socket, and the app's uploads."""
    app = web_app(_draw, ASSETS)
    way = httpx.ASGITransport(RefusesBodies(app))
    async with httpx.AsyncClient(transport=way, base_url="http://localhost") as client:
        yield client, app.state.uploads


Host = tuple[httpx.AsyncClient, Uploads]


async def test_announced_file_arrives_once() -> None:
    async with served() as (client, uploads):
        address, content = uploads.expect()
        file = bytes(LARGEST_ON_THE_WEB)
        assert (await client.put(address, content=file)).status_code == 204
        assert content.result() == file
        assert (await client.put(address, content=b"again")).status_code == 404


async def test_file_over_the_bound_is_refused_unread(host: Host) -> None:
    client, uploads = host
    address, content = uploads.expect()
    assert (await client.put(address, content=bytes(LARGEST_ON_THE_WEB + 1))).status_code == 413
    assert content.cancelled()


async def test_file_of_unknown_length_is_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 1000

    async with served() as (client, uploads):
        address, content = uploads.expect()
        assert (await client.put(address, content=chunks())).status_code == 413
        assert content.cancelled()


async def test_unannounced_or_withdrawn_address_is_refused(host: Host) -> None:
    client, uploads = host
    assert (await client.put("/import/x", content=b"x" * 1000)).status_code == 404
    address, content = uploads.expect()
    content.cancel()
    await asyncio.sleep(0)
    assert (await client.put(address, content=b"x")).status_code == 404
    assert not uploads._expected


@pytest.mark.parametrize(("method", "path"), [("POST", "/import/x"), ("PUT", "/import"), ("PUT", "/x")])
async def test_other_requests_with_a_body_are_refused(host: Host, method: str, path: str) -> None:
    client, _ = host
    assert (await client.request(method, path, content=b"x")).status_code == 413


async def test_files_over_the_limit_at_once_are_refused(host: Host) -> None:
    client, uploads = host
    uploads._arriving = MOST_AT_ONCE
    address, content = uploads.expect()
    assert (await client.put(address, content=b"x")).status_code == 503
    assert content.cancelled()


async def test_each_address_is_random() -> None:
    uploads = Uploads()
    addresses = {uploads.expect()[0] for _ in range(100)}
    assert len(addresses) == 100
    assert all(len(address) >= 50 for address in addresses)


async def test_connection_that_ends_early_gives_no_file() -> None:
    async with served() as (client, uploads):
        address, content = uploads.expect()
        host, port = client.base_url.host, client.base_url.port
        _, writer = await asyncio.open_connection(host, port)
        writer.write(f"PUT {address} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc".encode())
        await writer.drain()
        writer.close()
        await asyncio.wait([content], timeout=30)
        assert content.cancelled()


async def test_sender_that_stops_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads_module, "LONGEST_ARRIVAL", 0.1)
    async with served() as (client, uploads):
        address, content = uploads.expect()
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(f"PUT {address} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc".encode())
        await writer.drain()
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        assert content.cancelled()
        assert uploads._arriving == 0
