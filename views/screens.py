"""Screens: the screen of each route, and the screen that it covers."""

from __future__ import annotations

import flet as ft

from views.calendar.screen import CalendarView
from views.checks.screen import CheckView
from views.core.component import component
from views.core.context import use_design
from views.core.notices import state
from views.disputes.screen import ContestView, NewContestView
from views.help.screen import ArticleView, HelpView
from views.home.screen import HomeView
from views.kit.buttons import strong_button
from views.publishers.screen import PublisherView
from views.purchases.detail_screen import PurchaseView
from views.purchases.screen import PurchasesView
from views.reconcile.screen import ReconcileView
from views.routes import (
    CALENDAR,
    CHECK,
    CONTESTS,
    NEW_CONTEST,
    PUBLISHERS,
    PURCHASES,
    RECONCILE,
    SEARCH,
    SETTINGS,
    SIGN_IN,
    SUBSCRIPTIONS,
    YEAR,
    Destination,
    go,
)
from views.search.screen import SearchView
from views.settings.screen import SettingsView
from views.subscriptions.detail_screen import SubscriptionView
from views.subscriptions.screen import ManageView
from views.usage.screen import UsageView
from views.year.screen import YearView

_HELP, _MANAGE = Destination.HELP.path, Destination.MANAGE.path


def _path(path: str, parameters: str = "") -> str:
    """Return the pattern of a path and its parameters in Flet's notation, which starts without a slash."""
    return f"{path}/{parameters}".strip("/")


_COMMON = [
    ft.Route(
        component=HomeView,
        children=[
            ft.Route(index=True),
            ft.Route(path=_path(SIGN_IN)),
            ft.Route(path=_path(SETTINGS), component=SettingsView),
        ],
    ),
    ft.Route(path=_path(Destination.USAGE.path), component=UsageView),
    ft.Route(path=_path(YEAR), component=YearView),
    ft.Route(path=_path(CHECK, ":payment_id?"), component=CheckView),
    ft.Route(path=_path(SEARCH, ":payment_id?"), component=SearchView),
    ft.Route(path=_path(RECONCILE), component=ReconcileView),
    ft.Route(path=_path(PUBLISHERS, ":merchant_identifier/:payment_id?"), component=PublisherView),
    ft.Route(path=_path(NEW_CONTEST, ":origin/:key"), component=NewContestView),
    ft.Route(path=_path(CONTESTS, ":contest_id"), component=ContestView),
    ft.Route(
        path=_path(_MANAGE),
        component=ManageView,
        children=[
            ft.Route(
                path=_path(SUBSCRIPTIONS.removeprefix(_MANAGE), ":subscription_id"),
                component=SubscriptionView,
            ),
            ft.Route(path=_path(CALENDAR.removeprefix(_MANAGE)), component=CalendarView),
        ],
    ),
]
"""Routes common to all windows. A child view covers its parent; the system's Back returns to the parent."""
NARROW = [
    *_COMMON,
    ft.Route(
        path=_path(PURCHASES),
        component=PurchasesView,
        children=[ft.Route(path=":payment_id", component=PurchaseView)],
    ),
    ft.Route(path=_path(_HELP), component=HelpView, children=[ft.Route(path=":slug", component=ArticleView)]),
]
"""Routes of narrow windows: a purchase or an article has its own screen above the list."""
WIDE = [
    *_COMMON,
    ft.Route(path=_path(PURCHASES, ":payment_id?"), component=PurchasesView),
    ft.Route(path=_path(_HELP, ":slug?"), component=HelpView),
]
"""Routes of wide windows: a purchase or an article is beside the list."""


@component
def NotFoundPage() -> ft.Control:
    """Show that no screen has this address."""
    design = use_design()

    def home() -> None:
        go(Destination.HOME.path)

    return state(
        design,
        ft.Icons.EXPLORE_OFF_OUTLINED,
        design.words("notfound.title"),
        "",
        strong_button(design, design.words("notfound.home"), home),
        level=1,
    )
