"""Contexts that the root provides to every screen."""

from __future__ import annotations

from typing import Final

import flet as ft

from views.core.device import DeviceState
from views.core.recovery import RecoveryState
from views.core.session import SessionState
from views.core.sheet_state import SheetState
from views.demo.state import DemoState
from views.kit.design import Design

DeviceContext: Final[ft.ContextProvider[DeviceState | None]] = ft.create_context(None)
DesignContext: Final[ft.ContextProvider[Design | None]] = ft.create_context(None)
DemoContext: Final[ft.ContextProvider[DemoState | None]] = ft.create_context(None)
RecoveryContext: Final[ft.ContextProvider[RecoveryState | None]] = ft.create_context(None)
SheetContext: Final[ft.ContextProvider[SheetState | None]] = ft.create_context(None)
SessionContext: Final[ft.ContextProvider[SessionState | None]] = ft.create_context(None)


def use_device() -> DeviceState:
    """Return the device; the component is redrawn when the device changes."""
    device = ft.use_context(DeviceContext)
    assert device is not None, "outside the root"  # noqa: S101 - a programming error
    return device


def use_design() -> Design:
    """Return the current words, formats, colors and sizes."""
    design = ft.use_context(DesignContext)
    assert design is not None, "outside the root"  # noqa: S101 - a programming error
    return design


def use_session() -> SessionState:
    """Return the user's session; the component is redrawn when the session changes."""
    session = ft.use_context(SessionContext)
    assert session is not None, "outside the root"  # noqa: S101 - a programming error
    return session


def use_sheets() -> SheetState:
    """Return the state that opens and closes sheets."""
    sheets = ft.use_context(SheetContext)
    assert sheets is not None, "outside the root"  # noqa: S101 - a programming error
    return sheets


def use_demo() -> DemoState | None:
    """Return the demo state, or None if the backend is a real one.

    The component is redrawn when the demo state changes.
    """
    return ft.use_context(DemoContext)


def use_recovery() -> RecoveryState:
    """Return the recovery state; the component is redrawn when the connection comes back."""
    recovery = ft.use_context(RecoveryContext)
    assert recovery is not None, "outside the root"  # noqa: S101 - a programming error
    return recovery
