"""Subscribers of the sandbox, and the data file that may provide them (`--data`).

The form is the contract's. A file is read strictly, and refused as a whole for any error. Errors are an
unknown or missing key, a value of another type, a time without its offset, or a duplicate id.
`periodId` and `isBilled` are computed, never read. The demo subscribers use the same types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from services.domain.identifiers import canonical
from services.insights.review import Review

Words = Annotated[str, Meta(min_length=1, max_length=250, pattern=r"^[^\x00]*$")]
TIME_ZONES = frozenset(
    {
        "Europe/Paris",
        "America/Cayenne",
        "America/Guadeloupe",
        "America/Marigot",
        "America/Martinique",
        "America/Miquelon",
        "America/St_Barthelemy",
        "Indian/Kerguelen",
        "Indian/Mayotte",
        "Indian/Reunion",
        "Pacific/Gambier",
        "Pacific/Marquesas",
        "Pacific/Noumea",
        "Pacific/Tahiti",
        "Pacific/Wallis",
    }
)
"""Time zones of the contract."""
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}\Z")]
"""Opaque id, restricted to characters that mean the same in a path: `..` would lead elsewhere."""
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]
"""Month of a bill, `YYYY-MM`."""


class Record(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of all records in the file: the contract's keys, and no others."""


def _check_century(*days: date | None) -> None:
    """Check that all dates are in the 21st century; the app reads no others.

    Raises:
        ValueError: a date is outside 2000 to 2099.
    """
    if any(day is not None and not 2000 <= day.year < 2100 for day in days):
        raise ValueError("a date of another century")


class Money(Record, frozen=True):
    """Exact amount, such as `"4.99"`; negative for a refund."""

    amount: Annotated[str, Meta(pattern=r"^-?[0-9]{1,7}\.[0-9]{2}\Z")]
    currency: Literal["EUR"] = "EUR"

    @property
    def cents(self) -> int:
        return int(self.amount.replace(".", ""))


class Billing(Record, frozen=True):
    """Cut-off of a contract's periods."""

    cut_off_day: Annotated[int, Meta(ge=1, le=28)] = 26
    time_zone: str = "Europe/Paris"


class MerchantContact(Record, frozen=True):
    """Contact of a merchant."""

    url: Words | None = None
    email: Words | None = None
    phone: Words | None = None


class Bill(Record, frozen=True):
    """Internet+ part of the printed bill of a month."""

    bill_month: Month
    number: Words
    issue_date: date
    amount: Money

    def __post_init__(self) -> None:
        _check_century(self.issue_date)


class SpendingLimits(Record, frozen=True):
    """Spending ceilings of the contract."""

    transaction: Money | None = None
    month: Money | None = None
    own: Money | None = None


class Service(Record, frozen=True):
    """State of internet+ on the contract."""

    status: Literal["active", "suspended"] = "active"
    since: date | None = None
    limits: SpendingLimits | None = None

    def __post_init__(self) -> None:
        _check_century(self.since)


class Subscription(Record, frozen=True):
    """Subscription with a merchant."""

    subscription_id: Id
    name: Words
    merchant_name: Words
    price: Money
    recurring_charge_period: Literal["week", "month"]
    start_date: date
    status: Literal["active", "suspended", "pendingTerminate", "terminated"] = "active"
    next_charge_date: date | None = None
    termination_date: date | None = None
    terminable: bool = True
    last_payment_id: Id | None = None
    termination_reference: Words | None = None
    next_price: Money | None = None
    notice_days: Annotated[int, Meta(ge=0, le=366)] | None = None
    trial_end_date: date | None = None
    merchant_identifier: Words | None = None
    merchant_contact: MerchantContact | None = None

    def __post_init__(self) -> None:
        _check_century(self.start_date, self.next_charge_date, self.termination_date, self.trial_end_date)


