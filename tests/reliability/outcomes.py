"""What a user is told: the specification of the matrix, by kind of trouble and by what they were doing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


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


class Kind(Enum):
    """Kinds of trouble, as they differ to the user."""

    NO_ROAD = auto()
    """The request does not arrive."""
    NO_ANSWER = auto()
    """It arrives, and the answer is lost."""
    GARBLED = auto()
    """It arrives, and the answer is not what the contract says."""
    STRANGER = auto()
    """Something else answers."""
    BUSY = auto()
    BRIEFLY_BUSY = auto()
    """For shorter than a read waits by itself."""
    READ_ONLY = auto()
    """The backend answers, but nothing can be changed; a session can be renewed no more."""
    OVER = auto()
    """The session is."""
    UNAUTHENTICATED = auto()
    FORBIDDEN = auto()
    ABSENT = auto()
    CONFLICT = auto()
    STALE = auto()
    HARMLESS = auto()


@dataclass(frozen=True)
class Outcome:
    """What is told of one kind; None: nothing, for it does no harm."""

    opened: Told | None
    """On opening the app, which knows nothing yet."""
    first: Told | None
    """On a screen that has shown nothing yet, of an account that is known."""
    again: Told | None
    """On a screen that has shown its figures before: they stay, with their age."""
    write: Told | None
    """On trying to change something."""
    opinion: Told | None
    """On sending an opinion of the help."""
    outside: Told | None
    """On signing in, or on asking for one's identifier."""


_NO, _BUSY, _WHAT, _OVER = Told.UNREACHABLE, Told.UNAVAILABLE, Told.UNEXPECTED, Told.SESSION_OVER
_MINE, _GONE, _CANNOT, _MOVED, _LATER = (
    Told.FORBIDDEN, Told.NOT_FOUND, Told.NOT_POSSIBLE, Told.CHANGED, Told.QUEUED,
)  # fmt: skip
OUTCOMES = {
    #                            opened, first, again, write,   opinion, outside
    Kind.NO_ROAD:         Outcome(_NO,   _NO,   _NO,   _NO,     _LATER,  _NO),
    Kind.NO_ANSWER:       Outcome(_NO,   _NO,   _NO,   _NO,     _LATER,  _NO),
    Kind.GARBLED:         Outcome(_WHAT, _WHAT, _WHAT, _WHAT,   _WHAT,   _WHAT),
    Kind.STRANGER:        Outcome(_WHAT, _WHAT, _WHAT, _WHAT,   _WHAT,   _WHAT),
    Kind.BUSY:            Outcome(_BUSY, _BUSY, _BUSY, _BUSY,   _BUSY,   _BUSY),
    Kind.BRIEFLY_BUSY:    Outcome(None,  None,  None,  _BUSY,   _BUSY,   _BUSY),
    Kind.READ_ONLY:       Outcome(_BUSY, None,  None,  _BUSY,   _BUSY,   _BUSY),
    Kind.OVER:            Outcome(_OVER, _OVER, _OVER, _OVER,   _OVER,   None),
    Kind.UNAUTHENTICATED: Outcome(_OVER, _OVER, _OVER, _OVER,   _OVER,   _WHAT),
    Kind.FORBIDDEN:       Outcome(_WHAT, _MINE, _MINE, _MINE,   _MINE,   _WHAT),
    Kind.ABSENT:          Outcome(_WHAT, _GONE, _GONE, _GONE,   _GONE,   _WHAT),
    Kind.CONFLICT:        Outcome(_WHAT, _WHAT, _WHAT, _CANNOT, _CANNOT, _WHAT),
    Kind.STALE:           Outcome(_WHAT, _WHAT, _WHAT, _MOVED,  _MOVED,  _WHAT),
    Kind.HARMLESS:        Outcome(None,  None,  None,  None,    None,    None),
}  # fmt: skip
