"""L'année: the twelve bills of a year, their breakdowns, and files to share."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs, urlsplit

import flet as ft

from services.documents.year import can_draw
from services.domain.models import Money
from services.insights.ledger import Ledger
from services.insights.year import Known, Part, Year, year_of, years
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.formatting import Formats
from views.core.history import HistoryState
from views.core.history_offer import HistoryOffer
from views.core.insights import InsightsState
from views.core.notices import error_state, ledger_notices, skeleton
from views.frame import Screen, paired, reading_column, without_rights
from views.kit.amounts import hero_amount
from views.kit.buttons import link
from views.kit.cards import card, column, named_amounts
from views.kit.charts import Scale, bar
from views.kit.chips import Chip, choices
from views.kit.design import Design, decorative, heading, semantic_group, text
from views.kit.theme import CONTENT_WIDTH_M, CONTENT_WIDTH_XL, SPACE_2XS, SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from views.purchases.documents import export_of
from views.purchases.sharing import use_file_actions
from views.routes import Destination, go, purchases_of, year_address
from views.year.documents import Cut, Shared, heights, month_amount, part_name, pdf_of, picture_of, span

BARS = 120
"""Height of the tallest bar, in logical pixels."""
"""Height of the bar of a month without purchases."""


@component
def YearView() -> ft.View:
    design, session = use_design(), use_session()
    asked = parse_qs(urlsplit(ft.context.page.route).query).get("annee", [""])[0]
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(design, session, skeleton(design, (160, 20), (None, BARS)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        body = Bills(session.insights, session.insights.history, asked)
    return Screen(design.words("year.h1"), body, Destination.USAGE, name="year", back=Destination.USAGE.path)


@component
def Bills(insights: InsightsState, history: HistoryState, asked: str) -> ft.Control:
    """Show the year in the address, once the ledger is known. Rebuilt when `history` changes."""
    design, session = use_design(), use_session()
    words, contract, known = design.words, insights.contract, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=insights.release)
    choice = contract_choice(design, session)
    if known.missing and known.error is not None:
        return reading_column(design, *choice, error_state(design, known.error, insights.retry))
    ledger = insights.extended
    if ledger is None or known.at is None:
        return reading_column(design, *choice, skeleton(design, (160, 20), (None, BARS)))
    told = _asked(ledger, asked)
    one = year_of(ledger, told, contract.billing.cut_off_day)
    notes = [words("check.partial", n=insights.most_pages * 100)] if ledger.partial else []
    read = column(
        *ledger_notices(design, formats, insights, insights.missing.of_ledger),
        *_choice(design, ledger, told),
        spacing=SPACE_M,
    )
    parts = paired(
        design,
        _summary(design, formats, one, history),
        column(
            HistoryOffer(session.kept, ft.Margin.only(bottom=SPACE_L)),
            _cut(design, words("year.kinds"), one.kinds, Cut.KIND),
            spacing=0,
        ),
        _cut(design, words("year.publishers"), one.publishers, Cut.PUBLISHER),
        _cut(design, words("year.categories"), one.categories, Cut.CATEGORY),
        *(semantic_group(text(note, design.type.body_s, design.colors.content_muted)) for note in notes),
        Sharing(insights, Shared(one, known.at, session.demo, named=False)),
    )
    width = CONTENT_WIDTH_XL if design.layout.wide else CONTENT_WIDTH_M
    return reading_column(design, *choice, column(read, parts, spacing=SPACE_M), width=width)


def _asked(ledger: Ledger, asked: str) -> int:
    """Return the year of the address if any of its bills is known, else the latest."""
    known = years(ledger)
    if asked.isascii() and asked.isdecimal() and len(asked) == 4 and int(asked) in known:
        return int(asked)
    return known[0] if known else ledger.today.year


def _choice(design: Design, ledger: Ledger, told: int) -> list[ft.Control]:
    """Return one chip for each year; nothing for a single year."""
    known = years(ledger)
    if len(known) < 2:
        return []
    chips = [
        Chip(str(year), partial(go, year_address(year)), chosen=year == told, key=f"year-{year}")
        for year in known
    ]
    return [choices(design, design.words("year.choose"), chips, wrap=True)]


def _summary(design: Design, formats: Formats, one: Year, history: HistoryState) -> ft.Control:
    words = design.words
    room = design.layout.least_content - 2 * SPACE_M
    lines = [span(words, formats, one), words("year.known", n=one.known_months)]
    if one.mean is not None:
        lines.append(words("year.mean_line", amount=formats.money(Money(amount=one.mean))))
    lines.append(_compared(design, formats, one))
    total = ft.Semantics(
        container=True,
        content=hero_amount(design, formats, Money(amount=one.total), room),
    )
    months = [
        (formats.month_year(each.bill_month), month_amount(words, formats, each))
        for each in one.months
        if each.known is not Known.AHEAD
    ]
    unknown = any(each.known is Known.UNKNOWN for each in one.months)
    note = semantic_group(text(words("year.hatched"), design.type.body_s, design.colors.content_muted))
    hatched = [note] if unknown else []
    return card(
        design,
        column(
            heading(text(words("year.title", year=one.year), design.type.h2), 2),
            *([total] if one.known_months else []),
            *(
                semantic_group(text(line, design.type.body_s, design.colors.content_muted))
                for line in lines
                if line
            ),
            decorative(_chart(design, formats, one)),
            *hatched,
            named_amounts(design, months),
            *_older(design, one, history),
            spacing=SPACE_S,
        ),
    )


def _older(design: Design, one: Year, history: HistoryState) -> list[ft.Control]:
    """Return the links to the year's periods that the month selector does not have."""
    words = design.words
    periods = [each for each in one.months if history.period(each.bill_month)]
    if not periods:
        return []
    links: list[ft.Control] = [
        link(
            design,
            design.formats.month_year(each.bill_month),
            partial(go, purchases_of(each.bill_month)),
            key=f"older-{each.bill_month}",
            spoken=words("history.period", month=design.formats.month_year(each.bill_month)),
        )
        for each in periods
    ]
    return [
        heading(text(words("history.older"), design.type.h4), 3),
        ft.Row(links, spacing=SPACE_XS, run_spacing=0, wrap=True),
    ]


