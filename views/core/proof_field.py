"""Password prompt inside the sheet of the action that requires it."""

from __future__ import annotations

import flet as ft

from services.domain.errors import ActionNeeded, PasswordNeeded
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.fields import Field
from views.core.notices import alert
from views.core.proof import ProofState
from views.core.text import explain
from views.kit.buttons import Handler, external_strong_button, icon_button
from views.kit.cards import Tone, column
from views.kit.theme import SPACE_S
from views.sign_in.state import DEMO_PASSWORD


@component
def PasswordAsked(proof: ProofState, on_submit: Handler, busy: bool) -> ft.Control:
    """Show the reason for the prompt or the last failure, and the password field, which has the focus."""
    design, session = use_design(), use_session()
    words = design.words
    field = ft.use_memo(ft.Ref[ft.TextField], [])

    async def focus_again() -> None:
        if (proof.tried or proof.empty) and field.current is not None:
            await field.current.focus()

    ft.use_effect(focus_again, [proof.tried, proof.empty], cleanup=lambda: None)
    if proof.error is None:
        reason = explain(PasswordNeeded(), words)
        notice = alert(design, Tone.INFO, reason.title, reason.text)
    else:
        failure, actions = explain(proof.error, words), []
        if isinstance(proof.error, ActionNeeded) and (proof.error.url or "").startswith("https://"):
            site = external_strong_button(design, words("problem.operator"), proof.error.url or "")
            actions = [ft.Row([site])]
        notice = alert(design, Tone.NEGATIVE, failure.title, failure.text, *actions)
    eye = icon_button(
        design,
        ft.Icons.VISIBILITY_OFF_OUTLINED if proof.shown else ft.Icons.VISIBILITY_OUTLINED,
        words("password.hide" if proof.shown else "password.show"),
        proof.toggle,
    )
    return column(
        notice,
        ft.AutofillGroup(
            Field(
                words("password.field"),
                lambda: proof.password,
                proof.type,
                on_submit,
                ref=field,
                selection=ft.TextSelection(0, len(proof.password)) if proof.tried else None,
                password=not proof.shown,
                autofill_hints=ft.AutofillHint.PASSWORD,
                enable_suggestions=False,
                enable_ime_personalized_learning=False,
                autofocus=True,
                read_only=busy,
                suffix_icon=eye,
                helper=words("proof.demo", password=DEMO_PASSWORD) if session.demo else None,
                helper_max_lines=2,
                error=words("password.err_empty") if proof.empty else None,
                key="password",
            )
        ),
        spacing=SPACE_S,
    )
