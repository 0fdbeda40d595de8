"""Accessibility rules of axe-core on every screen.

axe-core reads the semantics tree that Flutter puts beside its canvas. It cannot judge the colors of a canvas:
`tests/views/test_theme.py` computes the contrast of every pair of colors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import heading_faults, open_app, rest, see_heading, semantics, until
from tests.e2e.conftest import Visit
from tests.e2e.test_journeys import FR, sign_in
from tests.harness.processes import Server

pytestmark = pytest.mark.nightly

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
OF_FLUTTER = {
    "meta-viewport",  # Flutter forbids zooming by pinch; the settings have a text size up to 200 %
    "region",  # Flutter writes no landmarks
}
"""Rules that Flutter's own page breaks."""
ADDRESSES = (
    *("/", "/conso/internet", "/conso/annee", "/achats", "/recherche?q=club", "/verifier"),
    *("/rapprochement?periode=2026-03", "/editeurs/studio-pixelune", "/gerer", "/gerer/calendrier"),
    *("/aide", "/aide/achat-inconnu", "/reglages", "/nulle-part"),
)


def violations(page: Page) -> list[str]:
    """Return the broken rules of the screen, with the first element that breaks each."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = cast(dict[str, Any], page.evaluate("axe.run(document, { resultTypes: ['violations'] })"))
    return [
        f"{rule['id']}: {rule['nodes'][0]['html']}"
        for rule in found["violations"]
        if rule["id"] not in OF_FLUTTER
    ]


@pytest.mark.parametrize("device", ["phone", "desktop"])
def test_screens_break_no_rule_but_those_of_flutter_itself(demo: Server, visit: Visit, device: str) -> None:
    page = visit(demo.url, device=device)
    see_heading(page, FR.sign_in)
    broken = [f"sign-in: {fault}" for fault in violations(page)]
    sign_in(page, FR, "camille@demo.example")
    see_heading(page, "Bonjour Camille")
    for address in ADDRESSES:
        open_app(page, demo.url + address)
        until(page, lambda: any(node.level == 1 for node in semantics(page)), f"no title at {address}")
        rest(page)
        assert not heading_faults(page)
        broken += [f"{address}: {fault}" for fault in violations(page)]
    assert not broken, "\n".join(broken)


def test_element_without_a_name_is_found(demo: Server, visit: Visit) -> None:
    page = visit(demo.url)
    see_heading(page, FR.sign_in)
    page.evaluate("document.body.append(document.createElement('button'))")
    assert [fault.partition(":")[0] for fault in violations(page)] == ["button-name"]
