"""Help before the sign-in: « Retrouver mon identifiant » and « Mot de passe oublié ? »."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import flet as ft

from views.core.component import component
from views.core.context import use_design, use_sheets
from views.core.fields import Field
from views.core.notices import alert
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.kit.buttons import icon_button, link, main_button, outline_button
from views.kit.cards import Tone, column
from views.kit.design import Design, heading, text
from views.kit.steps import steps
from views.kit.theme import SPACE_M
from views.sign_in.reminder_state import ReminderState
from views.sign_in.state import FieldError


@component
def ReminderStep(reminder: ReminderState, demo: bool) -> ft.Control:
    """Show the form for a phone number or an e-mail address.

    The confirmation does not reveal whether an account exists.
    """
    design = use_design()
    words = design.words
    fault = {
        None: None,
        FieldError.EMPTY: words("reminder.err_empty"),
        FieldError.FORMAT: words("login.err_format"),
    }[reminder.fault]
    notices = []
    if reminder.sent:
        sentence = words("reminder.sent_demo" if demo else "reminder.sent_text")
        notices = [alert(design, Tone.INFO, words("reminder.sent"), sentence)]
    elif reminder.error is not None:
        explanation = explain(reminder.error, words)
        notices = [alert(design, Tone.NEGATIVE, explanation.title, explanation.text)]
    button = main_button(
        design,
        words("reminder.submit"),
        reminder.send,
        busy=words("reminder.sending") if reminder.busy else None,
    )
    if reminder.sent:
        button = main_button(design, words("reminder.return"), reminder.close)
    return column(
        ft.Row([icon_button(design, ft.Icons.ARROW_BACK, words("action.back"), reminder.close)]),
        heading(text(words("login.forgot"), design.type.h1), 1),
        text(words("reminder.intro"), design.type.body),
        *notices,
        Field(
            words("reminder.field"),
            lambda: reminder.typed,
            reminder.type,
            reminder.send,
            keyboard_type=ft.KeyboardType.EMAIL,
            autofocus=design.layout.wide,
            read_only=reminder.busy,
            helper=words("login.helper"),
            helper_max_lines=2,
            error=fault,
            key="reminder",
        ),
        button,
        text(words("login.forgot_text"), design.type.body_s, design.colors.content_muted),
        spacing=SPACE_M,
    )


@component
def ForgottenPassword() -> ft.Control:
    """Show a link to a sheet that explains how to change a password.

    The sheet has no link to the operator's site: the app does not know its address.
    """
    design, sheets = use_design(), use_sheets()
    opened = partial(_forgotten_password, sheets.close)
    return link(design, design.words("password.forgot"), partial(sheets.open, opened))


def _forgotten_password(close: Callable[[], None], design: Design) -> Sheet:
    words = design.words
    content = column(
        text(words("password.forgot_text"), design.type.body),
        *steps(design, tuple(words(f"password.forgot_{step}") for step in ("open", "choose", "return"))),
        outline_button(design, words("action.close"), close, autofocus=True),
        spacing=SPACE_M,
    )
    return Sheet(words("password.forgot"), content, close)
