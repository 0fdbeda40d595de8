"""Another period: from the click to its list, in a browser and on the wire, beside bare Flet.

On the wire, the client times a click and the message with the last row that is drawn; in the browser, the
page itself times a click and the frame in which the first row can be read. The periods were looked at before.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.bench import bare_flet
from tests.bench.figures import Row, interleaved, interleaved_async
from tests.bench.load import WINDOW, Person
from tests.bench.served import ONE_THREAD, bare, button_of, processor_time, serving, sign_in, text_of
from tests.e2e.browser import enter, open_app, see, tap
from tests.e2e.conftest import CHROMIUM, DEVICES
from tests.harness.wire import Control
from tests.nightly.endurance.processes import Program
from tests.services.sandbox.many import OWNER
from tests.services.sandbox.visitor import PASSWORD

TITLE = "3. Another period"
ROUNDS = 40
A_BATCH = 20
"""Switches while the processor's time is taken: it is counted in hundredths of a second."""
QUIET = 0.15
"""Seconds without a message after which nothing more comes of a click."""
BARE_ROWS = 50
SIZES = {50: 0, 500: 2, 10_000: 4}
"""Purchases of a period, and the number of the first of the two that have so many."""

Switch = Callable[[], Awaitable[float]]


def run() -> Iterator[Row]:
    """The browser first, then the wire."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as ours:
        with bare(WINDOW, Path(name)) as window:
            yield from asyncio.run(_on_the_wire(ours, window))
        with bare(BARE_ROWS, Path(name)) as fifty:
            yield from _in_browser(ours.url, fifty.url)


async def _on_the_wire(ours: Program, window: Program) -> list[Row]:
    baseline = f"bare Flet, {WINDOW} rows"
    async with Clocked(ours.url, route="/achats") as app, Clocked(window.url) as beside:
        await sign_in(app)
        switches = (
            turns(app, lambda period: app.named(button_of(period))[0], text_of),
            turns(beside, lambda month: beside.controls("Button")[month], bare_flet.text_of),
        )
        samples, bare_samples = await interleaved_async(*switches, rounds=ROUNDS, warm_up=6)
        sizes = [await _bytes(client, switch) for client, switch in zip((app, beside), switches, strict=True)]
        used, bare_used = await interleaved_async(
            _work(ours.process.pid, switches[0]), _work(window.process.pid, switches[1]), rounds=5
        )
    return [
        Row(
            name=f"click to the {WINDOW} rows a window holds, on the wire",
            unit="ms",
            samples=samples,
            baseline=baseline,
            baseline_samples=bare_samples,
            at_most_times=1.2,
        ),
        Row(
            name="processor's time of a switch, server",
            unit="ms",
            samples=used,
            baseline=baseline,
            baseline_samples=bare_used,
        ),
        Row(
            name="bytes of a switch",
            unit="B",
            samples=(sizes[0],),
            baseline=baseline,
            baseline_samples=(sizes[1],),
        ),
    ]


class Clocked(Person):
    """Notes when the last message came."""

    def __init__(self, address: str, *, route: str = "/") -> None:
        super().__init__(address, route=route)
        self.last_at = 0.0

    async def quiet(self) -> None:
        """Wait until nothing more comes."""
        while (still := self.last_at + QUIET - time.perf_counter()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(still)

    async def _receive(self, frame: bytes) -> None:
        self.last_at = time.perf_counter()
        await super()._receive(frame)


def turns(client: Clocked, button: Callable[[int], Control], text: Callable[[int, int], str]) -> Switch:
    """Return what goes to the second period, and back to the first, and tells the seconds of the click."""
    period = 0

    async def switch() -> float:
        nonlocal period
        period = 1 - period
        target = button(period)
        elapsed = await client.awaits(text(period, WINDOW - 1), client.fire(target, "click"))
        await client.quiet()
        return elapsed

    return switch


async def _bytes(client: Clocked, switch: Switch) -> float:
    before = client.bytes_in
    for _ in range(2):
        await switch()
    return (client.bytes_in - before) / 2


def _work(process: int, switch: Switch) -> Switch:
    async def batch() -> float:
        before = processor_time(process)
        for _ in range(A_BATCH):
            await switch()
        return (processor_time(process) - before) / A_BATCH * 1000

    return batch


# From the click to the first frame in which the text can be read; goes through open shadow roots.
_SWITCH = """async ([button, text]) => {
  const find = (root, fits) => {
    for (const element of root.querySelectorAll('*')) {
      const found = element.shadowRoot ? find(element.shadowRoot, fits) : fits(element) ? element : null;
      if (found) return found;
    }
    return null;
  };
  const plain = (element) =>
    (element.getAttribute('aria-label') ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const reads = (element) => element.matches('flt-semantics') && plain(element).includes(text);
  const target = find(document, (element) =>
    element.getAttribute('role') === 'button' && plain(element).startsWith(button));
  if (!target) throw new Error(`no button ${button}`);
  const began = performance.now();
  target.click();
  while (!find(document, reads)) {
    if (performance.now() - began > 20000) throw new Error(`no ${text}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - began;
}"""


def _in_browser(ours: str, fifty: str) -> list[Row]:
    program = shutil.which("chromium")
    assert program is not None, "the browser is not installed: see tests/setup.sh"
    rows: list[Row] = []
    first: tuple[float, ...] = ()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        context = chromium.new_context(viewport=DEVICES["phone"], locale="fr-FR", timezone_id="Europe/Paris")
        app = open_app(context.new_page(), f"{ours}/achats")
        enter(app, "Identifiant", OWNER)
        tap(app, "Continuer")
        enter(app, "Mot de passe", PASSWORD)
        tap(app, "Se connecter")
        see(app, text_of(0, 0))
        beside = open_app(context.new_page(), fifty)
        theirs = _clicks(beside, "Mois {}".format, bare_flet.text_of, 0)
        for size, number in SIZES.items():
            switch = _clicks(app, button_of, text_of, number)
            samples, baseline = interleaved(switch, theirs, rounds=ROUNDS, warm_up=4)
            first = first or samples
            rows.append(
                Row(
                    name=f"click to the new list in the browser, {size:,} in the period",
                    unit="ms",
                    samples=samples,
                    baseline=f"bare Flet, {BARE_ROWS} rows",
                    baseline_samples=baseline,
                    at_most_times=1.0,
                )
            )
            if samples is not first:
                rows.append(
                    Row(
                        name=f"the same, beside {min(SIZES)} in the period",
                        unit="ms",
                        samples=samples,
                        baseline=f"{min(SIZES)} in the period",
                        baseline_samples=first,
                        at_most_times=1.2,
                    )
                )
        rows.insert(1, _drawn_alike(app, context, fifty))
        chromium.close()
    return rows


def _drawn_alike(app: Page, context: BrowserContext, fifty: str) -> Row:
    """The switch beside bare Flet drawn as the app is, on one thread (`views/web/app.py` says why)."""
    context.add_init_script(ONE_THREAD)
    beside = open_app(context.new_page(), fifty)
    switches = (
        _clicks(app, button_of, text_of, 0),
        _clicks(beside, "Mois {}".format, bare_flet.text_of, 0),
    )
    samples, baseline = interleaved(*switches, rounds=ROUNDS, warm_up=4)
    return Row(
        name="the same, beside bare Flet drawn on one thread",
        unit="ms",
        samples=samples,
        baseline=f"bare Flet, {BARE_ROWS} rows, on one thread",
        baseline_samples=baseline,
    )


def _clicks(
    page: Page, button: Callable[[int], str], text: Callable[[int, int], str], number: int
) -> Callable[[], float]:
    """Goes to the period after that number, and back to it."""
    period = number

    def switch() -> float:
        nonlocal period
        period = 2 * number + 1 - period
        page.bring_to_front()  # a browser draws no other page
        elapsed: float = page.evaluate(_SWITCH, [button(period), text(period, 0)])
        page.wait_for_timeout(QUIET * 2000)
        return elapsed

    return switch
