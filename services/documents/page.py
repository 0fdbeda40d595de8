"""Parts of PDF pages: their text, rules, facts and head.

Equal content gives equal bytes. The views provide the words, in the user's language and formats.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

MARGIN = 22.0
"""Margin of the page. All lengths below are millimeters on A4, all font sizes points."""
MARK = 13.0
VALUES_AT = 58.0
"""Distance from the margin to the second column."""
ROW = 10.5

BLACK, MUTED, HAIRLINE, SUNKEN, WHITE = 0, 82, 224, 245, 255
"""Gray levels from 0 to 255, without colors: a receipt is printed."""
FAMILY = "Inter"
_BOX = "\N{WHITE SQUARE}"
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))
"""Letters without a shape, and skin tones of the preceding emoji."""


def prepare(page: FPDF, fonts: Path) -> None:
    """Set margins and fonts, so that the text can be selected, searched and read out.

    `fonts` is the folder of `InterTab-Regular.ttf` and `InterTab-Bold.ttf`.
    """
    page.set_margin(MARGIN)
    page.c_margin = 0  # align text with the rules
    page.set_auto_page_break(True, margin=MARGIN)
    page.alias_nb_pages("")  # else `{nb}` in a description would print the number of pages
    page.add_font(FAMILY, "", fonts / "InterTab-Regular.ttf")
    page.add_font(FAMILY, "B", fonts / "InterTab-Bold.ttf")


def plain(text: str) -> str:
    """Return `text` on one line, composed, without format and control characters."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return " ".join("".join(letter for letter in composed if not _is_invisible(letter)).split())


def known(page: FPDF, text: str) -> str:
    """Return `text` on one line, in characters that the fonts have."""
    drawn = cast("TTFFont", page.fonts[FAMILY.lower()]).cmap
    return "".join(letter if ord(letter) in drawn else _stand_in(letter, drawn) for letter in plain(text))


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs") or letter in _INVISIBLE


def _stand_in(letter: str, drawn: Container[int]) -> str:
    """Return the replacement of a character without a glyph."""
    match unicodedata.category(letter):
        case "Mn" | "Me":  # a mark on the letter before, which stays readable
            return ""
        case "Pd":
            return "-"
    simpler = unicodedata.normalize("NFKC", letter)
    return simpler if all(ord(each) in drawn for each in simpler) else _BOX


def write(
    page: FPDF, text: str, size: float, *, bold: bool = False, grey: int = BLACK, width: float = 0
) -> None:
    """Write a paragraph at the current position, as wide as the page or `width`; the next one is below."""
    page.set_font(FAMILY, "B" if bold else "", size)
    page.set_text_color(grey)
    page.multi_cell(width, size * 0.5, known(page, text), align="L", new_x="LMARGIN", new_y="NEXT")


def band(page: FPDF, warning: str) -> None:
    """Draw a black band with the warning at the top."""
    page.set_fill_color(BLACK)
    page.rect(0, 0, page.w, ROW, style="F")
    page.set_xy(MARGIN, 0)
    page.set_font(FAMILY, "B", 10)
    page.set_text_color(WHITE)
    page.cell(0, ROW, known(page, warning))


def fact(page: FPDF, name: str, value: str) -> None:
    """Write a name and its value side by side, on one page if they fit."""
    height = max(_height(page, name, VALUES_AT - 4), _height(page, value, page.epw - VALUES_AT, bold=True))
    if page.will_page_break(max(ROW, height + 5.5)):
        page.add_page()
    first, top = page.page, page.get_y()
    page.set_xy(MARGIN, top + 3)
    write(page, name, 10, grey=MUTED, width=VALUES_AT - 4)
    below_name = page.get_y()
    page.set_xy(MARGIN + VALUES_AT, top + 3)
    write(page, value, 10, bold=True)
    bottom = page.get_y() if page.page > first else max(below_name, page.get_y())
    rule(page, bottom + 2.5)


def _height(page: FPDF, text: str, width: float, *, bold: bool = False) -> float:
    """Return the height of a text of 10 points in a column of `width`."""
    page.set_font(FAMILY, "B" if bold else "", 10)
    lines = page.multi_cell(width, 5, known(page, text), align="L", dry_run=True, output="LINES")
    return 5.0 * len(cast("list[str]", lines))


def head(page: FPDF, product_name: str, title: str, mark: Path) -> None:
    """Draw the product's mark and name, and the title of the document."""
    page.set_xy(MARGIN, MARGIN)
    page.image(mark, w=MARK, h=MARK)
    page.set_xy(MARGIN + MARK + 4, MARGIN)
    page.set_font(FAMILY, "B", 13)
    page.set_text_color(BLACK)
    page.cell(0, MARK, known(page, product_name))
    page.set_xy(MARGIN, MARGIN)
    page.set_font(FAMILY, "", 11)
    page.set_text_color(MUTED)
    page.cell(0, MARK, known(page, title), align="R")
    rule(page, MARGIN + MARK + 6)


def rule(page: FPDF, y: float) -> None:
    """Draw a hairline across the page; the next content begins right below it."""
    page.set_draw_color(HAIRLINE)
    page.set_line_width(0.2)
    page.line(MARGIN, y, page.w - MARGIN, y)
    page.set_xy(MARGIN, y)
