"""Step-up authentication (RFC 9470) and refusal of outdated apps, on the client's side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Connection, func, select
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import CredentialStore, MemoryStore
from services.client.session import StoredSession
from services.domain.errors import (
    Locked,
    PasswordNeeded,
    Refused,
    SessionExpired,
    SignInTimedOut,
    Unreachable,
    UpdateNeeded,
)
from services.domain.models import ServiceStatus
from services.sandbox.schema import family
from tests.harness.clock import Clock
from tests.services.doubles import PASSWORDS, Network
from tests.services.sandbox.conftest import running
from tests.services.scripted import Scripted, always

CAMILLE = "camille@demo.example"
PASSWORD = PASSWORDS[CAMILLE]


@pytest.fixture
def time() -> Clock:
    return Clock("2024-03-10T12:00:00+01:00")


@pytest.fixture
def network(time: Clock) -> Iterator[Network]:
    with running("sqlite://", time) as app:
        yield Network(app)


async def signed_in(
    network: Network, time: Clock, store: CredentialStore | None = None, *, remember: bool = True
) -> Backend:
    backend = network.backend(store or MemoryStore(), time)
    challenge = await backend.begin_sign_in(CAMILLE)
    await backend.finish_sign_in(challenge, PASSWORD, remember=remember)
    return backend


async def prove(backend: Backend, password: str = PASSWORD) -> None:
    await backend.step_up(await backend.begin_sign_in(backend.identifier or ""), password)


async def too_long_ago(network: Network, time: Clock, store: CredentialStore | None = None) -> Backend:
    """Return a backend that signed in 11 minutes ago and has been used since."""
    backend = await signed_in(network, time, store)
    time.advance(minutes=11)
    await backend.account()
    return backend


def families(network: Network, *, alive: bool) -> int:
    """Return the number of live or revoked sessions in the sandbox."""

    def rows(connection: Connection) -> int:
        where = family.c.revoked_at.is_(None) if alive else family.c.revoked_at.is_not(None)
        return connection.scalar(select(func.count()).where(where)) or 0

    app = network._inner.app
    assert isinstance(app, Starlette)
    found: int = app.state.store.transact(rows)
    return found


async def test_step_up_challenge_neither_ends_nor_renews_the_session(network: Network, time: Clock) -> None:
    backend = await too_long_ago(network, time)
    ended: list[bool] = []
    backend.on_session_end = lambda: ended.append(True)
    renewals = len(network.renewals)
    etag, seen = (await backend.subscriptions("c1")).etag, await backend.service("c1")
    asked = len(network.requests)
    with pytest.raises(PasswordNeeded):
        await backend.terminate("c1", "monthly", etag)
    with pytest.raises(PasswordNeeded):
        await backend.switch_service("c1", ServiceStatus.SUSPENDED, seen.etag)
    assert len(network.requests) == asked + 2, "each was sent once"
    assert len(network.renewals) == renewals
    assert backend.signed_in
    assert not ended
    assert (await backend.account()).value.display_name == "Camille"


async def test_step_up_challenge_after_a_renewal_keeps_the_session(network: Network, time: Clock) -> None:
    backend = await signed_in(network, time)
    etag = (await backend.subscriptions("c1")).etag
    time.advance(minutes=11)
    with pytest.raises(PasswordNeeded):
        await backend.terminate("c1", "monthly", etag)
    assert len(network.renewals) == 1
    assert backend.signed_in


@pytest.mark.parametrize("remember", [True, False])
async def test_step_up_with_the_password_allows_the_change_and_keeps_the_cache(
    network: Network, time: Clock, remember: bool
) -> None:
    store = MemoryStore()
    backend = await signed_in(network, time, store, remember=remember)
    time.advance(minutes=11)
    read = await backend.account()
    etag = (await backend.subscriptions("c1")).etag
    with pytest.raises(PasswordNeeded):
        await backend.terminate("c1", "monthly", etag)
    await prove(backend)
    assert (await backend.terminate("c1", "monthly", etag)).value.status.ended
    assert (await backend.account()).value is read.value, "what was known still is"
    assert (families(network, alive=True), families(network, alive=False)) == (1, 1)
    kept = await store.load()
    assert (kept is not None) is remember
    if kept is not None:
        known = StoredSession.decode(kept)
        assert known is not None
        assert known.id == CAMILLE
    time.advance(minutes=6)
    await backend.account()  # the new session can be renewed
    if remember:
        again = network.backend(store, time)
        assert (await again.resume()).signed_in
        assert (await again.account()).value.display_name == "Camille"


async def test_step_up_after_a_wrong_password_accepts_the_right_one(network: Network, time: Clock) -> None:
    backend = await too_long_ago(network, time)
    challenge = await backend.begin_sign_in(CAMILLE)
    with pytest.raises(Refused) as refused:
        await backend.step_up(challenge, "wrong")
    assert refused.value.attempts_left == 4
    assert (await backend.account()).value.display_name == "Camille"
    await backend.step_up(challenge, PASSWORD)
    assert (await backend.terminate("c1", "monthly", (await backend.subscriptions("c1")).etag)).value


async def test_step_up_locked_by_wrong_passwords_keeps_the_session(network: Network, time: Clock) -> None:
    backend = await too_long_ago(network, time)
    challenge = await backend.begin_sign_in(CAMILLE)
    for _ in range(4):
        with pytest.raises(Refused):
            await backend.step_up(challenge, "wrong")
    with pytest.raises(Locked):
        await backend.step_up(challenge, "wrong")
    assert backend.signed_in
    assert (await backend.account()).value.display_name == "Camille"


async def test_step_up_with_an_expired_challenge_times_out_and_keeps_the_session(
    network: Network, time: Clock
) -> None:
    backend = await too_long_ago(network, time)
    challenge = await backend.begin_sign_in(CAMILLE)
    time.advance(minutes=30)
    with pytest.raises(SignInTimedOut):
        await backend.step_up(challenge, PASSWORD)
    assert (await backend.account()).value.display_name == "Camille"


async def test_step_up_finished_after_sign_out_stays_signed_out(network: Network, time: Clock) -> None:
    backend = await too_long_ago(network, time)
    challenge = await backend.begin_sign_in(CAMILLE)
    proving = asyncio.create_task(backend.step_up(challenge, PASSWORD))
    await asyncio.sleep(0)
    await backend.sign_out()
    with pytest.raises(SessionExpired):
        await proving
    assert not backend.signed_in
    assert families(network, alive=True) == 0, "the new session was revoked too"


async def test_step_up_concurrent_with_renewals_keeps_one_session(network: Network, time: Clock) -> None:
    store = MemoryStore()
    backend = await signed_in(network, time, store)
    etag = (await backend.subscriptions("c1")).etag
    ended: list[bool] = []
    backend.on_session_end = lambda: ended.append(True)
    for turn in range(30):  # try many interleavings
        time.advance(minutes=6)  # the next read renews the token
        challenge = await backend.begin_sign_in(CAMILLE)
        proving = asyncio.create_task(backend.step_up(challenge, PASSWORD))
        for _ in range(turn):
            await asyncio.sleep(0.0005)
        await asyncio.gather(backend.account(), backend.service("c1"), proving)
        await backend.account()
    assert not ended
    await prove(backend)
    assert (await backend.terminate("c1", "monthly", etag)).value.status.ended
    assert families(network, alive=True) == 1


async def test_step_up_that_revokes_the_token_of_a_request_in_flight_keeps_the_session(
    network: Network, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = await signed_in(network, time)
    ended: list[bool] = []
    backend.on_session_end = lambda: ended.append(True)
    time.advance(minutes=6)
    challenge = await backend.begin_sign_in(CAMILLE)
    carry = network.handle_async_request

    async def prove_first(request: httpx.Request) -> httpx.Response:
        if network.renewals and request.url.path == "/v1/me":
            monkeypatch.setattr(network, "handle_async_request", carry)
            await backend.step_up(challenge, PASSWORD)  # revokes the token that the request carries
        return await carry(request)

    monkeypatch.setattr(network, "handle_async_request", prove_first)
    assert (await backend.account()).value
    assert backend.signed_in
    assert not ended


async def test_step_up_offline_fails_and_succeeds_with_the_same_challenge_later(
    network: Network, time: Clock
) -> None:
    backend = await too_long_ago(network, time)
    challenge = await backend.begin_sign_in(CAMILLE)
    network.down = True
    with pytest.raises(Unreachable):
        await backend.step_up(challenge, PASSWORD)
    network.down = False
    await backend.step_up(challenge, PASSWORD)
    assert (await backend.terminate("c1", "monthly", (await backend.subscriptions("c1")).etag)).value


CHALLENGES = [
    'Bearer error="insufficient_user_authentication", error_description="too old", max_age=600',
    "Bearer error=insufficient_user_authentication",
    'DPoP algs="ES256", Bearer realm="x", error="insufficient_user_authentication"',
]


@pytest.mark.parametrize("challenge", CHALLENGES)
async def test_step_up_challenge_is_recognized_in_every_header_form(challenge: str) -> None:
    scripted = Scripted(always(401, www_authenticate=challenge))
    backend = await scripted.backend()
    with pytest.raises(PasswordNeeded):
        await backend.terminate("c1", "s1", '"e"')
    assert len(scripted.refreshed) == 1, "to have an access token at all"
    assert backend.signed_in


@pytest.mark.parametrize("challenge", ['Bearer error="invalid_token"', 'Bearer realm="error=no"', ""])
async def test_401_without_a_step_up_challenge_ends_the_session(challenge: str) -> None:
    backend = await Scripted(always(401, www_authenticate=challenge)).backend()
    with pytest.raises(SessionExpired):
        await backend.terminate("c1", "s1", '"e"')
    assert not backend.signed_in


@pytest.mark.parametrize(
    ("status", "body"), [(426, None), (403, {"code": "CLIENT_TOO_OLD"}), (400, {"code": "CLIENT_TOO_OLD"})]
)
async def test_outdated_app_is_notified_by_every_refused_request(status: int, body: object) -> None:
    backend = await Scripted(always(status, body)).backend()
    told: list[bool] = []
    backend.on_outdated = lambda: told.append(True)
    with pytest.raises(UpdateNeeded):
        await backend.account()
    with pytest.raises(UpdateNeeded):
        await backend.terminate("c1", "s1", '"e"')
    assert told == [True, True]
    assert backend.signed_in


async def test_too_old_code_in_a_200_answer_is_not_an_outdated_app() -> None:
    scripted = Scripted(always(200, {"code": "CLIENT_TOO_OLD"}))
    backend = await scripted.backend()
    told: list[httpx.Response] = []
    backend.on_outdated = lambda: told.append(httpx.Response(426))
    with pytest.raises(Exception, match="Account"):
        await backend.account()
    assert not told
