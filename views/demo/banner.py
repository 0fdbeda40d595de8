"""Bar of the demo on every screen, and the sheet that explains the demo and selects a case."""

from __future__ import annotations

from urllib.parse import urlsplit

import flet as ft

from services.settings import Runtime
from views.core.component import component
from views.core.context import use_demo, use_design
from views.core.notices import alert, snackbar
from views.core.session import Gate
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.demo.state import DemoState, Scenario
from views.kit.buttons import outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.design import Design, heading, text
from views.kit.radios import Option, radios
from views.kit.theme import SPACE_M, SPACE_XS, row_button
from views.routes import CHECK, CONTESTS, PUBLISHERS, PURCHASES, SEARCH, Destination, year_address

HEIGHT = 32


@component
def DemoBanner() -> ft.Control:
    """Show a permanent bar that opens the sheet of the demo."""
    design, demo = use_design(), use_demo()
    if demo is None:
        return ft.Container()
    words = design.words
    announced = ft.use_ref(demo.renewals)

    def announce() -> None:
        if announced.current != demo.renewals:
            announced.current = demo.renewals
            ft.context.page.show_dialog(snackbar(design, words("demo.renewed")))

    ft.use_effect(announce, [demo.renewals])
    fault = demo.scenario if demo.demonstration.fault else None
    return _bar(design, demo, fault)


def _bar(design: Design, demo: DemoState, fault: Scenario | None) -> ft.Control:
    words, colors = design.words, design.colors
    # dark in both themes: the inverse surface would be the brightest part of a dark screen
    surface = colors.surface_sunken if colors.dark else colors.surface_inverse
    on_surface = colors.content_default if colors.dark else colors.content_inverse
    return ft.TextButton(
        ft.Row(
            [
                ft.Icon(ft.Icons.SCIENCE_OUTLINED, size=16, color=on_surface),
                text(words("demo.banner"), design.compact.caption_bold, on_surface, expand=True, lines=1),
                text(
                    words(f"demo.case_{fault.value}" if fault else "demo.more"),
                    design.compact.caption_bold,
                    on_surface,
                    wrap=False,
                ),
            ],
            spacing=SPACE_XS,
        ),
        height=HEIGHT,
        style=row_button(design.colors).copy(
            bgcolor=surface,
            padding=ft.Padding.symmetric(horizontal=SPACE_M),
            visual_density=ft.VisualDensity.COMPACT,
        ),
        on_click=demo.open,
    )


def demo_sheet(design: Design, demo: DemoState, runtime: Runtime) -> Sheet:
    """Return the explanation of the demonstration and the choice of its cases."""
    words = design.words

    async def show() -> None:
        page = ft.context.page
        if demo.changes_subscriber:  # the detail on screen belongs to the other subscriber
            page.navigate(list_above(page.route))
        await demo.show()
        if demo.scenario is Scenario.CONTEST and demo.error is None:
            page.navigate(Destination.HOME.path)
        if demo.scenario is Scenario.HISTORY and demo.error is None:
            page.navigate(year_address(demo.compared_year))

    problem: list[ft.Control] = []
    if demo.error is not None:
        reason = explain(demo.error, words)
        problem.append(alert(design, Tone.NEGATIVE, reason.title, reason.text))
    leave: list[ft.Control] = []
    if demo.session.gate is Gate.SIGNED_IN:
        leave.append(outline_button(design, words("demo.leave"), demo.leave, disabled=demo.busy))
    match runtime:
        case Runtime.WEB:
            shared = "demo.shared"
        case Runtime.BROWSER:
            shared = "demo.shared_browser"
        case _:
            shared = "demo.shared_device"
    content = column(
        text(words("demo.text"), design.type.body),
        heading(text(words("demo.cases"), design.type.h3), 3),
        text(words("demo.cases_text"), design.type.body_s, design.colors.content_muted),
        radios(
            design,
            [
                Option(case.value, words(f"demo.case_{case.value}"), words(f"demo.case_{case.value}_text"))
                for case in Scenario
            ],
            demo.picked.value if demo.picked else None,
            demo.pick,
            disabled=demo.busy,
        ),
        *problem,
        strong_button(design, words("demo.show"), show, disabled=demo.busy or demo.picked is None),
        text(words(shared), design.type.body_s, design.colors.content_muted),
        outline_button(design, words("demo.reset"), demo.start_over, disabled=demo.busy),
        *leave,
        outline_button(design, words("action.close"), demo.close),
        spacing=SPACE_M,
    )
    return Sheet(words("demo.banner"), content, demo.close)


_LISTS = {
    **{place: place for place in (PURCHASES, Destination.MANAGE.path, CHECK, SEARCH)},
    CONTESTS: Destination.MANAGE.path,
    PUBLISHERS: Destination.HOME.path,
}
"""Lists above the details of one subscriber, by the first segment of the path."""


def list_above(route: str) -> str:
    """Return the list's route for a detail's: `/achats?periode=2024-03` for `/achats/p1?periode=2024-03`.

    Return any other route unchanged.
    """
    parts = urlsplit(route)
    first, _, detail = parts.path[1:].partition("/")
    above = _LISTS.get(f"/{first}") if detail else None
    if above is None:
        return route
    return f"{above}?{parts.query}" if parts.query else above
