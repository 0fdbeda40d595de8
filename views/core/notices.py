"""Status messages: alerts, banners, empty and error states, skeletons, snackbars."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import flet as ft

from services.client.credentials import CredentialProblem
from services.domain.errors import BackendError, Forbidden, NotFound, Unavailable, Unreachable
from views.core.component import component
from views.core.context import use_recovery
from views.core.formatting import Formats
from views.core.insights import InsightsState, Missing
from views.core.loadable import Loadable
from views.core.recovery import Countdown
from views.core.text import explain
from views.kit.buttons import Handler, action_link, link, strong_button
from views.kit.cards import Tone, card, column
from views.kit.design import Design, decorative, heading, semantic_group, text
from views.kit.progress import bar
from views.kit.theme import RADIUS_GROUP, SPACE_2XL, SPACE_L, SPACE_M, SPACE_S, SPACE_XS
from views.routes import Destination, go

T = TypeVar("T")
FINAL = (Forbidden, NotFound)
"""Errors that a retry cannot resolve."""
UNNOTICED = 0.15
"""Seconds of waiting that need no skeleton."""


def alert(
    design: Design, tone: Tone, title: str, sentence: str = "", *actions: ft.Control, live: bool = True
) -> ft.Control:
    """Return a notice in the flow; if `live`, screen readers announce the notice when it appears."""
    foreground, background = tone.colors(design)
    lines: list[ft.Control] = [text(title, design.type.h4, design.colors.content_default)]
    if sentence:
        lines.append(text(sentence, design.type.body_s, design.colors.content_default))
    notice = ft.Container(
        ft.Row(
            [
                ft.Icon(tone.value, size=24, color=foreground),
                ft.Column([*lines, *actions], spacing=2, expand=True, tight=True),
            ],
            spacing=SPACE_S,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        bgcolor=background,
        border_radius=RADIUS_GROUP,
        padding=ft.Padding.symmetric(horizontal=SPACE_M, vertical=SPACE_S),
    )
    return ft.Semantics(live_region=live, container=True, content=notice)


def store_alert(design: Design, problem: CredentialProblem, outcome: str, *actions: ft.Control) -> ft.Control:
    """Return a notice that the credential store could not be used.

    Args:
        outcome: last part of a key `store.…`; its text gives the consequence and the next step.
    """
    title, sentence = design.words(f"credentials.{problem.value}"), design.words(f"store.{outcome}")
    return alert(design, Tone.WARNING, title, sentence, *actions)


def unkept(problem: CredentialProblem) -> str:
    """Return the outcome of a session that is not saved for the next start."""
    return "unsaved_yet" if problem is CredentialProblem.SLOW else "unsaved"


def unreadable_alert(design: Design, kind: str, count: int) -> list[ft.Control]:
    """Return the notice that `count` records are not shown; nothing if `count` is 0.

    `kind` is the last part of a key `unreadable.…`.
    """
    if not count:
        return []
    title = design.words(f"unreadable.{kind}", n=count)
    return [alert(design, Tone.WARNING, title, design.words("unreadable.text"), live=False)]


def incomplete_alert(design: Design, missing: Missing, retry: Handler) -> list[ft.Control]:
    """Return the notice that names the data a screen lacks; nothing if it lacks none."""
    if not missing:
        return []
    words = design.words
    parts = [words("incomplete.purchase", n=missing.purchases)] if missing.purchases else []
    parts += [words("incomplete.period", n=missing.periods)] if missing.periods else []
    parts += [words("incomplete.subscription", n=missing.subscriptions)] if missing.subscriptions else []
    parts += [words(f"unread.{one}") for one in missing.unread]
    parts += [words("unread.service")] if missing.unknown_service else []
    *others, last = parts
    named = words("incomplete.and", others=", ".join(others), last=last) if others else last
    sentence = words("incomplete.text", parts=named)
    again = [action_link(design, words("action.retry"), retry)] if missing.unread else []
    if not again:
        sentence = f"{sentence} {words('incomplete.advice')}"
    return [alert(design, Tone.WARNING, words("incomplete.title"), sentence, *again, live=False)]


def error_alert(design: Design, error: BackendError, retry: Handler, *, title: str = "") -> ft.Control:
    """Return an alert for the place of a failure: cause (or `title`), advice, and a retry if useful."""
    explanation = explain(error, design.words)
    if isinstance(error, FINAL):
        return alert(design, Tone.INFO, explanation.title, explanation.text)
    again = action_link(design, design.words("action.retry"), retry)
    return alert(
        design, Tone.NEGATIVE, title or explanation.title, explanation.text, *_next_try(design, error), again
    )


def error_state(design: Design, error: BackendError, retry: Handler, *, title: str = "") -> ft.Control:
    """Return the error state of content without data: a sentence, a retry if useful, never a zero."""
    explanation = explain(error, design.words)
    if isinstance(error, FINAL):
        return state(design, ft.Icons.LOCK_OUTLINE, explanation.title, explanation.text, live=True)
    icon = ft.Icons.CLOUD_OFF_OUTLINED if isinstance(error, Unreachable) else ft.Icons.ERROR_OUTLINE
    again = strong_button(design, design.words("action.retry"), retry)
    code = (error.correlator or "")[:8]
    helped = (
        [link(design, design.words("problem.help", code=code), partial(go, Destination.HELP.path))]
        if code
        else []
    )
    next_try = _next_try(design, error)
    return state(
        design, icon, title or explanation.title, explanation.text, *next_try, again, *helped, live=True
    )


def _next_try(design: Design, error: BackendError) -> list[ft.Control]:
    """Return the countdown to the automatic retry, if the backend asked the app to wait."""
    return [NextTry(design)] if isinstance(error, Unavailable) and error.retry_after is not None else []


@component
def NextTry(design: Design) -> ft.Control:
    return SecondsLeft(design, use_recovery().countdown)


@component
def SecondsLeft(design: Design, countdown: Countdown) -> ft.Control:
    """Show a countdown, hidden from screen readers: an announcement each second would drown other speech."""
    if not countdown.seconds:
        return ft.Container(visible=False)
    sentence = design.words("recovery.wait", n=countdown.seconds)
    return decorative(text(sentence, design.type.body_s, design.colors.content_default))


def state(
    design: Design,
    icon: ft.IconData,
    title: str,
    sentence: str = "",
    *actions: ft.Control,
    live: bool = False,
    level: int = 2,
) -> ft.Control:
    """Return an empty or error state: icon, title, one sentence, one way forward.

    Screen readers announce a `live` state when it appears. Each text is a live region of its own, because a
    group announces only its name.
    """
    head = heading(text(title, design.type.h2, align=ft.TextAlign.CENTER), level)
    head.live_region = live
    lines: list[ft.Control] = [ft.Icon(icon, size=48, color=design.colors.content_muted), head]
    if sentence:
        said = semantic_group(
            text(sentence, design.type.body, design.colors.content_muted, align=ft.TextAlign.CENTER)
        )
        said.live_region = live
        lines.append(said)
    body = ft.Column(
        [*lines, *actions],
        spacing=SPACE_S,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        tight=True,
    )
    return semantic_group(
        ft.Container(
            body,
            padding=ft.Padding.symmetric(horizontal=SPACE_L, vertical=SPACE_2XL),
            alignment=ft.Alignment.CENTER,
        )
    )


def freshness(design: Design, formats: Formats, shown: Loadable[T], retry: Handler) -> list[ft.Control]:
    """Return the banner over stale data: its age and a retry; an empty list if the data is current.

    Recalled data without an error shows only its age.
    """
    if shown.data is None or shown.at is None:
        return []
    words = design.words
    age = words(
        "banner.stale", date=formats.day_month(formats.local_day(shown.at)), time=formats.time(shown.at)
    )
    if shown.error is None:
        return [Age(design, age)] if shown.recalled else []
    if type(shown.error) is Unreachable:  # its subclasses have other causes, and their own sentences
        title, sentence = words("banner.offline"), f"{words('banner.offline_text')} {age}."
    else:
        title, sentence = age, explain(shown.error, words).sentence
    again = action_link(design, words("action.retry"), retry)
    return [alert(design, Tone.WARNING, title, sentence, *_next_try(design, shown.error), again)]


def ledger_notices(
    design: Design, formats: Formats, insights: InsightsState, missing: Missing
) -> list[ft.Control]:
    """Return the notices over results of the ledger: reload, age or failure, missing data."""
    known = insights.ledger
    return [
        progress(design, known.loading),
        *freshness(design, formats, known, insights.retry),
        *incomplete_alert(design, missing, insights.retry),
    ]


@component
def Age(design: Design, age: str) -> ft.Control:
    """Show the age of the content after a short delay; most answers come sooner, and avoid a layout shift."""
    shown = _after(UNNOTICED)
    if not shown:
        return ft.Container(visible=False)
    return ft.Row(
        [
            ft.Icon(ft.Icons.HISTORY, size=16, color=design.colors.content_muted),
            text(age, design.type.body_s, design.colors.content_muted, expand=True),
        ],
        spacing=SPACE_XS,
    )


def _after(seconds: float) -> bool:
    """Return whether the component has been on screen for `seconds` (a hook)."""
    passed, set_passed = ft.use_state(False)

    async def wait() -> None:
        await asyncio.sleep(seconds)
        set_passed(True)

    ft.use_effect(wait, [], cleanup=lambda: None)
    return passed


def progress(design: Design, loading: bool) -> ft.Control:
    """Return a thin bar while the content on screen is reloaded; an empty space of equal height otherwise."""
    if not loading:
        return ft.Container(height=2)
    return bar(design, design.words("a11y.loading"), height=2)


def skeleton(design: Design, *shapes: tuple[float | None, float]) -> ft.Control:
    """Return a placeholder of bars, each (width, height) in logical pixels; width None fills the row."""
    return Skeleton(design, shapes)


@component
def Skeleton(design: Design, shapes: tuple[tuple[float | None, float], ...]) -> ft.Control:
    """Reserve the space at once, but draw the bars only after a noticeable wait."""
    shown = _after(UNNOTICED)
    color = design.colors.skeleton if shown else design.colors.surface_card
    bars: list[ft.Control] = [
        ft.Row(
            [
                ft.Container(
                    width=width, height=height, expand=width is None, bgcolor=color, border_radius=SPACE_XS
                )
            ]
        )
        for width, height in shapes
    ]
    body: ft.Control = column(*bars, spacing=SPACE_S)
    if shown and not design.still:
        body = ft.Shimmer(body, base_color=design.colors.skeleton, highlight_color=design.colors.skeleton_hi)
    return ft.Semantics(
        label=design.words("a11y.loading"), exclude_semantics=True, container=True, content=card(design, body)
    )


def snackbar(
    design: Design, message: str, *, seconds: int = 6, action: tuple[str, Callable[[], None]] | None = None
) -> ft.SnackBar:
    """Return a short confirmation that closes by itself; its message must appear elsewhere too.

    An `action` is a label and its handler; the action must be available elsewhere too. With an action, the
    snackbar stays longer.
    """
    return ft.SnackBar(
        text(message, design.type.body_s, design.colors.content_inverse),
        action=ft.SnackBarAction(action[0], on_click=action[1]) if action else None,
        persist=False,
        duration=ft.Duration(seconds=8 if action else seconds),
        width=None if not design.layout.rail else 480,
    )
