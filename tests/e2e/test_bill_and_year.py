"""A printed bill explained, and a year taken along, in a browser."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.browser import download, enter, scroll_to, see, see_address, see_heading, tap
from tests.e2e.conftest import Visit
from tests.e2e.test_accessibility import faults
from tests.e2e.test_journeys import EN, FR, Said, sign_in
from tests.harness.processes import Server

WORDS = {
    "fr": {
        "compare": "Comparer à ma facture",
        "gap": "Écart de 2,99 €",
        "line": "2,99 € · Fiche Potager",
        "clocks": "Facture et mois civil",
        "field": "Montant internet+ sur votre facture de mars",
        "button": "Comparer",
        "same": "Identique : 56,29 €",
        "link": "Votre année",
        "year": "Votre année internet+",
        "title": "Mon année internet+ 2026",
        "picture": "Enregistrer l’image",
        "done": "Votre année a été enregistrée",
    },
    "en": {
        "compare": "Compare with my invoice",
        "gap": "Difference of €2.99",
        "line": "€2.99 · Fiche Potager",
        "clocks": "Invoice and calendar month",
        "field": "internet+ amount on your March invoice",
        "button": "Compare",
        "same": "Identical: €56.29",
        "link": "Your year",
        "year": "Your internet+ year",
        "title": "My internet+ year 2026",
        "picture": "Save the picture",
        "done": "Your year was saved",
    },
}
VISITORS = [
    ("phone", "fr", FR),
    pytest.param("desktop", "en", EN, marks=pytest.mark.nightly),
]


@pytest.mark.nightly
@pytest.mark.parametrize(("device", "locale", "said"), VISITORS)
def test_printed_bill_is_explained_told_or_typed(
    demo: Server, visit: Visit, device: str, locale: str, said: Said
) -> None:
    words = WORDS[locale]
    page = visit(f"{demo.url}/achats?periode=2026-05", device=device, language=locale)
    sign_in(page, said, "camille@demo.example")
    see_heading(page, said.purchases)
    tap(page, words["compare"])
    see_heading(page, words["compare"])
    see_address(page, "/rapprochement?periode=2026-05")
    see(page, words["gap"])
    scroll_to(page, words["line"])
    assert faults(page, said, scrolled=True) == []
    scroll_to(page, words["clocks"])
    assert faults(page, said, scrolled=True) == []
    page.goto(f"{demo.url}/rapprochement?periode=2026-03")
    see_heading(page, words["compare"])
    enter(page, words["field"], "56,29")
    tap(page, words["button"])
    see(page, words["same"])
    assert faults(page, said) == []


@pytest.mark.parametrize(("device", "locale", "said"), VISITORS)
def test_year_is_read_and_its_picture_saved(
    demo: Server, visit: Visit, tmp_path: Path, device: str, locale: str, said: Said
) -> None:
    words = WORDS[locale]
    page = visit(f"{demo.url}/conso/internet", device=device, language=locale)
    sign_in(page, said, "camille@demo.example")
    scroll_to(page, words["link"])
    tap(page, words["link"])
    see_heading(page, words["year"])
    see_address(page, "/conso/annee?annee=2026")
    see(page, words["title"])
    assert faults(page, said) == []
    scroll_to(page, words["picture"])
    assert faults(page, said, scrolled=True) == []
    file = download(page, words["picture"], tmp_path)
    see(page, words["done"])
    with Image.open(io.BytesIO(file.read_bytes())) as image:
        assert image.size == (1080, 1350)
