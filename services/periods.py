"""The billing rule: which period holds a day, and on which bill it goes.

A period starts on the contract's cut-off day and ends the day before it in the next month; it is billed
in the month after its end. With the usual cut-off day, 26: what is bought from 26 January to 25 February
is on the March bill. Days are the contract's local days; only `Period.bounds` needs a time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

USUAL_CUT_OFF_DAY = 26
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, local days, both included. Its cut-off day is `start.day`."""

    start: date
    end: date

    @property
    def bill_month(self) -> str:
        """The month of the bill, `YYYY-MM`; it also names the period in the contract (`periodId`)."""
        return f"{_months_after(self.end.replace(day=1), 1):%Y-%m}"

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The period as instants, `[first, past)`, in UTC.

        In UTC because Python compares two times of one zone by their wall clocks, which go back every autumn.
        """
        return _midnight(self.start, zone), _midnight(self.end + _ONE_DAY, zone)

    def previous(self) -> Period:
        """The period that ends the day before this one starts."""
        return Period(_months_after(self.start, -1), self.start - _ONE_DAY)


def period_of(day: date, cut_off_day: int = USUAL_CUT_OFF_DAY) -> Period:
    """The period that holds a local day.

    Raises:
        ValueError: the cut-off day is not one every month has (1 to 28).
    """
    if not 1 <= cut_off_day <= 28:
        raise ValueError(f"a cut-off day is 1 to 28, not {cut_off_day}")
    start = day.replace(day=cut_off_day)
    if start > day:
        start = _months_after(start, -1)
    return Period(start, _months_after(start, 1) - _ONE_DAY)


def period_billed_in(bill_month: str, cut_off_day: int = USUAL_CUT_OFF_DAY) -> Period:
    """The period on the bill of a month, `YYYY-MM`.

    Raises:
        ValueError: not a month, or not a cut-off day.
    """
    first_day = date.fromisoformat(f"{bill_month}-01")
    return period_of(_months_after(first_day, -1), cut_off_day)


def latest_periods(day: date, cut_off_day: int = USUAL_CUT_OFF_DAY, count: int = 6) -> tuple[Period, ...]:
    """The period that holds `day` and those before it, newest first, `count` in all."""
    periods = [period_of(day, cut_off_day)]
    while len(periods) < count:
        periods.append(periods[-1].previous())
    return tuple(periods)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return day.replace(year=day.year + years, month=month + 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
