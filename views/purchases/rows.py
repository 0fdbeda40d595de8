"""Rows of purchases by day: plain functions under one memoized component per page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import flet as ft

from services.domain.models import Category, EntryType, Money, PaymentStatus, Purchase, PurchaseKind
from services.insights.marks import Mark
from views.core.component import component, kept
from views.core.formatting import Formats
from views.core.text import joined
from views.kit.buttons import row_as_button
from views.kit.cards import Tone, column, icon_tile, pill_tag
from views.kit.design import Design, text, titled
from views.kit.theme import SPACE_2XS, SPACE_M, SPACE_S, SPACE_XS
from views.purchases.list_window import ROW_ESTIMATE
from views.purchases.state import Day, local_day
from views.routes import go, purchase_address

TILE = 40
"""Size of the tile of a row, in logical pixels."""
TEXT_START = TILE + SPACE_M + SPACE_S
"""Start of the texts of a row, after its tile, in logical pixels."""

NEVER_CHARGED = (PaymentStatus.DENIED, PaymentStatus.CANCELLED)
ICONS = {
    Category.PRESS: ft.Icons.NEWSPAPER,
    Category.GAMES: ft.Icons.SPORTS_ESPORTS,
    Category.VIDEO: ft.Icons.MOVIE,
    Category.MUSIC: ft.Icons.MUSIC_NOTE,
    Category.DATING: ft.Icons.FAVORITE,
    Category.PARKING: ft.Icons.LOCAL_PARKING,
    Category.TRANSPORT: ft.Icons.DIRECTIONS_BUS,
    Category.TICKETING: ft.Icons.CONFIRMATION_NUMBER,
    Category.DONATION: ft.Icons.VOLUNTEER_ACTIVISM,
    Category.STREAMING: ft.Icons.LIVE_TV,
    Category.ADULT: ft.Icons.NO_ADULT_CONTENT,
    Category.SERVICES: ft.Icons.ROOM_SERVICE,
    Category.OTHER: ft.Icons.CATEGORY,
}


@component
def PageOfRows(
    design: Design,
    formats: Formats,
    purchases: tuple[Purchase, ...],
    days: tuple[Day | None, ...],
    continues: bool,
    selected: str | None,
    drawn: int,
    marks: tuple[Mark | None, ...] = (),
) -> ft.Control:
    """Build one page of a list.

    Call it through `ft.memo`: a page is not redrawn if its arguments are unchanged.

    Days and rows are siblings: each row draws its part of the day's card. Rows of another period thus reuse
    the controls, and Flet sends only the differences. Rows nested by day would be removed and added, which
    takes the server twice as long.

    Args:
        days: the sums of the page's days, in order.
        continues: whether the first day began on the previous page.
        drawn: number of drawn rows; a spacer replaces the rest.
        marks: the marks of the rows in order; empty if no row has a mark.
    """
    order = [local_day(purchase, formats.zone) for purchase in purchases]
    sums = dict(zip(dict.fromkeys(order), days, strict=True))
    parts: list[ft.Control] = []
    for rank, (purchase, day) in enumerate(zip(purchases[:drawn], order[:drawn], strict=True)):
        first = not rank or day != order[rank - 1]
        last = rank + 1 == len(order) or day != order[rank + 1]
        if first and (rank or not continues):
            parts.append(_day_header(design, formats, day, sums[day], key=f"above-{rank}", spaced=bool(rank)))
        chosen = purchase.payment_id == selected
        style = design.card_row_style(first=first, last=last, selected=chosen)
        mark = marks[rank] if marks else None
        row = purchase_row(design, formats, purchase, rank, selected=chosen, mark=mark, style=style)
        row.key = f"row-{rank}"
        parts.append(row)
    if rest := len(purchases[drawn:]):
        parts.append(ft.Container(height=rest * ROW_ESTIMATE, key="rest"))
    page = column(*parts, spacing=0)
    page.margin = ft.Margin.symmetric(horizontal=1)  # space for the outer edges of the rows
    return page


@kept
def _picture(design: Design, category: Category) -> ft.Control:
    """Return the icon of a category on a tile; its name begins the row's name, unless it is the title."""
    name = None if category is Category.ADULT else design.words(f"category.{category.value}")
    return icon_tile(design, ft.Icon(ICONS[category], size=20, semantics_label=name))


