"""Achats internet+: the purchases of a period, the month selector, the filters, the list."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qs, urlsplit

import flet as ft

from services.errors import BackendError, NotFound
from services.models import BillingPeriod, Contract, Filter, PeriodState
from views.formatting import Formats
from views.state.context import use_look, use_session
from views.state.list_window import ListWindow
from views.state.purchase import PurchaseState
from views.state.purchases import PurchaseList, PurchasesState
from views.ui.billing_rule import billing_rule
from views.ui.buttons import Handler, icon_button, outline_button, strong_button
from views.ui.cards import card, column
from views.ui.component import component
from views.ui.contracts import contract_choice
from views.ui.frame import Destination, Screen, go
from views.ui.look import Look, heading, silent, text
from views.ui.month_selector import month_selector
from views.ui.notices import error_state, freshness, progress, skeleton, snackbar, state
from views.ui.purchase_detail import PurchaseDetail
from views.ui.purchase_rows import PageOfRows, days_of
from views.ui.sharing import ExportButton
from views.ui.sheet import sheet
from views.ui.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XS, TARGET

_PERIOD_ID = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_REMEMBERED_PAGE = ft.memo(PageOfRows)


def period_in(route: str) -> str | None:
    """The period an address asks for: `/achats?periode=2024-03`; None for the current one."""
    asked = parse_qs(urlsplit(route).query).get("periode", [""])[0]
    return asked if _PERIOD_ID.fullmatch(asked) else None


@component
def PurchasesView() -> ft.View:
    look, session = use_look(), use_session()
    payment_id = ft.use_route_params().get("payment_id")
    purchases, words = session.purchases, look.words
    actions: tuple[ft.Control, ...] = ()
    body: ft.Control
    if purchases is not None and session.purchase is not None:
        wanted = period_in(ft.context.page.route)
        body = Purchases(purchases, session.purchase, wanted, payment_id)
        actions = (
            icon_button(
                look, ft.Icons.REFRESH, words("action.refresh"), session.refresh_purchases, key="refresh"
            ),
        )
    elif session.account.error is not None:
        body = error_state(look, session.account.error, session.load_account)
    else:
        body = ft.Container(_first_skeleton(look), padding=look.layout.margin)
    return Screen(
        words("purchases.h1"),
        body,
        Destination.USAGE,
        name="purchases",
        back=Destination.USAGE.path,
        actions=actions,
        subtitle=CollapsedSummary(purchases) if purchases else None,
    )


@component
def CollapsedSummary(purchases: PurchasesState) -> ft.Control:
    """Under the title, once the summary has been scrolled away: the period, its total, its count."""
    return CollapsedPeriod(purchases.period, purchases.window)


@component
def CollapsedPeriod(period: BillingPeriod | None, window: ListWindow) -> ft.Control:
    look = use_look()
    if period is None or not window.scrolled_past_head:
        return ft.Container()
    return text(period_summary(look, period), look.type.caption_medium, look.colors.content_muted, lines=1)


@component
def Purchases(
    purchases: PurchasesState,
    purchase: PurchaseState,
    wanted: str | None,
    payment_id: str | None,
) -> ft.Control:
    """The list, and on wide windows the detail beside it."""
    look = use_look()
    of_purchase = purchase.purchase.data if payment_id and payment_id == purchase.payment_id else None
    if wanted is None and payment_id:
        wanted = of_purchase.period_id if of_purchase else purchases.period_id

    # The period of an address that names a purchase only is that of the purchase, once it is known.
    ready = payment_id is None or wanted is not None or purchase.purchase.missing
    ft.use_effect(
        partial(purchases.open, wanted) if ready else purchases.load_periods,
        [purchases.contract.contract_id, wanted, ready],
        cleanup=lambda: None,
    )
    margin = look.layout.margin
    if not look.layout.wide:
        return ft.Container(PurchaseListing(purchases, purchases.window, None), padding=0, expand=True)
    first = purchases.shown.data.pages.get(1, ()) if purchases.shown.data else ()
    selected = payment_id or (first[0].payment_id if first else None)
    detail: ft.Control = (
        PurchaseDetail(purchases, purchase, selected, 2)
        if selected
        else state(look, ft.Icons.RECEIPT_LONG_OUTLINED, look.words("purchase.placeholder"))
    )
    return ft.Row(
        [
            ft.Container(PurchaseListing(purchases, purchases.window, selected), expand=58),
            ft.Container(detail, expand=42, padding=ft.Padding.only(right=margin)),
        ],
        spacing=0,
        expand=True,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


@component
def PurchaseListing(purchases: PurchasesState, window: ListWindow, selected: str | None) -> ft.Control:
    """The period's summary, the filters and the window of rows, in one scroll."""
    look, session = use_look(), use_session()
    listed, periods, period = purchases.shown, purchases.periods, purchases.period
    formats = Formats(look.words.language, purchases.zone)
    drawn = listed.data or PurchaseList()

    announced = ft.use_ref(purchases.refreshed)

    def select(period_id: str) -> None:
        go(f"/achats?periode={period_id}")

    def announce() -> None:
        if announced.current != purchases.refreshed:
            announced.current = purchases.refreshed
            ft.context.page.show_dialog(snackbar(look, look.words("purchases.refreshed")))

    ft.use_effect(announce, [purchases.refreshed])
    wanted = [purchases.period_id, purchases.filter, window.first, window.last, drawn.last_read]
    ft.use_effect(purchases.read_window, wanted, cleanup=lambda: None)
    if periods.missing and periods.error is not None:
        return _list_error(look, periods.error, session.refresh_purchases)
    if not periods.data:
        return ft.Container(_first_skeleton(look), padding=look.layout.margin)
    stale_periods = freshness(look, formats, periods, session.refresh_purchases)
    # A page that failed further down says so there: what has been read is as fresh as it was.
    stale_list = freshness(look, formats, listed, session.refresh_purchases) if drawn.whole else []
    head = column(
        *contract_choice(look, session),
        *(stale_periods or stale_list),
        _summary(look, formats, purchases, periods.data, period, select),
        _filters(look, purchases),
        spacing=SPACE_S,
    )
    body = _rows(look, formats, purchases, window, selected)
    return ft.Column(
        [
            progress(look, listed.loading or periods.loading),
            # A column, not a list view: Flutter's list remembers where its children stood by their
            # rank, and the ranks change when the window moves.
            ft.Column(
                [
                    ft.Container(
                        column(
                            ft.Container(head, key="head", on_size_change=window.measure_head),
                            *body,
                            ft.Container(key="end", height=SPACE_L),
                            spacing=0,
                        ),
                        padding=ft.Padding.only(
                            left=look.layout.margin,
                            right=SPACE_M if look.layout.wide else look.layout.margin,
                        ),
                    )
                ],
                key=f"{purchases.contract.contract_id} {purchases.period_id} {purchases.filter}",
                scroll=ft.ScrollMode.AUTO,
                on_scroll=window.scroll,
                scroll_interval=100,
                expand=True,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
        ],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _rows(
    look: Look,
    formats: Formats,
    purchases: PurchasesState,
    window: ListWindow,
    selected: str | None,
) -> list[ft.Control]:
    """The pages in the window, the spacer above them and the way to the next; or why there are none."""
    listed, words = purchases.shown, look.words
    if listed.missing and listed.error is not None:
        if isinstance(listed.error, NotFound):
            return [_beyond(look, purchases)]
        return [_list_error(look, listed.error, purchases.refresh)]
    if listed.data is None:
        return [skeleton(look, (120, 16), (None, 40), (None, 40), (None, 40))]
    if listed.data.empty:
        return [_empty(look, formats, purchases)]
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
            and formats.local_day(before[-1].payment_date) == formats.local_day(pages[number][0].payment_date)
        )
        chosen = selected if any(row.payment_id == selected for row in pages[number]) else None
        rows.append(
            ft.Container(
                _REMEMBERED_PAGE(
                    look,
                    formats,
                    pages[number],
                    days_of(pages[number], listed.data.days, formats),
                    continues,
                    chosen,
                ),
                key=f"page-{number}",
                data=number,
                padding=ft.Padding.only(bottom=SPACE_XS),
                on_size_change=window.measure_page,
            )
        )
    if not listed.data.whole:
        if listed.error is not None:
            rows.append(_list_error(look, listed.error, purchases.read_on))
        else:
            rows.append(
                ft.Container(
                    ft.ProgressRing(semantics_label=words("purchases.loading_more"), width=24, height=24),
                    key="more",
                    height=TARGET,
                    alignment=ft.Alignment.CENTER,
                )
            )
    elif purchases.period_id == (purchases.periods.data or ())[-1].period_id:
        rows.append(text(words("purchases.beyond"), look.type.body_s, look.colors.content_muted))
    return rows


def _list_error(look: Look, error: BackendError, retry: Handler) -> ft.Control:
    return error_state(look, error, retry, title=look.words("purchases.error_title"))


def _summary(
    look: Look,
    formats: Formats,
    purchases: PurchasesState,
    periods: tuple[BillingPeriod, ...],
    period: BillingPeriod | None,
    select: Callable[[str], None],
) -> ft.Control:
    selector = month_selector(look, periods, period.period_id if period else None, select)
    if period is None:
        return card(look, selector)
    words = look.words
    of_month, month = formats.of_month(period.bill_month), formats.month_name(period.bill_month)
    span = formats.period_range(period.start_date, period.end_date)
    amount = formats.money(period.total)
    lines: list[ft.Control] = [
        text(amount, look.type.amount_hero, wrap=False, spoken=formats.money_spoken(period.total)),
        text(
            words("purchases.sub", n=period.purchase_count, period=span),
            look.type.body_s,
            look.colors.content_muted,
        ),
    ]
    if period.pending_total.amount:
        pending = words("purchases.pending", amount=formats.money(period.pending_total))
        lines.append(text(pending, look.type.body_s, look.colors.content_muted))
    totals = ft.Semantics(
        live_region=True,
        container=True,
        label=period_summary(look, period),
        content=ft.Column(lines, spacing=2, tight=True),
    )
    label = text(words(f"period.{period.state.value}"), look.type.label_s, look.colors.content_muted)
    summed = column(heading(label, 2), totals, spacing=2)
    body: ft.Control
    if look.layout.rail:
        body = ft.Row(
            [ft.Container(summed, width=200), ft.Container(selector, expand=True)],
            spacing=SPACE_M,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    else:
        body = column(summed, selector, spacing=SPACE_S)
    invoice = ft.Row(
        [
            silent(ft.Icon(ft.Icons.RECEIPT_LONG_OUTLINED, size=20, color=look.colors.content_muted)),
            text(
                words(f"invoice.{period.state.value}", of_month=of_month, month=month),
                look.type.label_s,
                expand=True,
            ),
            ExportButton(purchases),
            HowPeriodsWork(purchases.contract),
        ],
        spacing=SPACE_XS,
    )
    return card(
        look,
        column(body, ft.Divider(height=1), invoice, spacing=SPACE_XS),
        padding=ft.Padding.only(left=SPACE_M, right=SPACE_XS, top=SPACE_M, bottom=2),
    )


def period_summary(look: Look, period: BillingPeriod) -> str:
    """« Facture de mars, 12,48 €, 3 achats »."""
    return look.words(
        "purchases.announce",
        n=period.purchase_count,
        of_month=look.formats.of_month(period.bill_month),
        amount=look.formats.money(period.total),
    )


@component
def HowPeriodsWork(contract: Contract) -> ft.Control:
    """The info button and the sentence it opens, with the help article's example."""
    look = use_look()
    opened, set_opened = ft.use_state(False)
    words = look.words

    def close() -> None:
        set_opened(False)

    def open_sheet() -> None:
        set_opened(True)

    content = column(
        *billing_rule(look, contract),
        outline_button(look, words("action.close"), close, autofocus=True),
        spacing=SPACE_M,
    )
    ft.use_dialog(sheet(look, words("purchases.info_title"), content, close) if opened else None)
    return icon_button(look, ft.Icons.INFO_OUTLINE, words("purchases.info"), open_sheet)


def _filters(look: Look, purchases: PurchasesState) -> ft.Control:
    def chip(kind: Filter | None) -> ft.Chip:
        chosen = purchases.filter is kind

        return ft.Chip(
            label=ft.Text(
                look.words(f"filter.{kind.value if kind else 'all'}"),
                style=look.type.label_s,
                no_wrap=True,
                overflow=ft.TextOverflow.VISIBLE,
            ),
            selected=chosen,
            on_select=partial(purchases.choose_filter, kind),
            border_side=ft.BorderSide(
                2 if chosen else 1, look.colors.accent if chosen else look.colors.border_control
            ),
            key=f"filter-{kind.value if kind else 'all'}",
        )

    chips = ft.Row([chip(kind) for kind in (None, *Filter)], scroll=ft.ScrollMode.HIDDEN, spacing=SPACE_XS)
    return ft.Semantics(label=look.words("purchases.filters"), container=True, content=chips)


def _empty(look: Look, formats: Formats, purchases: PurchasesState) -> ft.Control:
    words, period = look.words, purchases.period
    if purchases.filter is not None:
        name = words(f"filter.{purchases.filter.value}")
        return state(
            look,
            ft.Icons.FILTER_ALT_OFF_OUTLINED,
            words("purchases.empty_filter", filter=name),
            "",
            strong_button(look, words("purchases.clear_filter"), purchases.clear_filter),
        )
    if period is not None and period.state is not PeriodState.OPEN:
        month = formats.month_name(period.bill_month)
        return state(look, ft.Icons.RECEIPT_LONG_OUTLINED, words("purchases.empty_closed", month=month))
    previous = purchases.step(-1)

    def show_previous() -> None:
        go(f"/achats?periode={previous}")

    actions = [strong_button(look, words("purchases.empty_previous"), show_previous)] if previous else []
    return state(
        look,
        ft.Icons.RECEIPT_LONG_OUTLINED,
        words("purchases.empty_title"),
        words("purchases.empty_text"),
        *actions,
    )


def _beyond(look: Look, purchases: PurchasesState) -> ft.Control:
    """An address asked for a period that is not among the six."""

    def show_current() -> None:
        go("/achats")

    current = look.words("period.open")
    return state(
        look,
        ft.Icons.RECEIPT_LONG_OUTLINED,
        look.words("purchases.beyond"),
        "",
        strong_button(look, current, show_current),
    )


def _first_skeleton(look: Look) -> ft.Control:
    return column(
        skeleton(look, (120, 16), (180, 44), (None, 96)),
        skeleton(look, (None, 40), (None, 40), (None, 40)),
        spacing=SPACE_M,
    )
