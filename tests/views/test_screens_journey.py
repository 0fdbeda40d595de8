"""Screen tests of the sign-in and of what all screens have in common, by accessible names."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.harness.clock import Clock
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, visit
from tests.views.visits import visit_remembered


@pytest.mark.parametrize("width", [320, 768, 1440])
async def test_screens_have_ordered_headings_and_names_for_all_buttons(line: Line, width: float) -> None:
    async with visit_remembered(line, width=width) as app:
        await app.see("Bonjour")
        for route, text in (
            ("/", "8 achats"),
            ("/conso/internet", "Vos six dernières périodes"),
            ("/achats?periode=2026-05", "Facturé en mai"),
            ("/gerer", "Vos abonnements"),
            ("/gerer/abonnements/camille-box-subscription-1", "Paiements de vos six périodes"),
            ("/reglages", "Apparence"),
            ("/nowhere", "Page introuvable"),
        ):
            await app.go(route)
            await app.see(text)
            await app.until(lambda: "Chargement" not in " ".join(app.texts()), "still loading")
            levels = [level for level, _ in app.headings()]
            assert levels.count(1) == 1, (route, app.headings())
            assert all(later <= sooner + 1 for sooner, later in pairwise(levels)), (route, app.headings())
            assert all(app.names()), (route, app.names())


async def test_app_without_the_demo_does_not_mention_it(line: Line) -> None:
    async with visit(line, demo=False) as app:
        await app.see("Identifiez-vous")
        await app.see_not("démonstration")
    async with visit_remembered(line, demo=False) as app:
        await app.see("Bonjour Camille")
        await app.see_not("Démonstration")


async def test_sign_in_steps_show_their_faults(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.tap("Continuer")
        await app.see("Saisissez votre identifiant.")
        await app.enter("Identifiant", "camille")
        await app.tap("Continuer")
        await app.see("Saisissez une adresse e-mail ou un numéro de mobile à 10 chiffres.")
        await app.enter("Identifiant", "06 39 98 01 12")
        await app.submit("Identifiant")
        await app.see("Votre mot de passe")
        await app.tap("Se connecter")
        await app.see("Saisissez votre mot de passe.")
        await app.enter("Mot de passe", "Lune-2026")
        await app.submit("Mot de passe")
        await app.see("Il vous reste 4 essais")
        assert "••••" in app.texts(), "what was typed stays, and hidden"
        await app.tap("Afficher le mot de passe")
        await app.see("Masquer le mot de passe")
        await app.tap("Modifier l’identifiant")
        await app.see("Identifiez-vous")
        await app.tap("Continuer")
        await app.enter("Mot de passe", PASSWORD)
        await app.press("Enter")
        await app.see("Bonjour Camille")


async def test_locked_sign_in_disables_its_button(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer")
        await app.enter("Mot de passe", "Lune-2026")
        for left in ("4 essais", "3 essais", "2 essais", "1 essai"):
            await app.tap("Se connecter")
            await app.see(left)
        await app.tap("Se connecter")
        await app.see("Trop d’essais", "Réessayez dans 15 minutes")
        with pytest.raises(AssertionError, match="is disabled"):
            await app.tap("Réessayez dans 15 minutes")


async def test_home_announces_a_closed_period_until_its_bill_is_there(line: Line, clock: Clock) -> None:
    clock.now = datetime(2026, 5, 28, 10, tzinfo=UTC)  # two days into the next period
    async with visit_remembered(line) as app:
        await app.see("Votre facture de juin arrive")
