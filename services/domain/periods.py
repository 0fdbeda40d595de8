"""Billing rule: the period of a day, and the bill of a period.

A period starts on the contract's cut-off day and ends the day before it in the next month. It is billed
in the month after its end. With the usual cut-off day, 26, the March bill has the purchases from 26 January
to 25 February. Days are the contract's local days; only `Period.bounds` needs a time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

USUAL_CUT_OFF_DAY = 26
SERVED_PERIODS = 6
"""Number of billing periods that the backend serves."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Period from `start` to `end`, local days, both included. Its cut-off day is `start.day`."""

    start: date
    end: date

    @property
    def bill_month(self) -> str:
        """Month of the bill, `YYYY-MM`; also the id of the period in the contract (`periodId`)."""
        return f"{_months_after(self.end.replace(day=1), 1):%Y-%m}"

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the period as instants, `[first, past)`, in UTC.

        Python compares two times of one zone by their wall clocks, which go back every autumn; UTC avoids
        this.
        """
        return _midnight(self.start, zone), _midnight(self.end + _ONE_DAY, zone)

    def previous(self) -> Period:
        """Return the period that ends the day before this one starts."""
        return Period(_months_after(self.start, -1), self.start - _ONE_DAY)


def period_of(day: date, cut_off_day: int = USUAL_CUT_OFF_DAY) -> Period:
    """Return the period that contains a local day.

    Raises:
        ValueError: the cut-off day is not between 1 and 28, the days that every month has.
    """
    if not 1 <= cut_off_day <= 28:
        raise ValueError(f"a cut-off day is 1 to 28, not {cut_off_day}")
    start = day.replace(day=cut_off_day)
    if start > day:
        start = _months_after(start, -1)
    return Period(start, _months_after(start, 1) - _ONE_DAY)


def period_billed_in(bill_month: str, cut_off_day: int = USUAL_CUT_OFF_DAY) -> Period:
    """Return the period on the bill of a month, `YYYY-MM`.

    Raises:
        ValueError: the month or the cut-off day is invalid.
    """
    first_day = date.fromisoformat(f"{bill_month}-01")
    return period_of(_months_after(first_day, -1), cut_off_day)


def latest_periods(
    day: date, cut_off_day: int = USUAL_CUT_OFF_DAY, count: int = SERVED_PERIODS
) -> tuple[Period, ...]:
    """Return the period that contains `day` and the periods before it, newest first, `count` in all."""
    periods = [period_of(day, cut_off_day)]
    while len(periods) < count:
        periods.append(periods[-1].previous())
    return tuple(periods)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
