"""Screen tests of a locked, slow or dismissed keyring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.client.credentials import CredentialProblem, CredentialsUnavailable, MemoryStore
from tests.services.prompting import PromptingKeyring, impatient, prompting
from tests.views.conftest import CAMILLE, PASSWORD, Serve, sign_in, visit

SLOW = "Le trousseau de cet appareil n’a pas encore répondu"
LOCKED = "Trousseau verrouillé"


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[PromptingKeyring]:
    with prompting(monkeypatch) as keyring:
        yield keyring


async def test_keyring_prompt_answered_late_at_start_opens_the_session(
    serve: Serve, ring: PromptingKeyring
) -> None:
    line, ring.locked = serve(CAMILLE), False
    await sign_in(line.backend(impatient()), CAMILLE, remember=True)
    ring.locked = True
    async with visit(line, impatient()) as app:
        await app.see(SLOW, "Identifiant")
        ring.answer()
        await app.see("Bonjour Camille")
        await app.see_not(SLOW)
    assert ring.prompts == 1


async def test_keyring_prompt_dismissed_at_start_offers_a_retry(serve: Serve, ring: PromptingKeyring) -> None:
    line, ring.locked = serve(CAMILLE), False
    await sign_in(line.backend(impatient()), CAMILLE, remember=True)
    ring.locked = True
    async with visit(line, impatient()) as app:
        await app.see(SLOW)
        ring.answer(dismiss=True)
        await app.see(LOCKED)
        await app.tap("Réessayer")
        await app.see(SLOW)
        ring.answer()
        await app.see("Bonjour Camille")
    assert ring.prompts == 2


async def test_keyring_prompt_answered_late_at_sign_in_keeps_the_session(
    serve: Serve, ring: PromptingKeyring
) -> None:
    line, ring.locked = serve(CAMILLE), False
    async with visit(line, impatient()) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer")
        await app.see("Mot de passe")
        ring.locked = True
        await app.enter("Mot de passe", PASSWORD)
        await app.tap("Se connecter")
        await app.see(SLOW, "Répondez à sa demande pour rester connecté la prochaine fois.")
        ring.answer()
        await app.see_not(SLOW)
        await app.see("Bonjour Camille")
    async with visit(line, impatient()) as app:
        await app.see("Bonjour Camille")


class Unerasable(MemoryStore):
    """Store that cannot be cleared while `locked`."""

    locked = True

    async def clear(self) -> None:
        if self.locked and await self.load() is not None:
            raise CredentialsUnavailable(CredentialProblem.LOCKED)
        await super().clear()


async def test_sign_out_with_a_locked_store_warns_and_offers_a_retry(serve: Serve) -> None:
    line, store = serve(CAMILLE), Unerasable()
    await sign_in(line.backend(store), CAMILLE, remember=True)
    async with visit(line, store, route="/reglages") as app:
        await app.tap("Se déconnecter", "Se déconnecter")
        await app.see("Vous êtes déconnecté, mais votre session y est peut-être encore gardée.")
        store.locked = False
        await app.tap("Réessayer")
        await app.see_not(LOCKED)
    assert await store.load() is None
