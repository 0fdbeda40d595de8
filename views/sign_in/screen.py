"""The sign-in screens: the identifier, then the password."""

from __future__ import annotations

import flet as ft

from services.client.credentials import CredentialProblem
from services.domain.errors import ActionNeeded
from services.settings import Runtime
from views.core.component import component
from views.core.context import use_design, use_device
from views.core.fields import Field
from views.core.notices import alert, store_alert, unkept
from views.core.session import SessionState
from views.core.text import Language, explain
from views.demo.banner import DemoBanner
from views.kit.buttons import (
    action_link,
    external_strong_button,
    icon_button,
    link,
    main_button,
    outline_button,
)
from views.kit.cards import Tone, card, column
from views.kit.design import Design, decorative, heading, semantic_group, text
from views.kit.theme import (
    FORM_WIDTH,
    SPACE_2XL,
    SPACE_L,
    SPACE_M,
    SPACE_S,
    SPACE_XL,
    SPACE_XS,
    TARGET,
)
from views.routes import FIRST_VIEW
from views.sign_in.reminder import ForgottenPassword, ReminderStep
from views.sign_in.reminder_state import ReminderState
from views.sign_in.state import FieldError, SignInState, Step

MARK = 48


@component
def LoginView(session: SessionState) -> ft.View:
    """Show the sign-in for any address; the app opens the address after the sign-in."""
    design = use_design()
    form, _ = ft.use_state(SignInState(session))
    reminder, _ = ft.use_state(ReminderState(session.backend))
    if reminder.opened:
        step = ReminderStep(reminder, session.demo)
    elif form.step is Step.IDENTIFIER:
        step = IdentifierStep(form, reminder)
    else:
        step = PasswordStep(form)
    column_ = ft.Container(
        column(_brand_row(design), step, LanguageSwitch(), spacing=SPACE_XL), width=FORM_WIDTH
    )
    page: ft.Control
    if design.layout.wide:
        page = ft.Row(
            [
                _hero(design),
                ft.Container(
                    ft.Column([column_], scroll=ft.ScrollMode.AUTO, alignment=ft.MainAxisAlignment.CENTER),
                    expand=1,
                    alignment=ft.Alignment.CENTER,
                    padding=SPACE_2XL,
                ),
            ],
            spacing=0,
            expand=True,
            vertical_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    elif design.layout.rail:
        page = _scrolled(ft.Container(card(design, column_, padding=SPACE_XL), margin=SPACE_2XL))
    else:
        page = _scrolled(ft.Container(column_, padding=SPACE_L))
    return ft.View(
        route=FIRST_VIEW,
        padding=0,
        bgcolor=design.colors.bg_canvas
        if design.layout.rail and not design.layout.wide
        else design.colors.bg_primary,
        controls=[
            ft.SafeArea(
                ft.Column(
                    [*([DemoBanner()] if session.demo else []), page],
                    spacing=0,
                    expand=True,
                    horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                ),
                expand=True,
            )
        ],
    )


@component
def IdentifierStep(form: SignInState, reminder: ReminderState) -> ft.Control:
    """Show step 1: the identifier."""
    design, runtime = use_design(), use_device().runtime
    words = design.words
    busy = words("login.checking") if form.busy else None
    remembered = form.session.remembered_identifier
    if remembered:
        entry: list[ft.Control] = [
            main_button(
                design, words("login.remembered", identifier=remembered), form.continue_remembered, busy=busy
            ),
            link(design, words("login.other_account"), form.use_other),
        ]
    else:
        entry = [
            ft.AutofillGroup(
                Field(
                    words("login.field"),
                    lambda: form.identifier,
                    form.type_identifier,
                    form.submit_identifier,
                    keyboard_type=ft.KeyboardType.EMAIL,
                    autofill_hints=ft.AutofillHint.USERNAME,
                    autofocus=design.layout.wide,
                    read_only=form.busy,
                    helper=words("login.helper"),
                    helper_max_lines=2,
                    error=_fault(design, form, "login"),
                    key="identifier",
                )
            ),
            main_button(design, words("login.continue"), form.submit_identifier, busy=busy),
            link(design, words("login.forgot"), reminder.open),
        ]
    kept: list[ft.Control] = []
    if runtime is Runtime.WEB:
        kept = [text(words("login.each_tab"), design.type.body_s, design.colors.content_muted)]
    demo: list[ft.Control] = []
    if form.session.demo:
        demo = [
            ft.Divider(height=1),
            card(
                design,
                column(
                    heading(text(words("login.demo_title"), design.type.h3), 2),
                    text(words("login.demo_text"), design.type.body_s, design.colors.content_muted),
                    ft.Row([outline_button(design, words("login.demo_button"), form.open_demo)], wrap=True),
                    spacing=SPACE_S,
                ),
            ),
        ]
    return column(
        heading(text(words("login.h1"), design.type.h1), 1),
        text(words("login.intro"), design.type.body),
        *_problems(design, form),
        *entry,
        *kept,
        *demo,
        spacing=SPACE_M,
    )


@component
def PasswordStep(form: SignInState) -> ft.Control:
    """Show step 2: the password."""
    design = use_design()
    words = design.words
    ft.use_effect(form.count_down, [form.locked_minutes > 0], cleanup=lambda: None)
    field = ft.use_memo(ft.Ref[ft.TextField], [])

    async def focus_again() -> None:
        if form.retype and field.current is not None:
            await field.current.focus()

    ft.use_effect(focus_again, [form.retype], cleanup=lambda: None)
    eye = icon_button(
        design,
        ft.Icons.VISIBILITY_OFF_OUTLINED if form.password_shown else ft.Icons.VISIBILITY_OUTLINED,
        words("password.hide" if form.password_shown else "password.show"),
        form.toggle_password,
    )
    busy = words("password.signing_in") if form.busy else None
    if form.locked_minutes:
        busy = words("password.wait", n=form.locked_minutes)
    return column(
        ft.Row([icon_button(design, ft.Icons.ARROW_BACK, words("action.back"), form.back)]),
        heading(text(words("password.h1"), design.type.h1), 1),
        ft.Row(
            [
                ft.Icon(ft.Icons.ACCOUNT_CIRCLE_OUTLINED, size=24),
                semantic_group(
                    text(
                        form.identifier,
                        design.type.body,
                        expand=True,
                        lines=1,
                        spoken=words("password.identity", identifier=form.identifier),
                    )
                ),
                ft.TextButton(
                    text(words("password.edit"), design.type.h4, spoken=words("password.edit_name")),
                    on_click=form.back,
                ),
            ],
            spacing=SPACE_XS,
        ),
        *_problems(design, form),
        ft.AutofillGroup(
            Field(
                words("password.field"),
                lambda: form.password,
                form.type_password,
                form.submit_password,
                ref=field,
                selection=ft.TextSelection(0, len(form.password)) if form.retype else None,
                password=not form.password_shown,
                autofill_hints=ft.AutofillHint.PASSWORD,
                enable_suggestions=False,
                enable_ime_personalized_learning=False,
                autofocus=design.layout.wide,
                read_only=form.busy,
                suffix_icon=eye,
                error=_fault(design, form, "password"),
                key="password",
            )
        ),
        ft.MergeSemantics(
            ft.Row(
                [
                    ft.Column(
                        [
                            text(words("password.keep"), design.type.body_medium),
                            text(words("password.keep_sub"), design.type.body_s, design.colors.content_muted),
                        ],
                        spacing=0,
                        expand=True,
                        tight=True,
                    ),
                    ft.Switch(value=form.remember, on_change=form.toggle_remember, key="remember"),
                ],
                height=TARGET + SPACE_S,
            )
        ),
        main_button(design, words("password.submit"), form.submit_password, busy=busy),
        ForgottenPassword(),
        spacing=SPACE_M,
    )


def _problems(design: Design, form: SignInState) -> list[ft.Control]:
    """Return one notice: a failed sign-in, an ended session, or a fault of the credential store."""
    session = form.session
    error = form.error or session.ended
    if error is None and session.unerased is not None:
        again = action_link(design, design.words("action.retry"), session.erase_again)
        return [store_alert(design, session.unerased, "unerased", again)]
    if error is None and session.unopened is CredentialProblem.ABSENT:
        return [store_alert(design, session.unopened, unkept(session.unopened))]
    if error is None and session.unopened is not None:
        again = action_link(design, design.words("action.retry"), session.start)
        return [store_alert(design, session.unopened, "unopened", again)]
    if error is None:
        return []
    explanation = explain(error, design.words)
    tone = Tone.INFO if form.error is None else Tone.NEGATIVE
    actions: list[ft.Control] = []
    if isinstance(error, ActionNeeded) and error.url and error.url.startswith("https://"):
        site = external_strong_button(design, design.words("problem.operator"), error.url)
        actions.append(ft.Row([site]))
    return [alert(design, tone, explanation.title, explanation.text, *actions)]


def _fault(design: Design, form: SignInState, screen: str) -> str | None:
    if form.fault is None:
        return None
    return design.words(f"{screen}.err_empty" if form.fault is FieldError.EMPTY else f"{screen}.err_format")


def _brand_row(design: Design) -> ft.Control:
    return ft.Row(
        [
            decorative(ft.Image(src=design.brand.mark, width=MARK, height=MARK)),
            semantic_group(text(design.brand.product_name, design.type.title)),
        ],
        spacing=SPACE_S,
    )


@component
def LanguageSwitch() -> ft.Control:
    """Show a button that switches the language; the settings are out of reach before the sign-in."""
    design, device = use_design(), use_device()
    other = Language.EN if device.language is Language.FR else Language.FR

    def switch() -> None:
        device.choose_language(other)

    return ft.Row(
        [
            ft.TextButton(
                ft.Row(
                    [
                        ft.Icon(ft.Icons.LANGUAGE, size=20),
                        text(design.words(f"language.{other.value}"), design.type.h4),
                    ],
                    spacing=SPACE_XS,
                    tight=True,
                ),
                on_click=switch,
            )
        ],
        alignment=ft.MainAxisAlignment.CENTER,
    )


def _hero(design: Design) -> ft.Control:
    """Return the panel beside the form, for wide windows."""
    return ft.Container(
        ft.Column(
            [
                text(design.words("login.hero_title"), design.type.hero, design.colors.on_hero),
                text(design.words("login.hero_text"), design.type.body, design.colors.on_hero_muted),
                decorative(_six_bars(design)),
            ],
            spacing=SPACE_L,
            alignment=ft.MainAxisAlignment.CENTER,
        ),
        bgcolor=design.colors.surface_hero,
        padding=2 * SPACE_2XL,
        expand=1,
    )


def _six_bars(design: Design) -> ft.Control:
    """Return the month selector as decoration: five bars, and the current one in the accent."""
    heights = (56, 84, 72, 104, 120, 64)
    return ft.Row(
        [
            ft.Container(
                width=40,
                height=height,
                bgcolor=design.colors.accent if height is heights[-1] else design.colors.on_hero_muted,
                border_radius=ft.BorderRadius.vertical(top=8),
            )
            for height in heights
        ],
        spacing=SPACE_M,
        vertical_alignment=ft.CrossAxisAlignment.END,
    )


def _scrolled(content: ft.Control) -> ft.Control:
    return ft.Container(
        ft.Column([content], scroll=ft.ScrollMode.AUTO), alignment=ft.Alignment.TOP_CENTER, expand=True
    )
