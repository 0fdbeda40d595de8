"""Keyboard focus that stays on the pressed control.

In Flet 1.0.5 a change of theme, text size, language or address takes the focus from the control that was
pressed for it. The client builds the page again, and the next Tab would start at the top.
Upstream: none. Remove when: `document.activeElement` stays after Space on a theme in the settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import flet as ft

_STORE = "pressed-focus"
_MOST = 4
"""Number of times that one press restores the focus: each changed part of the design may take it once."""
_SETTLED = 0.5
"""Seconds for the client to draw the choice without the focus.

A focus restored in the same frame does not reach the browser's own focus.
"""


class _Focus:
    """Keyboard focus of one page."""

    def __init__(self) -> None:
        self.on = ""
        """Key of the focused control."""
        self.pressed = ""
        """Key of the control pressed while focused, until the next keystroke."""
        self.left = 0


def _focus() -> _Focus:
    store = ft.context.page.session.store
    known: _Focus | None = store.get(_STORE)
    if known is None:
        known = _Focus()
        store.set(_STORE, known)
    return known


def release_focus() -> None:
    """Stop keeping the focus on the pressed button: the next key may move it."""
    _focus().pressed = ""


def keep_focus(button: ft.TextButton, key: str, act: Callable[[], Awaitable[None] | None]) -> ft.TextButton:
    """Return `button`, named by `key`; it runs `act` and keeps the focus after a keyboard press."""
    handlers = _Handlers(button, key, act)
    button.key = key
    button.on_focus, button.on_blur, button.on_click = handlers.focused, handlers.blurred, handlers.pressed
    return button


@dataclass(frozen=True, slots=True, repr=False)
class _Handlers:
    """Event handlers of a button; a session has many, and closures would take twice the memory."""

    button: ft.TextButton
    key: str
    act: Callable[[], Awaitable[None] | None]

    def focused(self) -> None:
        _focus().on = self.key

    async def blurred(self) -> None:
        focus = _focus()
        if focus.on == self.key:
            focus.on = ""
        if focus.pressed == self.key and focus.left:
            focus.left -= 1
            await _give_back(focus, self.key)

    async def pressed(self) -> None:
        focus, before = _focus(), self.button._i
        if focus.on == self.key:
            focus.pressed, focus.left = self.key, _MOST
        under_way = self.act()
        if under_way is not None:
            await under_way
        for _ in range(_MOST):  # a replaced control reports no blur, and may return late
            await asyncio.sleep(_SETTLED)
            if focus.pressed != self.key or before in ft.context.page.session.index:
                return
            focus.on = ""
            if await _give_back(focus, self.key):
                return


async def focus_on(key: str) -> None:
    """Focus the control of `key` once the client has drawn it, unless another key is struck first."""
    focus = _focus()
    focus.on, focus.pressed, focus.left = "", key, 0
    for _ in range(_MOST):
        await asyncio.sleep(_SETTLED)
        if await _give_back(focus, key):
            return


async def _give_back(focus: _Focus, key: str) -> bool:
    """Focus the control of `key`, unless another key was struck; return whether the control exists."""
    await asyncio.sleep(_SETTLED)
    if focus.pressed != key or focus.on:
        return True
    for control in list(ft.context.page.session.index.values()):
        if isinstance(control, ft.TextButton) and control.key == key:
            with suppress(RuntimeError):  # it, or the whole page, has just left
                await control.focus()
            return True
    return False
