"""Picture to share and PDF of a year of bills.

This module lays them out; the views provide the words. Equal content gives equal bytes.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents.page import (
    BLACK,
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
    write,
)

if TYPE_CHECKING:
    from fpdf import FPDF
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1080, 1350
"""Size of the picture, in pixels."""
EDGE = 80
CHART_TOP, CHART_HEIGHT = 440, 280
BAR = 52
STUB = 6
"""Height of the bar of a month without purchases."""
HATCH = 14
"""Pixels between the lines over a month without data."""
BACKGROUND, INK, GREY, PALE = "#FFFFFF", "#000000", "#525252", "#E0E0E0"
PDF_CHART = 42.0
"""Height of the tallest bar in the PDF, in millimeters."""


@dataclass(frozen=True)
class Bar:
    """Month in the chart."""

    label: str
    """Short label, such as « Janv. »."""
    month: str
    """Full name, such as « Janvier 2026 »."""
    amount: str
    """Amount, such as « 12,48 € », or a text for an unknown one."""
    height: float
    """Relative height, from 0 (no purchases) to 1."""
    unknown: bool = False
    ahead: bool = False


@dataclass(frozen=True)
class Table:
    """Heading, and pairs of a name and an amount."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class YearPage:
    """Content of the picture and the PDF, in its order."""

    language: str
    """BCP 47 tag for screen readers, such as `fr-FR`."""
    product_name: str
    warning: str
    """Warning that the figures are made up; empty for real data."""
    title: str
    amount: str
    span: str
    bars: tuple[Bar, ...]
    months_title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    note: str
    """Explanation of the hatched months; empty without such a month."""
    accent: str
    """Brand color, `#RRGGBB`."""
    made_at: datetime
    """Time of creation, by the backend's clock."""
    foot: str
    """Date and legal value of the PDF."""


def can_draw() -> bool:
    """Return whether a picture can be drawn; the static demo leaves Pillow out for its weight."""
    return importlib.util.find_spec("PIL") is not None


