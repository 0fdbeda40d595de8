"""Keyboard shortcuts, the same on every screen."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import flet as ft

from views.core.device import DeviceState
from views.core.session import Gate, SessionState
from views.flet_compat.pressed_focus import release_focus
from views.purchases.period_navigation import show_period
from views.routes import PURCHASES, Destination, parent_of, purchase_address


@dataclass(frozen=True, repr=False)
class Keyboard:
    """Keyboard shortcuts of a page.

    Alt+1…: destinations; R: refresh; ←/→: periods; ↑/↓: purchases on wide windows; ?: list of shortcuts.

    Single keys do nothing while a text field has the focus (WCAG 2.1.4).
    """

    page: ft.Page
    device: DeviceState
    session: SessionState

    async def press(self, event: ft.KeyboardEvent) -> None:
        release_focus()
        if self.session.gate is not Gate.SIGNED_IN or self.device.typing or event.ctrl or event.meta:
            return
        if event.alt:
            self._go_to(event.key)
        elif event.key in ("?", "Escape"):
            self._help_or_leave(event.key)
        elif event.key.upper() == "R":
            await self._refresh()
        elif event.key in ("Arrow Left", "Arrow Right"):
            await self._step_period(1 if event.key == "Arrow Right" else -1)
        elif event.key in ("Arrow Up", "Arrow Down"):
            self._step_purchase(1 if event.key == "Arrow Down" else -1)

    @property
    def _path(self) -> str:
        return urlsplit(self.page.route).path

    def _help_or_leave(self, key: str) -> None:
        """Open the list of shortcuts for "?"; for Esc, go to the parent unless a dialog is open."""
        if key == "?":
            self.device.show_shortcuts()
        elif not any(dialog.open for dialog in self.page._dialogs.controls):
            self.leave()

    def leave(self) -> None:
        """Go to the parent of the screen, if the screen has a parent."""
        purchases = self.session.purchases
        parent = parent_of(self._path, purchases.period_id if purchases else None)
        if parent is not None:
            self.page.navigate(parent)

    def _go_to(self, key: str) -> None:
        places = list(Destination)
        if key.isdecimal() and 1 <= int(key) <= len(places):
            self.page.navigate(places[int(key) - 1].path)

    async def _refresh(self) -> None:
        if self.session.purchases is None:
            await self.session.load_account()
        elif self._path.startswith(PURCHASES):
            await self.session.refresh_purchases()
        elif self._path.startswith(Destination.MANAGE.path):
            await self.session.load_management()
        else:
            await self.session.refresh()

    async def _step_period(self, by: int) -> None:
        purchases = self.session.purchases
        if purchases is None or not self._path.startswith(PURCHASES):
            return
        period_id = purchases.step(by)
        if period_id is not None:
            await show_period(period_id, purchases)

    def _step_purchase(self, by: int) -> None:
        """Select the row above or below on wide windows, where the detail is beside the list."""
        purchases, purchase = self.session.purchases, self.session.purchase
        if purchases is None or purchase is None or not self.device.layout.wide:
            return
        listed, period_id = purchases.shown.data, purchases.period_id
        if listed is None or period_id is None or not self._path.startswith(PURCHASES):
            return
        placed = [
            (row.payment_id, (number, rank, len(page)))
            for number, page in sorted(listed.pages.items())
            for rank, row in enumerate(page)
        ]
        ids = [payment_id for payment_id, _ in placed]
        if purchase.payment_id not in ids:
            return
        index = ids.index(purchase.payment_id) + by
        if 0 <= index < len(ids):
            payment_id, place = placed[index]
            purchases.window.scroll_to_row(*place)
            self.page.navigate(purchase_address(payment_id, period_id))
