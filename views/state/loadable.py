"""What comes from elsewhere: maybe loading, maybe failed, maybe old."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from services.errors import BackendError
from services.models import Answer

T = TypeVar("T")


@dataclass(frozen=True)
class Loadable(Generic[T]):
    """A remote value and its situation. Old data is never thrown away for a failure.

    ======= ======= ===== ==========================================
    data    loading error what a screen draws
    ======= ======= ===== ==========================================
    no      yes     no    a skeleton
    yes     no      no    the content
    yes     yes     any   the content under a thin progress bar
    yes     no      yes   the content, its age (`at`) and a retry
    no      no      yes   a sentence and a retry
    ======= ======= ===== ==========================================
    """

    data: T | None = None
    at: datetime | None = None
    """When the backend vouched for `data`, by its own clock."""
    loading: bool = False
    error: BackendError | None = None

    @property
    def stale(self) -> bool:
        return self.data is not None and self.error is not None

    @property
    def missing(self) -> bool:
        """Nothing to show but the reason."""
        return self.data is None and self.error is not None

    def started(self) -> Loadable[T]:
        return replace(self, loading=True, error=self.error if self.data is not None else None)

    def answered(self, answer: Answer[T]) -> Loadable[T]:
        return Loadable(answer.value, answer.at)

    def failed(self, error: BackendError) -> Loadable[T]:
        return replace(self, loading=False, error=error)
