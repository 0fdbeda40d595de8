"""Detail of one purchase, on its own screen or beside the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import flet as ft

from services.domain.errors import NotFound
from services.domain.models import DisputeStatus, EntryType, Money, PaymentStatus, Purchase
from services.insights.ledger import counts
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.formatting import Formats
from views.core.notices import alert, error_state, freshness, skeleton, snackbar, state, unreadable_alert
from views.core.text import blank, joined
from views.disputes.parts import contest_link
from views.disputes.report import ReportButton
from views.disputes.report_state import ReportState
from views.kit.amounts import hero_amount
from views.kit.buttons import link, outline_button, strong_button
from views.kit.cards import Tone, card, column, key_value, key_values, tag, tile
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from views.publishers.contact import contact_button
from views.purchases.detail_state import PurchaseState
from views.purchases.documents import kind_of, on_bill
from views.purchases.rows import amount_color, shown_names, tags_of
from views.purchases.sharing import ReceiptActions
from views.purchases.state import PurchasesState
from views.routes import PURCHASES, go, publisher_address, purchases_of, subscription_address

AMOUNT_ROOM = 240
"""Smallest width of the card's content in logical pixels: beside the list, in a window of 840."""


@component
def PurchaseDetail(
    purchases: PurchasesState, shown: PurchaseState, payment_id: str, heading_level: int
) -> ft.Control:
    """Read the purchase and show it; until the answer, show the data that the list has."""
    design, session = use_design(), use_session()

    async def open_purchase() -> None:
        await shown.open(payment_id, purchases.find(payment_id))

    def back_to_list() -> None:
        go(purchases_of(purchases.period_id))

    ft.use_effect(open_purchase, [payment_id, purchases.contract.contract_id], cleanup=lambda: None)
    formats = Formats(design.words.language, purchases.zone)
    loadable = shown.purchase
    if shown.payment_id != payment_id or (loadable.data is None and loadable.error is None):
        content = skeleton(design, (56, 56), (160, 44), (None, 20), (None, 20), (None, 20))
    elif loadable.missing and isinstance(loadable.error, NotFound):
        content = state(
            design,
            ft.Icons.SEARCH_OFF,
            design.words("purchase.not_found"),
            "",
            strong_button(design, design.words("purchase.list"), back_to_list),
        )
    elif loadable.data is None and loadable.error is not None:
        content = error_state(design, loadable.error, shown.load)
    elif loadable.data is not None:
        beside = design.layout.wide and (purchases.periods.old or purchases.shown.old)
        age = (
            [] if beside else freshness(design, formats, loadable, shown.load)
        )  # else the list shows the age
        facts = _facts(design, formats, purchases, session.report, loadable.data, loadable.at, heading_level)
        facts.key = "facts"  # without a key, a notice above the facts would close the form open over them
        content = column(*age, facts, spacing=SPACE_M)
    return ft.Column(
        [ft.Container(content, padding=ft.Padding.only(bottom=SPACE_L))],
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _facts(
    design: Design,
    formats: Formats,
    purchases: PurchasesState,
    report: ReportState | None,
    purchase: Purchase,
    at: datetime | None,
    heading_level: int,
) -> ft.Control:
    words = design.words
    title, content = shown_names(design, purchase)
    period = next((p for p in purchases.periods.data or () if p.period_id == purchase.period_id), None)
    period = period or purchases.history.period(purchase.period_id)
    rows = [
        (words("purchase.date"), formats.moment(purchase.payment_date)),
        (words("purchase.publisher"), purchase.merchant_name),
        (words("purchase.content"), content),
        (words("purchase.type"), kind_of(words, purchase)),
    ]
    if period is not None:
        span = formats.period_range(period.start_date, period.end_date)
        rows.append((words("purchase.period"), span))
    rows += [
        (words("purchase.invoice"), formats.month_year(purchase.bill_month)),
        (words("purchase.payment_method"), words(f"channel.{purchase.channel.value}")),
        (words("purchase.reference"), purchase.reference_code),
    ]
    return card(
        design,
        column(
            ft.Row(
                [
                    tile(design, title, 56, 16),
                    ft.Column(
                        [
                            heading(text(title, design.type.h2), heading_level),
                            semantic_group(
                                text(
                                    words(f"category.{purchase.purchase_category_code.value}"),
                                    design.type.body_s,
                                    design.colors.content_muted,
                                )
                            ),
                        ],
                        spacing=0,
                        expand=True,
                        tight=True,
                    ),
                ],
                spacing=SPACE_M,
            ),
            hero_amount(design, formats, purchase.amount, AMOUNT_ROOM, amount_color(design, purchase)),
            ft.Row(
                _statuses(design, formats, purchases, purchase),
                spacing=SPACE_XS,
                run_spacing=SPACE_XS,
                wrap=True,
            ),
            key_values(design, rows),
            *_refunds(design, formats, purchase),
            *unreadable_alert(design, "refund", purchase.unreadable),
            *_reported(design, formats, purchase),
            column(
                link(
                    design,
                    design.words("publisher.see"),
                    partial(go, publisher_address(purchase.merchant_identifier)),
                ),
                *_from_subscription(design, purchase),
                *([ReceiptActions(purchases.contract, purchase, at)] if at else []),
                *_actions(design, report, purchase),
                spacing=SPACE_S,
            ),
            spacing=SPACE_M,
        ),
        padding=SPACE_L if design.layout.rail else SPACE_M,
    )


def _statuses(
    design: Design, formats: Formats, purchases: PurchasesState, purchase: Purchase
) -> list[ft.Control]:
    """Return the billing status of the purchase, then the tags of its exceptional properties."""
    words, status = design.words, purchase.payment_status
    tags: list[ft.Control] = []
    if status is PaymentStatus.SUCCEEDED:
        tone, icon = (
            (Tone.INFO, ft.Icons.RECEIPT_LONG_OUTLINED)
            if purchase.is_billed
            else (Tone.WARNING, ft.Icons.SCHEDULE)
        )
        tags.append(tag(design, on_bill(words, formats, purchase), tone, icon))
    elif status.pending or status is PaymentStatus.OTHER:
        tags.append(tag(design, words(f"status.{status.value}"), Tone.WARNING, ft.Icons.HOURGLASS_TOP))
    tags += [tag(design, *described) for described in _further_tags(design, formats, purchase)]
    if purchases.history.imported(purchase.payment_id):
        tags.append(tag(design, words("tag.imported"), Tone.MUTED, ft.Icons.HISTORY))
    return tags


def _further_tags(
    design: Design, formats: Formats, purchase: Purchase
) -> Iterator[tuple[str, Tone, ft.IconData]]:
    """Yield the tags of the list without "pending", which `_statuses` shows; date a refund."""
    words = design.words
    shown = {words("tag.pending")}
    if purchase.refunds:
        shown |= {words("tag.refunded"), words("tag.refunded_part")}
        last = formats.long_date(formats.local_day(purchase.refunds[-1].payment_date))
        back = purchase.refunded_amount
        if back is None or abs(back.amount) >= purchase.amount.amount:
            label = words("purchase.refunded", date=last)
        else:
            absolute = Money(amount=abs(back.amount), currency=back.currency)
            label = words("purchase.refunded_part", amount=formats.money(absolute), date=last)
        yield label, Tone.POSITIVE, ft.Icons.CHECK_CIRCLE
    yield from (described for described in tags_of(design, purchase) if described[0] not in shown)


def _refunds(design: Design, formats: Formats, purchase: Purchase) -> list[ft.Control]:
    if not purchase.refunds:
        return []
    words = design.words
    return [
        heading(text(words("purchase.refunds"), design.type.h4), 3),
        *(
            key_value(design, formats.moment(refund.payment_date), formats.money(refund.amount))
            for refund in purchase.refunds
        ),
    ]


def _reported(design: Design, formats: Formats, purchase: Purchase) -> list[ft.Control]:
    """Return a notice with the user's report about the purchase, its reference and its status."""
    dispute = purchase.dispute
    if dispute is None:
        return []
    words = design.words
    title = (
        words("report.sent_unnumbered")
        if blank(dispute.dispute_id)
        else words("report.sent", reference=dispute.dispute_id)
    )
    sentence = words("report.sent_on", date=formats.moment(dispute.created_at))
    if dispute.status is not DisputeStatus.ACKNOWLEDGED:
        changed = formats.day_month(formats.local_day(dispute.updated_at)) if dispute.updated_at else ""
        sentence = joined(sentence, words(f"dispute.{dispute.status.value}"), changed)
    return [alert(design, Tone.INFO, title, sentence)]


def _from_subscription(design: Design, purchase: Purchase) -> list[ft.Control]:
    if purchase.subscription_id is None or blank(purchase.subscription_id):
        return []
    manage = partial(go, subscription_address(purchase.subscription_id))
    return [
        text(design.words("purchase.from_subscription"), design.type.body_s, design.colors.content_muted),
        link(design, design.words("purchase.manage"), manage),
    ]


def _actions(design: Design, report: ReportState | None, purchase: Purchase) -> list[ft.Control]:
    words = design.words

    def copied() -> None:
        ft.context.page.show_dialog(snackbar(design, words("purchase.copied")))

    actions = contact_button(design, purchase.merchant_contact)
    if not blank(purchase.reference_code):
        copy = ft.CopyToClipboard(purchase.reference_code)
        actions.append(outline_button(design, words("purchase.copy"), copied, action=copy))
    if report is not None and purchase.dispute is None and purchase.entry_type is EntryType.PURCHASE:
        actions.append(ReportButton(report, purchase.payment_id))
    if counts(purchase):
        actions.append(contest_link(design, "achat", purchase.payment_id, shown_names(design, purchase)[0]))
    if purchase.entry_type is EntryType.REFUND and purchase.refund_of and not blank(purchase.refund_of):
        original = partial(go, f"{PURCHASES}/{purchase.refund_of}")
        actions.append(link(design, words("purchase.original"), original))
    return actions