class Dispute(Record, frozen=True):
    """Report about a purchase, and its outcome."""

    dispute_id: Words
    status: Literal["acknowledged", "inProgress", "accepted", "refused", "closed"]
    reason: Literal["unrecognised", "wrong_amount", "not_received", "duplicate", "other"]
    created_at: Annotated[datetime, Meta(tz=True)]
    updated_at: Annotated[datetime, Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        _check_century(self.created_at, self.updated_at)


class Purchase(Record, frozen=True):
    """Purchase, or refund with a negative amount."""

    payment_id: Id
    entry_type: Literal["purchase", "refund"]
    payment_status: Literal[
        "processing", "pending_validation", "denied", "reserved", "succeeded", "cancelled"
    ]
    payment_date: Annotated[datetime, Meta(tz=True)]
    amount: Money
    description: Words
    merchant_name: Words
    purchase_category_code: Literal[
        "press",
        "games",
        "video",
        "music",
        "dating",
        "parking",
        "transport",
        "ticketing",
        "donation",
        "streaming",
        "adult",
        "services",
        "other",
    ]
    channel: Literal["internetplus_box", "internetplus_mobile", "sms_plus"]
    kind: Literal["oneOff", "subscription"]
    reference_code: Words
    billed_period_id: Month | None = None
    """Period whose bill contains the entry, if it differs from the period of `payment_date`."""
    refund_of: Id | None = None
    tax_amount: Money | None = None
    subscription_id: Id | None = None
    refunded_amount: Money | None = None
    """Refunded amount; by default, the sum of the purchase's refunds."""
    merchant_identifier: Words | None = None
    """Identifier of the merchant; by default, derived from the merchant's name."""
    merchant_contact: MerchantContact | None = None
    dispute: Dispute | None = None

    def __post_init__(self) -> None:
        _check_century(self.payment_date)


class Contract(Record, frozen=True):
    """Line with internet+: a box or a mobile."""

    contract_id: Id
    kind: Literal["internet", "mobile"]
    label: Words
    masked_number: Words
    billing_rights: bool = True
    billing: Billing = Billing()
    service: Service = Service()
    subscriptions: tuple[Subscription, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    bills: tuple[Bill, ...] = ()
    review: Review | None = None
    """Decisions of the holder about the charges."""


class Subscriber(Record, frozen=True):
    """Subscriber who can sign in, by e-mail address or phone number."""

    identifier: Words
    password: Words
    display_name: Words
    phone_number: Words | None = None
    locked: bool = False
    contracts: tuple[Contract, ...] = ()


class _File(Record, frozen=True):
    subscribers: tuple[Subscriber, ...]


LARGEST_SUM = 10**13 - 1
"""Cents: the largest sum of a contract's amounts that the contract's format of an amount can hold."""


class BadData(ValueError):
    """The file cannot be used; the message starts with the path of the first error."""


def parse_subscribers(content: bytes) -> tuple[Subscriber, ...]:
    """Return the subscribers of a data file, in UTF-8 or the encoding of its byte order mark.

    Raises:
        BadData: the file is invalid; the message starts with the path of the first error.
    """
    try:
        text = content.decode(json.detect_encoding(content))
        subscribers = msgspec.json.decode(text, type=_File).subscribers
    except msgspec.ValidationError as fault:
        reason, _, path = str(fault).partition(" - at `$")
        raise BadData(f"{path.strip('.`') or 'the file'}: {reason}") from fault
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadData(f"the file: not JSON ({fault})") from fault
    _check_rules(subscribers)
    return subscribers


def _check_rules(subscribers: tuple[Subscriber, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for path, kind, key in _names(subscribers):
        if (kind, key) in seen:
            raise BadData(f"{path}: used twice in the file")
        seen.add((kind, key))
    for i, subscriber in enumerate(subscribers):
        for j, contract in enumerate(subscriber.contracts):
            path = f"subscribers[{i}].contracts[{j}]"
            if contract.billing.time_zone not in TIME_ZONES:
                raise BadData(f"{path}.billing.timeZone: not a time zone of the contract")
            if sum(abs(purchase.amount.cents) for purchase in contract.purchases) > LARGEST_SUM:
                raise BadData(f"{path}.purchases: the amounts sum to more than an amount can be")
            for k, purchase in enumerate(contract.purchases):
                cents = purchase.amount.cents
                if cents >= 0 if purchase.entry_type == "refund" else cents < 0:
                    raise BadData(
                        f"{path}.purchases[{k}].amount.amount: a refund is negative, a purchase is not"
                    )


def _names(subscribers: tuple[Subscriber, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield all unique values: the path, the kind, and the value."""
    for i, subscriber in enumerate(subscribers):
        path = f"subscribers[{i}]"
        identifier, number = canonical(subscriber.identifier), canonical(subscriber.phone_number or "")
        yield f"{path}.identifier", "identifier", identifier
        if number not in ("", identifier):
            yield f"{path}.phoneNumber", "identifier", number
        for j, contract in enumerate(subscriber.contracts):
            path = f"subscribers[{i}].contracts[{j}]"
            yield f"{path}.contractId", "contract", contract.contract_id
            for k, bill in enumerate(contract.bills):
                named = f"{contract.contract_id}/{bill.bill_month}"
                yield f"{path}.bills[{k}].billMonth", "bill", named
            for k, purchase in enumerate(contract.purchases):
                yield f"{path}.purchases[{k}].paymentId", "purchase", purchase.payment_id
            for k, subscription in enumerate(contract.subscriptions):
                yield (
                    f"{path}.subscriptions[{k}].subscriptionId",
                    "subscription",
                    subscription.subscription_id,
                )
