"""State of one purchase: data of the list first, then the answer of the backend."""

from __future__ import annotations

import asyncio

from tests.views.conftest import NOW, Line, first_contract
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PurchasesState


async def both(line: Line) -> tuple[PurchasesState, PurchaseState]:
    backend, contract = await first_contract(line)
    listed = PurchasesState(backend, contract)
    await listed.open("2026-05")
    return listed, PurchaseState(backend, contract)


def ids(listed: PurchasesState) -> list[str]:
    assert listed.shown.data is not None
    return [purchase.payment_id for purchase in listed.shown.data.pages[1]]


async def test_purchase_of_the_list_is_shown_before_the_answer(line: Line) -> None:
    listed, state = await both(line)
    first = ids(listed)[0]
    with line.holding(first) as held:
        opening = asyncio.create_task(state.open(first, listed.find(first)))
        await held.answered()
        assert state.purchase.data is not None
        assert state.purchase.data.payment_id == first
        assert state.purchase.at == NOW
        assert state.purchase.loading
    await opening
    assert not state.purchase.loading


async def test_purchase_answer_for_a_previous_purchase_is_dropped(line: Line) -> None:
    listed, state = await both(line)
    first, second = ids(listed)[:2]
    with line.holding(first) as held:
        slow = asyncio.create_task(state.open(first, None))
        await held.answered()
        await state.open(second, None)
    await slow
    assert state.payment_id == second
    assert state.purchase.data is not None
    assert state.purchase.data.payment_id == second


async def test_purchase_without_a_selection_sends_no_request(line: Line) -> None:
    _, state = await both(line)
    line.asked.clear()
    await state.load()
    assert line.asked == []
