"""Billing rule: examples of the domain, and properties that hold for every day and time zone."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.periods import Period, latest_periods, period_billed_in, period_of

PARIS = ZoneInfo("Europe/Paris")
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
INSTANTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
CUT_OFF_DAYS = st.integers(1, 28)
ZONES = st.sampled_from(
    [
        "Europe/Paris",  # changes at 2:00 and 3:00
        "America/Sao_Paulo",  # changed at midnight: some days began at 1:00
        "Africa/Cairo",
        "America/Havana",  # goes back to midnight: some days begin twice
        "Atlantic/Azores",
        "Pacific/Apia",  # skipped a day
        "Pacific/Kiritimati",
        "Asia/Kathmandu",
        "UTC",
    ]
).map(ZoneInfo)


@pytest.mark.parametrize(
    ("day", "start", "end", "bill_month"),
    [
        ("2023-11-26", "2023-11-26", "2023-12-25", "2024-01"),
        ("2023-12-25", "2023-11-26", "2023-12-25", "2024-01"),
        ("2023-12-26", "2023-12-26", "2024-01-25", "2024-02"),
        ("2024-01-25", "2023-12-26", "2024-01-25", "2024-02"),
        ("2024-01-26", "2024-01-26", "2024-02-25", "2024-03"),
        ("2024-02-25", "2024-01-26", "2024-02-25", "2024-03"),
        ("2024-02-26", "2024-02-26", "2024-03-25", "2024-04"),
        ("2024-02-29", "2024-02-26", "2024-03-25", "2024-04"),
        ("2024-12-31", "2024-12-26", "2025-01-25", "2025-02"),
    ],
)
def test_period_of_a_day_matches_the_domain_table(day: str, start: str, end: str, bill_month: str) -> None:
    period = period_of(date.fromisoformat(day))
    assert (str(period.start), str(period.end), period.bill_month) == (start, end, bill_month)
    assert period_billed_in(bill_month) == period


@pytest.mark.parametrize(
    ("cut_off_day", "day", "start", "end", "bill_month"),
    [
        (1, "2024-02-29", "2024-02-01", "2024-02-29", "2024-03"),
        (2, "2024-03-01", "2024-02-02", "2024-03-01", "2024-04"),
        (28, "2023-02-28", "2023-02-28", "2023-03-27", "2023-04"),
        (28, "2023-02-27", "2023-01-28", "2023-02-27", "2023-03"),
    ],
)
def test_period_with_another_cut_off_day_starts_on_it(
    cut_off_day: int, day: str, start: str, end: str, bill_month: str
) -> None:
    period = period_of(date.fromisoformat(day), cut_off_day)
    assert (str(period.start), str(period.end), period.bill_month) == (start, end, bill_month)


@pytest.mark.parametrize(
    ("bill_month", "first", "past"),
    [
        ("2024-03", "2024-01-25T23:00Z", "2024-02-25T23:00Z"),
        ("2024-05", "2024-03-25T23:00Z", "2024-04-25T22:00Z"),
        ("2024-12", "2024-10-25T22:00Z", "2024-11-25T23:00Z"),
    ],
)
def test_period_bounds_are_local_midnights_in_utc(bill_month: str, first: str, past: str) -> None:
    bounds = period_billed_in(bill_month).bounds(PARIS)
    assert bounds == (datetime.fromisoformat(first), datetime.fromisoformat(past))
    assert all(bound.utcoffset() == timedelta() for bound in bounds)


@pytest.mark.parametrize("cut_off_day", [0, 29, -1])
def test_cut_off_day_outside_1_to_28_is_refused(cut_off_day: int) -> None:
    with pytest.raises(ValueError, match="1 to 28"):
        period_of(date(2024, 3, 10), cut_off_day)


@pytest.mark.parametrize("bill_month", ["2024-13", "2024-3", "March", ""])
def test_invalid_bill_month_is_refused(bill_month: str) -> None:
    with pytest.raises(ValueError, match=r"month|isoformat"):
        period_billed_in(bill_month)


def test_latest_periods_are_the_current_one_and_five_before() -> None:
    months = [period.bill_month for period in latest_periods(date(2024, 3, 10))]
    assert months == ["2024-04", "2024-03", "2024-02", "2024-01", "2023-12", "2023-11"]


@given(DAYS, CUT_OFF_DAYS)
def test_a_period_holds_its_day_and_starts_on_the_latest_cut_off_day(day: date, cut_off_day: int) -> None:
    period = period_of(day, cut_off_day)
    assert period.start <= day <= period.end
    assert period.start.day == cut_off_day
    assert 28 <= (period.end - period.start).days + 1 <= 31
    following = period.end.replace(day=28) + timedelta(days=4)
    assert period.bill_month == f"{following:%Y-%m}"
    assert period_billed_in(period.bill_month, cut_off_day) == period


@given(DAYS, CUT_OFF_DAYS, ZONES)
def test_consecutive_periods_leave_no_gap_or_overlap(day: date, cut_off_day: int, zone: ZoneInfo) -> None:
    newest_first = latest_periods(day, cut_off_day, 14)
    for newer, older in itertools.pairwise(newest_first):
        assert older == newer.previous() == period_of(newer.start - timedelta(days=1), cut_off_day)
        assert older.bounds(zone)[1] == newer.bounds(zone)[0]


@given(INSTANTS, CUT_OFF_DAYS, ZONES)
def test_instant_is_only_in_the_period_of_its_local_day(
    instant: datetime, cut_off_day: int, zone: ZoneInfo
) -> None:
    period = period_of(instant.astimezone(zone).date(), cut_off_day)

    def holds(candidate: Period) -> bool:
        first, past = candidate.bounds(zone)
        return first <= instant < past

    assert holds(period)
    assert not holds(period.previous())
    assert not holds(period_of(period.end + timedelta(days=1), cut_off_day))
