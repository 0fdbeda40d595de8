"""Client with a mock of the contract: it reads every answer that the schemas allow."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.http import HttpClient, utc_now
from services.client.oauth import Challenge, Tokens
from services.domain.errors import (
    ActionNeeded,
    BackendError,
    Locked,
    Refused,
    SignInTimedOut,
    UnexpectedAnswer,
)
from services.domain.models import DisputeReason, ServiceStatus
from services.insights.review import Review
from tests.nightly.contract.mock import Draw, mocked
from tests.nightly.contract.node import CONTRACT

SEEDS = range(1, 26)
"""One draw each, of every endpoint; a few seeds draw the same."""
DRAWS = 20
CAMILLE = "camille@demo.example"
KEY = "00000000-0000-4000-8000-000000000001"
TAG = '"' + "0" * 64 + '"'
VERIFIER = "v" * 43

SIGN_IN_ERRORS = {
    "access_denied": Refused,
    "invalid_session": SignInTimedOut,
    "redirect_to_web": ActionNeeded,
    "temporarily_locked": Locked,
}
"""Error of the client by status; any other error is a defect of the client or the backend."""

Call = Callable[[Backend], Awaitable[Any]]


def switch(backend: Backend) -> Awaitable[Any]:
    return backend.switch_service("c1", ServiceStatus.SUSPENDED, TAG)


CALLS: dict[str, tuple[Call, int | None]] = {
    "getMe": (lambda backend: backend.account(), None),
    "listBillingPeriods": (lambda backend: backend.billing_periods("c1"), None),
    "listPurchases": (lambda backend: backend.purchases("c1", "2024-03"), None),
    "getPurchase": (lambda backend: backend.purchase("c1", "p1"), None),
    "listSubscriptions": (lambda backend: backend.subscriptions("c1"), None),
    "getService": (lambda backend: backend.service("c1"), None),
    "getReview": (lambda backend: backend.review("c1"), None),
    "replaceReview": (lambda backend: backend.replace_review("c1", Review(), TAG), None),
    "terminateSubscription": (lambda backend: backend.terminate("c1", "s1", TAG), None),
    "terminateSubscription, under way": (lambda backend: backend.terminate("c1", "s1", TAG), 202),
    "switchService": (switch, None),
    "switchService, under way": (switch, 202),
    "openDispute": (lambda backend: backend.dispute("c1", "p1", DisputeReason.AMOUNT, "", KEY), None),
}
"""Calls that read an answer, by operation, and the status of the change."""
SENT: dict[str, tuple[Call, int]] = {
    "giveFeedback": (lambda backend: backend.send_feedback("article", True, "yes", None, KEY), 201),
    "remindIdentifier, by e-mail": (lambda backend: backend.remind_identifier(email=CAMILLE), 202),
    "remindIdentifier, by phone": (lambda backend: backend.remind_identifier(phone_number="0612345678"), 202),
}
"""Calls whose answer is its status."""
SIGNING_IN = {"getAuthorizationServer", "challenge", "token", "revoke", "endSessions"}
NOT_OF_THE_CLIENT = {"getHealth", "getContract"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mocked(CONTRACT, tmp_path_factory.mktemp("prism") / "log") as origin:
        yield origin


@asynccontextmanager
async def client(origin: str, draw: Draw, *, renewed: bool = False) -> AsyncIterator[Backend]:
    """Yield a client that is signed in; with `renewed`, its access token has expired."""
    backend = Backend(HttpClient(origin, draw, clock=utc_now, timeout=60), MemoryStore())
    await backend._session.start(Tokens("" if renewed else "at", "Bearer", "rt"), CAMILLE, remember=False)
    try:
        yield backend
    finally:
        await backend.close()


async def read(origin: str, call: Call, changed: int | None = None) -> set[bytes]:
    """Read one answer of each seed; return their bodies."""
    drawn = set()
    for seed in SEEDS:
        draw = Draw(seed, changed)
        async with client(origin, draw) as backend:
            try:
                answer = await call(backend)
            except BackendError as error:
                raise AssertionError(f"seed {seed}: {error!r} {draw.body!r}") from error
        value = getattr(answer, "value", answer)
        assert not getattr(answer, "unreadable", 0), f"seed {seed}: {draw.body!r}"
        assert not getattr(value, "unreadable", 0), f"seed {seed}: {draw.body!r}"
        drawn.add(draw.body)
    return drawn


def test_mock_covers_every_operation_of_the_contract() -> None:
    paths = msgspec.yaml.decode(CONTRACT.read_bytes())["paths"]
    operations = {operation["operationId"] for path in paths.values() for operation in path.values()}
    covered = {name.partition(",")[0] for name in (*CALLS, *SENT)}
    assert operations == covered | SIGNING_IN | NOT_OF_THE_CLIENT


@pytest.mark.parametrize("name", CALLS)
async def test_answer_drawn_from_the_contract_is_read(origin: str, name: str) -> None:
    assert len(await read(origin, *CALLS[name])) >= DRAWS


@pytest.mark.parametrize("name", SENT)
async def test_status_drawn_from_the_contract_is_taken_for_success(origin: str, name: str) -> None:
    call, status = SENT[name]
    for seed in SEEDS:
        draw = Draw(seed)
        async with client(origin, draw) as backend:
            await call(backend)
        assert draw.statuses == [status]


async def test_tokens_drawn_from_the_contract_renew_a_session(origin: str) -> None:
    for seed in SEEDS:
        draw = Draw(seed)
        async with client(origin, draw, renewed=True) as backend:
            await backend.account()
            assert backend.signed_in
        assert draw.statuses == [200, 200, 200], "metadata, tokens, account"


async def test_tokens_drawn_from_the_contract_end_a_sign_in(origin: str) -> None:
    for seed in SEEDS:
        draw = Draw(seed)
        async with client(origin, draw) as backend:
            await backend.finish_sign_in(Challenge(CAMILLE, "s", VERIFIER), "Soleil-2026", remember=True)
            assert backend.signed_in
        assert draw.statuses == [200, 200, 200], "metadata, code, tokens"


async def test_sign_out_drawn_from_the_contract_revokes_the_session(origin: str) -> None:
    for seed in SEEDS:
        draw = Draw(seed)
        async with client(origin, draw) as backend:
            await backend.sign_out()
        assert draw.statuses == [200, 200], "metadata, revocation"


async def test_sign_out_everywhere_drawn_from_the_contract_ends_the_session(origin: str) -> None:
    for seed in SEEDS:
        draw = Draw(seed)
        async with client(origin, draw) as backend:
            await backend.sign_out_everywhere()
            assert not backend.signed_in
        assert draw.statuses[0] == 204


STEPS: dict[str, Call] = {
    "identifier": lambda backend: backend.begin_sign_in(CAMILLE),
    "password": lambda backend: backend.finish_sign_in(
        Challenge(CAMILLE, "s", VERIFIER), "Soleil-2026", remember=False
    ),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [400, 429])
async def test_sign_in_error_drawn_from_the_contract_is_understood(
    origin: str, status: int, step: str
) -> None:
    met = set()
    for seed in SEEDS:
        draw = Draw(seed, status)
        async with client(origin, draw) as backend:
            outcome: object
            try:
                outcome = await STEPS[step](backend)
            except BackendError as error:
                outcome = error
        name = json.loads(draw.body)["error"]
        expected: type = SIGN_IN_ERRORS.get(name, UnexpectedAnswer)
        if name == "insufficient_authorization" and step == "identifier":
            expected = Challenge
        assert type(outcome) is expected, f"seed {seed}: {outcome!r} {draw.body!r}"
        met.add(name)
    assert met & {"insufficient_authorization", "temporarily_locked"}


async def test_mock_of_a_contract_that_allows_too_much_is_refused(tmp_path: Path) -> None:
    """Check that these tests can fail: a schema without its bounds is noticed."""
    text = CONTRACT.read_text("utf-8")
    loose = tmp_path / "openapi.yaml"
    loose.write_text(text.replace("'^20[0-9]{2}-(0[1-9]|1[0-2])$'", "'^[0-9]{4}-[0-9]{2}$'"), "utf-8")
    with (
        mocked(loose, tmp_path / "log") as origin,
        pytest.raises(AssertionError, match="seed"),
    ):
        await read(origin, CALLS["listBillingPeriods"][0])
