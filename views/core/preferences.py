"""User preferences, stored on the device between runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import flet as ft
import msgspec

from views.core.text import Language

log = logging.getLogger(__name__)

KEY = "preferences"
TEXT_SIZES = (1.0, 1.15, 1.3, 1.5, 2.0)
"""Allowed factors of the type scale."""


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """Preferences of the user. No preference is secret: the platform or browser stores them unencrypted."""

    language: Language | None = None
    """None follows the device."""
    theme: ft.ThemeMode = ft.ThemeMode.SYSTEM
    text_size: float = 1.0
    less_motion: bool = False
    contract_id: str | None = None
    """Id of the last selected contract; cleared at sign-out."""
    oldest_bill: str | None = None
    """Month of the oldest bill of the backend when this device first read the periods."""
    history_answered: bool = False
    """The offer to keep the history was answered, or its switch was used."""

    def __post_init__(self) -> None:
        if self.text_size not in TEXT_SIZES:
            raise ValueError("an unknown text size")


@dataclass(frozen=True)
class PreferenceStore:
    """Storage in the platform's preferences. Without the storage, or with a damaged entry, defaults apply."""

    service: ft.SharedPreferences

    async def load(self) -> Preferences:
        try:
            kept = await self.service.get(KEY)
        except (RuntimeError, TimeoutError) as problem:
            _complain("preferences cannot be read", problem)
            return Preferences()
        if not isinstance(kept, str):
            return Preferences()
        try:
            return msgspec.json.decode(kept, type=Preferences)
        except msgspec.DecodeError:
            return Preferences()

    async def save(self, preferences: Preferences) -> None:
        try:
            await self.service.set(KEY, msgspec.json.encode(preferences).decode())
        except (RuntimeError, TimeoutError) as problem:
            _complain("preferences cannot be kept", problem)


def _complain(what: str, problem: Exception) -> None:
    if str(problem) != "Session closed":  # Flet's message when the client has disconnected
        log.warning("%s: %s", what, problem)
