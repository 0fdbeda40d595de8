"""Archive of a history: export and import, and files that are refused as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents import archive as archive_module
from services.documents.archive import (
    Archive,
    ArchivedContract,
    ArchivedPeriod,
    ArchiveRefused,
    RefusalReason,
    archive_file,
    read_archive,
)
from services.insights.ledger import Ledger
from tests.services.insights.factories import NOW, demo_contract, ledger
from tests.services.insights.test_review import REVIEWS

BOX = "camille-box"


@cache
def demo_ledger(now: datetime) -> Ledger:
    return ledger(demo_contract("camille", now)[0], now)


def archive(now: datetime = NOW, review: Any = None, most: int = 6) -> Archive:
    known = demo_ledger(now).periods[:most]
    periods = tuple(ArchivedPeriod(period=one.period, entries=one.entries) for one in known)
    contract = ArchivedContract(contract_id=BOX, periods=periods)
    return Archive(exported_at=now, contracts=(contract,), review=review)


@given(st.sampled_from([0, 100, 200]), st.none() | REVIEWS, st.integers(0, 6))
def test_export_then_import_is_the_identity(days: int, review: Any, most: int) -> None:
    exported = archive(NOW + timedelta(days=days), review, most)
    assert read_archive(archive_file(exported), BOX) == exported


@pytest.mark.parametrize(
    ("limit", "reason"), [("LARGEST", RefusalReason.TOO_LARGE), ("MOST_ENTRIES", RefusalReason.TOO_MANY)]
)
def test_export_above_the_limits_of_an_import_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, reason: RefusalReason
) -> None:
    monkeypatch.setattr(archive_module, limit, 10)
    with pytest.raises(ArchiveRefused) as refused:
        archive_file(archive())
    assert refused.value.reason is reason


def test_file_has_the_documented_members_and_no_absent_ones() -> None:
    content = json.loads(archive_file(archive()))
    assert list(content) == ["format", "version", "exportedAt", "contracts"]
    assert content["format"] == "conso-et-moi/archive"
    assert content["version"] == 1
    (contract,) = content["contracts"]
    assert contract["contractId"] == BOX
    assert set(contract["periods"][0]) == {"period", "entries"}
    assert b"null" not in archive_file(archive())
    assert b"unreadable" not in archive_file(archive())


def _first_entry(content: Any) -> Any:
    return content["contracts"][0]["periods"][0]["entries"][0]


def _double_contract(content: Any) -> None:
    content["contracts"] *= 2


def _double_period(content: Any) -> None:
    content["contracts"][0]["periods"].append(content["contracts"][0]["periods"][0])


def _double_entry(content: Any) -> None:
    content["contracts"][0]["periods"][0]["entries"].insert(1, _first_entry(content))


def _wrong_sum(content: Any) -> None:
    content["contracts"][0]["periods"][1]["period"]["total"]["amount"] = "0.01"


def _huge(content: Any) -> None:
    _first_entry(content)["amount"]["amount"] = "9999999999999.99"


def _nested(content: Any) -> None:
    _first_entry(content)["refunds"] = [_first_entry(content) | {}]


def _set(**members: Any) -> Callable[[Any], None]:
    return lambda content: _first_entry(content).update(members)


PERIOD = "$.contracts[0].periods[0]"
FAULTS: dict[str, tuple[Callable[[Any], None], RefusalReason, str]] = {
    "format": (lambda content: content.update(format="other"), RefusalReason.NOT_ARCHIVE, ""),
    "no format": (lambda content: content.pop("format"), RefusalReason.NOT_ARCHIVE, ""),
    "later version": (lambda content: content.update(version=2), RefusalReason.NEWER, ""),
    "version 0": (lambda content: content.update(version=0), RefusalReason.INVALID, "$.version"),
    "moment": (lambda content: content.update(exportedAt="x"), RefusalReason.INVALID, "$.exportedAt"),
    "two contracts": (_double_contract, RefusalReason.INVALID, "$.contracts"),
    "no contract": (lambda content: content.update(contracts=[]), RefusalReason.INVALID, "$.contracts"),
    "other contract": (
        lambda content: content["contracts"][0].update(contractId="marc-box"),
        RefusalReason.OTHER_CONTRACT,
        "",
    ),
    "period twice": (_double_period, RefusalReason.INVALID, "$.contracts[0].periods[6].period.periodId"),
    "entry twice": (_double_entry, RefusalReason.INVALID, f"{PERIOD}.entries[1].paymentId"),
    "sum": (_wrong_sum, RefusalReason.INVALID, "$.contracts[0].periods[1].period.total"),
    "type": (_set(description=5), RefusalReason.INVALID, f"{PERIOD}.entries[0].description"),
    "amount": (_set(amount={"amount": "4.999"}), RefusalReason.INVALID, f"{PERIOD}.entries[0].amount"),
    "other period": (_set(periodId="2020-01"), RefusalReason.INVALID, f"{PERIOD}.entries[0].periodId"),
    "huge amount": (_huge, RefusalReason.INVALID, f"{PERIOD}.entries[0].amount"),
    "nested": (_nested, RefusalReason.INVALID, f"{PERIOD}.entries[0].refunds"),
    "long text": (_set(merchantName="x" * 1001), RefusalReason.INVALID, f"{PERIOD}.entries[0].merchantName"),
    "long contact": (
        _set(merchantContact={"url": "x" * 1001}),
        RefusalReason.INVALID,
        f"{PERIOD}.entries[0].merchantContact.url",
    ),
    "century": (_set(paymentDate="1999-01-01T00:00:00Z"), RefusalReason.INVALID, f"{PERIOD}.entries[0]"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_changed_file_is_refused_with_the_path_of_its_first_fault(fault: str) -> None:
    change, kind, path = FAULTS[fault]
    content = json.loads(archive_file(archive()))
    change(content)
    with pytest.raises(ArchiveRefused) as refused:
        read_archive(json.dumps(content).encode(), BOX)
    assert (refused.value.reason, refused.value.path) == (kind, path)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"5", b"[" * 200_000, b'{"format":' * 50_000])
def test_other_content_is_refused(content: bytes) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        read_archive(content, BOX)
    assert refused.value.reason is RefusalReason.NOT_ARCHIVE


def test_bounds_of_an_import_are_checked_at_the_bound() -> None:
    content = archive_file(archive())
    count = sum(len(one.entries) for one in archive().contracts[0].periods)
    assert read_archive(content, BOX, largest=len(content), most_entries=count)
    with pytest.raises(ArchiveRefused, match="too_large"):
        read_archive(content, BOX, largest=len(content) - 1)
    with pytest.raises(ArchiveRefused, match="too_many"):
        read_archive(content, BOX, most_entries=count - 1)
