"""The app in a real browser, as a screen-reader user meets it: by role, name and keyboard.

Flutter draws on a canvas. A browser test reads the semantics tree beside it, as assistive technology does.
All waits poll a condition: nothing sleeps for a fixed time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

from playwright.sync_api import Error, Locator, Page

from tests.harness.patience import stretched

PATIENCE = 30.0
"""Default timeout in seconds: a shared machine draws Flutter in software."""
TOO_SOON = 5.0
"""Seconds after which keys that were not heard are taken for lost."""
FIRST_LOAD = 90.0
"""Seconds for the web client to arrive, compile and draw its first frame."""

Role = Literal["button", "link", "tab", "checkbox", "switch", "radio", "menuitem"]
ROLES: tuple[Role, ...] = ("button", "link", "tab", "checkbox", "switch", "radio", "menuitem")
"""Roles of nodes that can be tapped."""

# Goes through open shadow roots. A node's name is its label, else its own text.
# Flutter merges the texts of a button into the button, and gives every other text its own node.
_COLLECT = """() => {
  const found = [];
  const selector = 'flt-semantics, h1, h2, h3, h4, h5, h6, input, textarea';
  const visit = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) visit(element.shadowRoot);
      if (!element.matches(selector)) continue;
      const own = [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE || node.nodeName === 'SPAN')
        .map((node) => node.textContent).join('');
      const box = element.getBoundingClientRect();
      const list = element.parentElement?.closest('[style*="overflow-y: scroll"]');
      const view = list?.getBoundingClientRect() ?? { top: 0, bottom: innerHeight };
      found.push({
        tag: element.tagName.toLowerCase(),
        role: element.getAttribute('role') ?? '',
        name: (element.getAttribute('aria-label') ?? own).trim(),
        value: element.matches('input, textarea') ? element.value : '',
        type: element.getAttribute('type') ?? '',
        autocomplete: element.getAttribute('autocomplete') ?? '',
        selected: element.getAttribute('aria-selected') ?? element.getAttribute('aria-current') ?? '',
        checked: element.getAttribute('aria-checked') ?? '',
        disabled: element.getAttribute('aria-disabled') === 'true',
        tabindex: element.hasAttribute('tabindex') ? element.tabIndex : null,
        sideways: element.closest('[style*="overflow-x: scroll"]') !== null,
        cut: Boolean(list) && (box.top < view.top + 4 || box.bottom > view.bottom - 4)
          || box.bottom > innerHeight - 1,
        headed: element.querySelector('h1, h2, h3, h4, h5, h6') !== null,
        left: box.left, top: box.top, width: box.width, height: box.height,
      });
    }
  };
  visit(document);
  return found;
}"""

# After the mouse has done something, Flutter hides for a moment what can be scrolled.
_AT_REST = """() => [...document.querySelectorAll('flt-semantics[style*="scrollbar-width"]')]
  .every((element) => !element.style.overflow.includes('hidden'))"""

_FOCUSED = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return (element?.getAttribute('aria-label') ?? element?.textContent ?? '').trim();
}"""


@dataclass(frozen=True)
class Node:
    """One node of the semantics tree. Sizes in CSS pixels; `tabindex` is None where it cannot be focused.

    `headed`: it is a group around headings. `sideways`: it stands in a strip that scrolls sideways. `cut`:
    the edge of its list or of the window may hide a part of it, so that its box is not its own.
    """

    tag: str
    role: str
    name: str
    value: str
    type: str
    autocomplete: str
    selected: str
    checked: str
    disabled: bool
    tabindex: int | None
    sideways: bool
    cut: bool
    headed: bool
    left: float
    top: float
    width: float
    height: float

    @property
    def field(self) -> bool:
        return self.tag in ("input", "textarea")

    @property
    def interactive(self) -> bool:
        """Whether a person can act on it. A scrolled container takes part in neither."""
        return self.field or self.role in ROLES or self.tabindex == 0

    @property
    def level(self) -> int | None:
        """Its level if it is a heading."""
        return int(self.tag[1]) if re.fullmatch(r"h[1-6]", self.tag) else None


