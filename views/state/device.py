"""The device and its owner's preferences: window, language, appearance, connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft

from views.text import Language
from views.ui.theme import Layout


@ft.observable
@dataclass(eq=False)
class DeviceState:
    """What the screens adapt to. The root hands it down; a change of it draws everything again."""

    layout: Layout = Layout.S
    height: float = 844
    """Of the window, in logical pixels: how many rows are worth drawing."""
    device_language: Language = Language.FR
    chosen_language: Language | None = None
    theme_mode: ft.ThemeMode = ft.ThemeMode.SYSTEM
    device_dark: bool = False
    reduce_motion: bool = False
    shortcuts_shown: bool = False
    connections: int = 0
    """Counts the client's connections: what was drawn while it was away has to be sent again."""

    _typing: bool = (
        False  # private, so that a focus draws nothing again: it would undo what is filled in with it
    )

    @property
    def typing(self) -> bool:
        """A text field has the focus: single-key shortcuts are off."""
        return self._typing

    @property
    def language(self) -> Language:
        return self.chosen_language or self.device_language

    @property
    def dark(self) -> bool:
        if self.theme_mode is ft.ThemeMode.SYSTEM:
            return self.device_dark
        return self.theme_mode is ft.ThemeMode.DARK

    def resize(self, width: float | None, height: float | None) -> None:
        if width:
            self.layout = Layout.of(width)
        if height:
            self.height = height

    def speak(self, locales: Sequence[str]) -> None:
        """The languages of the device, the preferred one first (BCP 47)."""
        self.device_language = Language.preferred(locales)

    def choose_language(self, language: Language) -> None:
        self.chosen_language = language

    def choose_theme(self, mode: ft.ThemeMode) -> None:
        self.theme_mode = mode

    def reconnect(self) -> None:
        self.connections += 1

    def start_typing(self) -> None:
        self._typing = True

    def show_shortcuts(self) -> None:
        self.shortcuts_shown = True

    def hide_shortcuts(self) -> None:
        self.shortcuts_shown = False

    def stop_typing(self) -> None:
        self._typing = False
