"""Written and spoken dates and amounts, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import parse_decimal
from hypothesis import given
from hypothesis import strategies as st

from services.domain.models import LARGEST_AMOUNT, Money
from views.core.formatting import Formats
from views.core.text import Language

FR, EN = Formats(Language.FR), Formats(Language.EN)
NB, NARROW, MINUS = "\u00a0", "\u202f", "\u2212"

amounts = st.decimals(-LARGEST_AMOUNT, LARGEST_AMOUNT, places=2, allow_nan=False, allow_infinity=False)
dates = st.dates(date(2000, 1, 1), date(2100, 12, 31))
formats = st.sampled_from([FR, EN])


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount))


@pytest.mark.parametrize(
    ("amount", "french", "english"),
    [
        ("16.47", f"16,47{NB}€", "€16.47"),
        ("0.00", f"0,00{NB}€", "€0.00"),
        ("-0.00", f"0,00{NB}€", "€0.00"),
        ("0.05", f"0,05{NB}€", "€0.05"),
        ("1234.56", f"1{NARROW}234,56{NB}€", "€1,234.56"),
        ("9999999.99", f"9{NARROW}999{NARROW}999,99{NB}€", "€9,999,999.99"),
        ("-3.00", f"{MINUS}3,00{NB}€", f"{MINUS}€3.00"),
        ("-1234.50", f"{MINUS}1{NARROW}234,50{NB}€", f"{MINUS}€1,234.50"),
    ],
)
def test_amount_is_written_in_both_languages(amount: str, french: str, english: str) -> None:
    assert FR.money(euros(amount)) == french
    assert EN.money(euros(amount)) == english


@pytest.mark.parametrize(
    ("amount", "french", "english"),
    [
        ("16.47", "16,47 euros", "16.47 euros"),
        ("12.00", "12 euros", "12 euros"),
        ("1.00", "1 euro", "1 euro"),
        ("1.50", "1,50 euro", "1.50 euros"),
        ("0.00", "0 euro", "0 euros"),
        ("-3.00", "moins 3 euros", "minus 3 euros"),
        ("-2.99", "moins 2,99 euros", "minus 2.99 euros"),
        ("1234.50", f"1{NARROW}234,50 euros", "1,234.50 euros"),
    ],
)
def test_amount_is_spoken_in_both_languages(amount: str, french: str, english: str) -> None:
    assert FR.money_spoken(euros(amount)) == french
    assert EN.money_spoken(euros(amount)) == english


def test_amount_of_another_currency_has_two_decimals() -> None:
    assert FR.money(Money(amount=Decimal("500.00"), currency="JPY")) == f"500,00{NB}JPY"


@given(formats, amounts)
def test_amount_has_no_line_break_and_parses_back(formats: Formats, amount: Decimal) -> None:
    shown = formats.money(Money(amount=amount))
    assert " " not in shown
    assert "-" not in shown
    digits = shown.replace("€", "").replace(NB, "").replace(MINUS, "")
    assert parse_decimal(digits, locale=formats.language.locale) == abs(amount)
    assert (MINUS in shown) == (amount < 0)


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        (date(2024, 5, 14), f"mardi 14{NB}mai", f"Tuesday 14{NB}May"),
        (date(2024, 5, 1), f"mercredi 1er{NB}mai", f"Wednesday 1{NB}May"),
        (date(2024, 2, 29), f"jeudi 29{NB}février", f"Thursday 29{NB}February"),
        (date(2024, 8, 21), f"mercredi 21{NB}août", f"Wednesday 21{NB}August"),
    ],
)
def test_day_is_written_in_both_languages(day: date, french: str, english: str) -> None:
    assert FR.day(day) == french
    assert FR.day_heading(day) == french.capitalize()
    assert FR.day_month(day) == french.partition(" ")[2]
    assert EN.day(day) == EN.day_heading(day) == english
    assert EN.day_month(day) == english.partition(" ")[2]


@pytest.mark.parametrize(
    ("at", "french", "english"),
    [
        ("2024-05-14T07:12:00+00:00", f"14{NB}mai 2024 à 09:12", f"14{NB}May 2024, 09:12"),
        ("2024-03-31T00:59:59+00:00", f"31{NB}mars 2024 à 01:59", f"31{NB}March 2024, 01:59"),
        ("2024-03-31T01:00:00+00:00", f"31{NB}mars 2024 à 03:00", f"31{NB}March 2024, 03:00"),
        ("2024-10-27T00:30:00+00:00", f"27{NB}octobre 2024 à 02:30", f"27{NB}October 2024, 02:30"),
        ("2024-10-27T01:30:00+00:00", f"27{NB}octobre 2024 à 02:30", f"27{NB}October 2024, 02:30"),
        ("2024-12-31T22:59:59+00:00", f"31{NB}décembre 2024 à 23:59", f"31{NB}December 2024, 23:59"),
        ("2024-12-31T23:00:00+00:00", f"1er{NB}janvier 2025 à 00:00", f"1{NB}January 2025, 00:00"),
        ("2024-02-25T23:59:59+01:00", f"25{NB}février 2024 à 23:59", f"25{NB}February 2024, 23:59"),
        ("2024-02-25T23:00:00+00:00", f"26{NB}février 2024 à 00:00", f"26{NB}February 2024, 00:00"),
    ],
)
def test_moment_is_written_in_paris_time(at: str, french: str, english: str) -> None:
    assert FR.moment(datetime.fromisoformat(at)) == french
    assert EN.moment(datetime.fromisoformat(at)) == english


def test_moment_with_a_zone_of_the_contract_uses_it() -> None:
    at = datetime(2024, 5, 14, 20, 30, tzinfo=UTC)
    reunion = Formats(Language.FR, ZoneInfo("Indian/Reunion"))
    assert reunion.moment(at) == f"15{NB}mai 2024 à 00:30"
    assert reunion.time(at) == "00:30"
    assert reunion.local_day(at) == date(2024, 5, 15)
    assert FR.local_day(at) == date(2024, 5, 14)


@pytest.mark.parametrize(
    ("start", "end", "french", "english"),
    [
        (date(2024, 4, 26), date(2024, 5, 25), "du 26_avril au 25_mai", "26_April to 25_May"),
        (date(2024, 2, 26), date(2024, 3, 25), "du 26_février au 25_mars", "26_February to 25_March"),
        (date(2024, 12, 26), date(2025, 1, 25), "du 26_décembre au 25_janvier", "26_December to 25_January"),
        (date(2024, 2, 1), date(2024, 2, 29), "du 1er_février au 29_février", "1_February to 29_February"),
    ],
)
def test_period_range_is_written_in_both_languages(start: date, end: date, french: str, english: str) -> None:
    assert FR.period_range(start, end) == french.replace("_", NB)
    assert EN.period_range(start, end) == english.replace("_", NB)


def test_short_months_are_written_in_both_languages() -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    french = "Janv. Févr. Mars Avr. Mai Juin Juil. Août Sept. Oct. Nov. Déc."
    assert [FR.month_short(month) for month in months] == french.split()
    english = "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"
    assert [EN.month_short(month) for month in months] == english.split()


def test_invoice_months_are_written_with_their_preposition() -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    assert [FR.of_month(month) for month in months] == [
        "de janvier",
        "de février",
        "de mars",
        "d’avril",
        "de mai",
        "de juin",
        "de juillet",
        "d’août",
        "de septembre",
        "d’octobre",
        "de novembre",
        "de décembre",
    ]
    assert [EN.of_month(month) for month in months] == [EN.month_name(month) for month in months]
    assert (FR.month_name("2024-03"), EN.month_name("2024-03")) == ("mars", "March")
    assert (FR.month_year("2024-06"), EN.month_year("2024-06")) == ("Juin 2024", "June 2024")


@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("2024-05-14T12:00:00+00:00", 11),
        ("2024-05-24T21:59:59+00:00", 1),
        ("2024-05-24T22:00:00+00:00", 0),
        ("2024-05-25T21:59:59+00:00", 0),
        ("2024-06-01T12:00:00+00:00", 0),
    ],
)
def test_days_left_are_counted_in_local_days(at: str, left: int) -> None:
    assert FR.days_left(date(2024, 5, 25), datetime.fromisoformat(at)) == left


@given(formats, dates)
def test_day_and_month_have_no_line_break_between_them(formats: Formats, day: date) -> None:
    assert " " not in formats.day_month(day)
    assert formats.day_month(day).count(NB) == 1
    assert formats.day(day).endswith(f" {formats.day_month(day)}")
    assert formats.long_date(day) == f"{formats.day_month(day)} {day.year}"


@given(
    formats, st.integers(946_900_000, 4_100_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
)
def test_moment_of_any_offset_is_written_alike(formats: Formats, at: datetime) -> None:
    elsewhere = at.astimezone(ZoneInfo("America/Montreal"))
    assert formats.moment(at) == formats.moment(elsewhere)
    assert abs(datetime.combine(formats.local_day(at), datetime.min.time(), UTC) - at) < timedelta(days=2)
