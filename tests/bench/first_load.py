"""First load on the web: bytes, requests and the time until the page is usable.

It is compared with Flet's counter as Flet serves it, and with an empty Flet app that is packed like the app.
A load is usable when a poll in the page finds the sign-in's field, or the other app's button. Each first load
has its own browser profile; the second load is the next page in it. The counter is also drawn on one thread,
like the app (`views/web/app.py`). Chromium emulates the slow lines: requests are slow, but not the WebSocket.
`make client` has compressed the client.
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
ROUNDS = 5
SLOW_ROUNDS = 2
SLOWER_ROUNDS = 1
SLOW = {"offline": False, "latency": 40, "downloadThroughput": 1_250_000, "uploadThroughput": 1_250_000}
"""10 Mbit/s and 40 ms."""
SLOWER = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 200_000}
"""1.6 Mbit/s and 150 ms."""
EMPTY = "an empty Flet app packed alike"
BARE = "bare Flet's counter"
FIELD = "Identifiant"
PATIENCE = 180.0

# Press the button that Flutter shows only to assistive technology, as the page of the app does by itself.
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
    """One load of a page: received bytes, with headers and messages of the WebSocket, and sent requests."""

    usable: float
    """Milliseconds until the page is usable."""
    bytes: int
    requests: int


def run() -> Iterator[Row]:
    web_files.main()
    with (
        tempfile.TemporaryDirectory() as folder,
        Program("main", "--web", log=Path(folder, "log")) as app,
        Program("tests.bench.bare_counter", log=Path(folder, "log")) as counter,
        Program("tests.bench.empty_app", log=Path(folder, "log")) as empty,
    ):
        pages = {"app": (app.url, FIELD), BARE: (counter.url, BUTTON), EMPTY: (empty.url, BUTTON)}
        one_thread = f"{BARE}, on one thread"
        first, second, slow, slower = (defaultdict[str, list[Load]](list) for _ in range(4))
        for each in range(-1, ROUNDS):
            for name, page in pages.items():
                loads = _loads(*page, count=2)
                if each >= 0:  # the first answers of the servers take longer
                    first[name].append(loads[0])
                    second[name].append(loads[1])
            if each >= 0:
                first[one_thread] += _loads(counter.url, BUTTON, count=1, before=ONE_THREAD)
        for line, loaded, rounds in ((SLOW, slow, SLOW_ROUNDS), (SLOWER, slower, SLOWER_ROUNDS)):
            for _ in range(rounds):
                for name, page in pages.items():
                    loaded[name] += _loads(*page, count=1, line=line)

    def row(name: str, unit: str, loads: dict[str, list[Load]], what: str, beside: str, **goals: Any) -> Row:
        scale = 1e-3 if unit == "kB" else 1
        ours, theirs = (tuple(getattr(one, what) * scale for one in loads[each]) for each in ("app", beside))
        return Row(name=name, unit=unit, samples=ours, baseline=beside, baseline_samples=theirs, **goals)

    yield row("first load, received", "kB", first, "bytes", EMPTY, at_most_times=1.04)
    yield row("first load, received", "kB", first, "bytes", BARE)
    yield row("first load, requests", "", first, "requests", BARE, at_most=30)
    yield row("second load, received", "kB", second, "bytes", BARE, at_most=60)
    yield row("first load, usable, loopback", "ms", first, "usable", one_thread, at_most_times=1.1)
    for baseline in (BARE, EMPTY):
        yield row("first load, usable, loopback", "ms", first, "usable", baseline)
        yield row("second load, usable, loopback", "ms", second, "usable", baseline)
        yield row("first load, usable, 10 Mbit/s and 40 ms", "ms", slow, "usable", baseline)
        yield row("first load, usable, 1.6 Mbit/s and 150 ms", "ms", slower, "usable", baseline)


def _loads(
    url: str, name: str, *, count: int, line: dict[str, Any] | None = None, before: str = ""
) -> list[Load]:
    """Return `count` successive loads in a new browser profile; each page runs the script `before` first."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=list(CHROMIUM),
            viewport=DEVICES["phone"],
            locale="fr-FR",
        )
        browser.add_init_script(before)
        loads = [_load(browser, url, name, line) for _ in range(count)]
        browser.close()
        return loads


def _load(browser: BrowserContext, url: str, name: str, line: dict[str, Any] | None) -> Load:
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
    if line:
        devtools.send("Network.emulateNetworkConditions", line)
    page.add_init_script(_USABLE.replace("NAME", json.dumps(name)))
    page.goto(url, wait_until="commit", timeout=PATIENCE * 1000)
    deadline = time.monotonic() + PATIENCE
    while (usable := page.evaluate("window.usable")) is None:
        assert time.monotonic() < deadline, f"{url} is not usable after {PATIENCE:.0f} s"
        page.wait_for_timeout(50)
    page.wait_for_timeout(500)  # later requests, such as a picture, belong to the load too
    page.close()
    return Load(float(usable), received[0], len(asked))
