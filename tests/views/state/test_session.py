"""Session state: sign-in gate, account, contract, and clean-up at sign-out."""

from __future__ import annotations

import asyncio

from msgspec import structs

from services.client.credentials import MemoryStore
from services.domain.errors import SessionExpired
from services.sandbox import SandboxSettings
from tests.harness.clock import Clock
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, sign_in
from views.core.session import Gate, SessionState

FOYER = "foyer@demo.example"


async def inside(line: Line, identifier: str = CAMILLE, *, store: MemoryStore | None = None) -> SessionState:
    """Return the state of a new remembered session."""
    session = SessionState(line.backend(store))
    await session.start()
    await sign_in(session.backend, identifier, remember=True)
    await session.enter(None)
    return session


def nothing_left(session: SessionState) -> bool:
    return (
        session.gate is Gate.SIGNED_OUT
        and session.account.data is None
        and session.contract is None
        and session.purchases is None
        and session.purchase is None
    )


async def test_expired_session_clears_the_state_and_gives_the_reason(serve: Serve, clock: Clock) -> None:
    line = serve(CAMILLE, settings=SandboxSettings(scrypt_log2_cost=4))
    session = await inside(line)
    assert session.purchases is not None
    await session.purchases.open(None)
    clock.advance(days=40)
    await session.purchases.refresh()
    assert nothing_left(session)
    assert isinstance(session.ended, SessionExpired)
    await sign_in(session.backend, CAMILLE)
    await session.enter(None)
    assert session.gate.name == "SIGNED_IN"
    assert session.ended is None
    assert session.account.data is not None


async def test_session_expired_before_the_start_is_detected_by_the_first_read(
    serve: Serve, clock: Clock
) -> None:
    line, store = serve(CAMILLE, settings=SandboxSettings(scrypt_log2_cost=4)), MemoryStore()
    await inside(line, store=store)
    clock.advance(days=20)  # idle for too long by the backend's rules
    again = SessionState(line.backend(store))
    await again.start()
    assert nothing_left(again)
    assert isinstance(again.ended, SessionExpired)
    assert again.remembered_identifier == CAMILLE


async def test_sign_out_offline_takes_effect_immediately(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    session = await inside(line, store=store)
    line.down = True
    with line.holding("/oauth/revoke"):
        leaving = asyncio.create_task(session.sign_out())
        await asyncio.sleep(0)
        assert nothing_left(session), "whatever the network takes"
    await leaving
    assert await store.load() is None


async def test_account_load_in_flight_at_sign_out_is_dropped(line: Line) -> None:
    session = await inside(line)
    with line.holding("/v1/me") as held:
        reading = asyncio.create_task(session.load_account())
        await held.answered()
        await session.sign_out()
    await reading
    assert nothing_left(session)
    assert session.account.error is None


async def test_sign_in_of_another_subscriber_starts_with_a_new_state(serve: Serve) -> None:
    line = serve(CAMILLE, FOYER)
    session = await inside(line)
    assert session.purchases is not None
    await session.purchases.open(None)
    before = session.purchases
    await session.sign_out()
    await sign_in(session.backend, FOYER)
    await session.enter(None)
    assert session.account.data is not None
    assert session.account.data.display_name == "Farid Chevalier"
    assert session.purchases is not before
    assert session.contract is not None
    assert not session.contract.billing_rights


async def test_choosing_another_contract_replaces_the_purchases(serve: Serve) -> None:
    session = await inside(serve(CAMILLE))
    assert session.account.data is not None
    assert session.purchases is not None
    box, mobile = session.account.data.contracts[:2]
    of_box = session.purchases
    await of_box.open(None)
    session.choose(box)
    assert session.purchases is of_box, "chosen already"
    session.choose(mobile)
    assert session.contract == mobile
    assert session.purchases is not of_box
    assert session.purchases.periods.data is None
    await session.load_account()
    assert session.contract == mobile, "a reading does not move it"


async def test_other_data_of_the_selected_contract_keeps_what_was_read(line: Line) -> None:
    session = await inside(line)
    assert session.contract is not None
    assert session.purchases is not None
    await session.purchases.load_periods()
    renamed = structs.replace(session.contract, label="Box")
    session.choose(renamed)
    assert session.contract == session.purchases.contract == renamed
    assert session.purchases.periods.data
    session.choose(structs.replace(renamed, billing_rights=False))
    assert session.purchases.periods.data is None, "no longer for this subscriber"


async def test_return_to_a_contract_reads_no_period_again(line: Line) -> None:
    session = await inside(line)
    assert session.account.data is not None
    box, mobile = session.account.data.contracts[:2]
    for contract in (box, mobile):
        session.choose(contract)
        assert session.insights is not None
        await session.insights.load()
    assert len([each for each in line.asked if "perPage=100" in each]) == 12, "each period once"
    line.asked.clear()
    session.choose(box)
    assert session.insights is not None
    await session.insights.load()
    assert session.insights.ledger.data is not None
    assert [each for each in line.asked if "perPage=100" in each] == []


async def test_failed_refresh_marks_the_ledger_as_stale_and_retry_reads_all_of_it_again(line: Line) -> None:
    session = await inside(line)
    insights = session.insights
    assert insights is not None
    await insights.load()
    read_from = insights.purchases, insights.subscriptions, insights.service, insights.review
    line.down = True
    await session.refresh()
    assert all(holder.parts[0][0].stale for holder in (insights, *read_from))
    line.down = False
    await insights.retry()
    assert not any(holder.parts[0][0].old for holder in (insights, *read_from))
    line.asked.clear()
    await insights.retry()
    assert line.asked == [], "nothing failed"


async def test_concurrent_sessions_share_no_state(serve: Serve) -> None:
    line = serve(CAMILLE, FOYER)
    one, other = await asyncio.gather(inside(line), inside(line, FOYER))
    assert one.purchases is not None
    assert other.purchases is not None
    await asyncio.gather(one.purchases.open(None), other.purchases.open(None))
    assert one.purchases.shown.data is not None
    assert other.purchases.shown.data is None
    await one.sign_out()
    assert other.gate is Gate.SIGNED_IN
    assert other.account.data is not None
    await other.load_account()
    assert other.account.error is None
    assert PASSWORD not in repr(one) + repr(other)
