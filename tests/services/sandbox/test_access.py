"""Nobody reaches what is another's: every endpoint of the contract that names something, asked by every demo
subscriber of what every other has. The answer is that for what does not exist, header by header.
"""

from __future__ import annotations

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
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.visitor import Clock, Visitor, visiting

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
"""Of the changes, by the end of their path."""


class Owned(NamedTuple):
    """What somebody has: a contract, and one thing of each kind on it, if there is one."""

    contract: str
    payment: str | None
    subscription: str | None

    def named(self, parameter: str) -> str | None:
        return {"contractId": self.contract, "paymentId": self.payment}.get(parameter, self.subscription)


Everybody = dict[str, tuple[Visitor, list[Owned]]]


@pytest.fixture(scope="module")
def demo() -> Iterator[Starlette]:
    """The demo subscribers, as everybody meets them."""
    app = create_app("sqlite://", clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP)
    with closing(app.state.store):
        yield app


@pytest.fixture
async def everybody(demo: Starlette) -> AsyncIterator[Everybody]:
    """Every demo subscriber, signed in, and what they have."""
    found: Everybody = {}
    async with AsyncExitStack() as stack:
        for name in EVERYONE:
            visitor = await stack.enter_async_context(visiting(demo))
            await visitor.sign_in(f"{name}@demo.example")
            await visitor.get(f"/v1/contracts/{LARGE_CONTRACT}/service")  # filled by the first request
            found[name] = visitor, belongings(demo, f"{name}@demo.example")
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
    """An answer without the name of this one exchange."""
    body = {name: v for name, v in answer.json().items() if name not in ("instance", "correlator")}
    headers = {name: value for name, value in answer.headers.items() if name != "x-correlator"}
    return answer.status_code, body, headers


async def ask(visitor: Visitor, method: str, path: str, names: dict[str, str]) -> httpx.Response:
    """One operation, right in everything but whose thing it names."""
    return await visitor.http.request(
        method,
        path.format(**names),
        params={"periodId": "2024-04"} if path.endswith("/purchases") else None,
        json=None if method == "get" else BODIES[path.rpartition("/")[2]],
        headers={"If-Match": "*", "Idempotency-Key": "a-key-of-the-stranger-s-own"},
    )


def parameters(path: str) -> tuple[str, ...]:
    """The names in a path, the contract's first."""
    names = tuple(part.split("}")[0] for part in path.split("{")[1:])
    assert set(names) <= {"contractId", "paymentId", "subscriptionId"}, "this test does not know it"
    return names


def content(app: Starlette) -> list[Any]:
    """All that subscribers have or did."""
    return app.state.store.transact(  # type: ignore[no-any-return]
        lambda connection: [connection.execute(t.select()).all() for t in schema.SUBSCRIBER_TABLES]
    )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_what_is_another_s_is_as_what_is_not(
    demo: Starlette, everybody: Everybody, method: str, path: str
) -> None:
    before, names, compared = content(demo), parameters(path), 0
    for stranger, victim in permutations(EVERYONE, 2):
        (visitor, own), (_, theirs) = everybody[stranger], everybody[victim]
        nothing = told(await ask(visitor, method, path, dict.fromkeys(names, NONE)))
        assert nothing[0] == 404
        for of_theirs in theirs:
            tried = [of_theirs]
            if len(names) == 2:  # their contract, with something of one's own on it
                tried.append(own[0]._replace(contract=of_theirs.contract))
            for mixed in tried:
                ids = {name: mixed.named(name) or NONE for name in names}
                assert told(await ask(visitor, method, path, ids)) == nothing
                compared += 1
        if len(names) == 2:  # one's own contract, with something of theirs on it
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
async def test_a_thing_is_found_on_its_own_contract_only(
    demo: Starlette, everybody: Everybody, method: str, path: str
) -> None:
    """Of one's own two contracts, too."""
    camille, own = everybody["camille"]
    before, (_, name) = content(demo), parameters(path)
    for here, there in permutations(own, 2):
        ids = {"contractId": here.contract, name: NONE}
        nothing = told(await ask(camille, method, path, ids))
        assert told(await ask(camille, method, path, ids | {name: there.named(name) or NONE})) == nothing
    assert content(demo) == before


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_the_same_questions_are_answered_to_whose_they_are(
    everybody: Everybody, method: str, path: str
) -> None:
    """Else the tests above would show nothing."""
    camille, (box, *_) = everybody["camille"]
    ids = {name: box.named(name) or "" for name in parameters(path)}
    assert (await ask(camille, method, path, ids)).status_code in (200, 201)


async def test_what_one_knows_of_another_s_answer_is_worth_nothing(everybody: Everybody) -> None:
    """Neither the tag of what they see, nor the key of what they did."""
    camille, _ = everybody["camille"]
    tag = (await camille.get("/v1/me")).headers["etag"]
    opinion = {"articleId": "reading-purchases", "useful": True}
    theirs = (await camille.create("/v1/feedback", opinion)).json()
    for name in EVERYONE[1:]:
        visitor, _ = everybody[name]
        assert (await visitor.http.get("/v1/me", headers={"If-None-Match": tag})).status_code == 200
        assert (await visitor.create("/v1/feedback", opinion)).json() != theirs
    assert (await camille.create("/v1/feedback", opinion)).json() == theirs


async def test_signing_out_everywhere_signs_nobody_else_out(everybody: Everybody) -> None:
    camille, _ = everybody["camille"]
    assert (await camille.http.delete("/v1/sessions")).status_code == 204
    assert (await camille.get("/v1/me")).status_code == 401
    for name in EVERYONE[1:]:
        assert (await everybody[name][0].get("/v1/me")).status_code == 200
