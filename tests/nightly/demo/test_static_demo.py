"""Static demo on a plain file server: the journey, without a request to another host."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.browser import (
    enter,
    open_app,
    plain,
    see,
    see_heading,
    semantics,
    shows,
    tap,
    until,
    wait_for_app,
)
from tests.e2e.conftest import CHROMIUM, DEVICES, Watched
from tests.harness.ports import free_port
from tests.harness.processes import ROOT, Server

HEAVIEST = 18_000_000
"""Bytes of all files, each gzipped."""
SLOW = 180.0
"""Seconds: a busy machine compiles Python and Flutter before the first screen."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the demo for a path below the root and serve its files there; yield its address.

    A missing file is a failure.
    """
    base = "/essais/conso/"
    root = tmp_path_factory.mktemp("demo")
    folder = root / "site" / base.strip("/")
    folder.parent.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [sys.executable, "-m", "views.web.demo", str(folder), "--base", base],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with Server([*command, "--directory", str(root / "site")], root / "log", port):
        yield f"http://127.0.0.1:{port}{base}"
    assert re.findall(r'"GET .*" [45]\d\d .*', (root / "log").read_text("utf-8")) == []
    weight = sum(len(gzip.compress(file.read_bytes())) for file in folder.rglob("*") if file.is_file())
    assert weight <= HEAVIEST
    notices = (folder / "licenses.txt").read_text("utf-8")
    assert [name for name in ("fonttools-", "fpdf2-", "sqlalchemy-") if f"----- {name}" not in notices] == []


@pytest.fixture
def page(served: str) -> Iterator[Page]:
    """Open the demo in a new profile; fail after a request to another host, or an error."""
    program = shutil.which("chromium")
    assert program is not None, "The browser tests need Chromium: see tests/setup.sh"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        context = chromium.new_context(
            viewport=DEVICES["phone"], locale="fr-FR", timezone_id="Europe/Paris", accept_downloads=True
        )
        watched = Watched(context)
        yield open_app(context.new_page(), served)
        faults = watched.faults()
        chromium.close()
    assert faults == []


def rows(page: Page) -> list[str]:
    return [plain(node.name) for node in semantics(page) if re.search(r"\s\d\d:\d\d\s", plain(node.name))]


def starting_with(page: Page, start: str) -> str:
    """Wait for an element whose name begins with `start`; return its name."""
    until(page, lambda: _named(page, start), f"nothing named {start!r}", within=SLOW)
    return _named(page, start)[0]


def _named(page: Page, start: str) -> list[str]:
    return [name for node in semantics(page) if (name := plain(node.name)).startswith(start)]


def test_journey_in_the_browser_alone_works_and_a_reload_starts_over(page: Page) -> None:
    assert shows(page, "Identifiez-vous") or page.locator("#loading").is_visible()
    see_heading(page, "Identifiez-vous", within=SLOW)
    until(page, lambda: not page.locator("#loading").count(), "the app stays behind the loading sentence")
    enter(page, "Identifiant", "camille@demo.example")
    tap(page, "Continuer")
    see_heading(page, "Votre mot de passe", within=SLOW)
    enter(page, "Mot de passe", "Soleil-2026")
    tap(page, "Se connecter")
    see(page, "Bonjour", within=SLOW)
    tap(page, "Voir le détail")
    see_heading(page, "Achats internet+", within=SLOW)
    until(page, lambda: rows(page), "no purchase", within=SLOW)
    before = rows(page)
    bars = [name for name in _named(page, "Facture d") if ", du " in name]
    tap(page, bars[-2])
    until(page, lambda: rows(page) and set(rows(page)) != set(before), "no other period", within=SLOW)

    tap(page, "Exporter")
    with page.expect_download(timeout=SLOW * 1000) as download:
        tap(page, starting_with(page, "Enregistrer"))
    assert (
        "Chez" in download.value.path().read_text("utf-8-sig") or download.value.path().stat().st_size > 200
    )

    tap(page, starting_with(page, "Démonstration"))
    see(page, "recharger la page recommence à zéro", within=SLOW)
    tap(page, starting_with(page, "Gros volume"))
    tap(page, "Montrer ce cas")
    see(page, "10 000 achats", within=SLOW)

    page.reload()
    wait_for_app(page)
    see_heading(page, "Identifiez-vous", within=SLOW)
