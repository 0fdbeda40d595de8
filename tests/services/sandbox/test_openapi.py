"""Property-based tests of the sandbox against its OpenAPI contract (schemathesis)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.applications import Starlette

from services.sandbox import create_app
from tests.harness.clock import Clock
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import subscribed
from tests.services.sandbox.visitor import visiting

CONTRACT = msgspec.yaml.decode(files("services.sandbox").joinpath("openapi.yaml").read_bytes())
OPERATIONS = [(path, method) for path, item in CONTRACT["paths"].items() for method in item]
WITH_RULES = [
    (path, method)
    for path, method in OPERATIONS
    if "{" in path or any(word in path for word in ("challenge", "token", "feedback", "reminders"))
]
"""Operations with input that can be malformed."""
OF_A_CONTRACT = [(path, method) for path, method in OPERATIONS if "{" in path]
DONE = {"get": {200, 304}, "put": {200, 428}, "post": {201, 400, 409, 422}}
"""Statuses of well-formed requests; generated requests may omit the headers of a write."""


@pytest.fixture(scope="module")
def served() -> Iterator[Starlette]:
    """Return one sandbox for all cases, so that cases also meet the data of earlier ones."""
    app = create_app(
        "sqlite://", subscribers=subscribed(), clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP
    )
    yield app
    app.state.store.close()


@pytest.fixture
def signed_in(served: Starlette) -> dict[str, str]:
    """Return the header of a new access token per test, because one test signs out everywhere."""

    async def sign_in() -> str:
        async with visiting(served) as visitor:
            tokens = await visitor.sign_in("camille@demo.example")
            return str(tokens["access_token"])

    return {"Authorization": f"Bearer {asyncio.run(sign_in())}"}


@pytest.fixture(scope="module")
def contract(served: Starlette) -> BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", served)


def ask(
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    headers: dict[str, str],
    *,
    of_what_there_is: bool = False,
) -> set[int]:
    """Send generated requests to one operation, validate every answer, and return the statuses."""
    # The first step of a sign-in succeeds with a 400. A well-formed write can be refused as late or repeated.
    refusing = "/oauth/" in operation.path or operation.method in ("put", "post")
    excluded: list[Any] = [positive_data_acceptance] if refusing else []
    statuses: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def every(case: Case[Any]) -> None:
        if of_what_there_is:
            case.path_parameters.update(
                {"contractId": "c1", "paymentId": "charge", "subscriptionId": "weekly"}
            )
            if "If-Match" in case.headers:
                case.headers["If-Match"] = "*"
            case.query.update({"periodId": "2024-04"} if operation.path.endswith("/purchases") else {})
        statuses.add(case.call_and_validate(headers=headers, excluded_checks=excluded).status_code)

    every()
    return statuses


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_operation_with_valid_input_conforms_to_the_contract(
    contract: BaseSchema, signed_in: dict[str, str], path: str, method: str
) -> None:
    ask(contract[path][method], GenerationMode.POSITIVE, signed_in)


@pytest.mark.nightly
@pytest.mark.parametrize(("path", "method"), WITH_RULES)
def test_operation_with_malformed_input_conforms_to_the_contract(
    contract: BaseSchema, signed_in: dict[str, str], path: str, method: str
) -> None:
    ask(contract[path][method], GenerationMode.NEGATIVE, signed_in)


@pytest.mark.parametrize(("path", "method"), OF_A_CONTRACT)
def test_operation_on_existing_objects_succeeds_as_in_the_contract(
    contract: BaseSchema, signed_in: dict[str, str], path: str, method: str
) -> None:
    statuses = ask(contract[path][method], GenerationMode.POSITIVE, signed_in, of_what_there_is=True)
    assert min(DONE[method]) in statuses
    assert statuses <= DONE[method]
