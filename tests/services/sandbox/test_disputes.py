"""Endpoint 9: idempotent creation of disputes, on each kind of database."""

from __future__ import annotations

import asyncio

import pytest

from tests.harness.clock import Clock
from tests.services.sandbox.conftest import at_home
from tests.services.sandbox.visitor import KEY, Visitor

PURCHASE = "/v1/contracts/c1/purchases/charge"
DISPUTES = f"{PURCHASE}/disputes"
TOLD = {"reason": "wrong_amount", "comment": "C’était 2,99 €."}
ANOTHER_KEY = "2f7cb2f0-5d0c-4b1c-9c55-0d6c2ab4f5d1"


async def test_dispute_is_acknowledged_and_shown_on_the_purchase(holder: Visitor) -> None:
    answer = await holder.create(DISPUTES, TOLD)
    assert answer.status_code == 201
    dispute = answer.json()
    assert dispute.pop("disputeId").startswith("SG-240310-")
    assert dispute == {
        "status": "acknowledged",
        "reason": "wrong_amount",
        "createdAt": "2024-03-10T12:00:00+01:00",
        "updatedAt": None,
    }
    assert (await holder.get(PURCHASE)).json()["dispute"] == answer.json()
    page = (await holder.get("/v1/contracts/c1/purchases", periodId="2024-04")).json()["items"]
    assert {each["paymentId"]: each["dispute"] for each in page} == {
        "charge": answer.json(), "pending": None, "refused": None, "back": None,
    }  # fmt: skip


async def test_dispute_repeated_with_its_key_gets_the_same_answer(holder: Visitor, time: Clock) -> None:
    first = await holder.create(DISPUTES, TOLD)
    time.advance(minutes=4)
    again = await holder.create(DISPUTES, dict(reversed(TOLD.items())))
    assert (again.status_code, again.text) == (201, first.text)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (DISPUTES, TOLD | {"comment": "Autre chose"}),
        (DISPUTES, {"reason": "wrong_amount"}),
        ("/v1/contracts/c1/purchases/pending/disputes", TOLD),
    ],
)
async def test_dispute_key_reused_for_another_request_is_refused(
    holder: Visitor, path: str, body: dict[str, str]
) -> None:
    await holder.create(DISPUTES, TOLD)
    answer = await holder.create(path, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await holder.get("/v1/contracts/c1/purchases/pending")).json()["dispute"] is None


async def test_second_dispute_of_a_purchase_is_refused(holder: Visitor) -> None:
    first = await holder.create(DISPUTES, TOLD)
    answer = await holder.create(DISPUTES, TOLD, ANOTHER_KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "DISPUTE_EXISTS")
    assert (await holder.get(PURCHASE)).json()["dispute"] == first.json()


async def test_concurrent_disputes_with_one_key_are_created_once(holder: Visitor) -> None:
    answers = await asyncio.gather(*(holder.create(DISPUTES, TOLD) for _ in range(6)))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("payment_id", ["back", "refused"])
async def test_dispute_of_an_uncharged_entry_is_refused(holder: Visitor, payment_id: str) -> None:
    answer = await holder.create(f"/v1/contracts/c1/purchases/{payment_id}/disputes", TOLD)
    assert (answer.status_code, answer.json()["code"]) == (422, "DISPUTE_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("body", "key", "field"),
    [
        ({"reason": "dull"}, KEY, "reason"),
        ({"comment": "?"}, KEY, "reason"),
        (TOLD | {"comment": "é" * 501}, KEY, "comment"),
        (TOLD | {"comment": "\0"}, KEY, "comment"),
        (TOLD | {"comment": None}, KEY, "comment"),
        (TOLD, "", "Idempotency-Key"),
        (TOLD, "short", "Idempotency-Key"),
        (TOLD, "a" * 65, "Idempotency-Key"),
    ],
)
async def test_invalid_dispute_is_refused_with_its_field(
    holder: Visitor, body: dict[str, str], key: str, field: str
) -> None:
    answer = await holder.create(DISPUTES, body, key)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert (await holder.get(PURCHASE)).json()["dispute"] is None


async def test_dispute_without_a_key_is_refused(holder: Visitor) -> None:
    assert (await holder.http.post(DISPUTES, json=TOLD)).status_code == 400


async def test_dispute_comment_of_500_characters_is_accepted(holder: Visitor) -> None:
    assert (await holder.create(DISPUTES, TOLD | {"comment": "é" * 500})).status_code == 201


async def test_dispute_survives_a_restart_of_the_sandbox(database: str, time: Clock) -> None:
    answers = []
    for _ in range(2):
        async with at_home(database, time) as visitor:
            answers.append((await visitor.create(DISPUTES, TOLD)).text)
            assert (await visitor.get(PURCHASE)).json()["dispute"]["reason"] == "wrong_amount"
            refused = await visitor.create(DISPUTES, TOLD, ANOTHER_KEY)
            assert refused.json()["code"] == "DISPUTE_EXISTS"
    assert answers[0] == answers[1]