def _onward(design: Design) -> ft.TextSpan:
    """Return the sign of a row that leads on."""
    return ft.TextSpan("\u00a0›", design.onward)


@kept
def _tags(design: Design, described: tuple[tuple[str, Tone, ft.IconData], ...]) -> ft.Control:
    labels: list[ft.Control] = [pill_tag(design, *one) for one in described]
    return ft.Row(labels, spacing=SPACE_2XS, wrap=True)


def marks_of(purchases: tuple[Purchase, ...], marks: Mapping[str, Mark]) -> tuple[Mark | None, ...]:
    """Return the marks of a page in the order of its rows; empty if no row has a mark."""
    found = tuple(marks.get(purchase.payment_id) for purchase in purchases) if marks else ()
    return found if any(found) else ()


def days_of(
    purchases: tuple[Purchase, ...], days: Mapping[date, Day], formats: Formats
) -> tuple[Day | None, ...]:
    """Return the sums of the page's days, in order; None for a day without a sum."""
    order = dict.fromkeys(local_day(purchase, formats.zone) for purchase in purchases)
    return tuple(days.get(day) for day in order)


def _day_header(
    design: Design, formats: Formats, day: date, summed: Day | None, *, key: str, spaced: bool
) -> ft.Control:
    """Return the heading of a day with its total; `spaced` leaves a gap below the previous day."""
    name = formats.day_heading(day)
    total, spoken = None, name
    if summed is not None and summed.complete and not summed.partial and summed.total is not None:
        amount = formats.money(Money(amount=summed.total))
        total = text(amount, design.type.body_s, design.colors.content_muted, wrap=False)
        spoken = design.words("purchases.day_total", day=name, amount=amount)
    return ft.Semantics(
        header=True,
        heading_level=3,
        container=True,
        label=spoken,
        exclude_semantics=True,
        content=ft.ListTile(
            title=name,
            trailing=total,
            title_text_style=design.day_title,
            content_padding=ft.Padding.only(
                left=SPACE_M, top=SPACE_S + (SPACE_XS if spaced else 0), right=SPACE_M, bottom=SPACE_XS
            ),
            min_vertical_padding=0,
            min_height=0,
        ),
        key=key,
    )


def purchase_row(
    design: Design,
    formats: Formats,
    purchase: Purchase,
    rank: int,
    *,
    selected: bool = False,
    dated: bool = False,
    mark: Mark | None = None,
    leads_to: str = "",
    of_publisher: bool = False,
    style: ft.ButtonStyle | None = None,
) -> ft.Control:
    """Return the row of a purchase: category, service, time, kind, content, tags, amount.

    The button is one node for screen readers, which read the row from its start to its end.

    Args:
        rank: position of the row among the rows of its component.
        dated: whether the row shows the date with the time.
        leads_to: address that the row opens; "" opens the purchase in the list of its period.
        of_publisher: whether the screen names the publisher; the content is then the title.
    """
    title, content = shown_names(design, purchase)
    shown, below = (content, "") if of_publisher and content else (title, content)
    time = formats.moment(purchase.payment_date) if dated else formats.time(purchase.payment_date)
    tags = (*tags_of(design, purchase), *mark_tags(design, mark))

    def open_purchase() -> None:
        go(leads_to or purchase_address(purchase.payment_id, purchase.period_id))

    wraps = dated and not design.layout.rail
    about = joined(time, *_kind(design, purchase, f"{shown} {below}"), below)
    subtitle: str | ft.Control = about
    if tags:
        # The tile keeps its type: another structure would be removed and added, at three times the cost.
        narrow = not design.layout.rail  # cut beside its tags, the line would look like one of them
        line = text(about, design.wrapped_subtitle, lines=2) if narrow else text(about, design.row_subtitle)
        subtitle = ft.Column([line, _tags(design, tags, key=rank)], spacing=SPACE_2XS, tight=True)
    amount = text(
        formats.money(purchase.amount),
        design.struck if purchase.payment_status in NEVER_CHARGED else design.type.h3,
        amount_color(design, purchase),
        wrap=False,
    )
    amount.semantics_label, amount.spans = amount.value, [_onward(design)]
    row = ft.ListTile(
        leading=_picture(design, purchase.purchase_category_code),
        title=shown,
        subtitle=subtitle,
        trailing=amount,
        title_text_style=design.wrapped_title if wraps and of_publisher else design.row_title,
        subtitle_text_style=design.wrapped_subtitle if wraps else design.row_subtitle,
        content_padding=0,
        horizontal_spacing=SPACE_S,
        min_vertical_padding=0,
        min_height=TILE,
        selected=selected,
        selected_color=design.colors.content_default,
    )
    # Else the tile, whose flags differ, is a second button in the first.
    return ft.MergeSemantics(row_as_button(design, row, open_purchase, inset=True, style=style))


