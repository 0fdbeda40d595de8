"""Program that draws the pictures of `docs/screenshots/` again: `python -m tests.e2e.screenshots [FOLDER]`.

Files are named `<screen>-<phone|tablet|desktop>-<light|dark>-<fr|en>.png` and weigh less than 200 kB. The
sandbox's clock stands still, so that two runs draw the same. Only the demonstration's picture shows the
embedded backend, with the dates of the day.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import enter, field, open_app, see, see_heading, tap, texts, until
from tests.e2e.conftest import CHROMIUM, DEVICES, LOCALES, NOW
from tests.e2e.test_journeys import EN, FR, PASSWORD, Said, begin, contract, see_rows, unmistakable
from tests.harness.processes import ROOT, Server

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 200_000
"""Bytes of a picture."""
ENGLISH = (("phone", False), ("desktop", True))
"""The devices, light or dark, drawn in English too."""
FURTHER = {
    "manage": ("/gerer", {"fr": "Gérer internet+", "en": "Manage internet+"}),
    "help": ("/aide", {"fr": "Aide et avis", "en": "Help and feedback"}),
    "settings": ("/reglages", {"fr": "Réglages", "en": "Settings"}),
}
"""Screens that have an address of their own, and their first headings."""


@contextmanager
def served() -> Iterator[tuple[Server, Server]]:
    """Serve the app on a sandbox whose clock stands still, and the app on its embedded backend."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def start(name: str, module: tuple[str, ...], *options: str) -> Server:
            return stack.enter_context(Server.python(*module, *options, log=folder / f"{name}.log"))

        database = f"sqlite:///{folder / 'sandbox.sqlite3'}"
        sandbox = start("sandbox", ("-m", "services.sandbox"), "--database", database, "--now", NOW)
        app = start("app", ("main.py",), "--web", "--backend", sandbox.url)
        yield app, start("demo", ("main.py",), "--web")


def save(page: Page, file: Path) -> None:
    """Take the picture once nothing moves any more, in as few colours as make it light enough."""
    shots: list[bytes] = []
    page.mouse.move(0, 0)  # no control looks hovered

    def still() -> bool:
        shots.append(page.screenshot())
        return len(shots) > 2 and shots[-1] == shots[-2] == shots[-3]

    until(page, still, "the screen keeps moving")
    file.write_bytes(shots[-1])
    for colours in (256, 128, 64):
        if file.stat().st_size < LARGEST:
            return
        with Image.open(file) as picture:
            reduced = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
        reduced.save(file, optimize=True)
    raise AssertionError(f"{file.name} weighs {file.stat().st_size} bytes")


@contextmanager
def tab(browser: Browser, device: str, locale: str, dark: bool) -> Iterator[Page]:
    """Open a tab of a device in a language, light or dark."""
    context = browser.new_context(
        viewport=DEVICES[device],
        locale=LOCALES[locale],
        timezone_id="Europe/Paris",
        color_scheme="dark" if dark else "light",
    )
    yield context.new_page()
    context.close()


def walk(page: Page, url: str, said: Said, folder: Path, suffix: str) -> None:
    """Go through the path and keep a picture of each screen."""
    open_app(page, url)
    see_heading(page, said.sign_in)
    save(page, folder / f"login-{suffix}.png")
    begin(page, said, "camille@demo.example")
    save(page, folder / f"password-{suffix}.png")
    enter(page, said.password, PASSWORD)
    tap(page, said.submit)
    see_heading(page, f"{said.hello} Camille")
    see(page, said.details)
    until(page, lambda: "probabl" in " ".join(texts(page)), "no forecast")  # its notices come with it
    save(page, folder / f"home-{suffix}.png")
    tap(page, contract(page, said))
    see_heading(page, said.usage)
    see(page, said.details)
    save(page, folder / f"usage-{suffix}.png")
    tap(page, said.details)
    see_heading(page, said.purchases)
    see_rows(page)
    save(page, folder / f"purchases-{suffix}.png")
    tap(page, unmistakable(page))
    see(page, said.reference)
    save(page, folder / f"purchase-{suffix}.png")
    for name, (path, headings) in FURTHER.items():
        open_app(page, f"{url}{path}")
        see_heading(page, headings[suffix[-2:]])
        save(page, folder / f"{name}-{suffix}.png")


def main() -> None:
    """Draw every picture into the folder named on the command line, else into `docs/screenshots/`."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium")
    if program is None:
        sys.exit("The pictures are taken with Chromium: install chromium.")
    with served() as (app, demo), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        variants = [(device, dark, "fr") for device, dark in product(DEVICES, (False, True))]
        for device, dark, locale in [*variants, *((*one, "en") for one in ENGLISH)]:
            suffix = f"{device}-{'dark' if dark else 'light'}-{locale}"
            with tab(browser, device, locale, dark) as page:
                walk(page, app.url, FR if locale == "fr" else EN, folder, suffix)
        with tab(browser, "desktop", "fr", dark=False) as page:
            open_app(page, f"{demo.url}/achats")
            see_heading(page, FR.sign_in)
            field(page, FR.identifier).wait_for()
            tap(page, "Découvrir la démonstration")
            see_rows(page)
            save(page, folder / "demo-desktop-light-fr.png")
        browser.close()


if __name__ == "__main__":
    main()
