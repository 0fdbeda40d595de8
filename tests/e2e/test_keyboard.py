"""Order in which the Tab key reaches what can be acted on."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from math import inf
from typing import cast

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import (
    focus_by_keyboard,
    focused,
    plain,
    press_by_keyboard,
    rest,
    see,
    see_heading,
    semantics,
    tap,
    type_by_keyboard,
    until,
    wait_for_app,
)
from tests.e2e.conftest import Visit
from tests.e2e.test_journeys import (
    FR,
    PASSWORD,
    contract,
    see_period,
    see_rows,
    sign_in,
    unmistakable,
)
from tests.harness.processes import Server

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
RAIL_WIDTHS = {834: 80, 1440: 224}


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
        elif left < RAIL_WIDTHS[width]:
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


@pytest.mark.nightly  # daily: one screen above, and the path itself in test_journeys.py
@pytest.mark.parametrize(
    ("device", "width", "height"), [("phone", 390, 844), ("tablet", 834, 1194), ("desktop", 1440, 900)]
)
def test_whole_path_by_tab_and_enter_goes_region_by_region(
    demo: Server, visit: Visit, device: str, width: int, height: int
) -> None:
    page = visit(demo.url, device=device)
    narrow = device == "phone"

    def in_order(screen: str) -> None:
        rest(page)
        met = stops(page, "Tab")
        entered = regions(met, width, height)
        if screen == "usage":  # it has rows, not panes
            entered = [
                region for region, _ in groupby("content" if one == "pane" else one for one in entered)
            ]
        begun = (
            ["top bar", "content", "pane", "navigation"]
            if narrow
            else ["navigation", "top bar", "content", "pane"]
        )
        turns = [[*begun[start:], *begun[:start]] for start in range(4)]
        kept = [[region for region in turn if region in entered] for turn in turns]
        # The region in which the round began is met again at its end.
        assert entered in [*kept, *([*turn, turn[0]] for turn in kept)], f"{screen}: {entered}, {met}"
        assert all(name for name, _, _ in met), f"{screen}: {met}"

    see_heading(page, FR.sign_in)
    type_by_keyboard(page, FR.identifier, "camille@demo.example")
    press_by_keyboard(page, FR.proceed)
    see_heading(page, FR.your_password)
    type_by_keyboard(page, FR.password, PASSWORD)
    press_by_keyboard(page, FR.submit)
    see_heading(page, "Bonjour Camille")
    see(page, FR.details)
    in_order("home")
    press_by_keyboard(page, contract(page, FR))
    see_heading(page, FR.usage)
    in_order("usage")
    press_by_keyboard(page, FR.details)
    see_heading(page, FR.purchases)
    see_period(page, FR.june)
    press_by_keyboard(page, FR.march)
    see_period(page, FR.march)
    until(page, lambda: focused(page).startswith(FR.march), "the month loses the focus")
    in_order("purchases")
    press_by_keyboard(page, unmistakable(page))
    see(page, FR.reference)
    in_order("purchase")


KEYS = pytest.mark.parametrize("key", ["Enter", pytest.param("Space", marks=pytest.mark.nightly)])


@KEYS
def test_focus_stays_on_the_filter_pressed(demo: Server, visit: Visit, key: str) -> None:
    page = visit(f"{demo.url}/achats")
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)
    for name in (FR.march, "À l’acte"):
        press_and_keep(page, key, name)
    for name in (
        "Mobile · 06 •• •• •• 47",
        "Internet · 04 •• •• •• 12",
    ):  # the next tests find the first again
        focus_by_keyboard(page, "Contrat affiché")
        page.keyboard.press(key)
        see(page, "Choisir un contrat")
        focus_by_keyboard(page, name)
        page.keyboard.press(key)
        shown = f"Contrat affiché : {name}"
        until(page, partial(has_focus, page, shown), "the focus is lost with the list")


@KEYS
@pytest.mark.parametrize(
    "names",
    [
        ("Sombre", "Système"),
        pytest.param(("200 %", "100 %"), marks=pytest.mark.nightly),
        pytest.param(("English", "Français"), marks=pytest.mark.nightly),
    ],
    ids="-".join,
)
def test_focus_stays_on_the_setting_pressed(
    demo: Server, visit: Visit, key: str, names: tuple[str, str]
) -> None:
    page = visit(f"{demo.url}/reglages")
    sign_in(page, FR, "camille@demo.example")
    for name in names:
        see(page, name)
        press_and_keep(page, key, name)
        page.reload()
        wait_for_app(page)


def press_and_keep(page: Page, key: str, name: str) -> None:
    """Press a key on what has that name; check that it is chosen and keeps the focus."""
    focus_by_keyboard(page, name)
    page.keyboard.press(key)
    until(page, lambda: is_chosen(page, name), f"{name!r} is not chosen")
    page.evaluate(_FRAMES)
    until(page, lambda: focused(page).startswith(plain(name)), f"{name!r} loses the focus")


def has_focus(page: Page, name: str) -> bool:
    return focused(page) == name


def is_chosen(page: Page, name: str) -> bool:
    """Return whether assistive technology is told that the control whose name starts so is chosen."""
    return any(
        plain(node.name).startswith(plain(name)) and "true" in (node.checked, node.selected)
        for node in semantics(page)
    )


def test_list_scrolls_by_keys_after_a_click_on_blank_space(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats?periode=2026-03")
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)

    def days() -> list[float]:
        return sorted(node.top for node in semantics(page) if node.level == 3) or [inf]

    rest(page)
    before = days()[0]
    page.mouse.click(8, 300)
    page.keyboard.press("PageDown")
    until(page, lambda: days()[0] < before - 300, "PageDown does not move the list")
    page.keyboard.press("End")
    until(page, lambda: days()[-1] < 844, "End does not lead to the end")
    page.keyboard.press("Home")
    until(page, lambda: abs(days()[0] - before) < 2, "Home does not lead back")
    tap(page, "Aide")
    see_heading(page, "Aide et avis")
    focus_by_keyboard(page, "Chercher dans l’aide")
    page.keyboard.type("mois", delay=20)
    page.keyboard.press("Home")
    page.keyboard.type("le ", delay=20)
    until(page, lambda: any(node.value == "le mois" for node in semantics(page)), "Home leaves the field")
