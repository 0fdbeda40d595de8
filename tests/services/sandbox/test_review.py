"""Endpoints 14 and 15: the review document of a contract, on each kind of database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.services.sandbox.visitor import Visitor

REVIEW = "/v1/contracts/c1/review"
EMPTY: dict[str, Any] = {
    "decisions": {},
    "seen": [],
    "ownCeiling": None,
    "contests": {},
    "removedContests": [],
    "sender": None,
    "bills": {},
}
DECISION = {
    "verdict": "recognised",
    "decidedAt": "2024-03-10T11:00:00Z",
    "publisher": "eclat-jeux",
    "name": "Éclat Jeux",
}
CONTEST: dict[str, Any] = {
    "claimed": {
        "toldAt": "2024-03-10T11:00:00Z",
        "publisher": "eclat-jeux",
        "name": "Éclat Jeux",
        "lines": [
            {
                "paymentId": "p2",
                "paidAt": "2024-02-29T20:14:31Z",
                "amount": {"amount": "0.99", "currency": "EUR"},
                "reference": "IP-240229-048213",
                "billMonth": "2024-04",
                "category": "games",
            }
        ],
        "reason": "duplicate",
        "claims": ["refund", "proof"],
        "endedOn": None,
        "endedReference": "",
        "twinPaidAt": "2024-02-29T20:14:08Z",
        "overMonth": False,
    },
    "steps": {
        "service": {
            "toldAt": "2024-03-10T11:00:00Z",
            "sentOn": "2024-02-29",
            "means": "email",
            "references": ["SG-1"],
            "answer": {"day": "2024-03-01", "outcome": "partly", "refunded": None},
        }
    },
    "closing": {"toldAt": "2024-03-10T11:00:00Z", "day": None},
}
DOCUMENT: dict[str, Any] = {
    "decisions": {"duplicate|eclat-jeux|p2": DECISION},
    "seen": ["duplicate|eclat-jeux|p2"],
    "ownCeiling": {"amount": 60, "decidedAt": "2024-03-10T11:00:00Z"},
    "contests": {"0123456789abcdef": CONTEST},
    "removedContests": ["fedcba9876543210"],
    "sender": {"address": "1 rue des Lilas", "decidedAt": "2024-03-10T11:00:00Z"},
    "bills": {
        "2024-03": {
            "amount": {"amount": "12.40", "currency": "EUR"},
            "decidedAt": "2024-03-10T11:00:00Z",
        }
    },
}


async def test_review_document_is_empty_until_written(holder: Visitor) -> None:
    first = await holder.get(REVIEW)
    assert first.json() == EMPTY
    written = await holder.put(REVIEW, DOCUMENT, first.headers["etag"])
    assert (written.status_code, written.json()) == (200, DOCUMENT)
    again = await holder.get(REVIEW)
    assert (again.json(), again.headers["etag"]) == (DOCUMENT, written.headers["etag"])
    assert (await holder.get("/v1/contracts/c2/review")).json() == EMPTY


async def test_review_write_with_a_stale_etag_is_refused(holder: Visitor) -> None:
    seen = (await holder.get(REVIEW)).headers["etag"]
    assert (await holder.put(REVIEW, DOCUMENT, seen)).status_code == 200
    late = await holder.put(REVIEW, EMPTY, seen)
    assert (late.status_code, late.json()["code"]) == (412, "CHANGED")
    assert (await holder.put(REVIEW, EMPTY, None)).status_code == 428
    assert (await holder.get(REVIEW)).json() == DOCUMENT


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"seen": [""]},
        {"seen": ["k" * 401]},
        {"decisions": {"k": DECISION | {"verdict": "perhaps"}}},
        {"decisions": {"k": DECISION | {"decidedAt": "2024-03-10T11:00:00"}}},
        {"decisions": {"k": DECISION | {"decidedAt": "9999-12-31T23:59:59Z"}}},
        {"contests": {"another": CONTEST}},
        {"contests": {"0" * 16: CONTEST | {"claimed": CONTEST["claimed"] | {"lines": []}}}},
        {"contests": {"0" * 16: CONTEST | {"steps": {"court": {"toldAt": "2024-03-10T11:00:00Z"}}}}},
        {"sender": {"address": "x" * 501, "decidedAt": "2024-03-10T11:00:00Z"}},
        {"bills": {"2024-13": DOCUMENT["bills"]["2024-03"]}},
        {"bills": {"2024-03": DOCUMENT["bills"]["2024-03"] | {"amount": {"amount": "12.4"}}}},
        {"ownCeiling": {"amount": 301, "decidedAt": "2024-03-10T11:00:00Z"}},
    ],
)
async def test_malformed_review_document_is_refused_whole(holder: Visitor, wrong: Any) -> None:
    answer = await holder.put(REVIEW, wrong, "*")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert (await holder.get(REVIEW)).json() == EMPTY


async def test_review_document_over_the_size_limit_is_refused(holder: Visitor) -> None:
    large = {"seen": [f"{n:0400}" for n in range(400)]}
    assert (await holder.put(REVIEW, large, "*")).status_code == 200
    larger = {"seen": [f"{n:0400}" for n in range(600)]}
    assert (await holder.put(REVIEW, larger, "*")).status_code == 413


async def test_whole_number_with_decimals_is_an_integer(holder: Visitor) -> None:
    ceiling = {"amount": 124.0, "decidedAt": "2024-03-10T11:00:00Z"}
    answer = await holder.put(REVIEW, {"ownCeiling": ceiling}, "*")
    assert (answer.status_code, answer.json()["ownCeiling"]["amount"]) == (200, 124)
    assert (await holder.put(REVIEW, {"ownCeiling": ceiling | {"amount": 1.5}}, "*")).status_code == 400


async def test_concurrent_review_writes_of_one_version_succeed_once(holder: Visitor) -> None:
    seen = (await holder.get(REVIEW)).headers["etag"]
    documents = [EMPTY | {"seen": [f"new|shop|{n}"]} for n in range(6)]
    answers = await asyncio.gather(*(holder.put(REVIEW, one, seen) for one in documents))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]
    (written,) = [answer for answer in answers if answer.status_code == 200]
    assert (await holder.get(REVIEW)).json() == written.json()
