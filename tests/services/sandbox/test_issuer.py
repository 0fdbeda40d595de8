"""Issuer in the metadata: request headers cannot change it to another server."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from services.sandbox import create_app
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.harness.servers import served
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import people
from tests.services.sandbox.test_command_line import refusal
from tests.services.sandbox.test_command_line import served as command
from tests.services.sandbox.visitor import Visitor

PATH = "/.well-known/oauth-authorization-server"


@pytest.fixture
def address(app: Starlette) -> Iterator[str]:
    """Return the host and port of the sandbox over HTTP."""
    with served(app) as origin:
        yield urlsplit(origin).netloc


def ask(address: str, *headers: tuple[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask for the metadata with these headers and no others."""
    connection = http.client.HTTPConnection(address, timeout=stretched(10))
    with closing(connection):
        connection.putrequest("GET", PATH, skip_host=True, skip_accept_encoding=True)
        for header in headers:
            connection.putheader(*header)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "127.0.0.1:{port}@evil.example",
        "evil.example/127.0.0.1",
        "127.0.0.1:{port}/evil.example",
        "127.0.0.1:{port},evil.example",
        "192.0.2.1:{port}",
        "[2001:db8::1]:{port}",
        "127.0.0.1:{port}#",
        "127.0.0.1:x",
    ],
)
def test_host_of_another_server_never_becomes_the_issuer(address: str, host: str) -> None:
    status, body = ask(address, ("Host", host.format(port=urlsplit(f"//{address}").port)))
    assert (status, body["code"]) == (421, "MISDIRECTED")
    assert "evil" not in json.dumps(body)


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded", "X-Original-Host"])
def test_forwarding_headers_do_not_change_the_issuer(address: str, header: str) -> None:
    status, body = ask(address, ("Host", address), (header, "host=evil.example"))
    assert (status, body["issuer"]) == (200, f"http://{address}")


@pytest.mark.parametrize("host", ["localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}", "127.0.0.1:8600"])
def test_name_of_this_machine_is_the_issuer_for_its_client(address: str, host: str) -> None:
    """Check local names, including another port for a proxy: the client requires its own host."""
    host = host.format(port=urlsplit(f"//{address}").port)
    status, body = ask(address, ("Host", host))
    assert (status, body["issuer"]) == (200, f"http://{host.lower()}")
    assert body["token_endpoint"] == f"http://{host.lower()}/oauth/token"


async def test_host_of_another_server_is_refused_in_process(visitor: Visitor) -> None:
    answer = await visitor.http.get(PATH, headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_configured_issuer_is_independent_of_the_host_header(time: Clock) -> None:
    app = create_app(
        "sqlite://", subscribers=people(), clock=time, settings=CHEAP, issuer="https://Sandbox.example/"
    )
    with closing(app.state.store), served(app) as origin:
        for host in ("evil.example", "sandbox.example", urlsplit(origin).netloc):
            status, body = ask(urlsplit(origin).netloc, ("Host", host))
            assert (status, body["issuer"]) == (200, "https://sandbox.example")
            assert body["token_endpoint"] == "https://sandbox.example/oauth/token"


def test_issuer_option_of_the_command_line_is_in_the_metadata(tmp_path: Path) -> None:
    with command(tmp_path, "--issuer", "http://127.0.0.1:8600") as (_, address):
        body = httpx.get(address + PATH, trust_env=False).json()
    assert body["issuer"] == "http://127.0.0.1:8600"


@pytest.mark.parametrize(
    "issuer",
    ["sandbox.example", "http://sandbox.example", "https://u:p@sandbox.example", "https://a.example/b"],
)
def test_issuer_that_no_client_could_use_is_refused_at_start(
    capsys: pytest.CaptureFixture[str], issuer: str
) -> None:
    assert "--issuer" in refusal(capsys, "--issuer", issuer)
