"""Frame of every screen behind the sign-in: demo banner, navigation, top bar, account."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import flet as ft

from services.domain.errors import Forbidden
from views.core.component import component
from views.core.context import use_design, use_device, use_session
from views.core.contracts import contract_choice
from views.core.notices import error_state
from views.core.session import SessionState
from views.demo.banner import DemoBanner
from views.help.feedback import Outbox
from views.kit.buttons import Handler, icon_button
from views.kit.cards import column
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import CONTENT_WIDTH_M, CONTENT_WIDTH_XL, SPACE_2XS, SPACE_L, SPACE_XS, TARGET
from views.navigation_bars import account_button, bar, rail
from views.routes import Destination, go


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
    """Build a screen in its frame.

    Args:
        name: identifies the view.
        overline: text above the title.
        subtitle: control below the title.
        back: path of the parent screen.
    """
    design, session = use_design(), use_session()
    news, low = session.unseen, use_device().low and not design.layout.rail
    if low:
        overline, subtitle = "", None
    main = ft.Column(
        [
            semantic_group(_top_bar(design, title, overline, subtitle, back, actions, low=low)),
            ft.Container(body, expand=True, padding=0),
        ],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    centred = ft.Container(
        ft.Container(
            main, key=name, width=CONTENT_WIDTH_XL + 2 * SPACE_L if design.layout.wide else CONTENT_WIDTH_M
        ),
        alignment=ft.Alignment.TOP_CENTER,
        expand=True,
    )
    content: ft.Control = centred
    if design.layout.rail:
        side = rail(design, destination, news)
        content = ft.Row([side, ft.VerticalDivider(width=1), centred], spacing=0, expand=True)
    bottom = None
    if not design.layout.rail:
        bottom = bar(design, destination, news, low=low)
    banner: list[ft.Control] = [Outbox(session.help)]
    if session.demo:
        banner.append(DemoBanner())
    return ft.View(
        route=name,
        padding=0,
        spacing=0,
        can_pop=back is not None,
        bgcolor=design.colors.bg_canvas,
        bottom_appbar=bottom,
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


def without_rights(design: Design, session: SessionState, retry: Handler) -> ft.Control:
    """Return the body of a screen about a contract whose bill the subscriber may not see."""
    told = error_state(design, Forbidden(), retry)  # once, for all that the screen would show
    return reading_column(design, *contract_choice(design, session), told)


def reading_column(
    design: Design, *sections: ft.Control, beside: Sequence[ft.Control] = (), width: float = CONTENT_WIDTH_M
) -> ft.ListView:
    """Return the scrolling body of a screen, limited to a readable width.

    Args:
        beside: sections in a second column on wide windows, else below the others.
    """
    body: ft.Control
    if beside and design.layout.wide:
        columns: list[ft.Control] = [
            ft.Container(column(*each, spacing=SPACE_L), expand=1) for each in (sections, beside)
        ]
        body = ft.Row(columns, spacing=SPACE_L, vertical_alignment=ft.CrossAxisAlignment.START)
    else:
        body = ft.Container(column(*sections, *beside, spacing=SPACE_L), width=width)
    return ft.ListView(
        [ft.Container(body, alignment=ft.Alignment.TOP_LEFT)],
        padding=ft.Padding.only(left=design.layout.margin, right=design.layout.margin, bottom=SPACE_L),
        expand=True,
    )


def paired(design: Design, first: ft.Control, *second: ft.Control) -> ft.Control:
    """Return two parts of a reading column: side by side on wide windows, else stacked."""
    if not design.layout.wide:
        return column(first, *second, spacing=SPACE_L)
    return ft.Row(
        [
            ft.Container(first, expand=1),
            ft.Container(column(*second, spacing=SPACE_L), expand=1),
        ],
        spacing=SPACE_L,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _top_bar(
    design: Design,
    title: str,
    overline: str,
    subtitle: ft.Control | None,
    back: str | None,
    actions: Sequence[ft.Control],
    *,
    low: bool,
) -> ft.Control:
    """Return the top bar of a screen; in a `low` window, the bar is only as high as its buttons."""
    style = design.type.h1 if overline else design.compact.h3 if low else design.type.h2
    titles: list[ft.Control] = [heading(text(title, style), 1)]
    if overline:
        titles.insert(0, semantic_group(text(overline, design.type.label_s, design.colors.content_muted)))
    if subtitle:
        titles.append(subtitle)
    start: list[ft.Control] = []
    if back is not None:
        start.append(_back_button(design, back))
    end: list[ft.Control] = [*actions]
    if not design.layout.rail:
        end.append(account_button(design))
    if not (start or end or low):
        end.append(ft.Container(height=TARGET))  # the content begins at one height on every screen
    named = ft.Column(titles, spacing=0, expand=True, tight=True)
    content: ft.Control = ft.Row([*start, named, *end], spacing=SPACE_2XS)
    if design.enlarged and not design.layout.rail and not low:
        # Beside the buttons, a large title would break inside words.
        named.expand = None
        below = ft.Container(named, padding=ft.Padding.only(left=design.layout.margin if start else 0))
        buttons = ft.Row([*start, ft.Container(expand=True), *end], spacing=SPACE_2XS)
        content = column(buttons, below, spacing=0)
    return ft.Container(
        content,
        padding=ft.Padding.only(
            left=SPACE_2XS if start else design.layout.margin,
            right=SPACE_XS,
            top=0 if low else SPACE_XS,
            bottom=0 if low else SPACE_XS,
        ),
    )


def _back_button(design: Design, path: str) -> ft.Control:
    return icon_button(design, ft.Icons.ARROW_BACK, design.words("action.back"), partial(go, path))
