"""Sheets of the app, drawn above the screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flet as ft

from views.core.component import component
from views.core.context import use_design
from views.core.device import DeviceState
from views.core.session import SessionState
from views.core.sheet import use_sheet
from views.core.sheet_state import SheetState
from views.demo.banner import demo_sheet
from views.demo.state import DemoState
from views.disputes.report import report_sheet
from views.disputes.report_state import ReportState
from views.service.card import service_confirmation
from views.service.state import ServiceState
from views.shortcuts import shortcuts_sheet
from views.subscriptions.parts import end_confirmation
from views.subscriptions.state import SubscriptionsState


@component
def Sheets(
    device: DeviceState,
    demo: DemoState | None,
    sheets: SheetState,
    report: ReportState | None,
    subscriptions: SubscriptionsState | None,
    service: ServiceState | None,
    screens: Callable[[bool], object],
) -> object:
    """Draw the open sheet above `screens`, a function of whether the window is wide.

    Screens cannot hold sheets: a resize may replace a screen, and the text typed in its sheet would be lost.
    Flutter closes a sheet with the view below it, so the views stay the same while a sheet is open.
    """
    design = use_design()
    shown = (
        sheets.draw(design) if sheets.draw else None,
        shortcuts_sheet(design, device) if device.shortcuts_shown else None,
        demo_sheet(design, demo, device.runtime) if demo and demo.opened else None,
        report_sheet(design, report) if report and report.payment_id else None,
        end_confirmation(design, subscriptions) if subscriptions else None,
        service_confirmation(design, service) if service else None,
    )
    for sheet in shown:
        use_sheet(design, sheet)
    wide: Any = ft.use_ref(design.layout.wide)
    if not any(shown):
        wide.current = design.layout.wide
    return ft.use_memo(partial(screens, wide.current), [screens, wide.current])


def close_sheets(
    device: DeviceState, session: SessionState, demo: DemoState | None, sheets: SheetState
) -> None:
    """Close the open sheets before another screen opens, except a sheet with a change in flight."""
    sheets.close()
    device.hide_shortcuts()
    if demo is not None and not demo.busy:
        demo.close()
    if session.report is not None:
        session.report.close()
    if session.subscriptions is not None:
        session.subscriptions.ending.dismiss()
    if session.service is not None:
        session.service.switch.dismiss()
