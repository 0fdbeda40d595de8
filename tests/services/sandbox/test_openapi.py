"""The contract as written and as answered, tried with what nobody would think of (schemathesis)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.resources import files

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette

from services.sandbox import create_app
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.people import people
from tests.services.sandbox.visitor import Clock, visiting

CONTRACT = msgspec.yaml.decode(files("services.sandbox").joinpath("openapi.yaml").read_bytes())
OPERATIONS = [(path, method) for path, item in CONTRACT["paths"].items() for method in item]
WHAT_THERE_IS = {"path.contractId": "c1", "path.paymentId": "p1", "query.periodId": "2024-04"}
"""Fixed, so that answers are more than refusals."""


@pytest.fixture(scope="module")
def served() -> Iterator[Starlette]:
    """One sandbox for every case: what one leaves must not trouble the next."""
    app = create_app(
        "sqlite://", subscribers=people(), clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP
    )
    yield app
    app.state.store.close()


@pytest.fixture(scope="module")
def signed_in(served: Starlette) -> dict[str, str]:
    """The header of a real access token."""

    async def sign_in() -> str:
        async with visiting(served) as visitor:
            tokens = await visitor.sign_in("camille@demo.example")
            return str(tokens["access_token"])

    return {"Authorization": f"Bearer {asyncio.run(sign_in())}"}


@pytest.fixture(scope="module", params=[{}, WHAT_THERE_IS], ids=["anything", "what there is"])
def schema(served: Starlette, request: pytest.FixtureRequest) -> schemathesis.BaseSchema:
    config = schemathesis.Config.from_dict({"parameters": request.param})
    return schemathesis.openapi.from_asgi("/openapi.json", served, config=config)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=["well formed", "malformed"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=[path for path, _ in OPERATIONS])
def test_whatever_is_asked(
    schema: schemathesis.BaseSchema,
    path: str,
    method: str,
    mode: schemathesis.GenerationMode,
    signed_in: dict[str, str],
) -> None:
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=signed_in)

    ask()
