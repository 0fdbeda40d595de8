"""PDF receipt: selectable text, embedded fonts, deterministic bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # carries no types
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.documents.receipt import Receipt, pdf_file

ASSETS = Path(__file__).parents[3] / "assets"
RECEIPT = Receipt(
    language="fr",
    product_name="Conso et moi",
    warning="",
    title="Reçu d’achat",
    merchant="Ciné Plus Loin",
    category="Vidéo",
    amount="1\u202f234,56\u00a0€",
    status="Facturé en mars",
    facts=(("Date", "25 février 2024 à 23:59"), ("Référence", "IP-240225-000001")),
    notes=("Établi le 10 mars 2024 à 12:00.", "Application indépendante."),
    made_at=datetime(2024, 3, 10, 11, tzinfo=UTC),
)


def pdf(receipt: Receipt) -> bytes:
    return pdf_file(receipt, fonts=ASSETS / "fonts", mark=ASSETS / "icons" / "mark.svg")


def read(content: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(content))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    return reader, text


def test_receipt_text_is_fully_extractable() -> None:
    reader, text = read(pdf(RECEIPT))
    assert len(reader.pages) == 1
    said = [RECEIPT.product_name, RECEIPT.title, RECEIPT.merchant, RECEIPT.category, RECEIPT.status]
    said += [RECEIPT.amount, *RECEIPT.notes, *(word for fact in RECEIPT.facts for word in fact)]
    for words in said:
        assert " ".join(words.split()) in text, words


def test_receipt_metadata_holds_title_date_and_language() -> None:
    reader, _ = read(pdf(RECEIPT))
    assert reader.metadata is not None
    assert reader.metadata.title == "Reçu d’achat · Ciné Plus Loin"
    assert reader.metadata.creation_date == RECEIPT.made_at
    assert reader.trailer["/Root"]["/Lang"] == "fr"  # type: ignore[index]


def test_receipt_embeds_its_fonts_as_subsets() -> None:
    content = pdf(RECEIPT)
    reader, _ = read(content)
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.values():
        described = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in described
    assert len(content) < 60_000


def test_receipt_of_the_same_purchase_has_the_same_bytes() -> None:
    assert pdf(RECEIPT) == pdf(RECEIPT)
    assert pdf(RECEIPT) != pdf(replace(RECEIPT, amount="1,99\u00a0€"))


def test_receipt_warning_is_the_first_text() -> None:
    _, text = read(pdf(replace(RECEIPT, warning="Démonstration")))
    assert text.startswith("Démonstration")


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("E\u0301ditions Cafe\u0301 de\u0301ja\u0300 vu", "Éditions Café déjà vu"),
        ("Cine\u0301\u200bPlus\ufeff Loin", "CinéPlus Loin"),
        ("Jeu\u200d \u200e2\u200f, soft\u00adhyphen, a\u2060b", "Jeu 2, softhyphen, ab"),
        ("non\u2011breaking \u2015 tiret", "non\u2011breaking - tiret"),
        ("A\x00B\x07C\x1b[31m", "ABC[31m"),
        ("tab\there\nline\r\nx\u2028y\x85z", "tab here line x y z"),
        ("Œuvre ﬁnale ① ＡＢＣ", "Œuvre finale 1 ABC"),
        ("Éclat Jeux 🎮❤️ 👍🏽!", "Éclat Jeux □□ □!"),
        ("Кино", "□□□□"),
        ("日本", "□□"),
        ("x\u0302\u0323 q\u0302", "x q"),
        ("\u200b\u3164 Club", "Club"),
        ("{nb} pages, **gras** __x__ <b>y</b> %s \\n", "{nb} pages, **gras** __x__ <b>y</b> %s \\n"),
    ],
)
def test_receipt_text_is_normalized_and_missing_glyphs_are_boxes(given: str, drawn: str) -> None:
    merchant = f"Avant {given} après"
    _, text = read(pdf(replace(RECEIPT, merchant=merchant, facts=(("Fait", given),))))
    assert f"Avant {drawn} après" in text
    assert f"Fait {drawn}" in text
    assert "?" not in text


@pytest.mark.parametrize("rows", range(6, 19))
@pytest.mark.parametrize("length", [20, 250, 700])
def test_receipt_row_is_not_split_across_pages(rows: int, length: int) -> None:
    long = ("mot " * 250)[: length - 5] + "enfin"
    facts = (*((f"Fait {n}", "Valeur") for n in range(rows)), ("Long", long), ("Après", "suivant"))
    reader, _ = read(pdf(replace(RECEIPT, facts=facts)))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert sum(f"Long {long}" in page for page in pages) == 1
    (with_long,) = [number for number, page in enumerate(pages) if f"Long {long}" in page]
    (with_next,) = [number for number, page in enumerate(pages) if "Après suivant" in page]
    assert with_next == with_long or length > 20 or len(pages) == 2
    assert len(pages) <= 2, [page[:40] for page in pages]


def test_receipt_row_taller_than_a_page_is_followed_by_the_next_row() -> None:
    facts = (("Long", "mot " * 3000), ("Après", "suivant"))
    reader, text = read(pdf(replace(RECEIPT, facts=facts)))
    last = " ".join(reader.pages[-1].extract_text().split())
    assert last.startswith("mot")
    assert "Après suivant" in text


def test_receipt_that_overflows_continues_on_the_next_page() -> None:
    facts = tuple((f"Fait {n}", "mot " * 60) for n in range(12))
    reader, text = read(pdf(replace(RECEIPT, merchant="x" * 300, facts=facts)))
    assert len(reader.pages) > 1
    assert "Fait 11" in text
    assert text.endswith("Application indépendante.")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_receipt_with_a_random_merchant_name_is_a_pdf(name: str) -> None:
    assert pdf(replace(RECEIPT, merchant=name, facts=(("Éditeur", name),))).startswith(b"%PDF")


@pytest.mark.parametrize("name", ["InterTab-Regular.ttf", "InterTab-Bold.ttf"])
def test_document_font_has_the_glyphs_of_the_app_font_and_a_box(name: str) -> None:
    own, theirs = (set(TTFont(ASSETS / "fonts" / one).getBestCmap()) for one in ("InterTab-VF.ttf", name))
    assert own | {ord("□")} == theirs
    assert "fvar" not in TTFont(ASSETS / "fonts" / name)
