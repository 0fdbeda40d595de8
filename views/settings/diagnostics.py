"""Diagnostic report: shown in full before the user copies it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from services.client.diagnostics import report
from services.client.http import utc_now
from views.core.component import component
from views.core.context import use_look, use_sheets
from views.core.device import DeviceState
from views.core.notices import snackbar
from views.core.session import SessionState
from views.core.sheet_state import Sheet
from views.kit.buttons import outline_button, strong_button
from views.kit.cards import column
from views.kit.look import Look, text
from views.kit.theme import SPACE_M


def diagnostics(look: Look, device: DeviceState, session: SessionState) -> str:
    """Return the diagnostic report as of now."""
    page = ft.context.page
    surroundings: dict[str, str] = {
        "Flet": ft.__version__,
        "Platform": f"{page.platform.value if page.platform else 'unknown'}, {device.runtime}",
        "Layout": look.layout.name,
        "Language": look.words.language.value,
        "Theme": f"{device.theme_mode.value}{', dark' if device.dark else ''}",
        "Text size": f"{device.preferences.text_size:g}",
        "Less motion": "yes" if device.still else "no",
        "Credential store": session.backend.credential_problem or "no problem",
    }
    backend = "demonstration" if session.demo else session.backend.host
    return report(session.backend.troubles, at=utc_now(), backend=backend, surroundings=surroundings)


@component
def DiagnosticsButton(device: DeviceState, session: SessionState) -> ft.Control:
    """Show the button that opens the report in a sheet, with a button that copies it."""
    look, sheets = use_look(), use_sheets()

    def open_sheet() -> None:
        sheets.open(partial(_sheet, diagnostics(look, device, session), sheets.close))

    return outline_button(look, look.words("diagnostics.button"), open_sheet)


def _sheet(report: str, close: Callable[[], None], look: Look) -> Sheet:
    words = look.words

    def copied() -> None:
        ft.context.page.show_dialog(snackbar(look, words("diagnostics.copied")))

    content = column(
        text(words("diagnostics.text"), look.type.body),
        ft.Text(report, style=look.type.body_s, selectable=True, key="diagnostics"),
        strong_button(look, words("diagnostics.copy"), copied, action=ft.CopyToClipboard(report)),
        outline_button(look, words("action.close"), close),
        spacing=SPACE_M,
    )
    return Sheet(words("diagnostics.title"), content, close)
