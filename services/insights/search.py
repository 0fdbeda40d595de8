"""Search in the entries of a ledger: words without case or accents, or an amount."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.domain.models import EntryType, Filter, Purchase, PurchaseKind

SHORTEST = 2
"""Smallest number of characters of a search for words."""
_AMOUNT = re.compile(r"(>?)\s*€?\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*(€?)")
_ACCENTS = re.compile(r"[\u0300-\u036f]")


@dataclass(frozen=True)
class Query:
    """Query: words, and an amount if the words can be read as an amount."""

    words: str
    amount: Decimal | None = None
    above: bool = False
    """True to find amounts above `amount`, instead of equal ones."""

    @classmethod
    def of(cls, typed: str) -> Query | None:
        """Return the typed text as a query; None if it is too short."""
        text = " ".join(typed.split())
        match = _AMOUNT.fullmatch(text)
        if match and (match[1] or match[3] or match[4]):
            amount = Decimal(f"{match[2]}.{(match[3] or '').ljust(2, '0')}")
            return cls(folded(text), amount, above=bool(match[1]))
        return cls(folded(text)) if len(text) >= SHORTEST else None

    def matches(self, entry: Purchase) -> bool:
        """Return whether an entry matches the query."""
        if self.amount is not None:
            size = abs(entry.amount.amount)
            if size > self.amount if self.above else size == self.amount:
                return True
        texts = (entry.merchant_name, entry.description, entry.reference_code)
        return any(self.words in folded(text) for text in texts)


def search(entries: Iterable[Purchase], query: Query, kind: Filter | None = None) -> tuple[Purchase, ...]:
    """Return the matching entries, newest first."""
    found = (entry for entry in entries if of_kind(entry, kind) and query.matches(entry))
    return tuple(sorted(found, key=lambda one: (one.payment_date, one.payment_id), reverse=True))


def of_kind(entry: Purchase, kind: Filter | None) -> bool:
    """Return whether an entry passes a filter, as the contract defines it."""
    if kind is None:
        return True
    if kind is Filter.REFUND:
        return entry.entry_type is EntryType.REFUND
    wanted = PurchaseKind.ONE_OFF if kind is Filter.ONE_OFF else PurchaseKind.SUBSCRIPTION
    return entry.entry_type is EntryType.PURCHASE and entry.kind is wanted


def folded(text: str) -> str:
    """Return text without case, accents or typographic variants, as in the contract's search."""
    text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return text.replace("œ", "oe").replace("æ", "ae").replace("’", "'")
