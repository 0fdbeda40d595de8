"""Archive of 14 months before the six periods of a demo subscriber, in the form that the app imports."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import msgspec

from services.domain.periods import SERVED_PERIODS, Period, latest_periods, period_of
from services.sandbox import demo_catalogue as catalogue
from services.sandbox.data_file import Purchase
from services.sandbox.demo_catalogue import money
from services.sandbox.demo_line import DAY, ZONE, Line, moment
from services.sandbox.store import merchant_identifier

CONTRACT = "veille-box"
MONTHS = 14


def archive(now: datetime) -> bytes:
    """Return the archive as it was exported before the oldest of the six periods began."""
    periods = latest_periods(now.astimezone(ZONE).date(), count=SERVED_PERIODS + MONTHS)[SERVED_PERIODS:]
    exported_at = moment(periods[0].end + 7 * DAY, time(9))
    line = Line(CONTRACT, moment(periods[0].end, time(23, 59)))
    for period in periods:
        line.buy_some(catalogue.SMALL, period, 3 + int(period.bill_month[5:]) % 3)
    first, middle = periods[-1], periods[len(periods) // 2]
    line.subscribe(catalogue.ANTIVIRUS, "month", first.start + 4 * DAY, lambda _: 299)
    line.subscribe(catalogue.GAZETTE, "month", middle.start, lambda day: 0 if day == middle.start else 499)
    by_month: dict[str, list[Purchase]] = {period.bill_month: [] for period in periods}
    for one in line.contract("").purchases:
        by_month[_period_of(one).bill_month].append(one)
    listed = [_period(period, by_month[period.bill_month]) for period in reversed(periods)]
    return msgspec.json.encode(
        {
            "format": "conso-et-moi/archive",
            "version": 1,
            "exportedAt": exported_at,
            "contracts": [{"contractId": CONTRACT, "periods": listed}],
        }
    )


def _period_of(one: Purchase) -> Period:
    return period_of(one.payment_date.astimezone(ZONE).date())


def _period(period: Period, purchases: list[Purchase]) -> dict[str, Any]:
    """Return a billed period and its entries, oldest first, in the contract's JSON form."""
    total = money(sum(one.amount.cents for one in purchases))
    return {
        "period": {
            "periodId": period.bill_month,
            "startDate": period.start,
            "endDate": period.end,
            "billMonth": period.bill_month,
            "state": "billed",
            "purchaseCount": len(purchases),
            "total": total,
            "pendingTotal": money(0),
        },
        "entries": [_entry(one, period) for one in sorted(purchases, key=lambda one: one.payment_date)],
    }


def _entry(one: Purchase, period: Period) -> dict[str, Any]:
    written = {name: value for name, value in msgspec.to_builtins(one).items() if value is not None}
    written.pop("subscriptionId", None)  # the subscriptions of these months have ended, and are not served
    return written | {
        "periodId": period.bill_month,
        "isBilled": True,
        "merchantIdentifier": one.merchant_identifier or merchant_identifier(one.merchant_name),
    }
