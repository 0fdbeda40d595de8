"""Lists of the backend with unreadable records: the readable records are used, the others are counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from services.domain.models import (
    UNREADABLE,
    Account,
    BillingPeriod,
    BillingPeriods,
    Contract,
    PeriodState,
    Purchase,
    PurchasePage,
    Subscription,
    Subscriptions,
)

T = TypeVar("T")


class _Listing(NamedTuple):
    """Member of an answer that holds records of a kind."""

    member: str
    kind: type
    enough: Callable[[Any], bool] = lambda _: True
    """Whether the readable records suffice to show the answer."""


_LISTINGS: dict[type, _Listing] = {
    Account: _Listing("contracts", Contract, lambda account: bool(account.contracts)),
    BillingPeriods: _Listing(
        "items", BillingPeriod, lambda known: any(one.state is PeriodState.OPEN for one in known.items)
    ),
    PurchasePage: _Listing("items", Purchase),
    Purchase: _Listing("refunds", Purchase),
    Subscriptions: _Listing("items", Subscription, lambda known: bool(known.items)),
}


def decode(body: bytes, kind: type[T]) -> T:
    """Read JSON strictly as `kind`, except for the unreadable records of its list.

    These records are left out, and counted in the member `UNREADABLE`. A null means an absent member.

    Raises:
        msgspec.MsgspecError, ValueError, RecursionError: not JSON, or of another shape.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        listing = _LISTINGS.get(kind)
        if listing is None:
            raise
        value = msgspec.json.decode(_salvage(body, listing), type=kind)
        if not listing.enough(value):
            raise
        return value


def _salvage(body: bytes | Raw, listing: _Listing) -> bytes:
    """Return the JSON object `body` without nulls, and without the unreadable records of its list."""
    members = msgspec.json.decode(body, type=dict[str, Raw])
    members = {name: value for name, value in members.items() if bytes(value) != b"null"}
    if listing.member in members:
        records = msgspec.json.decode(members[listing.member], type=list[Raw])
        readable = [one for one in (_readable(record, listing.kind) for record in records) if one is not None]
        members[listing.member] = Raw(b"[" + b",".join(readable) + b"]")
        members[UNREADABLE] = Raw(b"%d" % (len(records) - len(readable)))
    return msgspec.json.encode(members)


def _readable(record: Raw, kind: type) -> bytes | None:
    """Return the JSON of a record readable as `kind`, if necessary without its own unreadable records."""
    try:
        msgspec.json.decode(record, type=kind)
    except msgspec.ValidationError:
        if kind not in _LISTINGS:
            return None
    else:
        return bytes(record)
    try:
        salvaged = _salvage(record, _LISTINGS[kind])
        msgspec.json.decode(salvaged, type=kind)
    except msgspec.ValidationError:
        return None
    return salvaged
