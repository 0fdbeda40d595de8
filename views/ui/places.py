"""The places of the app and the way to them."""

from __future__ import annotations

from enum import Enum

import flet as ft

from views.state.purchases import PurchasesState

from .look import Look


class Destination(Enum):
    """The places of the navigation: path, icon at rest, icon when there."""

    HOME = ("/", ft.Icons.HOME_OUTLINED, ft.Icons.HOME)
    USAGE = ("/conso/internet", ft.Icons.DONUT_LARGE_OUTLINED, ft.Icons.DONUT_LARGE)
    MANAGE = ("/gerer", ft.Icons.TUNE_OUTLINED, ft.Icons.TUNE)
    HELP = ("/aide", ft.Icons.HELP_OUTLINE, ft.Icons.HELP)

    @property
    def path(self) -> str:
        return self.value[0]

    def label(self, look: Look) -> str:
        return look.words(f"nav.{self.name.lower()}")


def go(path: str) -> None:
    """Follow a link inside the app."""
    ft.context.page.navigate(path)


async def show_period(period_id: str, purchases: PurchasesState | None = None) -> None:
    """Go to the purchases of a period: the address says which.

    `purchases` on screen show it at once: the browser need not tell its new address first.
    """
    go(f"/achats?periode={period_id}")
    if purchases is not None:
        await purchases.open(period_id)
