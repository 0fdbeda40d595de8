"""PDF dossier of a contest file: its facts, lines, timeline, proofs and letters.

Equal dossiers give equal bytes.
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
"""Distance of the foot from the edge of the page."""
WIDTHS = (22, 38, 34, 20, 27, 25)
"""Relative widths of the table's columns."""


@dataclass(frozen=True, kw_only=True)
class LetterPage:
    """Letter, on a page of its own."""

    to: str
    sender: tuple[str, ...]
    """Name, then the lines of the address."""
    date: str
    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Table of the contested lines; each row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """Heading with paragraphs, or with pairs of a time and an event."""

    title: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """Content of the document, in its order."""

    language: str
    """BCP 47 tag for screen readers, such as `fr-FR`."""
    product_name: str
    warning: str
    """Text of the band on every page, which says that the data is made up; empty for real data."""
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
    """Text at the foot of every page."""
    made_at: datetime
    """Time of creation, by the backend's clock."""


def dossier_file(dossier: Dossier, *, fonts: Path, mark: Path) -> bytes:
    """Return the dossier as a PDF whose text can be selected, searched and read out.

    `fonts` as in `prepare`; `mark` is the product's SVG mark.
    """
    from fpdf import FPDF  # imported late: it would delay the start of the app

    class Pages(FPDF):
        """Pages with the warning and the foot."""

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
    if page.will_page_break(3 * ROW):  # keeps a heading with its content
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
