"""Diagnostic report: shown in full before the user copies it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from services.client.diagnostics import diagnostic_report
from services.client.http import utc_now
from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.device import DeviceState
from views.core.notices import snackbar
from views.core.session import SessionState
from views.core.sheet_state import Sheet
from views.kit.buttons import outline_button, strong_button
from views.kit.cards import column
from views.kit.design import Design, text
from views.kit.theme import SPACE_M


def diagnostics(design: Design, device: DeviceState, session: SessionState) -> str:
    """Return the diagnostic report as of now."""
    page = ft.context.page
    environment: dict[str, str] = {
        "Flet": ft.__version__,
        "Platform": f"{page.platform.value if page.platform else 'unknown'}, {device.runtime}",
        "Layout": design.layout.name,
        "Language": design.words.language.value,
        "Theme": f"{device.theme_mode.value}{', dark' if device.dark else ''}",
        "Text size": f"{device.preferences.text_size:g}",
        "Less motion": "yes" if device.still else "no",
        "High contrast": "yes" if device.contrast else "no",
        "Credential store": session.backend.credential_problem or "no problem",
    }
    backend = "demonstration" if session.demo else session.backend.host
    return diagnostic_report(
        session.backend.failure_log, at=utc_now(), backend=backend, environment=environment
    )


@component
def DiagnosticsButton(device: DeviceState, session: SessionState) -> ft.Control:
    """Show the button that opens the report in a sheet, with a button that copies it."""
    design, sheets = use_design(), use_sheets()

    def open_sheet() -> None:
        sheets.open(partial(_sheet, diagnostics(design, device, session), sheets.close))

    return outline_button(design, design.words("diagnostics.button"), open_sheet)


def _sheet(diagnostic_report: str, close: Callable[[], None], design: Design) -> Sheet:
    words = design.words

    def copied() -> None:
        ft.context.page.show_dialog(snackbar(design, words("diagnostics.copied")))

    content = column(
        text(words("diagnostics.text"), design.type.body),
        ft.Text(diagnostic_report, style=design.type.body_s, selectable=True, key="diagnostics"),
        strong_button(
            design, words("diagnostics.copy"), copied, action=ft.CopyToClipboard(diagnostic_report)
        ),
        outline_button(design, words("action.close"), close),
        spacing=SPACE_M,
    )
    return Sheet(words("diagnostics.title"), content, close)
