"""Paths of the app: the only module that spells an address. `views/screens.py` maps them to screens."""

from __future__ import annotations

import re
from enum import Enum
from urllib.parse import parse_qs, quote, unquote, urlsplit

import flet as ft

from views.kit.design import Design

PURCHASES = "/achats"
SETTINGS = "/reglages"
CHECK = "/verifier"
SEARCH = "/recherche"
RECONCILE = "/rapprochement"
YEAR = "/conso/annee"
PUBLISHERS = "/editeurs"
CALENDAR = "/gerer/calendrier"
CONTESTS = "/contestations"
NEW_CONTEST = f"{CONTESTS}/nouvelle"
FIRST_VIEW = "/"
"""Name of the first view of a page. A view of this name appears at once; other views fade in."""
SIGN_IN = "/login"
_PERIOD_ID = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class Destination(Enum):
    """Destinations of the navigation: path, icon, selected icon."""

    HOME = ("/", ft.Icons.HOME_OUTLINED, ft.Icons.HOME)
    USAGE = ("/conso/internet", ft.Icons.DONUT_LARGE_OUTLINED, ft.Icons.DONUT_LARGE)
    MANAGE = ("/gerer", ft.Icons.TUNE_OUTLINED, ft.Icons.TUNE)
    HELP = ("/aide", ft.Icons.HELP_OUTLINE, ft.Icons.HELP)

    @property
    def path(self) -> str:
        return self.value[0]

    def label(self, design: Design) -> str:
        return design.words(f"nav.{self.name.lower()}")


SUBSCRIPTIONS = f"{Destination.MANAGE.path}/abonnements"

_PARENTS = {
    PURCHASES: Destination.USAGE.path,
    SEARCH: PURCHASES,
    **dict.fromkeys(("/conso", SETTINGS, CHECK, PUBLISHERS), Destination.HOME.path),
}
"""Parent addresses by the first segment of the path."""
_PARENTS_OF_DETAILS = {
    place: place for place in (Destination.MANAGE.path, Destination.HELP.path, CHECK, SEARCH)
}
"""Parent addresses by the first segment, for paths with more segments."""


def go(path: str) -> None:
    """Follow a link inside the app."""
    ft.context.page.navigate(path)


def period_in(route: str) -> str | None:
    """Return the period of an address such as `/achats?periode=2024-03`; None for the current period."""
    asked = parse_qs(urlsplit(route).query).get("periode", [""])[0]
    return asked if _PERIOD_ID.fullmatch(asked) else None


def purchases_of(period_id: str | None) -> str:
    """Return the address of the purchases of a period; None stands for the current period."""
    return f"{PURCHASES}?periode={period_id}" if period_id else PURCHASES


def year_address(year: int) -> str:
    """Return the address of a year of bills."""
    return f"{YEAR}?annee={year}"


def reconcile_address(period_id: str) -> str:
    """Return the address of the comparison of a period with its printed bill."""
    return f"{RECONCILE}?periode={period_id}"


def purchase_address(payment_id: str, period_id: str) -> str:
    """Return the address of a purchase in its period."""
    return f"{PURCHASES}/{payment_id}?periode={period_id}"


def publisher_address(merchant_identifier: str, payment_id: str | None = None) -> str:
    """Return the address of a publisher, with a purchase beside if `payment_id` is given."""
    address = f"{PUBLISHERS}/{segment(merchant_identifier)}"
    return f"{address}/{payment_id}" if payment_id else address


def segment(name: str) -> str:
    """Return any text as one segment of an address; `named_by` is the inverse.

    A browser decodes `%2F` to a slash and resolves `..`. Special characters are therefore written in
    hexadecimal after a tilde, which a browser does not change.
    """
    return quote(name, safe="").replace("~", "%7E").replace(".", "%2E").replace("%", "~")


def named_by(part: str) -> str:
    """Return the text that `segment` encoded."""
    return unquote(part.replace("~", "%"))


def search_address(query: str, payment_id: str) -> str:
    """Return the address of a search, with a found purchase beside the list."""
    return f"{SEARCH}/{payment_id}?q={quote(query, safe='')}"


def contest_address(contest_id: str) -> str:
    """Return the address of a contest file."""
    return f"{CONTESTS}/{contest_id}"


def new_contest_address(origin: str, key: str) -> str:
    """Return the address that begins a contest file; `origin` is `achat`, `constat` or `editeur`."""
    return f"{NEW_CONTEST}/{origin}/{quote(key, safe='')}"


def subscription_address(subscription_id: str) -> str:
    """Return the address of a subscription."""
    return f"{SUBSCRIPTIONS}/{subscription_id}"


def parent_of(path: str, period_id: str | None) -> str | None:
    """Return the address that Back leads to from a screen; None if the screen has no parent.

    Args:
        period_id: the period on screen, where Back leads from a purchase.
    """
    first, *rest = path.strip("/").split("/")
    place = f"/{first}"
    if place == RECONCILE or (place == PURCHASES and rest):
        return purchases_of(period_id)
    if place == PUBLISHERS and len(rest) > 1:  # one of the publisher's purchases
        return f"{PUBLISHERS}/{rest[0]}"
    return (rest and _PARENTS_OF_DETAILS.get(place)) or _PARENTS.get(place)
