"""Screen tests of the demonstration: choice of a case, simulated faults, reset."""

from __future__ import annotations

import flet as ft
import pytest

from services.client.simulated_faults import SimulatedFault
from services.domain.errors import SignInError
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, quiet, remembered, visit
from tests.views.visits import rows, visit_remembered
from views.demo.banner import list_above
from views.demo.state import Scenario

EVERYONE = (CAMILLE, "sans-achat@demo.example", "suspendu@demo.example", "gros-volume@demo.example")
BANNER = "Démonstration : données fictives"


async def show(app: Driver, case: str) -> None:
    await app.tap(BANNER)
    await app.see("Cas à montrer")
    await app.tap(case, "Montrer ce cas")


async def chosen(app: Driver) -> str | None:
    """Open the sheet, return the case that it marks, and close it."""
    await app.tap(BANNER)
    await app.see("Cas à montrer")
    *_, group = app.controls(ft.RadioGroup)  # the screen's filters are a group too
    await app.tap("Fermer")
    value = group.value
    assert value is None or isinstance(value, str)
    return value


async def test_demo_sheet_lists_every_case_and_marks_the_current_one(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("Bonjour Camille")
        await app.tap(BANNER)
        for case in (
            "Cas normal", "Aucun achat", "Service désactivé", "Hors ligne", "Erreur serveur", "Réseau lent",
            "Session expirée", "Gros volume", "À vérifier",
        ):  # fmt: skip
            await app.see(case)
        assert len(app.controls(ft.Radio)) == len(Scenario)
        await app.see("Les données fictives sont sur cet appareil")
        await app.tap("Fermer")
        assert await chosen(app) == "normal"


async def test_demo_sheet_on_the_web_says_that_the_data_is_shared(line: Line) -> None:
    async with visit_remembered(line, web=True) as app:
        await app.tap(BANNER)
        await app.see("Les données fictives sont communes à tous les visiteurs de ce serveur")


@pytest.mark.parametrize(
    ("case", "who", "seen"),
    [
        ("Aucun achat", "no_purchase", "Aucun achat sur cette période"),
        ("Service désactivé", "service_off", "Aucun achat sur cette période"),
        ("Gros volume", "large", "10 000 achats"),
    ],
)
async def test_demo_case_of_another_subscriber_opens_on_the_same_route(
    serve: Serve, case: str, who: str, seen: str
) -> None:
    async with visit_remembered(serve(*EVERYONE), "/achats") as app:
        await app.see("Période en cours")
        await show(app, case)
        await app.see(seen)
        assert app.route == "/achats"
        assert await chosen(app) == who
        await show(app, "Cas normal")
        await app.see_not(seen)
        assert await chosen(app) == "normal"


async def test_demo_case_chosen_on_a_purchase_leads_to_the_list(serve: Serve) -> None:
    line = serve(*EVERYONE)
    async with visit_remembered(line, "/achats?periode=2026-05") as app:
        await app.see("Facturé en mai")
        await quiet(app, line)
        await app.tap(next(name for name in rows(app) if rows(app).count(name) == 1))
        await app.see("Référence, ")
        await show(app, "Aucun achat")
        await app.see("Facturé en mai")
        assert app.route.startswith("/achats?periode=")


@pytest.mark.parametrize(
    ("route", "above"),
    [
        ("/achats/p1?periode=2024-03", "/achats?periode=2024-03"),
        ("/achats?periode=2024-03", "/achats?periode=2024-03"),
        ("/achats/p1", "/achats"),
        ("/gerer/abonnements/s1", "/gerer"),
        ("/contestations/0123456789abcdef", "/gerer"),
        ("/verifier/p1", "/verifier"),
        ("/recherche/p1?q=club", "/recherche?q=club"),
        ("/editeurs/gazette/p1", "/"),
        ("/conso/internet", "/conso/internet"),
        ("/", "/"),
    ],
)
def test_list_above_is_the_parent_route_of_a_detail(route: str, above: str) -> None:
    assert list_above(route) == above


@pytest.mark.parametrize(
    ("case", "seen"), [("Hors ligne", "Hors ligne"), ("Erreur serveur", "Service momentanément indisponible")]
)
@pytest.mark.parametrize("route", ["/", "/achats?periode=2026-05"])
async def test_demo_fault_is_shown_immediately_over_the_cached_data(
    line: Line, clock: Clock, case: str, seen: str, route: str
) -> None:
    async with visit_remembered(line, route) as app:
        await app.see("mai")
        await quiet(app, line)
        clock.advance(minutes=10)
        await show(app, case)
        await app.see("Données du 14 mai à 12:00", seen)
        assert app.route == route
        await show(app, "Cas normal")
        await app.see_not("Données du 14 mai à 12:00")


async def test_demo_slow_network_reports_the_refreshed_list(line: Line) -> None:
    async with visit_remembered(line, "/achats") as app:
        await app.see("Période en cours")
        await quiet(app, line)
        await show(app, "Réseau lent")
        await app.see("Liste à jour")
        assert await chosen(app) == "slow"


async def test_demo_expired_session_leads_to_the_sign_in_and_back_to_the_route(line: Line) -> None:
    route = "/achats?periode=2026-05"
    async with visit_remembered(line, route) as app:
        await app.see("Facturé en mai")
        await show(app, "Session expirée")
        await app.see("Votre session a expiré")
        assert await chosen(app) == "expired"
        await app.tap(f"Continuer avec {CAMILLE}")
        await app.enter("Mot de passe", PASSWORD)
        await app.tap("Se connecter")
        await app.see("Facturé en mai")
        assert app.route == route
        assert await chosen(app) == "normal"


async def test_demo_cases_are_available_before_the_sign_in(serve: Serve) -> None:
    line = serve(*EVERYONE)
    async with visit(line) as app:
        await app.see("Identifiez-vous")
        assert await chosen(app) is None
        await app.tap(BANNER)
        await app.see_not("Quitter")
        await app.tap("Fermer")
        await show(app, "Session expirée")
        await app.see("Votre session a expiré")
        await show(app, "Hors ligne")
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer")
        await app.see("Connexion impossible")
        await show(app, "Aucun achat")
        await app.see("Bonjour Sacha")


async def test_demo_fault_of_one_visitor_does_not_affect_another(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    neighbour = await remembered(line, CAMILLE)
    async with visit(line, neighbour) as theirs:
        await theirs.see("Bonjour Camille")
        async with visit(line, store) as app:
            await app.see("Bonjour Camille")
            await show(app, "Hors ligne")
            await app.see("Vous voyez la dernière version enregistrée.")
    async with visit(line, neighbour) as theirs:
        await theirs.see("Bonjour Camille")
        await theirs.press("R")
        await theirs.see("8 achats")
        await theirs.see_not("Hors ligne")


async def test_demo_reset_restores_the_initial_state(serve: Serve) -> None:
    async with visit_remembered(serve(*EVERYONE), "/achats") as app:
        await app.see("Période en cours")
        await show(app, "Aucun achat")
        await app.see("Aucun achat sur cette période")
        await show(app, "Hors ligne")
        await app.tap(BANNER, "Réinitialiser la démonstration")
        await app.see("Démonstration réinitialisée")
        await app.see_not("Aucun achat sur cette période")
        assert app.route == "/achats"
        assert await chosen(app) == "normal"


async def test_demo_exit_signs_out_and_clears_the_fault(line: Line) -> None:
    async with visit_remembered(line) as app:
        await app.see("Bonjour Camille")
        await show(app, "Hors ligne")
        await app.tap(BANNER, "Quitter")
        await app.see("Identifiez-vous")
        assert await chosen(app) is None
        await app.tap("Découvrir la démonstration")
        await app.see("Bonjour Camille")


async def test_demo_case_of_a_locked_account_keeps_the_current_one(serve: Serve) -> None:
    line = serve(*EVERYONE)
    stranger = line.backend()
    challenge = await stranger.begin_sign_in("sans-achat@demo.example")
    for _ in range(5):
        with pytest.raises(SignInError):  # refused, then locked
            await stranger.finish_sign_in(challenge, "Lune-2026", remember=False)
    async with visit_remembered(line) as app:
        await app.see("Bonjour Camille")
        await show(app, "Aucun achat")
        await app.see("Trop d’essais")
        await app.tap("Fermer")
        await app.see("Bonjour Camille")
        assert await chosen(app) == "normal"


def test_demo_faults_all_have_a_case() -> None:
    assert {fault.value for fault in SimulatedFault} <= {case.value for case in Scenario}
