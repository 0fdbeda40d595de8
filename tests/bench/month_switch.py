"""Change of the period: from the click to the list, in a browser and on the wire, beside plain Flet.

On the wire, the client times a click and the message with the last drawn row. In the browser, the page times
a click and the frame in which the first row can be read. All periods were shown before. The baseline is the
same screen in plain Flet (`plain_purchases.py`). Messages are compressed, as browsers ask for.
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

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

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
        with serving(folder) as ours, plain(FULL, folder) as full:
            with plain(WINDOW, folder) as window:
                yield from asyncio.run(_on_the_wire(ours, window, full))
            yield from _in_browser(ours.url, full.url)


async def _counts(folder: Path) -> list[Row]:
    """Return the controls made and the functions called by the server, which the load does not change."""
    made: dict[str, list[float]] = {"controls": [], "calls": []}
    async with AsyncExitStack() as stack:
        ours = stack.enter_context(serving(folder, "--of", "main", module=COUNTED))
        theirs = stack.enter_context(plain(WINDOW, folder, module=COUNTED))
        for program, client in ((ours, app_client(ours)), (theirs, plain_client(theirs))):
            switch = await opened(stack, client)
            before = await program.holdings()
            for _ in PERIODS:
                await switch()
            after = await program.holdings()
            for what, figures in made.items():
                figures.append((after[what] - before[what]) / len(PERIODS))
    goals = {"controls": 80}
    return [
        Row(
            name=f"{name} of a switch, server",
            unit="",
            samples=(round(made[what][0]),),
            baseline=f"plain Flet, {WINDOW} rows",
            baseline_samples=(round(made[what][1]),),
            at_most=goals.get(what),
        )
        for what, name in (("controls", "controls made"), ("calls", "Python functions called"))
    ]


async def _on_the_wire(ours: Program, window: Program, full: Program) -> list[Row]:
    async with AsyncExitStack() as stack:
        clients = (app_client(ours), plain_client(window), plain_client(full, FULL))
        switches = [await opened(stack, client) for client in clients]
        times = await interleaved_async(*switches, rounds=ROUNDS)
        sizes = [await _bytes(client, switch) for client, switch in zip(clients, switches, strict=True)]
        programs = (ours, window, full)
        works = [_work(one.process.pid, switch) for one, switch in zip(programs, switches, strict=True)]
        used = await interleaved_async(*works, rounds=BATCHES, warm_up=0)
    few, many = f"plain Flet, {WINDOW} rows", f"plain Flet, {FULL} rows"
    return [
        Row(
            name=f"click to the {WINDOW} rows a window holds, on the wire",
            unit="ms",
            samples=times[0],
            baseline=few,
            baseline_samples=times[1],
        ),
        Row(
            name="processor time of a switch, server",
            unit="ms",
            samples=used[0],
            baseline=few,
            baseline_samples=used[1],
            at_most_times=1.2,
        ),
        Row(
            name="the same, beside the whole period",
            unit="ms",
            samples=used[0],
            baseline=many,
            baseline_samples=used[2],
            at_most_times=0.45,
        ),
        Row(
            name="bytes of a switch, compressed, over six periods",
            unit="B",
            samples=(sizes[0],),
            baseline=few,
            baseline_samples=(sizes[1],),
            at_most=1_200,
        ),
    ]


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

    for _ in PERIODS:
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
  while (!find(document, reads)) {
    if (performance.now() - began > 20000) throw new Error(`no ${text}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}"""


def _in_browser(ours: str, full: str) -> list[Row]:
    rows: list[Row] = []
    by_size: dict[int, tuple[float, ...]] = {}
    with browser() as chromium:
        context = visit(chromium)
        app = signed_in(context.new_page(), ours)
        beside = opened_plain(context.new_page(), full)
        theirs = clicks(beside, plain_purchases.button_of, HOME, 0)
        for size in sorted(set(SIZES)):
            switch = clicks(app, button_of, HOME, SIZES.index(size))
            samples, baseline = interleaved(switch, theirs, rounds=ROUNDS, warm_up=3)
            by_size[size] = samples
            rows.append(
                Row(
                    name=f"click to the new list in the browser, {size:,} in the period",
                    unit="ms",
                    samples=samples,
                    baseline=f"plain Flet, {FULL} rows",
                    baseline_samples=baseline,
                    at_most_times=1.0,
                )
            )
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
        context.add_init_script(ONE_THREAD)
        beside = opened_plain(context.new_page(), full)
        samples, baseline = interleaved(
            clicks(app, button_of, HOME, 0),
            clicks(beside, plain_purchases.button_of, HOME, 0),
            rounds=ROUNDS,
            warm_up=3,
        )
        rows.append(
            Row(
                name=f"{FULL} in the period, beside plain Flet drawn on one thread like the app",
                unit="ms",
                samples=samples,
                baseline=f"plain Flet, {FULL} rows, on one thread",
                baseline_samples=baseline,
            )
        )
    return rows


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
    """Open the baseline."""
    page = open_app(page, url)
    see(page, text_of(0, 0))
    return page


def clicks(page: Page, button: Callable[[int], str], home: int, away: int) -> Callable[[], float]:
    """Return the switch from the period `home` to the period `away` in milliseconds."""

    def show(period: int) -> float:
        page.bring_to_front()  # a browser draws no other page
        elapsed: float = page.evaluate(SWITCH, [button(period), text_of(period, 0)])
        page.wait_for_timeout(QUIET * 2000)
        return elapsed

    def switch() -> float:
        show(home)
        return show(away)

    return switch
