"""Screen tests of « Gérer internet+ », by accessible names: terminations, service, disputes."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import flet as ft
import pytest

from services.sandbox import SandboxSettings
from services.sandbox.schema import dispute
from tests.harness.clock import Clock
from tests.harness.driver import Driver
from tests.views.conftest import Line, Serve, choose_contract, first, quiet, remembered, sign_in, visit
from tests.views.factories import ABONNE, ELSEWHERE, WEEKLY, kept, subscribed
from tests.views.visits import SIZES, Screen, visit_remembered
from views.service import state as service_module

CAMILLE, FOYER, SUSPENDED = "camille@demo.example", "foyer@demo.example", "suspendu@demo.example"


FR = SimpleNamespace(
    manage="Gérer internet+",
    yours="Vos abonnements",
    past="Anciens abonnements",
    weekly="2,99 € par semaine · environ 12,96 € par mois, 155,48 € par an",
    next_charge="Prochain paiement : 18 mai",
    end="Résilier Club Cubéo",
    title="Résilier Club Cubéo ?",
    consequences=(
        "Vous gardez l’accès jusqu’au 17 mai 2026, fin de la période déjà payée.",
        "Aucun nouveau paiement de 2,99 € ne sera ajouté à votre facture.",
        "Vos achats passés restent visibles dans Achats internet+.",
    ),
    confirm="Résilier l’abonnement",
    keep="Garder l’abonnement",
    ended="Abonnement résilié",
    access="Accès jusqu’au 17 mai 2026. Référence RS-",
    ending="Résilié · accès jusqu’au 17 mai",
    not_here="Cet abonnement se résilie auprès de son éditeur.",
    contact="Contacter l’éditeur, s’ouvre dans le navigateur",
    service="Service internet+",
    on_since="Actif depuis le 3 mars 2023",
    off_since="Désactivé depuis le 14 mai 2026",
    off_title="Désactiver le service internet+ ?",
    off_consequences=(
        "Vous ne pourrez plus payer avec internet+ tant que le service est désactivé.",
        "Vos 3 abonnements en cours peuvent être interrompus par leurs éditeurs.",
        "Les achats déjà faits restent dus et seront facturés : 8,97 €.",
        "Vous pourrez réactiver le service à tout moment.",
    ),
    turn_off="Désactiver le service",
    leave_on="Laisser actif",
    turned_off="Service désactivé",
    on_title="Réactiver le service internet+ ?",
    on_consequences=(
        "Les achats en ligne sur votre facture seront de nouveau possibles.",
        "Les abonnements interrompus ne reprennent pas automatiquement.",
    ),
    turn_on="Réactiver le service",
    turned_on="Service réactivé",
)


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


def writes(line: Line, ending: str) -> int:
    return sum(address.endswith(ending) for address in line.asked)


def focused_first(app: Driver) -> list[str]:
    """Return the buttons that have the focus when a sheet opens."""
    return [
        one.content.value
        for one in app.controls(ft.OutlinedButton)
        if one.autofocus and isinstance(one.content, ft.Text)
    ]


def switch(app: Driver) -> ft.Switch:
    (found,) = app.controls(ft.Switch)
    return found


@SIZES
async def test_termination_requires_a_confirmation_and_shows_the_receipt(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/gerer", **screen) as app:
        await app.see(FR.weekly, FR.next_charge)
        assert app.headings()[0] == (1, FR.manage)
        assert (2, FR.yours) in app.headings()
        await app.tap(FR.end)
        await app.see(FR.title, *FR.consequences)
        assert focused_first(app) == [FR.keep]
        assert writes(line, "/termination") == 0
        await app.tap(FR.confirm)
        await app.see(FR.ended, FR.access, FR.ending)
        await app.see_not(FR.title)
        assert FR.end not in app.names()
        assert writes(line, "/termination") == 1
        assert all(app.names())


async def test_termination_sheet_closed_by_button_or_escape_sends_nothing(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.tap(FR.end, FR.keep)
        await app.see_not(FR.title)
        await app.tap(FR.end)
        await app.see(FR.title)
        await app.press("Escape")
        await app.see_not(FR.title)
        await app.tap(FR.end)
        await app.see(FR.title)
        assert writes(line, "/termination") == 0


async def test_termination_sheet_is_disabled_while_sending(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.tap(FR.end)
        with line.holding("/termination"):
            await app.tap(FR.confirm)
            await app.see("Résiliation…")
            with pytest.raises(AssertionError, match="is disabled"):
                await app.tap("Résiliation…")
            with pytest.raises(AssertionError, match="is disabled"):
                await app.tap(FR.keep)
            (sheet,) = app.controls(ft.BottomSheet)
            assert not sheet.dismissible
        await app.see(FR.ended)
        assert writes(line, "/termination") == 1


@SIZES
async def test_subscription_without_termination_links_to_its_publisher(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/gerer", **screen) as app:
        await app.see("Grand Écran Plus")
        assert not [name for name in app.names() if name.endswith("Grand Écran Plus")]
        await app.tap("Grand Écran Plus")
        await app.see(FR.not_here)
        assert FR.confirm not in app.names()
        await app.see(FR.contact)
        assert [one.url for one in app.controls(ft.OutlinedButton) if one.url] == [
            f"https://{ELSEWHERE}.example"
        ]


async def test_past_subscriptions_are_listed_apart_without_a_termination(line: Line, clock: Clock) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see("Anciens abonnements", "Résilié le 6 avril 2026", "Résilié · accès jusqu’au 14 mai")
        clock.advance(days=1)
        await app.tap("Actualiser")
        await app.see("Résilié le 14 mai 2026")
        ending = [name for name in app.names() if name.startswith("Résilier ")]
        assert ending == ["Résilier Club Cubéo", "Résilier Gazette des Deux Rives"]


async def test_delayed_termination_is_shown_until_its_access_ends(serve: Serve, clock: Clock) -> None:
    line = serve(
        subscribed(), settings=SandboxSettings(scrypt_log2_cost=4, termination_delay=timedelta(minutes=10))
    )
    async with visit_remembered(line, "/gerer") as app:
        await app.tap(FR.end, FR.confirm)
        await app.see(FR.ended, "Résilié · accès jusqu’au 17 mai")
        clock.now += timedelta(days=4)
        await app.tap("Actualiser")
        await app.see("Résilié le 17 mai 2026")


async def test_termination_on_a_stale_screen_changes_nothing_and_reloads(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see(FR.weekly)
        await quiet(app, line)
        elsewhere = line.backend()
        await sign_in(elsewhere, ABONNE)
        listed = await elsewhere.subscriptions("abonne-box")
        await elsewhere.terminate("abonne-box", "monthly", listed.etag)
        await app.tap(FR.end, FR.confirm)
        await app.see("La situation a changé", "Résilié · accès jusqu’au 1er juin")
        assert FR.end in app.names(), "it was not ended"
        await app.tap(FR.end, FR.confirm)
        await app.see(FR.ended)
        await app.see_not("La situation a changé")


@SIZES
@pytest.mark.parametrize("route", ["/gerer", f"/gerer/abonnements/{WEEKLY}"], ids=["list", "detail"])
async def test_termination_offline_says_that_nothing_was_sent_and_keeps_the_list(
    line: Line, route: str, screen: Screen
) -> None:
    async with visit_remembered(line, route, **screen) as app:
        await app.see("Club Cubéo")
        await quiet(app, line)
        line.down = True
        await app.tap("Résilier Club Cubéo" if route == "/gerer" else "Résilier l’abonnement")
        await app.see("Résilier Club Cubéo ?")
        await app.tap("Résilier l’abonnement")
        await app.see("La résiliation n’a pas abouti.")
        await app.see("Rien n’a été envoyé. Réessayez quand le réseau est revenu.")
        await app.see_not("Résilier Club Cubéo ?", "Nous ne savons pas")
        await app.see("Club Cubéo")


@SIZES
async def test_subscription_screen_shows_its_costs_and_all_charges(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/gerer", **screen) as app:
        await app.tap("Club Cubéo")
        await app.see("Coût par mois, 12,96 €")
        assert app.route == f"/gerer/abonnements/{WEEKLY}"
        await app.see("Coût par an, 155,48 €", "Paiements de vos six périodes", "11 mai 2026 à 06:15")
        await app.see("1er décembre 2025 à 06:15")
        await app.tap("Club Cubéo\n4 mai 2026 à 06:15")
        await app.see("Cet achat vient d’un abonnement")
        assert app.route == "/achats/charge-2026-05-04-0?periode=2026-06"
        await app.tap("Gérer l’abonnement")
        await app.see("Paiements de vos six périodes")
        assert app.route == f"/gerer/abonnements/{WEEKLY}"
        await app.tap("Retour")
        await app.see(FR.yours)


async def test_termination_from_the_subscription_screen_shows_the_receipt_there(line: Line) -> None:
    async with visit_remembered(line, f"/gerer/abonnements/{WEEKLY}") as app:
        await app.tap("Résilier l’abonnement")
        await app.see("Résilier Club Cubéo ?")
        await app.tap("Résilier l’abonnement")
        await app.see("Abonnement résilié", "Référence de résiliation, RS-")
        assert "Résilier l’abonnement" not in app.names()
        await app.go("/gerer/abonnements/monthly")
        await app.see("Gazette des Deux Rives")
        await app.see_not("Abonnement résilié")


async def test_failed_charges_show_the_error_and_can_be_retried(line: Line) -> None:
    line.broken = "/purchases?"
    async with visit_remembered(line, f"/gerer/abonnements/{WEEKLY}") as app:
        await app.see("Coût par an", "Service momentanément indisponible")
        line.broken = None
        await app.tap("Réessayer")
        await app.see("11 mai 2026 à 06:15")


async def test_unknown_subscription_shows_not_available(line: Line) -> None:
    async with visit_remembered(line, "/gerer/abonnements/nowhere") as app:
        await app.see("Cet abonnement n’est plus disponible.")


@SIZES
async def test_service_switch_asks_for_confirmation_in_both_directions(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, "/gerer", **screen) as app:
        await app.see(FR.on_since)
        await app.tap("service")
        await app.see(FR.off_title)
        assert switch(app).value, "it moves only when the backend says so"
        await app.see(*FR.off_consequences)
        assert focused_first(app) == [FR.leave_on]
        await app.tap(FR.leave_on)
        await app.see_not(FR.off_title)
        assert writes(line, "/service") == 1, "read, not changed"
        await app.tap("service", FR.turn_off)
        await app.see(FR.turned_off, FR.off_since)
        assert not switch(app).value
        await app.tap("service")
        await app.see(FR.on_title, *FR.on_consequences)
        await app.tap(FR.turn_on)
        await app.see(FR.turned_on)
        assert switch(app).value
        assert all(app.names())


async def test_service_switch_moves_only_after_the_answer(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see(FR.on_since)
        await app.tap("service")
        with line.holding("/service"):
            await app.tap(FR.turn_off)
            await app.see("Changement en cours")
            assert switch(app).value
            assert switch(app).disabled
        await app.see(FR.off_since)
        assert not switch(app).value
        assert not switch(app).disabled


async def test_pending_service_switch_is_shown_after_navigation_and_restart(
    serve: Serve, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "POLL", 0.02)
    line = serve(
        subscribed(), settings=SandboxSettings(scrypt_log2_cost=4, suspension_delay=timedelta(minutes=2))
    )
    store = await remembered(line, ABONNE)
    async with visit(line, store, route="/gerer") as app:
        await app.see(FR.on_since)
        await app.tap("service", FR.turn_off)
        await app.see("Changement en cours")
        assert switch(app).value
        await app.tap("Accueil")
        await app.see("Bonjour Ada")
        await app.tap("Gérer")
        await app.see("Changement en cours")
        with pytest.raises(AssertionError, match="is disabled"):
            await app.tap("service")
    async with visit(line, store, route="/gerer") as app:
        await app.see("Changement en cours")
        clock.advance(minutes=2)
        await app.see(FR.off_since)
        assert not switch(app).value
        assert not switch(app).disabled


async def test_subscriptions_suspended_with_the_service_stay_suspended(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see(FR.on_since)
        await app.tap("service", FR.turn_off)
        await app.see(FR.turned_off)
        await app.until(lambda: app.texts().count("Suspendu") == 3, "three suspended")
        await app.tap("service", FR.turn_on)
        await app.see(FR.turned_on)
        await app.until(lambda: app.texts().count("Suspendu") == 3, "still suspended")


async def test_service_switch_after_a_termination_counts_one_subscription_less(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.tap(FR.end, FR.confirm)
        await app.see(FR.ended)
        await quiet(app, line)
        await app.tap("service")
        await app.see("Vos 2 abonnements en cours")
        await app.tap(FR.turn_off)
        await app.see(FR.turned_off)
        await app.see_not("La situation a changé")


async def test_subscription_suspended_with_the_service_can_be_terminated(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see(FR.on_since)
        await app.tap("service", FR.turn_off)
        await app.see("Suspendu")
        await app.tap(FR.end, FR.confirm)
        await app.see(FR.ended)


async def test_failed_service_switch_shows_the_unchanged_state(line: Line) -> None:
    async with visit_remembered(line, "/gerer") as app:
        await app.see(FR.on_since)
        await quiet(app, line)
        line.down = True
        await app.tap("service", FR.turn_off)
        await app.see("Le changement n’a pas abouti. Le service est toujours actif.")
        assert switch(app).value


@SIZES
async def test_home_sums_up_subscriptions_and_service_and_links_to_them(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, **screen) as app:
        # 2.99 a week is 12.96 a month; 4.99 and 8.99
        await app.see("3 abonnements, 26,94 € par mois")
        await app.tap("Abonnements internet+")
        await app.see(FR.yours)
        assert app.route == "/gerer"
        await app.go("/")
        await app.tap(FR.service)
        await app.see(FR.on_since)
        await app.see_not("Réactiver")


async def test_home_warns_of_a_suspended_service_and_links_to_it(serve: Serve) -> None:
    async with visit_remembered(serve(SUSPENDED)) as app:
        await app.see("Le service internet+ est désactivé depuis le 5 avril 2026.")
        await app.see("Achats bloqués sur votre facture · Désactivé")
        await app.tap("Réactiver")
        await app.see("Désactivé depuis le 5 avril 2026")
        assert app.route == "/gerer"


@pytest.mark.parametrize("route", ["/", "/conso/internet", "/achats", "/gerer"])
async def test_screen_without_billing_rights_explains_once_and_shows_no_zero(
    serve: Serve, route: str
) -> None:
    line = serve(FOYER)
    async with visit_remembered(line, route) as app:
        await app.see("Achats visibles par le titulaire du contrat")
        await quiet(app, line)
        told = [text for text in app.texts() if "Achats visibles par le titulaire" in text]
        assert len(told) == 1, "once"
        assert not [text for text in app.texts() if "€" in text or text.startswith("0 ")]
        await app.see_not("0 abonnement", "Aucun abonnement")
        assert not app.controls(ft.Switch)
        assert "Réessayer" not in app.names()


async def test_manage_screen_without_subscriptions_shows_the_empty_state(serve: Serve) -> None:
    async with visit_remembered(serve("nouveau@demo.example"), "/gerer") as app:
        await app.see("Aucun abonnement en cours", "Un abonnement pris avec internet+ apparaîtra ici.")


@SIZES
async def test_dispute_is_sent_once_and_shown_on_the_purchase(line: Line, screen: Screen) -> None:
    route = "/achats/charge-2026-05-11-0?periode=2026-06"
    async with visit_remembered(line, route, **screen) as app:
        await app.tap("Signaler un problème", "Envoyer le signalement")
        await app.see("Choisissez une raison.")
        assert writes(line, "/disputes") == 0
        await app.tap("Je ne reconnais pas cet achat")
        await app.see_not("Choisissez une raison.")
        await app.enter("Précisez si vous le souhaitez", "Jamais vu.")
        await app.tap("Annuler")
        await app.see_not("Envoyer le signalement")
        await app.tap("Signaler un problème")
        assert [field.value for field in app.controls(ft.TextField)] == ["Jamais vu."], "the draft is kept"
        with line.holding("/disputes"):
            await app.tap("Envoyer le signalement")
            await app.see("Envoi…")
            with pytest.raises(AssertionError, match="is disabled"):
                await app.tap("Envoi…")
        await app.see("Signalement envoyé. Référence SG-260514-", "Envoyé le 14 mai 2026 à 12:00", "Contesté")
        assert "Signaler un problème" not in app.names()
        assert len(await kept(line, dispute)) == 1
    async with visit_remembered(line, route, **screen) as app:
        await app.see("Signalement envoyé. Référence SG-260514-")


async def test_contract_choice_is_on_every_screen_and_shared(serve: Serve) -> None:
    async with visit_remembered(serve(CAMILLE), "/gerer") as app:
        await app.see("Club Cubéo")
        for route, text in (
            ("/gerer", FR.yours),
            ("/conso/internet", "Vos six dernières périodes"),
            ("/achats", "Sur votre facture de juin"),
        ):
            await app.go(route)
            await app.see(text)
            assert first(app, "Contrat affiché : Internet · 04 •• •• •• 12"), route
        await app.go("/gerer")
        await choose_contract(app, "Mobile · 06 •• •• •• 47")
        await app.see("Aucun abonnement en cours")
        await app.see_not("Club Cubéo")
        assert app.route == "/gerer"
        await app.go("/achats")
        await app.see("Sur votre facture de juin")
        assert first(app, "Contrat affiché : Mobile · 06 •• •• •• 47")


async def test_chosen_contract_is_restored_in_the_next_session_until_sign_out(
    serve: Serve,
) -> None:
    line = serve(CAMILLE)
    store, device = await remembered(line, CAMILLE), dict[str, Any]()
    async with visit(line, store, route="/gerer", preferences=device) as app:
        await choose_contract(app, "Mobile · 06 •• •• •• 47")
        await app.see("Aucun abonnement en cours")
        await quiet(app, line)
    assert "camille-mobile-2" in device["preferences"]
    async with visit(line, store, route="/gerer", preferences=device) as app:
        await app.see("Aucun abonnement en cours")
        await app.go("/reglages")
        await app.tap("Se déconnecter")
        await app.see("Se déconnecter ?")
        await app.tap("Se déconnecter")
        await app.see("Identifiez-vous")
        await quiet(app, line)
    assert "camille" not in device["preferences"]


async def test_contract_choice_is_hidden_for_a_single_contract(serve: Serve) -> None:
    async with visit_remembered(serve(SUSPENDED), "/gerer") as app:
        await app.see("Antivirus Chardon")
        assert not any(name.startswith("Contrat affiché") for name in app.names())
