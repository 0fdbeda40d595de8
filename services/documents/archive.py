"""Archive of a contract's history: a JSON file that this app exports and imports."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct, structs

from services.domain.models import UNREADABLE, BillingPeriod, Instant, Money, Purchase, check_century
from services.insights.ledger import NOTHING, counted
from services.insights.review import Review

FORMAT: Final = "conso-et-moi/archive"
VERSION: Final = 1
LARGEST: Final = 8_000_000
"""Bytes of a file, exported or imported."""
MOST_ENTRIES: Final = 30_000
"""Entries of a file, exported or imported."""
LONGEST_TEXT: Final = 1_000
"""Characters of each text in a file to import."""
LARGEST_AMOUNT: Final = Decimal("99999999.99")
"""Largest amount in a file to import, so that sums of the most entries stay valid amounts."""


class ArchivedPeriod(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whole period, its entries oldest first."""

    period: BillingPeriod
    entries: tuple[Purchase, ...]


class ArchivedContract(Struct, frozen=True, kw_only=True, rename="camel"):
    contract_id: str
    periods: tuple[ArchivedPeriod, ...]


class Archive(Struct, frozen=True, kw_only=True, rename="camel"):
    """Content of a file: the history and the review document of one contract."""

    exported_at: Instant
    contracts: tuple[ArchivedContract, ...]
    review: Review | None = None
    format: Literal["conso-et-moi/archive"] = FORMAT
    version: Literal[1] = VERSION

    def __post_init__(self) -> None:
        check_century(self.exported_at)


class _Header(Struct):
    """First check of a file: its format and its version."""

    format: str = ""
    version: int = 0


class RefusalReason(StrEnum):
    """Reason why a file is refused."""

    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    NOT_ARCHIVE = "not_archive"
    """The file is no JSON, or was not exported by this app."""
    NEWER = "newer"
    """A later version of the app has exported the file."""
    OTHER_CONTRACT = "other_contract"
    INVALID = "invalid"
    """A value at `path` is impossible, or contradicts another value."""


class ArchiveRefused(Exception):
    """Refusal of a whole file.

    Args:
        path: place of the first fault, such as `$.contracts[0].periods[2].entries[5].amount`.
    """

    def __init__(self, reason: RefusalReason, path: str = "") -> None:
        super().__init__(reason.value, path)
        self.reason = reason
        self.path = path


def archive_file(archive: Archive) -> bytes:
    """Return the file; absent members of periods and entries are left out.

    Raises:
        ArchiveRefused: the file would be too large to import, also on a device.
    """
    _check_count(archive, MOST_ENTRIES)
    content = msgspec.to_builtins(archive)
    review = {} if archive.review is None else {"review": content["review"]}
    members = {name: content[name] for name in ("format", "version", "exportedAt")}
    file = msgspec.json.encode(members | {"contracts": _without_absent(content["contracts"])} | review)
    if len(file) > LARGEST:
        raise ArchiveRefused(RefusalReason.TOO_LARGE)
    return file


def read_archive(
    content: bytes, contract_id: str, *, largest: int = LARGEST, most_entries: int = MOST_ENTRIES
) -> Archive:
    """Return the content of a file with the history of this contract.

    Raises:
        ArchiveRefused: the file is refused as a whole.
    """
    if len(content) > largest:
        raise ArchiveRefused(RefusalReason.TOO_LARGE)
    try:
        header = msgspec.json.decode(content, type=_Header)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise ArchiveRefused(RefusalReason.NOT_ARCHIVE) from None
    if header.format != FORMAT:
        raise ArchiveRefused(RefusalReason.NOT_ARCHIVE)
    if header.version > VERSION:
        raise ArchiveRefused(RefusalReason.NEWER)
    try:
        archive = msgspec.json.decode(content, type=Archive)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        _, _, path = str(error).rpartition(" - at `")
        raise ArchiveRefused(RefusalReason.INVALID, path.removesuffix("`") or "$") from None
    if any(one.contract_id != contract_id for one in archive.contracts):
        raise ArchiveRefused(RefusalReason.OTHER_CONTRACT)
    _check_count(archive, most_entries)
    for path in _contradictions(archive):
        raise ArchiveRefused(RefusalReason.INVALID, path)
    return archive


def _check_count(archive: Archive, most_entries: int) -> None:
    if sum(len(one.entries) for each in archive.contracts for one in each.periods) > most_entries:
        raise ArchiveRefused(RefusalReason.TOO_MANY)


def _contradictions(archive: Archive) -> Iterator[str]:
    """Yield the paths of values that contradict others: repeated ids, and sums that do not match."""
    if len(archive.contracts) != 1:
        yield "$.contracts"
        return
    periods: set[str] = set()
    names: set[str] = set()
    for index, one in enumerate(archive.contracts[0].periods):
        here, period = f"$.contracts[0].periods[{index}]", one.period
        if period.period_id in periods:
            yield f"{here}.period.periodId"
        if period.start_date > period.end_date:
            yield f"{here}.period.startDate"
        periods.add(period.period_id)
        for rank, entry in enumerate(one.entries):
            at = f"{here}.entries[{rank}]"
            if entry.payment_id in names:
                yield f"{at}.paymentId"
            names.add(entry.payment_id)
            if entry.period_id != period.period_id:
                yield f"{at}.periodId"
            if not _plausible(entry.amount, entry.tax_amount, entry.refunded_amount):
                yield f"{at}.amount"
            if entry.refunds:
                yield f"{at}.refunds"
            for name in _long_texts(entry):
                yield f"{at}.{name}"
        if not _plausible(period.total, period.pending_total):
            yield f"{here}.period.total"
        if sum(map(counted, one.entries), NOTHING) != period.total.amount:
            yield f"{here}.period.total"


def _long_texts(record: Struct) -> Iterator[str]:
    """Yield the members of a record, and of its own records, whose text is too long to be shown."""
    for member, written in _members(type(record)):
        value = getattr(record, member)
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            yield written
        elif isinstance(value, Struct):
            yield from (f"{written}.{name}" for name in _long_texts(value))


@cache
def _members(kind: type[Struct]) -> tuple[tuple[str, str], ...]:
    """Return the members of a record: name in Python, and name in the file."""
    return tuple((member.name, member.encode_name) for member in structs.fields(kind))


def _plausible(*amounts: Money | None) -> bool:
    return all(one is None or abs(one.amount) <= LARGEST_AMOUNT for one in amounts)


def _without_absent(value: Any) -> Any:
    """Return JSON values without absent members and without the counts of unreadable records."""
    if isinstance(value, dict):
        return {
            name: _without_absent(each)
            for name, each in value.items()
            if each is not None and name not in (UNREADABLE, "refunds")
        }
    if isinstance(value, list | tuple):
        return [_without_absent(each) for each in value]
    return value
