"""Web host under attack: headers, paths, origins, session takeover, resource limits."""

# msgpack has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flet as ft
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.client.sign_in_tries import MOST_FAILURES
from tests.harness.patience import stretched
from tests.harness.processes import Server
from tests.harness.wire import WireClient
from tests.security.hostile import EVENT, REGISTER, packet, registration, update
from tests.security.hosting import ADA, BOB, Sentinel, data_file, hosted
from views.core.text import Language, Words
from views.web import sessions
from views.web.app import LARGEST_MESSAGE

words = Words(Language.FR)
PATIENCE = 30.0
"""Timeout in seconds of every wait."""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sandbox")
    database = f"sqlite:///{folder / 'sandbox.sqlite3'}"
    options = ("--data", str(data_file(folder)), "--database", database)
    with hosted(folder, ("-m", "services.sandbox"), *options) as found:
        yield found


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a web app with two sessions per address and a session timeout of one second."""
    limits = ("--sessions-per-address", "2", "--session-timeout", "1")
    with hosted(
        tmp_path_factory.mktemp("brief"), ("main.py",), *limits, "--trusted-proxy", "127.0.0.1"
    ) as found:
        yield found
    assert "Traceback" not in found.said


@pytest.fixture(scope="module")
def web(sandbox: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a web app behind a local proxy."""
    folder = tmp_path_factory.mktemp("web")
    with hosted(
        folder,
        ("main.py",),
        *("--backend", sandbox.url, "--trusted-proxy", "127.0.0.1", "--allowed-host", "conso.example"),
        *("--sessions-per-address", "2"),
        environment={"PYTHONPATH": str(spying_keyring(folder)), "PYTHON_KEYRING_BACKEND": "spy.Keyring"},
    ) as found:
        yield found
    assert "Traceback" not in found.said


def spying_keyring(folder: Path) -> Path:
    """Write a keyring back end that creates a file when imported; return its folder."""
    place = folder / "keyrings"
    place.mkdir()
    (place / "spy.py").write_text(
        f"""
from pathlib import Path
from keyring.backend import KeyringBackend
Path({str(folder / "touched")!r}).touch()
class Keyring(KeyringBackend):
    priority = 9
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): pass
"""
    )
    return place


