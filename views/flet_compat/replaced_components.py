"""Release of the controls of replaced components.

In Flet 1.0.5, a redraw replaces a component with a new one, which takes over its state. The replaced
component keeps its controls. It stays in memory: the update loop holds its last batch, and the router the
closures of its first render. A session then holds two or three copies of its screen, 22 % of its memory.
Upstream: `flet/components/component.py`, `Component._migrate_state`; `flet/messaging/session.py`.
Remove when: Flet drops the controls of a replaced component, or its update loop drops a finished batch.
"""

from __future__ import annotations

import asyncio
from typing import Any

from flet.components.component import Component
from flet.controls.base_control import BaseControl


def release_replaced_components() -> None:
    """Make each component drop its controls once its replacement has been compared with it."""
    migrate = Component._migrate_state

    def migrate_and_release(new: Component, old: BaseControl) -> None:
        migrate(new, old)
        if isinstance(old, Component) and old._stale:
            asyncio.get_running_loop().call_soon(_release, old)  # Flet still compares both in this turn

    replaced: Any = Component
    replaced._migrate_state = migrate_and_release


def _release(old: Component) -> None:
    old._b = None
