"""Fuzzing of data files: each is refused with a sentence or served according to the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any

import msgspec
from hypothesis import example, given

from services.domain.models import Account, BillingPeriod, Purchase, PurchasePage, Service, Subscription
from services.sandbox import BadData, Subscriber, create_app, parse_subscribers
from tests.harness.clock import Clock
from tests.harness.fuzz import altered, bodies, examples
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import SUBSCRIPTION, contract, purchase, subscriber, subscription
from tests.services.sandbox.visitor import Visitor, visiting

NOW = "2024-03-10T12:00:00+01:00"
FILE: dict[str, Any] = {
    "subscribers": [
        subscriber(
            "camille",
            contract(
                "c1",
                purchase("p1", "2024-03-01T00:00:00Z", taxAmount={"amount": "0.30", "currency": "EUR"}),
                purchase("r1", "2024-03-02T00:00:00Z", "-0.50", refundOf="p1"),
                subscriptions=[SUBSCRIPTION, subscription("sub2")],
                billing={"cutOffDay": 26, "timeZone": "Europe/Paris"},
                service={"status": "active", "since": "2023-03-03"},
            ),
            phoneNumber="0639980112",
        )
    ]
}


def of_each(kind: type[Any], content: bytes) -> Sequence[Any]:
    """Return the items of a list, decoded as in the app."""
    items: Sequence[Any] = msgspec.json.decode(content, type=dict[str, list[kind]])["items"]  # type: ignore[valid-type]
    return items


async def read_everything(visitor: Visitor, somebody: Subscriber) -> None:
    """Read every object of a subscriber, decoded as in the app."""

    async def get(path: str, **parameters: str) -> bytes:
        answer = await visitor.get(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.content

    account = msgspec.json.decode(await get("/v1/me"), type=Account)
    assert [each.contract_id for each in account.contracts] == [c.contract_id for c in somebody.contracts]
    for held, read in zip(somebody.contracts, account.contracts, strict=True):
        if not read.billing_rights:
            continue
        path = f"/v1/contracts/{read.contract_id}"
        for period in of_each(BillingPeriod, await get(f"{path}/billing-periods")):
            listed = await get(f"{path}/purchases", periodId=period.period_id)
            assert msgspec.json.decode(listed, type=PurchasePage).period == period
        for bought in held.purchases:
            msgspec.json.decode(await get(f"{path}/purchases/{bought.payment_id}"), type=Purchase)
        subscribed = of_each(Subscription, await get(f"{path}/subscriptions"))
        assert len(subscribed) == len(held.subscriptions)
        msgspec.json.decode(await get(f"{path}/service"), type=Service)


async def serve(subscribers: tuple[Subscriber, ...]) -> None:
    app = create_app("sqlite://", subscribers=subscribers, clock=Clock(NOW), settings=CHEAP)
    with closing(app.state.store):
        for somebody in subscribers:
            async with visiting(app) as visitor:
                code = (await visitor.attempt(somebody.identifier, somebody.password)).json()
                token = (await visitor.redeem(code["authorization_code"])).json()["access_token"]
                visitor.http.headers["Authorization"] = f"Bearer {token}"
                await read_everything(visitor, somebody)


@given(bodies(FILE))
@examples(200)
def test_random_data_file_is_parsed_or_refused(content: bytes) -> None:
    with suppress(BadData):
        parse_subscribers(content)


@given(altered(FILE, most=1))
@example(msgspec.json.encode(FILE))
@examples(80)
def test_accepted_random_data_file_is_served_according_to_the_contract(content: bytes) -> None:
    try:
        subscribers = parse_subscribers(content)
    except BadData:
        return
    if not any(somebody.locked for somebody in subscribers):
        asyncio.run(serve(subscribers))
