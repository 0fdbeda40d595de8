"""Access control between subscribers: foreign objects are answered like missing ones.

Each endpoint with a path parameter is requested by each demo subscriber for the objects of all others.
Body and headers must equal those of the answer for a missing object.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from importlib.resources import files
from itertools import permutations
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette

from services.sandbox import create_app, schema
from services.sandbox.demo import LARGE_CONTRACT
from services.sandbox.store import subscriber_id_of
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.visitor import Visitor, visiting

CONTRACT = msgspec.yaml.decode(files("services.sandbox").joinpath("openapi.yaml").read_bytes())
OPERATIONS = [(method, path) for path, item in CONTRACT["paths"].items() for method in item if "{" in path]
EVERYONE = ("camille", "sans-achat", "nouveau", "gros-volume", "suspendu", "foyer", "plafond", "veille")
NONE = "no-such-thing"
BODIES = {
    "termination": {},
    "service": {"status": "active"},
    "disputes": {"reason": "other"},
    "review": {},
}
"""Bodies of the writes, by the last segment of their path."""


class Owned(NamedTuple):
    """Contract of a subscriber, with one purchase and one subscription of it, if any."""

    contract: str
    payment: str | None
    subscription: str | None

    def named(self, parameter: str) -> str | None:
        return {"contractId": self.contract, "paymentId": self.payment}.get(parameter, self.subscription)


Everybody = dict[str, tuple[Visitor, list[Owned]]]


@pytest.fixture(scope="module")
def demo() -> Iterator[Starlette]:
    """Return a sandbox with the demo subscribers."""
    app = create_app("sqlite://", clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP)
    with closing(app.state.store):
        yield app


@pytest.fixture(scope="module")
def accesses(demo: Starlette) -> dict[str, tuple[str, list[Owned]]]:
    """Return an access token and the objects of every demo subscriber."""

    async def sign_in(name: str) -> str:
        async with visiting(demo) as visitor:
            tokens = await visitor.sign_in(f"{name}@demo.example")
            await visitor.get(f"/v1/contracts/{LARGE_CONTRACT}/service")  # filled by the first request
            return str(tokens["access_token"])

    return {name: (asyncio.run(sign_in(name)), belongings(demo, f"{name}@demo.example")) for name in EVERYONE}


@pytest.fixture
async def everybody(
    demo: Starlette, accesses: dict[str, tuple[str, list[Owned]]]
) -> AsyncIterator[Everybody]:
    """Return a signed-in client and the objects of every demo subscriber."""
    found: Everybody = {}
    async with AsyncExitStack() as stack:
        for name, (token, owned) in accesses.items():
            visitor = await stack.enter_async_context(visiting(demo))
            visitor.http.headers["Authorization"] = f"Bearer {token}"
            found[name] = visitor, owned
        yield found


def belongings(app: Starlette, identifier: str) -> list[Owned]:
    def read(connection: Any) -> list[Owned]:
        theirs = schema.contract.c.subscriber_id == subscriber_id_of(identifier)
        return [
            Owned(
                contract,
                connection.scalar(
                    select(func.max(schema.purchase.c.payment_id)).where(
                        schema.purchase.c.contract_id == contract
                    )
                ),
                connection.scalar(
                    select(func.max(schema.subscription.c.subscription_id)).where(
                        schema.subscription.c.contract_id == contract
                    )
                ),
            )
            for contract in connection.scalars(select(schema.contract.c.contract_id).where(theirs)).all()
        ]

    owned: list[Owned] = app.state.store.transact(read)
    assert owned
    return owned


def told(answer: httpx.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return an answer without the members that identify the exchange."""
    body = {name: v for name, v in answer.json().items() if name not in ("instance", "correlator")}
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlator"}
    return answer.status_code, body, headers


async def ask(visitor: Visitor, method: str, path: str, names: dict[str, str]) -> httpx.Response:
    """Send an operation that is valid except for the ownership of the named objects."""
    return await visitor.http.request(
        method,
        path.format(**names),
        params={"periodId": "2024-04"} if path.endswith("/purchases") else None,
        json=None if method == "get" else BODIES[path.rpartition("/")[2]],
        headers={"If-Match": "*", "Idempotency-Key": "a-key-of-the-stranger-s-own"},
    )