def plain(text: str) -> str:
    """Return the text on one line, with plain spaces."""
    return " ".join(text.split())


def until(page: Page, condition: Callable[[], object], missing: str, *, within: float = PATIENCE) -> None:
    """Poll until the condition holds, else fail with `missing` and what the screen reads."""
    deadline = time.monotonic() + stretched(within)
    while not condition():
        assert time.monotonic() < deadline, f"{missing} at {page.url}, which reads: {texts(page)}"
        page.wait_for_timeout(50)


def open_app(page: Page, url: str) -> Page:
    """Go to an address of the app and wait until assistive technology can read it."""
    page.goto(url, timeout=stretched(FIRST_LOAD) * 1000)
    return wait_for_app(page)


def wait_for_app(page: Page) -> Page:
    """Wait until the app has drawn something with words, its semantics turned on."""

    def described() -> bool:
        page.evaluate("document.querySelector('flt-semantics-placeholder')?.click()")
        return any(node.name for node in semantics(page))

    until(page, described, "no semantics", within=FIRST_LOAD)
    return page


def semantics(page: Page) -> list[Node]:
    """Return the semantics tree in document order; it is empty between two documents."""
    try:
        found = cast(list[dict[str, Any]], page.evaluate(_COLLECT))
    except Error as error:
        if "context was destroyed" in str(error):
            return []
        raise
    return [Node(**one) for one in found]


def texts(page: Page) -> list[str]:
    """Everything a screen reader finds on the screen, in order; of a field its label and what it holds."""
    said = []
    for node in semantics(page):
        held = "••••" if node.type == "password" and node.value else node.value
        said += [plain(one) for one in (node.name, held) if one]
    return said


def shows(page: Page, text: str) -> bool:
    """Return whether some text on the screen contains this one; any space stands for any other."""
    wanted = plain(text)
    return any(wanted in one for one in texts(page))


def see(page: Page, text: str, *, within: float = PATIENCE) -> None:
    """Wait until some text on the screen contains this one."""
    until(page, lambda: shows(page, text), f"no {text!r}", within=within)


def see_not(page: Page, text: str, *, within: float = PATIENCE) -> None:
    """Wait until no text on the screen contains this one. `see` the new screen first."""
    until(page, lambda: not shows(page, text), f"still {text!r}", within=within)


def see_heading(page: Page, name: str, *, within: float = PATIENCE) -> None:
    """Wait for the screen whose first-level heading begins so."""

    def first_level() -> bool:
        return any(plain(node.name).startswith(plain(name)) for node in semantics(page) if node.level == 1)

    until(page, first_level, f"no screen headed {name!r}", within=within)


def see_address(page: Page, end: str) -> None:
    """Wait for the address that ends so: it comes after what it is of."""
    until(page, lambda: page.url.endswith(end), f"not at {end}")


def named(page: Page, name: str) -> Locator:
    """Return the only control with this name, or whose name starts so; wait for it.

    A name merges several texts, with line ends between them: any space stands for any other.
    """
    start = r"\s+".join(re.escape(word) for word in name.split())
    found: list[Locator] = []

    def one_only() -> bool:
        for pattern in (rf"^\s*{start}\s*$", rf"^\s*{start}"):
            candidates = page.get_by_role(ROLES[0], name=re.compile(pattern))
            for role in ROLES[1:]:
                candidates = candidates.or_(page.get_by_role(role, name=re.compile(pattern)))
            found[:] = [candidates]
            if candidates.count():
                return candidates.count() == 1
        return False

    until(page, one_only, f"not one {name!r} to tap")
    return found[0]


