"""What a user is told: the specification of the matrix, by kind of trouble and by what they were doing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache

from babel.messages.pofile import read_po

from tests.driver import Driver
from views.text import Language, asset


class Told(Enum):
    """A family of sentences; the value is how their keys in the catalogues begin."""

    UNREACHABLE = ("error.Unreachable.", "banner.offline")
    UNAVAILABLE = ("error.Unavailable.",)
    UNEXPECTED = ("error.UnexpectedAnswer.",)
    NOT_FOUND = ("error.NotFound.", "purchase.not_found", "subscription.not_found")
    FORBIDDEN = ("error.Forbidden.",)
    CHANGED = ("error.Changed.",)
    NOT_POSSIBLE = ("error.NotPossible.",)
    SESSION_OVER = ("error.SessionExpired.",)
    START_AGAIN = ("error.SignInTimedOut.",)
    UNKNOWN = ("error.OutcomeUnknown.",)
    QUEUED = ("feedback.queued",)
    OTHER = ("error.",)
    """A failure, but none of those."""


class Kind(Enum):
    """Kinds of trouble, as they differ to the user."""

    NO_ROAD = auto()
    ANSWER_LOST = auto()
    ANSWER_STRANGE = auto()
    STRANGER = auto()
    NEWER = auto()
    BUSY = auto()
    BRIEFLY_BUSY = auto()
    READ_ONLY = auto()
    UNAUTHENTICATED = auto()
    REVOKED = auto()
    FORBIDDEN = auto()
    ABSENT = auto()
    CONFLICT = auto()
    STALE = auto()
    HARMLESS = auto()


@dataclass(frozen=True)
class Outcome:
    """What is told of one kind; None: nothing, it goes on as if there were no fault."""

    first: Told | None
    """On a screen that has shown nothing yet."""
    again: Told | None
    """On a screen that has shown its figures before: they stay."""
    write: Told | None
    """On trying to change something."""
    opinion: Told | None
    """On sending an opinion of the help."""
    outside: Told | None
    """On signing in, or asking for one's identifier."""


def _always(told: Told | None) -> Outcome:
    return Outcome(told, told, told, told, told)


OUTCOMES = {
    Kind.NO_ROAD: Outcome(
        first=Told.UNREACHABLE,
        again=Told.UNREACHABLE,
        write=Told.UNREACHABLE,
        opinion=Told.QUEUED,
        outside=Told.UNREACHABLE,
    ),
    Kind.HARMLESS: _always(None),
}


@cache
def _patterns() -> tuple[tuple[Told, re.Pattern[str]], ...]:
    """What the sentences of each family look like on screen, in French."""
    with asset("locales", Language.FR.value, "LC_MESSAGES", "messages.po").open("rb") as file:
        catalogue = read_po(file)
    found = []
    for message in catalogue:
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        family = next((told for told in Told if str(key).startswith(told.value)), None)
        if family is not None:
            found += [(family, _pattern(str(text))) for text in texts]
    return tuple(found)
