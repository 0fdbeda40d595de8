"""Signs of work in progress, moving and still."""

from __future__ import annotations

import flet as ft

from views.core.text import Language
from views.kit.design import Design
from views.kit.progress import bar, ring
from views.kit.theme import Layout


def test_signs_stand_still_under_the_same_names_if_motion_is_reduced() -> None:
    moving, still = (
        Design.of(Language.FR, Layout.S, dark=False, still=still, text_size=1.0) for still in (False, True)
    )
    turning, hourglass = (ring(design, "Chargement") for design in (moving, still))
    assert isinstance(turning, ft.ProgressRing)
    assert isinstance(hourglass, ft.Icon)
    assert turning.semantics_label == hourglass.semantics_label == "Chargement"
    running, line = (bar(design, "Chargement", height=2) for design in (moving, still))
    assert isinstance(running, ft.ProgressBar)
    assert isinstance(line, ft.Semantics)
    assert running.semantics_label == line.label == "Chargement"
