"""Réglages: appearance, language, text, motion, data on this device, signing out, about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import flet as ft

from services.settings import VERSION
from views.core.component import component
from views.core.confirmation import AskedFirst, EarlierAction
from views.core.context import use_design, use_device, use_session, use_sheets
from views.core.device import DeviceState
from views.core.formatting import Formats
from views.core.kept_history import KeptHistoryState
from views.core.notices import alert, error_alert
from views.core.preferences import TEXT_SIZES
from views.core.session import SessionState
from views.core.text import Language, blank
from views.frame import Screen, reading_column
from views.kit.cards import Tone, card, column, key_value
from views.kit.chips import Chip, choices
from views.kit.design import Design, heading, semantic_group, text
from views.kit.theme import SPACE_M, SPACE_S, SPACE_XS
from views.routes import Destination
from views.settings.diagnostics import DiagnosticsButton
from views.settings.history import HistoryActions, export_sheet

T = TypeVar("T")


@component
def SettingsView() -> ft.View:
    design = use_design()
    return Screen(
        design.words("settings.h1"),
        SettingsList(use_session().kept),
        None,
        name="settings",
        back=Destination.HOME.path,
    )


@component
def SettingsList(kept: KeptHistoryState) -> ft.Control:
    """Show the settings; they name the history if an action would erase it."""
    design, device, session, sheets = use_design(), use_device(), use_session(), use_sheets()
    words, insights = design.words, session.insights
    erased: tuple[str, ...] = ()
    first: EarlierAction | None = None
    if kept.on:
        erased = (words("history.erased"),)
        if insights is not None:
            first = words("history.export_first"), partial(sheets.open, export_sheet(insights, sheets.close))
    about = _section(
        design,
        "settings.about",
        key_value(design, words("settings.version"), VERSION),
        text(
            design.brand.legal_line(words.language),
            design.type.body_s,
            design.colors.content_muted,
        ),
        text(words("settings.notices"), design.type.body_s, design.colors.content_muted),
        DiagnosticsButton(device, session),
    )
    return reading_column(
        design,
        semantic_group(_owner(design, session)),
        _section(design, "settings.display", *_display(design, device)),
        _section(design, "settings.data", *_data(design, session, erased, first)),
        beside=(
            _section(design, "settings.account", *_leaving(design, device, session, erased, first)),
            about,
        ),
    )


def _section(design: Design, title: str, *controls: ft.Control) -> ft.Control:
    return column(
        heading(text(design.words(title), design.type.h2), 2),
        card(design, column(*controls, spacing=SPACE_M)),
        spacing=SPACE_S,
    )


def _owner(design: Design, session: SessionState) -> ft.Control:
    name = session.account.data.display_name if session.account.data else ""
    identifier = masked(session.backend.identifier or "")
    return ft.Row(
        [
            ft.Icon(ft.Icons.ACCOUNT_CIRCLE_OUTLINED, size=40),
            ft.Column(
                [
                    *([] if blank(name) else [text(name, design.type.body_medium)]),
                    text(identifier, design.type.body_s, design.colors.content_muted),
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


def _display(design: Design, device: DeviceState) -> list[ft.Control]:
    words, preferences = design.words, device.preferences
    return [
        _choice(
            design,
            "theme.title",
            [(mode, words(f"theme.{mode.value}")) for mode in ft.ThemeMode],
            device.theme_mode,
            device.choose_theme,
        ),
        _choice(
            design,
            "language.title",
            [(language, words(f"language.{language.value}")) for language in Language],
            device.language,
            device.choose_language,
        ),
        _choice(
            design,
            "settings.text_size",
            [(size, design.formats.percent(size)) for size in TEXT_SIZES],
            preferences.text_size,
            device.choose_text_size,
        ),
        ft.MergeSemantics(
            ft.Row(
                [
                    text(words("settings.less_motion"), design.type.body_medium, expand=True),
                    ft.Switch(
                        value=preferences.less_motion, on_change=device.choose_less_motion, key="less-motion"
                    ),
                ]
            )
        ),
    ]


def _choice(
    design: Design,
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
        heading(text(design.words(title), design.type.h4), 3),
        choices(design, "", chips, wrap=True),
        spacing=SPACE_XS,
    )


def _data(
    design: Design, session: SessionState, erased: tuple[str, ...], first: EarlierAction | None
) -> list[ft.Control]:
    words, purchases = design.words, session.purchases
    at = purchases.periods.at if purchases else None
    updated = words("settings.never_updated")
    if purchases is not None and at is not None:
        formats = Formats(words.language, purchases.zone)
        updated = words("settings.updated", date=formats.moment(at))
    history: list[ft.Control] = []
    if session.insights is not None and session.insights.contract.billing_rights:
        history.append(HistoryActions(session.insights, session.insights.history))
    backend = session.backend
    what = "visit" if backend.device.available else "web"
    if backend.device.in_use:
        what = "kept"
    clear: list[ft.Control] = []
    if backend.device.in_use:
        consequences = (words("settings.clear_text"), words("settings.clear_kept"), *erased)
        clear.append(
            AskedFirst(
                words("settings.clear"),
                words("settings.clear_title"),
                consequences,
                session.clear_device,
                words("action.cancel"),
                False,
                first=first,
            )
        )
        if session.cleared:
            clear.append(alert(design, Tone.POSITIVE, words("settings.cleared")))
    return [
        text(words(f"settings.data_{what}"), design.type.body_s, design.colors.content_muted),
        text(updated, design.type.body_medium),
        *clear,
        *history,
    ]


def _erased(design: Design, session: SessionState) -> tuple[str, ...]:
    """Return the sentences about data that a sign-out erases: stored data and unsent feedback."""
    kept = (design.words("signout.erased"),) if session.backend.device.in_use else ()
    return (*kept, *_unsent(design, session))


def _unsent(design: Design, session: SessionState) -> tuple[str, ...]:
    waiting = session.help.queued
    return (design.words("signout.unsent", n=waiting),) if waiting else ()


def _leaving(
    design: Design,
    device: DeviceState,
    session: SessionState,
    erased: tuple[str, ...],
    first: EarlierAction | None,
) -> list[ft.Control]:
    words = design.words
    cancel = words("action.cancel")

    async def forget() -> None:
        device.forget_preferences()
        await session.sign_out()

    problem: list[ft.Control] = []
    if session.failure is not None:
        problem.append(error_alert(design, session.failure, session.sign_out_everywhere))
    return [
        *problem,
        AskedFirst(
            words("signout.button"),
            words("signout.title"),
            (words("signout.text"), *erased, *_erased(design, session)),
            session.sign_out,
            cancel,
            False,
            main=True,
            first=first,
        ),
        AskedFirst(
            words("settings.everywhere"),
            words("settings.everywhere_title"),
            (words("settings.everywhere_text"), *erased, *_erased(design, session)),
            session.sign_out_everywhere,
            cancel,
            True,
            first=first,
        ),
        AskedFirst(
            words("settings.forget"),
            words("settings.forget_title"),
            (
                words("settings.forget_text"),
                *erased,
                *_unsent(design, session),
                words("settings.forget_kept"),
            ),
            forget,
            cancel,
            True,
            first=first,
        ),
    ]
