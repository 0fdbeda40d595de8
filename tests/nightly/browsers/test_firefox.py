"""The app in Firefox: it starts, describes itself to assistive technology, and lets a subscriber in."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.e2e.conftest import NOW, Serve, ServeSandbox, serve, serve_sandbox, servers
from tests.e2e.test_journeys import FR, PASSWORD
from tests.harness.patience import stretched
from tests.nightly.browsers.marionette import Firefox

__all__ = ["serve", "serve_sandbox", "servers"]

PATIENCE = 120.0
"""Seconds until a node counts as missing: a busy machine compiles Flutter first."""
_TURN_ON = "document.querySelector('flt-semantics-placeholder')?.click()"
_NODES = """
return [...document.querySelectorAll('flt-semantics, h1, h2, h3, input')].map((node) => {
  const { left, top, width, height } = node.getBoundingClientRect();
  const name = (node.getAttribute('aria-label') ?? node.textContent ?? '').trim();
  return [name.replace(/\\s+/g, ' '), left + width / 2, top + height / 2];
});"""
# The page counts what arrives, and Flutter then reads the same files from the cache.
_READERS = """
const found = {};
for (const name of ['main.dart.js', 'canvaskit.wasm']) {
  const read = performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('/' + name));
  found[name] = [read.length, read.filter((entry) => entry.transferSize > entry.encodedBodySize / 2).length];
}
return found;"""
Node = tuple[str, float, float]
"""Name and middle of a node of the semantics tree."""


def nodes(firefox: Firefox) -> list[Node]:
    return cast(list[Node], firefox.run(_NODES))


def until(firefox: Firefox, find: Callable[[list[Node]], Node | None], missing: str) -> Node:
    """Poll until the node exists; fail with the texts of the page."""
    deadline = time.monotonic() + stretched(PATIENCE)
    while True:
        firefox.run(_TURN_ON)
        found = find(nodes(firefox))
        if found is not None:
            return found
        assert time.monotonic() < deadline, f"{missing}: {firefox.run('return document.body.innerText')!r}"
        time.sleep(0.2)


def see(firefox: Firefox, name: str) -> Node:
    """Wait for the node of that name, and return it."""
    return until(firefox, lambda all_: next((node for node in all_ if node[0] == name), None), f"no {name!r}")


def click(firefox: Firefox, name: str) -> None:
    _, left, top = see(firefox, name)
    firefox.click(left, top)


def enter(firefox: Firefox, label: str, text: str) -> None:
    """Type into a field once it accepts input: Flutter then gives it an id."""
    click(firefox, label)
    deadline = time.monotonic() + stretched(PATIENCE)
    while not firefox.run("return document.activeElement.matches('input[id]')"):
        assert time.monotonic() < deadline, f"{label!r} does not listen to keys"
        time.sleep(0.2)
    firefox.type(text)
    while firefox.run("return document.activeElement.value") != text:
        assert time.monotonic() < deadline, f"{label!r} does not keep what is typed"
        time.sleep(0.2)


@pytest.mark.parametrize("webgl", [True, False])
def test_firefox_starts_and_signs_in(
    serve: Serve, serve_sandbox: ServeSandbox, tmp_path: Path, webgl: bool
) -> None:
    app = serve(backend=serve_sandbox(now=NOW).url)
    with Firefox(tmp_path, **{"webgl.disabled": not webgl, "webgl.force-enabled": webgl}) as firefox:
        firefox.send("WebDriver:SetWindowRect", width=500, height=900)
        firefox.send("WebDriver:Navigate", url=app.url)
        see(firefox, FR.sign_in)
        assert firefox.run(_READERS) == {"main.dart.js": [2, 1], "canvaskit.wasm": [2, 1]}
        enter(firefox, FR.identifier, "camille@demo.example")
        click(firefox, FR.proceed)
        see(firefox, FR.your_password)
        enter(firefox, FR.password, PASSWORD)
        click(firefox, FR.submit)
        see(firefox, f"{FR.hello} Camille")


def test_firefox_without_webassembly_says_what_is_needed(serve: Serve, tmp_path: Path) -> None:
    app = serve()
    with Firefox(tmp_path, **{"javascript.options.wasm": False}) as firefox:
        firefox.send("WebDriver:Navigate", url=app.url)
        deadline = time.monotonic() + stretched(PATIENCE)
        while "une version récente de Chrome, Edge, Firefox ou Safari" not in firefox.run(
            "return document.body.innerText"
        ):
            assert time.monotonic() < deadline, firefox.run("return document.body.innerText")
            time.sleep(0.2)
