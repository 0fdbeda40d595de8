"""Clock that changes only when a test sets it."""

from __future__ import annotations

from datetime import datetime, timedelta


class Clock:
    """Settable clock; `now` may be an ISO 8601 text at first."""

    def __init__(self, now: datetime | str) -> None:
        self.now = datetime.fromisoformat(now) if isinstance(now, str) else now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **lapse: float) -> None:
        self.now += timedelta(**lapse)
