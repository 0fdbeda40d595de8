"""Help before the sign-in: « Retrouver mon identifiant » and « Mot de passe oublié ? »."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from views.core.component import component
from views.core.context import use_look, use_sheets
from views.core.fields import Field
from views.core.notices import alert
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.kit.buttons import icon_button, link, main_button, outline_button
from views.kit.cards import Tone, column
from views.kit.look import Look, heading, text
from views.kit.steps import steps
from views.kit.theme import SPACE_M
from views.sign_in.reminder_state import ReminderState
from views.sign_in.state import Fault


@component
def ReminderStep(reminder: ReminderState, demo: bool) -> ft.Control:
    """Show the form for a phone number or an e-mail address.

    The confirmation does not reveal whether an account exists.
    """
    look = use_look()
    words = look.words
    fault = {
        None: None,
        Fault.EMPTY: words("reminder.err_empty"),
        Fault.FORMAT: words("login.err_format"),
    }[reminder.fault]
    notices = []
    if reminder.sent:
        sentence = words("reminder.sent_demo" if demo else "reminder.sent_text")
        notices = [alert(look, Tone.INFO, words("reminder.sent"), sentence)]
    elif reminder.error is not None:
        explanation = explain(reminder.error, words)
        notices = [alert(look, Tone.NEGATIVE, explanation.title, explanation.text)]
    button = main_button(
        look,
        words("reminder.submit"),
        reminder.send,
        busy=words("reminder.sending") if reminder.busy else None,
    )
    if reminder.sent:
        button = main_button(look, words("reminder.return"), reminder.close)
    return column(
        ft.Row([icon_button(look, ft.Icons.ARROW_BACK, words("action.back"), reminder.close)]),
        heading(text(words("login.forgot"), look.type.h1), 1),
        text(words("reminder.intro"), look.type.body),
        *notices,
        Field(
            words("reminder.field"),
            lambda: reminder.typed,
            reminder.type,
            reminder.send,
            keyboard_type=ft.KeyboardType.EMAIL,
            autofocus=look.layout.wide,
            read_only=reminder.busy,
            helper=words("login.helper"),
            helper_max_lines=2,
            error=fault,
            key="reminder",
        ),
        button,
        text(words("login.forgot_text"), look.type.body_s, look.colors.content_muted),
        spacing=SPACE_M,
    )


@component
def ForgottenPassword() -> ft.Control:
    """Show a link to a sheet that explains how to change a password.

    The sheet has no link to the operator's site: the app does not know its address.
    """
    look, sheets = use_look(), use_sheets()
    opened = partial(_forgotten_password, sheets.close)
    return link(look, look.words("password.forgot"), partial(sheets.open, opened))


def _forgotten_password(close: Callable[[], None], look: Look) -> Sheet:
    words = look.words
    content = column(
        text(words("password.forgot_text"), look.type.body),
        *steps(look, tuple(words(f"password.forgot_{step}") for step in ("open", "choose", "return"))),
        outline_button(look, words("action.close"), close, autofocus=True),
        spacing=SPACE_M,
    )
    return Sheet(words("password.forgot"), content, close)
