"""Card of the internet+ service: switch, status, and the consequences of turning the service off."""

from __future__ import annotations

import flet as ft

from services.domain.errors import Changed, OutcomeUnknown
from services.domain.models import Service, ServiceStatus
from views.core.component import component
from views.core.confirmation import confirmation
from views.core.context import use_design
from views.core.insights import InsightsState
from views.core.notices import alert, error_state, freshness, skeleton
from views.core.sheet_state import Sheet
from views.core.text import explain
from views.forecast.parts import CeilingRow
from views.kit.buttons import action_link
from views.kit.cards import Tone, card, column, tag
from views.kit.design import Design, text
from views.kit.theme import SPACE_M, SPACE_S
from views.service.state import ServiceState


@component
def ServiceCard(service: ServiceState, insights: InsightsState) -> ft.Control:
    """Show the switch, the status of the service, and the outcome of the last change."""
    design = use_design()
    ft.use_effect(service.load, [service.contract.contract_id], cleanup=lambda: None)
    ft.use_effect(service.watch, [service.changing], cleanup=lambda: None)
    words, shown = design.words, service.service
    if shown.missing and shown.error is not None:
        return card(design, error_state(design, shown.error, service.load))
    if shown.data is None:
        return skeleton(design, (160, 20), (None, 20))
    formats = design.formats
    row = ft.MergeSemantics(
        ft.Row(
            [
                ft.Column(
                    [
                        text(words("service.title"), design.type.title),
                        text(words("service.text"), design.type.body_s, design.colors.content_muted),
                    ],
                    spacing=0,
                    expand=True,
                    tight=True,
                ),
                ft.Switch(
                    value=service.on,
                    disabled=service.changing or shown.data.status is ServiceStatus.OTHER,
                    on_change=service.ask,
                    key="service",
                ),
            ],
            spacing=SPACE_M,
        )
    )
    return column(
        *freshness(design, formats, shown, service.load),
        card(
            design,
            column(
                row,
                _service_tag(design, shown.data, service.changing),
                CeilingRow(insights, insights.review),
                spacing=SPACE_S,
            ),
        ),
        *_service_outcome(design, service),
        spacing=SPACE_S,
    )


def _service_tag(design: Design, service: Service, changing: bool) -> ft.Control:
    words, since = design.words, design.formats.long_date(service.since)
    if changing:
        label = tag(design, words("service.changing"), Tone.WARNING, ft.Icons.SCHEDULE)
    elif service.status is ServiceStatus.OTHER:
        label = tag(design, words("status.other"), Tone.WARNING, ft.Icons.HELP_OUTLINE)
    elif service.status is ServiceStatus.ACTIVE:
        label = tag(design, words("service.on_since", date=since), Tone.POSITIVE)
    else:
        label = tag(design, words("service.off_since", date=since), Tone.WARNING, ft.Icons.BLOCK)
    return ft.Semantics(live_region=True, container=True, content=label)


def _service_outcome(design: Design, service: ServiceState) -> list[ft.Control]:
    words, failure, done = design.words, service.switching.failure, service.switching.receipt
    if failure is not None:
        still = words("service.failed_on" if service.on else "service.failed_off")
        if isinstance(failure, Changed):
            return [alert(design, Tone.INFO, explain(failure, words).sentence)]
        if isinstance(failure, OutcomeUnknown):
            check, reason = action_link(design, words("action.check"), service.load), explain(failure, words)
            return [alert(design, Tone.WARNING, words("service.unknown"), reason.text, check)]
        return [alert(design, Tone.NEGATIVE, still, explain(failure, words).text)]
    if done is not None:
        key = "service.done_on" if done is ServiceStatus.ACTIVE else "service.done_off"
        return [alert(design, Tone.POSITIVE, words(key))]
    return []


def service_confirmation(design: Design, service: ServiceState) -> Sheet | None:
    """Return the confirmation of turning the service on or off; None if the user has not moved the switch."""
    words, known = design.words, service.service.data
    if service.switching.asked is None or known is None:
        return None
    busy = words("service.changing") if service.switching.busy else ""
    if service.switching.asked is ServiceStatus.ACTIVE:
        return confirmation(
            design,
            words("service.on_title"),
            (words("service.on_again"), words("service.on_not_back")),
            words("service.on_confirm"),
            service.switch.confirm,
            words("action.cancel"),
            service.switch.dismiss,
            busy=busy,
            serious=False,
            proof=service.proof,
        )
    lines = [words("service.off_no_payment")]
    if known.affected_subscriptions:
        lines.append(words("service.off_subscriptions", n=known.affected_subscriptions))
    if known.outstanding.amount > 0:
        lines.append(words("service.off_due", amount=design.formats.money(known.outstanding)))
    lines.append(words("service.off_again"))
    return confirmation(
        design,
        words("service.off_title"),
        lines,
        words("service.off_confirm"),
        service.switch.confirm,
        words("service.off_keep"),
        service.switch.dismiss,
        busy=busy,
        proof=service.proof,
    )
