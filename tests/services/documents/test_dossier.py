"""PDF dossier of a contest file: extractable text, one letter per page, deterministic bytes."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from services.documents.dossier import Dossier, LetterPage, Section, Table, dossier_file

ASSETS = Path(__file__).parents[3] / "assets"
LETTER = LetterPage(
    to="Lettre à l’éditeur : Club Cubéo",
    sender=("Violette Dumas", "1 rue des Lilas", "35000 Rennes"),
    date="14 mai 2026",
    subject="contestation de 2 paiements",
    paragraphs=("Madame, Monsieur,", "Je vous demande le remboursement de 7,98\u00a0€, sous quinze jours."),
)
DOSSIER = Dossier(
    language="fr-FR",
    product_name="Conso et moi",
    warning="",
    title="Dossier de contestation",
    name="Club Cubéo",
    amount="7,98\u00a0€",
    facts=(("Motif", "Achat à mon insu"), ("Contrat", "Box Fibre · 02 •• •• •• 52")),
    table=Table(
        title="Paiements contestés",
        columns=("Date", "Éditeur", "Référence", "Montant", "Facture", "État"),
        rows=(
            ("2 mai 2026", "Club Cubéo", "IP-260502-000001", "3,99\u00a0€", "Juin 2026", "À facturer"),
            ("9 mai 2026", "Club Cubéo", "IP-260509-000002", "3,99\u00a0€", "Juin 2026", "Remboursé"),
        ),
        total="2 paiements, 7,98\u00a0€",
    ),
    sections=(
        Section(title="Chronologie", facts=(("2 mai 2026", "Paiement de 3,99\u00a0€"),)),
        Section(title="Pièces à joindre", paragraphs=("Les factures de juin.",)),
    ),
    letters=(LETTER, replace(LETTER, to="Lettre au service clients")),
    notes=Section(
        title="Textes", paragraphs=("Un achat ne peut pas dépasser 50\u00a0€. Source : L. 521-3-1.",)
    ),
    foot="Information générale, pas un conseil juridique. Textes relevés le 28 novembre 2026.",
    made_at=datetime(2026, 5, 14, 10, tzinfo=UTC),
)


def pdf(dossier: Dossier) -> bytes:
    return dossier_file(dossier, fonts=ASSETS / "fonts", mark=ASSETS / "icons" / "mark.svg")


def pages(content: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def test_everything_can_be_read_back() -> None:
    text = " ".join(pages(pdf(DOSSIER)))
    said = [DOSSIER.name, DOSSIER.amount, DOSSIER.title, DOSSIER.table.total]
    said += [word for fact in DOSSIER.facts for word in fact]
    said += [cell for row in (DOSSIER.table.columns, *DOSSIER.table.rows) for cell in row]
    for section in (*DOSSIER.sections, DOSSIER.notes):
        said += [section.title, *section.paragraphs, *(word for fact in section.facts for word in fact)]
    for letter in DOSSIER.letters:
        said += [letter.to, *letter.sender, letter.date, letter.subject, *letter.paragraphs]
    for words in said:
        assert " ".join(words.split()) in text, words


def test_letters_have_a_page_each_and_every_page_has_the_foot() -> None:
    read = pages(pdf(DOSSIER))
    assert len(read) == 4
    assert [number for number, text in enumerate(read) if "Madame, Monsieur," in text] == [1, 2]
    assert all(DOSSIER.foot in text for text in read)


def test_made_up_data_is_said_on_every_page() -> None:
    read = pages(pdf(replace(DOSSIER, warning="Démonstration : données fictives")))
    assert all("Démonstration : données fictives" in text for text in read)
    assert "Démonstration" not in " ".join(pages(pdf(DOSSIER)))


def test_same_dossier_gives_the_same_bytes() -> None:
    assert pdf(DOSSIER) == pdf(replace(DOSSIER))
    assert pdf(DOSSIER) != pdf(replace(DOSSIER, amount="7,99\u00a0€"))


def test_file_says_what_it_is() -> None:
    reader = PdfReader(io.BytesIO(pdf(DOSSIER)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Dossier de contestation · Club Cubéo"
    assert reader.metadata.creation_date == DOSSIER.made_at
    assert reader.trailer["/Root"]["/Lang"] == "fr-FR"  # type: ignore[index]


@pytest.mark.parametrize("count", [40, 100])
def test_hundred_lines_go_on_over_the_pages(count: int) -> None:
    rows = tuple(
        (f"{n} mai", "Éditeur " * 6, f"IP-{n:06}", "3,99\u00a0€", "Juin 2026", "À facturer")
        for n in range(count)
    )
    read = pages(pdf(replace(DOSSIER, table=replace(DOSSIER.table, rows=rows))))
    assert all(any(f"IP-{n:06}" in text for text in read) for n in range(count))
    assert all(DOSSIER.foot in text for text in read)
    assert len(pdf(DOSSIER)) < 80_000


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=200))
def test_dossier_is_made_whatever_a_publisher_calls_itself(name: str) -> None:
    row = (DOSSIER.table.rows[0][0], name, *DOSSIER.table.rows[0][2:])
    table = replace(DOSSIER.table, rows=(row,))
    sender = (name, *LETTER.sender[1:])
    strange = replace(DOSSIER, name=name, table=table, letters=(replace(LETTER, sender=sender),))
    assert pdf(strange).startswith(b"%PDF")
