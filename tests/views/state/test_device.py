"""State of the device: window class, language, theme, reconnections."""

from __future__ import annotations

import flet as ft

from views.core.device import DeviceState
from views.kit.theme import Layout


def test_window_of_unknown_size_keeps_its_layout() -> None:
    device = DeviceState()
    device.resize(1300, 700)
    device.resize(None, None)
    device.resize(0, 0)
    assert (device.layout, device.height) == (Layout.XL, 700)


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
