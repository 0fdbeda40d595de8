"""The device and its owner's preferences."""

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
def test_the_width_of_the_window_makes_its_class(width: float, layout: Layout) -> None:
    device = DeviceState()
    device.resize(width, 700)
    assert (device.layout, device.height) == (layout, 700)


def test_a_window_whose_size_is_not_known_keeps_what_it_was() -> None:
    device = DeviceState()
    device.resize(1300, 700)
    device.resize(None, None)
    device.resize(0, 0)
    assert (device.layout, device.height) == (Layout.XL, 700)


def test_the_language_is_the_devices_until_one_is_chosen() -> None:
    device, spoken = DeviceState(), []
    for locales in (["en-GB", "fr-FR"], ["de-DE", "fr-CA"], ["de-DE"]):
        device.speak(locales)
        spoken.append(device.language)
    assert spoken == [Language.EN, Language.FR, Language.FR]
    device.choose_language(Language.EN)
    device.speak(["fr-FR"])
    assert device.language is Language.EN


def test_dark_follows_the_system_until_a_theme_is_chosen() -> None:
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


def test_each_reconnection_is_a_change_that_is_seen() -> None:
    device, seen = DeviceState(), []

    def saw(_sender: object, name: str | None) -> None:
        seen.append(name)

    device.subscribe(saw)  # type: ignore[attr-defined]  # added by ft.observable
    device.reconnect()
    device.reconnect()
    assert seen == ["connections", "connections"]
