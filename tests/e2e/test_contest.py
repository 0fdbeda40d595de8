"""A contest file, from an unknown charge to its PDF, in a browser."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.e2e.browser import PATIENCE, scroll_to, see, see_heading, tap
from tests.e2e.conftest import NOW, Serve, ServeSandbox, Visit
from tests.e2e.test_accessibility import faults
from tests.e2e.test_journeys import EN, FR, Said, sign_in
from tests.harness.patience import stretched
from tests.views.test_screens_contest import FULL_NUMBER, MOST_TAPS
from tests.views.test_screens_contest import WORDS as SAID

WORDS = {"fr": SAID["fr-FR"], "en": SAID["en-GB"]}
HEADINGS = {"fr": "À vérifier", "en": "To look at"}


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

    def press(name: str) -> int:
        tap(page, name)
        return next(taps)

    press(words["see"])
    see_heading(page, HEADINGS[locale])
    scroll_to(page, words["no"])
    press(words["no"])
    scroll_to(page, f"{words['start']}, Fiche Potager")
    press(f"{words['start']}, Fiche Potager")
    see(page, words["not_bank"])
    assert faults(page, said) == []
    scroll_to(page, words["prepare"])
    press(words["prepare"])
    scroll_to(page, words["save"])
    with page.expect_download(timeout=stretched(PATIENCE) * 1000) as downloading:
        used = press(words["save"])
    assert used <= MOST_TAPS
    file = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(file)
    pages = PdfReader(io.BytesIO(file.read_bytes())).pages
    text = " ".join(" ".join(page.extract_text().split()) for page in pages)
    assert "L’abonnement a été résilié le 5 avril 2026" in text
    assert "Madame, Monsieur," in text
    assert not FULL_NUMBER.search(text)
