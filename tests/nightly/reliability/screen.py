"""Content of a screen in the terms of the matrix: families of sentences, amounts, zeros, ages."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, cached_property

import flet as ft

from tests.harness.driver import Driver
from tests.nightly.reliability.outcomes import Told
from tests.views.catalogues import CATALOGUES, forms
from views.core.text import Language, Words

WORDS = Words(Language.FR)
"""Words of the app in these tests."""
_TEXTS = {key: forms(message) for key, message in CATALOGUES[Language.FR].items()}
_AMOUNT = re.compile(r"[\N{MINUS SIGN}-]?\d[\d\s]*,\d\d\s€")
_NOTHING = (
    "services.none",
    "usage.none",
    "purchases.empty_title",
    "purchases.empty_closed",
    "purchases.empty_billed",
    "subscriptions.empty",
    "subscription.no_charges",
    "check.done",
    "calendar.empty",
    "calendar.no_charge",
    "reconcile.gone",
    "publisher.unknown",
    "search.none",
    "search.nothing",
    "year.nothing",
    "contest.none",
)
"""Keys of the sentences for missing data."""


class ScreenText:
    """Texts of the screen at one moment."""

    def __init__(self, app: Driver) -> None:
        self.texts = app.texts()

    @cached_property
    def told(self) -> set[Told]:
        """Families of failures whose sentences are on screen."""
        shown = "\n".join(self.texts)
        return {family for family, sentence in _sentences() if sentence.search(shown)}

    @cached_property
    def amounts(self) -> list[str]:
        """All amounts of money, in order."""
        return [amount for text in self.texts for amount in _AMOUNT.findall(text)]

    @property
    def zeros(self) -> list[str]:
        """Texts with a zero, and sentences for missing data."""
        return [text for text in self.texts if any(zero.search(text) for zero in _zeros())]

    @property
    def aged(self) -> bool:
        """Whether the age of the data is shown."""
        return any(_sentence(_TEXTS["banner.stale"][0]).search(text) for text in self.texts)

    def shows(self, *texts: str) -> bool:
        """Return whether all texts are on screen; all kinds of spaces are equal."""
        shown = _plain("\n".join(self.texts))
        return all(_plain(text) in shown for text in texts)


async def until(app: Driver, condition: Callable[[ScreenText], object], missing: str) -> None:
    """Wait until `condition` holds for the screen; check it only after a drawing: the check is slow."""
    sent = -1

    def so() -> bool:
        nonlocal sent
        if sent == app.bytes_sent:
            return False
        sent = app.bytes_sent
        return bool(condition(ScreenText(app)))

    await app.until(so, missing)


async def see(app: Driver, *texts: str) -> None:
    """Wait until these texts are on screen."""
    await until(app, lambda seen: seen.shows(*texts), f"not {texts}")


async def says(app: Driver, expected: Told | None) -> None:
    """Wait until `expected` is the only family of sentences on screen."""
    wanted = {expected} - {None}
    await until(app, lambda seen: seen.told == wanted, f"not {expected} alone")


def asked_for(app: Driver, key: str) -> bool:
    """Return whether there is a field with this label."""
    return WORDS(key) in (field.label for field in app.controls(ft.TextField))


def typed(app: Driver) -> list[str]:
    """Return the values of the fields; a password is replaced by dots."""
    return ["••••" if field.password and field.value else field.value for field in app.controls(ft.TextField)]


@cache
def _sentences() -> tuple[tuple[Told, re.Pattern[str]], ...]:
    return tuple(
        (family, _sentence(text))
        for family in Told
        for key, texts in _TEXTS.items()
        if key.startswith(family.value)
        for text in texts
    )


@cache
def _zeros() -> tuple[re.Pattern[str], ...]:
    nothing = tuple(_sentence(_TEXTS[key][0]) for key in _NOTHING)
    return (*nothing, re.compile(r"(?<![\d,])0,00"), re.compile(r"(?<!\d)0\s(achat|abonnement)"))


@cache
def _sentence(text: str) -> re.Pattern[str]:
    """Return a pattern for a text of a catalog whose placeholders are filled in."""
    return re.compile(r"[^.\n]+?".join(re.escape(part) for part in re.split(r"\{\w+\}", text)))


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")
