"""What the root hands down to every screen."""

from __future__ import annotations

from typing import Final

import flet as ft

from views.core.device import DeviceState
from views.core.recovery import RecoveryState
from views.core.session import SessionState
from views.core.sheet_state import SheetState
from views.demo.state import DemoState
from views.kit.look import Look

DeviceContext: Final[ft.ContextProvider[DeviceState | None]] = ft.create_context(None)
LookContext: Final[ft.ContextProvider[Look | None]] = ft.create_context(None)
DemoContext: Final[ft.ContextProvider[DemoState | None]] = ft.create_context(None)
RecoveryContext: Final[ft.ContextProvider[RecoveryState | None]] = ft.create_context(None)
SheetContext: Final[ft.ContextProvider[SheetState | None]] = ft.create_context(None)
SessionContext: Final[ft.ContextProvider[SessionState | None]] = ft.create_context(None)


def use_device() -> DeviceState:
    """The device; the component is drawn again when it changes."""
    device = ft.use_context(DeviceContext)
    assert device is not None, "outside the root"  # noqa: S101 - a programming error
    return device


def use_look() -> Look:
    """The words, formats, colours and sizes of this moment."""
    look = ft.use_context(LookContext)
    assert look is not None, "outside the root"  # noqa: S101 - a programming error
    return look


def use_session() -> SessionState:
    """The visitor's session; the component is drawn again when it changes."""
    session = ft.use_context(SessionContext)
    assert session is not None, "outside the root"  # noqa: S101 - a programming error
    return session


def use_sheets() -> SheetState:
    """Return what opens a sheet from a button."""
    sheets = ft.use_context(SheetContext)
    assert sheets is not None, "outside the root"  # noqa: S101 - a programming error
    return sheets


def use_demo() -> DemoState | None:
    """The demonstration; None where the backend is a real one. Draws again when it changes."""
    return ft.use_context(DemoContext)


def use_recovery() -> RecoveryState:
    """How it stands with what failed; the component is drawn again when the connection comes back."""
    recovery = ft.use_context(RecoveryContext)
    assert recovery is not None, "outside the root"  # noqa: S101 - a programming error
    return recovery
