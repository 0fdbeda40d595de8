"""Contract tests of the client: the same journeys in process, over HTTP, and on recorded answers.

The recordings in `recorded/` detect changes in the client's requests and in how it reads answers.
`CONSO_RECORD=1 pytest tests/services/client/test_contract.py` records them again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import CredentialStore, MemoryStore
from services.client.http import IN_PROCESS, HttpClient
from services.client.session import Remembered
from services.domain.errors import (
    Changed,
    Forbidden,
    Locked,
    NotFound,
    Refused,
    SessionExpired,
)
from services.domain.models import (
    Category,
    ContractKind,
    EntryType,
    Filter,
    Money,
    PaymentStatus,
    PeriodState,
)
from services.insights.review import Review
from tests.harness.cases import daily
from tests.harness.clock import Clock
from tests.harness.in_process import backend_within
from tests.harness.postgresql import Cluster
from tests.harness.servers import served
from tests.services.conftest import running
from tests.services.doubles import OPENED, Player, Recorder, recording, sign_in

Connect = Callable[[CredentialStore], Backend]


@pytest.fixture(params=daily(["in process", "over HTTP", "PostgreSQL", "recorded"], "over HTTP", "recorded"))
def create(request: pytest.FixtureRequest, sandbox: Starlette, clock: Clock) -> Iterator[Connect]:
    """Return a factory of clients of one backend."""
    path = Path(__file__).parents[1] / "recorded" / f"{request.function.__name__}.json"
    match request.param:
        case "in process":
            yield lambda store: backend_within(sandbox, store, clock=clock)
        case "over HTTP":
            with served(sandbox) as origin:
                yield lambda store: Backend.at(origin, store, clock=clock)
        case "PostgreSQL":
            server: Cluster = request.getfixturevalue("postgresql")
            with running(server.database(), clock) as app:
                yield lambda store: backend_within(app, store, clock=clock)
        case _ if os.environ.get("CONSO_RECORD"):
            recorder = Recorder(sandbox)
            yield lambda store: Backend(
                HttpClient(IN_PROCESS, recorder, clock=clock, timeout=5.0), store, clock=clock
            )
            path.parent.mkdir(exist_ok=True)
            lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in recorder.exchanges)
            path.write_text(f"[\n{lines}\n]\n", "utf-8")
        case _:
            player = Player(recording(path))
            yield lambda store: Backend(
                HttpClient(IN_PROCESS, player, clock=clock, timeout=5.0), store, clock=clock
            )
            assert player.left == [], "less was asked than when it was recorded"


@pytest.fixture
def connect(create: Connect) -> Connect:
    """Return a factory of clients of one backend, which are closed at the end."""

    def opened(store: CredentialStore) -> Backend:
        OPENED.append(create(store))
        return OPENED[-1]

    return opened


@pytest.fixture
async def backend(connect: Connect) -> Backend:
    """Return a client with Camille's session."""
    backend = connect(MemoryStore())
    await sign_in(backend)
    return backend


async def test_account_after_sign_in_holds_its_contract(backend: Backend) -> None:
    answer = await backend.account()
    assert answer.at == datetime.fromisoformat("2024-03-10T12:00:00+01:00")
    assert answer.value.display_name == "Camille Martin"
    (contract,) = answer.value.contracts
    assert (contract.contract_id, contract.kind, contract.label) == (
        "c1",
        ContractKind.INTERNET,
        "Box Fibre",
    )
    assert (contract.billing.cut_off_day, contract.billing.time_zone) == (26, "Europe/Paris")


async def test_sign_in_with_a_spaced_phone_number_succeeds(connect: Connect) -> None:
    backend = connect(MemoryStore())
    challenge = await backend.begin_sign_in(" +33 6 39 98 01 12 ")
    assert await backend.finish_sign_in(challenge, "Soleil-2026", remember=True) is None
    assert (await backend.account()).value.display_name == "Camille Martin"


@pytest.mark.parametrize("identifier", ["camille@demo.example", "nobody@demo.example"])
async def test_wrong_passwords_are_counted_and_then_lock_the_sign_in(
    connect: Connect, identifier: str
) -> None:
    backend = connect(MemoryStore())
    challenge = await backend.begin_sign_in(identifier)
    for left in (4, 3, 2, 1):
        with pytest.raises(Refused) as refused:
            await backend.finish_sign_in(challenge, "Pluie-2026", remember=True)
        assert refused.value.attempts_left == left
    for _ in range(2):
        with pytest.raises(Locked) as locked:
            await backend.finish_sign_in(challenge, "Soleil-2025", remember=True)
        assert locked.value.retry_after == timedelta(minutes=15)
    assert not backend.signed_in


async def test_billing_periods_of_a_contract_are_read(backend: Backend) -> None:
    periods = (await backend.billing_periods("c1")).value
    assert [period.bill_month for period in periods] == [
        "2024-04", "2024-03", "2024-02", "2024-01", "2023-12", "2023-11",
    ]  # fmt: skip
    current = periods[0]
    assert (current.start_date, current.end_date) == (date(2024, 2, 26), date(2024, 3, 25))
    assert current.state is PeriodState.OPEN
    assert current.purchase_count == 2
    assert current.total == Money(amount=Decimal("0.00"))
    assert current.pending_total == Money(amount=Decimal("9.99"))
    assert periods[1].total == Money(amount=Decimal("1.99"))


