"""Parts of contest files on other screens: the link to a new file, the list, and the next days."""

from __future__ import annotations

from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

import flet as ft

from services.insights.contest import Contest, Step
from services.insights.contest_rules import LETTERS, PUBLISHER_ANSWER, next_step, reminders, unanswered
from views.core.component import component
from views.core.context import use_design
from views.core.insights import InsightsState, Missing
from views.core.notices import alert, incomplete_alert
from views.core.review import ReviewState
from views.core.text import joined
from views.disputes.dossier import publisher_of, reminder_line, total_of
from views.kit.buttons import link
from views.kit.cards import Tone, column, group, navigation_row
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_S
from views.routes import contest_address, go, new_contest_address

MOST_REMINDERS = 6
"""Maximum number of days of contest files in the calendar."""


def contest_link(design: Design, origin: str, key: str, name: str) -> ft.Control:
    """Return « Préparer une contestation »; a screen reader adds `name` to the label."""
    start, label = partial(go, new_contest_address(origin, key)), design.words("contest.start")
    return link(design, label, start, key=f"contest-{origin}-{key}", spoken=f"{label}, {name}")


def next_line(design: Design, contest: Contest, today: date) -> str:
    """Return « Prochaine étape : … », or a sentence for a closed file or one without a next step."""
    formats, words = design.formats, design.words
    if contest.closed_on is not None:
        return words("contest.closed_on", date=formats.long_date(contest.closed_on))
    coming = next_step(contest, today)
    if coming is None:
        return words("contest.nothing_next")
    step, day = coming
    name = words(f"contest.step_{step}")
    if day <= today:
        return words("contest.next_now", step=name)
    return words("contest.next", step=name, date=formats.day_month(day))


def silence_line(design: Design, contest: Contest, today: date) -> str:
    """Return « Contestation Club : sans réponse depuis un mois »; "" if no answer is overdue."""
    silent = unanswered(contest, today)
    if silent is None:
        return ""
    step, _ = silent
    key = "contest.silent_days" if step is Step.PUBLISHER else "contest.silent_month"
    publisher = publisher_of(design.words, contest)
    if step is Step.PUBLISHER:
        return design.words(key, publisher=publisher, n=PUBLISHER_ANSWER.days)
    return design.words(key, publisher=publisher)


def due_alerts(design: Design, insights: InsightsState, review: ReviewState) -> list[ft.Control]:
    """Return a neutral notice for each file with an overdue answer."""
    ledger = insights.packed.data
    if ledger is None:
        return []
    found: list[ft.Control] = []
    for key, contest in review.review.contests.items():
        if line := silence_line(design, contest, ledger.today):
            see = link(
                design, design.words("contest.see"), partial(go, contest_address(key)), key=f"due-{key}"
            )
            found.append(alert(design, Tone.INFO, line, "", see, live=False))
    return found


@component
def Contests(insights: InsightsState, review: ReviewState) -> ft.Control:
    """Show the contest files of a contract, open ones first; nothing without a file.

    If the files could not be read, a notice says so, unless the screen already shows a failure.
    """
    design, known = use_design(), bool(review.review.contests)
    stood_on = [insights.contract.contract_id, known, insights.purchases.periods.data if known else None]
    # Purchases are read (100 a page) only if a file needs them.
    ft.use_effect(insights.load if known else review.load, stood_on, cleanup=lambda: None)
    contests = sorted(
        review.review.contests.items(),
        key=lambda item: (item[1].closed_on is not None, -item[1].claimed.told_at.timestamp()),
    )
    if not contests:
        failed = review.served.missing and not insights.subscriptions.subscriptions.missing
        missing = Missing(unread=("contests",) if failed else ())
        return ft.Container(column(*incomplete_alert(design, missing, review.load)), visible=failed)
    ledger = insights.packed.data
    rows = [_row(design, key, one, ledger.today if ledger else None) for key, one in contests]
    title = heading(text(design.words("contest.h2"), design.type.h2), 2)
    return column(title, group(design, rows, indent=56), spacing=SPACE_S)


def _row(design: Design, key: str, contest: Contest, today: date | None) -> ft.Control:
    name = publisher_of(design.words, contest)
    state = next_line(design, contest, today) if today is not None else ""
    return navigation_row(
        design,
        ft.Icons.BALANCE_OUTLINED,
        joined(name, total_of(design.formats, contest)),
        state,
        partial(go, contest_address(key)),
        key=f"contest-{key}",
    )


@component
def ContestDays(review: ReviewState, zone: ZoneInfo, today: date) -> ft.Control:
    """Show the next days of the contest files in the calendar; nothing without a day."""
    design = use_design()
    days = sorted(
        (
            (one, key, contest)
            for key, contest in review.review.contests.items()
            for one in reminders(contest, zone, today)
        ),
        key=lambda each: (each[0].day, each[1], each[0].kind),
    )[:MOST_REMINDERS]
    if not days:
        return ft.Container(visible=False)
    rows = [
        navigation_row(
            design,
            ft.Icons.EVENT_OUTLINED,
            design.formats.long_date(one.day),
            reminder_line(design.words, contest, one),
            partial(go, contest_address(key)),
            key=f"day-{key}-{one.kind}-{one.step or ''}",
        )
        for one, key, contest in days
    ]
    title = heading(text(design.words("contest.h2"), design.type.h2), 2)
    return column(title, group(design, rows, indent=56), spacing=SPACE_S)


def step_number(step: Step) -> int:
    """Return the number of a step, from 1."""
    return list(Step).index(step) + 1


def is_letter(step: Step) -> bool:
    """Return whether a step sends a letter."""
    return step in LETTERS
