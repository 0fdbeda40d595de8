"""The places of the app and the way to them."""

from __future__ import annotations

import asyncio
import re
from enum import Enum
from urllib.parse import parse_qs, quote, unquote, urlsplit

import flet as ft

from views.kit.look import Look
from views.purchases.state import PurchasesState

PURCHASES = "/achats"
SETTINGS = "/reglages"
CHECK = "/verifier"
SEARCH = "/recherche"
RECONCILE = "/rapprochement"
YEAR = "/conso/annee"
PUBLISHERS = "/editeurs"
CALENDAR = "/gerer/calendrier"
CONTESTS = "/contestations"
FIRST_VIEW = "/"
"""The name of the view a page starts with: a view of that name is there at once, any other fades in."""
_PERIOD_ID = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


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


_PARENTS = {
    PURCHASES: Destination.USAGE.path,
    SEARCH: PURCHASES,
    **dict.fromkeys(("/conso", SETTINGS, CHECK, PUBLISHERS), Destination.HOME.path),
}
"""By the first part of the path."""
_PARENTS_OF_DETAILS = {
    place: place for place in (Destination.MANAGE.path, Destination.HELP.path, CHECK, SEARCH)
}
"""The same, where the path has further parts."""


def go(path: str) -> None:
    """Follow a link inside the app."""
    ft.context.page.navigate(path)


def period_in(route: str) -> str | None:
    """The period an address asks for: `/achats?periode=2024-03`; None for the current one."""
    asked = parse_qs(urlsplit(route).query).get("periode", [""])[0]
    return asked if _PERIOD_ID.fullmatch(asked) else None


def purchases_of(period_id: str | None) -> str:
    """The address of a period's purchases; of the current one's for None."""
    return f"{PURCHASES}?periode={period_id}" if period_id else PURCHASES


def year_address(year: int) -> str:
    """The address of a year of bills."""
    return f"{YEAR}?annee={year}"


def reconcile_address(period_id: str) -> str:
    """The address where a period is compared with its printed bill."""
    return f"{RECONCILE}?periode={period_id}"


def purchase_address(payment_id: str, period_id: str) -> str:
    """The address of one purchase, in its period."""
    return f"{PURCHASES}/{payment_id}?periode={period_id}"


def publisher_address(merchant_identifier: str, payment_id: str | None = None) -> str:
    """The address of one publisher, and of a purchase beside it."""
    address = f"{PUBLISHERS}/{segment(merchant_identifier)}"
    return f"{address}/{payment_id}" if payment_id else address


def segment(name: str) -> str:
    """Return any text as one segment of an address, for `named_by` to read.

    A browser decodes `%2F` to a slash and resolves `..`. So each character that is not plain is written in
    hexadecimal after a tilde, which it leaves alone.
    """
    return quote(name, safe="").replace("~", "%7E").replace(".", "%2E").replace("%", "~")


def named_by(part: str) -> str:
    """Return the text that `segment` wrote."""
    return unquote(part.replace("~", "%"))


def search_address(query: str, payment_id: str) -> str:
    """The address of a search, with one of the purchases found beside it."""
    return f"{SEARCH}/{payment_id}?q={quote(query, safe='')}"


def contest_address(contest_id: str) -> str:
    """The address of one contest file."""
    return f"{CONTESTS}/{contest_id}"


def new_contest_address(origin: str, key: str) -> str:
    """The address at which a file is begun; `origin` is `achat`, `constat` or `editeur`."""
    return f"{CONTESTS}/nouvelle/{origin}/{quote(key, safe='')}"


def subscription_address(subscription_id: str) -> str:
    """The address of one subscription."""
    return f"{Destination.MANAGE.path}/abonnements/{subscription_id}"


def parent_of(path: str, period_id: str | None) -> str | None:
    """Return the address that Back leads to from a screen; None from the start of a destination.

    Args:
        period_id: the period on screen, to which a purchase leads back.
    """
    first, *rest = path.strip("/").split("/")
    place = f"/{first}"
    if place == RECONCILE or (place == PURCHASES and rest):
        return purchases_of(period_id)
    if place == PUBLISHERS and len(rest) > 1:  # one of the publisher's purchases
        return f"{PUBLISHERS}/{rest[0]}"
    return (rest and _PARENTS_OF_DETAILS.get(place)) or _PARENTS.get(place)


async def show_period(period_id: str, purchases: PurchasesState | None = None) -> None:
    """Go to the purchases of a period: the address says which.

    `purchases` on screen show it at once: the browser need not tell its new address first.
    """
    address = purchases_of(period_id)
    if purchases is None:
        go(address)
        return
    coming = purchases_of(purchases.awaited) if purchases.awaited else ft.context.page.route
    if coming != address:  # of the address it is at, the browser tells nothing
        purchases.expect_address(period_id)
    opening = asyncio.ensure_future(purchases.open(period_id))
    # For a new address Flutter makes the whole page anew: the list is sent first, not to wait for that.
    for _ in range(2):  # it is shown, then drawn
        await asyncio.sleep(0)
    go(address)
    await opening
