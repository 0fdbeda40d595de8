# msgpack and parts of Flet have no types.
# mypy: disable-error-code="import-untyped, no-untyped-call"
"""Client patches: values written by one client change no screen of another visitor."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import flet as ft
import msgpack
import pytest
from flet.controls.base_control import BaseControl
from flet.messaging import session
from flet.messaging.protocol import configure_encode_object_for_msgpack
from flet.messaging.session import Session
from flet.utils.object_model import is_enum, patch_dataclass, resolve_actual_type

from tests.harness.driver import Driver
from tests.views.conftest import PASSWORD, Line, Serve, quiet, visit
from tests.views.factories import ABONNE, WEEKLY, subscribed
from tests.views.visits import NARROW, WIDE
from views.flet_compat.client_patches import assign_values, isolate_client_patches
from views.web.app import web_app

ROUTES = (
    "/",
    "/conso/internet",
    "/achats",
    "/achats/charge-2026-05-11-0",
    "/recherche",
    "/gerer",
    f"/gerer/abonnements/{WEEKLY}",
    "/gerer/calendrier",
    "/reglages",
    "/aide",
    "/aide/internet-plus",
    "/nowhere",
)
_NUMBERED = ("_i", "service_id", "_services")
"""Numbers of controls and services, and the registry of services, which garbage collection shortens."""

_encode = configure_encode_object_for_msgpack(BaseControl)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write as in a web host, and as before for the other tests."""
    monkeypatch.setattr(session, "patch_dataclass", patch_dataclass)
    isolate_client_patches()


async def screens(line: Line, screen: dict[str, Any]) -> AsyncIterator[tuple[str, Driver]]:
    """Visit every screen as a new visitor, from the sign-in on."""
    async with visit(line, web=True, demo=False, **screen) as app:
        await app.see("Identifiez-vous")
        yield "sign-in", app
        await app.enter("Identifiant", ABONNE)
        await app.tap("Continuer")
        await app.see("Votre mot de passe")
        yield "password", app
        await app.enter("Mot de passe", PASSWORD)
        await app.tap("Se connecter")
        await app.see("Bonjour Ada")
        for route in ROUTES:
            await app.go(route)
            await quiet(app, line)
            yield route, app
        await app.press("?")
        await quiet(app, line)
        yield "shortcuts", app


async def drawn(line: Line, screen: dict[str, Any]) -> dict[str, bytes]:
    """Return what a new visitor is sent of every screen, without the numbers that differ at each visit."""

    def encode(value: Any) -> Any:
        encoded = _encode(value)
        if isinstance(encoded, dict):
            encoded = {name: part for name, part in encoded.items() if name not in _NUMBERED}
        return encoded

    return {name: msgpack.packb(app.page, default=encode) async for name, app in screens(line, screen)}


def held_values(control: BaseControl) -> dict[str, Any]:
    """Return the fields of a control, private ones too, that hold an object, a dictionary or a list."""
    values = {field.name: getattr(control, field.name, None) for field in dataclasses.fields(control)}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, dict | list) or (dataclasses.is_dataclass(value) and not isinstance(value, type))
    }


def forged(value: Any, kind: Any = None, *, private: bool) -> Any:
    """Return plain data that changes all of `value`, at every depth, by its public or its private names."""
    kind = resolve_actual_type(kind)
    match value:
        case BaseControl():
            return {}  # addressed by its own number
        case Enum():
            return next((one.value for one in type(value) if one is not value), value.value)
        case bool():
            return not value
        case int() | float():
            return value + 7
        case str():
            return f"{value}7"
        case dict():
            return {
                str(getattr(key, "value", key)): forged(part, private=private) for key, part in value.items()
            }
        case list() | tuple():
            return [forged(part, private=private) for part in value]
        case None:
            return next((one.value for one in kind), 7) if is_enum(kind) else 7
    if not dataclasses.is_dataclass(value):
        return 7
    parts = {
        field.name: forged(getattr(value, field.name), field.type, private=private)
        for field in dataclasses.fields(value)
        if getattr(value, field.name) is not None
        or not dataclasses.is_dataclass(resolve_actual_type(field.type))
    }
    return parts | ({"_values": {}, "_dirty": {}, "_forged": 7} if private else {})


