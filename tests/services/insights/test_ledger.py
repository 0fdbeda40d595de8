"""Tests of the ledger with compressed entries."""

from __future__ import annotations

import msgspec

from services.insights.ledger import Ledger, PackedLedger, PackedPeriod
from tests.services.insights.factories import demo_contract, ledger


def packed(known: Ledger) -> PackedLedger:
    return PackedLedger(tuple(map(PackedPeriod.of, known.known)), known.zone, known.today)


def test_packed_ledger_unpacks_to_the_same_json() -> None:
    known = ledger(demo_contract("gros-volume")[0])
    again = packed(known).unpacked()
    assert again.known == known.known
    written = [msgspec.json.encode(entry) for entry in again.entries]
    assert written == [msgspec.json.encode(entry) for entry in known.entries], "offsets of times included"
    assert (again.zone, again.today) == (known.zone, known.today)


def test_packed_entry_takes_at_most_100_bytes() -> None:
    known = ledger(demo_contract("gros-volume")[0])
    size = sum(len(one.packed) for one in packed(known).known)
    assert size < 100 * len(known.entries)
