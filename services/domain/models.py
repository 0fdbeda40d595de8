"""Data of the backend, as frozen values parsed strictly from its JSON.

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
"""A moment with its UTC offset (RFC 3339)."""
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z")]
"""Month of a bill, `YYYY-MM`; also the id of the period billed in it."""

UNREADABLE = "(unreadable)"
"""Member that this app adds to the JSON of a list: the number of unreadable records."""

LARGEST_AMOUNT = Decimal("9999999999999.99")
"""A hundred times the contract's limit, so that a year of the highest price is still a valid amount."""


class _Tolerant(StrEnum):
    """Enum whose unknown values become its last member, `OTHER`."""

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
    """Suspended with the service; the subscription does not resume by itself."""
    PENDING_TERMINATE = "pendingTerminate"
    TERMINATED = "terminated"
    OTHER = "other"

    @property
    def ended(self) -> bool:
        """Whether the subscription was terminated, or its termination is pending."""
        return self in (self.PENDING_TERMINATE, self.TERMINATED)


class Rhythm(_Tolerant):
    """Period between two charges of a subscription."""

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
    """Filter of a list of purchases (`kind` of endpoint 3)."""

    ONE_OFF = "oneOff"
    SUBSCRIPTION = "subscription"
    REFUND = "refund"


def check_century(*days: date | None) -> None:
    """Check that all dates are in the 21st century, so that date arithmetic cannot overflow.

    Raises:
        ValueError: a date is outside 2000 to 2099.
    """
    if any(day is not None and not 2000 <= day.year < 2100 for day in days):
        raise ValueError("a date of another century")


class Money(Struct, frozen=True, kw_only=True, rename="camel"):
    """Amount with all taxes, exact to the cent; negative for a refund."""

    amount: Decimal
    currency: str = "EUR"

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount.as_tuple().exponent != -2:
            raise ValueError("an amount has exactly two decimals")
        if abs(self.amount) > LARGEST_AMOUNT:
            raise ValueError("an amount has at most thirteen digits before the decimals")


class Billing(Struct, frozen=True, kw_only=True, rename="camel"):
    """Start of a contract's periods: `cut_off_day`, at midnight in `time_zone`."""

    cut_off_day: Annotated[int, Meta(ge=1, le=28)]
    time_zone: str
    """Name in the IANA database."""

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
    """Security event of the account that the subscriber should know."""

    code: str
    """`tokenReused`: the backend ended a session because a used token came back. No other code is known yet.
    """
    at: Instant

    def __post_init__(self) -> None:
        check_century(self.at)


class Account(Struct, frozen=True, kw_only=True, rename="camel"):
    subscriber_id: str
    display_name: str
    contracts: tuple[Contract, ...]
    security_notice: SecurityNotice | None = None
    unreadable: int = field(default=0, name=UNREADABLE)
    """Number of contracts that this version of the app cannot read; set by the app, never by the backend."""


class Bill(Struct, frozen=True, kw_only=True, rename="camel"):
    """Printed bill of a period; `amount` is the internet+ part, with all taxes."""

    number: str
    issue_date: date
    amount: Money

    def __post_init__(self) -> None:
        check_century(self.issue_date)


class BillingPeriod(Struct, frozen=True, kw_only=True, rename="camel"):
    """Billing period from `start_date` to `end_date`, both included, billed in `bill_month` (`YYYY-MM`)."""

    period_id: Month
    start_date: date
    end_date: date
    bill_month: Month
    state: PeriodState
    purchase_count: Annotated[int, Meta(ge=0)]
    total: Money
    pending_total: Money
    bill: Bill | None = None
    """None until the bill is issued, or if the operator does not provide it."""

    def __post_init__(self) -> None:
        check_century(self.start_date, self.end_date)

    @property
    def used(self) -> bool:
        """True if the period has a purchase or a refund."""
        return bool(self.purchase_count or self.total.amount or self.pending_total.amount)


class BillingPeriods(Struct, frozen=True, kw_only=True, rename="camel"):
    """Available periods of a contract, newest first."""

    items: tuple[BillingPeriod, ...]
    unreadable: int = field(default=0, name=UNREADABLE)
    """Number of periods that this version of the app cannot read; set by the app, never by the backend."""


