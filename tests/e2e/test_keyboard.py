"""Order in which the Tab key reaches what can be acted on."""

from __future__ import annotations

from typing import cast

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import (
    focus_by_keyboard,
    focused,
    plain,
    rest,
    see,
    semantics,
    tap,
)
from tests.e2e.conftest import Serve, Server, ServeSandbox, Visit
from tests.e2e.test_journeys import FR, NOW, see_rows, sign_in, unmistakable

_POSITION = """() => {
  const { left, top } = document.activeElement.getBoundingClientRect();
  return [left, top];
}"""
Stop = tuple[str, float, float]
"""Name, left and top of what has the focus."""
_FRAMES = """async () => {
  for (let count = 0; count < 4; count += 1) await new Promise(requestAnimationFrame);
}"""
"""Wait for the frames in which a list scrolls to what has the focus, and draws what comes next."""
BAR_HEIGHT = 72
RAIL_WIDTH = 224


@pytest.fixture(scope="module")
def demo(serve: Serve, serve_sandbox: ServeSandbox) -> Server:
    """The app on a sandbox of the demo subscribers, on 14 May 2026."""
    return serve(backend=serve_sandbox(now=NOW).url)


def stops(page: Page, key: str) -> list[Stop]:
    """Press `key` until it has gone round the page. Return the stops from the current one on."""
    met: list[Stop] = []
    while len(met) < 100:
        left, top = cast(list[float], page.evaluate(_POSITION))
        stop = focused(page), left, top
        if met and stop[0] == met[0][0]:
            return met
        if page.evaluate("document.activeElement.tabIndex >= 0"):  # not where a screen begins, nor outside
            met.append(stop)
        page.keyboard.press(key)
        page.evaluate(_FRAMES)
    raise AssertionError(f"{key} does not come round: {met[:50]}")


def regions(met: list[Stop], width: int, height: int) -> list[str]:
    """Return the regions in the order of their stops, each time that one is entered."""
    entered: list[str] = []
    for _, left, top in met:
        if width < 600:
            region = "navigation" if top >= height - BAR_HEIGHT else "top bar" if top < 60 else "content"
        elif left < RAIL_WIDTH:
            region = "navigation"
        else:
            region = "top bar" if top < 60 else "pane" if left > 930 else "content"
        if entered[-1:] != [region]:
            entered.append(region)
    return entered


@pytest.mark.parametrize(
    ("device", "width", "height", "order"),
    [
        ("phone", 390, 844, ["top bar", "content", "navigation"]),
        pytest.param(
            "desktop", 1440, 900, ["navigation", "top bar", "content", "pane"], marks=pytest.mark.nightly
        ),
    ],
)
def test_tab_key_finishes_each_region_before_the_next(
    demo: Server, visit: Visit, device: str, width: int, height: int, order: list[str]
) -> None:
    page = visit(f"{demo.url}/achats", device=device)
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)
    if device == "desktop":
        see(page, "Enregistrer le reçu")
    rest(page)
    met = stops(page, "Tab")
    names = [name for name, _, _ in met]
    first = names.index(next(plain(node.name) for node in semantics(page) if node.tabindex == 0))
    assert regions(met[first:] + met[:first], width, height) == order, met
    assert set(names) >= {plain(node.name) for node in semantics(page) if node.tabindex == 0}
    back = [name for name, _, _ in stops(page, "Shift+Tab")]
    assert back == [names[0], *names[:0:-1]]


@pytest.mark.nightly
def test_tab_key_reaches_every_control_of_a_sheet(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats")
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)
    tap(page, unmistakable(page))
    tap(page, "Signaler un problème")
    see(page, "500 caractères restants")
    names = [name for name, _, _ in stops(page, "Tab")]
    assert "Précisez si vous le souhaitez" in names
    assert "Annuler" in names
    focus_by_keyboard(page, "Précisez si vous le souhaitez")
    page.keyboard.type("Jamais", delay=20)
    see(page, "494 caractères restants")
