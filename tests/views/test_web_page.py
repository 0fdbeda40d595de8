"""The page of the web client in a real browser: it boots under its policy, speaks to its server alone, and
describes itself to assistive technology without being asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import flet as ft
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from views.ui.theme import Layout, flet_theme, palette, typography
from views.web import address_of, listen, web_app

ASSETS = Path(__file__).parent.parent.parent / "assets"
RIVE = "https://cdn.jsdelivr.net/npm/@rive-app/flutter-native-wasm@44.0.0/wasm/rive_native.js"
"""What the 1.0.5 client asks for although `no_cdn` is set; the policy refuses it before it leaves."""
FIRST_LOAD = 90_000
"""Milliseconds: Flutter is compiled and drawn in software here."""
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)


async def small_app(page: ft.Page) -> None:
    """One amount and one button, in the app's look."""
    page.title = "Essai"
    page.theme, page.dark_theme = (flet_theme(palette(dark), Layout.S) for dark in (False, True))
    page.add(ft.Text("1 234,56 €", style=typography(Layout.S).amount_hero), ft.FilledButton("Continuer"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the small app is served, with the assets that are shipped."""
    with listen("127.0.0.1", 0) as listening:
        config = uvicorn.Config(web_app(small_app, ASSETS), log_level="error", ws="websockets-sansio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield address_of(listening)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield launched
        launched.close()


@pytest.mark.parametrize(
    ("locale", "language", "loading", "phone"),
    [("fr-FR", "fr", "Chargement…", False), ("de-DE", "en", "Loading…", True)],
)
def test_the_page_boots_alone_and_describes_itself(
    browser: Browser, address: str, locale: str, language: str, loading: str, phone: bool
) -> None:
    context = browser.new_context(
        locale=locale, user_agent=PHONE if phone else None, is_mobile=phone, has_touch=phone
    )
    page = context.new_page()
    asked: list[str] = []
    refused: list[str | None] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: refused.append(request.failure))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(
        "window.violations = [];"
        "addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI))"
    )

    if phone:  # Flutter's way of telling a phone
        page.add_init_script("Object.defineProperty(navigator, 'platform', {value: 'iPhone'})")

    page.add_init_script(  # the loading page may be gone before anybody looks
        "addEventListener('DOMContentLoaded', () => {"
        "const said = document.querySelector('#loading').innerText.trim();"
        "window.loading = [said, document.documentElement.lang]})"
    )
    page.goto(f"{address}/anywhere", wait_until="domcontentloaded")
    assert page.evaluate("loading") == [loading, language]

    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    assert page.locator("#loading").count() == 0
    assert page.evaluate("violations") == [RIVE]
    assert {url for url in asked if not url.startswith((address, f"blob:{address}"))} <= {RIVE}
    assert set(refused) <= {"csp"}
    assert errors == []
    paths = [urlsplit(url).path for url in asked if url.startswith(f"{address}/")]
    fonts = {path.rpartition("/")[2] for path in paths if path.endswith((".ttf", ".otf", ".woff2"))}
    assert fonts == {"InterTab-VF.woff2", "InterDisplay-VF.woff2", "MaterialIcons.woff2"}
    by_name = {path for path in paths if not path.startswith(("/client-", "/app-"))}
    assert {path for path in by_name if "." in path} <= {"/manifest.json"}  # the others are kept for good
    context.close()
