"""State of the feedback on one help article."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import flet as ft

from services.client.backend import LONGEST_FEEDBACK
from services.client.device_data import UnsentFeedback
from services.domain.errors import BackendError, SessionExpired

USEFUL, NOT_USEFUL = "yes", "no"


class Comment(Enum):
    """Comment field of the form."""

    LIKED = auto()
    MISSING = auto()


class Stage(Enum):
    WRITING = auto()
    SENDING = auto()
    SENT = auto()
    QUEUED = auto()
    """Queued until the backend can be reached."""


class FieldError(Enum):
    """Fault that prevents sending."""

    EMPTY = auto()
    LONG = auto()
    """The field counts visible characters, the backend code points: a character can have several."""


@ft.observable
@dataclass(eq=False)
class Draft:
    """Input of the form.

    Typing must not rebuild the field: rebuilt with an older text, it loses the letters typed since.
    A separate object lets typing rebuild only the lines under the field.
    """

    liked: str = ""
    missing: str = ""
    deleted: tuple[str, str] | None = None
    """Both texts before the deletion, for undo."""
    fault: FieldError | None = None

    def __repr__(self) -> str:
        return "Draft()"  # keeps the input out of logs

    @property
    def begun(self) -> bool:
        return bool(self.liked or self.missing)

    def text(self, comment: Comment) -> str:
        return self.liked if comment is Comment.LIKED else self.missing

    def left(self, comment: Comment) -> int:
        """Return the number of characters that the field still accepts."""
        return max(0, LONGEST_FEEDBACK - len(self.text(comment)))


@ft.observable
@dataclass(eq=False)
class FeedbackForm:
    """Form of the feedback on one article. The draft stays until it is sent; a deletion can be undone."""

    article_id: str
    new_key: Callable[[], str]
    """Factory of idempotency keys (UUID)."""
    useful: bool | None = None
    both: bool = False
    """True if the user opened the second field."""
    stage: Stage = Stage.WRITING
    refused: int = 0
    """Number of refused attempts to send; `draft.fault` holds the reason."""
    error: BackendError | None = None
    """Failure of the last attempt."""
    filled: int = 0
    """Number of times that code filled the fields; each change rebuilds the fields."""
    draft: Draft = field(default_factory=Draft)
    key: str = field(init=False, repr=False)
    """Idempotency key: retries of the same text have one effect."""
    _tried: bool = False
    _focus: bool = False

    def __post_init__(self) -> None:
        self.key = self.new_key()

    @classmethod
    def waiting(cls, opinion: UnsentFeedback, new_key: Callable[[], str]) -> FeedbackForm:
        """Return the queued form of feedback that an earlier run of the app did not send."""
        form = cls(opinion.article_id, new_key, opinion.useful)
        form.draft.liked, form.draft.missing = opinion.liked or "", opinion.missing or ""
        form.key, form.stage = opinion.key, Stage.QUEUED
        return form

    def opinion(self) -> UnsentFeedback:
        """Return the feedback to send."""
        liked, missing = self.comments()
        return UnsentFeedback(self.article_id, bool(self.useful), liked, missing, self.key)

    @property
    def shown(self) -> tuple[Comment, ...]:
        """The fields on screen: the answer's field, and the other if it is open or filled."""
        if self.useful is None:
            return ()
        first, second = Comment.LIKED, Comment.MISSING
        if not self.useful:
            first, second = second, first
        return (first, second) if self.both or self.draft.text(second) else (first,)

    def fault_of(self, comment: Comment) -> FieldError | None:
        """Return the fault to show at one field; None without one."""
        long = len(self.draft.text(comment).strip()) > LONGEST_FEEDBACK
        match self.draft.fault:
            case FieldError.EMPTY if comment in self.shown[:1]:
                return FieldError.EMPTY
            case FieldError.LONG if long:
                return FieldError.LONG
        return None

    def comments(self) -> tuple[str | None, str | None]:
        """Return the two comments to send, liked and missing; None for a blank comment."""
        return self.draft.liked.strip() or None, self.draft.missing.strip() or None

    def choose(self, event: ft.Event[ft.SegmentedButton]) -> None:
        """Set the answer: useful, not useful, or none."""
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
        """Restore the deleted texts."""
        if self.draft.deleted is not None:
            self._fill(*self.draft.deleted)

    def ready(self) -> bool:
        """Return whether the form can be sent; else set the draft's `fault` if the input is the reason."""
        if self.stage is not Stage.WRITING or self.useful is None:
            return False
        liked, missing = self.comments()
        if not (liked or missing):
            self.draft.fault = FieldError.EMPTY
        elif max(len(liked or ""), len(missing or "")) > LONGEST_FEEDBACK:
            self.draft.fault = FieldError.LONG
        else:
            self.draft.fault = self.error = None
            return True
        self._focus = True
        self.refused += 1
        return False

    def takes_focus(self) -> bool:
        """Return whether to focus the first field; true once after an answer or a fault."""
        wanted, self._focus = self._focus, False
        return wanted

    def fail(self, error: BackendError) -> None:
        """Return to writing after a failed attempt, so that the user can change or resend the text.

        An expired session shows no error here: the sign-in screen explains it.
        """
        over = isinstance(error, SessionExpired)
        self.stage, self.error, self._tried = Stage.WRITING, None if over else error, True

    def _fill(self, liked: str, missing: str) -> None:
        self.draft.liked, self.draft.missing = liked, missing
        self._edited()
        self.filled += 1

    def _edited(self) -> None:
        self.draft.fault = self.draft.deleted = None
        if self._tried:  # the key belongs to a text that may have arrived
            self.key, self._tried = self.new_key(), False