def _compared(design: Design, formats: Formats, one: Year) -> str:
    """Return the comparison with the previous year, over the months known in both."""
    before = one.year - 1
    if not one.compared:
        return design.words("year.not_compared", year=before)
    change = formats.money(Money(amount=one.same_months - one.before))
    sign = "+" if one.same_months > one.before else ""
    return design.words("year.compared", n=len(one.compared), year=before, change=f"{sign}{change}")


def _chart(design: Design, formats: Formats, one: Year) -> ft.Control:
    """Return the twelve bars. Screen readers get the list below instead."""
    columns: list[ft.Control] = []
    for each, height in zip(one.months, heights(one), strict=True):
        initial = formats.month_short(each.bill_month)[:1]
        columns.append(
            ft.Column(
                [_bar(design, each.known, height), text(initial, design.compact.caption_medium, wrap=False)],
                spacing=SPACE_2XS,
                expand=True,
                alignment=ft.MainAxisAlignment.END,
                horizontal_alignment=ft.CrossAxisAlignment.CENTER,
            )
        )
    return ft.Container(
        ft.Row(columns, spacing=SPACE_2XS, vertical_alignment=ft.CrossAxisAlignment.END),
        padding=ft.Padding.symmetric(vertical=SPACE_XS),
    )


def _bar(design: Design, known: Known, height: float) -> ft.Control:
    width = 18
    if known is Known.UNKNOWN:
        stripes = ft.LinearGradient(
            colors=[design.colors.surface_card] * 2 + [design.colors.chart_bar] * 2,
            stops=[0.0, 0.7, 0.7, 1.0],
            begin=ft.Alignment(-1, -1),
            end=ft.Alignment(-0.5, -0.85),
            tile_mode=ft.GradientTileMode.REPEATED,
        )
        return ft.Container(
            width=width,
            height=BARS / 2,
            gradient=stripes,
            border=ft.Border.all(1, design.colors.chart_bar),
            border_radius=ft.BorderRadius.vertical(top=4),
        )
    if known is Known.AHEAD:
        return ft.Container(width=width, height=1, bgcolor=design.colors.border_hairline)
    so_far = known is Known.SO_FAR
    return bar(design, height, Scale(0, 1, BARS), width=width, chosen=so_far, partial=so_far)


def _cut(design: Design, title: str, parts: tuple[Part, ...], cut: Cut) -> ft.Control:
    """Return the card of one split of the total; without a part, it says that nothing was bought."""
    rows = [
        (part_name(design.words, one, cut), design.formats.money(Money(amount=one.amount))) for one in parts
    ]
    content: ft.Control = named_amounts(design, rows)
    if not rows:
        content = semantic_group(
            text(design.words("year.nothing"), design.type.body_s, design.colors.content_muted)
        )
    return card(design, column(heading(text(title, design.type.h2), 2), content, spacing=SPACE_S))


@component
def Sharing(insights: InsightsState, shared: Shared) -> ft.Control:
    """Show the buttons that share the year as a picture, a PDF or a CSV file."""
    design = use_design()
    named, name = ft.use_state(False)
    words = design.words

    def choose(event: ft.Event[ft.Checkbox]) -> None:
        name(event.data is True)

    told = Shared(shared.year, shared.at, shared.demo, named)
    months = [one.bill_month for one in told.year.months if one.total is not None]
    box = ft.MergeSemantics(
        ft.ListTile(
            leading=ft.Checkbox(value=named, on_change=choose, key="named"),
            title=text(words("year.name_publishers"), design.type.body_medium),
            subtitle=text(words("year.never_adult"), design.type.body_s, design.colors.content_muted),
            toggle_inputs=True,
            content_padding=ft.Padding.symmetric(vertical=SPACE_2XS),
            horizontal_spacing=SPACE_XS,
            min_vertical_padding=0,
        )
    )
    picture: list[ft.Control]
    if can_draw():
        picture = [FileActions(design, insights, told, "yearpicture")]
    else:
        picture = [
            semantic_group(text(words("year.no_picture"), design.type.body_s, design.colors.content_muted))
        ]
    csv = [FileActions(design, insights, told, "yearcsv")] if months else []
    return card(
        design,
        column(
            heading(text(words("year.share"), design.type.h2), 2),
            box,
            *picture,
            FileActions(design, insights, told, "yearpdf"),
            *csv,
            spacing=SPACE_S,
        ),
    )


@component
def FileActions(design: Design, insights: InsightsState, shared: Shared, kind: str) -> ft.Control:
    """Show the buttons of one kind of file."""
    if kind == "yearpicture":
        make = picture_of(design, shared)
    elif kind == "yearpdf":
        make = pdf_of(design, shared)
    else:
        months = [one.bill_month for one in shared.year.months if one.total is not None]
        make = export_of(insights.backend, insights.contract, months, design.words, insights.history.older)
    return use_file_actions(design, make, kind, "year.shared")
