"""Change of the period in the browser, beside the same screen in NiceGUI and Streamlit.

It runs only if it is named: it installs the peers into `build/peers`, outside of the locked dependencies. The
screens of the peers show the content of `plain_purchases.py`; each draws all purchases of a period. Bytes are
those of the WebSocket's messages before compression. The memory of a session is the growth of the server with
each further page. `month_switch` compares with plain Flet.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.bench.figures import Row
from tests.bench.month_switch import HOME, LIMIT, MANY, browser, clicks, in_turns, signed_in, visit
from tests.bench.plain_purchases import FILTERS, TALLEST, TOTALS, button_of, money, purchases
from tests.bench.served import (
    PERIODS,
    SIZES,
    memory,
    month_of,
    processor_time,
    serving,
    text_of,
)
from tests.bench.served import button_of as our_button
from tests.harness.ports import free_port, listens

TITLE = "9. Beside other frameworks"
ON_REQUEST = True
PEERS = ("nicegui==3.18.0", "streamlit==1.67.0")
ENVIRONMENT = Path(__file__).parents[2] / "build" / "peers"
ROUNDS = 8
SESSIONS = 3
"""Further pages for the memory of a session."""
STARTED = 60.0


@dataclass
class Screen:
    """One program's screen in a page, and what came to the page."""

    process: int
    open: Callable[[Page], Page]
    button: Callable[[int], str]
    received: int = 0

    def page(self, chromium: Browser) -> Page:
        """Open the screen in a new profile, and count the messages that it receives."""
        page = visit(chromium).new_page()
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        return self.open(page)

    def _count(self, message: bytes | str) -> None:
        self.received += len(message)

    def work(self, switch: Callable[[], float]) -> tuple[float, float]:
        """Return the processor time in milliseconds and the bytes of a switch; `switch` does two of them."""
        before, received = processor_time(self.process), self.received
        for _ in range(ROUNDS):
            switch()
        used = (processor_time(self.process) - before) * 1000
        return used / (2 * ROUNDS), (self.received - received) / (2 * ROUNDS)

    def session(self, chromium: Browser) -> float:
        """Return the kilobytes of a session."""
        pages = [self.page(chromium)]
        before = memory(self.process)
        pages += [self.page(chromium) for _ in range(SESSIONS)]
        pages[0].wait_for_timeout(500)
        grown = memory(self.process) - before
        for page in pages:
            page.context.close()
        return grown / SESSIONS / 1e3


def run() -> Iterator[Row]:
    python = environment()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as app, browser() as chromium:
        ours = Screen(app.process.pid, lambda page: signed_in(page, app.url), our_button)
        page = ours.page(chromium)
        held = ours.session(chromium)
        for size in sorted(set(SIZES)):
            switch = clicks(page, our_button, HOME, SIZES.index(size))
            content = Path(name, "content.json")
            content.write_text(json.dumps(described(size)), "utf-8")
            for peer in ("NiceGUI", "Streamlit"):
                with started(peer, python, content) as theirs:
                    yield from _beside(chromium, peer, size, (ours, switch, held), theirs)


def _beside(
    chromium: Browser,
    peer: str,
    size: int,
    app: tuple[Screen, Callable[[], float], float],
    theirs: Screen,
) -> Iterator[Row]:
    """Yield the figures of the app beside those of one peer."""
    ours, switch, held = app
    opened: list[Callable[[], float]] = []

    def opening() -> Callable[[], float]:
        opened.append(clicks(theirs.page(chromium), button_of, HOME, 0))
        return opened[0]

    samples, baseline, unfinished = in_turns(switch, opening, size, ROUNDS)
    yield Row(
        name=f"click to the new list in the browser, {size:,} in the period",
        unit="ms",
        samples=samples,
        baseline=peer,
        baseline_samples=baseline,
        unfinished=unfinished,
        at_most_times=0.4,
    )
    if size > MANY:  # a switch of the peer takes too long to repeat it
        return
    figures = (*zip(ours.work(switch), theirs.work(opened[0]), strict=True), (held, theirs.session(chromium)))
    names = ("processor time of a switch", "bytes of a switch, uncompressed", "memory of a session")
    for name, unit, figure in zip(names, ("ms", "B", "kB"), figures, strict=True):
        yield Row(
            name=f"{name}, {size:,} in the period",
            unit=unit,
            samples=(figure[0],),
            baseline=peer,
            baseline_samples=(figure[1],),
        )


def environment() -> Path:
    """Install the peers if needed; return their Python."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=True)
        (ENVIRONMENT / "ready").touch()
    return python


def described(size: int) -> dict[str, object]:
    """Return the content of the screen, with `size` purchases in each period."""

    def rows(period: int) -> Iterator[dict[str, str]]:
        day = ""
        for one in purchases(period, size):
            today = f"{one.at:%d/%m/%Y}"
            tag = "Abonnement" if one.subscription else ""
            about = f"{one.at:%H:%M} · Presse"
            yield {
                "day": today if today != day else "",
                "title": one.title,
                "about": about,
                "tag": tag,
                "amount": one.amount,
            }
            day = today

    return {
        "filters": FILTERS,
        "periods": [
            {
                "state": "En cours" if not number else "Facturé",
                "total": money(TOTALS[number]),
                "line": f"50 achats · du {period.start:%d/%m} au {period.end:%d/%m}",
                "bill": f"Sur votre facture de {month_of(number)}",
                "month": month_of(number)[:4],
                "height": TALLEST * TOTALS[number] / max(TOTALS),
                "rows": list(rows(number)),
            }
            for number, period in enumerate(PERIODS)
        ],
    }


@contextmanager
def started(peer: str, python: Path, content: Path) -> Iterator[Screen]:
    """Serve the screen of a peer."""
    if peer == "NiceGUI":
        command = [str(python), "peer_nicegui.py", str(content), "{port}"]
    else:
        options = ("--server.headless=true", "--server.port={port}", "--browser.gatherUsageStats=false")
        command = [str(python.with_name("streamlit")), "run", "peer_streamlit.py", *options]
        command += ["--", str(content)]
    port = free_port()
    with ExitStack() as stack:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=Path(__file__).parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        deadline = time.monotonic() + STARTED
        while not listens(port):
            assert process.poll() is None, command
            assert time.monotonic() < deadline, command
            time.sleep(0.1)

        def opened(page: Page) -> Page:
            page.goto(f"http://127.0.0.1:{port}", timeout=LIMIT * 1000)
            shown = page.get_by_text(text_of(0, 0), exact=False).locator("visible=true").first
            shown.wait_for(timeout=LIMIT * 1000)
            return page

        yield Screen(process.pid, opened, button_of)
