"""Malformed records in lists: the valid ones are read, the malformed ones counted."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.client.backend import Backend
from services.client.cache import ResponseCache, encode
from services.client.whole_periods import read_export, read_period
from services.domain.errors import Changed, UnexpectedAnswer
from services.domain.models import Answer
from tests.services.random_answers import CONTRACT
from tests.services.random_server import RIGHT
from tests.services.scripted import Scripted, always

ODD: dict[str, dict[str, Any]] = {
    "description null": {"description": None},
    "amount a number": {"amount": {"amount": 4.9, "currency": "EUR"}},
    "tax of four decimals": {"taxAmount": {"amount": "0.0833", "currency": "EUR"}},
    "date without a zone": {"paymentDate": "2024-03-05T10:00:00"},
    "date of 1970": {"paymentDate": "1970-01-01T00:00:00Z"},
    "flag null": {"isBilled": None},
    "flag a text": {"isBilled": "no"},
    "dispute of another shape": {"dispute": {"disputeId": 1}},
    "refunds an object": {"refunds": {}},
}
FINE: dict[str, dict[str, Any]] = {
    "refunds null": {"refunds": None},
    "contact null": {"merchantContact": None},
    "unknown member": {"loyaltyPoints": []},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*RIGHT["p1"]]), inner, max_size=3).map(
            lambda odd: {**RIGHT["p1"], **odd}
        )
    ),
    max_leaves=6,
)
Read = Callable[[Backend], Awaitable[Answer[Any]]]


def purchases(*records: object) -> dict[str, Any]:
    page: dict[str, Any] = copy.deepcopy(RIGHT["purchases"])
    page["items"] = [{**RIGHT["p1"], "paymentId": "good"}, *records]
    page["pagination"]["totalCount"] = len(page["items"])
    return page


async def read_page(body: object) -> Answer[Any]:
    backend = await Scripted(always(200, body)).backend()
    answer = await backend.purchases("c1", "2024-04")
    await backend.close()
    return answer


@pytest.mark.parametrize("odd", [*ODD.values(), None, 7, "x", []], ids=[*ODD, "null", "7", "text", "list"])
async def test_malformed_purchase_is_counted_and_the_others_are_read(odd: Any) -> None:
    record = {**RIGHT["p1"], **odd} if isinstance(odd, dict) else odd
    page = await read_page(purchases(record, {**RIGHT["p1"], "paymentId": "last"}))
    assert [one.payment_id for one in page.value.items] == ["good", "last"]
    assert page.unreadable == 1
    assert page.value.pagination.total_count == 3
    assert str(page.value.period.total.amount) == "4.99"


@pytest.mark.parametrize("fine", FINE.values(), ids=FINE)
async def test_purchase_with_a_null_or_unknown_member_is_read(fine: dict[str, Any]) -> None:
    page = await read_page(purchases({**RIGHT["p1"], **fine}))
    assert (len(page.value.items), page.unreadable) == (2, 0)
    assert page.value.items[1].refunds == ()


@given(JSON)
async def test_random_record_is_read_or_counted(record: object) -> None:
    page = await read_page(purchases(record))
    assert len(page.value.items) + page.unreadable == 2


LISTS: dict[str, tuple[str, Read]] = {
    "me": ("contracts", lambda b: b.account()),
    "billing-periods": ("items", lambda b: b.billing_periods("c1")),
    "purchases": ("items", lambda b: b.purchases("c1", "2024-04")),
    "subscriptions": ("items", lambda b: b.subscriptions("c1")),
    "p1": ("refunds", lambda b: b.purchase("c1", "p1")),
}


@pytest.mark.parametrize("name", LISTS)
async def test_list_with_malformed_records_is_read_and_logged_once(name: str) -> None:
    member, read = LISTS[name]
    body = copy.deepcopy(RIGHT[name])
    body[member] = [*body[member], {"odd": True}, None]
    backend = await Scripted(always(200, body)).backend()
    answer = await read(backend)
    assert answer.unreadable == 2
    (trouble,) = backend.failure_log.last
    assert trouble.kind == "UnexpectedAnswer"


ITEMS = ("me", "billing-periods", "purchases", "subscriptions")
TOO_LITTLE: list[tuple[str, object]] = [
    ("me", [{"odd": True}]),
    ("billing-periods", [{"odd": True}]),
    ("subscriptions", [{"odd": True}, None]),
    ("billing-periods", [{**RIGHT["billing-periods"]["items"][0], "state": "billed"}, None]),
    *((name, None) for name in ITEMS),
    *((name, {}) for name in ITEMS),
]


@pytest.mark.parametrize(("name", "records"), TOO_LITTLE)
async def test_list_without_a_readable_record_raises_unexpected_answer(name: str, records: object) -> None:
    member, read = LISTS[name]
    backend = await Scripted(always(200, {**RIGHT[name], member: records})).backend()
    with pytest.raises(UnexpectedAnswer):
        await read(backend)


async def test_unreadable_count_survives_a_restored_cache() -> None:
    script = Scripted(always(200, purchases({"odd": True})))
    backend = await script.backend()
    await backend.purchases("c1", "2024-04")
    kept = backend.purchases("c1", "2024-04").known
    assert kept is not None
    assert kept.unreadable == 1
    reads = ResponseCache()
    reads.restore(encode(backend._cache.snapshot()))
    (known,) = reads.snapshot()
    again = reads.recall(known.url, type(kept.value))
    assert again is not None
    assert (len(again.value.items), again.unreadable) == (1, 1)


UNKNOWN = {**RIGHT["p1"], "paymentId": "odd", "paymentStatus": "on_hold"}


def unsummed(*records: object) -> dict[str, Any]:
    """Return a page whose entries known to count sum to less than the total of its period."""
    page = purchases(*records)
    page["period"] = {**page["period"], "total": {"amount": "9.98", "currency": "EUR"}}
    return page


@pytest.mark.parametrize("records", [(UNKNOWN,), ({"odd": True},)], ids=["unknown status", "unreadable"])
async def test_period_with_an_entry_missing_from_its_total_counts_it_as_unreadable(
    records: tuple[object, ...],
) -> None:
    backend = await Scripted(always(200, unsummed(*records))).backend()
    period = await read_period(backend, "c1", "2024-04", lambda _: None, most_pages=1)
    assert (period.entries[-1].payment_id, period.unreadable) == ("good", 1)
    with pytest.raises(UnexpectedAnswer):
        await read_export(backend, CONTRACT, ["2024-04"], lambda _: None)


async def test_unknown_status_in_a_period_that_sums_to_its_total_is_no_gap() -> None:
    backend = await Scripted(always(200, purchases(UNKNOWN))).backend()
    period = await read_period(backend, "c1", "2024-04", lambda _: None)
    assert (len(period.entries), period.unreadable) == (2, 0)


async def test_period_of_readable_entries_with_another_sum_raises_changed() -> None:
    backend = await Scripted(always(200, unsummed())).backend()
    with pytest.raises(Changed):
        await read_period(backend, "c1", "2024-04", lambda _: None, most_pages=1)
