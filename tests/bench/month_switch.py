"""Change of the period: from the click to the list, in a browser and on the wire, beside plain Flet.

On the wire, the client times a click and the message with the last drawn row. In the browser, the page times
a click and the frame in which the first row can be read. All periods were shown before. The baseline is the
same screen in plain Flet (`plain_purchases.py`), which draws all purchases of a period. With many of them it
is measured less often, and for `LIMIT` seconds at most. Messages are compressed, as browsers ask for.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, TimeoutError, sync_playwright

from tests.bench import plain_purchases
from tests.bench.figures import Row, interleaved, interleaved_async
from tests.bench.load import WINDOW, Person
from tests.bench.served import (
    ONE_THREAD,
    PERIODS,
    SIZES,
    button_of,
    plain,
    processor_time,
    serving,
    sign_in,
    text_of,
)
from tests.e2e.browser import enter, open_app, see, tap
from tests.e2e.conftest import CHROMIUM, DEVICES
from tests.harness.tree import Control
from tests.nightly.endurance.processes import Program
from tests.services.sandbox.many import OWNER
from tests.services.sandbox.visitor import PASSWORD

TITLE = "3. Another period"
COUNTED = "tests.bench.counted"
ROUNDS = 30
BATCHES = 5
LAPS = 4
"""Times that a batch goes through all periods; processor time is counted in hundredths of a second."""
CLICKS = 15
"""Rounds of switches in the browser."""
MANY = 500
"""Rows from which the baseline is measured apart, and less often."""
LIMIT = 30.0
"""Seconds after which a list in the browser is given up."""
QUIET = 0.15
"""Seconds without a message after which an action is over."""
FULL = 50
"""Rows of the baseline that draws the whole period."""
HOME = 1
"""Number of the period from which the browser goes to the others."""

Switch = Callable[[], Awaitable[float]]


def run() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from asyncio.run(_counts(folder))
        with serving(folder) as ours:
            with plain(WINDOW, folder) as window, plain(FULL, folder) as full:
                yield from asyncio.run(_on_the_wire(folder, ours, window, full))
            yield from _in_browser(folder, ours.url)


async def _counts(folder: Path) -> list[Row]:
    """Return the controls made and the functions called by the server, which the load does not change."""

    async def counted(program: Program, client: Clocked, switches: int) -> dict[str, float]:
        async with AsyncExitStack() as stack:
            switch = await opened(stack, client)
            before = await program.holdings()
            for _ in range(switches):
                await switch()
            after = await program.holdings()
        return {what: round((after[what] - before[what]) / switches) for what in before}

    with serving(folder, "--of", "main", module=COUNTED) as app:
        ours = await counted(app, app_client(app), len(PERIODS))
    rows = []
    for size in sorted(size for size in set(SIZES) if size <= MANY):  # counting slows 10,000 rows to minutes
        with plain(size, folder, module=COUNTED) as program:
            theirs = await counted(program, plain_client(program, size), switches_of(size))
        goals = {"controls": 80} if size == WINDOW else {}
        rows += [
            Row(
                name=f"{name} of a switch, server",
                unit="",
                samples=(ours[what],),
                baseline=f"plain Flet, {size:,} rows",
                baseline_samples=(theirs[what],),
                at_most=goals.get(what),
            )
            for what, name in (("controls", "controls made"), ("calls", "Python functions called"))
        ]
    return rows


def switches_of(rows: int) -> int:
    """Return how many switches of the baseline are enough for a mean; with many rows one takes seconds."""
    return len(PERIODS) if rows <= MANY else 1


async def _on_the_wire(folder: Path, ours: Program, window: Program, full: Program) -> list[Row]:
    async with AsyncExitStack() as stack:
        clients = (app_client(ours), plain_client(window), plain_client(full, FULL))
        switches = [await opened(stack, client) for client in clients]
        times = await interleaved_async(*switches, rounds=ROUNDS)
        sizes = [await _bytes(client, switch) for client, switch in zip(clients, switches, strict=True)]
        programs = (ours, window, full)
        works = [_work(one.process.pid, switch) for one, switch in zip(programs, switches, strict=True)]
        used = await interleaved_async(*works, rounds=BATCHES, warm_up=0)
    baselines = {WINDOW: (used[1], sizes[1]), FULL: (used[2], sizes[2])}
    for many in sorted(size for size in set(SIZES) if size >= MANY):
        with plain(many, folder) as program:
            baselines[many] = await _of_many(program, many)
    rows = [
        Row(
            name=f"click to the {WINDOW} rows a window holds, on the wire",
            unit="ms",
            samples=times[0],
            baseline=f"plain Flet, {WINDOW} rows",
            baseline_samples=times[1],
        )
    ]
    rows += [
        Row(
            name="processor time of a switch, server",
            unit="ms",
            samples=used[0],
            baseline=f"plain Flet, {size:,} rows",
            baseline_samples=theirs,
            at_most_times={WINDOW: 1.2, FULL: 0.45}.get(size),
        )
        for size, (theirs, _) in baselines.items()
    ]
    rows += [
        Row(
            name="bytes of a switch, compressed, over six periods",
            unit="B",
            samples=(sizes[0],),
            baseline=f"plain Flet, {size:,} rows",
            baseline_samples=(theirs,),
            at_most=1_200 if size == WINDOW else None,
        )
        for size, (_, theirs) in baselines.items()
    ]
    return rows


async def _of_many(program: Program, rows: int) -> tuple[tuple[float, ...], float]:
    """Return the processor time in milliseconds and the bytes of a switch to a period of many rows."""
    used, came, count_ = [], 0.0, switches_of(rows)
    async with AsyncExitStack() as stack:
        client = plain_client(program, rows)
        switch = await opened(stack, client)
        for _ in range(count_):
            before, received = processor_time(program.process.pid), client.bytes_in
            await switch()
            used.append((processor_time(program.process.pid) - before) * 1000)
            came += client.bytes_in - received
    return tuple(used), came / count_


class Clocked(Person):
    """Client that goes from period to period, and notes when the last message came."""

    def __init__(self, address: str, *, route: str = "/", own: bool = False, last: int = WINDOW - 1) -> None:
        super().__init__(address, route=route)
        self.own = own
        """Whether the client signs in to the app; the baseline has no sign-in."""
        self.last = last
        """Rank of the last drawn row."""
        self.last_at = 0.0

    def bar(self, period: int) -> Control:
        """Return the button of a period."""
        return self.named(button_of(period) if self.own else f"period-{PERIODS[period].bill_month}")[0]

    async def quiet(self) -> None:
        """Wait until nothing more comes."""
        while (still := self.last_at + QUIET - time.perf_counter()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(still)

    async def _receive(self, frame: bytes) -> None:
        self.last_at = time.perf_counter()
        await super()._receive(frame)


def app_client(app: Program) -> Clocked:
    return Clocked(app.url, route="/achats", own=True)


def plain_client(app: Program, rows: int = WINDOW) -> Clocked:
    return Clocked(app.url, last=rows - 1)


async def opened(stack: AsyncExitStack, client: Clocked) -> Switch:
    """Connect and show every period once; return the switch to the next period in milliseconds."""
    await stack.enter_async_context(client)
    if client.own:
        await sign_in(client)
    await client.see(text_of(0, client.last))
    periods = count(1)

    async def switch() -> float:
        period = next(periods) % len(PERIODS)
        target = client.bar(period)
        elapsed = await client.awaits(text_of(period, client.last), client.fire(target, "click"))
        await client.quiet()
        return elapsed

    for _ in range(switches_of(client.last)):
        await switch()
    return switch


async def _bytes(client: Clocked, switch: Switch) -> float:
    before = client.bytes_in
    for _ in PERIODS:
        await switch()
    return (client.bytes_in - before) / len(PERIODS)


def _work(process: int, switch: Switch) -> Switch:
    async def batch() -> float:
        before = processor_time(process)
        for _ in range(LAPS * len(PERIODS)):
            await switch()
        return (processor_time(process) - before) / (LAPS * len(PERIODS)) * 1000

    return batch


# From the click to the first frame in which the text can be read; goes through open shadow roots.
SWITCH = """async ([button, text]) => {
  const find = (root, fits) => {
    for (const element of root.querySelectorAll('*')) {
      const found = element.shadowRoot ? find(element.shadowRoot, fits) : fits(element) ? element : null;
      if (found) return found;
    }
    return null;
  };
  const plain = (element) =>
    (element.getAttribute('aria-label') ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const reads = (element) =>
    (element.matches('flt-semantics') || (!element.children.length && element.checkVisibility()))
    && plain(element).includes(text);
  const target = find(document, (element) =>
    element.matches('button, [role=button]') && plain(element).startsWith(button));
  if (!target) throw new Error(`no button ${button}`);
  const began = performance.now();
  target.click();
  while (!find(document, reads)) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


# Whether a text can be read, once the semantics are on.
SHOWN = """(text) => {
  document.querySelector('flt-semantics-placeholder')?.click();
  const find = (root) => [...root.querySelectorAll('*')].some((element) =>
    element.shadowRoot ? find(element.shadowRoot)
      : (element.getAttribute('aria-label') ?? element.textContent ?? '').includes(text));
  return find(document);
}"""


def _in_browser(folder: Path, ours: str) -> list[Row]:
    rows: list[Row] = []
    by_size: dict[int, tuple[float, ...]] = {}
    with browser() as chromium:
        app = signed_in(visit(chromium).new_page(), ours)
        for size in sorted(set(SIZES)):
            switch = clicks(app, button_of, HOME, SIZES.index(size))
            for before in ("", ONE_THREAD) if size == FULL else ("",):
                with plain(size, folder) as beside:
                    row = compared(switch, chromium, beside.url, size, before)
                by_size.setdefault(size, row.samples)
                rows.append(row)
        rows.append(
            Row(
                name=f"from {FULL} to {max(SIZES):,} purchases",
                unit="ms",
                samples=by_size[max(SIZES)],
                baseline=f"{FULL} in the period",
                baseline_samples=by_size[FULL],
                at_most_times=1.1,
            )
        )
    return rows


def compared(switch: Callable[[], float], chromium: Browser, url: str, size: int, before: str) -> Row:
    """Return a switch beside plain Flet's; `before` is a script run in its page before it loads."""
    context = visit(chromium)
    context.add_init_script(before)

    def theirs() -> Callable[[], float]:
        page = opened_plain(context.new_page(), url)
        return clicks(page, plain_purchases.button_of, HOME, 0)

    samples, baseline, unfinished = in_turns(switch, theirs, size)
    context.close()
    return Row(
        name=f"click to the new list in the browser, {size:,} in the period",
        unit="ms",
        samples=samples,
        baseline=f"plain Flet, {size:,} rows" + (", on one thread" if before else ""),
        baseline_samples=baseline,
        unfinished=unfinished,
        at_most_times=None if before else 1.0,
    )


def in_turns(
    switch: Callable[[], float], opening: Callable[[], Callable[[], float]], size: int, rounds: int = CLICKS
) -> tuple[tuple[float, ...], tuple[float, ...], bool]:
    """Return the samples of the app, those of its baseline, and whether the baseline exceeded `LIMIT`."""
    try:
        samples, baseline = interleaved(switch, opening(), rounds=rounds if size <= MANY else 1)
    except TimeoutError:
        (samples,) = interleaved(switch, rounds=rounds)
        return samples, (LIMIT * 1000,), True
    return samples, baseline, False


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    program = shutil.which("chromium")
    assert program is not None, "the browser is not installed: see tests/setup.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield chromium
        chromium.close()


def visit(chromium: Browser) -> BrowserContext:
    """Return a new profile on a phone."""
    return chromium.new_context(viewport=DEVICES["phone"], locale="fr-FR", timezone_id="Europe/Paris")


def signed_in(page: Page, url: str) -> Page:
    """Open the app and sign in to its purchases."""
    app = open_app(page, f"{url}/achats")
    enter(app, "Identifiant", OWNER)
    tap(app, "Continuer")
    enter(app, "Mot de passe", PASSWORD)
    tap(app, "Se connecter")
    see(app, text_of(0, 0))
    return app


def opened_plain(page: Page, url: str) -> Page:
    """Open the baseline; raise playwright's `TimeoutError` after `LIMIT` seconds."""
    page.goto(url, timeout=LIMIT * 1000)
    page.wait_for_function(SHOWN, arg=text_of(0, 0), timeout=LIMIT * 1000)
    return page


def clicks(page: Page, button: Callable[[int], str], home: int, away: int) -> Callable[[], float]:
    """Return the switch from the period `home` to the period `away` in milliseconds."""

    def show(period: int) -> float:
        page.bring_to_front()  # a browser draws no other page
        # Unlike `evaluate`, it ends even if the page no longer reacts.
        found = page.wait_for_function(SWITCH, arg=[button(period), text_of(period, 0)], timeout=LIMIT * 1000)
        elapsed: float = found.json_value()
        page.wait_for_timeout(QUIET * 2000)
        return elapsed

    def switch() -> float:
        show(home)
        return show(away)

    return switch
