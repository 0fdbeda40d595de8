"""Period of 10,000 purchases, scrolled from the first page to the last: time and memory of each page.

The client reports the height of each drawn page and the scroll position, as a browser does. A sample is the
time from that report to the message with the last row of the page that comes into view.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Row
from tests.bench.load import WINDOW, Person, arrive
from tests.bench.served import SIZES, button_of, memory, serving, text_of
from tests.nightly.endurance.processes import Program
from views.purchases.state import PER_PAGE

TITLE = "3. A long list, scrolled"
PERIOD = 4
PAGES = SIZES[PERIOD] // PER_PAGE
PAGE_HEIGHT, VIEW, HEAD = PER_PAGE * 80.0, 700.0, 300.0
"""Logical pixels of a page of rows, of the viewport, and of the content above the rows."""
EARLY, LATE = slice(5, 45), slice(PAGES - 41, PAGES - 1)
"""Ranges of pages whose samples are compared."""


def run() -> Iterator[Row]:
    """Measure one visitor who scrolls to the end."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as app:
        yield from asyncio.run(_to_the_end(app))


async def _to_the_end(app: Program) -> list[Row]:
    person = await arrive(Person(app.url, route="/achats"))
    took, held = [], []
    try:
        await person.tap(button_of(PERIOD))
        await person.see(text_of(PERIOD, WINDOW - 1))
        for page in range(2, PAGES + 1):
            await _measure(person)
            offset = HEAD + (page - 1) * PAGE_HEIGHT - 2 * VIEW + 1
            took.append(await person.awaits(text_of(PERIOD, page * PER_PAGE - 1), _scroll(person, offset)))
            held.append(memory(app.process.pid) / 1e6)
    finally:
        await person.close()
    return [
        Row(
            name=f"one more page of {PER_PAGE}, near the end of {SIZES[PERIOD]:,}",
            unit="ms",
            samples=tuple(took[LATE]),
            baseline="near the beginning",
            baseline_samples=tuple(took[EARLY]),
            at_most_times=1.2,
        ),
        Row(
            name="memory of the process meanwhile",
            unit="MB",
            samples=tuple(held[LATE]),
            baseline="near the beginning",
            baseline_samples=tuple(held[EARLY]),
            at_most_times=1.1,
        ),
    ]


async def _measure(person: Person) -> None:
    for one in person.nodes("Container"):
        if str(one.get("key", "")).startswith("page-"):
            await person.fire(one, "size_change", {"w": 358.0, "h": PAGE_HEIGHT})


async def _scroll(person: Person, offset: float) -> None:
    (listed,) = person.nodes("Column", on_scroll=True)
    told = {
        "event_type": "update",
        "pixels": offset,
        "min_scroll_extent": 0.0,
        "max_scroll_extent": offset + VIEW,
        "viewport_dimension": VIEW,
        "scroll_delta": 1.0,
    }
    await person.fire(listed, "scroll", told)
