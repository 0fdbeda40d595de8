"""Fuzzing of the client and the state holders, shared by the short and the long test."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx_retries
import msgspec
import pytest

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.oauth import Tokens
from services.domain.errors import BackendError
from services.domain.models import Contract, DisputeReason, ServiceStatus
from tests.harness.patience import stretched
from tests.services.client.test_http import listening
from tests.services.random_server import RandomServer
from tests.services.scripted import ACCOUNT
from views.core.loadable import Loadable
from views.core.session import Gate, SessionState
from views.purchases.detail_state import PurchaseState
from views.purchases.state import PurchasesState
from views.service.state import ServiceState
from views.subscriptions.state import SubscriptionsState

CONTRACT = msgspec.convert(ACCOUNT["contracts"][0], Contract)
CALLS: tuple[Callable[[Backend], Awaitable[Any]], ...] = (
    lambda b: b.begin_sign_in("camille@demo.example"),
    lambda b: b.account(),
    lambda b: b.purchases("c1", "2024-04"),
    lambda b: b.terminate("c1", "s1", '"x"'),
    lambda b: b.switch_service("c1", ServiceStatus.SUSPENDED, '"x"'),
    lambda b: b.dispute("c1", "p1", DisputeReason.OTHER, "", str(uuid4())),
    lambda b: b.send_feedback("a", True, None, None, str(uuid4())),
    lambda b: b.remind_identifier(email="a@b.example"),
    lambda b: b.sign_out_everywhere(),
)


async def account(backend: Backend) -> list[Loadable[Any]]:
    state = SessionState(backend)
    state.gate = Gate.SIGNED_IN
    await state.load_account()
    if state.gate is Gate.SIGNED_OUT:  # the server refused the renewal; the sign-in screen gives the reason
        assert state.ended is not None
        return []
    return [state.account]


async def purchases(backend: Backend) -> list[Loadable[Any]]:
    state = PurchasesState(backend, CONTRACT)
    await state.open("2024-04")
    return [state.periods, state.shown]


async def purchase(backend: Backend) -> list[Loadable[Any]]:
    state = PurchaseState(backend, CONTRACT)
    await state.open("p1")
    return [state.purchase]


async def subscriptions(backend: Backend) -> list[Loadable[Any]]:
    state = SubscriptionsState(backend, CONTRACT)
    await state.load()
    await state.load_charges("s1", ("2024-04",))
    return [state.subscriptions, state.charges]


async def service(backend: Backend) -> list[Loadable[Any]]:
    state = ServiceState(backend, CONTRACT)
    await state.load()
    return [state.service]


HOLDERS = (account, purchases, purchase, subscriptions, service)


async def outcomes_of(answers: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Request at least `answers` random answers and return the number of outcomes by name.

    Every outcome is a value or a `BackendError`; no state holder goes on loading.
    """

    async def asleep(_retry: object, _response: object) -> None:
        """Retry at once."""

    monkeypatch.setattr(httpx_retries.Retry, "asleep", asleep)
    outcomes: Counter[str] = Counter()
    async with listening(RandomServer(seed)) as (address, told):
        while len(told) < answers:
            backend = Backend.at(f"http://{address}", MemoryStore(), timeout=stretched(5))
            for call in CALLS:
                await sign_in(backend)
                try:
                    await call(backend)
                except BackendError as error:
                    outcomes[type(error).__name__] += 1
                else:
                    outcomes["value"] += 1
            for read in HOLDERS:
                await sign_in(backend)
                async with asyncio.timeout(stretched(60)):
                    for held in await read(backend):
                        assert not held.loading, (read.__name__, held)
                        assert held.data is not None or held.error is not None, read.__name__
                        outcomes["value" if held.error is None else type(held.error).__name__] += 1
            await backend.close()
    return outcomes


async def sign_in(backend: Backend) -> None:
    await backend._session.start(Tokens("at", "Bearer", "rt"), "camille@demo.example", remember=False)
