"""Texts of a year's picture and PDF."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from pathlib import Path

from services.client.whole_periods import ProgressCallback
from services.documents.year import Bar, Table, YearPage, pdf_file, png_file
from services.domain.models import Category, Money
from services.insights.ledger import NOTHING
from services.insights.year import ADULT, OTHERS, REFUNDED, UNDETAILED, Known, Month, Part, Year
from views.core.formatting import Formats
from views.core.sharing import File, FileFactory
from views.core.text import Words, asset, blank
from views.kit.design import Design
from views.kit.theme import palette

MOST_SHARED = 4
"""Maximum number of categories or publishers on the picture."""


@dataclass(frozen=True)
class Shared:
    """Data of a year in the files that a user can share."""

    year: Year
    at: datetime
    demo: bool
    named: bool
    """True if publishers are named; publishers for adults never are."""


def heights(year: Year) -> tuple[float, ...]:
    """Return the height of each month's bar, from 0 to 1."""
    totals = [one.total if one.total is not None and one.total > 0 else NOTHING for one in year.months]
    highest = max(totals)
    return tuple(float(one / highest) if highest else 0.0 for one in totals)


def month_amount(words: Words, formats: Formats, one: Month) -> str:
    """Return « 12,48 € », « 12,48 € pour l'instant », « non connu », « à venir »."""
    if one.total is None:
        return words("year.ahead") if one.known is Known.AHEAD else words("year.unknown")
    amount = formats.money(Money(amount=one.total))
    return words("year.so_far", amount=amount) if one.known is Known.SO_FAR else amount


class Cut(Enum):
    """Criterion by which a year's total is split."""

    KIND = auto()
    CATEGORY = auto()
    PUBLISHER = auto()


def part_name(words: Words, part: Part, cut: Cut) -> str:
    """Return the name of a part of the year's total."""
    special = {
        ADULT: "category.adult",
        OTHERS: "year.others",
        UNDETAILED: "year.undetailed",
        REFUNDED: "year.refunded",
    }
    if part.key in special:
        return words(special[part.key])
    match cut:
        case Cut.KIND:
            return words(f"kind.{part.key}")
        case Cut.CATEGORY:
            return words(f"category.{part.key}")
        case Cut.PUBLISHER:
            return words("publisher.unnamed") if blank(part.name) else part.name


def span(words: Words, formats: Formats, year: Year) -> str:
    """Return « achats du 26 novembre 2025 au 25 novembre 2026 »."""
    return words("year.span", start=formats.long_date(year.start), end=formats.long_date(year.end))


def picture_of(design: Design, shared: Shared) -> FileFactory:
    """Return a factory of the picture of a year: `conso-et-moi-annee-2026.png`."""
    return _file(design, shared, "png", "image/png", lambda page, fonts: png_file(page, fonts=fonts))


def pdf_of(design: Design, shared: Shared) -> FileFactory:
    """Return a factory of the PDF of a year."""
    mark = asset(design.brand.mark.lstrip("/"))
    return _file(
        design, shared, "pdf", "application/pdf", lambda page, fonts: pdf_file(page, fonts=fonts, mark=mark)
    )


def _file(
    design: Design, shared: Shared, suffix: str, media_type: str, lay_out: Callable[[YearPage, Path], bytes]
) -> FileFactory:
    async def make(_on_progress: ProgressCallback) -> File:
        page = year_page(design, shared, most=MOST_SHARED if suffix == "png" else None)
        content = await asyncio.to_thread(lay_out, page, asset("fonts"))
        return File(f"{design.words('year.file')}-{shared.year.year}.{suffix}", content, media_type)

    return make


def year_page(design: Design, shared: Shared, *, most: int | None = None) -> YearPage:
    """Return the texts of the page; its tables have at most `most` rows each."""
    words, formats, year = design.words, design.formats, shared.year

    def money(amount: Decimal) -> str:
        return formats.money(Money(amount=amount))

    def table(title: str, parts: tuple[Part, ...], cut: Cut) -> Table:
        rows = tuple((part_name(words, one, cut), money(one.amount)) for one in parts)
        return Table(title, rows[:most])

    bars = tuple(
        Bar(
            label=formats.month_short(one.bill_month),
            month=formats.month_year(one.bill_month),
            amount=month_amount(words, formats, one),
            height=height,
            unknown=one.known is Known.UNKNOWN,
            ahead=one.known is Known.AHEAD,
        )
        for one, height in zip(year.months, heights(year), strict=True)
    )
    facts = [(words("year.mean"), money(year.mean))] if year.mean is not None and not most else []
    facts += [(part_name(words, one, Cut.KIND), money(one.amount)) for one in year.kinds]
    categories = _discreet(year.categories, Category.ADULT.value, Category.OTHER.value)
    tables = [table(words("year.categories"), categories, Cut.CATEGORY)]
    if shared.named:
        publishers = _discreet(year.publishers, ADULT, OTHERS)
        named = table(words("year.publishers"), publishers, Cut.PUBLISHER)
        tables = [named] if most else [named, *tables]
    return YearPage(
        language=words.language.locale.language,
        product_name=design.brand.product_name,
        warning=words("receipt.demo") if shared.demo else "",
        title=words("year.title", year=year.year),
        amount=money(year.total) if year.known_months else words("year.unknown"),
        span=span(words, formats, year),
        bars=bars,
        months_title=words("year.months"),
        facts=tuple(facts),
        tables=tuple(tables),
        note=words("year.hatched_short") if any(bar.unknown for bar in bars) else "",
        accent=palette(False, design.brand).chart_selected,
        made_at=shared.at,
        foot=words("receipt.made", moment=formats.moment(shared.at)),
    )


def _discreet(parts: tuple[Part, ...], hidden: str, others: str) -> tuple[Part, ...]:
    """Return the parts with the `hidden` part added to the `others` part."""
    amount = sum((one.amount for one in parts if one.key in (hidden, others)), NOTHING)
    told = [one for one in parts if one.key not in (hidden, others)]
    at = next((rank for rank, one in enumerate(told) if one.key == UNDETAILED), len(told))
    return (*told[:at], *([Part(others, "", amount)] if amount else []), *told[at:])
