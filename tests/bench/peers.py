"""Click to the new list in the browser, beside the same screen in plain Flet, NiceGUI and Streamlit.

It runs only if it is named: it installs the peers into `build/peers`, outside of the locked dependencies. The
screens of the peers show the content of `plain_purchases.py`; each draws all purchases of a period.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Error, Page

from tests.bench.figures import Row, interleaved
from tests.bench.month_switch import HOME, browser, clicks, opened_plain, signed_in, visit
from tests.bench.plain_purchases import FILTERS, TALLEST, TOTALS, button_of, money, purchases
from tests.bench.served import PERIODS, SIZES, month_of, plain, serving, text_of
from tests.bench.served import button_of as our_button
from tests.harness.ports import free_port, listens

TITLE = "9. Beside other frameworks"
ON_REQUEST = True
PEERS = ("nicegui==3.18.0", "streamlit==1.67.0")
ENVIRONMENT = Path(__file__).parents[2] / "build" / "peers"
ROUNDS = 8
FEW = 2
"""Rounds of a peer with 10,000 purchases."""
STARTED = 60.0


def run() -> Iterator[Row]:
    python = environment()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as app, browser() as chromium:
        folder = Path(name)
        ours = signed_in(visit(chromium).new_page(), app.url)
        for size in sorted(set(SIZES)):
            away = SIZES.index(size)
            rounds = ROUNDS if size <= 500 else FEW
            content = folder / "content.json"
            content.write_text(json.dumps(described(size)), "utf-8")
            for peer in ("plain Flet", "NiceGUI", "Streamlit"):
                with started(peer, python, size, content) as url:
                    page = visit(chromium).new_page()
                    switch = clicks(ours, our_button, HOME, away)
                    try:
                        theirs = clicks(opened(page, url, peer), button_of, HOME, away)
                        samples, baseline = interleaved(switch, theirs, rounds=rounds)
                    except Error:  # the list did not appear in time
                        samples, baseline = (switch(),), ()
                    page.context.close()
                yield Row(
                    name=f"click to the new list in the browser, {size:,} in the period",
                    unit="ms",
                    samples=samples,
                    baseline=peer if baseline else "",
                    baseline_samples=baseline,
                    at_most_times=(1.0 if peer == "plain Flet" else 0.4) if baseline else None,
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
def started(peer: str, python: Path, size: int, content: Path) -> Iterator[str]:
    """Serve the screen of a peer."""
    if peer == "plain Flet":
        with plain(size, content.parent) as app:
            yield app.url
    elif peer == "NiceGUI":
        with program(python, "peer_nicegui.py", str(content), "{port}") as url:
            yield url
    else:
        options = ("--server.headless=true", "--server.port={port}", "--browser.gatherUsageStats=false")
        streamlit = python.with_name("streamlit")
        with program(streamlit, "run", "peer_streamlit.py", *options, "--", str(content)) as url:
            yield url


@contextmanager
def program(command: Path, *options: str) -> Iterator[str]:
    """Run a peer on a free port, `{port}` in its options."""
    port = free_port()
    with ExitStack() as stack:
        process = subprocess.Popen(
            [str(command), *(option.format(port=port) for option in options)],
            cwd=Path(__file__).parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        deadline = time.monotonic() + STARTED
        while not listens(port):
            assert process.poll() is None, options
            assert time.monotonic() < deadline, options
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


def opened(page: Page, url: str, peer: str) -> Page:
    """Open the screen of a peer."""
    if peer == "plain Flet":
        return opened_plain(page, url)
    page.goto(url)
    page.get_by_text(text_of(0, 0), exact=False).first.wait_for(timeout=120_000)
    return page
