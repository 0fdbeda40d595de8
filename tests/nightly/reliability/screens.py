"""Table of screens: route and texts of each, and the changes that some offer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, select

from services.sandbox.schema import contract, dispute, feedback, subscription
from tests.harness.driver import Driver
from tests.nightly.reliability.outcomes import Told
from tests.nightly.reliability.screen import WORDS, asked_for, see, typed
from tests.views.conftest import PASSWORD
from tests.views.factories import ABONNE, WEEKLY

PURCHASE = "charge-2026-05-11-0"
REFERENCE = f"IP-{PURCHASE}"
COMMENT, OPINION, PHONE = "Non.", "Oui.", "0639980112"
"""Typed texts; short, because each letter is an event."""


@dataclass(frozen=True)
class Reading:
    """Screen that shows data."""

    name: str
    route: str
    shows: tuple[str, ...]
    """Texts on screen once its data is loaded."""
    figures: bool = True
    """Whether it shows amounts of the backend's, and can read them again; else it needs nothing of it."""

    results: bool = False
    """Whether it shows results from the ledger or the subscriptions, which need all of their values."""

    @property
    def situations(self) -> tuple[str, ...]:
        """In which it meets a fault: fields of `Outcome`."""
        return ("first", "again") if self.figures else ("first",)

    def tells(self, told: Told | None) -> Told | None:
        """Return the message to expect.

        A screen without backend data only reports the end of the session, and one without results names no
        missing data.
        """
        shown = self.results if told is Told.INCOMPLETE else self.figures or told is Told.SESSION_OVER
        return told if shown else None


READINGS = (
    Reading("home", "/", (WORDS("services.title"),), results=True),
    Reading("usage", "/conso/internet", (WORDS("usage.history"),), results=True),
    Reading("purchases", "/achats?periode=2026-06", ("Club Cubéo",)),
    Reading("purchase", f"/achats/{PURCHASE}?periode=2026-06", (REFERENCE,)),
    Reading("manage, service", "/gerer", (WORDS("service.title"), "Club Cubéo")),
    Reading("subscription", f"/gerer/abonnements/{WEEKLY}", (WORDS("subscription.since"),)),
    Reading("check", "/verifier", ("Je reconnais",), results=True),
    Reading("calendar", "/gerer/calendrier", (WORDS("calendar.note"), "Club Cubéo"), results=True),
    Reading("bill", "/rapprochement?periode=2026-02", (WORDS("clocks.h2"),), results=True),
    Reading("publisher", "/editeurs/club-cubeo", (WORDS("publisher.purchases"),), results=True),
    Reading("search", "/recherche?q=club", ("Club Cubéo",), results=True),
    Reading("year", "/conso/annee", (WORDS("year.kinds"),), results=True),
    Reading("contest", "/contestations/nouvelle/editeur/club-cubeo", (WORDS("contest.lines"),), results=True),
    Reading("help", "/aide", (WORDS("help.contact_title"),), figures=False),
    Reading("settings", "/reglages", (WORDS("settings.version"),), figures=False),
)


PURCHASES = READINGS[2]
"""Screen that meets every fault."""


@dataclass(frozen=True)
class Doing:
    """Screen with a change of data."""

    name: str
    sort: str
    """Field of `Outcome` with the message for this change."""
    fill: Callable[[Driver], Awaitable[None]]
    """Action up to the last tap, on the opened screen or after a failure."""
    submit: Callable[[Driver], Awaitable[None]]
    """Action of the last tap."""
    done: str
    """Text of the receipt."""
    route: str = "/"
    typed: str = ""
    """Typed text that must not be lost."""
    effects: Callable[[Connection], int | None] | None = None
    """Count of the change in the backend's database; None if any count is right."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def _tap(name: str) -> Callable[[Driver], Awaitable[None]]:
    return lambda app: app.tap(name)


async def identify(app: Driver) -> None:
    """Submit the identifier, typed or remembered."""
    await app.until(app.headings, "nothing yet")
    if WORDS("reminder.return") in app.names():
        await app.tap(WORDS("reminder.return"))
    if asked_for(app, "login.field"):
        await app.enter(WORDS("login.field"), ABONNE)


async def give_password(app: Driver) -> None:
    if not asked_for(app, "password.field"):
        await identify(app)
        await app.tap(WORDS("login.continue"))
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
    await see(app, REFERENCE)
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
    """Return a function that counts the rows of tables and of conditions on them."""
    query = select(func.count()).select_from(*(one for one in conditions if isinstance(one, Table)))
    query = query.where(*(one for one in conditions if not isinstance(one, Table)))
    return lambda connection: connection.scalar(query) or 0


DOINGS = (
    Doing(
        "reminder",
        "reminder",
        _reminded,
        _tap(WORDS("reminder.submit")),
        WORDS("reminder.sent"),
        typed=PHONE,
    ),
    Doing(
        "sign-in identifier",
        "sign_in",
        identify,
        _tap(WORDS("login.continue")),
        WORDS("password.h1"),
        typed=ABONNE,
    ),
    Doing(
        "sign-in password",
        "sign_in",
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
TERMINATION = DOINGS[3]
"""Change that meets every fault."""
