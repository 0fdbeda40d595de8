"""CSV export of billing periods, for spreadsheets; its amounts sum to the total of each period."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from services.client.whole_periods import Export
from services.domain.models import BillingPeriod, Purchase
from services.insights.ledger import counted

COLUMNS = (
    "date", "time", "utc_offset", "merchant", "description", "category", "kind", "channel", "status",
    "amount", "counted", "currency", "period_start", "period_end", "bill_month", "reference", "refund_of",
)  # fmt: skip
"""Columns of the file, in order. Spreadsheets recognize `date` and `time`.

`counted` is the entry's share of the period's total: 0.00 for a pending, refused or cancelled entry.
`refund_of` is a reference, or the backend's id of an entry that it no longer shows.
"""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Spelling:
    """Formats and words of the file in one language."""

    delimiter: str
    decimal_point: str
    header: Sequence[str]
    """A title for each of `COLUMNS`."""
    kind: Callable[[Purchase], str]
    category: Callable[[Purchase], str]
    channel: Callable[[Purchase], str]
    status: Callable[[Purchase], str]


def csv_file(export: Export, spelling: Spelling) -> bytes:
    """Return the file: a header, one row per entry, in UTF-8 with a byte order mark for spreadsheets."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=spelling.delimiter, lineterminator="\r\n")
    rows.writerow(spelling.header)
    for one in export.periods:
        for entry in one.entries:
            rows.writerow(_row(export, one.period, entry, spelling))
    return text.getvalue().encode("utf-8-sig")


def _row(export: Export, period: BillingPeriod, entry: Purchase, spelling: Spelling) -> list[str]:
    refunded = entry.refund_of or ""
    moment = entry.payment_date.astimezone(export.zone).replace(microsecond=0)
    return [
        moment.date().isoformat(),
        moment.time().isoformat(),
        f"UTC{moment.isoformat()[19:]}",  # a bare `+01:00` would be read as a time
        inert(entry.merchant_name),
        inert(entry.description),
        inert(spelling.category(entry)),
        inert(spelling.kind(entry)),
        inert(spelling.channel(entry)),
        inert(spelling.status(entry)),
        _number(entry.amount.amount, spelling),
        _number(counted(entry), spelling),
        inert(entry.amount.currency),
        period.start_date.isoformat(),
        period.end_date.isoformat(),
        period.bill_month,
        inert(entry.reference_code),
        inert(export.references.get(refunded, refunded)),
    ]


def inert(text: str) -> str:
    """Return `text` with an apostrophe before anything that a spreadsheet takes for a formula (CWE-1236)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(amount: Decimal, spelling: Spelling) -> str:
    return str(amount).replace(".", spelling.decimal_point)
