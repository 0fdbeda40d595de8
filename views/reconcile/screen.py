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
from views.core.context import use_look, use_session
from views.core.contracts import contract_choice, without_contract
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import alert, error_alert, error_state, freshness, progress, skeleton, state
from views.core.review import ReviewState
from views.core.text import joined
from views.frame import Screen, paired, reading_column, without_rights
from views.kit.buttons import link, row_as_button, strong_button
from views.kit.cards import Tone, card, column, group, named_amounts
from views.kit.look import Look, alone, heading, text
from views.kit.theme import CONTENT_WIDTH_M, CONTENT_WIDTH_XL, SPACE_2XS, SPACE_M, SPACE_S, SPACE_XS
from views.places import Destination, go, period_in, purchase_address, purchases_of
from views.purchases.rows import shown_names
from views.reconcile.state import ReconcileState

MOST_TOLD = 3
"""Maximum number of explanations shown one by one; with more, the user picks entries instead."""
MOST_WAYS = 3
"""Maximum number of combinations of the same amounts on screen."""
MOST_LINES = 100
"""Maximum number of entries on screen."""


@component
def ReconcileView() -> ft.View:
    look, session = use_look(), use_session()
    asked = period_in(ft.context.page.route)
    body: ft.Control
    if session.insights is None or session.contract is None:
        body = without_contract(look, session, skeleton(look, (160, 20), (None, 48)))
    elif not session.contract.billing_rights:
        body = without_rights(look, session, session.load_account)
    else:
        body = Bill(session.insights, session.insights.review, asked)
    return Screen(
        look.words("reconcile.h1"),
        body,
        Destination.USAGE,
        name="reconcile",
        back=purchases_of(asked),
    )


@component
def Bill(insights: InsightsState, review: ReviewState, asked: str | None) -> ft.Control:
    """Show the comparison of a period's bill, once the ledger is known. Rebuilt when `review` changes."""
    look, session = use_look(), use_session()
    words, contract, known = look.words, insights.contract, insights.ledger
    formats = Formats(words.language, insights.purchases.zone)
    stood_on = [contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    choice = contract_choice(look, session)
    period = _chosen(known.data, asked)
    contracts = session.account.data.contracts if session.account.data else ()
    others = tuple(one for one in contracts if one.billing_rights and one != contract)
    period_id = period.period_id if period else ""
    comparing = ft.use_memo(
        partial(ReconcileState, insights, period_id, others), [contract.contract_id, period_id]
    )
    if known.missing and known.error is not None:
        return reading_column(look, *choice, error_state(look, known.error, insights.load))
    if known.data is None:
        return reading_column(look, *choice, skeleton(look, (160, 20), (None, 48)))
    if period is None:
        gone = state(look, ft.Icons.RECEIPT_LONG_OUTLINED, words("reconcile.gone"))
        return reading_column(look, *choice, gone)
    if period.state is PeriodState.OPEN:
        of_month = formats.of_month(period.bill_month)
        early = state(
            look,
            ft.Icons.HOURGLASS_EMPTY,
            words("reconcile.open", of_month=of_month),
            words("reconcile.open_text", date=formats.long_date(period.end_date)),
        )
        return reading_column(look, *choice, early)
    clocks = two_clocks(known.data, period.end_date)
    read = column(
        progress(look, known.loading), *freshness(look, formats, known, insights.load), spacing=SPACE_M
    )
    beside = [] if clocks is None else [Clocks(formats, clocks)]
    parts = paired(look, Comparison(comparing, review), *beside)
    width = CONTENT_WIDTH_XL if look.layout.wide else CONTENT_WIDTH_M
    return reading_column(look, *choice, column(read, parts, spacing=SPACE_M), width=width)


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
    look = use_look()
    words, period = look.words, comparing.period
    formats = Formats(words.language, comparing.insights.purchases.zone)
    ft.use_effect(comparing.load_others, [comparing], cleanup=lambda: None)
    if period is None:
        return ft.Container()
    of_month, found = formats.of_month(period.bill_month), comparing.found
    span = formats.period_range(period.start_date, period.end_date)
    title = heading(text(words("search.bill", of_month=of_month), look.type.h2), 2)
    parts: list[ft.Control] = [title, alone(text(span, look.type.body_s, look.colors.content_muted))]
    if period.bill is not None:
        number, day = period.bill.number, formats.long_date(period.bill.issue_date)
        parts.append(alone(text(words("reconcile.issued", number=number, date=day), look.type.body)))
    else:
        parts += _typing(look, formats, comparing, of_month)
    result = [] if found is None else _result(look, formats, comparing, found)
    return column(card(look, column(*parts, spacing=SPACE_S)), *result, spacing=SPACE_M)


def _typing(look: Look, formats: Formats, comparing: ReconcileState, of_month: str) -> list[ft.Control]:
    words = look.words

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
        alone(text(words("reconcile.where"), look.type.body_s, look.colors.content_muted)),
        strong_button(look, words("reconcile.compare"), comparing.compare),
    ]


