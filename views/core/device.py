"""Device and user preferences: window, language, appearance, connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import flet as ft
import msgspec

from services.settings import Runtime
from views.core.preferences import Preferences, PreferenceStore
from views.core.text import Language
from views.kit.theme import Layout

LOW = 400
"""Logical pixels of height below which the bars are reduced."""


@ft.observable
@dataclass(eq=False)
class DeviceState:
    """Device properties that screens adapt to. The root provides them; a change redraws every screen."""

    runtime: Runtime = Runtime.DESKTOP
    layout: Layout = Layout.S
    height: float = 844
    """Height of the window in logical pixels; decides how many rows are drawn."""
    device_language: Language = Language.FR
    device_dark: bool = False
    device_still: bool = False
    """The platform asks for less motion."""
    contrast: bool = False
    """The platform asks for high contrast; on the web, forced colors are active."""
    preferences: Preferences = field(default_factory=Preferences)
    store: PreferenceStore | None = None
    """Storage of the preferences between runs; None keeps them for this run only."""
    shortcuts_shown: bool = False
    covered: bool = False
    """The app is in the background: a cover hides its content from the app switcher."""
    connections: int = 0
    """Number of client connections; changes drawn while the client was away must be sent again."""

    # Private, so that a focus triggers no redraw: a redraw would undo a value filled in along with the focus.
    _typing: bool = False
    _kept: Preferences | None = None
    """Stored preferences, as last read or written by this run."""

    @property
    def typing(self) -> bool:
        """Whether a text field has the focus; single-key shortcuts are then off."""
        return self._typing

    @property
    def low(self) -> bool:
        """Whether the window is too low for bars of full height, as at 400 % zoom."""
        return self.height < LOW

    @property
    def language(self) -> Language:
        return self.preferences.language or self.device_language

    @property
    def theme_mode(self) -> ft.ThemeMode:
        return self.preferences.theme

    @property
    def still(self) -> bool:
        """Whether animations are disabled."""
        return self.device_still or self.preferences.less_motion

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
        """Set the device language from its locales (BCP 47), the preferred locale first."""
        self.device_language = Language.preferred(locales)

    def choose_language(self, language: Language) -> None:
        self._prefer(language=language)

    def choose_theme(self, mode: ft.ThemeMode) -> None:
        self._prefer(theme=mode)

    def choose_text_size(self, size: float) -> None:
        self._prefer(text_size=size)

    def choose_less_motion(self, event: ft.Event[ft.Switch]) -> None:
        self._prefer(less_motion=bool(event.data))

    def remember_contract(self, contract_id: str | None) -> None:
        self._prefer(contract_id=contract_id)

    def remember_oldest_bill(self, bill_month: str) -> None:
        """Remember the first month given; a later one means that a period has left those of the backend."""
        if self.preferences.oldest_bill is None:
            self._prefer(oldest_bill=bill_month)

    def offers_history(self, oldest_bill: str | None) -> bool:
        """Return whether a period has left those of the backend, and the offer to keep them is unanswered."""
        first, answered = self.preferences.oldest_bill, self.preferences.history_answered
        return not answered and first is not None and oldest_bill is not None and first < oldest_bill

    def answer_history_offer(self) -> None:
        """Record that the history is offered no more."""
        self._prefer(history_answered=True)

    def forget_preferences(self) -> None:
        self.preferences = Preferences()

    async def restore(self) -> None:
        """Load the stored preferences of the last run."""
        if self.store is not None:
            self.preferences = self._kept = await self.store.load()

    async def save(self) -> None:
        """Save the preferences if they differ from the stored preferences.

        Defaults that stand in for unreadable preferences must not replace them.
        """
        if self.store is not None and self.preferences != self._kept:
            self._kept = self.preferences
            await self.store.save(self.preferences)

    def _prefer(self, **changes: object) -> None:
        self.preferences = msgspec.structs.replace(self.preferences, **changes)

    def reconnect(self) -> None:
        self.connections += 1

    def cover(self, covered: bool) -> None:
        self.covered = covered

    def start_typing(self) -> None:
        self._typing = True

    def show_shortcuts(self) -> None:
        self.shortcuts_shown = True

    def hide_shortcuts(self) -> None:
        self.shortcuts_shown = False

    def stop_typing(self) -> None:
        self._typing = False
