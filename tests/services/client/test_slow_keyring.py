"""Keyring prompts that outlast the timeout: late answers take effect."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette

from services.client.credentials import CredentialProblem, CredentialsUnavailable, KeyringStore
from services.domain.errors import KeyringUnavailable
from tests.harness.clock import Clock
from tests.services.doubles import PASSWORDS, Network, sign_in
from tests.services.prompting import PromptingKeyring, impatient, prompting

CAMILLE, SOFIA = PASSWORDS


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[PromptingKeyring]:
    with prompting(monkeypatch) as keyring:
        yield keyring


@pytest.fixture
def network(sandbox: Starlette) -> Network:
    return Network(sandbox)


async def slow(store: KeyringStore, secret: str | None = None) -> asyncio.Future[object]:
    """Call the store, check that it reports `SLOW`, and return the future of the late outcome."""
    with pytest.raises(CredentialsUnavailable) as caught:
        await (store.load() if secret is None else store.save(secret))
    assert caught.value.problem is CredentialProblem.SLOW
    assert caught.value.late is not None
    return caught.value.late


async def until_answered(store: KeyringStore) -> str | None:
    while True:
        try:
            return await store.load()
        except CredentialsUnavailable as error:
            if error.problem is not CredentialProblem.SLOW:
                raise


async def test_late_keyring_answer_reaches_every_waiting_call(ring: PromptingKeyring) -> None:
    store = impatient()
    for _ in range(3):
        late = await slow(store)
    ring.entries[store._service, "refresh-token"] = "a secret"
    ring.answer()
    assert await until_answered(store) == "a secret"
    assert await late == "a secret"
    assert ring.prompts == 1


async def test_dismissed_keyring_prompt_reports_locked_and_is_not_repeated(
    ring: PromptingKeyring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store = impatient()
    late = await slow(store)
    await slow(store)
    ring.answer(dismiss=True)
    with pytest.raises(CredentialsUnavailable) as caught:
        await late
    assert caught.value.problem is CredentialProblem.LOCKED
    assert ring.prompts == 1
    await slow(store)  # an earlier dismissal does not apply to a new call
    assert ring.prompts == 2
    del late, caught
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_late_keyring_save_runs_before_later_calls(ring: PromptingKeyring) -> None:
    store = impatient()
    await slow(store, "first")
    await slow(store, "second")
    ring.answer()
    assert await until_answered(store) == "second"
    await store.save("first")
    await store.clear()
    assert ring.secrets == []


async def test_sign_in_is_kept_once_the_keyring_prompt_is_answered(
    ring: PromptingKeyring, network: Network, clock: Clock
) -> None:
    backend = network.backend(impatient(), clock)
    challenge = await backend.begin_sign_in(CAMILLE)
    told = await backend.finish_sign_in(challenge, PASSWORDS[CAMILLE], remember=True)
    assert told is CredentialProblem.SLOW
    confirming = asyncio.ensure_future(backend.confirm_kept())
    ring.answer()
    assert await confirming is None
    assert backend.credential_problem is None
    await backend.close()
    again = network.backend(impatient(), clock)
    assert (await again.resume()).signed_in


async def test_sign_in_is_not_kept_when_the_keyring_prompt_is_dismissed(
    ring: PromptingKeyring, network: Network, clock: Clock
) -> None:
    backend = network.backend(impatient(), clock)
    challenge = await backend.begin_sign_in(CAMILLE)
    await backend.finish_sign_in(challenge, PASSWORDS[CAMILLE], remember=True)
    ring.answer(dismiss=True)
    assert await backend.confirm_kept() is CredentialProblem.LOCKED
    assert not backend.device.in_use
    clock.advance(minutes=6)
    await backend.account()
    assert ring.prompts == 1


async def test_renewal_continues_once_the_keyring_prompt_is_answered(
    ring: PromptingKeyring, network: Network, clock: Clock
) -> None:
    ring.locked = False
    backend = network.backend(impatient(), clock)
    await sign_in(backend)
    clock.advance(minutes=6)
    ring.locked = True
    for _ in range(3):
        with pytest.raises(KeyringUnavailable):
            await backend.account()
    assert ring.prompts == 1
    ring.answer()
    while True:
        try:
            assert (await backend.account()).value.security_notice is None
            break
        except KeyringUnavailable:
            pass
    assert len(network.renewals) == 1
    assert (await network.backend(impatient(), clock).resume()).signed_in


async def test_sign_in_by_password_supersedes_a_pending_keyring_prompt(
    ring: PromptingKeyring, network: Network, clock: Clock
) -> None:
    ring.locked = False
    before = network.backend(impatient(), clock)
    await sign_in(before)
    await before.close()
    ring.locked = True
    store = impatient()
    backend = network.backend(store, clock)
    remembered = await backend.resume()
    assert remembered.waiting
    assert remembered.problem is CredentialProblem.SLOW
    waiting = asyncio.ensure_future(backend.resume())
    challenge = await backend.begin_sign_in(SOFIA)
    await backend.finish_sign_in(challenge, PASSWORDS[SOFIA], remember=True)
    assert not (await waiting).signed_in
    ring.answer()
    assert await backend.confirm_kept() is None
    assert (await backend.account()).value.display_name.startswith("Sofia")
    assert backend.identifier == SOFIA
    assert SOFIA in (await store.load() or "")
