"""One purchase as a page to keep: a PDF receipt.

The page is laid out here; its words come from the views, already in the reader's language and formats. The
same receipt gives the same bytes.
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
"""What the notes at the foot of the page take."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a receipt says, in its order."""

    language: str
    """BCP 47, for screen readers: `fr-FR`."""
    product_name: str
    warning: str
    """What nobody may overlook, in a band at the top: that it is made up. Empty when it is not."""
    title: str
    merchant: str
    category: str
    amount: str
    status: str
    facts: tuple[tuple[str, str], ...]
    """Names and values."""
    notes: tuple[str, ...]
    """The small print: when it was made, what it is worth, who makes the app."""
    made_at: datetime
    """By the backend's clock."""


def pdf_file(receipt: Receipt, *, fonts: Path, mark: Path) -> bytes:
    """Return the receipt as a PDF whose text can be selected, searched and read out.

    `fonts` is the folder of `InterTab-Regular.ttf` and `InterTab-Bold.ttf`, `mark` the product's own, an SVG.
    A visible character that the fonts lack is drawn as a box.
    """
    from fpdf import FPDF  # where it is used: it would make the app start later

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
