"""Formats of dates and amounts, written and spoken. No other module formats dates or amounts.

A no-break space stands between a day and its month and between an amount and its currency, so that a line
never breaks there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_percent

from services.domain.models import Money
from views.core.text import Language, Words

PARIS = ZoneInfo("Europe/Paris")
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"


@dataclass(frozen=True)
class Formats:
    """Formats of one language; times are shown in `zone` (a contract's `billing.time_zone`)."""

    language: Language
    zone: ZoneInfo = PARIS

    def money(self, money: Money) -> str:
        """Return « 1 234,56 € », "€1,234.56", with a true minus sign before a negative amount."""
        text = _amount(abs(money.amount), money.currency, self.language)
        return f"{MINUS}{text}" if money.amount < 0 else text

    def money_spoken(self, money: Money) -> str:
        """Return an amount for screen readers: « 16,47 euros », « 12 euros », « moins 3 euros »."""
        amount = abs(money.amount)
        whole = amount == amount.to_integral_value()
        text = format_currency(
            amount.to_integral_value() if whole else amount,
            money.currency,
            "#,##0" if whole else "#,##0.00",
            locale=self.language.locale,
            currency_digits=False,
            format_type="name",
        )
        return self._words("format.minus", amount=text) if money.amount < 0 else text

    def money_whole(self, money: Money) -> str:
        """Return « 12 € », "€12"; the caller has rounded the amount."""
        text = format_currency(
            abs(money.amount),
            money.currency,
            _whole_pattern(self.language),
            locale=self.language.locale,
            currency_digits=False,
        )
        return f"{MINUS}{text}" if money.amount < 0 else text

    def number(self, masked: str) -> str:
        """Return a masked number with no-break spaces: « 04 •• •• •• 12 »."""
        return masked.replace(" ", NO_BREAK_SPACE)

    def percent(self, ratio: float) -> str:
        """Return « 115 % », "115%"."""
        return format_percent(ratio, locale=self.language.locale).replace("\u202f", NO_BREAK_SPACE)

    def local_day(self, at: datetime) -> date:
        """Return the calendar day in the zone at the moment `at`."""
        return at.astimezone(self.zone).date()

    def days_left(self, end: date, at: datetime) -> int:
        """Return the number of days after today, up to and including `end`; 0 on the last day and later."""
        return max(0, (end - self.local_day(at)).days)

    def time(self, at: datetime) -> str:
        """Return « 09:12 », on 24 hours."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def moment(self, at: datetime) -> str:
        """Return « 14 mai 2024 à 09:12 », "14 May 2024, 09:12"."""
        return self._words("format.moment", date=self.long_date(self.local_day(at)), time=self.time(at))

    def day_month(self, day: date) -> str:
        """Return « 26 avril », « 1er mai »."""
        number = self._words("format.first") if day.day == 1 else day.day
        return f"{number}{NO_BREAK_SPACE}{self._named(day, 'MMMM')}"

    def day(self, day: date) -> str:
        """Return « mardi 14 mai »."""
        return f"{self._named(day, 'EEEE')} {self.day_month(day)}"

    def day_heading(self, day: date) -> str:
        """Return « Mardi 14 mai »."""
        return _capitalised(self.day(day))

    def weekday_initial(self, day: date) -> str:
        """Return « L », "M": the first letter of a weekday, for calendars whose columns identify the day."""
        return _date(day, "ccccc", self.language)

    def long_date(self, day: date) -> str:
        """Return « 14 mai 2024 »."""
        return f"{self.day_month(day)} {day.year}"

    def period_range(self, start: date, end: date) -> str:
        """Return « du 26 avril au 25 mai », "26 April to 25 May"; a monthly period needs no year."""
        return self._words("format.period", start=self.day_month(start), end=self.day_month(end))

    def month_name(self, month: str) -> str:
        """Return « mars » for a month `YYYY-MM`."""
        return self._named(_first_day(month), "LLLL")

    def month_short(self, month: str) -> str:
        """Return « Févr. », "Feb", the label under a bar of the chart."""
        return _capitalised(self._named(_first_day(month), "LLL"))

    def month_year(self, month: str) -> str:
        """Return « Juin 2024 »."""
        return _capitalised(self._named(_first_day(month), "LLLL y"))

    def of_month(self, month: str) -> str:
        """Return « de mars », « d'avril » (after « facture »), or "March" (before "invoice")."""
        name = self.month_name(month)
        elided = name[0] in "aeiouy"
        return self._words("format.of_month_elided" if elided else "format.of_month", month=name)

    @property
    def _words(self) -> Words:
        return Words(self.language)

    def _named(self, day: date, pattern: str) -> str:
        return _date(day, pattern, self.language)


# Cached because Babel is slow and a list repeats the same days and amounts.
@lru_cache(maxsize=4096)
def _amount(amount: Decimal, currency: str, language: Language) -> str:
    return format_currency(amount, currency, locale=language.locale, currency_digits=False)


@lru_cache(maxsize=1024)
def _date(day: date, pattern: str, language: Language) -> str:
    return format_date(day, pattern, locale=language.locale)


def _whole_pattern(language: Language) -> str:
    pattern: str = language.locale.currency_formats["standard"].pattern
    return pattern.replace("0.00", "0")


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]
