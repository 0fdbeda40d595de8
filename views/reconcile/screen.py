"""Rapprochement: a printed bill compared with the app's total and with the calendar month."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import flet as ft

from services.domain.models import BillingPeriod, Money, PaymentStatus, PeriodState, Purchase
from services.insights.ledger import Ledger, counted
from services.insights.reconcile import (
    MOST_CANDIDATES,
    Candidate,
    Explanation,
    Kind,
    Moved,
    Reconciliation,
    TwoClocks,
    two_clocks,
)
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, error_state, ledger_notices, skeleton, state
from views.core.review import ReviewState
from views.core.text import joined
from views.frame import Screen, paired, reading_column, without_rights
from views.kit.buttons import action_link, row_as_button, strong_button
from views.kit.cards import Tone, card, column, group, named_amounts
from views.kit.design import Design, chevron, heading, semantic_group, text
from views.kit.theme import CONTENT_WIDTH_M, CONTENT_WIDTH_XL, SPACE_2XS, SPACE_M, SPACE_S, SPACE_XS
from views.purchases.rows import shown_names
from views.reconcile.state import ReconcileState
from views.routes import Destination, go, period_in, purchase_address, purchases_of

MOST_TOLD = 3
"""Maximum number of explanations shown one by one; with more, the user picks entries instead."""
MOST_WAYS = 3
"""Maximum number of combinations of the same amounts on screen."""
MOST_LINES = 100
"""Maximum number of entries on screen."""


@component
def ReconcileView() -> ft.View:
    design, session = use_design(), use_session()
    asked = period_in(ft.context.page.route)
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(design, session, skeleton(design, (160, 20), (None, 48)))
    elif not session.contract.billing_rights:
        body = without_rights(design, session, session.load_account)
    else:
        body = Bill(session.insights, session.insights.review, asked)
    return Screen(
        design.words("reconcile.h1"),
        body,
        Destination.USAGE,
        name="reconcile",
        back=purchases_of(asked),
    )


@component
def Bill(insights: InsightsState, review: ReviewState, asked: str | None) -> ft.Control:
    """Show the comparison of a period's bill, once the ledger is known. Rebuilt when `review` changes."""
    design, session = use_design(), use_session()
    words, contract, known = design.words, insights.contract, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.retry, stood_on, cleanup=insights.release)
    choice = contract_choice(design, session)
    period = _chosen(known.data, asked)
    contracts = session.account.data.contracts if session.account.data else ()
    others = tuple(one for one in contracts if one.billing_rights and one != contract)
    period_id = period.period_id if period else ""
    comparing = ft.use_memo(
        partial(ReconcileState, insights, period_id, others), [contract.contract_id, period_id]
    )
    if known.missing and known.error is not None:
        return reading_column(design, *choice, error_state(design, known.error, insights.retry))
    if known.data is None:
        return reading_column(design, *choice, skeleton(design, (160, 20), (None, 48)))
    missing = insights.missing.of_ledger
    notices = ledger_notices(design, formats, insights, missing)
    if period is None:
        gone = state(design, ft.Icons.RECEIPT_LONG_OUTLINED, words("reconcile.gone"))
        return reading_column(design, *choice, column(*notices, *([] if missing.periods else [gone])))
    if period.state is PeriodState.OPEN:
        of_month = formats.of_month(period.bill_month)
        early = state(
            design,
            ft.Icons.HOURGLASS_EMPTY,
            words("reconcile.open", of_month=of_month),
            words("reconcile.open_text", date=formats.long_date(period.end_date)),
        )
        return reading_column(design, *choice, early)
    read = column(*notices, spacing=SPACE_M)  # the parts keep their place when a notice appears
    clocks = two_clocks(known.data, period.end_date)
    beside = [] if clocks is None else [Clocks(formats, clocks)]
    parts = paired(design, Comparison(comparing, review), *beside)
    width = CONTENT_WIDTH_XL if design.layout.wide else CONTENT_WIDTH_M
    return reading_column(design, *choice, column(read, parts, spacing=SPACE_M), width=width)


def _chosen(ledger: Ledger | None, asked: str | None) -> BillingPeriod | None:
    """Return the period of the address; without one, the latest period that is over."""
    periods = [one.period for one in ledger.periods] if ledger else []
    if asked is not None:
        return next((one for one in periods if one.period_id == asked), None)
    return next((one for one in periods if one.state is not PeriodState.OPEN), None)


