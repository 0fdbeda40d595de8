"""State of the device: window class, language, theme, reconnections."""

from __future__ import annotations

import flet as ft
import pytest

from views.core.device import DeviceState
from views.core.text import Language
from views.kit.theme import Layout


@pytest.mark.parametrize(
    ("width", "layout"),
    [
        (320, Layout.XS),
        (359, Layout.XS),
        (360, Layout.S),
        (599, Layout.S),
        (600, Layout.M),
        (839, Layout.M),
        (840, Layout.L),
        (1199, Layout.L),
        (1200, Layout.XL),
    ],
)
def test_window_width_determines_the_layout(width: float, layout: Layout) -> None:
    device = DeviceState()
    device.resize(width, 700)
    assert (device.layout, device.height) == (layout, 700)


def test_window_of_unknown_size_keeps_its_layout() -> None:
    device = DeviceState()
    device.resize(1300, 700)
    device.resize(None, None)
    device.resize(0, 0)
    assert (device.layout, device.height) == (Layout.XL, 700)


def test_language_follows_the_device_until_chosen() -> None:
    device, spoken = DeviceState(), []
    for locales in (["en-GB", "fr-FR"], ["de-DE", "fr-CA"], ["de-DE"]):
        device.speak(locales)
        spoken.append(device.language)
    assert spoken == [Language.EN, Language.FR, Language.FR]
    device.choose_language(Language.EN)
    device.speak(["fr-FR"])
    assert device.language is Language.EN


def test_dark_theme_follows_the_system_until_chosen() -> None:
    device = DeviceState()
    device.device_dark = True
    assert device.dark
    device.choose_theme(ft.ThemeMode.LIGHT)
    assert not device.dark
    device.choose_theme(ft.ThemeMode.DARK)
    device.device_dark = False
    assert device.dark
    device.choose_theme(ft.ThemeMode.SYSTEM)
    assert not device.dark


def test_reconnection_notifies_observers_each_time() -> None:
    device, seen = DeviceState(), []

    def saw(_sender: object, name: str | None) -> None:
        seen.append(name)

    device.subscribe(saw)  # type: ignore[attr-defined]  # added by ft.observable
    device.reconnect()
    device.reconnect()
    assert seen == ["connections", "connections"]
