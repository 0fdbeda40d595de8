"""Random start of control ids, so that a browser left open survives a restart of the server.

Flet 1.0.5 numbers controls from 3 in every process. A tab that reconnects to a restarted server still holds
the services of the earlier process under the same ids. A call to a new service, such as the preferences in
the browser, reaches an object that no longer listens. The call times out after 10 s.
Upstream: `flet/controls/id_counter.py`.
Remove when: Flet makes ids unique across processes, or its client drops its controls when it registers again.
"""

from __future__ import annotations

import secrets

from flet.controls import base_control
from flet.controls.id_counter import IdCounter

FIRST, STARTS = 2**16, 2**30
"""Smallest start and number of starts. An id below 2**32 takes five bytes on the wire, nine above it."""


def randomize_control_ids() -> None:
    """Number the controls of this process from a random start."""
    base_control.ControlId = IdCounter(start=FIRST + secrets.randbelow(STARTS))  # type: ignore[attr-defined]
