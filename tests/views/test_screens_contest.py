"""Screen tests of contest files, by accessible names: creation, steps, closing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import flet as ft
import icalendar
import pytest
from sqlalchemy import update

from services.sandbox import Subscriber, demo_line
from services.sandbox.demo_catalogue import Offer
from services.sandbox.schema import purchase
from tests.views.conftest import NOW, PASSWORD, Line, Serve, quiet, remembered, visit
from tests.views.factories import subscribed
from tests.views.test_sharing import text_of
from tests.views.visits import NARROW, WIDE, visit_remembered

CAMILLE, VEILLE = "camille@demo.example", "veille@demo.example"
FULL_NUMBER = re.compile(r"(?:\d[ .]?){9,}\d")
"""Ten digits in a row, as a phone number has."""


async def test_file_is_followed_to_its_end(serve: Serve) -> None:
    line = serve(VEILLE)
    async with visit_remembered(line, **NARROW) as app:
        await app.see("Contestation Ciné Lanterne\u00a0: sans réponse depuis un mois")
        await app.tap("Voir la contestation")
        await app.see("Prochaine étape\u00a0: Écrire au service consommateurs, dès maintenant")
        await app.see("1A 204 417 5538 2", "Possible à partir du 4\u00a0juin 2026")
        sent = [name for name in app.names() if name.startswith("J’ai envoyé cette lettre")]
        assert len(sent) == 1, "only the letter that is open can be sent"
        await app.tap(sent[0])
        await app.enter("Date", "14/05/2027")
        await app.tap("Enregistrer")
        await app.see("Cette date n’est pas encore passée.")
        await app.enter("Date", "01/03/2026")
        await app.tap("Enregistrer")
        await app.see("Cette date est avant l’étape précédente.")
        await app.enter("Date", "14/05/2026")
        await app.enter("Référence (facultatif)", "1A 999")
        await app.tap("Enregistrer")
        await app.see("Lettre envoyée au service consommateurs · 14\u00a0mai 2026 · Courrier · 1A 999")
        await app.see("Prochaine étape\u00a0: Saisir le médiateur, à partir du")
        await app.tap("Clore la contestation")
        await app.see("Close le 14\u00a0mai 2026")
        await app.tap("Rouvrir la contestation")
        await app.see("Saisir le médiateur, à partir du")
        await quiet(app, line)
    async with visit_remembered(line, "/gerer", **WIDE) as app:
        await app.see("Contestations")
        await app.tap("Ciné Lanterne · 4,99\u00a0€")
        await app.see("1A 999")
        await app.tap("Supprimer la contestation")
        await app.see("Le dossier et ses dates seront effacés")
        await app.tap("Supprimer la contestation")
        await app.until(lambda: app.route == "/gerer", "back")
        await app.see_not("Ciné Lanterne · 4,99")
        await quiet(app, line)


def contested(*, adult: bool = False, refunded: bool = False) -> Subscriber:
    """Return a subscriber with a contest file about one purchase, which may be given back since."""
    line = demo_line.Line("box", NOW)
    offer = Offer("Club Secret", "Accès", "adult" if adult else "games", (499,))
    bought = line.buy(offer, NOW - timedelta(days=50), disputed=timedelta(days=5))
    assert bought is not None
    line.contest(bought, "club-secret")
    if refunded:
        line.buy(offer, NOW - timedelta(days=3), cents=-499, refund_of=bought)
    contract = line.contract("01 •• •• •• 99")
    return Subscriber(
        identifier=VEILLE,
        password=PASSWORD,
        display_name="Violette Dumas",
        phone_number="0639980177",
        contracts=(contract,),
    )


async def test_form_keeps_its_choices_over_a_failed_and_a_successful_refresh(serve: Serve) -> None:
    line = serve(subscribed())
    async with visit_remembered(line, "/contestations/nouvelle/editeur/club-cubeo", **NARROW) as app:
        await app.see("24 paiements, 71,76\u00a0€")
        await app.tap("line-charge-2026-05-11-0")
        await app.see("23 paiements, 68,77\u00a0€")
        await quiet(app, line)
        line.down = True
        await app.press("R")
        await app.see("Hors ligne", "23 paiements, 68,77\u00a0€")
        await quiet(app, line)
        line.down = False
        raised = update(purchase).values(amount=purchase.c.amount + 100)
        await line.app.state.store.run(lambda connection: connection.execute(raised), writing=True)
        await app.tap("Réessayer")
        await app.see("23 paiements, 91,77\u00a0€")


async def test_refund_that_is_found_offers_to_close(serve: Serve) -> None:
    line = serve(contested(refunded=True))
    async with visit_remembered(line, **NARROW) as app:
        await app.tap("Voir la contestation")
        await app.see("Remboursé le 11\u00a0mai 2026\u00a0: clore\u00a0?")
        await app.see("4,99\u00a0€ remboursés sur 4,99\u00a0€ demandés", "Clore la contestation")
        await quiet(app, line)


async def test_nothing_for_adults_is_named_and_no_number_stands_in_the_document(serve: Serve) -> None:
    line = serve(contested(adult=True))
    async with visit_remembered(line, **NARROW) as app:
        await app.see("Contestation Contenu pour adultes")
        await app.tap("Voir la contestation")
        await app.enter("Votre adresse, pour les lettres", "1 rue des Lilas\n35000 Rennes")
        text = text_of((await app.save("Enregistrer le dossier (PDF)"))["src_bytes"])
        assert not any("Club Secret" in shown for shown in app.texts())
        await quiet(app, line)
    assert "Contenu pour adultes" in text
    assert "Club Secret" not in text
    assert "1 rue des Lilas 35000 Rennes" in text
    assert "Démonstration" in text
    assert not FULL_NUMBER.search(text.replace("1A 204 417 5538 2", ""))
    assert "0639980177" not in text


async def test_demo_shows_a_file_and_its_days_in_the_calendar(serve: Serve) -> None:
    line = serve(CAMILLE, VEILLE)
    async with visit_remembered(line, "/gerer", **NARROW) as app:
        await app.see("Vos abonnements")
        await app.tap("Démonstration\u00a0: données fictives", "Contestation", "Montrer ce cas")
        await app.see("Contestation Ciné Lanterne\u00a0: sans réponse depuis un mois")
        assert app.route == "/"
        await app.go("/gerer/calendrier")
        await app.see("Ciné Lanterne\u00a0: étape possible, Saisir le médiateur")
        day = next(name for name in app.names() if name.startswith("4\u00a0juin 2026"))
        await app.tap(day)
        await app.see("Saisir le médiateur, au plus tard")
        content = (await app.save("Ajouter à mon agenda (.ics)"))["src_bytes"]
        events: list[Any] = list(icalendar.Calendar.from_ical(content).walk("VEVENT"))
        assert {event["dtstart"].dt for event in events} >= {date(2026, 6, 4), date(2027, 4, 1)}
        assert all("Information générale" in event["description"] for event in events)
        await quiet(app, line)


async def test_address_is_kept_only_if_asked(serve: Serve) -> None:
    line = serve(contested())
    store = await remembered(line, VEILLE)
    label, keep = "Votre adresse, pour les lettres", "Garder mon adresse"
    for asked in (False, True):
        async with visit(line, store, **NARROW) as app:
            await app.tap("Voir la contestation")
            await app.enter(label, "1 rue des Lilas")
            if asked:
                await app.tap(keep)
            await quiet(app, line)
        async with visit(line, store, **NARROW) as app:
            await app.tap("Voir la contestation")
            await app.see(keep)
            field = next(one for one in app.controls(ft.TextField) if one.label == label)
            assert field.value == ("1 rue des Lilas" if asked else "")
            await quiet(app, line)


async def test_lines_are_reported_from_the_file_and_the_letter_says_so(line: Line) -> None:
    route = "/contestations/nouvelle/editeur/fiche-potager"
    async with visit_remembered(line, route, locale="en-GB", **NARROW) as app:
        await app.tap("Prepare the file", "Report these charges")
        await app.see("Reported to the operator · 14\u00a0May 2026")
        reports = [address for address in line.asked if address.endswith("/disputes")]
        assert len(reports) == len(set(reports)) > 1, "one report a line"
        await app.tap("Read the letter, Write to customer service")
        await app.see("The letter is sent in French", "A formal written complaint")
        await app.see("Signalement dans l’espace client, référence\u00a0: SG-")
        await app.tap("Close")
        await app.see("Write an e-mail (attach the PDF)")
        await quiet(app, line)


@pytest.mark.parametrize(
    ("locale", "report", "outside"),
    [
        ("fr-FR", "Un signalement, pas un recours", "s’ouvre dans le navigateur"),
        ("en-GB", "A report, not a remedy", "opens in the browser"),
    ],
)
async def test_sites_for_reports_are_linked_and_are_no_remedy(
    serve: Serve, locale: str, report: str, outside: str
) -> None:
    line = serve(contested())
    async with visit_remembered(line, locale=locale, **NARROW) as app:
        await app.tap("Voir la contestation" if locale == "fr-FR" else "See the dispute")
        await app.see(report, f"Surmafacture.fr, {outside}", f"SignalConso, {outside}")
        urls = {button.url for button in app.controls(ft.OutlinedButton) if button.url}
        assert urls >= {"https://www.surmafacture.fr/", "https://signal.conso.gouv.fr/"}
        await quiet(app, line)
