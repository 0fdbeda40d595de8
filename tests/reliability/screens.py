"""The table of screens: how each is reached and known, and what can be done on some."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache

import flet as ft
from sqlalchemy import ColumnElement, Connection, Table, func, select

from services.sandbox.schema import contract, dispute, feedback, subscription
from tests.driver import Driver
from tests.reliability.outcomes import Told
from tests.views.catalogues import CATALOGUES, forms
from tests.views.conftest import PASSWORD
from tests.views.people import ABONNE, WEEKLY
from views.text import Language, Words

WORDS = Words(Language.FR)
PURCHASE = "charge-2026-05-11-0"
COMMENT, OPINION, PHONE = "Non.", "Oui.", "0639980112"
"""What is typed: short, for each letter is a stroke."""


@dataclass(frozen=True)
class Reading:
    """A screen that shows something."""

    name: str
    route: str
    shows: str
    """A text it has once it knows what it is to show."""
    figures: bool = True
    """Whether it shows amounts of the backend's; else it needs nothing of it."""

    def tells(self, told: Told | None) -> Told | None:
        """What it tells of that; where nothing is needed of the backend, only that the session is over."""
        return told if self.figures or told is Told.SESSION_OVER else None


READINGS = (
    Reading("home", "/", WORDS("services.title")),
    Reading("usage", "/conso/internet", WORDS("usage.history")),
    Reading("purchases", "/achats?periode=2026-06", "Club Cubéo"),
    Reading("purchase", f"/achats/{PURCHASE}?periode=2026-06", "IP-260511-000000"),
    Reading("manage", "/gerer", WORDS("subscriptions.h2")),
    Reading("subscription", f"/gerer/abonnements/{WEEKLY}", WORDS("subscription.yearly")),
    Reading("service", "/gerer", WORDS("service.title")),
    Reading("help", "/aide", WORDS("help.contact_title"), figures=False),
    Reading("settings", "/reglages", WORDS("settings.version"), figures=False),
)


