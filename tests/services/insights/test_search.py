"""Search in a ledger by words, as in the backend, and by exact amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.models import Filter, PaymentStatus
from services.insights.ledger import sum_of
from services.insights.search import Query, folded, search
from services.sandbox.store import fold
from tests.services.insights.factories import NOW, days_ago, demo_contract, entry

ENTRIES = [
    entry("a", days_ago(3), "4.99", publisher="Éphéméride d’Août", description="Où l’été naît"),
    entry("b", days_ago(2), "-4.99", publisher="Ciné", refund_of="a"),
    entry("c", days_ago(1), "12.00", publisher="Club", subscription_id="s"),
    entry("d", days_ago(0), "4.90", publisher="Club", status=PaymentStatus.DENIED),
]


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("ephemeride d'aout", ["a"]),
        ("ÉTÉ", ["a"]),
        ("club", ["d", "c"]),
        ("IP-c", ["c"]),
        ("4,99", ["b", "a"]),
        ("4.99", ["b", "a"]),
        ("4,99\u00a0€", ["b", "a"]),
        ("€4.99", ["b", "a"]),
        ("4,9", ["d"]),
        (">10", ["c"]),
        ("> 4,99 €", ["c"]),
        ("12 €", ["c"]),
        ("rien du tout", []),
    ],
)
def test_search_finds_words_and_amounts(typed: str, ids: list[str]) -> None:
    query = Query.of(typed)
    assert query is not None
    assert [one.payment_id for one in search(ENTRIES, query)] == ids


@pytest.mark.parametrize("typed", ["", " ", "a", " é "])
def test_search_needs_two_characters(typed: str) -> None:
    assert Query.of(typed) is None


@pytest.mark.parametrize(
    ("kind", "ids"), [(Filter.ONE_OFF, ["d"]), (Filter.SUBSCRIPTION, ["c"]), (Filter.REFUND, [])]
)
def test_search_is_narrowed_to_a_kind(kind: Filter, ids: list[str]) -> None:
    query = Query.of("club")
    assert query is not None
    assert [one.payment_id for one in search(ENTRIES, query, kind)] == ids


def test_total_counts_what_was_accepted() -> None:
    assert sum_of(ENTRIES) == Decimal("12.00")
    assert sum_of([*ENTRIES, entry("unknown", NOW, status=PaymentStatus.OTHER)]) is None


@given(st.text())
def test_local_and_backend_search_read_any_text_alike(text: str) -> None:
    assert folded(text) == fold(text)


@given(st.text())
def test_any_text_can_be_searched(text: str) -> None:
    query = Query.of(text)
    assert query is None or isinstance(search(ENTRIES, query), tuple)


def test_every_demo_purchase_is_found_by_its_texts_and_amount() -> None:
    entries, _ = demo_contract("camille")
    for one in entries:
        for typed in (one.merchant_name, one.description.upper(), str(abs(one.amount.amount))):
            query = Query.of(typed)
            assert query is not None
            assert one in search(entries, query)
