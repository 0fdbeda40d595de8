"""Recherche: purchases of all periods, by a word or an amount."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from urllib.parse import parse_qs, urlsplit

import flet as ft

from services.domain.models import Filter, Money
from services.insights.ledger import sum_of
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import error_alert, error_state, freshness, incomplete_alert, progress, skeleton
from views.frame import Screen, reading_column, without_rights
from views.kit.cards import column, group
from views.kit.chips import Chip, choices
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_M, SPACE_S
from views.purchases.panes import beside
from views.purchases.rows import TEXT_START, purchase_row
from views.purchases.sharing import FoundExport
from views.routes import PURCHASES, Destination, search_address
from views.search.state import SearchState

MOST_ROWS = 100
"""Maximum number of rows on screen."""


@component
def SearchView() -> ft.View:
    design, session = use_design(), use_session()
    payment_id = ft.use_route_params().get("payment_id")
    body: ft.Control
    if (
        session.insights is None
        or session.purchases is None
        or session.purchase is None
        or session.contract is None
    ):
        body = without_contract(design, session, skeleton(design, (None, 48), (None, 20)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        asked = parse_qs(urlsplit(ft.context.page.route).query).get("q", [""])[0]
        listed = Search(session.insights, asked, payment_id)
        body = beside(design, listed, session.purchases, session.purchase, payment_id)
    return Screen(design.words("search.h1"), body, Destination.USAGE, name="search", back=PURCHASES)


@component
def Search(insights: InsightsState, asked: str, payment_id: str | None) -> ft.Control:
    """Show the field, the filters and the results; wide windows mark the row of `payment_id`."""
    design, session = use_design(), use_session()
    words, contract_id = design.words, insights.contract.contract_id
    searching = ft.use_memo(partial(SearchState, insights), [contract_id])
    ft.use_effect(insights.retry, [contract_id, insights.purchases.periods.data], cleanup=insights.release)

    async def begin() -> None:
        if asked and not searching.typed:
            searching.begin(asked)
        await searching.run()

    ft.use_effect(begin, [contract_id, insights.extended], cleanup=lambda: None)
    known = insights.ledger
    content: ft.Control
    if known.missing and known.error is not None:
        content = error_state(design, known.error, insights.retry)
    elif known.data is None:
        content = skeleton(design, (None, 40), (None, 40))
    else:
        content = Results(searching, payment_id if design.layout.wide else None)
    field = Field(
        words("search.field"),
        lambda: searching.typed,
        searching.type,
        searching.run,
        prefix_icon=ft.Icons.SEARCH,
        max_length=100,
        counter=ft.Container(width=0, height=0),
        key="search",
    )
    return reading_column(design, *contract_choice(design, session), field, content)


@component
def Results(searching: SearchState, selected: str | None) -> ft.Control:
    """Show the total of the results, then the results grouped by bill."""
    design = use_design()
    words, known, found = design.words, searching.insights.ledger, searching.found
    formats = Formats(words.language, searching.insights.purchases.zone)
    missing = searching.insights.missing.of_ledger
    notices: list[ft.Control] = [
        progress(design, searching.loading),
        *freshness(design, formats, known, searching.insights.retry),
        *incomplete_alert(design, missing, searching.insights.retry),
    ]
    if searching.error is not None:
        notices.append(error_alert(design, searching.error, searching.run))
    kinds = (None, *Filter)
    chips = [
        Chip(
            words(f"filter.{kind.value}" if kind else "filter.all"),
            partial(searching.choose, kind),
            chosen=kind is searching.filter,
            key=f"search-{kind.value if kind else 'all'}",
        )
        for kind in kinds
    ]
    filters = choices(design, words("search.filters"), chips, wrap=True)
    if found is None:
        hint = text(words("search.hint"), design.type.body, design.colors.content_muted)
        return column(*notices, hint, spacing=SPACE_S)
    if not found:
        ledger = searching.insights.extended
        all_read = not missing and searching.error is None
        since = ledger.known_since if ledger and all_read else None
        nothing = words("search.nothing", date=formats.long_date(since)) if since else words("search.none")
        return column(*notices, filters, _said(design, nothing), spacing=SPACE_M)
    total = sum_of(found)
    if total is None:
        said = words("purchases.count", n=len(found))
    else:
        said = words("search.total", n=len(found), amount=formats.money(Money(amount=total)))
    rest = len(found) - MOST_ROWS
    return column(
        *notices,
        filters,
        _said(design, said),
        FoundExport(searching.insights, found),
        *_by_bill(design, formats, searching, selected),
        *([text(words("check.more", n=rest), design.type.body_s)] if rest > 0 else []),
        spacing=SPACE_M,
    )


def _said(design: Design, sentence: str) -> ft.Control:
    return ft.Semantics(live_region=True, container=True, content=text(sentence, design.type.body_medium))


def _by_bill(
    design: Design, formats: Formats, searching: SearchState, selected: str | None
) -> list[ft.Control]:
    parts: list[ft.Control] = []
    ranked = list(enumerate((searching.found or ())[:MOST_ROWS]))
    for period_id, entries in groupby(ranked, key=lambda one: one[1].period_id):
        bill = design.words("search.bill", of_month=formats.of_month(period_id))
        marks = searching.insights.marked.marks
        rows = [
            purchase_row(
                design,
                formats,
                one,
                rank,
                selected=one.payment_id == selected,
                dated=True,
                mark=marks.get(one.payment_id),
                leads_to=search_address(searching.query, one.payment_id) if design.layout.wide else "",
            )
            for rank, one in entries
        ]
        parts.append(heading(text(bill, design.type.h2), 2))
        parts.append(group(design, rows, indent=TEXT_START))
    return parts
