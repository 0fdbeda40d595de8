"""Navigation between the destinations: a bar at the bottom of narrow windows, else a rail."""

from __future__ import annotations

from functools import partial
from typing import Any

import flet as ft

from views.kit.buttons import icon_button, row_as_button
from views.kit.design import Design, decorative, text
from views.kit.theme import (
    NAVIGATION_BAR_HEIGHT,
    RADIUS_PILL,
    SPACE_2XS,
    SPACE_M,
    TARGET,
    hairline,
)
from views.routes import SETTINGS, Destination, go

RAIL_WIDTH, RAIL_EDGE = 224, 28
"""Width of the extended rail, and of the space before its icons, in logical pixels."""
MANY = 100
"""Number of new charges from which a badge shows « +99 »."""
MARK_WIDTH, MARK_HEIGHT = 64, 32
"""Size of the mark behind the icon of the current destination, in logical pixels."""
LEAST_LETTERS = 4
"""Letters added to the length of each label, so that short labels have a wide enough target."""


def account_button(design: Design) -> ft.Control:
    def open_settings() -> None:
        go(SETTINGS)

    return icon_button(design, ft.Icons.ACCOUNT_CIRCLE_OUTLINED, design.words("home.account"), open_settings)


def _labelled_account(design: Design) -> ft.Control:
    """Return the row of the extended rail that opens the settings."""
    content = ft.Row(
        [
            ft.Icon(ft.Icons.ACCOUNT_CIRCLE_OUTLINED, size=24, color=design.colors.content_muted),
            text(design.words("settings.h1"), design.type.label_s, design.colors.content_muted),
        ],
        spacing=RAIL_EDGE,
    )
    row = row_as_button(
        design,
        content,
        partial(go, SETTINGS),
        name=design.words("home.account"),
        style=design.cell_style,
    )
    return ft.Container(row, width=RAIL_WIDTH, padding=ft.Padding.only(left=RAIL_EDGE))


def _icon(design: Design, place: Destination, icon: ft.IconData, color: str, news: int) -> ft.Icon:
    """Return the icon of a destination; the home icon has a badge with the number of new charges."""
    if place is not Destination.HOME or not news:
        return ft.Icon(icon, color=color)
    count = text(
        str(news) if news < MANY else f"+{MANY - 1}", design.compact.caption, design.colors.content_inverse
    )
    return ft.Icon(
        icon,
        color=color,
        semantics_label=design.words("check.news", n=news),
        badge=ft.Badge(decorative(count), bgcolor=design.colors.surface_inverse, offset=ft.Offset(10, -4)),
    )


def _go_to_destination(event: ft.Event[Any]) -> None:
    """Go to the destination whose index the client sent; ignore an invalid index."""
    for number, place in enumerate(Destination):
        if number == (event.data or 0):
            go(place.path)


def bar(design: Design, here: Destination | None, news: int, *, low: bool) -> ft.BottomAppBar:
    """Return the bottom bar; on a screen that is no destination, the bar marks none.

    Flet's `NavigationBar` always marks a destination, and its cells have equal widths, in which long labels
    wrap. In a `low` window, only screen readers get the labels.
    """
    return ft.BottomAppBar(
        ft.Container(
            ft.Row(
                [_place(design, place, place is here, news, low=low) for place in Destination],
                spacing=0,
                vertical_alignment=ft.CrossAxisAlignment.STRETCH,
            ),
            border=ft.Border(top=hairline(design.colors)),
        ),
        height=TARGET if low else NAVIGATION_BAR_HEIGHT,
        padding=0,
        bgcolor=design.colors.surface_card,
        elevation=0,
    )


def _place(design: Design, place: Destination, here: bool, news: int, *, low: bool) -> ft.Control:
    """Return a cell of the bar; with large texts, its width is proportional to its label."""
    label = place.label(design)
    color = design.colors.content_default if here else design.colors.content_muted
    style = design.compact.caption_bold if here else design.compact.caption_medium
    mark = ft.Container(
        _icon(design, place, place.value[2] if here else place.value[1], color, news),
        width=MARK_WIDTH,
        height=MARK_HEIGHT,
        alignment=ft.Alignment.CENTER,
        border_radius=RADIUS_PILL,
        bgcolor=design.colors.surface_sunken if here else None,
    )
    content = ft.Column(
        [mark] if low else [mark, text(label, style, color, wrap=False)],
        spacing=SPACE_2XS,
        alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
    )
    told = [design.words("check.news", n=news)] if place is Destination.HOME and news else []
    cell = row_as_button(
        design,
        content,
        partial(go, place.path),
        name="\n".join([label, *told]),
        selected=here,
        style=design.cell_style,
        key=f"place-{place.name}",
    )
    cell.expand = len(label) + LEAST_LETTERS if design.crowded else 1
    return cell


def rail(design: Design, here: Destination | None, news: int) -> ft.NavigationRail:
    """Return the rail at the start edge; on a screen that is no destination, the rail marks none."""
    extended = design.layout.extended_rail
    return ft.NavigationRail(
        destinations=[
            ft.NavigationRailDestination(
                icon=_icon(design, place, place.value[1], design.colors.content_muted, news),
                selected_icon=_icon(design, place, place.value[2], design.colors.content_default, news),
                label=place.label(design),
                padding=ft.Padding.symmetric(vertical=SPACE_2XS) if extended else None,  # else 44 px high
            )
            for place in Destination
        ],
        selected_index=list(Destination).index(here) if here else None,
        extended=extended,
        label_type=ft.NavigationRailLabelType.NONE if extended else ft.NavigationRailLabelType.ALL,
        leading=ft.Container(
            decorative(ft.Image(src=design.brand.mark, width=40, height=40)),
            padding=ft.Padding.symmetric(vertical=SPACE_M),
            width=RAIL_WIDTH if extended else None,
            alignment=ft.Alignment(-1 + 2 * RAIL_EDGE / (RAIL_WIDTH - 40), 0) if extended else None,
        ),
        min_extended_width=RAIL_WIDTH,
        trailing=_labelled_account(design) if extended else account_button(design),
        pin_trailing_to_bottom=True,
        scrollable=True,  # else the account button would overlap a destination in a low window
        on_change=_go_to_destination,
    )
