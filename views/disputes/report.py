"""Sheet that reports a problem with a purchase."""

from __future__ import annotations

import flet as ft

from services.client.backend import LONGEST_COMMENT
from services.domain.errors import OutcomeUnknown
from services.domain.models import DisputeReason
from views.core.component import component
from views.core.context import use_look
from views.core.fields import Field
from views.core.notices import alert
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.disputes.report_state import ReportState
from views.kit.buttons import link, outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.look import Look
from views.kit.theme import SPACE_M, SPACE_XS


@component
def ReportButton(report: ReportState, payment_id: str) -> ft.Control:
    """Show « Signaler un problème », which opens the form."""
    look = use_look()

    def open_form() -> None:
        report.open(payment_id)

    return outline_button(look, look.words("report.title"), open_form)


def report_sheet(look: Look, report: ReportState) -> Sheet:
    """Return the form to report a problem with a purchase."""
    words = look.words
    problems: list[ft.Control] = []
    if report.error is not None:
        reason = explain(report.error, words)
        if isinstance(report.error, OutcomeUnknown):
            check = link(look, words("action.check"), report.find_out)
            problems.append(alert(look, Tone.WARNING, reason.title, reason.text, check))
        else:
            problems.append(alert(look, Tone.NEGATIVE, reason.title, reason.text))
    elif report.unexplained:
        problems.append(alert(look, Tone.NEGATIVE, words("report.err_reason")))
    choices = [
        ft.Radio(
            value=reason.value,
            label=words(f"reason.{reason.name.lower()}"),
            label_style=look.type.body,
            disabled=report.busy,
        )
        for reason in DisputeReason
    ]
    content = column(
        *problems,
        ft.RadioGroup(
            column(*choices, spacing=SPACE_XS),
            value=report.reason.value if report.reason else None,
            on_change=report.choose,
        ),
        Field(
            words("report.comment"),
            lambda: report.comment,
            report.type_comment,
            report.send,
            multiline=True,
            min_lines=2,
            max_lines=5,
            max_length=LONGEST_COMMENT,
            read_only=report.busy,
            helper=words("report.privacy"),
            helper_max_lines=2,
            key="comment",
        ),
        strong_button(
            look, words("report.sending" if report.busy else "report.send"), report.send, disabled=report.busy
        ),
        outline_button(look, words("action.cancel"), report.close, disabled=report.busy),
        spacing=SPACE_M,
    )
    return Sheet(words("report.title"), content, report.close, held=report.busy)