def _kind(design: Design, purchase: Purchase, said: str) -> tuple[str, ...]:
    """Return the word for a subscription, unless the row says it."""
    word = design.words("tag.subscription")
    implied = purchase.kind is not PurchaseKind.SUBSCRIPTION or word.casefold() in said.casefold()
    return () if implied else (word,)


def shown_names(design: Design, purchase: Purchase) -> tuple[str, str]:
    """Return the service and the content as shown; adult services are never named."""
    if purchase.purchase_category_code is Category.ADULT:
        return design.words("category.adult"), design.words(f"kind.{purchase.kind.value}")
    return titled(design.words, purchase.merchant_name, purchase.description)


def amount_color(design: Design, purchase: Purchase) -> str:
    """Return green for refunds, gray for entries that are never charged; the sign and tags say it too."""
    if purchase.entry_type is EntryType.REFUND:
        return design.colors.positive
    if purchase.payment_status in NEVER_CHARGED:
        return design.colors.content_muted
    return design.colors.content_default


def tags_of(design: Design, purchase: Purchase) -> Iterator[tuple[str, Tone, ft.IconData]]:
    """Yield the tags of the exceptional properties of a purchase."""
    words, status = design.words, purchase.payment_status
    back = purchase.refunded_amount.amount if purchase.refunded_amount else Decimal(0)
    if purchase.entry_type is EntryType.REFUND or back:
        part = purchase.entry_type is not EntryType.REFUND and abs(back) < purchase.amount.amount
        yield words("tag.refunded_part" if part else "tag.refunded"), Tone.POSITIVE, ft.Icons.CHECK_CIRCLE
    if purchase.dispute is not None:
        yield words("tag.disputed"), Tone.WARNING, ft.Icons.FLAG_OUTLINED
    if status.pending:
        yield words("tag.pending"), Tone.WARNING, ft.Icons.SCHEDULE
    elif status is PaymentStatus.DENIED:
        yield words("tag.denied"), Tone.NEGATIVE, ft.Icons.BLOCK
    elif status is PaymentStatus.CANCELLED:
        yield words("tag.cancelled"), Tone.WARNING, ft.Icons.CANCEL_OUTLINED


def mark_tags(design: Design, mark: Mark | None) -> Iterator[tuple[str, Tone, ft.IconData]]:
    """Yield the neutral tags that help the user recall a purchase."""
    if mark is not None and mark.new_publisher:
        yield design.words("tag.new_publisher"), Tone.MUTED, ft.Icons.STOREFRONT_OUTLINED
    if mark is not None and mark.times:
        yield design.words("tag.times_a_day", times=mark.times), Tone.MUTED, ft.Icons.REPEAT
    if mark is not None and mark.imported:
        yield design.words("tag.imported"), Tone.MUTED, ft.Icons.HISTORY