@component
def Comparison(comparing: ReconcileState, review: ReviewState) -> ft.Control:
    """Show the printed amount and its explanations.

    `review` stores the amount that the user entered; its changes rebuild the component.
    """
    design = use_design()
    words, period = design.words, comparing.period
    formats = Formats(words.language, comparing.insights.purchases.zone)
    ft.use_effect(comparing.load_others, [comparing], cleanup=lambda: None)
    if period is None:
        return ft.Container()
    of_month, found = formats.of_month(period.bill_month), comparing.found
    span = formats.period_range(period.start_date, period.end_date)
    title = heading(text(words("search.bill", of_month=of_month), design.type.h2), 2)
    parts: list[ft.Control] = [
        title,
        semantic_group(text(span, design.type.body_s, design.colors.content_muted)),
    ]
    if period.bill is not None:
        number, day = period.bill.number, formats.long_date(period.bill.issue_date)
        parts.append(
            semantic_group(text(words("reconcile.issued", number=number, date=day), design.type.body))
        )
    else:
        parts += _typing(design, formats, comparing, of_month)
    result = [] if found is None else _result(design, formats, comparing, found)
    return column(card(design, column(*parts, spacing=SPACE_S)), *result, spacing=SPACE_M)


def _typing(design: Design, formats: Formats, comparing: ReconcileState, of_month: str) -> list[ft.Control]:
    words = design.words

    def shown() -> str:
        printed = comparing.printed
        if comparing.typed is not None or printed is None:
            return comparing.typed or ""
        return formats.money(Money(amount=printed))

    return [
        Field(
            words("reconcile.field", of_month=of_month),
            shown,
            comparing.type,
            comparing.compare,
            error=words("reconcile.wrong") if comparing.wrong else None,
            keyboard_type=ft.KeyboardType.NUMBER,
            max_length=12,
            counter=ft.Container(width=0, height=0),
            key="printed",
        ),
        semantic_group(text(words("reconcile.where"), design.type.body_s, design.colors.content_muted)),
        strong_button(design, words("reconcile.compare"), comparing.compare),
    ]


def _result(
    design: Design, formats: Formats, comparing: ReconcileState, found: Reconciliation
) -> list[ft.Control]:
    words = design.words
    printed = formats.money(Money(amount=found.printed))
    facts = [
        (words("reconcile.printed"), printed),
        (words("reconcile.known"), formats.money(Money(amount=found.total))),
    ]
    if found.identical:
        said = alert(design, Tone.POSITIVE, words("reconcile.same", amount=printed))
        return [card(design, named_amounts(design, facts)), said]
    gap = formats.money(Money(amount=found.gap))
    nothing = not (found.named or found.moved)
    fitting = words("reconcile.several") if found.several else words("reconcile.one")
    sentence = words("reconcile.none") if nothing else fitting
    said = alert(design, Tone.INFO, words("reconcile.gap", amount=gap), sentence)
    ledger = comparing.insights.packed.data
    newest_only = found.partial and ledger is not None and ledger.partial
    notes = [words("check.partial", n=comparing.insights.most_pages * 100)] if newest_only else []
    notes += [words("reconcile.bounded", n=MOST_CANDIDATES)] if found.bounded else []
    parts: list[ft.Control] = [card(design, named_amounts(design, facts)), said]
    parts += [_named(design, formats, comparing, one) for one in found.named]
    if 0 < len(found.moved) <= MOST_TOLD:
        parts += [_moved(design, formats, comparing, one) for one in found.moved]
    elif found.moved:
        parts.append(_boxes(design, formats, comparing, found))
    parts += [semantic_group(text(note, design.type.body_s, design.colors.content_muted)) for note in notes]
    if comparing.others.error is not None:
        title = words("reconcile.others_unknown")
        parts.append(error_alert(design, comparing.others.error, comparing.load_others, title=title))
    return parts


def _named(design: Design, formats: Formats, comparing: ReconcileState, one: Explanation) -> ft.Control:
    """Return one named explanation; another bill is listed with its entries."""
    bill = one.period.bill_month if one.period else ""
    sentence = design.words(
        f"reconcile.because_{one.kind.value}",
        of_month=formats.of_month(bill) if bill else "",
        month=formats.month_year(f"{one.month:%Y-%m}") if one.month else "",
        contract=one.contract,
    )
    title = heading(text(sentence, design.type.body_medium), 3)
    if one.kind is not Kind.OTHER_BILL:
        return card(design, title)
    lines = [_line(design, formats, comparing, each) for each in one.entries[:MOST_LINES]]
    return column(title, group(design, lines), spacing=SPACE_XS)


def _moved(design: Design, formats: Formats, comparing: ReconcileState, one: Moved) -> ft.Control:
    """Return an explanation by moved entries, with its combinations of the same amounts."""
    title = design.words("reconcile.moved", n=len(one.changes))
    parts: list[ft.Control] = [heading(text(title, design.type.body_medium), 3)]
    for number, way in enumerate(one.ways[:MOST_WAYS]):
        if number:
            parts.append(text(design.words("reconcile.or"), design.type.body_s, design.colors.content_muted))
        parts.append(group(design, [_line(design, formats, comparing, each) for each in way]))
    rest = len(one.ways) - MOST_WAYS
    if rest > 0:
        parts.append(
            text(design.words("reconcile.more", n=rest), design.type.body_s, design.colors.content_muted)
        )
    return column(*parts, spacing=SPACE_XS)


