"""Routes: the screen of each address, and its parent screen."""

from __future__ import annotations

import flet as ft

from views.calendar.screen import CalendarView
from views.checks.screen import CheckView
from views.core.component import component
from views.core.context import use_look
from views.core.notices import state
from views.disputes.screen import ContestView, NewContestView
from views.help.screen import ArticleView, HelpView
from views.home.screen import HomeView
from views.kit.buttons import strong_button
from views.places import Destination, go
from views.publishers.screen import PublisherView
from views.purchases.detail_screen import PurchaseView
from views.purchases.screen import PurchasesView
from views.reconcile.screen import ReconcileView
from views.search.screen import SearchView
from views.settings.screen import SettingsView
from views.subscriptions.detail_screen import SubscriptionView
from views.subscriptions.screen import ManageView
from views.usage.screen import UsageView
from views.year.screen import YearView

_PLACES = [
    ft.Route(
        component=HomeView,
        children=[
            ft.Route(index=True),
            ft.Route(path="login"),
            ft.Route(path="reglages", component=SettingsView),
        ],
    ),
    ft.Route(path="conso/internet", component=UsageView),
    ft.Route(path="conso/annee", component=YearView),
    ft.Route(path="verifier/:payment_id?", component=CheckView),
    ft.Route(path="recherche/:payment_id?", component=SearchView),
    ft.Route(path="rapprochement", component=ReconcileView),
    ft.Route(path="editeurs/:merchant_identifier/:payment_id?", component=PublisherView),
    ft.Route(path="contestations/nouvelle/:origin/:key", component=NewContestView),
    ft.Route(path="contestations/:contest_id", component=ContestView),
    ft.Route(
        path="gerer",
        component=ManageView,
        children=[
            ft.Route(path="abonnements/:subscription_id", component=SubscriptionView),
            ft.Route(path="calendrier", component=CalendarView),
        ],
    ),
]
"""Routes common to all windows. A child view covers its parent; the system's Back returns to the parent."""
NARROW = [
    *_PLACES,
    ft.Route(
        path="achats",
        component=PurchasesView,
        children=[ft.Route(path=":payment_id", component=PurchaseView)],
    ),
    ft.Route(path="aide", component=HelpView, children=[ft.Route(path=":slug", component=ArticleView)]),
]
"""Routes of narrow windows: a purchase or an article has its own screen above the list."""
WIDE = [
    *_PLACES,
    ft.Route(path="achats/:payment_id?", component=PurchasesView),
    ft.Route(path="aide/:slug?", component=HelpView),
]
"""Routes of wide windows: a purchase or an article is beside the list."""


@component
def NotFoundPage() -> ft.Control:
    """Show that no screen has this address."""
    look = use_look()

    def home() -> None:
        go(Destination.HOME.path)

    return state(
        look,
        ft.Icons.EXPLORE_OFF_OUTLINED,
        look.words("notfound.title"),
        "",
        strong_button(look, look.words("notfound.home"), home),
        level=1,
    )
