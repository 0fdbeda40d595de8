"""Screen tests of contest files, by accessible names: creation, steps, closing."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from typing import Any

import flet as ft
import icalendar
import pytest
from pypdf import PdfReader

from services.sandbox import Subscriber
from services.sandbox.demo_catalogue import Offer
from services.sandbox.demo_line import Line
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.views.conftest import NOW, PASSWORD, Serve, quiet, remembered, visit
from tests.views.test_screens_journey import NARROW, SIZES, WIDE

CAMILLE, VEILLE = "camille@demo.example", "veille@demo.example"
WORDS: dict[str, dict[str, str]] = {
    "fr-FR": {
        "see": "Les voir",
        "no": "Je ne reconnais pas, Fiche Potager",
        "start": "Préparer une contestation",
        "prepare": "Préparer le dossier",
        "save": "Enregistrer le dossier (PDF)",
        "after": "Payé après la résiliation",
        "not_bank": "ne bloquez pas le paiement de votre facture",
        "general": "Information générale, pas un conseil juridique",
    },
    "en-GB": {
        "see": "See them",
        "no": "I don't recognise it, Fiche Potager",
        "start": "Prepare a dispute",
        "prepare": "Prepare the file",
        "save": "Save the file (PDF)",
        "after": "Charged after I cancelled",
        "not_bank": "do not block the payment of your invoice",
        "general": "General information, not legal advice",
    },
}
MOST_TAPS = 6
FULL_NUMBER = re.compile(r"(?:\d[ .]?){9,}\d")
"""Ten digits in a row, as a phone number has."""


def saved(app: Driver) -> list[dict[str, Any]]:
    """Return the arguments of all requests to save a file, in order."""
    return [asked for _, name, asked in app.calls if name == "save_file"]


class Taps:
    """A person's taps, counted."""

    def __init__(self, app: Driver) -> None:
        self._app, self.count = app, 0

    async def on(self, name: str) -> None:
        self.count += 1
        await self._app.tap(name)


def read(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages)


@pytest.mark.parametrize("locale", daily(WORDS, "fr-FR"))
@SIZES
async def test_document_is_ready_in_six_taps_from_what_is_not_recognised(
    serve: Serve, locale: str, screen: dict[str, Any]
) -> None:
    said, line = WORDS[locale], serve(CAMILLE)
    route = "/verifier"
    async with visit(line, await remembered(line, CAMILLE), locale=locale, route=route, **screen) as app:
        await app.see(said["no"])
        taps = Taps(app)
        await taps.on(said["no"])
        await app.see(said["start"])
        await taps.on(f"{said['start']}, Fiche Potager")
        await app.see(said["prepare"])
        await app.see(said["not_bank"])
        await app.see(said["general"])
        assert all(app.names())
        await taps.on(said["prepare"])
        await app.see(said["save"])
        assert app.route.startswith("/contestations/")
        await app.see(said["after"])
        await app.see(said["general"])
        assert all(app.names())
        await taps.on(said["save"])
        await app.until(lambda: saved(app), "no file")
        assert taps.count <= MOST_TAPS
        file = saved(app)[0]
        await quiet(app, line)
    assert re.fullmatch(r"(contestation|dispute)-[0-9a-f]{8}\.pdf", file["file_name"])
    text = read(file["src_bytes"])
    assert "L’abonnement a été résilié le 5 avril 2026" in text
    assert "Information générale, pas un conseil juridique" in text
    assert "Madame, Monsieur," in text
    assert not FULL_NUMBER.search(text)


async def test_file_is_followed_to_its_end(serve: Serve) -> None:
    line = serve(VEILLE)
    async with visit(line, await remembered(line, VEILLE), **NARROW) as app:
        await app.see("Contestation Ciné Lanterne\u00a0: sans réponse depuis un mois")
        await app.tap("Voir la contestation")
        await app.see("Prochaine étape\u00a0: Écrire au service consommateurs, dès maintenant")
        await app.see("1A 204 417 5538 2")
        await app.see("Possible à partir du 4\u00a0juin 2026")
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
    async with visit(line, await remembered(line, VEILLE), route="/gerer", **WIDE) as app:
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
    line = Line("box", NOW)
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


async def test_refund_that_is_found_offers_to_close(serve: Serve) -> None:
    line = serve(contested(refunded=True))
    async with visit(line, await remembered(line, VEILLE), **NARROW) as app:
        await app.tap("Voir la contestation")
        await app.see("Remboursé le 11\u00a0mai 2026\u00a0: clore\u00a0?")
        await app.see("4,99\u00a0€ remboursés sur 4,99\u00a0€ demandés")
        await app.see("Clore la contestation")
        await quiet(app, line)


async def test_nothing_for_adults_is_named_and_no_number_stands_in_the_document(serve: Serve) -> None:
    line = serve(contested(adult=True))
    async with visit(line, await remembered(line, VEILLE), **NARROW) as app:
        await app.see("Contestation Contenu pour adultes")
        await app.tap("Voir la contestation")
        await app.enter("Votre adresse, pour les lettres", "1 rue des Lilas\n35000 Rennes")
        await app.tap("Enregistrer le dossier (PDF)")
        await app.until(lambda: saved(app), "no file")
        text = read(saved(app)[0]["src_bytes"])
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
    async with visit(line, await remembered(line, CAMILLE), route="/gerer", **NARROW) as app:
        await app.see("Vos abonnements")
        await app.tap("Démonstration\u00a0: données fictives")
        await app.tap("Contestation")
        await app.tap("Montrer ce cas")
        await app.see("Contestation Ciné Lanterne\u00a0: sans réponse depuis un mois")
        assert app.route == "/"
        await app.go("/gerer/calendrier")
        await app.see("Ciné Lanterne\u00a0: étape possible, Saisir le médiateur")
        day = next(name for name in app.names() if name.startswith("4\u00a0juin 2026"))
        await app.tap(day)
        await app.see("Saisir le médiateur, au plus tard")
        await app.tap("Ajouter à mon agenda (.ics)")
        await app.until(lambda: saved(app), "no file")
        content = saved(app)[0]["src_bytes"]
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


async def test_lines_are_reported_from_the_file_and_the_letter_says_so(serve: Serve) -> None:
    line = serve(CAMILLE)
    route = "/contestations/nouvelle/editeur/fiche-potager"
    async with visit(line, await remembered(line, CAMILLE), locale="en-GB", route=route, **NARROW) as app:
        await app.tap("Prepare the file")
        await app.tap("Report these charges")
        await app.see("Reported to the operator · 14\u00a0May 2026")
        reports = [address for address in line.asked if address.endswith("/disputes")]
        assert len(reports) == len(set(reports)) > 1, "one report a line"
        await app.tap("Read the letter, Write to customer service")
        await app.see("The letter is sent in French")
        await app.see("A formal written complaint")
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
    async with visit(line, await remembered(line, VEILLE), locale=locale, **NARROW) as app:
        await app.tap("Voir la contestation" if locale == "fr-FR" else "See the dispute")
        await app.see(report)
        await app.see(f"Surmafacture.fr, {outside}")
        await app.see(f"SignalConso, {outside}")
        urls = {button.url for button in app.controls(ft.OutlinedButton) if button.url}
        assert urls >= {"https://www.surmafacture.fr/", "https://signal.conso.gouv.fr/"}
        await quiet(app, line)
