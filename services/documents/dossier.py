"""A contest file as a document to attach: its facts, lines, timeline, proofs and letters, as PDF.

The same dossier gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents.page import (
    BLACK,
    FAMILY,
    HAIRLINE,
    MARGIN,
    MARK,
    MUTED,
    ROW,
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

FOOT_AT = 16.0
"""How far the foot is from the edge of the page."""
WIDTHS = (22, 38, 34, 20, 27, 25)
"""Shares of the table's columns."""


@dataclass(frozen=True, kw_only=True)
class LetterPage:
    """One letter, on a page of its own."""

    to: str
    sender: tuple[str, ...]
    """The name, then the lines of the address."""
    date: str
    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The contested lines: as many cells a row as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands below it: paragraphs, or a time and what happened then."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """What the document says, in its order."""

    language: str
    """BCP 47, for screen readers: `fr-FR`."""
    product_name: str
    warning: str
    """What cannot be overlooked, in a band on every page: that it is made up. Empty when it is not."""
    title: str
    name: str
    amount: str
    facts: tuple[tuple[str, str], ...]
    table: Table
    sections: tuple[Section, ...]
    """Timeline and proofs to attach."""
    letters: tuple[LetterPage, ...]
    notes: Section
    """Facts of law, each with its source."""
    foot: str
    """On every page."""
    made_at: datetime
    """By the backend's clock."""


def dossier_file(dossier: Dossier, *, fonts: Path, mark: Path) -> bytes:
    """Return the dossier as a PDF whose text can be selected, searched and read out.

    `fonts` as in `prepare`; `mark` is the product's own, an SVG.
    """
    from fpdf import FPDF  # where it is used: it would make the app start later

    class Pages(FPDF):
        """Pages that each bear the warning and the foot."""

        def header(self) -> None:
            if dossier.warning:
                band(self, dossier.warning)
            self.set_xy(MARGIN, MARGIN)

        def footer(self) -> None:
            self.set_xy(MARGIN, self.h - FOOT_AT)
            self.set_font(FAMILY, "", 8)
            self.set_text_color(MUTED)
            self.multi_cell(self.epw - 12, 4, known(self, dossier.foot), align="L")
            self.set_xy(MARGIN, self.h - FOOT_AT)
            self.cell(0, 4, str(self.page_no()), align="R")

    page = Pages(format="A4")
    prepare(page, fonts)
    page.set_auto_page_break(True, margin=MARGIN + 4)
    page.set_creation_date(dossier.made_at)
    page.set_lang(dossier.language)
    page.set_title(plain(f"{dossier.title} · {dossier.name}"))
    page.set_creator(dossier.product_name)
    page.add_page()
    head(page, dossier.product_name, dossier.title, mark)
    page.set_y(MARGIN + MARK + 14)
    write(page, dossier.name, 18, bold=True)
    page.ln(2)
    write(page, dossier.amount, 26, bold=True)
    page.ln(4)
    for name, value in dossier.facts:
        fact(page, name, value)
    _table(page, dossier.table)
    for section in dossier.sections:
        _section(page, section)
    for letter in dossier.letters:
        _letter(page, letter)
    page.add_page()
    _section(page, dossier.notes)
    return bytes(page.output())


def _heading(page: FPDF, title: str) -> None:
    page.ln(8)
    if page.will_page_break(3 * ROW):  # no heading at the foot of a page
        page.add_page()
    write(page, title, 14, bold=True)
    page.ln(2)


def _table(page: FPDF, table: Table) -> None:
    from fpdf.fonts import FontFace

    _heading(page, table.title)
    page.set_font(FAMILY, "", 8.5)
    page.set_text_color(BLACK)
    page.set_draw_color(HAIRLINE)
    page.set_line_width(0.2)
    with page.table(
        col_widths=WIDTHS,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD", color=MUTED),
        text_align=("LEFT", "LEFT", "LEFT", "RIGHT", "LEFT", "LEFT"),
        line_height=4.5,
        padding=(1, 1),
    ) as drawn:
        for cells in (table.columns, *table.rows):
            row = drawn.row()
            for cell in cells:
                row.cell(known(page, cell))
    page.set_x(MARGIN)
    page.ln(2)
    write(page, table.total, 11, bold=True)


def _section(page: FPDF, section: Section) -> None:
    _heading(page, section.title)
    for name, value in section.facts:
        fact(page, name, value)
    for paragraph in section.paragraphs:
        write(page, paragraph, 10)
        page.ln(2)


def _letter(page: FPDF, letter: LetterPage) -> None:
    page.add_page()
    write(page, letter.to, 9, grey=MUTED)
    rule(page, page.get_y() + 2)
    page.ln(6)
    for line in letter.sender:
        write(page, line, 10.5)
    page.ln(4)
    write(page, letter.date, 10.5)
    page.ln(6)
    write(page, f"Objet : {letter.subject}", 10.5, bold=True)
    page.ln(4)
    for paragraph in letter.paragraphs:
        write(page, paragraph, 10.5)
        page.ln(3)
    page.ln(6)
    write(page, letter.sender[0], 10.5)
