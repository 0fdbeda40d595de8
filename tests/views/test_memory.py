"""Memory of sessions: ended sessions are collected rarely, live sessions hold one copy of their screen."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any, cast
from weakref import ref

import flet as ft
import pytest
from flet.components.component import Component
from flet.controls.base_control import BaseControl
from flet.utils import validation

from views.core.text import Language
from views.flet_compat.connection import share_validation_sets
from views.flet_compat.replaced_components import release_replaced_components
from views.kit.design import Design
from views.kit.theme import Layout, flet_theme, palette
from views.web import sessions
from views.web.sessions import SessionEndpoint


class Kept:
    """Page in a reference cycle, freed only by the garbage collector."""

    def __init__(self, number: int) -> None:
        self.id = str(number)
        self.itself = self


class Server:
    """Fake server with the pages of its live sessions and a counter of garbage collections."""

    def __init__(self, endpoint: SessionEndpoint) -> None:
        self.endpoint = endpoint
        self.going_on: dict[str, Kept] = {}
        self.collections = 0

    def begin(self, number: int) -> ref[Kept]:
        page = self.going_on[str(number)] = Kept(number)
        self.endpoint._pages.add(cast(ft.Page, page))
        return ref(page)

    async def looks(self, times: int) -> None:
        """Wait for at least `times` checks of the endpoint."""
        for _ in range(times):
            await asyncio.sleep(sessions.LOOKS_EVERY * 1.5)


@pytest.fixture
def patient() -> Iterator[None]:
    """Disable automatic garbage collection during the test."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch, patient: None) -> AsyncIterator[Server]:
    async def start(_: ft.Page) -> None:
        raise AssertionError("nobody comes")

    monkeypatch.setattr(sessions, "LOOKS_EVERY", 0.01)
    made = Server(SessionEndpoint(start, session_timeout=1))
    monkeypatch.setattr(sessions, "live_pages", lambda: list(made.going_on.values()))
    collect = gc.collect

    def counting(*generation: Any) -> int:
        made.collections += 1
        return collect(*generation)

    monkeypatch.setattr(gc, "collect", counting)
    giving_back = asyncio.create_task(made.endpoint.collect_ended_sessions())
    yield made
    giving_back.cancel()
    with suppress(asyncio.CancelledError):
        await giving_back


async def test_ended_sessions_over_a_quarter_are_collected_at_once(server: Server) -> None:
    held = [server.begin(number) for number in range(8)]
    await server.looks(5)
    assert server.collections == 0, "nobody has left"
    for number in (0, 1):
        del server.going_on[str(number)]
    await server.looks(5)
    assert [session() is None for session in held] == [True, True, *[False] * 6]
    assert server.collections == 1


async def test_ended_sessions_under_a_quarter_are_collected_after_the_timeout(server: Server) -> None:
    held = [server.begin(number) for number in range(8)]
    del server.going_on["3"]
    await server.looks(5)
    assert held[3]() is not None
    await server.looks(120)
    assert held[3]() is None
    assert server.collections == 1


async def test_ended_session_still_referenced_is_collected_only_once(server: Server) -> None:
    held = server.begin(0)
    stuck = server.going_on.pop("0")
    await server.looks(20)
    assert held() is stuck
    assert server.collections == 1


def test_design_is_shared_by_sessions_with_the_same_settings() -> None:
    one, other = (
        Design.of(Language.FR, Layout.S, dark=False, still=False, text_size=size) for size in (1.0, 1.0)
    )
    assert one is other
    assert flet_theme(palette(False), Layout.S) is flet_theme(palette(False), Layout.S)


def test_controls_without_validation_errors_share_one_set(monkeypatch: pytest.MonkeyPatch) -> None:
    key = validation._REPORTED_VALIDATION_ERRORS_KEY
    monkeypatch.setattr(BaseControl, key, None, raising=False)  # restores the original afterwards
    share_validation_sets()
    drawn = ft.Text("Bonjour")
    drawn._before_update_safe()
    assert key not in vars(drawn)


async def test_replaced_component_drops_its_controls_after_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Component, "_migrate_state", Component._migrate_state
    )  # restores the original afterwards
    release_replaced_components()
    old, new = Component(fn=ft.Text), Component(fn=ft.Text)
    old._b = drawn = ft.Text("Bonjour")
    new._migrate_state(old)
    assert old._b is drawn, "Flet has not compared both yet"
    await asyncio.sleep(0)
    assert old._b is None
