"""Endpoints 7 and 8: state and switch of the service, on each kind of database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.harness.clock import Clock
from tests.services.sandbox.conftest import at_home
from tests.services.sandbox.visitor import Visitor

SERVICE = "/v1/contracts/c1/service"
OFF, ON = {"status": "suspended"}, {"status": "active"}


async def statuses(visitor: Visitor, contract_id: str = "c1") -> dict[str, str]:
    items = (await visitor.get(f"/v1/contracts/{contract_id}/subscriptions")).json()["items"]
    return {each["subscriptionId"]: each["status"] for each in items}


async def test_service_is_answered_with_its_state_and_outstanding_total(holder: Visitor) -> None:
    """Outstanding is the total not yet billed: denied purchases are excluded, refunds subtracted."""
    assert (await holder.get(SERVICE)).json() == {
        "status": "active",
        "pendingStatus": None,
        "since": "2023-03-03",
        "affectedSubscriptions": 3,
        "outstanding": {"amount": "5.49", "currency": "EUR"},
        "limits": None,
    }
    assert (await holder.get("/v1/contracts/c2/service")).json()["since"] == "2024-03-10", "not told: today"


async def test_service_suspended_and_reactivated_leaves_subscriptions_suspended(holder: Visitor) -> None:
    seen = (await holder.get(SERVICE)).headers["etag"]
    off = await holder.put(SERVICE, OFF, seen)
    assert off.status_code == 200
    expected: dict[str, Any] = {"status": "suspended", "pendingStatus": None, "since": "2024-03-10"}
    assert expected.items() <= off.json().items()
    assert off.json()["affectedSubscriptions"] == 3
    assert off.json()["outstanding"]["amount"] == "5.49", "what was bought stays due"
    interrupted = {
        "weekly": "suspended", "monthly": "suspended", "elsewhere": "suspended", "past": "terminated",
    }  # fmt: skip
    assert await statuses(holder) == interrupted
    assert await statuses(holder, "c2") == {"mobile": "active"}

    on = await holder.put(SERVICE, ON, off.headers["etag"])
    assert (on.status_code, on.json()["status"], on.json()["affectedSubscriptions"]) == (200, "active", 0)
    assert await statuses(holder) == interrupted, "they do not come back by themselves"


async def test_service_switch_repeated_gets_the_same_answer(holder: Visitor) -> None:
    seen = (await holder.get(SERVICE)).headers["etag"]
    first = await holder.put(SERVICE, OFF, seen)
    again = await holder.put(SERVICE, OFF, seen)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["etag"] == first.headers["etag"] == (await holder.get(SERVICE)).headers["etag"]


async def test_service_switch_with_a_stale_etag_is_refused(holder: Visitor) -> None:
    seen = (await holder.get(SERVICE)).headers["etag"]
    assert (await holder.put(SERVICE, OFF, None)).status_code == 428
    assert (await holder.put(SERVICE, OFF, 'W/"another"')).status_code == 412
    await holder.put("/v1/contracts/c1/subscriptions/weekly/termination", {}, "*")
    stale = await holder.put(SERVICE, OFF, seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "CHANGED")
    assert (await holder.get(SERVICE)).json()["status"] == "active"


async def test_service_switch_to_an_unknown_status_is_refused(holder: Visitor) -> None:
    for body in ({}, {"status": "paused"}, {"status": None}):
        answer = await holder.put(SERVICE, body, "*")
        assert answer.status_code == 400
        assert [each["field"] for each in answer.json()["errors"]] == ["status"]


async def test_service_with_another_method_lists_the_allowed_ones(holder: Visitor) -> None:
    answer = await holder.http.delete(SERVICE)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "PUT"}


async def test_pending_service_switch_survives_a_restart_and_completes(database: str, time: Clock) -> None:
    async with at_home(database, time, suspension_delay=timedelta(minutes=1)) as visitor:
        answer = await visitor.put(SERVICE, OFF, "*")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["pendingStatus"]) == ("active", "suspended")
        assert (await statuses(visitor))["weekly"] == "active"
        assert (await visitor.put(SERVICE, OFF, "*")).json() == answer.json()
        locked = await visitor.put(SERVICE, ON, "*")
        assert (locked.status_code, locked.json()["code"]) == (409, "SERVICE_LOCKED")
    async with at_home(database, time, suspension_delay=timedelta(minutes=1)) as visitor:
        assert (await visitor.get(SERVICE)).json()["pendingStatus"] == "suspended"
        time.advance(minutes=1)
        state = (await visitor.get(SERVICE)).json()
        assert (state["status"], state["pendingStatus"], state["since"]) == (
            "suspended", None, "2024-03-10",
        )  # fmt: skip
        assert (await statuses(visitor))["weekly"] == "suspended"
        assert (await visitor.put(SERVICE, ON, "*")).json()["pendingStatus"] == "active"
        time.advance(minutes=1)
        assert (await visitor.get(SERVICE)).json()["status"] == "active"
        assert (await statuses(visitor))["weekly"] == "suspended"
