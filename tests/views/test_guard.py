"""Guard of client messages: every event of the screens is listed and every value bounded."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator
from typing import Any

import flet as ft
import msgpack  # type: ignore[import-untyped] # carries no types
import pytest
from flet.controls.base_control import BaseControl
from hypothesis import given
from hypothesis import strategies as st

from tests.views.conftest import Serve
from tests.views.factories import subscribed
from tests.views.test_client_patches import screens
from tests.views.visits import NARROW, WIDE
from views.web.guard import (
    ANSWER,
    EVENT,
    LONGEST_TEXT,
    REGISTER,
    UPDATE,
    Refused,
    expected_data,
    read_message,
    read_registration,
)

CALLS = {"device": (1, "get_device_info"), "stored": (9, "get")}
"""Methods that the app waits for, by the id of the call."""


FIRED_BY_THE_HOST = {("Page", "connect"), ("Page", "disconnect"), ("Page", "close")}


class Screen:
    """Controls by id, and the pending calls of `CALLS`."""

    def __init__(self, *controls: BaseControl) -> None:
        self._controls = {control._i: control for control in controls}

    def control(self, control_id: int) -> Any:
        return self._controls.get(control_id)

    def call(self, call_id: str) -> tuple[int, str] | None:
        return CALLS.get(call_id)


def sent(kind: Any, body: Any, *controls: BaseControl) -> Any:
    """Return what Flet reads of a message of a client that sees `controls`; None where it is dropped."""
    accepted = read_message(msgpack.packb([kind, body]), Screen(*controls))
    return None if accepted is None else msgpack.unpackb(accepted)


def handlers(control: BaseControl) -> Iterator[str]:
    """Return the names of the events that a control has a handler for."""
    for name in dir(control):
        if name.startswith("on_") and callable(getattr(control, name, None)):
            yield name.removeprefix("on_")


@pytest.mark.parametrize("screen", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_guard_lists_every_handler_of_every_screen(serve: Serve, screen: dict[str, Any]) -> None:
    unbounded, missing, listening = set(), set(), 0
    async for name, app in screens(serve(subscribed()), screen):
        for control in list(app._session.index.values()):
            if isinstance(control, ft.TextField) and not 0 < (control.max_length or 0) <= LONGEST_TEXT / 4:
                unbounded.add((name, control.label))
            for event in handlers(control):
                listening += 1
                try:
                    expected_data(control._c, event)
                except KeyError:
                    missing.add((control._c, event))
    assert (missing, unbounded) == (FIRED_BY_THE_HOST, set())
    assert listening > 100


def test_guard_passes_an_event_with_its_data() -> None:
    field = ft.TextField(on_change=print)
    assert sent(EVENT, {"target": field._i, "name": "change", "data": "été"}, field) == [
        EVENT,
        {"target": field._i, "name": "change", "data": "été"},
    ]


@pytest.mark.parametrize(
    "control",
    [
        ft.FilledButton("Fin"),
        ft.FilledButton("Fin", on_click=print, disabled=True),
        ft.FilledButton("Fin", on_click=print, visible=False),
    ],
    ids=["without-handler", "disabled", "invisible"],
)
def test_guard_drops_a_click_on_an_inactive_control(control: ft.FilledButton) -> None:
    assert sent(EVENT, {"target": control._i, "name": "click", "data": None}, control) is None


PICKED = {"id": 0, "name": "history.json", "size": 1}


def test_guard_passes_a_picked_file() -> None:
    picker = ft.FilePicker(on_result=print)
    accepted = sent(EVENT, {"target": picker._i, "name": "result", "data": {"files": [PICKED]}}, picker)
    assert accepted[1]["data"] == {"files": [PICKED]}


@pytest.mark.parametrize(
    "files",
    [[PICKED | {"path": "/etc/passwd"}], [PICKED | {"bytes": b"{}"}], [PICKED | {"size": -1}], [PICKED] * 2],
    ids=["path", "content", "size", "two files"],
)
def test_guard_refuses_a_picked_file_that_no_browser_reports(files: list[dict[str, Any]]) -> None:
    picker = ft.FilePicker(on_result=print)
    with pytest.raises(Refused):
        sent(EVENT, {"target": picker._i, "name": "result", "data": {"files": files}}, picker)


def test_guard_drops_a_click_in_a_disabled_parent() -> None:
    button = ft.FilledButton("Fin", on_click=print)
    box = ft.Container(button, disabled=True)
    vars(button)["_parent"] = weakref.ref(box)
    assert sent(EVENT, {"target": button._i, "name": "click", "data": None}, button) is None


def test_guard_passes_the_blur_of_a_disabled_field() -> None:
    field = ft.TextField(on_blur=print, disabled=True)
    assert sent(EVENT, {"target": field._i, "name": "blur", "data": None}, field) is not None


def test_guard_drops_messages_of_unknown_controls_and_calls() -> None:
    assert sent(EVENT, {"target": 7, "name": "blur", "data": None}) is None
    assert sent(UPDATE, {"id": 7, "props": {"value": "a"}}) is None
    assert sent(ANSWER, {"control_id": 7, "call_id": "none", "result": None, "error": None}) is None


@pytest.mark.parametrize(
    ("control", "props"),
    [
        (ft.TextField(), {"label": "x"}),
        (ft.TextField(), {"value": 7}),
        (ft.TextField(), {"value": "x" * (LONGEST_TEXT + 1)}),
        (ft.TextField(), {"value": "x", "_i": 1}),
        (ft.TextField(), {"text_style": {"size": 1}}),
        (ft.Text(), {"value": "x"}),
        (ft.Container(), {"visible": False}),
        (ft.Switch(), {"value": "yes"}),
        (ft.SegmentedButton([]), {"selected": ["x"] * 101}),
        (ft.NavigationRail([]), {"selected_index": -1}),
        (ft.AlertDialog(), {"open": True}),
    ],
)
def test_guard_refuses_a_forged_update(control: BaseControl, props: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        sent(UPDATE, {"id": control._i, "props": props}, control)
    assert "x" * 10 not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("hover", "true"),
        ("_c", None),
        ("change", None),
        ("change", 7),
        ("change", {"control": 1}),
        ("click", {"local_x": 1}),
        ("x" * 65, None),
    ],
)
def test_guard_refuses_a_forged_event(name: str, data: object) -> None:
    field = ft.TextField(on_change=print, on_click=print)
    with pytest.raises(Refused):
        sent(EVENT, {"target": field._i, "name": name, "data": data}, field)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e300, True, "7", None])
def test_guard_refuses_a_size_that_is_no_bounded_number(number: object) -> None:
    column = ft.Column(on_size_change=print)
    with pytest.raises(Refused):
        sent(EVENT, {"target": column._i, "name": "size_change", "data": {"w": number, "h": 1}}, column)


def test_guard_passes_a_size_of_integers() -> None:
    """Accept integers: a client compiled to JavaScript writes 390.0 as 390."""
    column = ft.Column(on_size_change=print)
    data = {"w": 390, "h": 706}
    assert sent(EVENT, {"target": column._i, "name": "size_change", "data": data}, column)[1]["data"] == data


def test_guard_reduces_device_information_to_its_locales() -> None:
    told = {
        "browser_name": "nouveau",
        "user_agent": "x",
        "languages": [msgpack.ExtType(4, b"fr-FR")],
        "locales": [{"language_code": "fr", "country_code": "FR", "script_code": None}],
    }
    answer = {"control_id": 99, "call_id": "device", "result": told, "error": None}
    assert sent(ANSWER, answer) == [
        ANSWER,
        {
            "control_id": 1,
            "call_id": "device",
            "result": {
                "locales": [{"language_code": "fr", "country_code": "FR"}],
                "browser_name": "unknown",
            },
            "error": None,
        },
    ]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("stored", {"a": 1}),
        ("stored", ["a"]),
        ("stored", "x" * (LONGEST_TEXT + 1)),
        ("stored", msgpack.ExtType(1, b"2026-01-01")),
        ("device", None),
        ("device", {"locales": [{"language_code": "fr", "_x": 1}]}),
        ("device", {"locales": [{"language_code": "fr"}] * 101}),
    ],
)
def test_guard_refuses_a_forged_answer(call: str, result: object) -> None:
    with pytest.raises(Refused):
        sent(ANSWER, {"control_id": 9, "call_id": call, "result": result, "error": None})


@pytest.mark.parametrize(
    "page",
    [
        {"_Page__session": "x"},
        {"client_ip": "192.0.2.1"},
        {"views": []},
        {"theme": {"use_material3": False}},
        {"platform": "amiga"},
        {"width": "390"},
        {"route": "x" * 5000},
        {"media": {"padding": 1}},
    ],
)
def test_guard_refuses_a_forged_registration(page: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        read_registration(msgpack.packb([REGISTER, {"session_id": "", "page_name": "", "page": page}]))


def test_guard_ignores_claims_about_the_runtime_in_a_registration() -> None:
    claims = {"web": False, "pwa": True, "test": True, "pyodide": True, "wasm": True, "window": {"_i": 2}}
    page = {"route": "/achats", "platform": "windows", "width": 390} | claims
    read = read_registration(msgpack.packb([REGISTER, {"session_id": None, "page_name": "", "page": page}]))
    assert read.page.believed() == {"route": "/achats", "platform": "windows", "width": 390.0, "web": True}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=9), parts, max_size=4),
)


@given(st.binary(max_size=200) | PLAIN.map(msgpack.packb))
def test_guard_reads_or_refuses_random_bytes(packet: bytes) -> None:
    for read in (lambda: read_message(packet, Screen(ft.TextField())), lambda: read_registration(packet)):
        try:
            read()
        except Refused:
            continue


@given(st.sampled_from([EVENT, UPDATE, ANSWER]), PLAIN, PLAIN, PLAIN)
def test_guard_reads_or_refuses_random_members(kind: int, name: object, data: object, other: object) -> None:
    field = ft.TextField(on_change=print)
    for body in (
        {"target": field._i, "name": name, "data": data},
        {"id": field._i, "props": other},
        {"control_id": 9, "call_id": name, "result": data, "error": other},
    ):
        try:
            sent(kind, body, field)
        except Refused:
            continue
