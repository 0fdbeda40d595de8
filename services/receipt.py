"""One purchase as a page to keep: a PDF receipt.

The page is laid out here; its words come from the views, already in the reader's language and formats. The
same receipt gives the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

MARGIN = 22.0
"""Around the page; it and every length below are millimetres on A4, and font sizes points."""
MARK = 13.0
VALUES_AT = 58.0
"""How far from the margin the second column begins."""
ROW = 10.5
PILL = 8.0
FOOT = 24.0
"""What the notes at the foot of the page take."""

BLACK, MUTED, HAIRLINE, SUNKEN, WHITE = 0, 82, 224, 245, 255
"""Greys, from 0 to 255: a receipt is printed."""
_FAMILY = "Inter"
_BOX = "\N{WHITE SQUARE}"
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
"""Letters without a shape, and the skin tones of the emoji before them."""


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
    page.set_margin(MARGIN)
    page.c_margin = 0  # text begins where the rules do
    page.set_auto_page_break(True, margin=MARGIN)
    page.alias_nb_pages("")  # else `{nb}` in a description would print the number of pages
    page.add_font(_FAMILY, "", fonts / "InterTab-Regular.ttf")
    page.add_font(_FAMILY, "B", fonts / "InterTab-Bold.ttf")
    page.set_creation_date(receipt.made_at)
    page.set_lang(receipt.language)
    page.set_title(_plain(f"{receipt.title} · {receipt.merchant}"))
    page.set_creator(receipt.product_name)
    page.add_page()
    if receipt.warning:
        _band(page, receipt.warning)
    _head(page, receipt, mark)
    _purchase(page, receipt)
    for name, value in receipt.facts:
        _fact(page, name, value)
    _notes(page, receipt.notes)
    return bytes(page.output())


def _plain(text: str) -> str:
    """Return `text` on one line, composed, without format and control characters."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return " ".join("".join(letter for letter in composed if not _is_invisible(letter)).split())


def _known(page: FPDF, text: str) -> str:
    """Return `text` on one line, in characters that the fonts have."""
    drawn = cast("TTFFont", page.fonts[_FAMILY.lower()]).cmap
    return "".join(letter if ord(letter) in drawn else _stand_in(letter, drawn) for letter in _plain(text))


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs") or letter in _INVISIBLE


def _stand_in(letter: str, drawn: Container[int]) -> str:
    """Return what is drawn for a character without a glyph."""
    match unicodedata.category(letter):
        case "Mn" | "Me":  # a mark on the letter before, which stays readable
            return ""
        case "Pd":
            return "-"
    simpler = unicodedata.normalize("NFKC", letter)
    return simpler if all(ord(each) in drawn for each in simpler) else _BOX


def _write(
    page: FPDF, text: str, size: float, *, bold: bool = False, grey: int = BLACK, width: float = 0
) -> None:
    """One paragraph from here, as wide as the page or `width`; the next one comes below."""
    page.set_font(_FAMILY, "B" if bold else "", size)
    page.set_text_color(grey)
    page.multi_cell(width, size * 0.5, _known(page, text), align="L", new_x="LMARGIN", new_y="NEXT")


def _band(page: FPDF, warning: str) -> None:
    page.set_fill_color(BLACK)
    page.rect(0, 0, page.w, ROW, style="F")
    page.set_xy(MARGIN, 0)
    page.set_font(_FAMILY, "B", 10)
    page.set_text_color(WHITE)
    page.cell(0, ROW, _known(page, warning))


def _head(page: FPDF, receipt: Receipt, mark: Path) -> None:
    page.set_xy(MARGIN, MARGIN)
    page.image(mark, w=MARK, h=MARK)
    page.set_xy(MARGIN + MARK + 4, MARGIN)
    page.set_font(_FAMILY, "B", 13)
    page.set_text_color(BLACK)
    page.cell(0, MARK, _known(page, receipt.product_name))
    page.set_xy(MARGIN, MARGIN)
    page.set_font(_FAMILY, "", 11)
    page.set_text_color(MUTED)
    page.cell(0, MARK, _known(page, receipt.title), align="R")
    _rule(page, MARGIN + MARK + 6)


def _purchase(page: FPDF, receipt: Receipt) -> None:
    page.set_y(MARGIN + MARK + 17)
    _write(page, receipt.merchant, 20, bold=True)
    page.ln(1)
    _write(page, receipt.category, 11, grey=MUTED)
    page.ln(8)
    _write(page, receipt.amount, 38, bold=True)
    page.ln(4)
    page.set_font(_FAMILY, "B", 10)
    status = _known(page, receipt.status)
    page.set_fill_color(SUNKEN)
    x, y, width = page.get_x(), page.get_y(), page.get_string_width(status) + 10
    page.rect(x, y, width, PILL, style="F", round_corners=True, corner_radius=PILL / 2 - 0.1)
    page.set_text_color(BLACK)
    page.cell(width, PILL, status, align="C")
    page.set_xy(MARGIN, y + 18)
    _rule(page, page.get_y())


def _fact(page: FPDF, name: str, value: str) -> None:
    """Write a name and its value side by side, on one page where they fit on one."""
    height = max(_height(page, name, VALUES_AT - 4), _height(page, value, page.epw - VALUES_AT, bold=True))
    if page.will_page_break(max(ROW, height + 5.5)):
        page.add_page()
    first, top = page.page, page.get_y()
    page.set_xy(MARGIN, top + 3)
    _write(page, name, 10, grey=MUTED, width=VALUES_AT - 4)
    below_name = page.get_y()
    page.set_xy(MARGIN + VALUES_AT, top + 3)
    _write(page, value, 10, bold=True)
    bottom = page.get_y() if page.page > first else max(below_name, page.get_y())
    _rule(page, bottom + 2.5)


def _height(page: FPDF, text: str, width: float, *, bold: bool = False) -> float:
    """Return the height of a text of 10 points when it is written `width` wide."""
    page.set_font(_FAMILY, "B" if bold else "", 10)
    lines = page.multi_cell(width, 5, _known(page, text), align="L", dry_run=True, output="LINES")
    return 5.0 * len(cast("list[str]", lines))


def _notes(page: FPDF, notes: tuple[str, ...]) -> None:
    if page.get_y() > page.h - MARGIN - FOOT:
        page.add_page()
    page.set_y(page.h - MARGIN - FOOT)
    for note in notes:
        _write(page, note, 8.5, grey=MUTED)
        page.ln(1.5)


def _rule(page: FPDF, y: float) -> None:
    """A hairline across the page; what follows begins right below it."""
    page.set_draw_color(HAIRLINE)
    page.set_line_width(0.2)
    page.line(MARGIN, y, page.w - MARGIN, y)
    page.set_xy(MARGIN, y)
