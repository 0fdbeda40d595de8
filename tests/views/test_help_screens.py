"""Help screens: articles, search, feedback, and help before the sign-in."""

from __future__ import annotations

import flet as ft
import pytest

from tests.views.conftest import CAMILLE, Line, Serve, visit
from tests.views.state.test_help import kept
from tests.views.visits import visit_remembered
from views.help import state as help_module

WIDTHS = [pytest.param(390, id="narrow"), pytest.param(1280, id="wide")]
SEARCH = "Chercher dans l’aide"
LIKED = "Qu’avez-vous apprécié\u00a0?"
MISSING = "Que vous a-t-il manqué\u00a0? Quel problème avez-vous rencontré\u00a0?"
REMINDER = "Numéro de mobile ou adresse e-mail"


@pytest.mark.parametrize("width", WIDTHS)
async def test_help_article_opens_from_the_list_and_closes(line: Line, width: int) -> None:
    async with visit_remembered(line, "/", width=width) as app:
        await app.see("Bonjour")
        await app.tap("Aide")
        await app.see("Une autre question ?")
        assert (1, "Aide et avis") in app.headings()
        await app.see_not("Ouvrez Suivi conso.")
        await app.tap("Comment lire mes achats ?")
        await app.see("Ouvrez Suivi conso.")
        assert app.route == "/aide/lire-vos-achats"
        assert ((2 if width > 840 else 1), "Comment lire mes achats\u00a0?") in app.headings()
        assert len([level for level, _ in app.headings() if level == 1]) == 1
        assert all(app.names())
        if width < 840:
            await app.back()
            await app.see("Une autre question ?")
            assert app.route == "/aide"


@pytest.mark.parametrize("width", WIDTHS)
async def test_help_article_opens_by_its_address(line: Line, width: int) -> None:
    async with visit_remembered(line, "/aide/periode", width=width) as app:
        await app.see("seront facturés les achats du 26 janvier au 25 février")
        await app.see("Un achat du 25 février est sur la facture de mars.")


@pytest.mark.parametrize("width", WIDTHS)
async def test_unknown_help_article_leads_back_to_the_list(line: Line, width: int) -> None:
    async with visit_remembered(line, "/aide/zorglub", width=width) as app:
        await app.see("Page introuvable")
        await app.tap("Voir toute l’aide")
        await app.see("Une autre question ?")
        assert app.route == "/aide"


async def test_help_article_links_open_screens_of_the_app(line: Line) -> None:
    async with visit_remembered(line, "/aide/achat-inconnu") as app:
        await app.tap("Désactiver le service")
        await app.see("Avant de désactiver")
        assert app.route == "/aide/service"
        await app.go("/aide/periode")
        await app.tap("Voir mes périodes")
        await app.see("Achats internet+")
        assert app.route == "/achats"


@pytest.mark.parametrize("width", WIDTHS)
async def test_help_search_shows_the_matching_sentence_and_can_be_cleared(line: Line, width: int) -> None:
    async with visit_remembered(line, "/aide", width=width) as app:
        await app.enter(SEARCH, "MEDIATEUR")
        await app.see("1 article trouvé", "saisir le médiateur des communications électroniques")
        await app.see_not("Comment lire ma période ?")
        await app.tap("Effacer la recherche")
        await app.see("Comment lire ma période ?")
        await app.enter(SEARCH, "zorglub")
        await app.see("Aucun article ne parle de « zorglub »")
        await app.tap("Effacer la recherche")
        await app.see("Comment lire ma période ?")
        assert app.controls(ft.TextField)[0].value == ""


async def test_help_search_is_kept_after_an_article(line: Line) -> None:
    async with visit_remembered(line, "/aide") as app:
        await app.enter(SEARCH, "médiateur")
        await app.tap("Je ne reconnais pas un achat")
        await app.see("Ensuite, contester")
        await app.back()
        await app.see("1 article trouvé")
        assert app.controls(ft.TextField)[0].value == "médiateur"


@pytest.mark.parametrize("width", WIDTHS)
async def test_feedback_screen_sends_both_comments(line: Line, width: int) -> None:
    async with visit_remembered(line, "/aide/service", width=width) as app:
        await app.see("Cette page vous a-t-elle été utile ?")
        await app.see_not("Votre avis nous intéresse")
        await app.tap("Non")
        await app.see("Que vous a-t-il manqué ?", "N’indiquez ni mot de passe ni donnée bancaire.")
        await app.until(lambda: ("TextField", "focus") in [call[:2] for call in app.calls], "no focus")
        await app.enter(MISSING, "Les délais.")
        await app.see("Caractères restants : 239")
        await app.tap("Ajouter un autre commentaire")
        await app.see("Qu’avez-vous apprécié ?")
        await app.enter(LIKED, "C’est court.")
        await app.tap("Envoyer mon avis")
        await app.see("Merci de votre participation.")
    (row,) = await kept(line)
    assert (row.article_id, row.useful) == ("service", False)
    assert (row.liked, row.missing) == ("C’est court.", "Les délais.")


async def test_feedback_screen_without_text_shows_and_announces_the_fault(line: Line) -> None:
    async with visit_remembered(line, "/aide/service") as app:
        await app.tap("Oui", "Envoyer mon avis")
        await app.see("Écrivez quelques mots avant d’envoyer.")
        assert "Écrivez quelques mots avant d’envoyer." in app.announced
        await app.enter(LIKED, "Clair")
        await app.see_not("Écrivez quelques mots avant d’envoyer.")
    assert await kept(line) == []


