"""A contest file, from an unknown charge to its PDF, in a browser."""

from __future__ import annotations

import io
import re
from itertools import count
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.e2e.browser import download, scroll_to, see, see_heading, tap
from tests.e2e.conftest import NOW, Serve, ServeSandbox, Visit
from tests.e2e.test_accessibility import faults
from tests.e2e.test_journeys import EN, FR, Said, sign_in
from tests.views.test_screens_contest import FULL_NUMBER

WORDS = {
    "fr": {
        "see": "Les voir",
        "heading": "À vérifier",
        "no": "Je ne reconnais pas, Fiche Potager",
        "start": "Préparer une contestation",
        "prepare": "Préparer le dossier",
        "save": "Enregistrer le dossier (PDF)",
        "after": "Payé après la résiliation",
        "not_bank": "ne bloquez pas le paiement de votre facture",
        "general": "Information générale, pas un conseil juridique",
    },
    "en": {
        "see": "See them",
        "heading": "To look at",
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


@pytest.mark.parametrize(
    ("device", "locale", "said"),
    [
        ("phone", "fr", FR),
        pytest.param("phone", "en", EN, marks=pytest.mark.nightly),
        pytest.param("desktop", "fr", FR, marks=pytest.mark.nightly),
        pytest.param("desktop", "en", EN, marks=pytest.mark.nightly),
    ],
)
def test_document_is_saved_in_six_taps_from_an_unknown_charge(
    serve: Serve,
    serve_sandbox: ServeSandbox,
    visit: Visit,
    tmp_path: Path,
    device: str,
    locale: str,
    said: Said,
) -> None:
    words = WORDS[locale]
    server = serve(backend=serve_sandbox(now=NOW).url)
    page = visit(server.url, device=device, language=locale)
    sign_in(page, said, "camille@demo.example")
    taps = count(1)

    def press(name: str) -> None:
        tap(page, name)
        next(taps)

    press(words["see"])
    see_heading(page, words["heading"])
    scroll_to(page, words["no"])
    press(words["no"])
    scroll_to(page, f"{words['start']}, Fiche Potager")
    press(f"{words['start']}, Fiche Potager")
    see(page, words["not_bank"])
    assert faults(page, said) == []
    scroll_to(page, words["general"])
    scroll_to(page, words["prepare"])
    press(words["prepare"])
    scroll_to(page, words["after"])
    scroll_to(page, words["save"])
    file = download(page, words["save"], tmp_path)
    assert next(taps) <= MOST_TAPS
    assert re.fullmatch(r"(contestation|dispute)-[0-9a-f]{8}\.pdf", file.name)
    pages = PdfReader(io.BytesIO(file.read_bytes())).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages)
    assert "L’abonnement a été résilié le 5 avril 2026" in text
    assert "Information générale, pas un conseil juridique" in text
    assert "Madame, Monsieur," in text
    assert not FULL_NUMBER.search(text)
