"""Changes of the address, intercepted by one hook before Flet's router handles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import flet as ft

from views.core.session import SessionState
from views.routes import PURCHASES, Destination, period_in


class Navigation:
    """Address of one page.

    - An unparsable address, such as `//[` or `/#?`, leads to the home screen. Flet 1.0.5 raises on it.
    - If only the period of the purchases changes, the period is opened without the router, which would
      redraw the whole screen.
    - If the screen changes, the open sheet closes.
    """

    def __init__(self, page: ft.Page, session: SessionState, close_sheets: Callable[[], None]) -> None:
        self._page = page
        self._session = session
        self._close_sheets = close_sheets
        try:
            self._path = urlsplit(page.route).path
        except ValueError:
            page.route = self._path = Destination.HOME.path
        self._take: Callable[[Any], Any] = page.before_event
        page.before_event = self._before_event  # type: ignore[method-assign, assignment]

    def _before_event(self, event: ft.ControlEvent) -> Any:
        """Return False if Flet must not handle the event."""
        if not isinstance(event, ft.RouteChangeEvent):
            return self._take(event)
        try:
            path = urlsplit(event.route).path
            taken = self._take(event)
        except (ValueError, AttributeError):
            if self._page.session.connection is None:  # Flet cannot navigate for a client that has left
                return True
            self._page.navigate(Destination.HOME.path)
            return False
        if taken is False:
            return False
        before, self._path = self._path, path
        if before != path:
            self._close_sheets()
        return self._follow_period(event.route, only_period=before == path == PURCHASES) and taken

    def _follow_period(self, route: str, *, only_period: bool) -> bool:
        """Open the period of the address; return whether the router is needed."""
        purchases, period_id = self._session.purchases, period_in(route)
        if purchases is None:
            return True
        news = purchases.is_external_route(period_id)
        if only_period and news:
            self._page.run_task(purchases.open, period_id)
        return not only_period
