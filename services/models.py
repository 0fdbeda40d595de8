"""What the backend knows, as frozen values parsed strictly from its JSON.

Field names are the contract's (`services/sandbox/openapi.yaml`), in Python's case. Unknown fields are
ignored; an unknown enum value becomes `OTHER`, so that a newer backend never breaks an older app.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, field

T = TypeVar("T")
Instant = Annotated[datetime, Meta(tz=True)]
"""A moment, always with its offset (RFC 3339)."""
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]
"""A month of bills, `YYYY-MM`; it also names the period billed in it."""

UNREADABLE = "(unreadable)"
"""Member of a list's JSON, of this app alone: how many of its records cannot be read."""

LARGEST_AMOUNT = Decimal("9999999999999.99")
"""A hundred times the contract's: a year of the highest price is still an amount."""


class _Tolerant(StrEnum):
    """An enum whose unknown values read as its last member, `OTHER`."""

    @classmethod
    def _missing_(cls, value: object) -> _Tolerant:
        return list(cls)[-1]


class ContractKind(_Tolerant):
    INTERNET = "internet"
    MOBILE = "mobile"
    OTHER = "other"


class PeriodState(_Tolerant):
    OPEN = "open"
    CLOSED = "closed"
    BILLED = "billed"
    OTHER = "other"


class EntryType(_Tolerant):
    PURCHASE = "purchase"
    REFUND = "refund"
    OTHER = "other"


class PaymentStatus(_Tolerant):
    PROCESSING = "processing"
    PENDING_VALIDATION = "pending_validation"
    DENIED = "denied"
    RESERVED = "reserved"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"
    OTHER = "other"

    @property
    def pending(self) -> bool:
        return self in (self.PROCESSING, self.PENDING_VALIDATION, self.RESERVED)


class Category(_Tolerant):
    PRESS = "press"
    GAMES = "games"
    VIDEO = "video"
    MUSIC = "music"
    DATING = "dating"
    PARKING = "parking"
    TRANSPORT = "transport"
    TICKETING = "ticketing"
    DONATION = "donation"
    STREAMING = "streaming"
    ADULT = "adult"
    SERVICES = "services"
    OTHER = "other"


class Channel(_Tolerant):
    INTERNETPLUS_BOX = "internetplus_box"
    INTERNETPLUS_MOBILE = "internetplus_mobile"
    SMS_PLUS = "sms_plus"
    OTHER = "other"


class PurchaseKind(_Tolerant):
    ONE_OFF = "oneOff"
    SUBSCRIPTION = "subscription"
    OTHER = "other"


class SubscriptionStatus(_Tolerant):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """With the service; it does not come back by itself."""
    PENDING_TERMINATE = "pendingTerminate"
    TERMINATED = "terminated"
    OTHER = "other"

    @property
    def ended(self) -> bool:
        """Whether its end was asked for, done or still under way."""
        return self in (self.PENDING_TERMINATE, self.TERMINATED)


class Rhythm(_Tolerant):
    """How often a subscription is charged."""

    WEEK = "week"
    MONTH = "month"
    OTHER = "other"


class ServiceStatus(_Tolerant):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    OTHER = "other"


class DisputeReason(_Tolerant):
    UNKNOWN = "unrecognised"
    AMOUNT = "wrong_amount"
    NOT_RECEIVED = "not_received"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Filter(StrEnum):
    """What a list of purchases can be narrowed to (`kind` of endpoint 3)."""

    ONE_OFF = "oneOff"
    SUBSCRIPTION = "subscription"
    REFUND = "refund"


def check_century(*days: date | None) -> None:
    """No time zone or subtraction can take these past what a date holds."""
    if any(day is not None and not 2000 <= day.year < 2100 for day in days):
        raise ValueError("a date of another century")


