"""Réglages: appearance, language, text, motion, data on this device, signing out, about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import flet as ft

from services.settings import VERSION
from views.core.component import component
from views.core.confirmation import AskedFirst
from views.core.context import use_device, use_look, use_session
from views.core.device import DeviceState
from views.core.formatting import Formats
from views.core.notices import alert, error_alert
from views.core.preferences import TEXT_SIZES
from views.core.session import SessionState
from views.core.text import Language, blank
from views.frame import Screen, reading_column
from views.kit.cards import Tone, card, column, key_value
from views.kit.chips import Chip, choices
from views.kit.look import Look, alone, heading, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.places import Destination
from views.settings.diagnostics import DiagnosticsButton

T = TypeVar("T")


@component
def SettingsView() -> ft.View:
    look = use_look()
    return Screen(
        look.words("settings.h1"),
        SettingsList(),
        None,
        name="settings",
        back=Destination.HOME.path,
    )


@component
def SettingsList() -> ft.Control:
    look, device, session = use_look(), use_device(), use_session()
    words = look.words
    about = _section(
        look,
        "settings.about",
        key_value(look, words("settings.version"), VERSION),
        text(
            look.brand.legal_line(words.language),
            look.type.body_s,
            look.colors.content_muted,
        ),
        text(words("settings.notices"), look.type.body_s, look.colors.content_muted),
        DiagnosticsButton(device, session),
    )
    return reading_column(
        look,
        alone(_owner(look, session)),
        _section(look, "settings.display", *_display(look, device)),
        _section(look, "settings.data", *_data(look, session)),
        beside=(_section(look, "settings.account", *_leaving(look, device, session)), about),
    )


def _section(look: Look, title: str, *controls: ft.Control) -> ft.Control:
    return column(
        heading(text(look.words(title), look.type.h2), 2),
        card(look, column(*controls, spacing=SPACE_M)),
        spacing=SPACE_S,
    )


def _owner(look: Look, session: SessionState) -> ft.Control:
    name = session.account.data.display_name if session.account.data else ""
    identifier = masked(session.backend.identifier or "")
    return ft.Row(
        [
            ft.Icon(ft.Icons.ACCOUNT_CIRCLE_OUTLINED, size=40),
            ft.Column(
                [
                    *([] if blank(name) else [text(name, look.type.body_medium)]),
                    text(identifier, look.type.body_s, look.colors.content_muted),
                ],
                spacing=0,
                expand=True,
                tight=True,
            ),
        ],
        spacing=SPACE_M,
    )


def masked(identifier: str) -> str:
    """Return the identifier with its middle masked: « c•••••@demo.example », « 06 •• •• •• 12 »."""
    name, at, domain = identifier.partition("@")
    if at:
        return f"{name[:1]}•••••@{domain}"
    return f"{identifier[:2]} •• •• •• {identifier[-2:]}" if identifier else ""


def _display(look: Look, device: DeviceState) -> list[ft.Control]:
    words, preferences = look.words, device.preferences
    return [
        _choice(
            look,
            "theme.title",
            [(mode, words(f"theme.{mode.value}")) for mode in ft.ThemeMode],
            device.theme_mode,
            device.choose_theme,
        ),
        _choice(
            look,
            "language.title",
            [(language, words(f"language.{language.value}")) for language in Language],
            device.language,
            device.choose_language,
        ),
        _choice(
            look,
            "settings.text_size",
            [(size, look.formats.percent(size)) for size in TEXT_SIZES],
            preferences.text_size,
            device.choose_text_size,
        ),
        ft.MergeSemantics(
            ft.Row(
                [
                    text(words("settings.less_motion"), look.type.body_medium, expand=True),
                    ft.Switch(
                        value=preferences.less_motion, on_change=device.choose_less_motion, key="less-motion"
                    ),
                ]
            )
        ),
    ]


def _choice(
    look: Look,
    title: str,
    options: Sequence[tuple[T, str]],
    chosen: T,
    choose: Callable[[T], None],
) -> ft.Control:
    """Return a titled row of chips that selects one option."""
    chips = [
        Chip(label, partial(choose, value), chosen=value == chosen, key=f"{title}-{value}")
        for value, label in options
    ]
    return column(
        heading(text(look.words(title), look.type.h4), 3),
        choices(look, "", chips, wrap=True),
        spacing=SPACE_XS,
    )


def _data(look: Look, session: SessionState) -> list[ft.Control]:
    words, purchases = look.words, session.purchases
    at = purchases.periods.at if purchases else None
    updated = words("settings.never_updated")
    if purchases is not None and at is not None:
        formats = Formats(words.language, purchases.zone)
        updated = words("settings.updated", date=formats.moment(at))
    backend = session.backend
    what = "visit" if backend.has_device else "web"
    if backend.keeps_on_device:
        what = "kept"
    clear: list[ft.Control] = []
    if backend.keeps_on_device:
        consequences = (words("settings.clear_text"), words("settings.clear_kept"))
        clear.append(
            AskedFirst(
                words("settings.clear"),
                words("settings.clear_title"),
                consequences,
                session.clear_device,
                words("action.cancel"),
                False,
            )
        )
        if session.cleared:
            clear.append(alert(look, Tone.POSITIVE, words("settings.cleared")))
    return [
        text(words(f"settings.data_{what}"), look.type.body_s, look.colors.content_muted),
        text(updated, look.type.body_medium),
        *clear,
    ]


def _erased(look: Look, session: SessionState) -> tuple[str, ...]:
    """Return the sentences about data that a sign-out erases: stored data and unsent feedback."""
    kept = (look.words("signout.erased"),) if session.backend.keeps_on_device else ()
    return (*kept, *_unsent(look, session))


def _unsent(look: Look, session: SessionState) -> tuple[str, ...]:
    waiting = session.help.queued
    return (look.words("signout.unsent", n=waiting),) if waiting else ()


def _leaving(look: Look, device: DeviceState, session: SessionState) -> list[ft.Control]:
    words = look.words
    cancel = words("action.cancel")

    async def forget() -> None:
        device.forget_preferences()
        await session.sign_out()

    problem: list[ft.Control] = []
    if session.failure is not None:
        problem.append(error_alert(look, session.failure, session.sign_out_everywhere))
    return [
        *problem,
        AskedFirst(
            words("signout.button"),
            words("signout.title"),
            (words("signout.text"), *_erased(look, session)),
            session.sign_out,
            cancel,
            False,
            main=True,
        ),
        AskedFirst(
            words("settings.everywhere"),
            words("settings.everywhere_title"),
            (words("settings.everywhere_text"), *_erased(look, session)),
            session.sign_out_everywhere,
            cancel,
            True,
        ),
        AskedFirst(
            words("settings.forget"),
            words("settings.forget_title"),
            (
                words("settings.forget_text"),
                *_unsent(look, session),
                words("settings.forget_kept"),
            ),
            forget,
            cancel,
            True,
        ),
    ]