def _line(design: Design, formats: Formats, comparing: ReconcileState, one: Candidate) -> ft.Control:
    """Return the row of an entry with the bill it may be on. The row opens the purchase."""
    title, below = _told(design, formats, comparing, one)
    lines: list[ft.Control] = [
        text(title, design.type.body_medium),
        text(below, design.type.body_s, design.colors.content_muted),
    ]
    row = ft.Container(
        ft.Row(
            [ft.Column(lines, spacing=SPACE_2XS, tight=True, expand=True), chevron(design)], spacing=SPACE_S
        ),
        padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
    )
    address = purchase_address(one.entry.payment_id, one.entry.period_id)
    return row_as_button(design, row, partial(go, address))


def _told(design: Design, formats: Formats, comparing: ReconcileState, one: Candidate) -> tuple[str, str]:
    """Return « 2,99 € · Fiche Potager · 20 avril », and the sentence with the bill it may be on."""
    entry = one.entry
    day = formats.day_month(formats.local_day(entry.payment_date))
    here = entry.period_id == comparing.period_id and entry.payment_status is PaymentStatus.SUCCEEDED
    side = design.words("reconcile.elsewhere" if here else "reconcile.here")
    return joined(formats.money(entry.amount), shown_names(design, entry)[0], day), side


def _boxes(design: Design, formats: Formats, comparing: ReconcileState, found: Reconciliation) -> ft.Control:
    """Return a checkbox for each candidate, and the unexplained part of the difference."""
    left = comparing.left
    words = design.words
    if not left:
        rest = words("reconcile.explained")
    else:
        rest = words("reconcile.left", amount=formats.money(Money(amount=left)))
    lines = [_box(design, formats, comparing, one) for one in found.candidates]
    return column(
        heading(text(words("reconcile.choose"), design.type.body_medium), 3),
        ft.Semantics(live_region=True, container=True, content=text(rest, design.type.h4)),
        group(design, lines),
        spacing=SPACE_S,
    )


def _box(design: Design, formats: Formats, comparing: ReconcileState, one: Candidate) -> ft.Control:
    title, below = _told(design, formats, comparing, one)
    payment_id = one.entry.payment_id

    def check(event: ft.Event[ft.Checkbox]) -> None:
        comparing.check(payment_id, event.data is True)

    return ft.MergeSemantics(
        ft.ListTile(
            leading=ft.Checkbox(value=payment_id in comparing.checked, on_change=check, key=payment_id),
            title=text(title, design.type.body_medium),
            subtitle=text(below, design.type.body_s, design.colors.content_muted),
            toggle_inputs=True,
            content_padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_2XS),
            horizontal_spacing=SPACE_XS,
            min_vertical_padding=0,
        )
    )


@component
def Clocks(formats: Formats, clocks: TwoClocks) -> ft.Control:
    """Show how the bill and the calendar month in which it ends differ, with the entries in only one."""
    design = use_design()
    opened, set_opened = ft.use_state(False)
    words, period = design.words, clocks.period
    month, of_month = formats.month_year(f"{clocks.first:%Y-%m}"), formats.of_month(period.bill_month)

    def toggle() -> None:
        set_opened(not opened)

    def money(amount: Decimal) -> str:
        return formats.money(Money(amount=amount))

    span = formats.period_range(period.start_date, period.end_date)
    facts = [
        (joined(words("search.bill", of_month=of_month), span), money(clocks.bill_total)),
        (words("clocks.before", date=formats.day_month(clocks.first)), money(-clocks.before)),
        (words("clocks.after", date=formats.day_month(period.end_date)), money(clocks.after)),
        (
            words("clocks.month" if clocks.over else "clocks.month_so_far", month=month),
            money(clocks.month_total),
        ),
    ]
    lines = [*clocks.outside_month, *clocks.outside_bill]
    parts: list[ft.Control] = [
        heading(text(words("clocks.h2"), design.type.h2), 2),
        semantic_group(text(words("clocks.text"), design.type.body_s, design.colors.content_muted)),
        named_amounts(design, facts),
    ]
    if lines:
        label = words("clocks.hide") if opened else words("clocks.show", n=len(lines))
        parts.append(action_link(design, label, toggle, key="clocks"))
    if opened:
        out = len(clocks.outside_month)
        rows = [
            _entry_fact(design, formats, one, out=rank < out) for rank, one in enumerate(lines[:MOST_LINES])
        ]
        parts.append(named_amounts(design, rows))
        rest = len(lines) - MOST_LINES
        if rest > 0:
            parts.append(semantic_group(text(words("check.more", n=rest), design.type.body_s)))
    return card(design, column(*parts, spacing=SPACE_S))


def _entry_fact(design: Design, formats: Formats, one: Purchase, *, out: bool) -> tuple[str, str]:
    """Return the label of an entry, and the amount by which it changes the bill into the month."""
    day = formats.day_month(formats.local_day(one.payment_date))
    change = -counted(one) if out else counted(one)
    return joined(day, shown_names(design, one)[0]), formats.money(Money(amount=change))
