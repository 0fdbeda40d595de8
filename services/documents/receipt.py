"""PDF receipt of one purchase.

This module lays out the page; the views provide the words, in the user's language and formats. Equal
receipts give equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents.page import (
    BLACK,
    FAMILY,
    MARGIN,
    MARK,
    MUTED,
    SUNKEN,
    band,
    fact,
    head,
    known,
    plain,
    prepare,
    rule,
    write,
)

if TYPE_CHECKING:
    from fpdf import FPDF

PILL = 8.0
FOOT = 24.0
"""Height of the notes at the foot of the page."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Content of a receipt, in the order of the page."""

    language: str
    """BCP 47 tag for screen readers, such as `fr-FR`."""
    product_name: str
    warning: str
    """Text of the band at the top, which says that the data is made up; empty for real data."""
    title: str
    merchant: str
    category: str
    amount: str
    status: str
    facts: tuple[tuple[str, str], ...]
    """Pairs of a name and a value."""
    notes: tuple[str, ...]
    """Small print: date of creation, legal value, publisher of the app."""
    made_at: datetime
    """Time of creation, by the backend's clock."""


def pdf_file(receipt: Receipt, *, fonts: Path, mark: Path) -> bytes:
    """Return the receipt as a PDF whose text can be selected, searched and read out.

    `fonts` is the folder of `InterTab-Regular.ttf` and `InterTab-Bold.ttf`; `mark` is the product's SVG mark.
    A visible character that the fonts lack is drawn as a box.
    """
    from fpdf import FPDF  # imported late: it would delay the start of the app

    page = FPDF(format="A4")
    prepare(page, fonts)
    page.set_creation_date(receipt.made_at)
    page.set_lang(receipt.language)
    page.set_title(plain(f"{receipt.title} · {receipt.merchant}"))
    page.set_creator(receipt.product_name)
    page.add_page()
    if receipt.warning:
        band(page, receipt.warning)
    head(page, receipt.product_name, receipt.title, mark)
    _purchase(page, receipt)
    for name, value in receipt.facts:
        fact(page, name, value)
    _notes(page, receipt.notes)
    return bytes(page.output())


def _purchase(page: FPDF, receipt: Receipt) -> None:
    page.set_y(MARGIN + MARK + 17)
    write(page, receipt.merchant, 20, bold=True)
    page.ln(1)
    write(page, receipt.category, 11, grey=MUTED)
    page.ln(8)
    write(page, receipt.amount, 38, bold=True)
    page.ln(4)
    page.set_font(FAMILY, "B", 10)
    status = known(page, receipt.status)
    page.set_fill_color(SUNKEN)
    x, y, width = page.get_x(), page.get_y(), page.get_string_width(status) + 10
    page.rect(x, y, width, PILL, style="F", round_corners=True, corner_radius=PILL / 2 - 0.1)
    page.set_text_color(BLACK)
    page.cell(width, PILL, status, align="C")
    page.set_xy(MARGIN, y + 18)
    rule(page, page.get_y())


def _notes(page: FPDF, notes: tuple[str, ...]) -> None:
    if page.get_y() > page.h - MARGIN - FOOT:
        page.add_page()
    page.set_y(page.h - MARGIN - FOOT)
    for note in notes:
        write(page, note, 8.5, grey=MUTED)
        page.ln(1.5)
