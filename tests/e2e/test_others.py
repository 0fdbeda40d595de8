"""The insights of data that we did not make, in a browser, by the names that a screen reader says.

The expected amounts and days were counted by hand from `tests/others/subscriber.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.browser import scroll_to, see, see_heading, tap
from tests.e2e.conftest import Serve, ServeSandbox, Visit
from tests.e2e.test_journeys import EN, FR, Said, sign_in
from tests.harness.processes import Server

OTHERS = Path(__file__).parents[1] / "others" / "subscriber.json"
NOW = "2025-09-20T09:00:00+04:00"
WHO, PASSWORD = "nadine.hoarau@ile.example", "Tangue!974"


@dataclass(frozen=True)
class Expected:
    """Texts on screen, in one language."""

    said: Said
    h1: str
    findings: tuple[str, ...]
    recall: str
    calendar: tuple[str, ...]
    publisher_link: str
    publisher: str
    total: str
    forecast: str
    manage: str
    row: str


EXPECTED = {
    "fr": Expected(
        FR,
        "À vérifier",
        (
            "55,00 €, au-dessus du maximum légal de 50,00 €",
            "Payé le 11 septembre, après la fin de l’abonnement (10 septembre)",
            "Deux fois 1,80 € à 40 s d’écart",
            "2,00 € → 2,50 € depuis le 29 août, soit 26,00 € de plus par an",
            "24,00 € ; jusqu’ici au plus 3,00 €",
        ),
        "Librairie Bourbon · 2 autres achats depuis mai, 5,50 € en tout",
        (
            "30 septembre · Ciné Piton · 7,99 € · facture de novembre",
            "Dernier jour pour résilier : 27 septembre",
            "15 octobre · Cours de kréol · 4,00 € · facture de décembre",
            "À demander à l’éditeur ; délai inconnu",
        ),
        "Voir l’éditeur, Kiosque Vanille",
        "Éditeur",
        "Total connu, 22,90 €",
        "Facture de novembre : probablement entre 110 € et 118 €",
        "Gérer",
        "Prochains paiements 68,47 € d’ici le 21 décembre",
    ),
    "en": Expected(
        EN,
        "To look at",
        (
            "€55.00, above the legal maximum of €50.00",
            "Charged on 11 September, after the subscription ended (10 September)",
            "€1.80 twice, 40 s apart",
            "€2.00 → €2.50 since 29 August, €26.00 more a year",
            "€24.00; until now €3.00 at most",
        ),
        "Librairie Bourbon · 2 other purchases since May, €5.50 in all",
        (
            "30 September · Ciné Piton · €7.99 · November invoice",
            "Last day to cancel: 27 September",
            "15 October · Cours de kréol · €4.00 · December invoice",
            "Ask the publisher; notice unknown",
        ),
        "See the publisher, Kiosque Vanille",
        "Publisher",
        "Known total, €22.90",
        "November invoice: probably between €110 and €118",
        "Manage",
        "Next charges €68.47 by 21 December",
    ),
}


@pytest.fixture(scope="module")
def others(serve: Serve, serve_sandbox: ServeSandbox) -> Server:
    """Return the app on a sandbox of foreign data."""
    return serve(backend=serve_sandbox(now=NOW, data=json.loads(OTHERS.read_text(encoding="utf-8"))).url)


@pytest.mark.nightly  # daily: tests/views/state/test_others.py
@pytest.mark.parametrize("device", ["phone", "desktop"])
@pytest.mark.parametrize("language", EXPECTED)
def test_insights_of_others_data_are_right(others: Server, visit: Visit, device: str, language: str) -> None:
    expected = EXPECTED[language]
    page = visit(f"{others.url}/verifier", device=device, language=language)
    sign_in(page, expected.said, WHO, PASSWORD)
    see_heading(page, expected.h1)
    read = scroll_to(page, *expected.findings, expected.recall)
    assert not {"Tirage Express", "Essai Gratuit"} & read, "denied or free: never pointed out"
    assert not [text for text in read if "60,00" in text or "60.00" in text], "nor what was given back"
    tap(page, expected.publisher_link)
    see_heading(page, expected.publisher)
    see(page, expected.total)
    tap(page, expected.said.back)
    see(page, expected.forecast)
    tap(page, expected.manage)
    see(page, expected.row)
    tap(page, expected.row)
    scroll_to(page, *expected.calendar)