def _result(
    look: Look, formats: Formats, comparing: ReconcileState, found: Reconciliation
) -> list[ft.Control]:
    words = look.words
    printed = formats.money(Money(amount=found.printed))
    facts = [
        (words("reconcile.printed"), printed),
        (words("reconcile.known"), formats.money(Money(amount=found.total))),
    ]
    if found.identical:
        said = alert(look, Tone.POSITIVE, words("reconcile.same", amount=printed))
        return [card(look, named_amounts(look, facts)), said]
    gap = formats.money(Money(amount=found.gap))
    nothing = not (found.named or found.moved)
    fitting = words("reconcile.several") if found.several else words("reconcile.one")
    sentence = words("reconcile.none") if nothing else fitting
    said = alert(look, Tone.INFO, words("reconcile.gap", amount=gap), sentence)
    notes = [words("check.partial", n=comparing.insights.most_pages * 100)] if found.partial else []
    notes += [words("reconcile.bounded", n=MOST_CANDIDATES)] if found.bounded else []
    parts: list[ft.Control] = [card(look, named_amounts(look, facts)), said]
    parts += [_named(look, formats, comparing, one) for one in found.named]
    if 0 < len(found.moved) <= MOST_TOLD:
        parts += [_moved(look, formats, comparing, one) for one in found.moved]
    elif found.moved:
        parts.append(_boxes(look, formats, comparing, found))
    parts += [alone(text(note, look.type.body_s, look.colors.content_muted)) for note in notes]
    if comparing.others.error is not None:
        title = words("reconcile.others_unknown")
        parts.append(error_alert(look, comparing.others.error, comparing.load_others, title=title))
    return parts


def _named(look: Look, formats: Formats, comparing: ReconcileState, one: Explanation) -> ft.Control:
    """Return one named explanation; another bill is listed with its entries."""
    bill = one.period.bill_month if one.period else ""
    sentence = look.words(
        f"reconcile.because_{one.kind.value}",
        of_month=formats.of_month(bill) if bill else "",
        month=formats.month_year(f"{one.month:%Y-%m}") if one.month else "",
        contract=one.contract,
    )
    title = heading(text(sentence, look.type.body_medium), 3)
    if one.kind is not Kind.OTHER_BILL:
        return card(look, title)
    lines = [_line(look, formats, comparing, each) for each in one.entries[:MOST_LINES]]
    return column(title, group(look, lines), spacing=SPACE_XS)


def _moved(look: Look, formats: Formats, comparing: ReconcileState, one: Moved) -> ft.Control:
    """Return an explanation by moved entries, with its combinations of the same amounts."""
    title = look.words("reconcile.moved", n=len(one.changes))
    parts: list[ft.Control] = [heading(text(title, look.type.body_medium), 3)]
    for number, way in enumerate(one.ways[:MOST_WAYS]):
        if number:
            parts.append(text(look.words("reconcile.or"), look.type.body_s, look.colors.content_muted))
        parts.append(group(look, [_line(look, formats, comparing, each) for each in way]))
    rest = len(one.ways) - MOST_WAYS
    if rest > 0:
        parts.append(text(look.words("reconcile.more", n=rest), look.type.body_s, look.colors.content_muted))
    return column(*parts, spacing=SPACE_XS)


