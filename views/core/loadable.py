"""Remote values that may be loading, failed or stale."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from services.domain.errors import BackendError, Forbidden, NotFound, UnexpectedAnswer
from services.domain.models import Answer

logger = logging.getLogger(__name__)

T = TypeVar("T")
U = TypeVar("U")


@contextmanager
def failures_to(fail: Callable[[BackendError], None]) -> Iterator[None]:
    """Pass any failure of the block to `fail`, so that no screen loads forever.

    An exception other than `BackendError` is a bug: it is logged, and shown as an unexpected answer.
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
    """Remote value with its loading state. A failed request never discards older data.

    A screen shows, by state:

        data    loading error shown
        no      yes     no    a skeleton
        yes     no      no    the content
        yes     yes     any   the content under a thin progress bar
        yes     no      yes   the content, its age (`at`) and a retry
        no      no      yes   a sentence and a retry

    Data that is `recalled` is always shown with its age.
    """

    data: T | None = None
    at: datetime | None = None
    """Time of the last confirmation of `data` by the backend, by the backend's clock."""
    loading: bool = False
    error: BackendError | None = None
    recalled: bool = False
    """`data` comes from the cache, perhaps days old; the backend has not confirmed `data` since."""
    unreadable: int = 0
    """Number of unreadable records that are left out of `data`."""

    @property
    def stale(self) -> bool:
        return self.data is not None and self.error is not None

    @property
    def old(self) -> bool:
        """Whether the age of the data is shown."""
        return self.stale or (self.data is not None and self.recalled)

    @property
    def missing(self) -> bool:
        """Whether there is an error and no data."""
        return self.data is None and self.error is not None

    def started(self, known: Answer[T] | None = None) -> Loadable[T]:
        """Return the value while it is read; cached data (`known`) is shown if there is no data yet."""
        if self.data is not None:
            return replace(self, loading=True)
        if known is not None:
            return Loadable(known.value, known.at, loading=True, recalled=True, unreadable=known.unreadable)
        return replace(self, loading=True, error=None)

    def of(self, part: Callable[[T], U]) -> Loadable[U]:
        """Return a part of the value, in the same state."""
        data = part(self.data) if self.data is not None else None
        return Loadable(data, self.at, self.loading, self.error, self.recalled, self.unreadable)

    def answered(self, answer: Answer[T]) -> Loadable[T]:
        return Loadable(answer.value, answer.at, unreadable=answer.unreadable)

    def failed(self, error: BackendError) -> Loadable[T]:
        if self.recalled and isinstance(error, (Forbidden, NotFound)):  # cached data is no longer valid
            return Loadable(error=error)
        return replace(self, loading=False, error=error)
