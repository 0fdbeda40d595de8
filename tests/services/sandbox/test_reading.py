"""Endpoints 1 to 4: account, periods and purchases, their access rules and refusals."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from services.sandbox import create_app, parse_subscribers
from services.sandbox.reading import representation
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import contract as contract_of
from tests.services.sandbox.factories import data_file, purchase, subscriber
from tests.services.sandbox.visitor import Visitor, signed_in

PURCHASES = "/v1/contracts/c1/purchases"


def ids(body: dict[str, Any]) -> list[str]:
    return [item["paymentId"] for item in body["items"]]


async def test_me_lists_contracts_in_their_order(camille: Visitor) -> None:
    body = (await camille.get("/v1/me")).json()
    assert body["displayName"] == "Camille"
    assert [contract["contractId"] for contract in body["contracts"]] == ["c1", "c2"]
    assert body["contracts"][0] == {
        "contractId": "c1",
        "kind": "internet",
        "label": "Box Fibre",
        "maskedNumber": "04 •• •• •• 12",
        "billingRights": True,
        "billing": {"cutOffDay": 26, "timeZone": "Europe/Paris"},
    }


async def test_billing_periods_are_six_newest_first_with_totals(camille: Visitor) -> None:
    items = (await camille.get("/v1/contracts/c1/billing-periods")).json()["items"]
    assert [item["periodId"] for item in items] == [
        "2024-04", "2024-03", "2024-02", "2024-01", "2023-12", "2023-11",
    ]  # fmt: skip
    assert items[0] == {
        "periodId": "2024-04",
        "startDate": "2024-02-26",
        "endDate": "2024-03-25",
        "billMonth": "2024-04",
        "state": "open",
        "purchaseCount": 3,  # p2, p3, p5; not the denied purchase or the refunds
        "total": {"amount": "7.49", "currency": "EUR"},  # 4.99 + 3.99 - 1.00 - 0.49
        "pendingTotal": {"amount": "2.50", "currency": "EUR"},
        "bill": None,
    }
    assert items[1]["total"] == {"amount": "1.99", "currency": "EUR"}
    assert items[2] | {"periodId": "", "startDate": "", "endDate": "", "billMonth": ""} == {
        "periodId": "",
        "startDate": "",
        "endDate": "",
        "billMonth": "",
        "state": "billed",
        "purchaseCount": 0,
        "total": {"amount": "0.00", "currency": "EUR"},
        "pendingTotal": {"amount": "0.00", "currency": "EUR"},
        "bill": None,
    }


async def test_purchase_at_a_period_boundary_is_in_the_right_period(camille: Visitor) -> None:
    march = (await camille.get(PURCHASES, periodId="2024-03")).json()
    assert ids(march) == ["p1"]
    assert march["items"][0]["periodId"] == "2024-03"
    assert (march["period"]["total"]["amount"], march["period"]["purchaseCount"]) == ("1.99", 1)
    april = (await camille.get(PURCHASES, periodId="2024-04", order="asc")).json()
    assert april["items"][0]["paymentId"] == "p2"
    assert april["items"][0]["paymentDate"] == "2024-02-26T00:00:00+01:00"
    assert april["items"][0]["periodId"] == "2024-04"


@pytest.mark.parametrize(
    ("now", "states"),
    [
        ("2024-02-25T23:59:59+01:00", ["open", "billed"]),
        ("2024-02-26T00:00:00+01:00", ["open", "closed"]),
        ("2024-02-29T23:59:59+01:00", ["open", "closed"]),
        ("2024-03-01T00:00:00+01:00", ["open", "billed"]),
    ],
)
async def test_period_is_billed_from_the_start_of_its_bill_month(
    time: Clock, app: Starlette, now: str, states: list[str]
) -> None:
    time.now = Clock(now).now
    async with signed_in(app) as visitor:
        items = (await visitor.get("/v1/contracts/c1/billing-periods")).json()["items"]
        assert [item["state"] for item in items[:2]] == states
        purchase = (await visitor.get(f"{PURCHASES}/p1")).json()
        assert purchase["isBilled"] == (now >= "2024-03-01")


async def test_period_uses_the_cut_off_day_and_zone_of_its_contract(time: Clock, app: Starlette) -> None:
    time.now = Clock("2024-03-01T03:59:59+00:00").now  # still February in Martinique
    async with signed_in(app) as visitor:
        newest = (await visitor.get("/v1/contracts/c2/billing-periods")).json()["items"][0]
        assert (newest["startDate"], newest["endDate"], newest["periodId"]) == (
            "2024-02-01", "2024-02-29", "2024-03",
        )  # fmt: skip


async def test_purchase_is_answered_with_its_refunds(camille: Visitor) -> None:
    body = (await camille.get(f"{PURCHASES}/p1")).json()
    assert body["refundedAmount"] == {"amount": "1.49", "currency": "EUR"}
    assert [(each["paymentId"], each["amount"]["amount"]) for each in body.pop("refunds")] == [
        ("r1", "-1.00"),
        ("r2", "-0.49"),
    ]
    assert body == {
        "paymentId": "p1",
        "entryType": "purchase",
        "refundOf": None,
        "paymentStatus": "succeeded",
        "paymentDate": "2024-02-25T23:59:59+01:00",
        "amount": {"amount": "1.99", "currency": "EUR"},
        "taxAmount": None,
        "description": "Article",
        "merchantName": "Gazette des Deux Rives",
        "merchantIdentifier": "gazette-des-deux-rives",
        "merchantContact": {"url": "https://www.lanterne.example", "email": None, "phone": "01 99 00 12 34"},
        "purchaseCategoryCode": "press",
        "channel": "internetplus_box",
        "kind": "oneOff",
        "subscriptionId": None,
        "referenceCode": "IP-p1",
        "periodId": "2024-03",
        "billedPeriodId": None,
        "isBilled": True,
        "refundedAmount": {"amount": "1.49", "currency": "EUR"},
        "dispute": None,
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["r2", "r1", "p5", "p4", "p3", "p2"]),
        ({"order": "asc"}, ["p2", "p3", "p4", "p5", "r1", "r2"]),
        ({"kind": "oneOff"}, ["p4", "p3", "p2"]),
        ({"kind": "subscription"}, ["p5"]),
        ({"kind": "refund"}, ["r2", "r1"]),
        ({"q": " ile AUX boussoles"}, ["p5"]),
        ({"q": "ŒUVRES"}, ["p5"]),
        ({"q": "d’oeuvres"}, ["p5"]),
        ({"q": "cine"}, ["p2"]),
        ({"q": "%"}, ["p5"]),
        ({"q": "_"}, ["p5"]),
        ({"q": "gazette", "kind": "refund"}, ["r2", "r1"]),
        ({"q": "nothing like it"}, []),
        ({"q": ""}, ["r2", "r1", "p5", "p4", "p3", "p2"]),
        ({"perPage": 4, "page": 2}, ["p3", "p2"]),
        ({"perPage": 4, "page": 3}, []),
        ({"page": 999999999, "perPage": 100}, []),
    ],
)
async def test_purchase_list_is_filtered_ordered_and_paged(
    camille: Visitor, parameters: dict[str, str | int], expected: list[str]
) -> None:
    answer = await camille.get(PURCHASES, periodId="2024-04", **parameters)
    body = answer.json()
    assert ids(body) == expected
    assert body["period"]["total"]["amount"] == "7.49"  # the whole period's, whatever is listed


async def test_pagination_counts_the_filtered_items(camille: Visitor) -> None:
    body = (await camille.get(PURCHASES, periodId="2024-04", perPage=4, page=2)).json()
    assert body["pagination"] == {"page": 2, "perPage": 4, "totalCount": 6, "totalPages": 2}
    empty = (await camille.get(PURCHASES, periodId="2024-02")).json()
    assert empty["pagination"] == {"page": 1, "perPage": 50, "totalCount": 0, "totalPages": 0}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"kind": "gift"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"order": "up"}, "order"),
        ({"page": "0"}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "١"}, "page"),
        ({"page": "1" * 5000}, "page"),
        ({"perPage": "101"}, "perPage"),
        ({"perPage": "0"}, "perPage"),
        ({"perPage": "1_0"}, "perPage"),
        ({"q": "x" * 101}, "q"),
        ({"q": "a\0b"}, "q"),
        ({"periodId": ""}, "periodId"),
    ],
)
async def test_invalid_parameter_is_refused_with_its_name(
    camille: Visitor, parameters: dict[str, str], field: str
) -> None:
    answer = await camille.get(PURCHASES, **({"periodId": "2024-04"} | parameters))
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "INVALID_ARGUMENT"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_repeated_parameter_is_refused(camille: Visitor) -> None:
    answer = await camille.http.get(f"{PURCHASES}?periodId=2024-04&page=1&page=2")
    assert [error["field"] for error in answer.json()["errors"]] == ["page"]


@pytest.mark.parametrize("period_id", ["2024-05", "2023-10", "2024-4", "never"])
async def test_period_outside_the_latest_six_is_not_available(camille: Visitor, period_id: str) -> None:
    answer = await camille.get(PURCHASES, periodId=period_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "PERIOD_NOT_AVAILABLE")


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, 'Bearer realm="conso-et-moi"'),
        ("Basic YTpi", 'Bearer realm="conso-et-moi"'),
        ("Bearer", 'Bearer realm="conso-et-moi"'),
        ("Bearer nobody-s", 'Bearer realm="conso-et-moi", error="invalid_token"'),
    ],
)
async def test_request_without_a_valid_token_is_unauthenticated(
    visitor: Visitor, header: str | None, challenge: str
) -> None:
    answer = await visitor.http.get("/v1/me", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert answer.json()["code"] == "UNAUTHENTICATED"


async def test_unchanged_answer_is_304_for_its_etag(camille: Visitor) -> None:
    first = await camille.get("/v1/me")
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["vary"] == "Authorization"
    etag = first.headers["etag"]
    for known in (etag, f'"x", W/{etag}', f'{etag[:-1]}-gzip"', "*"):
        again = await camille.http.get("/v1/me", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    changed = await camille.http.get("/v1/contracts/c1/billing-periods", headers={"If-None-Match": '"x"'})
    assert changed.status_code == 200


async def test_etag_of_the_same_body_differs_per_subscriber() -> None:
    def tag(subscriber_id: str) -> str:
        request = Request({"type": "http", "headers": []})
        return representation(request, subscriber_id, b"the same for both").headers["etag"]

    assert tag("camille") == tag("camille")
    assert tag("camille") != tag("bruno")


async def test_correlator_is_echoed_only_if_it_is_a_uuid(visitor: Visitor) -> None:
    sent = str(uuid.uuid4())
    for path in ("/v1/me", "/healthz", "/nowhere"):
        answer = await visitor.http.get(path, headers={"x-correlator": sent})
        assert answer.headers["x-correlator"] == sent
    for odd in ("hello", "x" * 5000, "{" + sent + "}"):
        answer = await visitor.http.get("/healthz", headers={"x-correlator": odd})
        assert str(uuid.UUID(answer.headers["x-correlator"])) != sent


async def test_date_header_follows_the_sandbox_clock(visitor: Visitor, time: Clock) -> None:
    assert (await visitor.get("/healthz")).headers["date"] == "Sun, 10 Mar 2024 11:00:00 GMT"
    time.advance(days=1)
    assert (await visitor.get("/nowhere")).headers["date"] == "Mon, 11 Mar 2024 11:00:00 GMT"


async def test_unknown_path_or_method_is_answered_with_a_problem(visitor: Visitor) -> None:
    unknown, method = await visitor.get("/v1/nowhere"), await visitor.http.put("/v1/me")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOT_FOUND")
    assert (method.status_code, method.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in method.headers["allow"]
    assert unknown.headers["content-type"] == method.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("now", "bill", "billed"),
    [("2024-03-04T23:59:59+01:00", None, True), ("2024-03-05T00:00:00+01:00", "F-1", True),
     ("2024-02-27T00:00:00+01:00", None, False)],
)  # fmt: skip
async def test_bill_is_shown_from_its_issue_day_and_named_by_its_entries(
    database: str, time: Clock, now: str, bill: str | None, billed: bool
) -> None:
    time.now = Clock(now).now
    carried = purchase("p1", "2024-01-20T10:00:00+01:00", "2.99", billedPeriodId="2024-03")
    printed = {
        "billMonth": "2024-03",
        "number": "F-1",
        "issueDate": "2024-03-05",
        "amount": {"amount": "2.99"},
    }
    people = parse_subscribers(data_file(subscriber("camille", contract_of("c1", carried, bills=[printed]))))
    app = create_app(database, subscribers=people, clock=time, settings=CHEAP)
    with closing(app.state.store):
        async with signed_in(app) as visitor:
            items = (await visitor.get("/v1/contracts/c1/billing-periods")).json()["items"]
            told = next(one["bill"] for one in items if one["periodId"] == "2024-03")
            expected = {
                "number": "F-1",
                "issueDate": "2024-03-05",
                "amount": {"amount": "2.99", "currency": "EUR"},
            }
            assert told == (expected if bill else None)
            one = (await visitor.get(f"{PURCHASES}/p1")).json()
            assert (one["periodId"], one["billedPeriodId"]) == ("2024-02", "2024-03")
            assert one["isBilled"] is billed