def _line(look: Look, formats: Formats, comparing: ReconcileState, one: Candidate) -> ft.Control:
    """Return the row of an entry with the bill it may be on. The row opens the purchase."""
    title, below = _told(look, formats, comparing, one)
    lines: list[ft.Control] = [
        text(title, look.type.body_medium),
        text(below, look.type.body_s, look.colors.content_muted),
    ]
    row = ft.Container(
        ft.Column(lines, spacing=SPACE_2XS, tight=True),
        padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
        alignment=ft.Alignment.CENTER_LEFT,
    )
    address = purchase_address(one.entry.payment_id, one.entry.period_id)
    return row_as_button(look, row, partial(go, address))


def _told(look: Look, formats: Formats, comparing: ReconcileState, one: Candidate) -> tuple[str, str]:
    """Return « 2,99 € · Fiche Potager · 20 avril », and the sentence with the bill it may be on."""
    entry = one.entry
    day = formats.day_month(formats.local_day(entry.payment_date))
    here = entry.period_id == comparing.period_id and entry.payment_status is PaymentStatus.SUCCEEDED
    side = look.words("reconcile.elsewhere" if here else "reconcile.here")
    return joined(formats.money(entry.amount), shown_names(look, entry)[0], day), side


def _boxes(look: Look, formats: Formats, comparing: ReconcileState, found: Reconciliation) -> ft.Control:
    """Return a checkbox for each candidate, and the unexplained part of the difference."""
    left = comparing.left
    words = look.words
    if not left:
        rest = words("reconcile.explained")
    else:
        rest = words("reconcile.left", amount=formats.money(Money(amount=left)))
    lines = [_box(look, formats, comparing, one) for one in found.candidates]
    return column(
        heading(text(words("reconcile.choose"), look.type.body_medium), 3),
        ft.Semantics(live_region=True, container=True, content=text(rest, look.type.h4)),
        group(look, lines),
        spacing=SPACE_S,
    )


def _box(look: Look, formats: Formats, comparing: ReconcileState, one: Candidate) -> ft.Control:
    title, below = _told(look, formats, comparing, one)
    payment_id = one.entry.payment_id

    def check(event: ft.Event[ft.Checkbox]) -> None:
        comparing.check(payment_id, event.data is True)

    return ft.MergeSemantics(
        ft.ListTile(
            leading=ft.Checkbox(value=payment_id in comparing.checked, on_change=check, key=payment_id),
            title=text(title, look.type.body_medium),
            subtitle=text(below, look.type.body_s, look.colors.content_muted),
            toggle_inputs=True,
            content_padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_2XS),
            horizontal_spacing=SPACE_XS,
            min_vertical_padding=0,
        )
    )


@component
def Clocks(formats: Formats, clocks: TwoClocks) -> ft.Control:
    """Show how the bill and the calendar month in which it ends differ, with the entries in only one."""
    look = use_look()
    opened, set_opened = ft.use_state(False)
    words, period = look.words, clocks.period
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
        heading(text(words("clocks.h2"), look.type.h2), 2),
        alone(text(words("clocks.text"), look.type.body_s, look.colors.content_muted)),
        named_amounts(look, facts),
    ]
    if lines:
        label = words("clocks.hide") if opened else words("clocks.show", n=len(lines))
        parts.append(link(look, label, toggle, key="clocks"))
    if opened:
        out = len(clocks.outside_month)
        rows = [
            _entry_fact(look, formats, one, out=rank < out) for rank, one in enumerate(lines[:MOST_LINES])
        ]
        parts.append(named_amounts(look, rows))
        rest = len(lines) - MOST_LINES
        if rest > 0:
            parts.append(alone(text(words("check.more", n=rest), look.type.body_s)))
    return card(look, column(*parts, spacing=SPACE_S))


def _entry_fact(look: Look, formats: Formats, one: Purchase, *, out: bool) -> tuple[str, str]:
    """Return the label of an entry, and the amount by which it changes the bill into the month."""
    day = formats.day_month(formats.local_day(one.payment_date))
    change = -counted(one) if out else counted(one)
    return joined(day, shown_names(look, one)[0]), formats.money(Money(amount=change))