class Money(Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount, all taxes included, exact to the cent; negative on a refund."""

    amount: Decimal
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount.as_tuple().exponent != -2:
            raise ValueError("an amount has exactly two decimals")
        if abs(self.amount) > LARGEST_AMOUNT:
            raise ValueError("an amount has at most thirteen digits before the decimals")


class Billing(Struct, frozen=True, kw_only=True, rename="camel"):
    """When a contract's period is cut: on `cut_off_day`, at midnight in `time_zone`."""

    cut_off_day: Annotated[int, Meta(ge=1, le=28)]
    time_zone: str
    """A name of the IANA database."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError("an unknown time zone") from error


class Contract(Struct, frozen=True, kw_only=True, rename="camel"):
    contract_id: str
    kind: ContractKind
    label: str
    masked_number: str
    billing_rights: bool
    billing: Billing


class SecurityNotice(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the subscriber should know of their account's security."""

    code: str
    """`tokenReused`: a session was ended, for a token of it came from two hands; others are not known yet."""
    at: Instant

    def __post_init__(self) -> None:
        check_century(self.at)


class Account(Struct, frozen=True, kw_only=True, rename="camel"):
    subscriber_id: str
    display_name: str
    contracts: tuple[Contract, ...]
    security_notice: SecurityNotice | None = None
    unreadable: int = field(default=0, name=UNREADABLE)
    """How many contracts this version of the app cannot read; never the backend's word."""


class Bill(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the printed bill of a period says; `amount` is that of internet+, all taxes included."""

    number: str
    issue_date: date
    amount: Money

    def __post_init__(self) -> None:
        check_century(self.issue_date)


class BillingPeriod(Struct, frozen=True, kw_only=True, rename="camel"):
    """From `start_date` to `end_date`, both included, billed in `bill_month` (`YYYY-MM`)."""

    period_id: Month
    start_date: date
    end_date: date
    bill_month: Month
    state: PeriodState
    purchase_count: Annotated[int, Meta(ge=0)]
    total: Money
    pending_total: Money
    bill: Bill | None = None
    """None until it is issued, or if the operator does not tell it."""

    def __post_init__(self) -> None:
        check_century(self.start_date, self.end_date)

    @property
    def used(self) -> bool:
        """True if something was bought or given back in the period."""
        return bool(self.purchase_count or self.total.amount or self.pending_total.amount)


class BillingPeriods(Struct, frozen=True, kw_only=True, rename="camel"):
    """The periods of a contract that can be looked at, newest first."""

    items: tuple[BillingPeriod, ...]
    unreadable: int = field(default=0, name=UNREADABLE)
    """How many periods this version of the app cannot read; never the backend's word."""


class MerchantContact(Struct, frozen=True, kw_only=True, rename="camel"):
    url: str | None = None
    email: str | None = None
    phone: str | None = None


class DisputeStatus(_Tolerant):
    """How far the operator is with a dispute."""

    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "inProgress"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CLOSED = "closed"
    OTHER = "other"


class Dispute(Struct, frozen=True, kw_only=True, rename="camel"):
    """A problem the subscriber told about a purchase."""

    dispute_id: str
    """The reference to quote."""
    status: DisputeStatus
    reason: DisputeReason
    created_at: Instant
    updated_at: Instant | None = None
    """When the status last changed."""

    def __post_init__(self) -> None:
        check_century(self.created_at, self.updated_at)


class Purchase(Struct, frozen=True, kw_only=True, rename="camel"):
    """One entry of a period: a purchase, or the refund of one (`refund_of`)."""

    payment_id: str
    entry_type: EntryType
    payment_status: PaymentStatus
    payment_date: Instant
    amount: Money
    description: str
    merchant_name: str
    merchant_identifier: str
    purchase_category_code: Category
    channel: Channel
    kind: PurchaseKind
    reference_code: str
    period_id: Month
    is_billed: bool
    billed_period_id: Month | None = None
    """The bill that bears it, if it is another than `period_id`'s."""
    refund_of: str | None = None
    tax_amount: Money | None = None
    merchant_contact: MerchantContact | None = None
    subscription_id: str | None = None
    refunded_amount: Money | None = None
    dispute: Dispute | None = None
    refunds: tuple[Purchase, ...] = ()
    """Only in the answer for one purchase."""
    unreadable: int = field(default=0, name=UNREADABLE)
    """How many refunds this version of the app cannot read; never the backend's word."""

    def __post_init__(self) -> None:
        check_century(self.payment_date)

    @property
    def bill_month(self) -> str:
        """The month of the bill that bears it."""
        return self.billed_period_id or self.period_id


class Pagination(Struct, frozen=True, kw_only=True, rename="camel"):
    page: Annotated[int, Meta(ge=1)]
    per_page: Annotated[int, Meta(ge=1)]
    total_count: Annotated[int, Meta(ge=0)]
    total_pages: Annotated[int, Meta(ge=0)]


class PurchasePage(Struct, frozen=True, kw_only=True, rename="camel"):
    period: BillingPeriod
    items: tuple[Purchase, ...]
    pagination: Pagination
    unreadable: int = field(default=0, name=UNREADABLE)
    """How many entries this version of the app cannot read; never the backend's word."""


class Subscription(Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscription taken with a publisher, whatever its status; past ones are kept."""

    subscription_id: str
    name: str
    merchant_name: str
    merchant_identifier: str
    price: Money
    recurring_charge_period: Rhythm
    status: SubscriptionStatus
    start_date: date
    terminable: bool
    """Whether it can be ended here; else the publisher has to be asked (`merchant_contact`)."""
    merchant_contact: MerchantContact | None = None
    next_charge_date: date | None = None
    """Its access is paid until the day before."""
    termination_date: date | None = None
    """The last day of its access, ahead or past; of one that was or is being terminated."""
    last_payment_id: str | None = None
    termination_reference: str | None = None
    """The receipt of a termination asked for here."""
    next_price: Money | None = None
    """The price from the next charge on, if it is another."""
    notice_days: Annotated[int, Meta(ge=0, le=366)] | None = None
    """Days before a charge by which it has to be ended."""
    trial_end_date: date | None = None
    """The last day of a free trial."""

    def __post_init__(self) -> None:
        check_century(self.start_date, self.next_charge_date, self.termination_date, self.trial_end_date)


class Subscriptions(Struct, frozen=True, kw_only=True, rename="camel"):
    """The subscriptions of a contract, past ones included."""

    items: tuple[Subscription, ...]
    unreadable: int = field(default=0, name=UNREADABLE)
    """How many subscriptions this version of the app cannot read; never the backend's word."""


class SpendingLimits(Struct, frozen=True, kw_only=True, rename="camel"):
    """The most that can be spent, as far as the operator says."""

    transaction: Money | None = None
    month: Money | None = None
    own: Money | None = None
    """The subscriber's own ceiling at the operator."""


class Service(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether internet+ can be used on a contract."""

    status: ServiceStatus
    since: date
    affected_subscriptions: Annotated[int, Meta(ge=0)]
    """Those that turning it off interrupts; once it is off, those it interrupted."""
    outstanding: Money
    """What stays due: everything not billed yet."""
    pending_status: ServiceStatus | None = None
    """What it is being changed to."""
    limits: SpendingLimits | None = None

    def __post_init__(self) -> None:
        check_century(self.since)


class Answer(Struct, Generic[T], frozen=True):
    """A value and when the backend vouched for it, by the backend's own clock (its `Date`)."""

    value: T
    at: datetime
    etag: str = ""
    """Names this very state, for a write that must not act on another (`If-Match`)."""
    unreadable: int = 0
    """How many records of a list are left out of `value`, since they cannot be read."""
