"""Account and preferences: who is signed in, appearance, language, signing out."""

from __future__ import annotations

import flet as ft

from views.state.context import use_device, use_look, use_session
from views.text import Language

from .buttons import icon_button, outline_button, strong_button
from .cards import column
from .component import component
from .look import Look, silent, text
from .sheet import sheet
from .theme import SPACE_M, SPACE_S


@component
def AccountButton() -> ft.Control:
    """The avatar, and the sheet it opens."""
    look, device, session = use_look(), use_device(), use_session()
    opened, set_opened = ft.use_state(False)
    leaving, set_leaving = ft.use_state(False)

    def close() -> None:
        set_opened(False)
        set_leaving(False)

    def open_sheet() -> None:
        set_opened(True)

    def ask() -> None:
        set_leaving(True)

    def stay() -> None:
        set_leaving(False)

    def choose_theme(event: ft.Event[ft.SegmentedButton]) -> None:
        device.choose_theme(ft.ThemeMode(event.control.selected[0]))

    def choose_language(event: ft.Event[ft.SegmentedButton]) -> None:
        device.choose_language(Language(event.control.selected[0]))

    name = session.account.data.display_name if session.account.data else ""
    words = look.words
    if leaving:
        content = column(
            text(words("signout.text"), look.type.body),
            strong_button(look, words("signout.button"), session.sign_out),
            outline_button(look, words("action.cancel"), stay, autofocus=True),
            spacing=SPACE_M,
        )
        title = words("signout.title")
    else:
        title = words("home.account")
        content = column(
            ft.Row(
                [
                    silent(ft.Icon(ft.Icons.ACCOUNT_CIRCLE_OUTLINED, size=24)),
                    text(name, look.type.body_medium, expand=True),
                ],
                spacing=SPACE_S,
            ),
            text(words("theme.title"), look.type.h4),
            _choice(
                look,
                [(mode.value, words(f"theme.{mode.value}")) for mode in ft.ThemeMode],
                device.theme_mode.value,
                choose_theme,
            ),
            text(words("language.title"), look.type.h4),
            _choice(
                look,
                [(language.value, words(f"language.{language.value}")) for language in Language],
                device.language.value,
                choose_language,
            ),
            outline_button(look, words("signout.button"), ask),
            spacing=SPACE_M,
        )
    ft.use_dialog(sheet(look, title, content, close) if opened else None)
    return icon_button(look, ft.Icons.ACCOUNT_CIRCLE_OUTLINED, words("home.account"), open_sheet)


def _choice(
    look: Look,
    options: list[tuple[str, str]],
    selected: str,
    on_change: ft.ControlEventHandler[ft.SegmentedButton],
) -> ft.SegmentedButton:
    return ft.SegmentedButton(
        segments=[ft.Segment(value=value, label=text(label, look.type.label_s)) for value, label in options],
        selected=[selected],
        show_selected_icon=False,
        on_change=on_change,
    )
