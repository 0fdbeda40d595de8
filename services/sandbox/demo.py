"""Demo subscribers of a day: equal data for equal days, and no entry after the current time.

The entries of a period are drawn from the period's name, so that the past is the same from day to day.
Notable cases are placed by hand: a period's first and last second, 29 February, both clock changes, New
Year's Eve. More cases: a renewal on the 31st, a price rise, a free trial, a duplicate, a refusal, a refund on
a later bill. Others: a subscription charged once after its end, one that only its publisher ends, a purchase
on the next bill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from services.domain.periods import Period, latest_periods
from services.sandbox import demo_catalogue as catalogue
from services.sandbox.data_file import Contract, Service, SpendingLimits, Subscriber
from services.sandbox.demo_line import DAY, ZONE, Line, moment

PASSWORD = "Soleil-2026"  # noqa: S105 - the demo's, public on purpose
LARGE_VOLUME = 10_000
LARGE_IDENTIFIER = "gros-volume@demo.example"
LARGE_CONTRACT = "gros-volume-box"


def edition(now: datetime) -> str:
    """Return the name of a day's demo; each day has its own subscribers."""
    return f"demo {now.astimezone(ZONE).date()}"


def subscribers(now: datetime, *, large_volume: bool = True) -> tuple[Subscriber, ...]:
    """Return the demo subscribers of the contract's table, in its order.

    Args:
        large_volume: whether to create the many purchases of the subscriber who has them.
    """
    now = now.astimezone(ZONE).replace(microsecond=0)
    periods = latest_periods(now.date())
    people: tuple[tuple[str, str, str | None, Callable[[datetime, Periods], tuple[Contract, ...]]], ...] = (
        ("camille", "Camille Martin", "0639980112", _ordinary),
        ("sans-achat", "Sacha Fournier", None, _nothing_now),
        ("nouveau", "Noa Petit", None, _nothing_ever),
        ("gros-volume", "Gabriel Lemoine", None, partial(_large_volume, LARGE_VOLUME if large_volume else 0)),
        ("suspendu", "Suzanne Garnier", None, _turned_off),
        ("foyer", "Farid Chevalier", None, _without_rights),
        ("plafond", "Paule Rousseau", None, _near_the_ceiling),
        ("veille", "Violette Dumas", None, _to_look_at),
    )
    return tuple(
        Subscriber(
            identifier=f"{name}@demo.example",
            password=PASSWORD,
            display_name=display_name,
            phone_number=number,
            contracts=contracts(now, periods),
        )
        for name, display_name, number, contracts in people
    )


Periods = tuple[Period, ...]
"""The last six periods, newest first."""


