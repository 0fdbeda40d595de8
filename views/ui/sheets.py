"""Every sheet of the app, drawn above the screens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flet as ft

from views.state.context import use_look
from views.state.demo import DemoState
from views.state.device import DeviceState
from views.state.report import ReportState
from views.state.service import ServiceState
from views.state.session import SessionState
from views.state.sheets import SheetState
from views.state.subscriptions import SubscriptionsState
from views.ui.component import component
from views.ui.demo import demo_sheet
from views.ui.report import report_sheet
from views.ui.service_card import service_confirmation
from views.ui.sheet import use_sheet
from views.ui.shortcuts import shortcuts_sheet
from views.ui.subscription_parts import end_confirmation


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
    """Draw the open sheet over the `screens`, which are told whether they are wide.

    A screen cannot hold a sheet: another size of the window replaces the screen, and what was typed with it.
    Flutter closes a sheet with the view below it, so the same views stay until no sheet is open.
    """
    look = use_look()
    shown = (
        sheets.draw(look) if sheets.draw else None,
        shortcuts_sheet(look, device) if device.shortcuts_shown else None,
        demo_sheet(look, demo, device.runtime) if demo and demo.opened else None,
        report_sheet(look, report) if report and report.payment_id else None,
        end_confirmation(look, subscriptions) if subscriptions else None,
        service_confirmation(look, service) if service else None,
    )
    for sheet in shown:
        use_sheet(look, sheet)
    wide: Any = ft.use_ref(look.layout.wide)
    if not any(shown):
        wide.current = look.layout.wide
    return ft.use_memo(partial(screens, wide.current), [screens, wide.current])


def close_sheets(
    device: DeviceState, session: SessionState, demo: DemoState | None, sheets: SheetState
) -> None:
    """Close what is open, unless something is being done in it: another screen comes."""
    sheets.close()
    device.hide_shortcuts()
    if demo is not None and not demo.busy:
        demo.close()
    if session.report is not None:
        session.report.close()
    if session.subscriptions is not None:
        session.subscriptions.keep()
    if session.service is not None:
        session.service.keep()
