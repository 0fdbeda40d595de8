"""Data of the demo subscribers at any date and hour."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from services.domain.periods import Period, latest_periods, period_of
from services.sandbox import Subscriber, create_app, demo, parse_subscribers
from services.sandbox.app import FilledOnDemand
from services.sandbox.data_file import Contract, Purchase
from services.sandbox.schema import purchase
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.visitor import Visitor, signed_in

PARIS = ZoneInfo("Europe/Paris")
FIRST_SECOND = datetime(2024, 2, 26, tzinfo=PARIS)
"""The first second of a period, when no purchase can be in it yet."""
NOWS = st.one_of(
    st.integers(1_600_000_000, 2_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(
        [
            FIRST_SECOND,
            FIRST_SECOND + timedelta(minutes=5),
            FIRST_SECOND - timedelta(seconds=1),
            datetime(2024, 2, 29, 23, tzinfo=PARIS),
            datetime(2024, 3, 31, 2, 30, tzinfo=PARIS),  # skipped by the change to summer time
            datetime(2024, 10, 27, 2, 30, tzinfo=PARIS),
            datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=PARIS),
            datetime(2024, 12, 31, 23, 59, 59, tzinfo=PARIS),
            datetime(2024, 12, 26, 0, 0, 1, tzinfo=PARIS),
        ]
    ),
)
ON_10_MARCH = datetime(2024, 3, 10, 12, tzinfo=PARIS)


@pytest.fixture(scope="module", autouse=True)
def small_volume() -> Iterator[None]:
    """Reduce the large volume from 10,000 purchases to 100."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "LARGE_VOLUME", 100)
        yield


def people(now: datetime) -> dict[str, Subscriber]:
    return {each.identifier.partition("@")[0]: each for each in demo.subscribers(now)}


def entries(subscriber: Subscriber) -> list[Purchase]:
    return [purchase for contract in subscriber.contracts for purchase in contract.purchases]


def within(purchases: list[Purchase], period: Period) -> list[Purchase]:
    first, past = period.bounds(PARIS)
    return [each for each in purchases if first <= each.payment_date.astimezone(UTC) < past]


def sum_of(purchases: list[Purchase], *statuses: str) -> int:
    return sum(each.amount.cents for each in purchases if each.payment_status in statuses)


def box(subscriber: Subscriber) -> Contract:
    return subscriber.contracts[0]


@given(NOWS)
@example(FIRST_SECOND)
@settings(max_examples=60, deadline=None)
def test_demo_data_at_any_time_is_consistent(now: datetime) -> None:
    made = demo.subscribers(now)
    assert made == demo.subscribers(now)
    content = msgspec.json.encode({"subscribers": made})
    read_back = parse_subscribers(content)
    assert msgspec.json.encode({"subscribers": read_back}) == content, "as strict as a data file"
    periods = latest_periods(now.astimezone(PARIS).date())
    for subscriber in made:
        purchases = entries(subscriber)
        assert all(each.payment_date.astimezone(UTC) <= now.astimezone(UTC) for each in purchases)
        if not subscriber.identifier.startswith("gros-volume"):
            assert all(
                sum_of(within(purchases, period), "succeeded", "processing") <= 300_00 for period in periods
            )
        above = [
            each for each in purchases if each.payment_status == "succeeded" and each.amount.cents > 50_00
        ]
        assert len(above) == subscriber.identifier.startswith("plafond"), "one case of the legal limit"
        known = {each.payment_id: each for each in purchases}
        assert len({each.reference_code for each in purchases}) == len(purchases)
        for subscription in (each for contract in subscriber.contracts for each in contract.subscriptions):
            charges = [each for each in purchases if each.subscription_id == subscription.subscription_id]
            assert max(charges, key=lambda each: each.payment_date).payment_id == subscription.last_payment_id
            if subscription.next_charge_date is not None:
                assert subscription.next_charge_date >= now.astimezone(PARIS).date()
            assert (subscription.next_charge_date is not None) == (subscription.status == "active")
            assert (subscription.termination_reference is not None) == (subscription.status == "terminated")
        for refund in (each for each in purchases if each.entry_type == "refund"):
            assert refund.refund_of is not None
            bought = known[refund.refund_of]
            assert bought.payment_date < refund.payment_date
            assert -refund.amount.cents <= bought.amount.cents


