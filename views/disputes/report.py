"""Sheet that reports a problem with a purchase."""

from __future__ import annotations

import flet as ft

from services.client.backend import LONGEST_COMMENT
from services.domain.errors import OutcomeUnknown
from services.domain.models import DisputeReason
from views.core.component import component
from views.core.context import use_design
from views.core.fields import Field
from views.core.notices import alert
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.disputes.report_state import ReportState
from views.kit.buttons import action_link, outline_button, strong_button
from views.kit.cards import Tone, column
from views.kit.design import Design
from views.kit.theme import SPACE_M, SPACE_XS


@component
def ReportButton(report: ReportState, payment_id: str) -> ft.Control:
    """Show « Signaler un problème », which opens the form."""
    design = use_design()

    def open_form() -> None:
        report.open(payment_id)

    return outline_button(design, design.words("report.title"), open_form)


def report_sheet(design: Design, report: ReportState) -> Sheet:
    """Return the form to report a problem with a purchase."""
    words = design.words
    problems: list[ft.Control] = []
    if report.error is not None:
        reason = explain(report.error, words)
        if isinstance(report.error, OutcomeUnknown):
            check = action_link(design, words("action.check"), report.find_out)
            problems.append(alert(design, Tone.WARNING, reason.title, reason.text, check))
        else:
            problems.append(alert(design, Tone.NEGATIVE, reason.title, reason.text))
    elif report.unexplained:
        problems.append(alert(design, Tone.NEGATIVE, words("report.err_reason")))
    choices = [
        ft.Radio(
            value=reason.value,
            label=words(f"reason.{reason.name.lower()}"),
            label_style=design.type.body,
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
            design,
            words("report.sending" if report.busy else "report.send"),
            report.send,
            disabled=report.busy,
        ),
        outline_button(design, words("action.cancel"), report.close, disabled=report.busy),
        spacing=SPACE_M,
    )
    return Sheet(words("report.title"), content, report.close, held=report.busy)