def write_everywhere(attacked: Session) -> int:
    """Send a patch of every nested value of every control of a session; return how many were sent."""
    sent = 0
    for control in list(attacked.index.values()):
        for name, value in held_values(control).items():
            for private in (False, True):
                before = dict(control._values), dict(vars(control))
                with suppress(TypeError, ValueError, AttributeError, KeyError):
                    attacked.apply_patch(control._i, {name: forged(value, private=private)})
                sent += 1
                vars(control).update(before[1])
                vars(control)["_values"] = before[0]
    return sent


@pytest.mark.parametrize(
    "screen",
    [NARROW, pytest.param(WIDE | {"dark": True}, marks=pytest.mark.nightly)],
    ids=["narrow-light", "wide-dark"],
)
async def test_client_patches_of_nested_values_change_no_screen_of_another_visitor(
    serve: Serve, screen: dict[str, Any]
) -> None:
    line = serve(subscribed())
    before = await drawn(line, screen)
    sent: dict[str, int] = {}
    with suppress(AssertionError):  # visitors may break their own screens
        async for name, app in screens(line, screen):
            sent[name] = write_everywhere(app._session)
    after = await drawn(line, screen)
    assert [name for name in before if before[name] != after[name]] == []
    assert list(sent) == list(before)
    assert min(sent.values()) > 50


async def test_client_patches_apply_values_reported_by_a_browser(serve: Serve) -> None:
    none = {"left": 0, "top": 0, "right": 0, "bottom": 0}
    async with visit(serve(subscribed()), web=True, demo=False) as app:
        await app.see("Identifiez-vous")
        [field] = app.controls(ft.TextField)
        selection = {"base_offset": 1, "extent_offset": 3, "affinity": "upstream", "directional": True}
        app._session.apply_patch(field._i, {"value": "ada", "selection": selection})
        assert field.value == "ada"
        assert field.selection == ft.TextSelection(
            base_offset=1, extent_offset=3, affinity=ft.TextAffinity.UPSTREAM, directional=True
        )
        media = {
            "padding": none,
            "view_padding": none,
            "view_insets": none | {"bottom": 300},
            "device_pixel_ratio": 2.0,
            "orientation": "landscape",
        }
        window = app.page.window
        app._session.apply_page_patch(
            {
                "route": "/aide",
                "platform_brightness": "dark",
                "media": media,
                "window": {"_i": 2, "_c": "Window"},
            }
        )
        assert (app.page.route, app.page.platform_brightness) == ("/aide", ft.Brightness.DARK)
        assert app.page.media.view_insets == ft.Padding(0, 0, 0, 300)
        assert app.page.media.orientation is ft.Orientation.LANDSCAPE
        assert app.page.window is window


async def test_client_patches_of_private_names_handlers_and_nested_controls_are_ignored(serve: Serve) -> None:
    async with visit(serve(subscribed()), web=True, demo=False) as app:
        await app.see("Identifiez-vous")
        for control in list(app._session.index.values()):
            before = dict(vars(control)), dict(control._values)
            nested = [name for name, value in held_values(control).items() if isinstance(value, BaseControl)]
            patch = {"_i": 7, "_parent": None, "_forged": 7, "data": 7, "on_click": "forged", "unknown": 7}
            app._session.apply_patch(control._i, patch | {name: {"visible": False} for name in nested})
            assert (dict(vars(control)), dict(control._values)) == before


async def test_web_host_isolates_client_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(page: ft.Page) -> None: ...

    monkeypatch.setattr(session, "patch_dataclass", patch_dataclass)
    app = web_app(start, Path("assets"))
    async with app.router.lifespan_context(app):
        written = Session.apply_patch.__globals__["patch_dataclass"]
    assert written is assign_values