@given(NOWS)
@example(FIRST_SECOND)
@settings(max_examples=60, deadline=None)
def test_demo_subscriber_at_any_time_shows_its_case(now: datetime) -> None:
    made, periods = people(now), latest_periods(now.astimezone(PARIS).date())

    camille = made["camille"]
    assert [contract.kind for contract in camille.contracts] == ["internet", "mobile", "mobile"]
    bought = list(box(camille).purchases)
    assert all(sum_of(within(bought, period), "succeeded") > 0 for period in periods)
    assert all(within(entries(camille), period) for period in periods)
    assert Counter(each.status for contract in camille.contracts for each in contract.subscriptions) == {
        "active": 3,
        "terminated": 1,
    }
    assert [each.terminable for each in box(camille).subscriptions] == [True, True, False, False]
    assert Counter(each.entry_type for each in entries(camille))["refund"] == 1
    assert [each.payment_status for each in within(bought, periods[0])].count("processing") == 1

    sans_achat = list(box(made["sans-achat"]).purchases)
    assert not within(sans_achat, periods[0])
    assert all(within(sans_achat, period) for period in periods[1:])
    assert not entries(made["nouveau"])
    assert len(within(entries(made["gros-volume"]), periods[0])) == 100
    assert box(made["suspendu"]).service.status == "suspended"
    assert [each.status for each in box(made["suspendu"]).subscriptions] == ["suspended", "suspended"]
    since = box(made["suspendu"]).service.since
    assert since is not None
    assert all(each.payment_date.date() <= since for each in entries(made["suspendu"]))
    assert [contract.billing_rights for contract in made["foyer"].contracts] == [False]
    plafond = within(entries(made["plafond"]), periods[0])
    assert 280_00 < sum_of(plafond, "succeeded") <= 300_00
    refused = [each for each in plafond if each.payment_status == "denied"]
    assert sum_of(plafond, "succeeded") + sum(each.amount.cents for each in refused) > 300_00


def test_demo_subscriber_camille_has_every_special_case() -> None:
    camille = people(ON_10_MARCH)["camille"]
    bought = list(box(camille).purchases)
    moments = {each.payment_date.isoformat() for each in bought}
    assert {
        "2024-02-25T23:59:59+01:00",
        "2024-02-26T00:00:00+01:00",
        "2024-02-29T22:30:00+01:00",
        "2023-12-31T22:30:00+01:00",
        "2023-10-29T02:30:00+02:00",
        "2023-10-29T02:30:00+01:00",
    } <= moments
    weekly, tried, on_31st, ended = box(camille).subscriptions
    assert weekly.start_date < latest_periods(date(2024, 3, 10))[-1].start
    assert prices(bought, weekly.subscription_id) == ["2.99", "3.99"]
    assert prices(bought, tried.subscription_id) == ["0.00", "4.99"]
    days = {
        each.payment_date.astimezone(PARIS).day
        for each in bought
        if each.subscription_id == on_31st.subscription_id
    }
    assert days == {29, 30, 31}, "the month's last day when it has no 31st"
    same = Counter((each.merchant_name, each.amount, f"{each.payment_date:%F %R}") for each in bought)
    assert 2 in same.values()
    refund = next(each for each in bought if each.entry_type == "refund")
    refunded = next(each for each in bought if each.payment_id == refund.refund_of)
    assert bill_of(refunded) < bill_of(refund)
    assert "adult" in {each.purchase_category_code for each in bought}
    assert max(len(each.merchant_name) for each in bought) > 80
    last = next(each for each in bought if each.payment_id == ended.last_payment_id)
    assert ended.termination_date is not None
    assert last.payment_date.date() > ended.termination_date


def prices(bought: list[Purchase], subscription_id: str) -> list[str]:
    return sorted({each.amount.amount for each in bought if each.subscription_id == subscription_id})


def bill_of(purchase: Purchase) -> str:
    return period_of(purchase.payment_date.astimezone(PARIS).date()).bill_month


def test_demo_purchases_remain_on_the_next_day() -> None:
    today, tomorrow = (
        {
            each.payment_id
            for each in entries(people(ON_10_MARCH + timedelta(days=n))["camille"])
            if each.payment_status == "succeeded"
        }
        for n in (0, 1)
    )
    assert today <= tomorrow