def ask(
    host: Server, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection(urlsplit(host.url).netloc, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@asynccontextmanager
async def opened(host: Server, **headers: str) -> AsyncIterator[ClientConnection]:
    """Open the WebSocket of the app without a registration."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    endpoint = host.url.replace("http", "ws", 1) + "/ws"
    async with connect(endpoint, additional_headers=named, max_size=None, proxy=None) as connection:
        yield connection


async def registered(connection: ClientConnection, session_id: str = "") -> dict[str, Any]:
    """Register and return the answer."""
    await connection.send(registration(session_id))
    async with asyncio.timeout(stretched(PATIENCE)):
        frame = await connection.recv()
    assert isinstance(frame, bytes)
    action, body = msgpack.unpackb(frame[1:], strict_map_key=False, ext_hook=lambda _, data: data)
    assert action == REGISTER
    assert isinstance(body, dict)
    return body


async def closed(connection: ClientConnection) -> int | None:
    """Read until the host closes the connection; return the close code."""
    async with asyncio.timeout(stretched(PATIENCE)):
        try:
            while True:
                await connection.recv()
        except ConnectionClosed:
            return connection.close_code


# HTTP answers


def test_content_security_policy_is_strict_and_forbids_inline_scripts(web: Server) -> None:
    response, page = ask(web, "/", Accept="text/html")
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page.decode())
    assert found is not None
    policy = {name: rest.split() for name, _, rest in (d.strip().partition(" ") for d in found[1].split(";"))}
    assert policy["default-src"] == ["'self'"]
    assert policy["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert policy["connect-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'self'"]
    sources = {source for name in policy for source in policy[name]}
    assert not [source for source in sources if "//" in source or "*" in source]
    assert response.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    for opening, text in re.findall(rb"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
        inert = page.index(b"<template") < page.index(b"<script" + opening) < page.index(b"</template>")
        assert b"src=" in opening or inert, text


def test_answers_have_security_headers(web: Server) -> None:
    for path in (
        "/",
        "/achats?periode=2024-03",
        "/boot.js",
        "/main.dart.js",
        "/missing.js",
        "/icons/mark.svg",
    ):
        headers = ask(web, path)[0].headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "Cross-Origin-Embedder-Policy" not in headers, "Flutter would draw on a second thread"
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "geolocation=()" in headers["Permissions-Policy"], path
        assert "Server" not in headers, path
        assert "Access-Control-Allow-Origin" not in headers, path
        assert "Strict-Transport-Security" not in headers, path
        assert "Set-Cookie" not in headers, path


def test_answer_over_https_has_hsts_and_a_secure_cookie(web: Server) -> None:
    headers = ask(web, "/", Accept="text/html", X_Forwarded_Proto="https")[0].headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = headers["Set-Cookie"]
    assert re.fullmatch(r"__Host-visitor=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", cookie, re.ASCII)
    assert headers["Cache-Control"] == "no-cache, private"
    name = cookie.partition(";")[0]
    again = ask(web, "/", Accept="text/html", X_Forwarded_Proto="https", Cookie=name)[0].headers
    assert "Set-Cookie" not in again


def test_visitor_cookies_are_unique(web: Server) -> None:
    given = {ask(web, "/", Accept="text/html")[0].headers["Set-Cookie"] for _ in range(20)}
    assert len(given) == 20


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "conso.example.evil"])
def test_unknown_host_name_is_refused(web: Server, host: str) -> None:
    assert ask(web, "/", Host=host)[0].status == 400


def test_configured_and_local_host_names_are_answered(web: Server) -> None:
    for host in ("conso.example", "CONSO.EXAMPLE:443", "localhost", "[::1]:8550", "127.0.0.1"):
        assert ask(web, "/", Host=host)[0].status == 200, host


@pytest.mark.parametrize(
    "path",
    [
        *("/../main.py", "/..%2fmain.py", "/%2e%2e/main.py", "/assets/..%2f..%2fpyproject.toml"),
        *("//etc/passwd", "/..%5cmain.py", "/icons/../../main.py", "/%2fetc%2fpasswd", "/.git/config"),
        *("/locales/../../services/settings.py", "/boot.js%00.html", "/..;/main.py"),
        *("/main.py", "/openapi.json"),
    ],
)
def test_path_traversal_is_refused(web: Server, path: str) -> None:
    response, body = ask(web, path)
    assert response.status in (200, 302, 400, 404)
    if response.status == 302:
        location = urlsplit(response.getheader("Location", ""))
        assert not location.netloc
        assert ".." not in location.path
    # A path without an extension is a route of the app, answered with its page.
    assert response.status != 200 or b"<title>Conso et moi</title>" in body
    assert b"root:x:" not in body
    assert b"import" not in body


@pytest.mark.parametrize("path", ["/upload", "/upload?f=x&e=2099-01-01&s=x", "/ws", "/oauth_callback", "/"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_http_methods_that_write_are_refused(web: Server, method: str, path: str) -> None:
    assert ask(web, path, method, b"x" * 100)[0].status == 413
    assert ask(web, path, method)[0].status in (404, 405)


# Admission of WebSocket connections


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "file://", "", "data:x"),
        *("http://[", "http://[::1", "//"),
        *(
            "http://conso.example@evil.example",
            "ftp://{own}",
            "chrome-extension://{own}",
            "http://{own}.evil",
        ),
    ],
)
async def test_websocket_from_another_origin_is_forbidden(web: Server, origin: str) -> None:
    own = urlsplit(web.url).netloc
    with pytest.raises(InvalidStatus) as refused:
        async with opened(web, Origin=origin.format(own=own)):
            pass
    assert refused.value.response.status_code == 403


async def test_websocket_from_an_http_page_to_https_is_forbidden(web: Server) -> None:
    own = urlsplit(web.url).netloc
    with pytest.raises(InvalidStatus):
        async with opened(web, Origin=f"http://{own}", X_Forwarded_Proto="https"):
            pass
    async with opened(web, Origin=f"https://{own}", X_Forwarded_Proto="https") as connection:
        assert (await registered(connection))["error"] == ""


async def test_websocket_with_another_host_and_its_origin_is_forbidden(web: Server) -> None:
    # DNS rebinding: a foreign host name that resolves to this machine.
    with pytest.raises(InvalidStatus) as refused:
        async with opened(web, Host="evil.example", Origin="http://evil.example"):
            pass
    assert refused.value.response.status_code in (400, 403)


async def test_websocket_without_a_registration_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the endpoint itself, to shorten its timeout."""
    monkeypatch.setattr(sessions, "REGISTRATION_TIME", 0.01)
    sent: list[Any] = []
    opening = iter([{"type": "websocket.connect"}])

    async def receive() -> Any:
        return next(opening, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    async def start(_: ft.Page) -> None:
        raise AssertionError("nobody registered")

    scope = {"type": "websocket", "headers": [], "client": ("203.0.113.1", 1), "path": "/ws", "scheme": "ws"}
    async with asyncio.timeout(stretched(PATIENCE)):
        await sessions.SessionEndpoint(start)(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.close"]
    assert sent[1]["code"] == 1008


@pytest.mark.parametrize(
    "said",
    [
        *(b"", b"\0", b"\1\0\0\0\1x", b"\2", b"\0\xc1", b"\0" + b"\x91" * 5000, "text"),
        packet(EVENT, {"target": 1, "name": "x", "data": None}),
        packet(REGISTER, {"session_id": 7, "page_name": "", "page": {}}),
        packet(REGISTER, {"session_id": "", "page_name": ""}),
        packet(REGISTER, [1, 2, 3]),
        b"\0" + msgpack.packb([1]),
        b"\0" + msgpack.packb({"1": 1}),
    ],
)
async def test_websocket_with_another_first_message_is_closed(web: Server, said: bytes | str) -> None:
    async with opened(web) as connection:
        await connection.send(said)
        assert await closed(connection) == 1008


async def test_websocket_with_an_oversized_message_is_closed(web: Server) -> None:
    async with opened(web) as connection:
        await registered(connection)
        text = "x" * (LARGEST_MESSAGE + 1)
        await connection.send(update(1, x=text))
        assert await closed(connection) == 1009


# Ownership of sessions


async def test_session_is_resumed_only_by_its_own_browser(web: Server) -> None:
    own = {"Cookie": "visitor=" + "a" * 43}
    async with WireClient(web.url, headers=own) as app:
        await app.see(words("login.h1"))
        taken = app.session_id
        # A connected session cannot be taken over, even with its id and cookie.
        async with opened(web, **own) as other:
            assert (await registered(other, taken))["session_id"] != taken
        await app.cut()
        for thief in (
            {},
            {"Cookie": "visitor=" + "b" * 43},
            {**own, "X_Forwarded_For": "203.0.113.9"},
        ):
            async with opened(web, **thief) as other:
                assert (await registered(other, taken))["session_id"] != taken, thief
        await app.register()
        assert app.session_id == taken


async def test_session_ids_are_unique_and_random(web: Server) -> None:
    ids = set()
    for _ in range(20):
        async with opened(web) as connection:
            ids.add((await registered(connection))["session_id"])
    assert len(ids) == 20
    # 95 random bits; besides, the id alone does not open the session.
    assert all(re.fullmatch(r"[A-Za-z0-9]{16}", one) for one in ids)


async def test_session_ends_after_its_timeout(brief: Server) -> None:
    async with opened(brief, Cookie="visitor=late") as connection:
        left = (await registered(connection))["session_id"]
    deadline = asyncio.get_running_loop().time() + stretched(PATIENCE)
    while True:
        await asyncio.sleep(1.5)
        async with opened(brief, Cookie="visitor=late") as connection:
            if (await registered(connection, left))["session_id"] != left:
                break
            assert asyncio.get_running_loop().time() < deadline, "still there"


# Limits per address


async def test_sessions_over_the_address_limit_are_refused_with_a_message(brief: Server) -> None:
    here = {"X_Forwarded_For": "203.0.113.1"}
    async with opened(brief, **here) as one, opened(brief, **here) as two, opened(brief, **here) as three:
        assert (await registered(one))["error"] == ""
        assert (await registered(two))["error"] == ""
        assert (await registered(three))["error"] == words("web.too_many")
        async with opened(brief, **here, Accept_Language="en-GB,en;q=0.8") as four:
            assert (await registered(four))["error"] == Words(Language.EN)("web.too_many")
        # Addresses in the header before the trusted proxy's entry are ignored.
        async with opened(brief, X_Forwarded_For="198.51.100.7, 203.0.113.1") as liar:
            assert (await registered(liar))["error"] == words("web.too_many")
        async with opened(brief, X_Forwarded_For="203.0.113.2") as neighbour:
            assert (await registered(neighbour))["error"] == ""


async def test_disconnected_session_frees_its_place(web: Server) -> None:
    """Check that a closed tab frees its place before its session times out."""
    here = {"X_Forwarded_For": "203.0.113.3"}
    admitted = 0
    async with asyncio.timeout(stretched(PATIENCE)):
        while admitted < 5:  # over the limit; the host may notice a disconnection late
            async with opened(web, **here) as gone:
                admitted += (await registered(gone))["error"] == ""


@pytest.mark.nightly
async def test_new_sessions_of_one_address_are_rate_limited(web: Server) -> None:
    beginning = 25
    async with asyncio.timeout(stretched(PATIENCE)):
        before = asyncio.get_running_loop().time()
        for _ in range(beginning):
            async with opened(web, X_Forwarded_For="203.0.113.77") as gone:
                await registered(gone)
        assert asyncio.get_running_loop().time() - before > (beginning - 11) / 3
        async with opened(web, X_Forwarded_For="203.0.113.78") as other:
            assert (await registered(other))["error"] == ""


async def test_addresses_of_one_ipv6_prefix_share_the_limit(brief: Server) -> None:
    async with (
        opened(brief, X_Forwarded_For="2001:db8:1:2::1") as one,
        opened(brief, X_Forwarded_For="2001:db8:1:2::2") as two,
        opened(brief, X_Forwarded_For="2001:db8:1:2:ffff::3") as three,
        opened(brief, X_Forwarded_For="2001:db8:1:3::1") as other,
    ):
        answers = [(await registered(connection))["error"] for connection in (one, two, three, other)]
    assert answers == ["", "", words("web.too_many"), ""]


async def test_wrong_passwords_of_one_address_lock_its_sign_in(web: Server) -> None:
    """Check that the limit is per address and counts unknown identifiers, too."""
    headers = {"X-Forwarded-For": "203.0.113.50"}
    async with WireClient(web.url, headers=headers) as app:
        for number in range(MOST_FAILURES):
            await at_the_password(app, f"inconnu-{number}@sentinel.example")
            await app.enter(words("password.field"), "faux")
            await app.tap(words("password.submit"))
            await app.see(words("error.Refused.title"))
            await app.tap(words("action.back"))
        await app.enter(words("login.field"), ADA.identifier)
        await app.tap(words("login.continue"))
        await app.see(words("error.Locked.wait", n=15))
    async with WireClient(web.url, headers={"X-Forwarded-For": "203.0.113.51"}) as app:
        await sign_in(app, ADA)


async def at_the_password(app: WireClient, identifier: str) -> None:
    await app.enter(words("login.field"), identifier)
    await app.tap(words("login.continue"))
    await app.see(words("password.h1"))


async def sign_in(app: WireClient, person: Sentinel) -> None:
    await at_the_password(app, person.identifier)
    await app.enter(words("password.field"), person.password)
    await app.tap(words("password.submit"))
    await app.see(f"Prenom{person.name}")


# Isolation of visitors


async def test_concurrent_visitors_see_no_data_of_each_other(web: Server) -> None:
    received: dict[str, list[str]] = {"ada": [], "bob": []}
    async with WireClient(web.url) as ada, WireClient(web.url) as bob:
        visitors = ((ada, ADA), (bob, BOB))
        await asyncio.gather(*(sign_in(app, person) for app, person in visitors))
        for route in ("/achats", "/achats/achat-{}-3", "/gerer", "/", "/reglages", "/achats/achat-{}-4"):
            for app, person in visitors:
                await app.go(route.format(person.name))
            for app, person in visitors:
                own, other = (ADA, BOB) if person is ADA else (BOB, ADA)
                if route not in ("/", "/reglages"):
                    await app.see(own.merchant)
                received[person.name] += app.texts()
                assert not [text for text in app.texts() if any(word in text for word in other.secrets)]
        # The address of a foreign purchase shows "not found".
        await ada.go("/achats/achat-bob-3")
        await ada.see(words("purchase.not_found"))
        assert not ada.shows(BOB.merchant)
    assert any(ADA.merchant in text for text in received["ada"])
    assert any(BOB.merchant in text for text in received["bob"])


async def test_web_app_uses_no_keyring(web: Server) -> None:
    async with WireClient(web.url) as app:
        await at_the_password(app, BOB.identifier)
        keep = next(box for box in (*app.nodes("Checkbox"), *app.nodes("Switch")))
        if not keep.get("value"):
            await app.tap(words("password.keep"))
        await app.enter(words("password.field"), BOB.password)
        await app.tap(words("password.submit"))
        await app.see(f"Prenom{BOB.name}")
    touched = web.log.parent / "touched"
    assert not touched.exists()
    # Check the premise: the spying keyring is found when used.
    process = await asyncio.create_subprocess_exec(
        *("python3", "-c", "import keyring; keyring.get_keyring()"),
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(web.log.parent / "keyrings"),
            "PYTHON_KEYRING_BACKEND": "spy.Keyring",
        },
    )
    assert await process.wait() == 0
    assert touched.exists()