@dataclass(frozen=True)
class Doing:
    """A screen on which something is done."""

    name: str
    sort: str
    """The field of `Outcome` that says what is told of it."""
    fill: Callable[[Driver], Awaitable[None]]
    """Up to the last tap, from the screen as it opens or as a failure leaves it."""
    submit: Callable[[Driver], Awaitable[None]]
    """The last tap."""
    done: str
    """A text that says it is done."""
    route: str = "/"
    typed: str = ""
    """What was typed, and may not be lost."""
    effects: Callable[[Connection], int | None] | None = None
    """How often it was done, by the backend's database; None: any number will do."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def _tap(name: str) -> Callable[[Driver], Awaitable[None]]:
    return lambda app: app.tap(name)


async def identify(app: Driver) -> None:
    """The identifier, typed or remembered."""
    await app.until(app.headings, "nothing yet")
    if WORDS("reminder.return") in app.names():
        await app.tap(WORDS("reminder.return"))
    if asked_for(app, "login.field"):
        await app.enter(WORDS("login.field"), ABONNE)


async def go_on(app: Driver) -> None:
    await app.tap(next(name for name in app.names() if name.startswith(WORDS("login.continue"))))


async def give_password(app: Driver) -> None:
    if not asked_for(app, "password.field"):
        await identify(app)
        await go_on(app)
    await app.enter(WORDS("password.field"), PASSWORD)


async def _reminded(app: Driver) -> None:
    if not asked_for(app, "reminder.field"):
        await app.tap(WORDS("login.forgot"))
        await app.enter(WORDS("reminder.field"), PHONE)


async def _listed(app: Driver) -> None:
    await see(app, "Club Cubéo")


async def _end(app: Driver) -> None:
    await app.tap(f"end-{WEEKLY}")
    await app.tap(WORDS("subscription.end"))


async def _served(app: Driver) -> None:
    await see(app, WORDS("service.on_since", date="3 mars 2023"))


async def _turn_off(app: Driver) -> None:
    await app.tap("service")
    await app.tap(WORDS("service.off_confirm"))


async def _report(app: Driver) -> None:
    await see(app, "IP-260511-000000")
    if WORDS("report.send") in app.names():
        return
    await app.tap(WORDS("report.title"))
    await app.tap(WORDS("reason.unknown"))
    if COMMENT not in typed(app):
        await app.enter(WORDS("report.comment"), COMMENT)


async def _opinion(app: Driver) -> None:
    await see(app, WORDS("feedback.question"))
    if OPINION not in typed(app):
        await app.tap(WORDS("answer.yes"))
        await app.enter(WORDS("comment.liked"), OPINION)


def _rows(*conditions: ColumnElement[bool] | Table) -> Callable[[Connection], int]:
    """Counts the rows of the tables named and of the conditions on them."""
    query = select(func.count()).select_from(*(one for one in conditions if isinstance(one, Table)))
    query = query.where(*(one for one in conditions if not isinstance(one, Table)))
    return lambda connection: connection.scalar(query) or 0


DOINGS = (
    Doing(
        "reminder",
        "outside",
        _reminded,
        _tap(WORDS("reminder.submit")),
        WORDS("reminder.sent"),
        typed=PHONE,
    ),
    Doing("sign-in identifier", "outside", identify, go_on, WORDS("password.h1"), typed=ABONNE),
    Doing(
        "sign-in password",
        "outside",
        give_password,
        _tap(WORDS("password.submit")),
        WORDS("home.h1", name="Ada"),
        typed="••••",
    ),
    Doing(
        "termination",
        "change",
        _listed,
        _end,
        WORDS("subscription.ending", date="17 mai"),
        route="/gerer",
        effects=_rows(subscription, subscription.c.termination_reference.like("RS-260514-%")),
    ),
    Doing(
        "switch",
        "change",
        _served,
        _turn_off,
        WORDS("service.off_since", date="14 mai 2026"),
        route="/gerer",
        effects=_rows(contract, contract.c.service_pending == "suspended"),
    ),
    Doing(
        "report",
        "report",
        _report,
        _tap(WORDS("report.send")),
        "Référence SG-260514-",
        route=f"/achats/{PURCHASE}?periode=2026-06",
        typed=COMMENT,
        effects=_rows(dispute),
    ),
    Doing(
        "feedback",
        "opinion",
        _opinion,
        _tap(WORDS("feedback.send")),
        WORDS("feedback.thanks"),
        route="/aide",
        typed=OPINION,
        effects=_rows(feedback),
    ),
)


# What a screen says


async def until(app: Driver, condition: Callable[[], object], missing: str) -> None:
    """Wait until the screen is so; looked at only when something was drawn, for that takes long."""
    sent = -1

    def so() -> bool:
        nonlocal sent
        if sent == app.bytes_sent:
            return False
        sent = app.bytes_sent
        return bool(condition())

    await app.until(so, missing)


async def see(app: Driver, text: str) -> None:
    """Wait until this text is on screen."""
    await until(app, lambda: app._shows(text), f"no {text!r}")


def told(app: Driver) -> set[Told]:
    """The families of failures whose sentences are on screen."""
    shown = " ".join(app.texts())
    return {family for family, sentence in _sentences() if sentence.search(shown)}


def amounts(app: Driver) -> list[str]:
    """Every amount of money on screen, in order."""
    return [amount for text in app.texts() for amount in _AMOUNT.findall(text)]


def zeros(app: Driver) -> list[str]:
    """What says that there is nothing: a figure of zero, or a sentence."""
    return [text for text in app.texts() if any(zero.search(text) for zero in _zeros())]


def asked_for(app: Driver, key: str) -> bool:
    """Whether there is a field of this label."""
    return WORDS(key) in (field.label for field in app.controls(ft.TextField))


def typed(app: Driver) -> list[str]:
    """What the fields hold; a password is dots."""
    return ["••••" if field.password and field.value else field.value for field in app.controls(ft.TextField)]


def aged(app: Driver) -> bool:
    """Whether the age of what is on screen is said."""
    return any(_sentence(WORDS_OF["banner.stale"][0]).search(text) for text in app.texts())


WORDS_OF = {key: forms(message) for key, message in CATALOGUES[Language.FR].items()}
_AMOUNT = re.compile(r"[\N{MINUS SIGN}-]?\d[\d\s]*,\d\d\s€")
_NOTHING = (
    "services.none",
    "usage.none",
    "purchases.empty_title",
    "purchases.empty_closed",
    "subscriptions.empty",
    "subscription.no_charges",
)
"""The keys of the sentences that say there is nothing."""


@cache
def _sentences() -> tuple[tuple[Told, re.Pattern[str]], ...]:
    return tuple(
        (family, _sentence(text))
        for family in Told
        for key, texts in WORDS_OF.items()
        if key.startswith(family.value)
        for text in texts
    )


@cache
def _zeros() -> tuple[re.Pattern[str], ...]:
    nothing = tuple(_sentence(WORDS_OF[key][0]) for key in _NOTHING)
    return (*nothing, re.compile(r"(?<![\d,])0,00"), re.compile(r"(?<!\d)0\s(achat|abonnement)"))


@cache
def _sentence(text: str) -> re.Pattern[str]:
    """The text of a catalogue as it may stand on screen, its fields filled in."""
    words = re.split(r"\{\w+\}", text)
    return re.compile(r"[^.]+?".join(re.escape(part) for part in words))
