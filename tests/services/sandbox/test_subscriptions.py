"""Endpoints 5 and 6: list and termination of subscriptions, on each kind of database."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from services.sandbox import create_app
from services.sandbox.data_file import Money, Service, SpendingLimits, Subscription
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP, at_home
from tests.services.sandbox.factories import subscribed
from tests.services.sandbox.visitor import Visitor, signed_in, visiting

LIST = "/v1/contracts/c1/subscriptions"


async def listed(visitor: Visitor) -> dict[str, dict[str, Any]]:
    return {each["subscriptionId"]: each for each in (await visitor.get(LIST)).json()["items"]}


async def tag(visitor: Visitor, path: str = LIST) -> str:
    return (await visitor.get(path)).headers["etag"]


async def test_subscription_list_is_complete_and_newest_first(holder: Visitor) -> None:
    items = (await holder.get(LIST)).json()["items"]
    assert [each["subscriptionId"] for each in items] == ["weekly", "monthly", "elsewhere", "past"]
    assert items[1] == {
        "subscriptionId": "monthly",
        "name": "Club Cubéo",
        "merchantName": "Studio Pixelune",
        "merchantIdentifier": "studio-pixelune",
        "merchantContact": None,
        "price": {"amount": "3.99", "currency": "EUR"},
        "recurringChargePeriod": "month",
        "status": "active",
        "startDate": "2023-05-06",
        "nextChargeDate": "2024-04-06",
        "terminationDate": None,
        "terminable": True,
        "lastPaymentId": "charge",
        "terminationReference": None,
        "nextPrice": None,
        "noticeDays": None,
        "trialEndDate": None,
    }


async def test_termination_takes_effect_at_the_end_of_the_paid_period(holder: Visitor) -> None:
    answer = await holder.put(f"{LIST}/monthly/termination", {"reason": "unused"}, await tag(holder))
    assert answer.status_code == 200
    ended = answer.json()
    assert (ended["status"], ended["terminationDate"]) == ("terminated", "2024-04-05")
    assert (ended["nextChargeDate"], ended["terminable"]) == (None, False)
    assert ended["terminationReference"].startswith("RS-240310-")
    assert (await listed(holder))["monthly"] == ended
    assert answer.headers["etag"] == await tag(holder), "the next one can be ended at once"


async def test_termination_repeated_gets_the_same_answer(holder: Visitor, time: Clock) -> None:
    before = await tag(holder)
    first = await holder.put(f"{LIST}/weekly/termination", {}, before)
    time.advance(minutes=4)
    again = await holder.put(f"{LIST}/weekly/termination", {}, before)
    assert (again.status_code, again.json()) == (200, first.json())
    assert first.json()["terminationDate"] == "2024-03-10", "paid until today"


async def test_concurrent_terminations_get_one_answer(holder: Visitor) -> None:
    before = await tag(holder)
    answers = await asyncio.gather(*(holder.put(f"{LIST}/monthly/termination", {}, before) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


async def test_termination_with_a_stale_etag_is_refused(holder: Visitor) -> None:
    before = await tag(holder)
    await holder.put(f"{LIST}/weekly/termination", {}, before)
    stale = await holder.put(f"{LIST}/monthly/termination", {}, before)
    assert (stale.status_code, stale.json()["code"]) == (412, "CHANGED")
    assert (await listed(holder))["monthly"]["status"] == "active"


@pytest.mark.parametrize("form", ['"another", {}', "W/{}", "W/{}, {}"])
async def test_termination_accepts_a_tag_that_a_proxy_changed(holder: Visitor, form: str) -> None:
    path, known = f"{LIST}/monthly/termination", await tag(holder)
    assert (await holder.put(path, {}, None)).status_code == 428
    for wrong in (known.strip('"'), '"another"', 'W/"another"', f'{known[:-2]}-gzip"'):
        assert (await holder.put(path, {}, wrong)).status_code == 412
    assert (await holder.put(path, {}, form.replace("{}", known))).status_code == 200


@pytest.mark.parametrize("suffix", ["-gzip", "--gzip", ";gzip", "-br", "-zstd", "-deflate"])
async def test_termination_accepts_a_tag_with_a_content_coding(holder: Visitor, suffix: str) -> None:
    path, known = f"{LIST}/monthly/termination", await tag(holder)
    assert (await holder.put(path, {}, f'W/{known[:-1]}{suffix}"')).status_code == 200


async def test_termination_with_the_etag_of_another_subscriber_is_refused(
    holder: Visitor, subscribed_app: Starlette
) -> None:
    async with signed_in(subscribed_app, "bruno@demo.example") as bruno:
        path = "/v1/contracts/b1/subscriptions"
        assert (await bruno.put(f"{path}/sb/termination", {}, await tag(holder))).status_code == 412


async def test_termination_of_a_merchant_managed_subscription_is_refused(holder: Visitor) -> None:
    answer = await holder.put(f"{LIST}/elsewhere/termination", {}, await tag(holder))
    assert (answer.status_code, answer.json()["code"]) == (422, "TERMINATION_NOT_ALLOWED")
    assert (await listed(holder))["elsewhere"]["status"] == "active"


async def test_identifier_with_a_nul_is_not_found(holder: Visitor) -> None:
    assert (await holder.put(f"{LIST}/%00/termination", {}, "*")).status_code == 404
    disputes = "/v1/contracts/c1/purchases/%00/disputes"
    assert (await holder.create(disputes, {"reason": "other"})).status_code == 404


@pytest.mark.parametrize(
    ("content", "media_type", "status", "field"),
    [
        (b'{"reason": 1}', "application/json", 400, "reason"),
        (b'{"reason": "%s"}' % (b"a" * 251), "application/json", 400, "reason"),
        (b'{"reason": "\\u0000"}', "application/json", 400, "reason"),
        (b"[]", "application/json", 400, "body"),
        (b"{", "application/json", 400, "body"),
        (b"\xff", "application/json", 400, "body"),
        (b"{}", "text/plain", 415, None),
        (b"{}" + b" " * 20_000, "application/json", 413, None),
    ],
)
async def test_termination_with_an_invalid_body_is_refused(
    holder: Visitor, content: bytes, media_type: str, status: int, field: str | None
) -> None:
    answer = await holder.http.put(
        f"{LIST}/monthly/termination",
        content=content,
        headers={"Content-Type": media_type, "If-Match": "*"},
    )
    assert answer.status_code == status, answer.text
    assert [each["field"] for each in answer.json().get("errors", [])] == ([field] if field else [])
    assert (await listed(holder))["monthly"]["status"] == "active"


async def test_termination_with_a_read_only_token_is_forbidden(
    holder: Visitor, subscribed_app: Starlette
) -> None:
    async with visiting(subscribed_app) as reader:
        session = (await reader.identify("camille@demo.example", scope="internetplus:read")).json()
        code = (await reader.prove(session["auth_session"])).json()["authorization_code"]
        token = (await reader.redeem(code)).json()["access_token"]
        reader.http.headers["Authorization"] = f"Bearer {token}"
        assert (await reader.get(LIST)).status_code == 200
        answer = await reader.put(f"{LIST}/monthly/termination", {}, "*")
        assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    assert (await listed(holder))["monthly"]["status"] == "active"


async def test_delayed_termination_is_pending_until_its_delay_ends(database: str, time: Clock) -> None:
    async with at_home(database, time, termination_delay=timedelta(minutes=2)) as visitor:
        answer = await visitor.put(f"{LIST}/monthly/termination", {}, await tag(visitor))
        assert (answer.status_code, answer.json()["status"]) == (202, "pendingTerminate")
        again = await visitor.put(f"{LIST}/monthly/termination", {}, "*")
        assert (again.status_code, again.json()) == (202, answer.json())
        time.advance(minutes=2)
        assert (await listed(visitor))["monthly"]["status"] == "terminated"


async def test_optional_members_of_a_data_file_are_answered(time: Clock) -> None:
    one = Subscription(
        subscription_id="trial",
        name="Essai",
        merchant_name="Studio",
        price=Money(amount="0.00"),
        recurring_charge_period="month",
        start_date=date(2024, 3, 1),
        next_price=Money(amount="4.99"),
        notice_days=2,
        trial_end_date=date(2024, 3, 31),
    )
    limits = SpendingLimits(transaction=Money(amount="30.00"))
    camille, *_ = subscribed()
    contract = replace(
        camille.contracts[0], subscriptions=(one,), service=Service(limits=limits), purchases=()
    )
    app = create_app(
        "sqlite://", subscribers=(replace(camille, contracts=(contract,)),), clock=time, settings=CHEAP
    )
    with closing(app.state.store):
        async with signed_in(app) as visitor:
            (told,) = (await visitor.get(LIST)).json()["items"]
            assert (told["nextPrice"]["amount"], told["noticeDays"], told["trialEndDate"]) == (
                "4.99", 2, "2024-03-31",
            )  # fmt: skip
            service = (await visitor.get("/v1/contracts/c1/service")).json()
            expected = {"transaction": {"amount": "30.00", "currency": "EUR"}, "month": None, "own": None}
            assert service["limits"] == expected
