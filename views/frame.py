"""What surrounds every screen behind the sign-in: demo banner, navigation, top bar, account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import flet as ft

from views.core.component import Kept, component, use_kept
from views.core.context import use_look, use_session
from views.demo.banner import DemoBanner
from views.help.feedback import Outbox
from views.kit.buttons import icon_button
from views.kit.cards import column
from views.kit.look import Look, alone, heading, silent, text
from views.kit.theme import CONTENT_WIDTH_M, CONTENT_WIDTH_XL, SPACE_2XS, SPACE_L, SPACE_M, SPACE_XS, hairline
from views.places import SETTINGS, Destination, go

MANY = 100
"""More new charges than this are not counted on a badge."""


@component
def Screen(
    title: str,
    body: ft.Control,
    destination: Destination | None,
    *,
    name: str,
    overline: str = "",
    subtitle: ft.Control | None = None,
    back: str | None = None,
    actions: Sequence[ft.Control] = (),
) -> ft.View:
    """A screen in its frame.

    `name` tells it from the others, `back` is the path of its parent, `overline` and `subtitle` stand
    above and below the title.
    """
    look, session, keep = use_look(), use_session(), use_kept()
    news = session.unseen
    main = ft.Column(
        [
            alone(_top_bar(look, keep, title, overline, subtitle, back, actions)),
            ft.Container(body, expand=True, padding=0),
        ],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    centred = ft.Container(
        ft.Container(
            main, key=name, width=CONTENT_WIDTH_XL + 2 * SPACE_L if look.layout.wide else CONTENT_WIDTH_M
        ),
        alignment=ft.Alignment.TOP_CENTER,
        expand=True,
    )
    content: ft.Control = centred
    if look.layout.rail:
        rail = keep("rail", (look, destination, news), partial(_rail, look, destination, news))
        content = ft.Row([rail, ft.VerticalDivider(width=1), centred], spacing=0, expand=True)
    bar = None
    if not look.layout.rail:
        bar = keep("bar", (look, destination, news), partial(_bar, look, destination, news))
    banner: list[ft.Control] = [Outbox(session.help)]
    if session.demo:
        banner.append(DemoBanner())
    return ft.View(
        route=name,
        padding=0,
        spacing=0,
        can_pop=back is not None,
        bgcolor=look.colors.bg_canvas,
        navigation_bar=bar,
        controls=[
            ft.SafeArea(
                ft.Column(
                    [*banner, content],
                    spacing=0,
                    expand=True,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
                expand=True,
            )
        ],
    )


def reading_column(
    look: Look, *sections: ft.Control, beside: Sequence[ft.Control] = (), width: float = CONTENT_WIDTH_M
) -> ft.ListView:
    """Return the body of a screen that is read from top to bottom, no wider than is good to read.

    Args:
        beside: the sections that stand in a second column on wide windows, else below the others.
    """
    body: ft.Control
    if beside and look.layout.wide:
        columns: list[ft.Control] = [
            ft.Container(column(*each, spacing=SPACE_L), expand=1) for each in (sections, beside)
        ]
        body = ft.Row(columns, spacing=SPACE_L, vertical_alignment=ft.CrossAxisAlignment.START)
    else:
        body = ft.Container(column(*sections, *beside, spacing=SPACE_L), width=width)
    return ft.ListView(
        [ft.Container(body, alignment=ft.Alignment.TOP_LEFT)],
        padding=ft.Padding.only(left=look.layout.margin, right=look.layout.margin, bottom=SPACE_L),
        expand=True,
    )


def _top_bar(
    look: Look,
    keep: Kept,
    title: str,
    overline: str,
    subtitle: ft.Control | None,
    back: str | None,
    actions: Sequence[ft.Control],
) -> ft.Control:
    style = look.type.h1 if overline else look.type.h2
    heading_ = keep("title", (look, title, style), lambda: heading(text(title, style), 1))
    titles: list[ft.Control] = [heading_]
    if overline:
        titles.insert(0, alone(text(overline, look.type.label_s, look.colors.content_muted)))
    if subtitle:
        titles.append(subtitle)
    start: list[ft.Control] = []
    if back is not None:
        start.append(keep("back", (look, back), partial(_back_button, look, back)))
    end: list[ft.Control] = [*actions]
    if not look.layout.rail:
        end.append(keep("account", (look,), partial(_account_button, look)))
    return ft.Container(
        ft.Row(
            [
                *start,
                ft.Column(titles, spacing=0, expand=True, tight=True),
                *end,
            ],
            spacing=SPACE_2XS,
        ),
        padding=ft.Padding.only(
            left=SPACE_2XS if start else look.layout.margin,
            right=SPACE_XS,
            top=SPACE_XS,
            bottom=SPACE_XS,
        ),
    )


def _back_button(look: Look, path: str) -> ft.Control:
    return icon_button(look, ft.Icons.ARROW_BACK, look.words("action.back"), partial(go, path))


def _account_button(look: Look) -> ft.Control:
    def open_settings() -> None:
        go(SETTINGS)

    return icon_button(look, ft.Icons.ACCOUNT_CIRCLE_OUTLINED, look.words("home.account"), open_settings)


def _icon(look: Look, place: Destination, icon: ft.IconData, color: str, news: int) -> ft.Icon:
    """Return the icon of a place; on that of the home, how many charges to look at are new."""
    if place is not Destination.HOME or not news:
        return ft.Icon(icon, color=color)
    count = text(
        str(news) if news < MANY else f"+{MANY - 1}", look.compact.caption, look.colors.content_inverse
    )
    return ft.Icon(
        icon,
        color=color,
        semantics_label=look.words("check.news", n=news),
        badge=ft.Badge(silent(count), bgcolor=look.colors.surface_inverse),
    )


def _go_to_destination(event: ft.Event[Any]) -> None:
    """Go to the destination of the number that the client sent, if there is such a one."""
    for number, place in enumerate(Destination):
        if number == (event.data or 0):
            go(place.path)


def _bar(look: Look, here: Destination | None, news: int) -> ft.NavigationBar:
    return ft.NavigationBar(
        destinations=[
            ft.NavigationBarDestination(
                icon=_icon(look, place, place.value[1], look.colors.content_muted, news),
                selected_icon=_icon(look, place, place.value[2], look.colors.content_default, news),
                label=place.label(look),
            )
            for place in Destination
        ],
        selected_index=list(Destination).index(here) if here else 0,
        label_behavior=ft.NavigationBarLabelBehavior.ALWAYS_SHOW,
        border=ft.Border(top=hairline(look.colors)),
        on_change=_go_to_destination,
    )


def _rail(look: Look, here: Destination | None, news: int) -> ft.NavigationRail:
    extended = look.layout.extended_rail
    return ft.NavigationRail(
        destinations=[
            ft.NavigationRailDestination(
                icon=_icon(look, place, place.value[1], look.colors.content_muted, news),
                selected_icon=_icon(look, place, place.value[2], look.colors.content_default, news),
                label=place.label(look),
                padding=ft.Padding.symmetric(vertical=SPACE_2XS) if extended else None,  # 44 px high without
            )
            for place in Destination
        ],
        selected_index=list(Destination).index(here) if here else None,
        extended=extended,
        label_type=ft.NavigationRailLabelType.NONE if extended else ft.NavigationRailLabelType.ALL,
        leading=ft.Container(
            silent(ft.Image(src=look.brand.mark, width=40, height=40)),
            padding=ft.Padding.symmetric(vertical=SPACE_M),
        ),
        trailing=_account_button(look),
        pin_trailing_to_bottom=True,
        scrollable=True,  # in a low window the account button would lie on a destination
        on_change=_go_to_destination,
    )
