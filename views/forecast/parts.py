"""The next bill: its line under a total, its parts in a sheet, and the own ceiling."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import partial

import flet as ft

from services.domain.models import Money
from services.insights.charge_days import Due
from services.insights.forecast import Forecast
from services.insights.ledger import NOTHING
from services.insights.review import HIGHEST_CEILING
from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.fields import Field
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.notices import incomplete_alert
from views.core.review import ReviewState
from views.core.sheet_state import Sheet, SheetState
from views.forecast.ceiling import CeilingForm
from views.kit.buttons import link, outline_button, strong_button
from views.kit.cards import column, key_values
from views.kit.design import Design, semantic_group, text
from views.kit.theme import SPACE_M, SPACE_S
from views.subscriptions.parts import subscription_names

_EURO = Decimal("1.00")


def rounded(design: Design, amount: Decimal, *, up: bool = False) -> str:
    """Return an amount without its cents, down or up to the euro."""
    whole = amount.quantize(Decimal(1), ROUND_CEILING if up else ROUND_FLOOR)
    return design.formats.money_whole(Money(amount=whole.quantize(_EURO)))


def forecast_line(design: Design, known: Forecast) -> str:
    """Return « Facture de juin : probablement entre 12 € et 31 € »."""
    of_month = design.formats.of_month(known.period.bill_month)
    low, high = rounded(design, known.low), known.high
    if high is None:
        return design.words("forecast.least", of_month=of_month, low=low)
    return design.words("forecast.line", of_month=of_month, low=low, high=rounded(design, high, up=True))


@component
def ForecastLine(insights: InsightsState, review: ReviewState) -> ft.Control:
    """Show the estimate of the next bill, as a link to its parts; nothing until the ledger is known.

    Rebuilt when `review` changes.
    """
    design, sheets = use_design(), use_sheets()
    stood_on = [insights.contract.contract_id, insights.purchases.periods.data]
    ft.use_effect(insights.load, stood_on, cleanup=lambda: None)
    incomplete = incomplete_alert(design, insights.missing, insights.retry)
    return column(forecast_link(design, sheets, insights), *incomplete, spacing=SPACE_S)


def forecast_link(
    design: Design, sheets: SheetState, insights: InsightsState, key: str = "forecast"
) -> ft.Control:
    """Return the link to the parts of the next bill; an invisible control without a forecast."""
    known = insights.forecast
    if known is None:
        return ft.Container(visible=False)
    opened = partial(_forecast_sheet, insights, sheets.close, sheets.open)
    return link(design, forecast_line(design, known), partial(sheets.open, opened), key=key, sentence=True)


Open = Callable[[Callable[[Design], Sheet]], None]


def _forecast_sheet(insights: InsightsState, close: Callable[[], None], open_: Open, design: Design) -> Sheet:
    known = insights.forecast
    title = (
        design.words("forecast.title", of_month=design.formats.of_month(known.period.bill_month))
        if known
        else ""
    )

    def change_ceiling() -> None:
        open_(partial(ceiling_sheet, CeilingForm(insights.review), close))

    return Sheet(title, ForecastParts(insights, insights.review, close, change_ceiling), close)


@component
def ForecastParts(
    insights: InsightsState,
    review: ReviewState,
    close: Callable[[], None],
    change_ceiling: Callable[[], None],
) -> ft.Control:
    """Show the parts of the next bill to the cent, and the room left under the ceilings.

    Rebuilt when `review` changes.
    """
    design = use_design()
    words, known = design.words, insights.forecast
    formats = Formats(words.language, insights.purchases.zone)

    def money(amount: Decimal) -> str:
        return formats.money(Money(amount=amount))

    if known is None:
        return ft.Container()
    until = formats.day_month(known.period.end_date)
    first = [
        (words("forecast.billed"), money(known.billed)),
        (words("forecast.due", date=until), money(known.renewals)),
    ]
    renewals = [(due_line(design, formats, one), money(one.amount)) for one in known.due]
    last = [(words("forecast.pending"), money(known.pending))]
    if known.habit is not None and not known.suspended:
        last.append((words("forecast.habit"), money(known.habit)))
    parts = column(
        key_values(design, first),
        # indented: their sum is in the line above
        ft.Container(key_values(design, renewals), padding=ft.Padding.only(left=SPACE_M)),
        key_values(design, last),
        spacing=0,
    )
    notes = [words("forecast.suspended")] if known.suspended else []
    notes += [words("forecast.uncounted", name=subscription_names(design, one)[0]) for one in known.uncounted]
    left = max(NOTHING, insights.limits.month - known.spent)
    notes.append(words("forecast.law", left=money(left), limit=rounded(design, insights.limits.month)))
    return column(
        semantic_group(text(forecast_line(design, known), design.type.h4)),
        *incomplete_alert(design, insights.missing, insights.retry),
        parts,
        *(semantic_group(text(note, design.type.body_s, design.colors.content_muted)) for note in notes),
        link(design, ceiling_line(design, insights), change_ceiling, key="ceiling"),
        outline_button(design, words("action.close"), close, autofocus=True),
        spacing=SPACE_S,
    )


def due_line(design: Design, formats: Formats, one: Due) -> str:
    """Return « 18 mai · Club Cubéo »; for an overdue charge, the day since which it is expected."""
    name = subscription_names(design, one.subscription)[0]
    day = formats.day_month(one.day)
    return f"{design.words('forecast.overdue', date=day) if one.overdue else day} · {name}"


def ceiling_line(design: Design, insights: InsightsState) -> str:
    """Return « Mon plafond : 60 € », or the sentence for no ceiling."""
    own = insights.limits.own
    if own is None:
        return design.words("ceiling.none")
    return design.words("ceiling.line", amount=rounded(design, own))


@component
def CeilingRow(insights: InsightsState, review: ReviewState) -> ft.Control:
    """Show the own ceiling as a link that changes it. Rebuilt when `review` changes."""
    design, sheets = use_design(), use_sheets()

    def change() -> None:
        sheets.open(partial(ceiling_sheet, CeilingForm(review), sheets.close))

    return link(design, ceiling_line(design, insights), change, key="ceiling")


def ceiling_sheet(form: CeilingForm, close: Callable[[], None], design: Design) -> Sheet:
    """Return the sheet in which the own ceiling is changed."""
    return Sheet(design.words("ceiling.title"), CeilingFields(form, close), close)


@component
def CeilingFields(form: CeilingForm, close: Callable[[], None]) -> ft.Control:
    """Show the field of the own ceiling, and a note on the limits of the warning."""
    design = use_design()
    words = design.words

    def close_once_saved() -> None:
        if form.saved:
            close()

    ft.use_effect(close_once_saved, [form.saved])
    fault = words("ceiling.wrong", highest=HIGHEST_CEILING) if form.wrong else None
    return column(
        text(words("ceiling.text"), design.type.body),
        Field(
            words("ceiling.field"),
            lambda: form.typed,
            form.type,
            form.save,
            error=fault,
            suffix="€",
            keyboard_type=ft.KeyboardType.NUMBER,
            max_length=3,
            counter=ft.Container(width=0, height=0),
            key="own-ceiling",
        ),
        text(words("ceiling.note"), design.type.body_s, design.colors.content_muted),
        strong_button(design, words("ceiling.save"), form.save),
        outline_button(design, words("action.cancel"), close),
        spacing=SPACE_M,
    )