def _ordinary(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    current, last, before, earlier, trial, _ = periods
    box = Line("camille-box", now)
    for period in periods:
        box.buy_some(catalogue.BOX, period, 4)
    box.buy(catalogue.ARTICLE, moment(current.start, time()))
    box.buy(catalogue.EVENING_ARTICLE, moment(last.end, time(23, 59, 59)))
    for at in _special_moments(periods):
        # One second after 01:59:59 where clocks go forward: with equal descriptions, the two would be a
        # duplicate.
        box.buy(catalogue.NIGHT_ARTICLE if at.hour == 3 else catalogue.ARTICLE, at)
    for second in (8, 31):
        box.buy(catalogue.DUPLICATE, moment(last.start + 12 * DAY, time(21, 14, second)))
    rental = box.buy(catalogue.RENTAL, moment(before.start + 9 * DAY, time(20, 47, 12)))
    box.buy(catalogue.RENTAL, moment(last.start + 6 * DAY, time(10, 5, 40)), cents=-499, refund_of=rental)
    box.buy(catalogue.LONG, moment(before.start + 17 * DAY, time(14, 2, 55)))
    box.buy(catalogue.ACCENTED, moment(last.start + 3 * DAY, time(8, 31, 19)))
    box.buy(catalogue.ADULT, moment(earlier.start + 14 * DAY, time(22, 40, 3)))
    just_now = max(now - timedelta(minutes=35), moment(current.start, time()))
    box.buy(catalogue.DUPLICATE, just_now, status="processing")

    box.subscribe(
        catalogue.CLUB_CUBEO,
        "week",
        latest_periods(now.date(), count=9)[-1].start + 3 * DAY,
        lambda day: 299 if day < before.start else 399,
    )
    # On the first day of each period, so that the next period's price is announced during the whole of this
    # one.
    box.subscribe(
        catalogue.GAZETTE,
        "month",
        trial.start,
        lambda day: 0 if day == trial.start else 499 if day <= current.end else 599,
    )
    box.subscribe(
        catalogue.GRAND_ECRAN, "month", _last_31st(periods[-1].start), lambda _: 899, terminable=False
    )
    ended = last.start + 10 * DAY
    box.subscribe(
        catalogue.FICHE_POTAGER,
        "week",
        earlier.start + 3 * DAY,
        lambda _: 299,
        terminated=ended,
        charged_until=ended + 7 * DAY,  # once after its end, a typical error
    )
    box.carry_over(catalogue.FICHE_POTAGER, last)
    for period in (before, last):
        box.bill(period)

    mobiles = [Line(f"camille-mobile-{n}", now, "internetplus_mobile") for n in (1, 2)]
    for period in periods:
        mobiles[0].buy_some(catalogue.MOBILE, period, 2)
        mobiles[0].buy_some(catalogue.SMS, period, 1, "sms_plus")
        mobiles[1].buy_some(catalogue.SMS, period, 1, "sms_plus")
    return (
        box.contract("04 •• •• •• 12"),
        mobiles[0].contract("06 •• •• •• 12", "Forfait mobile 40 Go"),
        mobiles[1].contract("06 •• •• •• 47", "Forfait mobile 5 Go"),
    )


def _nothing_now(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    line = Line("sans-achat-box", now)
    for period in periods[1:]:
        line.buy_some(catalogue.BOX, period, 3)
    last = periods[1]
    terminated = last.start + 10 * DAY
    line.buy(catalogue.SHOW, moment(last.start + 5 * DAY, time(18, 20, 44)), status="cancelled")
    line.subscribe(
        catalogue.FICHE_POTAGER,
        "week",
        periods[4].start + 2 * DAY,
        lambda _: 299,
        terminated=terminated,
        charged_until=terminated + 7 * DAY,  # once after the request, a typical error
    )
    return (line.contract("02 •• •• •• 30"),)


def _nothing_ever(now: datetime, _periods: Periods) -> tuple[Contract, ...]:
    return (Line("nouveau-box", now).contract("01 •• •• •• 08"),)


def _large_volume(volume: int, now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """Return a contract for the speed of lists; its total exceeds every ceiling."""
    line = Line(LARGE_CONTRACT, now)
    for index, at in enumerate(_spread(periods[0], now, volume)):
        rounds, which = divmod(index, len(catalogue.BOX))
        offer = catalogue.BOX[which]
        line.buy(offer, at, cents=offer.prices[rounds % len(offer.prices)])
    return (line.contract("03 •• •• •• 99"),)


def _turned_off(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """Return a contract whose service was turned off, which interrupted the subscriptions too."""
    line = Line("suspendu-box", now)
    for period in periods[2:]:
        line.buy_some(catalogue.BOX, period, 3)
    since = periods[1].start + 10 * DAY
    line.subscribe(catalogue.ANTIVIRUS, "month", periods[5].start + 4 * DAY, lambda _: 299, suspended=since)
    line.subscribe(catalogue.CLUB_CUBEO, "week", periods[3].start + DAY, lambda _: 399, suspended=since)
    return (line.contract("05 •• •• •• 64", service=Service(status="suspended", since=since)),)


def _without_rights(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    line = Line("foyer-box", now)
    for period in periods:
        line.buy_some(catalogue.BOX, period, 2)
    return (line.contract("04 •• •• •• 76", billing_rights=False),)


def _near_the_ceiling(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """Return a contract with 288 € in the current period; the next 28 € would pass 300 € and are refused.

    An earlier purchase is above the legal limit of 50 €, and the total is above the subscriber's own ceiling.
    """
    line = Line("plafond-box", now)
    for period in periods[1:]:
        line.buy_some(catalogue.BOX, period, 3)
    line.buy(catalogue.BUNDLE, moment(periods[1].start + 18 * DAY, time(19, 3, 27)))
    *moments, refused_at = _spread(periods[0], now, 16)
    for index, at in enumerate(moments):
        line.buy(catalogue.SHOWS[index % len(catalogue.SHOWS)], at)
    line.buy(catalogue.SHOW, refused_at, status="denied")
    limits = SpendingLimits(
        transaction=catalogue.money(50_00), month=catalogue.money(300_00), own=catalogue.money(200_00)
    )
    service = Service(since=date(2023, 3, 3), limits=limits)
    return (line.contract("01 •• •• •• 27", service=service),)


def _to_look_at(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """Return a contract with findings of the app.

    New and renewed subscriptions, an unusual amount, a trial about to end, a first purchase from a publisher.
    Three equal purchases on one day are ordinary. A refused report has a contest file, whose letters have no
    answer.
    """
    current, last, before, earlier, *_ = periods
    line = Line("veille-box", now)
    for period in periods[1:]:
        line.buy_some(catalogue.SMALL, period, 3)
    line.buy(catalogue.ALBUM, moment(last.end - 2 * DAY, time(20, 11, 5)))
    for clock in (time(18, 4, 12), time(18, 31, 50), time(19, 12, 9)):
        line.buy(catalogue.TRACK, moment(last.end - DAY, clock))
    line.buy(catalogue.SHOW, max(now - timedelta(hours=2), moment(current.start, time())))
    rental = line.buy(catalogue.RENTAL, moment(before.start + 4 * DAY, time(22, 51, 7)), disputed=9 * DAY)
    if rental is not None:
        line.contest(rental, "cine-lanterne")
    # On the weekday of the current period's first day, so that the period has five charges.
    weekly = current.start - (current.start - earlier.start).days // 7 * 7 * DAY
    line.subscribe(catalogue.CLUB_CUBEO, "week", weekly, lambda _: 399)
    line.subscribe(
        catalogue.ANTIVIRUS,
        "month",
        periods[-1].start - 20 * DAY,
        lambda _: 299,
        terminated=last.start + 5 * DAY,
    )
    line.subscribe(catalogue.ANTIVIRUS, "month", last.start + 15 * DAY, lambda _: 299)
    line.subscribe(
        catalogue.GRAND_ECRAN, "month", _last_31st(periods[-1].start), lambda _: 899, terminable=False
    )
    ends = now.date() + 3 * DAY
    began = _month_before(ends)
    line.subscribe(
        catalogue.GAZETTE,
        "month",
        began,
        lambda day: 0 if day == began else 499,
        trial_ends=ends - DAY,
    )
    return (line.contract("02 •• •• •• 52"),)


def _month_before(day: date) -> date:
    """Return the same day of the previous month, or its last day."""
    last = day.replace(day=1) - DAY
    return last.replace(day=min(day.day, last.day))


def _spread(period: Period, now: datetime, count: int) -> Iterator[datetime]:
    """Yield evenly spaced times from the period's start to now."""
    first, _ = period.bounds(ZONE)
    so_far = now.astimezone(UTC) - first
    for index in range(count):
        yield (first + so_far * index / count).replace(microsecond=0).astimezone(ZONE)


def _special_moments(periods: Periods) -> Iterator[datetime]:
    """Yield the times of 29 February, New Year's Eve and both sides of clock changes within the periods."""
    day = periods[-1].start
    while day <= periods[0].end:
        if (day.month, day.day) in ((2, 29), (12, 31)):
            yield moment(day, time(22, 30))
        before, after = (moment(each, time()).utcoffset() for each in (day, day + DAY))
        if before != after:
            spring = (before or DAY) < (after or DAY)
            yield moment(day, time(1, 59, 59) if spring else time(2, 30))
            yield moment(day, time(3)) if spring else moment(day, time(2, 30), fold=1)
        day += DAY


def _last_31st(before: date) -> date:
    day = before.replace(day=1) - DAY
    while day.day != 31:
        day = day.replace(day=1) - DAY
    return day
