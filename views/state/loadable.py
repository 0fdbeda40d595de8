"""What comes from elsewhere: maybe loading, maybe failed, maybe old."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from services.errors import BackendError, Forbidden, NotFound
from services.models import Answer

T = TypeVar("T")


@dataclass(frozen=True)
class Loadable(Generic[T]):
    """A remote value and its situation. Old data is never thrown away for a failure to answer.

    ======= ======= ===== ==========================================
    data    loading error what a screen draws
    ======= ======= ===== ==========================================
    no      yes     no    a skeleton
    yes     no      no    the content
    yes     yes     any   the content under a thin progress bar
    yes     no      yes   the content, its age (`at`) and a retry
    no      no      yes   a sentence and a retry
    ======= ======= ===== ==========================================

    Data that is only `recalled` is drawn with its age in every case.
    """

    data: T | None = None
    at: datetime | None = None
    """When the backend vouched for `data`, by its own clock."""
    loading: bool = False
    error: BackendError | None = None
    recalled: bool = False
    """`data` is what was last known, perhaps days ago: the backend has not vouched for it since."""

    @property
    def stale(self) -> bool:
        return self.data is not None and self.error is not None

    @property
    def old(self) -> bool:
        """Its age is shown."""
        return self.stale or (self.data is not None and self.recalled)

    @property
    def missing(self) -> bool:
        """Nothing to show but the reason."""
        return self.data is None and self.error is not None

    def started(self, known: Answer[T] | None = None) -> Loadable[T]:
        """It is being read; meanwhile what is `known` of it is shown, where nothing is yet."""
        if self.data is not None:
            return replace(self, loading=True)
        if known is not None:
            return Loadable(known.value, known.at, loading=True, recalled=True)
        return replace(self, loading=True, error=None)

    def answered(self, answer: Answer[T]) -> Loadable[T]:
        return Loadable(answer.value, answer.at)

    def failed(self, error: BackendError) -> Loadable[T]:
        if self.recalled and isinstance(error, (Forbidden, NotFound)):  # an answer: what was known is over
            return Loadable(error=error)
        return replace(self, loading=False, error=error)
