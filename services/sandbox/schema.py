"""Tables in SQLAlchemy Core: those of the subscribers, and those of sign-in.

Changes by subscribers (terminations, disputes, feedback, idempotency keys) are in the subscribers' tables.
They are created again together: each day's demo starts without changes.

Amounts are integer cents, times integer microseconds since 1970 in UTC: exact, ordered and equal in SQLite
and PostgreSQL. No foreign key leads from the sign-in tables to the subscribers' tables, so that creating the
subscribers again keeps their sessions.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """Time with a zone, stored as microseconds since 1970; read back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


tables = MetaData()

filling = Table(
    "filling",
    tables,
    Column("shape", String(64), nullable=False, comment="digest of these tables' definitions"),
    Column("content", Text, nullable=False, comment="which subscribers the database holds"),
    Column("made_at", Moment, nullable=False),
)

# --- the subscribers ---

subscriber = Table(
    "subscriber",
    tables,
    Column("subscriber_id", String(64), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("locked", Boolean, nullable=False),
)

identifier = Table(
    "identifier",
    tables,
    Column("identifier", Text, primary_key=True, comment="in its canonical spelling"),
    Column("subscriber_id", ForeignKey(subscriber.c.subscriber_id), nullable=False, index=True),
)

contract = Table(
    "contract",
    tables,
    Column("contract_id", String(64), primary_key=True),
    Column("subscriber_id", ForeignKey(subscriber.c.subscriber_id), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("masked_number", Text, nullable=False),
    Column("billing_rights", Boolean, nullable=False),
    Column("cut_off_day", Integer, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("service_status", Text, nullable=False),
    Column("service_since", Date, nullable=False),
    Column("service_pending", Text, comment="the status asked for, until it is taken over"),
    Column("service_pending_at", Moment, comment="when it is so"),
    Column("limited", Boolean, nullable=False, comment="the operator tells limits"),
    Column("limit_transaction", Integer, comment="cents"),
    Column("limit_month", Integer, comment="cents"),
    Column("limit_own", Integer, comment="cents"),
)


def _merchant() -> tuple[Column[str], ...]:
    return (
        Column("merchant_name", Text, nullable=False),
        Column("merchant_identifier", Text, nullable=False),
        Column("merchant_url", Text),
        Column("merchant_email", Text),
        Column("merchant_phone", Text),
    )


subscription = Table(
    "subscription",
    tables,
    Column("subscription_id", String(64), primary_key=True),
    Column("contract_id", ForeignKey(contract.c.contract_id), nullable=False, index=True),
    Column("name", Text, nullable=False),
    *_merchant(),
    Column("price", Integer, nullable=False, comment="cents"),
    Column("recurring_charge_period", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("next_charge_date", Date),
    Column("termination_date", Date),
    Column("terminable", Boolean, nullable=False),
    Column("last_payment_id", String(64)),
    Column("terminates_at", Moment, comment="when a pendingTerminate is terminated"),
    Column("termination_reference", Text),
    Column("termination_reason", Text),
    Column("next_price", Integer, comment="cents"),
    Column("notice_days", Integer),
    Column("trial_end_date", Date),
)

purchase = Table(
    "purchase",
    tables,
    Column("payment_id", String(64), primary_key=True),
    Column("contract_id", ForeignKey(contract.c.contract_id), nullable=False),
    Column("entry_type", Text, nullable=False),
    Column("refund_of", String(64)),
    Column("payment_status", Text, nullable=False),
    Column("payment_date", Moment, nullable=False),
    Column("amount", Integer, nullable=False, comment="cents"),
    Column("tax_amount", Integer, comment="cents"),
    Column("refunded_amount", Integer, comment="cents, when it was given and not to be computed"),
    Column("description", Text, nullable=False),
    *_merchant(),
    Column("category", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subscription_id", String(64)),
    Column("reference_code", Text, nullable=False),
    Column("billed_period_id", String(7), comment="the bill that bears it, if not its period's"),
    Column(
        "folded", Text, nullable=False, comment="merchant and description as searched: no case, no accents"
    ),
    # In the order of lists, with the columns of a period's sums, so that a sum reads only the index.
    Index(
        "purchase_by_time",
        *("contract_id", "payment_date", "payment_id"),
        *("entry_type", "payment_status", "kind", "amount"),
    ),
    Index("purchase_by_refunded", "contract_id", "refund_of"),
)

bill = Table(
    "bill",
    tables,
    Column("contract_id", ForeignKey(contract.c.contract_id), primary_key=True),
    Column("bill_month", String(7), primary_key=True),
    Column("number", Text, nullable=False),
    Column("issue_date", Date, nullable=False),
    Column("amount", Integer, nullable=False, comment="cents"),
)

dispute = Table(
    "dispute",
    tables,
    Column("payment_id", ForeignKey(purchase.c.payment_id), primary_key=True),
    Column("dispute_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("comment", Text),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment),
)

review = Table(
    "review",
    tables,
    Column("contract_id", ForeignKey(contract.c.contract_id), primary_key=True),
    Column("document", Text, nullable=False, comment="JSON, as the contract writes it"),
)

feedback = Table(
    "feedback",
    tables,
    Column("feedback_id", String(64), primary_key=True),
    Column("subscriber_id", ForeignKey(subscriber.c.subscriber_id), nullable=False),
    Column("article_id", Text, nullable=False),
    Column("useful", Boolean, nullable=False),
    Column("liked", Text),
    Column("missing", Text),
    Column("created_at", Moment, nullable=False),
    Index("feedback_by_subscriber", "subscriber_id", "created_at"),
)

creation = Table(
    "creation",
    tables,
    Column("subscriber_id", ForeignKey(subscriber.c.subscriber_id), primary_key=True),
    Column("key", String(64), primary_key=True, comment="the Idempotency-Key"),
    Column("asked", String(64), nullable=False, comment="digest of the path and the body"),
    Column("answer", Text, nullable=False),
)

# --- reminders, of no subscriber ---

reminder = Table(
    "reminder",
    tables,
    Column("reminder_id", String(64), primary_key=True),
    Column("asked", String(64), nullable=False, comment="digest of who asks and for what"),
    Column("address", String(64), nullable=False, comment="digest of the network address that asks"),
    Column("asked_at", Moment, nullable=False),
    Index("reminder_by_asked", "asked", "asked_at"),
    Index("reminder_by_address", "address", "asked_at"),
)

# --- sign-in ---

_ACCOUNT = "whose password is asked: a subscriber_id, or the digest of an identifier nobody has"
_TRIED = f"{_ACCOUNT}; or the digest of the network address that asks"

sign_in = Table(
    "sign_in",
    tables,
    Column("session", String(64), primary_key=True, comment="digest of auth_session"),
    Column("account", String(64), nullable=False, comment=_ACCOUNT),
    Column("address", String(64), nullable=False, comment="digest of the network address that began it"),
    Column("code_challenge", String(64), nullable=False),
    Column("scope", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("sign_in_by_end", "expires_at"),
    Index("sign_in_by_address", "address", "expires_at"),
)

failure = Table(
    "failure",
    tables,
    Column("account", String(64), primary_key=True, comment=_TRIED),
    Column("tries", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

family = Table(
    "family",
    tables,
    Column("family_id", String(64), primary_key=True),
    Column("subscriber_id", String(64), nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("authenticated_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_for", Text, comment="signed_out, refresh_token_reuse or code_reuse"),
)


def _family_id() -> Column[str]:
    return Column("family_id", ForeignKey(family.c.family_id, ondelete="CASCADE"), nullable=False, index=True)


code = Table(
    "code",
    tables,
    Column("code", String(64), primary_key=True, comment="digest"),
    _family_id(),
    Column("code_challenge", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

access_token = Table(
    "access_token",
    tables,
    Column("token", String(64), primary_key=True, comment="digest"),
    _family_id(),
    Column("expires_at", Moment, nullable=False),
)

refresh_token = Table(
    "refresh_token",
    tables,
    Column("token", String(64), primary_key=True, comment="digest"),
    _family_id(),
    Column("parent", String(64), comment="digest of the token it replaced"),
    Column("expires_at", Moment, nullable=False, comment="when it was not used by then"),
    Column("used_at", Moment),
    Column("replaced_by", String(64), comment="digest of the token that replaced it"),
)

SUBSCRIBER_TABLES = (
    creation,
    feedback,
    review,
    dispute,
    bill,
    purchase,
    subscription,
    contract,
    identifier,
    subscriber,
)
"""Tables that are filled again together, in the order in which they can be emptied."""
