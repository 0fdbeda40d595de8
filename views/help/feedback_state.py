"""An opinion on a help article, from the first press to the thanks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import flet as ft

from services.backend import LONGEST_FEEDBACK, Opinion
from services.errors import BackendError, SessionExpired

USEFUL, NOT_USEFUL = "yes", "no"


class Comment(Enum):
    """Its two fields."""

    LIKED = auto()
    MISSING = auto()


class Stage(Enum):
    WRITING = auto()
    SENDING = auto()
    SENT = auto()
    QUEUED = auto()
    """Waiting for the network."""


class Fault(Enum):
    """Why it is not sent as it stands."""

    EMPTY = auto()
    LONG = auto()
    """The field counts what one sees, the backend code points: one sign can be several of them."""


@ft.observable
@dataclass(eq=False)
class Draft:
    """What is typed. Apart from the form, so that typing draws what stands under the field and not the field:
    drawn again with what was typed a moment ago, it loses the letters typed since."""

    liked: str = ""
    missing: str = ""
    deleted: tuple[str, str] | None = None
    """Both texts, before they were deleted."""
    fault: Fault | None = None

    def __repr__(self) -> str:
        return "Draft()"  # what was typed stays out of logs

    @property
    def begun(self) -> bool:
        return bool(self.liked or self.missing)

    def text(self, comment: Comment) -> str:
        return self.liked if comment is Comment.LIKED else self.missing

    def left(self, comment: Comment) -> int:
        """Characters that can still be typed."""
        return max(0, LONGEST_FEEDBACK - len(self.text(comment)))


@ft.observable
@dataclass(eq=False)
class FeedbackForm:
    """One opinion. What is typed stays until it is sent or deleted, and a deletion can be undone."""

    article_id: str
    new_key: Callable[[], str]
    """Makes an idempotency key: a UUID."""
    useful: bool | None = None
    both: bool = False
    """The second field was asked for."""
    stage: Stage = Stage.WRITING
    refused: int = 0
    """How often it could not be sent as it stood; `draft.fault` says why."""
    error: BackendError | None = None
    """Why the last try failed."""
    filled: int = 0
    """How often the fields were filled otherwise than by typing: they are drawn again."""
    draft: Draft = field(default_factory=Draft)
    key: str = field(init=False, repr=False)
    """Makes one effect of every try to send the same."""
    _tried: bool = False
    _focus: bool = False

    def __post_init__(self) -> None:
        self.key = self.new_key()

    @classmethod
    def waiting(cls, opinion: Opinion, new_key: Callable[[], str]) -> FeedbackForm:
        """The form of an opinion that was not sent when the app was left."""
        form = cls(opinion.article_id, new_key, opinion.useful)
        form.draft.liked, form.draft.missing = opinion.liked or "", opinion.missing or ""
        form.key, form.stage = opinion.key, Stage.QUEUED
        return form

    def opinion(self) -> Opinion:
        """What is sent."""
        liked, missing = self.comments()
        return Opinion(self.article_id, bool(self.useful), liked, missing, self.key)

    @property
    def shown(self) -> tuple[Comment, ...]:
        """The fields on screen: that of the answer, and the other when it is wanted or filled."""
        if self.useful is None:
            return ()
        first, second = Comment.LIKED, Comment.MISSING
        if not self.useful:
            first, second = second, first
        return (first, second) if self.both or self.draft.text(second) else (first,)

    def fault_of(self, comment: Comment) -> Fault | None:
        """What is wrong with one field."""
        long = len(self.draft.text(comment).strip()) > LONGEST_FEEDBACK
        match self.draft.fault:
            case Fault.EMPTY if comment in self.shown[:1]:
                return Fault.EMPTY
            case Fault.LONG if long:
                return Fault.LONG
        return None

    def comments(self) -> tuple[str | None, str | None]:
        """What was liked and what was missing, as they are sent."""
        return self.draft.liked.strip() or None, self.draft.missing.strip() or None

    def choose(self, event: ft.Event[ft.SegmentedButton]) -> None:
        """Useful, not useful, or no answer after all."""
        self.useful = {USEFUL: True, NOT_USEFUL: False}.get("".join(event.data or ()))
        self._focus = self.useful is not None
        self._edited()

    def type_liked(self, event: ft.Event[ft.TextField]) -> None:
        self.draft.liked = event.data or ""
        self._edited()

    def type_missing(self, event: ft.Event[ft.TextField]) -> None:
        self.draft.missing = event.data or ""
        self._edited()

    def show_both(self) -> None:
        self.both = True

    def delete(self) -> None:
        """Empty both fields."""
        deleted = (self.draft.liked, self.draft.missing)
        self._fill("", "")
        self.draft.deleted = deleted

    def restore(self) -> None:
        """Bring back what was deleted."""
        if self.draft.deleted is not None:
            self._fill(*self.draft.deleted)

    def ready(self) -> bool:
        """Whether it can be sent now; if not, the draft's `fault` says why."""
        if self.stage is not Stage.WRITING or self.useful is None:
            return False
        liked, missing = self.comments()
        if not (liked or missing):
            self.draft.fault = Fault.EMPTY
        elif max(len(liked or ""), len(missing or "")) > LONGEST_FEEDBACK:
            self.draft.fault = Fault.LONG
        else:
            self.draft.fault = self.error = None
            return True
        self._focus = True
        self.refused += 1
        return False

    def takes_focus(self) -> bool:
        """Whether the first field is to be typed in now: once after an answer or a fault."""
        wanted, self._focus = self._focus, False
        return wanted

    def fail(self, error: BackendError) -> None:
        """A try did not succeed: it can be sent again, as it is or changed.

        That the session is over is for the sign-in to say: whoever reads this form has signed in again.
        """
        over = isinstance(error, SessionExpired)
        self.stage, self.error, self._tried = Stage.WRITING, None if over else error, True

    def _fill(self, liked: str, missing: str) -> None:
        self.draft.liked, self.draft.missing = liked, missing
        self._edited()
        self.filled += 1

    def _edited(self) -> None:
        self.draft.fault = self.draft.deleted = None
        if self._tried:  # what was tried may have arrived: its key stands for that text only
            self.key, self._tried = self.new_key(), False