def tap(page: Page, name: str) -> None:
    """Tap the one control of this name, scrolling to it if needed."""

    def in_view() -> bool:
        try:
            named(page, name).scroll_into_view_if_needed(timeout=stretched(PATIENCE) * 1000)
        except Error as error:
            if "not attached" not in str(error):  # drawn again meanwhile: its node is another one
                raise
            return False
        return True

    until(page, in_view, f"{name!r} does not stay")
    named(page, name).click(timeout=stretched(PATIENCE) * 1000)


def download(page: Page, button: str, folder: Path) -> Path:
    """Tap a button, and return the file that the browser saves in `folder`."""
    with page.expect_download(timeout=stretched(PATIENCE) * 1000) as downloading:
        tap(page, button)
    file = folder / downloading.value.suggested_filename
    downloading.value.save_as(file)
    return file


def field(page: Page, label: str) -> Locator:
    """Return the text field of this label."""
    return page.get_by_role("textbox", name=label, exact=True)


def enter(page: Page, label: str, text: str) -> None:
    """Type a text into the field of this label, in place of what it holds."""
    target = field(page, label)
    target.click(timeout=stretched(PATIENCE) * 1000)
    _type(page, target, label, text)


def _type(page: Page, target: Locator, label: str, text: str) -> None:
    """Replace what the focused field holds.

    Flutter listens to the input only a moment after the focus has come, when the input has an id. The
    browser shows an earlier key, and the app loses it. A field of several lines gets no id: its focus is
    read a few times. If the first keys are lost, the text is typed once more. The app has lost keys that
    are missing further on.
    """
    looks: list[str] = []
    began: list[float] = []

    def heard() -> bool:
        looks.append(target.evaluate("one => one === document.activeElement ? one.id || one.tagName : ''"))
        if looks[-20:] == [""] * 20:  # the field has moved under the click
            looks.clear()
            target.click(timeout=stretched(PATIENCE) * 1000)
            return False
        return looks[-1] not in ("", "TEXTAREA") or looks[-4:] == ["TEXTAREA"] * 4

    until(page, heard, f"{label!r} does not listen to keys")

    def strike() -> None:
        page.keyboard.press("ControlOrMeta+A")
        page.keyboard.type(text, delay=20)
        began.append(time.monotonic())

    def kept() -> bool:
        held = target.input_value()
        late = len(began) == 1 and time.monotonic() - began[0] > TOO_SOON
        if late and held != text and text.endswith(held):
            strike()
        return held == text

    strike()
    until(page, kept, f"{label!r} does not keep what is typed")


def focused(page: Page) -> str:
    """Return the name of the node that has the keyboard's focus."""
    return plain(cast(str, page.evaluate(_FOCUSED)))


