"""The demo subscribers, as they are on a day: the same every time for one day, and never ahead of the hour.

What happens in a period is drawn from the period's own name, so that the past stays what it was from one day
to the next. The cases worth looking at are placed by hand: a period's first and last second, 29 February,
both clock changes, New Year's Eve, a renewal on the 31st, a price rise, a free trial, a duplicate, a refund
on a later bill, a refusal.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.periods import Period, latest_periods
from services.sandbox import demo_catalogue as catalogue
from services.sandbox.data_file import Contract, Purchase, Service, Subscriber, Subscription
from services.sandbox.demo_catalogue import Offer, money

PASSWORD = "Soleil-2026"  # noqa: S105 - the demo's, public on purpose
LARGE_VOLUME = 10_000
_ZONE = ZoneInfo("Europe/Paris")
_DAY = timedelta(days=1)
_RENEWAL = time(6, 15)

Channel = Literal["internetplus_box", "internetplus_mobile", "sms_plus"]
Status = Literal["processing", "denied", "cancelled", "succeeded"]


def edition(now: datetime) -> str:
    """Names the demo of a day: another day's subscribers are others."""
    return f"demo {now.astimezone(_ZONE).date()}"


def subscribers(now: datetime) -> tuple[Subscriber, ...]:
    """Everyone in the contract's table of demo subscribers, in its order."""
    now = now.astimezone(_ZONE).replace(microsecond=0)
    periods = latest_periods(now.date())
    people: tuple[tuple[str, str, str | None, Callable[[datetime, Periods], tuple[Contract, ...]]], ...] = (
        ("camille", "Camille Martin", "0639980112", _ordinary),
        ("sans-achat", "Sacha Fournier", None, _nothing_now),
        ("nouveau", "Noa Petit", None, _nothing_ever),
        ("gros-volume", "Gabriel Lemoine", None, _large_volume),
        ("suspendu", "Suzanne Garnier", None, _turned_off),
        ("foyer", "Farid Chevalier", None, _without_rights),
        ("plafond", "Paule Rousseau", None, _near_the_ceiling),
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


class _Line:
    """A contract as it fills; what would come after `now` is left out."""

    def __init__(self, contract_id: str, now: datetime, channel: Channel = "internetplus_box") -> None:
        self._id, self._now, self._channel = contract_id, now, channel
        self._subscriptions: list[Subscription] = []
        self._purchases: dict[str, Purchase] = {}

    def buy(
        self,
        offer: Offer,
        at: datetime,
        *,
        cents: int | None = None,
        status: Status = "succeeded",
        channel: Channel | None = None,
        subscription_id: str | None = None,
        refund_of: Purchase | None = None,
    ) -> Purchase | None:
        """Adds an entry, at the offer's first price unless told; None when its time is still to come."""
        if at.astimezone(UTC) > self._now.astimezone(UTC):
            return None
        cents = offer.prices[0] if cents is None else cents
        channel = channel or self._channel
        number = _number(self._id, at.isoformat(), offer.merchant, str(cents))
        while f"p-{number:016x}" in self._purchases:
            number += 1
        purchase = Purchase(
            payment_id=f"p-{number:016x}",
            entry_type="refund" if refund_of else "purchase",
            payment_status=status,
            payment_date=at,
            amount=money(cents),
            tax_amount=offer.tax(cents),
            description=offer.description,
            merchant_name=offer.merchant,
            merchant_contact=offer.contact,
            purchase_category_code=offer.category,
            channel=channel,
            kind="subscription" if subscription_id else "oneOff",
            subscription_id=subscription_id,
            reference_code=f"{'SP' if channel == 'sms_plus' else 'IP'}-{at:%y%m%d}-{number % 1_000_000:06}",
            refund_of=refund_of.payment_id if refund_of else None,
        )
        self._purchases[purchase.payment_id] = purchase
        return purchase

    def buy_some(
        self, offers: tuple[Offer, ...], period: Period, count: int, channel: Channel | None = None
    ) -> None:
        """Adds entries on days, at hours and prices drawn from the period's name."""
        days = (period.end - period.start).days + 1
        for index in range(count):
            draw = _number(self._id, period.bill_month, channel or "", str(index))
            draw, which = divmod(draw, len(offers))
            draw, price = divmod(draw, len(offers[which].prices))
            draw, day = divmod(draw, days)
            draw, second = divmod(draw, 15 * 3600)
            at = _moment(period.start + day * _DAY, time(7)) + timedelta(seconds=second)
            self.buy(offers[which], at, cents=offers[which].prices[price], channel=channel)

    def subscribe(
        self,
        offer: Offer,
        rhythm: Literal["week", "month"],
        first: date,
        price_on: Callable[[date], int],
        terminated: date | None = None,
    ) -> None:
        """Adds a subscription and its charges; a terminated one is charged once more after the request."""
        subscription_id = f"{self._id}-subscription-{len(self._subscriptions) + 1}"
        last: Purchase | None = None
        upcoming: date | None = None
        for day in _charge_days(first, rhythm):
            charge = self.buy(
                offer, _moment(day, _RENEWAL), cents=price_on(day), subscription_id=subscription_id
            )
            if charge is None:
                upcoming = day
                break
            last = charge
            if terminated is not None and day > terminated:
                break
        self._subscriptions.append(
            Subscription(
                subscription_id=subscription_id,
                name=offer.description,
                merchant_name=offer.merchant,
                merchant_contact=offer.contact,
                price=money(offer.prices[-1]),
                recurring_charge_period=rhythm,
                status="active" if terminated is None else "terminated",
                start_date=first,
                next_charge_date=upcoming if terminated is None else None,
                termination_date=terminated,
                terminable=terminated is None,
                last_payment_id=last.payment_id if last else None,
            )
        )

    def contract(
        self,
        masked_number: str,
        label: str = "Box Fibre",
        *,
        billing_rights: bool = True,
        service: Service | None = None,
    ) -> Contract:
        """The contract, full."""
        return Contract(
            contract_id=self._id,
            kind="internet" if self._channel == "internetplus_box" else "mobile",
            label=label,
            masked_number=masked_number,
            billing_rights=billing_rights,
            service=service or Service(since=date(2023, 3, 3)),
            subscriptions=tuple(self._subscriptions),
            purchases=tuple(self._purchases.values()),
        )


def _ordinary(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    current, last, before, earlier, trial, _ = periods
    box = _Line("camille-box", now)
    for period in periods:
        box.buy_some(catalogue.BOX, period, 4)
    box.buy(catalogue.ARTICLE, _moment(current.start, time()))
    box.buy(catalogue.ARTICLE, _moment(last.end, time(23, 59, 59)))
    for at in _special_moments(periods):
        box.buy(catalogue.ARTICLE, at)
    for second in (8, 31):
        box.buy(catalogue.DUPLICATE, _moment(last.start + 12 * _DAY, time(21, 14, second)))
    rental = box.buy(catalogue.RENTAL, _moment(before.start + 9 * _DAY, time(20, 47, 12)))
    box.buy(catalogue.RENTAL, _moment(last.start + 6 * _DAY, time(10, 5, 40)), cents=-499, refund_of=rental)
    box.buy(catalogue.LONG, _moment(before.start + 17 * _DAY, time(14, 2, 55)))
    box.buy(catalogue.ACCENTED, _moment(last.start + 3 * _DAY, time(8, 31, 19)))
    box.buy(catalogue.ADULT, _moment(earlier.start + 14 * _DAY, time(22, 40, 3)))
    just_now = max(now - timedelta(minutes=35), _moment(current.start, time()))
    box.buy(catalogue.DUPLICATE, just_now, status="processing")

    box.subscribe(
        catalogue.CLUB_CUBEO,
        "week",
        latest_periods(now.date(), count=9)[-1].start + 3 * _DAY,
        lambda day: 299 if day < before.start else 399,
    )
    tried_on = trial.start + 8 * _DAY
    box.subscribe(catalogue.GAZETTE, "month", tried_on, lambda day: 0 if day == tried_on else 499)
    box.subscribe(catalogue.GRAND_ECRAN, "month", _last_31st(periods[-1].start), lambda _: 899)

    mobiles = [_Line(f"camille-mobile-{n}", now, "internetplus_mobile") for n in (1, 2)]
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
    line = _Line("sans-achat-box", now)
    for period in periods[1:]:
        line.buy_some(catalogue.BOX, period, 3)
    last = periods[1]
    line.buy(catalogue.SHOW, _moment(last.start + 5 * _DAY, time(18, 20, 44)), status="cancelled")
    line.subscribe(
        catalogue.FICHE_POTAGER,
        "week",
        periods[4].start + 2 * _DAY,
        lambda _: 299,
        terminated=last.start + 10 * _DAY,
    )
    return (line.contract("02 •• •• •• 30"),)


def _nothing_ever(now: datetime, _periods: Periods) -> tuple[Contract, ...]:
    return (_Line("nouveau-box", now).contract("01 •• •• •• 08"),)


def _large_volume(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """For the speed of lists, not for its plausibility: no ceiling holds it."""
    line = _Line("gros-volume-box", now)
    for index, at in enumerate(_spread(periods[0], now, LARGE_VOLUME)):
        offer = catalogue.BOX[index % len(catalogue.BOX)]
        line.buy(offer, at, cents=offer.prices[index % len(offer.prices)])
    return (line.contract("03 •• •• •• 99"),)


def _turned_off(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """Turning the service off ended the subscription, too."""
    line = _Line("suspendu-box", now)
    for period in periods[2:]:
        line.buy_some(catalogue.BOX, period, 3)
    since = periods[1].start + 10 * _DAY
    line.subscribe(catalogue.ANTIVIRUS, "month", periods[5].start + 4 * _DAY, lambda _: 299, terminated=since)
    return (line.contract("05 •• •• •• 64", service=Service(status="suspended", since=since)),)


def _without_rights(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    line = _Line("foyer-box", now)
    for period in periods:
        line.buy_some(catalogue.BOX, period, 2)
    return (line.contract("04 •• •• •• 76", billing_rights=False),)


def _near_the_ceiling(now: datetime, periods: Periods) -> tuple[Contract, ...]:
    """288 € in the current period; the next 28 € would pass 300 € and are refused."""
    line = _Line("plafond-box", now)
    for period in periods[1:]:
        line.buy_some(catalogue.BOX, period, 3)
    *moments, refused_at = _spread(periods[0], now, 16)
    for index, at in enumerate(moments):
        line.buy(catalogue.SHOWS[index % len(catalogue.SHOWS)], at)
    line.buy(catalogue.SHOW, refused_at, status="denied")
    return (line.contract("01 •• •• •• 27"),)


def _moment(day: date, clock: time, *, fold: int = 0) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), _ZONE)


def _spread(period: Period, now: datetime, count: int) -> Iterator[datetime]:
    """Moments from the period's start to now, evenly."""
    first, _ = period.bounds(_ZONE)
    so_far = now.astimezone(UTC) - first
    for index in range(count):
        yield (first + so_far * index / count).replace(microsecond=0).astimezone(_ZONE)


def _special_moments(periods: Periods) -> Iterator[datetime]:
    """29 February, New Year's Eve and both sides of a clock change, where the periods hold them."""
    day = periods[-1].start
    while day <= periods[0].end:
        if (day.month, day.day) in ((2, 29), (12, 31)):
            yield _moment(day, time(22, 30))
        before, after = (_moment(each, time()).utcoffset() for each in (day, day + _DAY))
        if before != after:
            spring = (before or _DAY) < (after or _DAY)
            yield _moment(day, time(1, 59, 59) if spring else time(2, 30))
            yield _moment(day, time(3)) if spring else _moment(day, time(2, 30), fold=1)
        day += _DAY


def _charge_days(first: date, rhythm: Literal["week", "month"]) -> Iterator[date]:
    """Every day a subscription is charged; monthly, on the same day or the month's last."""
    day, months = first, 0
    while True:
        yield day
        if rhythm == "week":
            day += 7 * _DAY
        else:
            months += 1
            years, month = divmod(first.month - 1 + months, 12)
            last = calendar.monthrange(first.year + years, month + 1)[1]
            day = date(first.year + years, month + 1, min(first.day, last))


def _last_31st(before: date) -> date:
    day = before.replace(day=1) - _DAY
    while day.day != 31:
        day = day.replace(day=1) - _DAY
    return day


def _number(*of: str) -> int:
    """A number that looks drawn, but is the same for the same words."""
    return int.from_bytes(hashlib.sha256("/".join(of).encode()).digest()[:8])