def png_file(page: YearPage, *, fonts: Path) -> bytes:
    """Return the picture, 1080 by 1350 pixels; `fonts` is the folder of the `InterTab` fonts."""
    from PIL import Image, ImageDraw, ImageFont  # imported late: it would delay the start of the app

    def font(size: int, *, bold: bool = False) -> FreeTypeFont:
        file = fonts / f"InterTab-{'Bold' if bold else 'Regular'}.ttf"
        return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)

    image = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw = ImageDraw.Draw(image)
    if page.warning:
        draw.rectangle((0, 0, WIDTH, 52), fill=INK)
        draw.text((EDGE, 12), plain(page.warning), BACKGROUND, font(24, bold=True))
    draw.rectangle((EDGE, 108, EDGE + 64, 116), fill=page.accent)
    draw.text((EDGE, 140), plain(page.title), INK, font(48, bold=True))
    draw.text((EDGE, 208), plain(page.span), GREY, font(26))
    size = 116
    while font(size, bold=True).getlength(plain(page.amount)) > WIDTH - 2 * EDGE:
        size -= 4
    draw.text((EDGE, 262), plain(page.amount), INK, font(size, bold=True))
    _bars(draw, page, font(22))
    y = CHART_TOP + CHART_HEIGHT + 64
    if page.note:
        draw.text((EDGE, y), _cut(plain(page.note), font(22), WIDTH - 2 * EDGE), GREY, font(22))
        y += 56
    for name, value in (*page.facts, *(row for table in page.tables for row in table.rows)):
        if y > HEIGHT - 150:
            break
        amount = plain(value)
        at = WIDTH - EDGE - draw.textlength(amount, font(28, bold=True))
        draw.text((EDGE, y), _cut(plain(name), font(28), at - EDGE - 30), GREY, font(28))
        draw.text((at, y), amount, INK, font(28, bold=True))
        draw.line((EDGE, y + 44, WIDTH - EDGE, y + 44), PALE, 2)
        y += 56
    draw.text((EDGE, HEIGHT - 78), plain(page.product_name), INK, font(28, bold=True))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def _cut(text: str, font: FreeTypeFont, room: float) -> str:
    """Return a text that fits, with an ellipsis if it is cut."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _bars(draw: ImageDraw, page: YearPage, font: FreeTypeFont) -> None:
    step = (WIDTH - 2 * EDGE) / len(page.bars)
    bottom = CHART_TOP + CHART_HEIGHT
    for number, bar in enumerate(page.bars):
        left = EDGE + number * step + (step - BAR) / 2
        right = left + BAR
        if bar.unknown:
            _hatch(draw, left, CHART_TOP + CHART_HEIGHT // 2, right, bottom)
        elif not bar.ahead:
            draw.rectangle((left, bottom - max(STUB, bar.height * CHART_HEIGHT), right, bottom), page.accent)
        label = plain(bar.label)
        draw.text((left + (BAR - font.getlength(label)) / 2, bottom + 14), label, GREY, font)
    draw.line((EDGE, bottom, WIDTH - EDGE, bottom), GREY, 2)


def _hatch(draw: ImageDraw, left: float, top: float, right: float, bottom: float) -> None:
    """Draw slanted lines in a frame, for a month without data."""
    draw.rectangle((left, top, right, bottom), outline=GREY, width=2)
    start = top - (right - left)
    while start < bottom:
        begin, end = (left, start + (right - left)), (right, start)
        if end[1] < top:
            end = (right - (top - end[1]), top)
        if begin[1] > bottom:
            begin = (left + (begin[1] - bottom), bottom)
        draw.line((*begin, *end), GREY, 2)
        start += HATCH


def pdf_file(page: YearPage, *, fonts: Path, mark: Path) -> bytes:
    """Return the year as a PDF whose text can be selected; `mark` is the product's SVG mark."""
    from fpdf import FPDF  # imported late: it would delay the start of the app

    sheet = FPDF(format="A4")
    prepare(sheet, fonts)
    sheet.set_creation_date(page.made_at)
    sheet.set_lang(page.language)
    sheet.set_title(plain(page.title))
    sheet.set_creator(page.product_name)
    sheet.add_page()
    if page.warning:
        band(sheet, page.warning)
    head(sheet, page.product_name, page.title, mark)
    sheet.set_y(MARGIN + MARK + 14)
    write(sheet, page.amount, 32, bold=True)
    sheet.ln(1)
    write(sheet, page.span, 11, grey=MUTED)
    sheet.ln(6)
    _drawn(sheet, page.bars)
    for name, value in page.facts:
        fact(sheet, name, value)
    months = Table(page.months_title, tuple((bar.month, bar.amount) for bar in page.bars if not bar.ahead))
    for table in (months, *page.tables):
        _table(sheet, table)
    sheet.ln(6)
    for note in (page.note, page.foot):
        if note:
            write(sheet, note, 8.5, grey=MUTED)
            sheet.ln(1.5)
    return bytes(sheet.output())


def _table(sheet: FPDF, table: Table) -> None:
    sheet.ln(6)
    if sheet.will_page_break(2 * ROW):  # keeps a heading with its content
        sheet.add_page()
    write(sheet, table.title, 13, bold=True)
    sheet.ln(1)
    for name, value in table.rows:
        fact(sheet, name, value)


def _drawn(sheet: FPDF, bars: Sequence[Bar]) -> None:
    """Draw the twelve bars; those of unknown months are hatched."""
    top, step = sheet.get_y(), sheet.epw / len(bars)
    bottom, width = top + PDF_CHART, step * 0.6
    sheet.set_line_width(0.2)
    for number, bar in enumerate(bars):
        left = MARGIN + number * step + (step - width) / 2
        if bar.unknown:
            sheet.set_draw_color(MUTED)
            height = PDF_CHART / 2
            sheet.rect(left, bottom - height, width, height)
            for line in range(int(height / 2)):
                sheet.line(left, bottom - line * 2, left + width, bottom - line * 2 - 2)
        elif not bar.ahead:
            sheet.set_fill_color(BLACK)
            height = max(0.6, bar.height * PDF_CHART)
            sheet.rect(left, bottom - height, width, height, style="F")
        sheet.set_xy(left - (step - width) / 2, bottom + 1.5)
        sheet.set_font("Inter", "", 7.5)
        sheet.set_text_color(MUTED)
        sheet.cell(step, 4, known(sheet, bar.label), align="C")
    sheet.set_draw_color(HAIRLINE)
    sheet.line(MARGIN, bottom, sheet.w - MARGIN, bottom)
    sheet.set_xy(MARGIN, bottom + 9)