async def test_feedback_choice_is_kept_if_a_render_precedes_its_event(line: Line) -> None:
    async with visit_remembered(line, "/aide/service") as app:
        await app.see("Cette page vous a-t-elle été utile ?")
        (choice,) = app.controls(ft.SegmentedButton)
        app.page.session.apply_patch(choice._i, {"selected": ["yes"]})
        await app.set_locale("en-GB")
        await app.until(lambda: app.controls(ft.SegmentedButton)[0] is not choice, "the answer drawn again")
        await app.page.session.dispatch_event(choice._i, "change", ["yes"])
        await app.see("What did you like?")


async def test_feedback_characters_left_are_announced_at_50_10_and_0(line: Line) -> None:
    async with visit_remembered(line, "/aide/service") as app:
        await app.tap("Oui")
        await app.enter(LIKED, "x" * 260)
        await app.see("Caractères restants : 0")
        said = [sentence.replace("\u00a0", " ") for sentence in app.announced]
        assert said == [f"Caractères restants : {n}" for n in (50, 10, 0)]
        assert app.controls(ft.TextField)[0].value == "x" * 250
        await app._type(app.nodes("TextField")[0], "x" * 215)
        await app.see("Caractères restants : 35")
        assert len(app.announced) == 3, "nothing is said on the way up"


async def test_feedback_screen_keeps_deletes_and_restores_a_draft(line: Line) -> None:
    async with visit_remembered(line, "/aide/service") as app:
        await app.tap("Oui")
        await app.see_not("Effacer le brouillon")
        await app.enter(LIKED, "Clair")
        await app.go("/")
        await app.see("Bonjour")
        await app.go("/aide/service")
        await app.see("Votre avis nous intéresse")
        assert app.controls(ft.TextField)[0].value == "Clair"
        await app.tap("Effacer le brouillon")
        await app.see("Brouillon effacé")
        assert app.controls(ft.TextField)[0].value == ""
        await app.tap("Annuler")
        await app.see_not("Brouillon effacé")
        assert app.controls(ft.TextField)[0].value == "Clair"


async def test_feedback_screen_keeps_each_text_when_the_choice_changes(line: Line) -> None:
    async with visit_remembered(line, "/aide/service") as app:
        await app.tap("Oui")
        await app.enter(LIKED, "Clair")
        await app.tap("Non")
        await app.enter(MISSING, "Un exemple")
        assert [field.value for field in app.controls(ft.TextField)] == ["Un exemple", "Clair"]
        await app.tap("Non")
        await app.see_not("Votre avis nous intéresse")


async def test_feedback_written_offline_is_sent_later_from_any_screen(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_module, "_pauses", lambda: iter([0.02] * 1000))
    async with visit_remembered(line, "/aide/service") as app:
        await app.tap("Oui")
        await app.enter(LIKED, "Clair")
        line.down = True
        await app.tap("Envoyer mon avis")
        await app.see("Avis enregistré. Il sera envoyé dès le retour du réseau.")
        await app.go("/conso/internet")
        await app.see("Suivi conso")
        line.down = False
        await app.until(lambda: line.asked[-1] == "/v1/feedback" and not line.under_way, "not sent")
        await app.go("/aide/service")
        await app.see("Merci de votre participation.")
    assert len(await kept(line)) == 1


async def test_help_screens_are_in_english_for_an_english_locale(line: Line) -> None:
    async with visit_remembered(line, "/aide/service", locale="en-GB") as app:
        await app.see("Before you turn it off")
        await app.tap("Yes")
        await app.see("What did you like?", "Characters left: 250")


async def test_identifier_reminder_is_sent_from_the_sign_in_screen(line: Line) -> None:
    async with visit(line, demo=False) as app:
        await app.enter("Identifiant", "camille")
        await app.tap("Retrouver mon identifiant")
        await app.see("Indiquez un numéro de mobile")
        assert (1, "Retrouver mon identifiant") in app.headings()
        await app.tap("Recevoir mon identifiant")
        await app.see("Saisissez un numéro de mobile ou une adresse e-mail.")
        await app.enter(REMINDER, "06 39 98 01 12")
        await app.tap("Retour")
        await app.see("Identifiez-vous")
        assert app.controls(ft.TextField)[0].value == "camille"
        await app.tap("Retrouver mon identifiant")
        assert app.controls(ft.TextField)[0].value == "06 39 98 01 12"
        await app.submit(REMINDER)
        await app.see("Si un compte correspond, vous recevrez votre identifiant par SMS ou par e-mail.")
        await app.tap("Revenir à l’identification")
        await app.see("Identifiez-vous")


async def test_identifier_reminder_of_the_demo_says_that_nothing_is_sent(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.tap("Retrouver mon identifiant")
        await app.enter(REMINDER, CAMILLE)
        await app.submit(REMINDER)
        await app.see("La démonstration n’envoie rien.")


async def test_forgotten_password_refers_to_the_operator(serve: Serve) -> None:
    async with visit(serve(CAMILLE)) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer", "Mot de passe oublié ?")
        await app.see("Ouvrez le site ou l’application de votre opérateur.")
        await app.press("Escape")
        await app.see_not("Ouvrez le site")
        assert app.launched == []