def parameters(path: str) -> tuple[str, ...]:
    """Return the parameter names of a path, in order."""
    names = tuple(part.split("}")[0] for part in path.split("{")[1:])
    assert set(names) <= {"contractId", "paymentId", "subscriptionId"}, "this test does not know it"
    return names


def content(app: Starlette) -> list[Any]:
    """Return the rows of all subscriber tables."""
    return app.state.store.transact(  # type: ignore[no-any-return]
        lambda connection: [connection.execute(t.select()).all() for t in schema.SUBSCRIBER_TABLES]
    )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_foreign_object_is_answered_like_a_missing_one(
    demo: Starlette, everybody: Everybody, method: str, path: str
) -> None:
    before, names, compared = content(demo), parameters(path), 0
    for stranger, victim in permutations(EVERYONE, 2):
        (visitor, own), (_, theirs) = everybody[stranger], everybody[victim]
        nothing = told(await ask(visitor, method, path, dict.fromkeys(names, NONE)))
        assert nothing[0] == 404
        for of_theirs in theirs:
            tried = [of_theirs]
            if len(names) == 2:  # a foreign contract with an own object
                tried.append(own[0]._replace(contract=of_theirs.contract))
            for mixed in tried:
                ids = {name: mixed.named(name) or NONE for name in names}
                assert told(await ask(visitor, method, path, ids)) == nothing
                compared += 1
        if len(names) == 2:  # an own contract with a foreign object
            mine = {names[0]: own[0].contract}
            nothing = told(await ask(visitor, method, path, mine | {names[1]: NONE}))
            assert nothing[0] in (404, 403), "or, in a household, without the rights to look"
            for of_theirs in theirs:
                ids = mine | {names[1]: of_theirs.named(names[1]) or NONE}
                assert told(await ask(visitor, method, path, ids)) == nothing
                compared += 1
    assert compared >= len(EVERYONE) * (len(EVERYONE) - 1)
    assert content(demo) == before, "nothing was changed"


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if len(parameters(each[1])) == 2])
async def test_object_of_another_own_contract_is_answered_like_a_missing_one(
    demo: Starlette, everybody: Everybody, method: str, path: str
) -> None:
    """Check two contracts of the same subscriber."""
    camille, own = everybody["camille"]
    before, (_, name) = content(demo), parameters(path)
    for here, there in permutations(own, 2):
        ids = {"contractId": here.contract, name: NONE}
        nothing = told(await ask(camille, method, path, ids))
        assert told(await ask(camille, method, path, ids | {name: there.named(name) or NONE})) == nothing
    assert content(demo) == before


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_object_is_answered_to_its_owner(everybody: Everybody, method: str, path: str) -> None:
    """Check the premise of the tests above: the owner gets an answer."""
    camille, (box, *_) = everybody["camille"]
    ids = {name: box.named(name) or "" for name in parameters(path)}
    assert (await ask(camille, method, path, ids)).status_code in (200, 201)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_contract_without_billing_rights_is_forbidden(
    everybody: Everybody, method: str, path: str
) -> None:
    farid, (contract, *_) = everybody["foyer"]
    answer = await ask(farid, method, path, {name: contract.named(name) or NONE for name in parameters(path)})
    assert (answer.status_code, answer.json()["code"]) == (403, "BILLING_RIGHTS_REQUIRED")


async def test_etag_or_key_of_another_subscriber_has_no_effect(everybody: Everybody) -> None:
    """Neither the ETag nor the idempotency key of another subscriber has an effect."""
    camille, _ = everybody["camille"]
    tag = (await camille.get("/v1/me")).headers["etag"]
    opinion = {"articleId": "reading-purchases", "useful": True}
    theirs = (await camille.create("/v1/feedback", opinion)).json()
    for name in EVERYONE[1:]:
        visitor, _ = everybody[name]
        assert (await visitor.http.get("/v1/me", headers={"If-None-Match": tag})).status_code == 200
        assert (await visitor.create("/v1/feedback", opinion)).json() != theirs
    assert (await camille.create("/v1/feedback", opinion)).json() == theirs