async def all_purchases(visitor: Visitor, contract_id: str, period_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = pages = 1
    while page <= pages:
        answer = await visitor.get(
            f"/v1/contracts/{contract_id}/purchases", periodId=period_id, page=page, perPage=100
        )
        body = answer.json()
        found += body["items"]
        pages, page = body["pagination"]["totalPages"], page + 1
    return found


@pytest.mark.parametrize("now", ["2024-03-10T12:00:00+01:00", "2024-02-26T00:00:00+01:00"])
async def test_demo_period_totals_equal_the_sums_of_their_lists(now: str) -> None:
    """Sum every page of every period, for each demo subscriber."""
    app = create_app("sqlite://", clock=Clock(now), settings=CHEAP)
    names = {"camille", "sans-achat", "nouveau", "gros-volume", "suspendu", "plafond", "veille"}
    assert names < set(people(Clock(now).now))
    for name in sorted(names):
        async with signed_in(app, f"{name}@demo.example") as visitor:
            for contract in (await visitor.get("/v1/me")).json()["contracts"]:
                contract_id = contract["contractId"]
                answer = await visitor.get(f"/v1/contracts/{contract_id}/billing-periods")
                for period in answer.json()["items"]:
                    listed = await all_purchases(visitor, contract_id, period["periodId"])
                    assert_totals(period, listed)
    app.state.store.close()


def assert_totals(period: dict[str, Any], listed: list[dict[str, Any]]) -> None:
    def total(*statuses: str) -> str:
        amounts = [each["amount"]["amount"] for each in listed if each["paymentStatus"] in statuses]
        return str(sum(map(Decimal, amounts), Decimal("0.00")))

    assert period["total"]["amount"] == total("succeeded")
    assert period["pendingTotal"]["amount"] == total("processing", "pending_validation", "reserved")
    counted = [each for each in listed if each["paymentStatus"] not in ("denied", "cancelled")]
    assert period["purchaseCount"] == sum(each["entryType"] == "purchase" for each in counted)
    assert {each["periodId"] for each in listed} <= {period["periodId"]}
    keys = [
        (datetime.fromisoformat(each["paymentDate"]).astimezone(UTC), each["paymentId"]) for each in listed
    ]
    assert keys == sorted(keys, reverse=True)
    assert len(set(keys)) == len(keys)


def large(app: Starlette) -> int:
    """Return the number of entries of the large contract in the database."""
    count = select(func.count()).where(purchase.c.contract_id == demo.LARGE_CONTRACT)
    held: int = app.state.store.transact(lambda connection: connection.scalar(count))
    return held


async def test_large_demo_contract_in_memory_is_filled_at_its_first_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo, "LARGE_VOLUME", 100)
    app = create_app("sqlite://", clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP)
    async with signed_in(app) as camille:
        await camille.get("/v1/contracts/camille-box/billing-periods")
        assert large(app) == 0
    async with signed_in(app, demo.LARGE_IDENTIFIER) as gabriel:
        path = f"/v1/contracts/{demo.LARGE_CONTRACT}"
        answers = await asyncio.gather(
            gabriel.get(f"{path}/billing-periods"),
            gabriel.get(f"{path}/purchases", periodId="2024-04"),
        )
    assert (
        answers[0].json()["items"][0]["purchaseCount"] == answers[1].json()["pagination"]["totalCount"] == 100
    )
    assert large(app) == 100


async def test_large_demo_contract_after_a_failed_fill_is_filled_at_the_next_request() -> None:
    tries: list[str] = []

    async def fill() -> None:
        tries.append("try")
        if len(tries) == 1:
            raise OSError("full")

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        tries.append("inner")

    app = FilledOnDemand(inner, contract_id="c", fill=fill)
    arguments: Any = ({"type": "http", "path": "/v1/contracts/c/service"}, None, None)
    with pytest.raises(OSError, match="full"):
        await app(*arguments)
    await app(*arguments)
    await app(*arguments)
    assert tries == ["try", "try", "inner", "inner"]


def test_large_demo_contract_on_disk_is_filled_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "LARGE_VOLUME", 100)
    app = create_app(
        f"sqlite:///{tmp_path / 'demo.sqlite3'}", clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP
    )
    assert large(app) == 100
    app.state.store.close()