def focus_by_keyboard(page: Page, name: str, *, presses: int = 120) -> None:
    """Press Tab until what is named so (or starts so) has the focus.

    Half of the presses go backwards: Flutter leaves what is scrolled out of sight out of the order of Tab.
    """
    wanted, met = plain(name), []
    for press in range(presses):
        now = focused(page)
        if now == wanted or now.startswith(wanted):
            return
        met.append(now)
        page.keyboard.press("Tab" if press < presses // 2 else "Shift+Tab")
        page.wait_for_timeout(50)
    raise AssertionError(f"Tab never reaches {name!r}, but {met}")


def press_by_keyboard(page: Page, name: str) -> None:
    """Reach a control by Tab and press Enter."""
    focus_by_keyboard(page, name)
    page.keyboard.press("Enter")


def type_by_keyboard(page: Page, label: str, text: str) -> None:
    """Reach a field by Tab and type."""
    focus_by_keyboard(page, label)
    _type(page, field(page, label), label, text)


def wheel(page: Page, pixels: int) -> None:
    """Turn the wheel over the middle of the screen, downwards if positive."""
    size = page.viewport_size
    assert size is not None
    page.mouse.move(size["width"] / 2, size["height"] * 0.6)
    page.mouse.wheel(0, pixels)


def scroll_to(page: Page, *sentences: str) -> set[str]:
    """Turn the wheel until each sentence was on screen; return all texts met on the way.

    A turn follows four equal readings: the screen has drawn the turn before. At the end it starts again.
    """
    met: set[str] = set()
    still: list[list[str]] = []
    turned: list[str] = []

    def found() -> bool:
        nonlocal turned
        now = texts(page)
        met.update(now)
        if all(any(plain(one) in text for text in met) for one in sentences):
            return True
        still.append(now)
        if still[-4:] == [now] * 4:
            wheel(page, -20_000 if now == turned else 300)
            turned = now
            still.clear()
        return False

    until(page, found, f"not all of {sentences}")
    return met


def rest(page: Page) -> None:
    """Wait until the mouse is forgotten, and a tooltip under it gone: then `sideways` and `cut` are true."""
    page.mouse.move(1, 1)
    seen: list[list[Node]] = []

    def still() -> bool:
        seen.append(semantics(page))
        return bool(page.evaluate(_AT_REST)) and all(one == seen[-1] for one in seen[-6:]) and len(seen) > 6

    until(page, still, "no rest")


# What section 4 of the interface's description demands of every screen. Each gives its faults, none if good.


def read_before_heading(page: Page) -> list[str]:
    """Return texts that became the name of the group around their heading: they are read before it."""
    return [node.name for node in semantics(page) if node.headed and node.name]


def nameless(page: Page) -> list[Node]:
    """Return the nodes that can be acted on and have no name."""
    return [node for node in semantics(page) if node.interactive and not node.name]


def heading_faults(page: Page, *, scrolled: bool = False) -> list[str]:
    """Return faults of the headings: not exactly one of the first level, or a level skipped.

    On a scrolled screen, the heading that follows the first one may be out of sight.
    """
    levels = [node.level for node in semantics(page) if node.level is not None]
    faults = [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of level 1"]
    seen = levels[1:] if scrolled else levels
    faults += [f"level {later} after {sooner}" for sooner, later in pairwise(seen) if later > sooner + 1]
    return faults


def small_targets(page: Page, *, least: float = 24, house: float = 48) -> list[str]:
    """Return targets under 24 px (WCAG 2.5.8), and buttons, rows and tabs under the house's 48 px.

    Exceptions of the house rule: filter chips (40 px), months (42 px wide at 320), the demonstration's
    banner (32 px high).
    """
    faults = []
    for node in semantics(page):
        if not node.interactive or node.cut:
            continue
        short, narrow = node.height + 0.5, node.width + 0.5
        if short < least or narrow < least:
            faults.append(f"{node.name!r} {node.width:.0f}×{node.height:.0f} is under {least:.0f} px")
        elif node.role == "button" and not _excused(node) and (short < house or narrow < min(house, 42)):
            faults.append(f"{node.name!r} {node.width:.0f}×{node.height:.0f} is under {house:.0f} px")
    return faults


def _excused(node: Node) -> bool:
    return node.checked != "" or node.name.startswith(("Démonstration", "Demo"))


def overflowing(page: Page) -> list[str]:
    """Return nodes with words that leave the window sideways, outside a strip that scrolls so."""
    size = page.viewport_size
    assert size is not None
    return [
        f"{node.name!r} from {node.left:.0f} to {node.left + node.width:.0f}"
        for node in semantics(page)
        if node.name and not node.sideways and (node.left < -1 or node.left + node.width > size["width"] + 1)
    ]


def read_twice(page: Page) -> list[str]:
    """Return the words that a screen reader would say twice in a row."""
    said = [plain(node.name) for node in semantics(page) if node.name]
    return [one for one, other in pairwise(said) if one == other and len(one) > 1]


def language(page: Page) -> str:
    """Return the language that the document declares, as `fr`."""
    return cast(str, page.evaluate("document.documentElement.lang")).partition("-")[0]
