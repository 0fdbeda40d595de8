"""What the screens say of a keyring that is locked, slow or dismissed, and how the user goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.credentials import CredentialProblem, CredentialsUnavailable, MemoryStore
from tests.services.prompting import PromptingKeyring, impatient, prompting
from tests.views.conftest import PASSWORD, Serve, sign_in, visit

CAMILLE = "camille@demo.example"
SLOW = "Le trousseau de cet appareil n’a pas encore répondu"
LOCKED = "Trousseau verrouillé"


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[PromptingKeyring]:
    with prompting(monkeypatch) as keyring:
        yield keyring


async def test_a_start_whose_prompt_is_answered_late_opens_the_session(
    serve: Serve, ring: PromptingKeyring
) -> None:
    line, ring.locked = serve(CAMILLE), False
    await sign_in(line.backend(impatient()), CAMILLE, remember=True)
    ring.locked = True
    async with visit(line, impatient()) as app:
        await app.see(SLOW)
        await app.see("Identifiant")
        ring.answer()
        await app.see("Bonjour Camille")
        await app.see_not(SLOW)
    assert ring.prompts == 1


async def test_a_start_whose_prompt_is_dismissed_offers_to_retry(
    serve: Serve, ring: PromptingKeyring
) -> None:
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


async def test_a_sign_in_whose_prompt_is_answered_late_is_kept_without_a_word(
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
        await app.see(SLOW)
        await app.see("Répondez à sa demande pour rester connecté la prochaine fois.")
        ring.answer()
        await app.see_not(SLOW)
        await app.see("Bonjour Camille")
    async with visit(line, impatient()) as app:
        await app.see("Bonjour Camille")


class Unerasable(MemoryStore):
    """Store that refuses to erase as long as `locked`."""

    locked = True

    async def clear(self) -> None:
        if self.locked and await self.load() is not None:
            raise CredentialsUnavailable(CredentialProblem.LOCKED)
        await super().clear()


async def test_a_sign_out_that_erases_nothing_says_so_and_offers_to_retry(serve: Serve) -> None:
    line, store = serve(CAMILLE), Unerasable()
    await sign_in(line.backend(store), CAMILLE, remember=True)
    async with visit(line, store, route="/reglages") as app:
        await app.tap("Se déconnecter")
        await app.tap("Se déconnecter")
        await app.see("Vous êtes déconnecté, mais votre session y est peut-être encore gardée.")
        store.locked = False
        await app.tap("Réessayer")
        await app.see_not(LOCKED)
    assert await store.load() is None
