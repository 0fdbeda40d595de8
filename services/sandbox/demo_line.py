"""Builder of one demo contract with its purchases and subscriptions."""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from services.domain.models import Category, Money
from services.domain.periods import Period, period_of
from services.insights import contest
from services.insights.review import Review
from services.sandbox.data_file import Bill, Contract, Dispute, Purchase, Service, Subscription
from services.sandbox.demo_catalogue import Offer, money
from services.sandbox.identity import reference

ZONE = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
_RENEWAL = time(6, 15)

Channel = Literal["internetplus_box", "internetplus_mobile", "sms_plus"]
Status = Literal["processing", "denied", "cancelled", "succeeded"]


class Line:
    """Builder of a contract; entries after `now` are left out."""

    def __init__(self, contract_id: str, now: datetime, channel: Channel = "internetplus_box") -> None:
        self._id, self._now, self._channel = contract_id, now, channel
        self._subscriptions: list[Subscription] = []
        self._purchases: dict[str, Purchase] = {}
        self._bills: list[Bill] = []
        self._review = Review()

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
        disputed: timedelta | None = None,
    ) -> Purchase | None:
        """Add an entry, by default at the offer's first price; return None if its time is after `now`.

        `disputed`: time from the entry to the operator's refusal of its report; the report follows a day
        after it.
        """
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
            dispute=_refused(f"p-{number:016x}", at, disputed) if disputed else None,
        )
        self._purchases[purchase.payment_id] = purchase
        return purchase

    def buy_some(
        self, offers: tuple[Offer, ...], period: Period, count: int, channel: Channel | None = None
    ) -> None:
        """Add entries with days, hours and prices drawn from the period's name."""
        days = (period.end - period.start).days + 1
        for index in range(count):
            draw = _number(self._id, period.bill_month, channel or "", str(index))
            draw, which = divmod(draw, len(offers))
            draw, price = divmod(draw, len(offers[which].prices))
            draw, day = divmod(draw, days)
            draw, second = divmod(draw, 15 * 3600)
            at = moment(period.start + day * DAY, time(7)) + timedelta(seconds=second)
            self.buy(offers[which], at, cents=offers[which].prices[price], channel=channel)

    def subscribe(
        self,
        offer: Offer,
        rhythm: Literal["week", "month"],
        first: date,
        price_on: Callable[[date], int],
        terminated: date | None = None,
        charged_until: date | None = None,
        suspended: date | None = None,
        terminable: bool = True,
        trial_ends: date | None = None,
    ) -> None:
        """Add a subscription and its charges, by default up to its termination or suspension.

        A next charge at another price is announced, except the first charge after a free trial.
        """
        subscription_id = f"{self._id}-subscription-{len(self._subscriptions) + 1}"
        last: Purchase | None = None
        upcoming: date | None = None
        charged_until = charged_until or terminated or suspended or date.max
        status: Literal["active", "suspended", "terminated"] = "terminated" if terminated else "active"
        for day in _charge_days(first, rhythm):
            if day > charged_until:
                break
            charge = self.buy(
                offer, moment(day, _RENEWAL), cents=price_on(day), subscription_id=subscription_id
            )
            if charge is None:
                upcoming = day
                break
            last = charge
        following = price_on(upcoming) if upcoming and terminated is None else offer.prices[-1]
        self._subscriptions.append(
            Subscription(
                subscription_id=subscription_id,
                name=offer.description,
                merchant_name=offer.merchant,
                merchant_contact=offer.contact,
                price=money(offer.prices[-1]),
                recurring_charge_period=rhythm,
                status="suspended" if suspended else status,
                start_date=first,
                next_charge_date=upcoming if terminated is None else None,
                next_price=money(following) if following != offer.prices[-1] else None,
                termination_date=terminated,
                terminable=terminable and terminated is None,
                last_payment_id=last.payment_id if last else None,
                trial_end_date=trial_ends,
                termination_reference=reference("RS", terminated, subscription_id) if terminated else None,
            )
        )

    def carry_over(self, offer: Offer, borne_by: Period) -> None:
        """Put the last charge of the previous period on the bill of `borne_by`, as if it had been pending."""
        before = borne_by.previous()
        carried = [
            one
            for one in self._purchases.values()
            if one.merchant_name == offer.merchant and period_of(_day(one)) == before
        ]
        last = max(carried, key=_day)
        self._purchases[last.payment_id] = msgspec.structs.replace(last, billed_period_id=borne_by.bill_month)

    def bill(self, period: Period) -> None:
        """Add the printed bill of a period, with the total of its entries."""
        month = period.bill_month
        cents = sum(
            one.amount.cents
            for one in self._purchases.values()
            if one.payment_status == "succeeded"
            and (one.billed_period_id or period_of(_day(one)).bill_month) == month
        )
        issued = date.fromisoformat(f"{month}-01")
        number = f"F{issued:%y%m}-{_number(self._id, month) % 10**7:07}"
        self._bills.append(Bill(bill_month=month, number=number, issue_date=issued, amount=money(cents)))

    def contest(self, entry: Purchase, publisher: str) -> None:
        """Add a contest file about a purchase whose report was refused, with two unanswered letters.

        The letters were sent 40 days before `now`, so that the next step has just opened, and the last is
        ahead.
        """
        dispute = entry.dispute
        if dispute is None or dispute.updated_at is None:
            return
        refused, sent = dispute.updated_at, self._now - 40 * DAY
        line = contest.Line(
            payment_id=entry.payment_id,
            paid_at=entry.payment_date,
            amount=Money(amount=Decimal(entry.amount.amount)),
            reference=entry.reference_code,
            bill_month=period_of(entry.payment_date.astimezone(ZONE).date()).bill_month,
            category=Category(entry.purchase_category_code),
        )
        claimed = contest.Claimed(
            told_at=refused,
            publisher=publisher,
            name=entry.merchant_name,
            lines=(line,),
            reason=contest.Reason.UNAWARE,
            claims=(contest.Claim.REFUND, contest.Claim.PROOF),
        )
        done = {
            contest.Step.STOP: (refused, contest.Means.ONLINE, ()),
            contest.Step.REPORT: (dispute.created_at, contest.Means.ONLINE, (dispute.dispute_id,)),
            contest.Step.PUBLISHER: (sent - DAY, contest.Means.EMAIL, ()),
            contest.Step.SERVICE: (sent, contest.Means.LETTER, ("1A 204 417 5538 2",)),
        }
        steps = {
            step: contest.Progress(
                told_at=at, sent_on=at.astimezone(ZONE).date(), means=means, references=references
            )
            for step, (at, means, references) in done.items()
        }
        file = contest.Contest(claimed=claimed, steps=steps)
        self._review = self._review.contesting(contest.contest_id(claimed), file)

    def contract(
        self,
        masked_number: str,
        label: str = "Box Fibre",
        *,
        billing_rights: bool = True,
        service: Service | None = None,
    ) -> Contract:
        """Return the finished contract."""
        return Contract(
            contract_id=self._id,
            kind="internet" if self._channel == "internetplus_box" else "mobile",
            label=label,
            masked_number=masked_number,
            billing_rights=billing_rights,
            service=service or Service(since=date(2023, 3, 3)),
            subscriptions=tuple(self._subscriptions),
            purchases=tuple(self._purchases.values()),
            bills=tuple(self._bills),
            review=self._review if self._review.contests else None,
        )


def _refused(payment_id: str, at: datetime, disputed: timedelta) -> Dispute:
    reported_at = at + DAY
    return Dispute(
        dispute_id=reference("SG", reported_at.date(), payment_id),
        status="refused",
        reason="unrecognised",
        created_at=reported_at,
        updated_at=at + disputed,
    )


def moment(day: date, clock: time, *, fold: int = 0) -> datetime:
    return datetime.combine(day, clock.replace(fold=fold), ZONE)


def _charge_days(first: date, rhythm: Literal["week", "month"]) -> Iterator[date]:
    """Yield the days of a subscription's charges; monthly, on the same day or the month's last day."""
    day, months = first, 0
    while True:
        yield day
        if rhythm == "week":
            day += 7 * DAY
        else:
            months += 1
            years, month = divmod(first.month - 1 + months, 12)
            last = calendar.monthrange(first.year + years, month + 1)[1]
            day = date(first.year + years, month + 1, min(first.day, last))


def _day(one: Purchase) -> date:
    return one.payment_date.astimezone(ZONE).date()


def _number(*of: str) -> int:
    """Return a pseudo-random number that depends only on the words."""
    return int.from_bytes(hashlib.sha256("/".join(of).encode()).digest()[:8])
