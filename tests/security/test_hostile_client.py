"""Web app under attack by clients that send forged messages of Flet's protocol."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.harness.cases import daily
from tests.harness.processes import Server
from tests.harness.wire import WireClient
from tests.security.hostile import (
    CRASHED,
    EVENT,
    PAGE,
    REGISTER,
    HostileClient,
    answer,
    event,
    packet,
    registration,
    update,
)
from tests.security.hosting import hosted
from tests.security.test_connections import served
from tests.security.test_web_host import spying_keyring
from views.web.connections import ConnectionLimits

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a web app with its embedded backend, on a machine with data of the desktop app."""
    folder = tmp_path_factory.mktemp("web")
    kept = folder / "home" / ".local" / "share" / "conso-et-moi" / "camille"
    kept.mkdir(parents=True)
    (kept / "answers.bin").write_bytes(b"encrypted")
    spied = {"PYTHONPATH": str(spying_keyring(folder)), "PYTHON_KEYRING_BACKEND": "spy.Keyring"}
    with hosted(folder, ("main.py",), "--web", environment=spied) as found:
        yield found
    assert "Traceback" not in found.said


@asynccontextmanager
async def visiting(host: Server, **page: Any) -> AsyncIterator[HostileClient]:
    """Open a session; at its end, check that the frames reveal nothing of the program."""
    async with HostileClient(host.url) as client:
        await client.register(**page)
        yield client
    said = b"".join(client.frames)
    assert not [word for word in (b"Traceback", b".py", b"Error", b"Exception") if word in said]


