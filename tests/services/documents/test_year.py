"""Picture and PDF of a year: deterministic bytes, readable by other libraries."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from services.documents.year import CHART_HEIGHT, CHART_TOP, Bar, Table, YearPage, pdf_file, png_file

FONTS = Path(__file__).parents[3] / "assets" / "fonts"
MARK = Path(__file__).parents[3] / "assets" / "icons" / "mark.svg"
ACCENT = "#F16E00"


def page(**more: object) -> YearPage:
    values: dict[str, object] = {
        "language": "fr",
        "product_name": "Conso et moi",
        "warning": "Démonstration : données fictives",
        "title": "Mon année internet+ 2026",
        "amount": "304,96\u00a0€",
        "span": "Achats du 26 novembre 2025 au 25 novembre 2026",
        "bars": (
            Bar("Janv.", "Janvier 2026", "non connu", 0.0, unknown=True),
            Bar("Févr.", "Février 2026", "37,73\u00a0€", 0.5),
            Bar("Mars", "Mars 2026", "75,46\u00a0€", 1.0),
            Bar("Avr.", "Avril 2026", "à venir", 0.0, ahead=True),
        ),
        "months_title": "Les douze factures",
        "facts": (("Abonnement", "189,55\u00a0€"), ("Remboursé", "\u22124,99\u00a0€")),
        "tables": (Table("Par catégorie", (("Jeux", "153,67\u00a0€"),)),),
        "note": "Les mois hachurés ne sont pas connus.",
        "accent": ACCENT,
        "made_at": datetime(2026, 5, 14, 10, tzinfo=UTC),
        "foot": "Établi le 14 mai 2026",
    }
    return YearPage(**values | more)  # type: ignore[arg-type]


def test_same_year_gives_the_same_bytes() -> None:
    assert png_file(page(), fonts=FONTS) == png_file(page(), fonts=FONTS)
    assert pdf_file(page(), fonts=FONTS, mark=MARK) == pdf_file(page(), fonts=FONTS, mark=MARK)


def test_another_amount_gives_another_picture() -> None:
    assert png_file(page(), fonts=FONTS) != png_file(page(amount="304,97\u00a0€"), fonts=FONTS)


def test_picture_has_its_size_and_no_metadata() -> None:
    with Image.open(io.BytesIO(png_file(page(), fonts=FONTS))) as image:
        assert (image.size, image.format, image.info) == ((1080, 1350), "PNG", {})


def columns(image: Image.Image) -> list[set[object]]:
    """Return the colors in the column of each of the four bars, from the chart's top to its bottom."""
    step = (1080 - 160) // 4
    found: list[set[object]] = []
    for number in range(4):
        box = image.crop(
            (80 + number * step, CHART_TOP, 80 + (number + 1) * step, CHART_TOP + CHART_HEIGHT - 4)
        )
        colors = box.convert("RGB").getcolors(100_000) or []
        found.append({color for _, color in colors})
    return found


def test_unknown_month_is_hatched_and_a_month_to_come_is_empty() -> None:
    with Image.open(io.BytesIO(png_file(page(), fonts=FONTS))) as image:
        unknown, half, whole, ahead = columns(image)
    accent, grey, white = (0xF1, 0x6E, 0x00), (0x52, 0x52, 0x52), (255, 255, 255)
    assert accent not in unknown
    assert grey in unknown
    assert accent in half
    assert accent in whole
    assert ahead == {white}


@pytest.mark.parametrize("amount", ["0,00 €", "\u2212999\u202f999\u202f999,99 €"])
def test_longest_amounts_and_names_stay_in_the_picture(amount: str) -> None:
    long = Table("Par éditeur", ((("Compagnie Intercommunale " * 9).strip(), amount),) * 30)
    with Image.open(io.BytesIO(png_file(page(amount=amount, tables=(long,)), fonts=FONTS))) as image:
        edge = image.convert("L").crop((1080 - 70, 60, 1080, 1350))
        assert edge.getextrema() == (255, 255)


def test_text_of_the_pdf_is_read_back_by_another_library() -> None:
    file = pypdf.PdfReader(io.BytesIO(pdf_file(page(), fonts=FONTS, mark=MARK)))
    text = " ".join(" ".join(each.extract_text() for each in file.pages).replace("\u00a0", " ").split())
    for told in (
        "Démonstration : données fictives", "Mon année internet+ 2026", "304,96 €", "Janvier 2026 non connu",
        "Mars 2026 75,46 €", "Abonnement 189,55 €", "Par catégorie Jeux 153,67 €", "Établi le 14 mai 2026",
    ):  # fmt: skip
        assert told in text
    assert "Avril" not in text
    assert file.metadata is not None
    assert file.metadata.title == "Mon année internet+ 2026"
    assert file.metadata.creation_date == page().made_at