async def test_purchases_of_a_period_are_paged_filtered_and_searched(backend: Backend) -> None:
    page = (await backend.purchases("c1", "2024-04")).value
    assert [item.payment_id for item in page.items] == ["p4", "p3", "p2"]
    assert page.period.start_date == date(2024, 2, 26)
    assert (page.pagination.total_count, page.pagination.total_pages) == (3, 1)
    before = (await backend.purchases("c1", "2024-03")).value
    assert [item.payment_id for item in before.items] == ["p1"]
    oldest_first = (await backend.purchases("c1", "2024-04", order="asc", page=2, per_page=2)).value
    assert [item.payment_id for item in oldest_first.items] == ["p4"]
    past_the_end = (await backend.purchases("c1", "2024-04", page=9)).value
    assert past_the_end.items == ()
    for kind, found in ((Filter.ONE_OFF, ["p2"]), (Filter.SUBSCRIPTION, ["p3"]), (Filter.REFUND, ["p4"])):
        narrowed = (await backend.purchases("c1", "2024-04", kind=kind)).value
        assert [item.payment_id for item in narrowed.items] == found
    searched = (await backend.purchases("c1", "2024-04", q=" ECLAT ", kind=Filter.ONE_OFF)).value
    assert [item.payment_id for item in searched.items] == ["p2"]
    assert (await backend.purchases("c1", "2024-04", q="& #%/?é\ud800" + "x" * 200)).value.items == ()


async def test_purchase_is_read_with_its_refund(backend: Backend) -> None:
    purchase = (await backend.purchase("c1", "p2")).value
    assert purchase.payment_date == datetime.fromisoformat("2024-02-26T00:00:00+01:00")
    assert purchase.amount == Money(amount=Decimal("4.99"))
    assert purchase.tax_amount == Money(amount=Decimal("0.83"))
    assert purchase.purchase_category_code is Category.GAMES
    assert purchase.payment_status is PaymentStatus.SUCCEEDED
    assert purchase.merchant_contact is not None
    assert purchase.merchant_contact.url == "https://eclat.example"
    assert purchase.refunded_amount == Money(amount=Decimal("4.99"))
    (refund,) = purchase.refunds
    assert (refund.payment_id, refund.entry_type) == ("p4", EntryType.REFUND)
    assert refund.amount == Money(amount=Decimal("-4.99"))


async def test_missing_or_foreign_object_raises_not_found(backend: Backend) -> None:
    for call in (
        backend.billing_periods("c2"),
        backend.billing_periods("nothing"),
        backend.purchases("c1", "2019-01"),
        backend.purchase("c1", "nothing"),
        backend.purchase("c2", "p1"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_periods_without_billing_rights_raise_forbidden(connect: Connect) -> None:
    backend = connect(MemoryStore())
    await sign_in(backend, "sofia@demo.example")
    assert [contract.billing_rights for contract in (await backend.account()).value.contracts] == [
        True,
        False,
    ]
    with pytest.raises(Forbidden):
        await backend.billing_periods("c3")


async def test_next_start_resumes_the_session_until_it_expires(connect: Connect, clock: Clock) -> None:
    store = MemoryStore()
    backend = connect(store)
    await sign_in(backend)
    await backend.close()
    again = connect(store)
    assert await again.resume() == Remembered("camille@demo.example", signed_in=True, problem=None)
    assert (await again.account()).value.display_name == "Camille Martin"
    await again.close()
    clock.advance(days=15)
    late = connect(store)
    assert (await late.resume()).signed_in
    ended: list[bool] = []
    late.on_session_end = lambda: ended.append(True)
    with pytest.raises(SessionExpired):
        await late.account()
    assert ended == [True]
    assert await store.load() is None


async def test_sign_out_revokes_the_session_and_clears_the_store(connect: Connect) -> None:
    store, stolen = MemoryStore(), MemoryStore()
    backend = connect(store)
    await sign_in(backend)
    await stolen.save(await store.load() or "")
    assert await backend.sign_out() is None
    assert await store.load() is None
    assert not backend.signed_in
    with pytest.raises(SessionExpired):
        await backend.account()
    thief = connect(stolen)
    assert (await thief.resume()).signed_in
    with pytest.raises(SessionExpired):
        await thief.account()
    assert await stolen.load() is None


async def test_review_is_replaced_only_in_the_state_that_its_etag_names(connect: Connect) -> None:
    one, other = connect(MemoryStore()), connect(MemoryStore())
    for backend in (one, other):
        await sign_in(backend)
    empty = await one.review("c1")
    assert empty.value == Review()
    first, second = Review(seen=("new|studio|1",)), Review(seen=("new|studio|2",))
    answer = await one.replace_review("c1", first, empty.etag)
    assert answer.value == first
    with pytest.raises(Changed):
        await other.replace_review("c1", second, empty.etag)
    assert (await other.review("c1")).value == first
