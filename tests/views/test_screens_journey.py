"""Screen tests of the main journey, by accessible names, in both languages and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.harness.driver import Driver
from tests.views.conftest import PASSWORD, Serve, remembered, visit

CAMILLE = "camille@demo.example"
NARROW: dict[str, Any] = {"width": 390, "height": 844}
WIDE: dict[str, Any] = {"width": 1280, "height": 900}
SIZES = pytest.mark.parametrize(
    "screen", [NARROW, pytest.param(WIDE, marks=pytest.mark.nightly)], ids=["narrow", "wide"]
)
"""A phone in `make test`, also a desktop in `make test-all`; for tests independent of the layout."""


@dataclass(frozen=True)
class Said:
    """Texts of one language."""

    locale: str
    identifier: str
    go_on: str
    password: str
    submit: str
    hello: str
    see_usage: str
    usage: str
    period: str
    details: str
    purchases: str
    on_invoice: str
    march: str
    invoiced: str
    purchase: str
    reference: str
    back: str


FR = Said(
    locale="fr-FR",
    identifier="Identifiant",
    go_on="Continuer",
    password="Mot de passe",
    submit="Se connecter",
    hello="Bonjour Camille",
    see_usage="Consulter votre suivi conso",
    usage="Suivi conso",
    period="Période du 26 avril au 25 mai",
    details="Voir le détail",
    purchases="Achats internet+",
    on_invoice="Sur votre facture de juin",
    march="Facture de mars, du 26 janvier au 25 février",
    invoiced="Facturé en mars",
    purchase="Détail de l’achat",
    reference="Référence, ",
    back="Retour",
)
EN = Said(
    locale="en-GB",
    identifier="Identifier",
    go_on="Continue",
    password="Password",
    submit="Sign in",
    hello="Hello Camille",
    see_usage="See your usage",
    usage="Usage",
    period="Period 26 April to 25 May",
    details="See details",
    purchases="internet+ purchases",
    on_invoice="On your June invoice",
    march="March invoice, 26 January to 25 February",
    invoiced="Invoiced in March",
    purchase="Purchase details",
    reference="Reference, ",
    back="Back",
)


def rows(app: Driver) -> list[str]:
    """Return the names of the visible purchases, recognized by their time of payment."""
    return [name for name in app.names() if re.search(r"\s\d\d:\d\d\s", name)]


@pytest.mark.parametrize(
    ("said", "screen"),
    [
        pytest.param(FR, NARROW, id="fr-narrow"),
        pytest.param(EN, WIDE, id="en-wide"),
        pytest.param(FR, WIDE, id="fr-wide", marks=pytest.mark.nightly),
        pytest.param(EN, NARROW, id="en-narrow", marks=pytest.mark.nightly),
    ],
)
async def test_journey_from_the_sign_in_to_a_purchase(
    serve: Serve, said: Said, screen: dict[str, Any]
) -> None:
    async with visit(serve(CAMILLE), locale=said.locale, **screen) as app:
        await app.enter(said.identifier, CAMILLE)
        await app.tap(said.go_on)
        await app.enter(said.password, PASSWORD)
        await app.tap(said.submit)
        await app.see(said.hello)
        await app.tap(said.see_usage)
        await app.see(said.period)
        assert app.route == "/conso/internet"
        assert (1, said.usage) in app.headings()
        await app.tap(said.details)
        await app.see(said.on_invoice)
        assert (1, said.purchases) in app.headings()
        await app.until(lambda: rows(app), "no purchases")
        june = rows(app)
        await app.tap(said.march)
        await app.see(said.invoiced)
        assert app.route == "/achats?periode=2026-03"
        await app.until(lambda: rows(app) and rows(app) != june, "the list of March")
        march = rows(app)
        await app.tap(next(name for name in march if march.count(name) == 1))
        await app.see(said.reference)
        if screen is NARROW:
            assert (1, said.purchase) in app.headings()
            await app.tap(said.back)
        await app.see(said.invoiced)
        assert rows(app) == march, "back in the same period"
        assert all(name for name in app.names()), "everything that can be tapped has a name"


@pytest.mark.parametrize("width", [320, 768, 1440])
async def test_screens_have_one_first_heading_and_names_for_all_buttons(serve: Serve, width: float) -> None:
    line = serve(CAMILLE)
    async with visit(line, await remembered(line, CAMILLE), width=width) as app:
        await app.see("Bonjour")
        for route, text in (
            ("/", "8 achats"),
            ("/conso/internet", "Vos six dernières périodes"),
            ("/achats?periode=2026-05", "Facturé en mai"),
            ("/nowhere", "Page introuvable"),
        ):
            await app.go(route)
            await app.see(text)
            await app.until(lambda: "Chargement" not in " ".join(app.texts()), "still loading")
            firsts = [words for level, words in app.headings() if level == 1]
            assert len(firsts) == 1, (route, app.headings())
            assert all(app.names()), (route, app.names())


async def test_demo_opens_by_one_tap_and_is_labeled(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.tap("Découvrir la démonstration")
        await app.see("Bonjour Camille")
        await app.see("Démonstration : données fictives")


async def test_app_without_the_demo_does_not_mention_it(serve: Serve) -> None:
    line = serve(CAMILLE)
    async with visit(line, demo=False) as app:
        await app.see("Identifiez-vous")
        await app.see_not("démonstration")
    async with visit(line, await remembered(line, CAMILLE), demo=False) as app:
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
        await app.see("Trop d’essais")
        await app.see("Réessayez dans 15 minutes")
        with pytest.raises(AssertionError, match="is disabled"):
            await app.tap("Réessayez dans 15 minutes")


async def test_sign_out_asks_for_confirmation_and_clears_the_store(serve: Serve) -> None:
    line = serve(CAMILLE)
    store = await remembered(line, CAMILLE)
    async with visit(line, store) as app:
        await app.see("8 achats")
        await app.tap("Compte et réglages")
        await app.tap("Se déconnecter")
        await app.see("Se déconnecter ?")
        await app.tap("Annuler")
        await app.tap("Se déconnecter")
        await app.see("Se déconnecter ?")
        await app.tap("Se déconnecter")
        await app.see("Identifiez-vous")
        await app.see_not("Camille Martin")
    assert await store.load() is None


async def test_remembered_session_opens_the_home_screen(serve: Serve) -> None:
    line = serve(CAMILLE)
    async with visit(line, await remembered(line, CAMILLE)) as app:
        await app.see("Bonjour Camille")
