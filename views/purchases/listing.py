"""List of a period's purchases: summary, filters and windowed rows in one scrolling column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import flet as ft

from services.domain.errors import BackendError, NotFound, Unreachable
from services.domain.models import Filter, PeriodState
from services.insights.history import Origin
from services.insights.marks import Mark
from views.core.component import component, kept
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice
from views.core.formatting import Formats
from views.core.history_offer import HistoryOffer
from views.core.insights import MarkState
from views.core.kept_history import KeptHistoryState
from views.core.loadable import Loadable
from views.core.notices import (
    alert,
    error_state,
    freshness,
    progress,
    skeleton,
    snackbar,
    state,
    unreadable_alert,
)
from views.kit.buttons import Handler, link, strong_button
from views.kit.cards import Tone, column
from views.kit.chips import Chip, choices
from views.kit.design import Design, text
from views.kit.progress import ring
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XS, TARGET
from views.purchases.list_window import ListWindow
from views.purchases.period_summary import summary_card
from views.purchases.rows import PageOfRows, days_of, marks_of
from views.purchases.state import PurchaseList, PurchasesState
from views.routes import PURCHASES, go, purchases_of, year_address

_REMEMBERED_PAGE = ft.memo(PageOfRows)


@component
def PurchaseListing(
    purchases: PurchasesState, window: ListWindow, marked: MarkState, payment_id: str | None
) -> ft.Control:
    """Show the summary of the period, the filters and the windowed rows in one scrolling column.

    A wide window marks the row whose detail is beside the list: the row of `payment_id`, else the first row.
    """
    design, session = use_design(), use_session()
    listed, periods, period = purchases.shown, purchases.periods, purchases.period
    formats = Formats(design.words.language, purchases.zone)
    drawn = listed.data or PurchaseList()
    selected = chosen_payment(purchases, payment_id) if design.layout.wide else None

    announced = ft.use_ref(purchases.refreshed)

    def announce() -> None:
        if announced.current != purchases.refreshed:
            announced.current = purchases.refreshed
            ft.context.page.show_dialog(snackbar(design, design.words("purchases.refreshed")))

    ft.use_effect(announce, [purchases.refreshed])
    use_filter_announced(design, purchases)
    strip = ft.use_memo(ft.Ref[ft.Column], [])

    async def follow() -> None:
        if window.going_to is not None and strip.current is not None:
            await strip.current.scroll_to(offset=window.going_to)
            window.on_scrolled()

    ft.use_effect(follow, [window.going_to], cleanup=lambda: None)
    wanted = [purchases.period_id, purchases.filter, window.first, window.last, drawn.last_read]
    ft.use_effect(purchases.read_window, wanted, cleanup=lambda: None)
    if periods.missing and periods.error is not None:
        return _list_error(design, periods.error, session.refresh_purchases)
    if not periods.data:
        return ft.Container(first_skeleton(design), padding=design.layout.margin)
    # A failed later page shows its error at its place; the pages above are still fresh.
    shown: tuple[Loadable[Any], ...] = (periods, listed) if drawn.whole or listed.recalled else (periods,)
    # One banner for the screen: for a failure, if any, and for the oldest data.
    oldest = min(
        (one for one in shown if one.old), key=lambda one: (one.error is None, one.at), default=periods
    )
    head = column(
        *contract_choice(design, session),
        *freshness(design, formats, oldest, session.refresh_purchases),
        *_kept(design, formats, purchases),
        summary_card(design, formats, session, purchases, periods.data, period),
        _filters(design, purchases, purchases.filter),
        spacing=SPACE_S,
    )
    head.key, head.on_size_change = "head", window.measure_head
    content = column(
        head,
        *_rows(design, formats, purchases, window, marked.marks, selected, session.kept),
        ft.Container(height=SPACE_L, key="end"),
        spacing=0,
    )
    margin = design.layout.margin
    content.margin = ft.Margin.only(left=margin, right=SPACE_M if design.layout.wide else margin)
    return ft.Column(
        [
            progress(design, listed.loading or periods.loading),
            # A column, because a Flutter list view stores the positions of its children by index, and
            # the indexes change when the window moves.
            ft.Column(
                [content],
                ref=strip,
                key=f"{purchases.contract.contract_id} {window.generation}",
                scroll=ft.ScrollMode.AUTO,
                on_size_change=window.measure_view,
                on_scroll=partial(window.on_scroll, window.generation),
                scroll_interval=100,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
        ],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def use_filter_announced(design: Design, purchases: PurchasesState) -> None:
    """Announce a filter and its number of purchases once its list is read (a hook)."""
    kind, read = purchases.filter, purchases.shown.data
    shown = kind, kind and purchases.period_id  # without a filter, the summary announces the period
    announced = ft.use_ref(shown)

    async def announce_filter() -> None:
        if read is None or announced.current == shown:
            return
        announced.current = shown
        name = design.words(f"filter.{kind.value if kind else 'all'}")
        if read.empty and kind is not None:
            sentence = design.words("purchases.empty_filter", filter=name)
        else:
            sentence = design.words("purchases.filtered", n=read.total_count, filter=name)
        await ft.SemanticsService().announce_message(sentence)

    ft.use_effect(announce_filter, [shown, read is None], cleanup=lambda: None)


def chosen_payment(purchases: PurchasesState, payment_id: str | None) -> str | None:
    """Return the id of the purchase to show beside the list: `payment_id`, else the first of the list."""
    first = purchases.shown.data.pages.get(1, ()) if purchases.shown.data else ()
    return payment_id or (first[0].payment_id if first else None)


def _rows(
    design: Design,
    formats: Formats,
    purchases: PurchasesState,
    window: ListWindow,
    marks: Mapping[str, Mark],
    selected: str | None,
    kept_history: KeptHistoryState,
) -> list[ft.Control]:
    """Return the spacer, the pages in the window and the end of the list; or an error or empty state."""
    listed, words = purchases.shown, design.words
    if listed.missing and listed.error is not None:
        if isinstance(listed.error, NotFound):
            return [_beyond(design, purchases), HistoryOffer(kept_history)]
        if isinstance(listed.error, Unreachable):
            never_read = design.words("purchases.never_read")
            return [error_state(design, listed.error, purchases.refresh, title=never_read)]
        return [_list_error(design, listed.error, purchases.refresh)]
    if listed.data is None:
        return [skeleton(design, (120, 16), (None, 40), (None, 40), (None, 40))]
    if listed.data.empty:
        return [_empty(design, formats, purchases)]
    rows: list[ft.Control] = []
    if window.above:
        rows.append(ft.Container(key="above", height=window.above))
    pages = listed.data.pages
    for number in range(window.first, window.last + 1):
        if number not in pages:
            continue
        before = pages.get(number - 1)
        continues = bool(
            before
            and pages[number]
            and formats.local_day(before[-1].payment_date) == formats.local_day(pages[number][0].payment_date)
        )
        chosen = [rank for rank, row in enumerate(pages[number]) if row.payment_id == selected]
        near = number == 1 and all(rank < window.rows for rank in chosen)
        rows.append(
            ft.Container(
                column(
                    _REMEMBERED_PAGE(
                        design,
                        formats,
                        pages[number],
                        days_of(pages[number], listed.data.days, formats),
                        continues,
                        selected if chosen else None,
                        window.rows if near else window.per_page,
                        marks_of(pages[number], marks),
                    ),
                    *unreadable_alert(design, "purchase", listed.data.unreadable.get(number, 0)),
                    spacing=SPACE_S,
                ),
                key=f"page-{number}",
                data=number,
                padding=ft.Padding.only(bottom=SPACE_XS),
                on_size_change=window.measure_page,
            )
        )
    if not listed.data.whole:
        if listed.error is not None:
            rows.append(_list_error(design, listed.error, purchases.read_on))
        else:
            # A ring that turns outside the viewport would repaint the whole screen sixty times a second.
            turning = window.last > listed.data.last_read
            rows.append(
                ft.Container(
                    ring(design, words("purchases.loading_more")) if turning else None,
                    key="more",
                    height=TARGET,
                    alignment=ft.Alignment.CENTER,
                )
            )
    elif purchases.period_id == (purchases.periods.data or ())[-1].period_id:
        rows.append(text(words("purchases.beyond"), design.type.body_s, design.colors.content_muted))
        if purchases.history.older:
            rows.append(_to_year(design, purchases.history.older[0].period.bill_month))
        rows.append(HistoryOffer(kept_history, ft.Margin.only(top=SPACE_S)))
    return rows


def _kept(design: Design, formats: Formats, purchases: PurchasesState) -> list[ft.Control]:
    """Return the origin of a period that the backend no longer serves, with the link to its year."""
    older = purchases.older
    if older is None:
        return []
    version = purchases.history.version(older.period_id)
    key = "history.kept" if version.origin is Origin.DEVICE else "history.imported"
    origin = design.words(key, date=formats.long_date(formats.local_day(version.at)))
    month = formats.month_year(older.bill_month)
    return [alert(design, Tone.INFO, month, origin, _to_year(design, older.bill_month))]


def _to_year(design: Design, bill_month: str) -> ft.Control:
    """Return the link to the year of a bill, which has the older periods."""
    show = partial(go, year_address(int(bill_month[:4])))
    return link(design, design.words("history.older_link"), show, key="older")


def _list_error(design: Design, error: BackendError, retry: Handler) -> ft.Control:
    return error_state(design, error, retry, title=design.words("purchases.error_title"))


@kept
def _filters(design: Design, purchases: PurchasesState, chosen: Filter | None) -> ft.Control:
    kinds: tuple[Filter | None, ...] = (None, *Filter)
    names = {kind: kind.value if kind else "all" for kind in kinds}
    chips = [
        Chip(
            design.words(f"filter.{names[kind]}"),
            partial(purchases.choose_filter, kind),
            chosen=chosen is kind,
            key=f"filter-{names[kind]}",
        )
        for kind in kinds
    ]
    return choices(design, design.words("purchases.filters"), chips, wrap=False)


def _empty(design: Design, formats: Formats, purchases: PurchasesState) -> ft.Control:
    words, period = design.words, purchases.period
    if purchases.filter is not None:
        name = words(f"filter.{purchases.filter.value}")
        return state(
            design,
            ft.Icons.FILTER_ALT_OFF_OUTLINED,
            words("purchases.empty_filter", filter=name),
            "",
            strong_button(design, words("purchases.clear_filter"), purchases.clear_filter),
        )
    if period is not None and period.state in (PeriodState.CLOSED, PeriodState.BILLED):
        billed = period.state is PeriodState.BILLED
        title = words(
            "purchases.empty_billed" if billed else "purchases.empty_closed",
            month=formats.month_name(period.bill_month),
        )
        return state(design, ft.Icons.RECEIPT_LONG_OUTLINED, title)
    title = words("purchases.empty_title")
    used = purchases.used_before(period) if period is not None else None
    if used is None:
        return state(design, ft.Icons.RECEIPT_LONG_OUTLINED, title, words("purchases.empty_text"))
    if used.period_id == purchases.step(-1):
        label = words("purchases.empty_previous")
    else:
        label = words("purchases.empty_latest", of_month=formats.of_month(used.bill_month))
    show = strong_button(design, label, partial(go, purchases_of(used.period_id)))
    return state(design, ft.Icons.RECEIPT_LONG_OUTLINED, title, words("purchases.empty_next"), show)


def _beyond(design: Design, purchases: PurchasesState) -> ft.Control:
    """Return the state for an address whose period is not among the six periods."""

    def show_current() -> None:
        go(PURCHASES)

    current = design.words("period.open")
    return state(
        design,
        ft.Icons.RECEIPT_LONG_OUTLINED,
        design.words("purchases.beyond"),
        "",
        strong_button(design, current, show_current),
    )


def first_skeleton(design: Design) -> ft.Control:
    """Return the placeholders of the summary and the first rows."""
    return column(
        skeleton(design, (120, 16), (180, 44), (None, 96)),
        skeleton(design, (None, 40), (None, 40), (None, 40)),
        spacing=SPACE_M,
    )
