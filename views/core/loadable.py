"""What comes from elsewhere: maybe loading, maybe failed, maybe old."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from services.errors import BackendError, Forbidden, NotFound, UnexpectedAnswer
from services.models import Answer

logger = logging.getLogger(__name__)

T = TypeVar("T")


@contextmanager
def failures_to(fail: Callable[[BackendError], None]) -> Iterator[None]:
    """Pass any failure of the block to `fail`, so that no screen loads for ever.

    An exception other than `BackendError` is a bug: it is logged, and explained as an unexpected answer.
    """
    try:
        yield
    except BackendError as error:
        fail(error)
    except Exception as error:
        logger.exception("a reading failed")
        fail(UnexpectedAnswer(type(error).__name__))


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
    unreadable: int = 0
    """How many records of a list are left out of `data`, since they cannot be read."""

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
            return Loadable(known.value, known.at, loading=True, recalled=True, unreadable=known.unreadable)
        return replace(self, loading=True, error=None)

    def answered(self, answer: Answer[T]) -> Loadable[T]:
        return Loadable(answer.value, answer.at, unreadable=answer.unreadable)

    def failed(self, error: BackendError) -> Loadable[T]:
        if self.recalled and isinstance(error, (Forbidden, NotFound)):  # an answer: what was known is over
            return Loadable(error=error)
        return replace(self, loading=False, error=error)
