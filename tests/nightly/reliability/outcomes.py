"""Specification of the matrix: the message to the user, by kind of fault and by action."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Told(Enum):
    """Family of sentences; the value is the prefix of their keys in the catalogs."""

    UNREACHABLE = ("error.Unreachable.", "banner.offline")
    UNTRUSTED = ("error.CertificateRefused.",)
    UNAVAILABLE = ("error.Unavailable.",)
    UNEXPECTED = ("error.UnexpectedAnswer.",)
    NOT_FOUND = ("error.NotFound.", "purchase.not_found", "subscription.not_found")
    FORBIDDEN = ("error.Forbidden.",)
    NOT_SENT = ("error.NotSent.text",)
    UNKNOWN = ("error.OutcomeUnknown.",)
    NOT_DONE = ("error.NotDone.",)
    CHANGED = ("error.Changed.",)
    NOT_POSSIBLE = ("error.NotPossible.",)
    QUEUED = ("feedback.queued",)
    SESSION_OVER = ("error.SessionExpired.",)
    START_AGAIN = ("error.SignInTimedOut.",)
    INCOMPLETE = ("incomplete.title",)


class Kind(Enum):
    """Kinds of faults that differ for the user; the value describes the kind."""

    NO_ROAD = "The request does not leave."
    UNTRUSTED = "Another server answers, without the backend's certificate."
    NO_ANSWER = "The request may have arrived; its answer is lost."
    GARBLED = "The backend has done the request; its answer violates the contract."
    PORTAL = "Another server answers with success."
    REFUSED = "Another server answers with a refusal."
    LIMITED = "The backend asks the app to wait; nothing was done."
    BRIEFLY_LIMITED = "The backend asks the app to wait, for less time than a read retries."
    DOWN = "The backend or its proxy fails; a change may have been done."
    BRIEFLY_DOWN = "The backend fails, for less time than a read retries."
    READ_ONLY = "The backend can be read but not changed; sessions cannot be renewed."
    OVER = "The session is over."
    UNAUTHENTICATED = "The backend refuses every access token, even new ones."
    FORBIDDEN = "The backend answers that the user lacks the right."
    ABSENT = "The backend answers that the object does not exist."
    CONFLICT = "The backend answers that its rules forbid the change."
    STALE = "The backend answers that its state has changed."
    NEWER = "The app does not understand some values of the answer."
    HARMLESS = "The client compensates for the fault."


@dataclass(frozen=True)
class Outcome:
    """Messages for one kind of fault, by situation; None if the fault has no visible effect."""

    opened: Told | None
    """At the start of the app, without cached data."""
    first: Told | None
    """On a screen without data, when the account is known."""
    again: Told | None
    """On a screen that has shown its figures: they stay, with their age."""
    change: Told | None
    """After the end of a subscription, or a switch of the service."""
    report: Told | None
    """After a problem report."""
    opinion: Told | None
    """After feedback on a help article."""
    reminder: Told | None
    """After the request of a forgotten identifier."""
    sign_in: Told | None
    """At each step of the sign-in."""


_NO, _BUSY, _WHAT, _OVER, _MINE, _GONE = (
    Told.UNREACHABLE, Told.UNAVAILABLE, Told.UNEXPECTED, Told.SESSION_OVER, Told.FORBIDDEN, Told.NOT_FOUND,
)  # fmt: skip
_DOUBT = Told.UNTRUSTED
_PART = Told.INCOMPLETE
_KEPT, _MAYBE, _UNDONE, _MOVED, _CANNOT, _LATER = (
    Told.NOT_SENT, Told.UNKNOWN, Told.NOT_DONE, Told.CHANGED, Told.NOT_POSSIBLE, Told.QUEUED,
)  # fmt: skip
OUTCOMES = {
    #                             opened first  again  change   report   opinion  reminder sign_in
    Kind.NO_ROAD:         Outcome(_NO,   _NO,   _NO,   _KEPT,   _KEPT,   _LATER,  _NO,     _NO),
    Kind.UNTRUSTED:       Outcome(_DOUBT, _DOUBT, _DOUBT, _DOUBT, _DOUBT, _LATER, _DOUBT,  _DOUBT),
    Kind.NO_ANSWER:       Outcome(_NO,   _NO,   _NO,   _MAYBE,  _MAYBE,  _LATER,  _NO,     _NO),
    Kind.GARBLED:         Outcome(_WHAT, _WHAT, _WHAT, _MAYBE,  _MAYBE,  None,    None,    _WHAT),
    Kind.PORTAL:          Outcome(_WHAT, _WHAT, _WHAT, _MAYBE,  _WHAT,   _WHAT,   _WHAT,   _WHAT),
    Kind.REFUSED:         Outcome(_WHAT, _WHAT, _WHAT, _WHAT,   _WHAT,   _WHAT,   _WHAT,   _WHAT),
    Kind.LIMITED:         Outcome(_BUSY, _BUSY, _BUSY, _BUSY,   _BUSY,   _BUSY,   _BUSY,   _BUSY),
    Kind.BRIEFLY_LIMITED: Outcome(None,  None,  None,  _BUSY,   _BUSY,   _BUSY,   _BUSY,   _BUSY),
    Kind.DOWN:            Outcome(_BUSY, _BUSY, _BUSY, _MAYBE,  _MAYBE,  _LATER,  _BUSY,   _BUSY),
    Kind.BRIEFLY_DOWN:    Outcome(None,  None,  None,  _BUSY,   None,    None,    _BUSY,   _BUSY),
    Kind.READ_ONLY:       Outcome(_BUSY, None,  None,  _BUSY,   _UNDONE, _LATER,  _BUSY,   _BUSY),
    Kind.OVER:            Outcome(_OVER, _OVER, _OVER, _OVER,   _OVER,   _OVER,   None,    None),
    Kind.UNAUTHENTICATED: Outcome(_OVER, _OVER, _OVER, _OVER,   _OVER,   _OVER,   _WHAT,   _WHAT),
    Kind.FORBIDDEN:       Outcome(_WHAT, _MINE, _MINE, _MINE,   _MINE,   _MINE,   _WHAT,   _WHAT),
    Kind.ABSENT:          Outcome(_WHAT, _GONE, _GONE, _GONE,   _GONE,   _GONE,   _WHAT,   _WHAT),
    Kind.CONFLICT:        Outcome(_WHAT, _WHAT, _WHAT, _CANNOT, _CANNOT, _CANNOT, _WHAT,   _WHAT),
    Kind.STALE:           Outcome(_WHAT, _WHAT, _WHAT, _MOVED,  _MOVED,  _MOVED,  _WHAT,   _WHAT),
    Kind.NEWER:           Outcome(_PART, _PART, _PART, None,    None,    None,    None,    None),
    Kind.HARMLESS:        Outcome(None,  None,  None,  None,    None,    None,    None,    None),
}  # fmt: skip
