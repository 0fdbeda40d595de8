"""The window changes its size while something is open."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import enter, open_app, plain, scroll_to, see, see_not, semantics, tap, until
from tests.e2e.conftest import Visit
from tests.e2e.test_journeys import FR, see_rows, sign_in, unmistakable
from tests.harness.processes import Server

PHONE, ROTATED, DESKTOP = (390, 844), (844, 390), (1280, 900)


def headings(page: Page) -> list[str]:
    """Return the second-level headings."""
    return [plain(node.name) for node in semantics(page) if node.level == 2]


def resize(page: Page, width: int, height: int) -> None:
    """Give the window another size, and wait until the app has drawn for it."""
    page.set_viewport_size({"width": width, "height": height})
    view = "document.querySelector('flutter-view').getBoundingClientRect().width"
    until(page, lambda: page.evaluate(view) == width, "not resized")
    drawn = "new Promise((done) => setTimeout(done, 1000))"  # closing a sheet takes 200 ms
    page.evaluate(drawn)


@pytest.mark.nightly
def test_sheets_stay_open_when_the_window_changes_its_size(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats")
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)
    tap(page, unmistakable(page))
    tap(page, "Signaler un problème")
    enter(page, "Précisez si vous le souhaitez", "Jamais")
    for width, height in (ROTATED, DESKTOP, PHONE):
        resize(page, width, height)
        assert "Signaler un problème" in headings(page), f"closed at {width}x{height}"
        see(page, "494 caractères restants")
    tap(page, "Annuler")
    see(page, FR.reference)

    for path, button, title, close in (
        ("/achats", "Exporter la période (CSV)", "Exporter vos achats", "Fermer"),
        ("/reglages", "Se déconnecter", "Se déconnecter ?", "Annuler"),
        (
            "/gerer",
            "Résilier Gazette des Deux Rives",
            "Résilier Gazette des Deux Rives ?",
            "Garder l’abonnement",
        ),
    ):
        open_app(page, f"{demo.url}{path}")
        scroll_to(page, button)
        tap(page, button)
        see(page, title)
        for width, height in (ROTATED, PHONE):
            resize(page, width, height)
            assert title in headings(page), f"closed at {width}x{height}"
        tap(page, close)
        see_not(page, title)


@pytest.mark.nightly
def test_account_button_lies_on_no_destination_in_a_low_window(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/aide")
    sign_in(page, FR, "camille@demo.example")
    see(page, "Compte et réglages")
    for width, height in ((844, 390), (667, 375)):
        resize(page, width, height)
        rail = [node for node in semantics(page) if node.tabindex == 0 and node.left + node.width < 100]
        assert [plain(node.name).split()[0] for node in rail] == [
            "Accueil",
            "Suivi",
            "Gérer",
            "Aide",
            "Compte",
        ]
        for above, below in pairwise(rail):
            assert above.top + above.height <= below.top + 1, (above.name, below.name)