class MerchantContact(Struct, frozen=True, kw_only=True, rename="camel"):
    url: str | None = None
    email: str | None = None
    phone: str | None = None


class DisputeStatus(_Tolerant):
    """Progress of a dispute at the operator."""

    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "inProgress"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CLOSED = "closed"
    OTHER = "other"


class Dispute(Struct, frozen=True, kw_only=True, rename="camel"):
    """Problem with a purchase, reported by the subscriber."""

    dispute_id: str
    """Reference to quote to the operator."""
    status: DisputeStatus
    reason: DisputeReason
    created_at: Instant
    updated_at: Instant | None = None
    """Time of the last change of the status."""

    def __post_init__(self) -> None:
        check_century(self.created_at, self.updated_at)


class Purchase(Struct, frozen=True, kw_only=True, rename="camel"):
    """Entry of a period: a purchase, or the refund of a purchase (`refund_of`)."""

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
    """Id of the period whose bill contains the entry, if it differs from `period_id`."""
    refund_of: str | None = None
    tax_amount: Money | None = None
    merchant_contact: MerchantContact | None = None
    subscription_id: str | None = None
    refunded_amount: Money | None = None
    dispute: Dispute | None = None
    refunds: tuple[Purchase, ...] = ()
    """Present only in the answer for one purchase."""
    unreadable: int = field(default=0, name=UNREADABLE)
    """Number of refunds that this version of the app cannot read; set by the app, never by the backend."""

    def __post_init__(self) -> None:
        check_century(self.payment_date)

    @property
    def bill_month(self) -> str:
        """Month of the bill that contains the entry."""
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
    """Number of entries that this version of the app cannot read; set by the app, never by the backend."""


class Subscription(Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscription with a publisher, active or ended."""

    subscription_id: str
    name: str
    merchant_name: str
    merchant_identifier: str
    price: Money
    recurring_charge_period: Rhythm
    status: SubscriptionStatus
    start_date: date
    terminable: bool
    """Whether the subscription can be ended here; else only the publisher can end it (`merchant_contact`)."""
    merchant_contact: MerchantContact | None = None
    next_charge_date: date | None = None
    """Date of the next charge; access is paid until the day before."""
    termination_date: date | None = None
    """Last day of access, future or past, of a terminated subscription or one being terminated."""
    last_payment_id: str | None = None
    termination_reference: str | None = None
    """Receipt of a termination requested here."""
    next_price: Money | None = None
    """Price from the next charge on, if it changes."""
    notice_days: Annotated[int, Meta(ge=0, le=366)] | None = None
    """Days of notice: the subscription has to be ended so many days before a charge."""
    trial_end_date: date | None = None
    """Last day of a free trial."""

    def __post_init__(self) -> None:
        check_century(self.start_date, self.next_charge_date, self.termination_date, self.trial_end_date)


class Subscriptions(Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscriptions of a contract, ended ones included."""

    items: tuple[Subscription, ...]
    unreadable: int = field(default=0, name=UNREADABLE)
    """Number of subscriptions that this version of the app cannot read; set by the app, never by the backend.
    """


class SpendingLimits(Struct, frozen=True, kw_only=True, rename="camel"):
    """Spending ceilings, as far as the operator provides them."""

    transaction: Money | None = None
    month: Money | None = None
    own: Money | None = None
    """Ceiling that the subscriber has set at the operator."""


class Service(Struct, frozen=True, kw_only=True, rename="camel"):
    """State of internet+ on a contract."""

    status: ServiceStatus
    since: date
    affected_subscriptions: Annotated[int, Meta(ge=0)]
    """Number of subscriptions that switching off interrupts; once off, the number of interrupted ones."""
    outstanding: Money
    """Amount that stays due: all entries not billed yet."""
    pending_status: ServiceStatus | None = None
    """State that a pending change leads to."""
    limits: SpendingLimits | None = None

    def __post_init__(self) -> None:
        check_century(self.since)


class Answer(Struct, Generic[T], frozen=True):
    """Value, and the time at which the backend last confirmed it, by the backend's own clock (`Date`)."""

    value: T
    at: datetime
    etag: str = ""
    """Tag of this state, for a write that must not change another state (`If-Match`)."""
    unreadable: int = 0
    """Number of unreadable records that `value` leaves out of a list."""
