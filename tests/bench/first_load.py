"""The first load on the web, beside Flet's counter as Flet serves it: bytes, requests, time to be usable.

A load is usable when the sign-in's field, or the counter's button, is there for assistive technology, as a
poll inside the page sees it, from the start of the navigation. Each first load has a browser profile of its
own; the second one is the next page in it. The counter is loaded once more as the app is drawn, on one thread
(`views/web/app.py` says why). The slow line is Chromium's own emulation, which slows requests,
not the WebSocket. The client was compressed by `make client`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from tests.bench.bare_counter import BUTTON
from tests.bench.figures import Row
from tests.bench.served import ONE_THREAD
from tests.e2e.conftest import CHROMIUM, DEVICES
from tests.nightly.endurance.processes import Program
from views.web import static as web_files

TITLE = "1. The first load on the web"
ROUNDS = 7
SLOW_ROUNDS = 5
SLOW = {"offline": False, "latency": 40, "downloadThroughput": 1_250_000, "uploadThroughput": 1_250_000}
"""10 Mbit/s and 40 ms."""
BARE = "bare Flet's counter"
FIELD = "Identifiant"
PATIENCE = 120.0

# Presses what Flutter hides from all but assistive technology, as the app's own page does by itself.
_USABLE = """(() => {
  const there = (root) => [...root.querySelectorAll('*')].some((element) =>
    (element.shadowRoot && there(element.shadowRoot)) ||
    (element.matches('input, flt-semantics[role=button]') &&
      (element.getAttribute('aria-label') ?? element.textContent).includes(NAME)));
  const timer = setInterval(() => {
    document.querySelector('flt-semantics-placeholder')?.click();
    if (there(document)) { window.usable = performance.now(); clearInterval(timer); }
  }, 10);
})()"""


@dataclass(frozen=True)
class Load:
    """One load of a page: bytes that came, with headers and the WebSocket's messages; requests that left."""

    usable: float
    """Milliseconds."""
    bytes: int
    requests: int


def run() -> Iterator[Row]:
    """A first load and a second, of the app and of the counter in turns; then first ones over a slow line."""
    web_files.main()
    folder = Path(tempfile.mkdtemp())
    with (
        Program("main", "--web", log=folder / "log") as app,
        Program("tests.bench.bare_counter", log=folder / "log") as counter,
    ):
        pages = {"app": (app.url, FIELD), "bare": (counter.url, BUTTON)}
        one_thread = []
        first, second, slow = (defaultdict[str, list[Load]](list) for _ in range(3))
        for each in range(-1, ROUNDS):
            for name, page in pages.items():
                loads = _loads(*page, count=2)
                if each >= 0:  # the servers' own first answers are another figure
                    first[name].append(loads[0])
                    second[name].append(loads[1])
            if each >= 0:
                one_thread += _loads(counter.url, BUTTON, count=1, before=ONE_THREAD)
        for _ in range(SLOW_ROUNDS):
            for name, page in pages.items():
                slow[name] += _loads(*page, count=1, slow=True)
    shutil.rmtree(folder)

    def row(name: str, unit: str, loads: dict[str, list[Load]], what: str, **goals: float) -> Row:
        scale = 1e-3 if unit == "kB" else 1
        ours, bare = (tuple(getattr(load, what) * scale for load in loads[each]) for each in pages)
        return Row(name=name, unit=unit, samples=ours, baseline=BARE, baseline_samples=bare, **goals)

    yield row("first load, received", "kB", first, "bytes", at_most=4_000)
    yield row("first load, requests", "", first, "requests", at_most=30)
    yield row("second load, received", "kB", second, "bytes", at_most=60)
    yield row("first load, usable, loopback", "ms", first, "usable", at_most_times=1.0)
    yield Row(
        name="the same, beside the counter drawn on one thread",
        unit="ms",
        samples=tuple(load.usable for load in first["app"]),
        baseline=f"{BARE}, on one thread",
        baseline_samples=tuple(load.usable for load in one_thread),
    )
    yield row("second load, usable, loopback", "ms", second, "usable")
    yield row("first load, usable, 10 Mbit/s and 40 ms", "ms", slow, "usable", at_most_times=0.5)


def _loads(url: str, name: str, *, count: int, slow: bool = False, before: str = "") -> list[Load]:
    """So many loads, one after the other, by a browser that was never there; `before` runs in each first."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=list(CHROMIUM),
            viewport=DEVICES["phone"],
            locale="fr-FR",
        )
        browser.add_init_script(before)
        loads = [_load(browser, url, name, slow) for _ in range(count)]
        browser.close()
        return loads


def _load(browser: BrowserContext, url: str, name: str, slow: bool) -> Load:
    page = browser.new_page()
    received, asked = [0], set[str]()

    def finished(event: dict[str, Any]) -> None:
        received[0] += int(event["encodedDataLength"])

    def framed(event: dict[str, Any]) -> None:
        data = event["response"]["payloadData"]  # in base 64 if binary
        received[0] += len(data) if event["response"]["opcode"] == 1 else len(data) * 3 // 4

    def sent(event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith(url):
            asked.add(event["requestId"])

    devtools = browser.new_cdp_session(page)
    devtools.on("Network.loadingFinished", finished)
    devtools.on("Network.webSocketFrameReceived", framed)
    devtools.on("Network.requestWillBeSent", sent)
    devtools.on("Network.requestServedFromCache", lambda event: asked.discard(event["requestId"]))
    devtools.on("Network.webSocketCreated", lambda event: asked.add(event["requestId"]))
    devtools.send("Network.enable")
    if slow:
        devtools.send("Network.emulateNetworkConditions", SLOW)
    page.add_init_script(_USABLE.replace("NAME", json.dumps(name)))
    page.goto(url, wait_until="commit", timeout=PATIENCE * 1000)
    deadline = time.monotonic() + PATIENCE
    while (usable := page.evaluate("window.usable")) is None:
        assert time.monotonic() < deadline, f"{url} is not usable after {PATIENCE:.0f} s"
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)  # what comes after, such as a picture, is a part of the load too
    page.close()
    return Load(float(usable), received[0], len(asked))