def files(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return access time, modification time and size of every path in a folder."""
    stats = {str(path): path.stat() for path in (folder, *folder.rglob("*"))}
    return {path: (stat.st_atime_ns, stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def screen(client: HostileClient) -> list[dict[str, Any]]:
    """Return the received controls without the ids that differ per session."""
    numbers = ("_i", "service_id", "_services", "_user_services", "_return", "_internals")

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(part) for name, part in value.items() if name not in numbers}
        return [plain(part) for part in value] if isinstance(value, list) else value

    return [plain(control) for control in client.controls().values()]


CLAIMS: dict[str, Any] = {
    "web": False,
    "pwa": True,
    "debug": True,
    "wasm": False,
    "test": True,
    "multi_view": True,
    "pyodide": True,
    "platform": "windows",
    "width": 0,
    "height": 1e9,
    "platform_brightness": "dark",
    "route": "/reglages",
    "window": {"_i": 2, "maximized": True, "width": 1},
}


@pytest.mark.parametrize("claims", [*({name: value} for name, value in CLAIMS.items()), CLAIMS], ids=str)
async def test_registration_with_false_claims_shows_the_sign_in_and_opens_no_host_file(
    web: Server, claims: dict[str, Any]
) -> None:
    before = files(web.log.parent / "home")
    async with visiting(web, **claims) as client:
        assert [field["label"] for field in client.controls("TextField").values()] == ["Identifiant"]
    assert files(web.log.parent / "home") == before
    assert not (web.log.parent / "touched").exists()


@pytest.mark.parametrize(
    "page",
    [
        {"_Page__session": "x"},
        {"_i": 2},
        {"client_ip": "192.0.2.1"},
        {"client_user_agent": "x"},
        {"views": []},
        {"theme": {}},
        {"data": {}},
        {"platform": "phone"},
        {"locale": "en"},
        {"media": {"padding": {}}},
        {"width": {}},
        {"route": ["/"]},
    ],
    ids=str,
)
async def test_registration_with_forbidden_members_is_closed(web: Server, page: dict[str, Any]) -> None:
    async with HostileClient(web.url) as client:
        await client.send(registration(**page))
        assert await client.closed() == 1008
        assert client.frames == []


@pytest.mark.parametrize("session_id", [["x"], 7, "x" * 65, {}])
async def test_registration_with_an_invalid_session_id_is_closed(web: Server, session_id: object) -> None:
    async with HostileClient(web.url) as client:
        await client.send(registration(session_id))
        assert await client.closed() == 1008


async def test_forged_update_is_closed_and_changes_no_screen(web: Server) -> None:
    async with visiting(web) as other:
        before = screen(other)
    written: list[tuple[str, dict[str, Any]]] = [
        ("Page", {"theme": {"text_theme": {"body_medium": {"size": 1}}}}),
        ("Page", {"dark_theme": {}}),
        ("Page", {"views": []}),
        ("Page", {"fonts": {}}),
        ("Page", {"_Page__session": "x"}),
        ("Page", {"client_ip": "192.0.2.1"}),
        ("Page", {"width": 390, "web": False}),
        ("Text", {"style": {"size": 1, "color": None}}),
        ("Text", {"value": "Payez ici"}),
        ("TextField", {"text_style": {"size": 1}}),
        ("TextField", {"value": {"size": 1}}),
        ("FilledButton", {"style": {"text_style": {"size": 1}}}),
        ("Container", {"visible": False}),
        ("ServiceRegistry", {"_services": []}),
    ]
    for kind, properties in written:
        async with visiting(web) as client:
            target = next(iter(client.controls(kind)))
            await client.send(update(target, **properties))
            assert await client.closed() == 1008, (kind, properties)
    async with visiting(web) as other:
        assert screen(other) == before


@pytest.mark.parametrize(
    "said",
    [
        event(PAGE, "connect"),
        event(PAGE, "disconnect"),
        event(PAGE, "close"),
        event(PAGE, "error", "x"),
        event(PAGE, "login", {}),
        event(PAGE, "route_change", "x"),
        event(PAGE, "route_change", {"route": "/", "page": 1}),
        event(PAGE, "route_change", {"route": "/" * 5000}),
        event(PAGE, "resize", {"width": "x", "height": 1}),
        event(PAGE, "resize", {"width": float("nan"), "height": 1}),
        event(PAGE, "view_pop", {"route": None}),
        event(PAGE, "views_pop_until", {"route": "/"}),
        event(PAGE, "keyboard_event", {"key": 7}),
        event(PAGE, "app_lifecycle_state_change", {"state": "gone"}),
        event(PAGE, "platform_brightness_change", {"brightness": "dark"}),
        event(PAGE, "locale_change", {"locales": [{}]}),
        event(PAGE, "locale_change", {"locales": "fr"}),
        event(PAGE, "__init__"),
        event(PAGE, "x" * 100),
        event(PAGE, 7),
        event("1", "resize", {"width": 1, "height": 1}),
        event(None, "resize"),
        event(PAGE, "media_change", {}),
        packet(EVENT, {"target": PAGE}),
        packet(EVENT, {"target": PAGE, "name": "resize", "data": {"width": 1, "height": 1}, "more": 1}),
        packet(EVENT, [PAGE, "resize"]),
        packet(EVENT, None),
        packet("3", {}),
        packet(7, {}),
        packet(2, {"id": PAGE, "patch": []}),
        packet(6, {"message": "x"}),
        registration(),
        packet(REGISTER, {}),
        update([PAGE], width=1),
        packet(4, {"id": PAGE, "props": []}),
        answer(PAGE, {}, None),
        packet(5, {}),
        b"\x00\xc1",
        b"\x00\xdc\x00\x02\xcc\x01\x80",  # a second registration in another encoding
        b"\x00" + b"\x91" * 10_000,
        b"\x01\x00\x00\x00\x00data",
        b"\x02",
        b"",
    ],
)
async def test_forged_message_is_closed_without_a_detail_of_the_program(web: Server, said: bytes) -> None:
    async with visiting(web) as client:
        await client.send(said)
        assert await client.closed() == 1008
    assert CRASHED not in [kind for kind, _ in client.messages()]


async def test_late_message_or_one_without_a_handler_is_dropped(web: Server) -> None:
    async with visiting(web) as client:
        text = next(iter(client.controls("Text")))
        for said in (
            event(999_999, "click"),
            event(2**63, "click"),
            update(999_999, value="x"),
            answer(PAGE, "unknown", {"a": 1}),
            answer(999_999, "unknown"),
            event(text, "click"),
        ):
            assert await client.send(said) == 1
        known = len(client.frames)
        wide = {"width": 1440, "height": 900}
        await client.send(update(PAGE, **wide), event(PAGE, "resize", wide))
        await client.until(lambda: len(client.frames) > known, "the wide screen")
        assert client.close_code is None


async def test_answer_of_the_wrong_type_is_closed(web: Server) -> None:
    async with HostileClient(web.url) as client:
        client.answers = None
        await client.send(registration())
        await client.until(
            lambda: any(body.get("name") == "get_device_info" for _, body in client.messages()),
            "the first call",
        )
        call = next(body for _, body in client.messages() if body.get("name") == "get_device_info")
        await client.send(answer(call["control_id"], call["call_id"], {"locales": [{"language_code": 7}]}))
        assert await client.closed() == 1008


FLOODS: dict[str, Any] = {
    "messages of 250 kB": (1000, lambda field: update(field, value="x" * 250_000)),
    "messages of 60 kB": (1000, lambda field: update(field, value="x" * 60_000)),
    "answers to nobody": (1000, lambda field: answer(field, "x", "x" * 60_000)),
    "10,000 views": (1, lambda field: update(PAGE, views=[{"_c": "View"}] * 10_000)),
    "1,000 views": (60, lambda field: update(PAGE, views=[{"_c": "View"}] * 1000)),
    "events without a target": (20_000, lambda field: event(999_999, "click")),
    "letters": (20_000, lambda field: update(field, value="x")),
    "focus": (20_000, lambda field: event(field, "focus")),
    "resizing": (20_000, lambda field: event(PAGE, "resize", {"width": 390, "height": 844})),
    "routes": (20_000, lambda field: event(PAGE, "route_change", {"route": "/aide"})),
}


@pytest.mark.parametrize("flood", daily(FLOODS, "messages of 250 kB", "letters", "routes"))
async def test_flood_is_closed_and_its_memory_released(web: Server, flood: str) -> None:
    async with visiting(web):
        before = await settled_memory(web)
    count, said = FLOODS[flood]
    async with visiting(web) as client:
        field = next(iter(client.controls("TextField")))
        await client.send(*(said(field) for _ in range(count)))
        # Messages in flight when the host closes reset the connection (1006).
        assert await client.closed() in (1006, 1008, 1009)
    async with visiting(web):
        assert memory(web) - before < 20 * MEGABYTE


def memory(host: Server) -> int:
    """Return the resident memory of a process in bytes."""
    pages = Path(f"/proc/{host.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


async def settled_memory(host: Server) -> int:
    """Return the resident memory once it is stable: a new process still imports screens."""
    before = 0
    while abs((now := memory(host)) - before) > MEGABYTE:
        before = now
        await asyncio.sleep(1)
    return now


async def test_visitor_is_served_during_an_attack_of_another(web: Server) -> None:
    async with WireClient(web.url) as other:
        await other.see("Identifiez-vous")
        await other.tap("Découvrir la démonstration")
        await other.see("Espace client")
        async with visiting(web) as client:
            field = next(iter(client.controls("TextField")))
            await client.send(*(event(field, "focus") for _ in range(1000)))
            await other.go("/achats")
            await other.see("Filtrer les achats")


def fails(page: object) -> None:
    raise RuntimeError("the password is Soleil-2026")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "Cette page a rencontré un problème. Rechargez-la pour continuer."),
        ("en", "This page ran into a problem. Reload it to go on."),
    ],
)
async def test_app_failure_is_reported_without_its_reason(language: str, sentence: str) -> None:
    with served(ConnectionLimits(), fails) as host:
        async with HostileClient(f"http://127.0.0.1:{host.port}", Accept_Language=language) as client:
            await client.send(registration())
            await client.until(lambda: len(client.frames) > 1, "the sentence")
            assert [body.get("message") for _, body in client.messages()][1:] == [sentence]
