"""Stateful tests of the links of the contract (schemathesis)."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from services.sandbox import create_app
from tests.harness.clock import Clock
from tests.harness.fuzz import examples
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.factories import subscribed
from tests.services.sandbox.visitor import visiting

FOLLOWED = {
    "GET /v1/contracts/{contractId}/billing-periods",
    "GET /v1/contracts/{contractId}/purchases",
    "GET /v1/contracts/{contractId}/purchases/{paymentId}",
    "GET /v1/contracts/{contractId}/subscriptions",
    "GET /v1/contracts/{contractId}/service",
    "POST /v1/contracts/{contractId}/purchases/{paymentId}/disputes",
    "PUT /v1/contracts/{contractId}/subscriptions/{subscriptionId}/termination",
    "PUT /v1/contracts/{contractId}/service",
}
"""Operations that the links lead to."""


@pytest.mark.nightly
def test_contract_links_are_followed_and_answers_conform() -> None:
    app = create_app(
        "sqlite://", subscribers=subscribed(), clock=Clock("2024-03-10T12:00:00+01:00"), settings=CHEAP
    )
    with closing(app.state.store):
        headers = asyncio.run(signed_in(app))
        whole = schemathesis.openapi.from_asgi("/openapi.json", app)
        contract = whole.exclude(
            path_regex="^/oauth/|^/v1/sessions$"
        )  # these end the session that the links need
        contract.config.generation.update(modes=[GenerationMode.POSITIVE])
        done: Counter[tuple[str, int]] = Counter()

        class Links(contract.as_state_machine()):  # type: ignore[misc] # schemathesis makes the class
            def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
                return {"headers": headers}

            def before_call(self, case: Case[Any]) -> None:
                if "contractId" in case.path_parameters:
                    case.path_parameters["contractId"] = "c1"  # random ids would end the walk
                if case.operation.label == "GET /v1/contracts/{contractId}/purchases":
                    case.query = {"periodId": "2024-04", "order": "asc"}

            def validate_response(self, response: Any, case: Case[Any], **more: Any) -> None:
                # A well-formed write can be refused as late or repeated.
                excluded: list[Any] = [positive_data_acceptance] if case.method in ("PUT", "POST") else []
                case.validate_response(response, excluded_checks=excluded, headers=headers)
                done[case.operation.label, response.status_code] += 1

        Links.run(settings=settings(examples(60), stateful_step_count=12))
    reached = {label for label, status in done if status in (200, 201, 422)}  # 422: found, but refused
    assert reached >= FOLLOWED


async def signed_in(app: Any) -> dict[str, str]:
    async with visiting(app) as visitor:
        tokens = await visitor.sign_in("camille@demo.example")
    return {"Authorization": f"Bearer {tokens['access_token']}"}
