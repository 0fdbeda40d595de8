"""The gate, and what belongs to the one behind it."""

from __future__ import annotations

import asyncio

from services.credentials import CredentialProblem, CredentialsUnavailable, MemoryStore
from services.errors import SessionExpired, Unreachable
from services.models import ContractKind
from services.sandbox import Settings
from tests.views.conftest import PASSWORD, Clock, Line, Serve, sign_in
from views.core.session import Gate, SessionState

CAMILLE = "camille@demo.example"
FOYER = "foyer@demo.example"


class Failing(MemoryStore):
    """A store that cannot be read or erased."""

    async def load(self) -> str | None:
        raise CredentialsUnavailable(CredentialProblem.LOCKED)

    async def clear(self) -> None:
        raise CredentialsUnavailable(CredentialProblem.REFUSED)


async def inside(line: Line, identifier: str = CAMILLE, *, store: MemoryStore | None = None) -> SessionState:
    """The state of somebody who has just signed in, to be remembered."""
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


async def test_a_first_visit_meets_the_closed_gate(serve: Serve) -> None:
    session = SessionState(serve(CAMILLE).backend())
    assert session.gate.name == "STARTING"
    await session.start()
    assert session.gate.name == "SIGNED_OUT"
    assert session.remembered_identifier is None
    assert session.ended is None


async def test_passing_the_gate_reads_who_it_is_and_stands_on_the_box(serve: Serve) -> None:
    session = await inside(serve(CAMILLE))
    assert session.gate is Gate.SIGNED_IN
    assert session.account.data is not None
    assert session.account.data.display_name == "Camille Martin"
    assert session.contract is not None
    assert session.contract.kind is ContractKind.INTERNET
    assert session.purchases is not None
    assert session.purchases.contract == session.contract
    assert session.purchase is not None
    assert session.purchase.contract == session.contract


async def test_a_remembered_session_opens_by_itself(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    await inside(line, store=store)
    again = SessionState(line.backend(store))
    await again.start()
    assert again.gate is Gate.SIGNED_IN
    assert again.account.data is not None
    assert again.remembered_identifier == CAMILLE


async def test_a_remembered_session_opens_offline_with_a_reason_and_a_retry(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    await inside(line, store=store)
    line.down = True
    again = SessionState(line.backend(store))
    await again.start()
    assert again.gate is Gate.SIGNED_IN
    assert again.account.missing
    assert isinstance(again.account.error, Unreachable)
    line.down = False
    await again.load_account()
    assert again.account.data is not None
    assert again.contract is not None


async def test_a_store_that_cannot_be_read_is_told_and_does_not_stop_the_start(serve: Serve) -> None:
    session = SessionState(serve(CAMILLE).backend(Failing()))
    await session.start()
    assert session.gate is Gate.SIGNED_OUT
    assert session.unopened is CredentialProblem.LOCKED


async def test_a_session_that_ends_by_itself_closes_the_gate_and_says_why(serve: Serve, clock: Clock) -> None:
    line = serve(CAMILLE, settings=Settings(scrypt_log2_cost=4))
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


async def test_a_session_that_ended_before_the_start_is_found_out_on_the_first_reading(
    serve: Serve, clock: Clock
) -> None:
    line, store = serve(CAMILLE, settings=Settings(scrypt_log2_cost=4)), MemoryStore()
    await inside(line, store=store)
    clock.advance(days=20)  # idle for too long: only the backend knows
    again = SessionState(line.backend(store))
    await again.start()
    assert nothing_left(again)
    assert isinstance(again.ended, SessionExpired)
    assert again.remembered_identifier == CAMILLE


async def test_signing_out_forgets_everything_here_and_there(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    session = await inside(line, store=store)
    await session.sign_out()
    assert nothing_left(session)
    assert session.ended is None
    assert session.remembered_identifier is None
    assert await store.load() is None
    assert not session.backend.signed_in
    again = SessionState(line.backend(store))
    await again.start()
    assert again.gate is Gate.SIGNED_OUT


async def test_signing_out_works_offline_and_at_once(serve: Serve) -> None:
    line, store = serve(CAMILLE), MemoryStore()
    session = await inside(line, store=store)
    line.down = True
    with line.holding("/oauth/revoke"):
        leaving = asyncio.create_task(session.sign_out())
        await asyncio.sleep(0)
        assert nothing_left(session), "whatever the network takes"
    await leaving
    assert await store.load() is None


async def test_a_store_that_cannot_be_erased_is_told(serve: Serve) -> None:
    session = await inside(serve(CAMILLE), store=Failing())
    await session.sign_out()
    assert nothing_left(session)
    assert session.unerased is CredentialProblem.REFUSED


async def test_what_was_being_read_when_signing_out_goes_nowhere(serve: Serve) -> None:
    line = serve(CAMILLE)
    session = await inside(line)
    with line.holding("/v1/me"):
        reading = asyncio.create_task(session.load_account())
        await asyncio.sleep(0.02)
        await session.sign_out()
    await reading
    assert nothing_left(session)
    assert session.account.error is None


async def test_the_next_one_to_sign_in_sees_nothing_of_the_one_before(serve: Serve) -> None:
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


async def test_another_contract_has_its_own_figures(serve: Serve) -> None:
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


async def test_two_visitors_of_one_backend_share_nothing(serve: Serve) -> None:
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
