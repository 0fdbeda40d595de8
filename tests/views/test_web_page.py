"""Page of the web client in a real browser: content security policy, own server only, semantics."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import flet as ft
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # carries no types
from PIL import Image
from playwright.sync_api import Browser, Page, Response, sync_playwright

from tests.harness.servers import served
from views.kit.theme import Layout, flet_theme, palette, typography
from views.web.app import web_app

ASSETS = Path(__file__).parent.parent.parent / "assets"
RIVE = "https://cdn.jsdelivr.net/npm/@rive-app/flutter-native-wasm@44.0.0/wasm/rive_native.js"
"""URL that the 1.0.5 client requests despite `no_cdn`; the policy blocks the request."""
FIRST_LOAD = 90_000
"""Timeout in milliseconds; long, because Flutter renders in software here."""
NAMES = (
    *("متجر الألعاب", "דפוס", "本屋さくら・ゲーム", "서점 게임", "ร้านหนังสือ", "书店游戏", "Βιβλιοπωλείο"),
    *(
        "Книжный магазин",
        "Їжак",
        "किताबें",
        "Գրքեր",
        "წიგნები",
        "Cinéma 🎬🎮📚❤️👍🏽",
        "Phở Việt",
        "→ ★ ½ ₽ ₿ ½",
    ),
)
"""Merchant names in many scripts."""
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)


async def small_app(page: ft.Page) -> None:
    """Show one amount and one button in the theme of the app."""
    page.title = "Essai"
    page.theme, page.dark_theme = (flet_theme(palette(dark), Layout.S) for dark in (False, True))
    if page.route == "/names":
        page.add(*(ft.Text(name) for name in NAMES))
    page.add(ft.Text("1 234,56 €", style=typography(Layout.S).amount_hero), ft.FilledButton("Continuer"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of the small app, served with the shipped assets."""
    with served(web_app(small_app, ASSETS), web=True) as origin:
        yield origin


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of a French browser without a cache."""
    context = browser.new_context(locale="fr-FR")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("locale", "language", "loading", "phone"),
    [("fr-FR", "fr", "Chargement…", False), ("de-DE", "en", "Loading…", True)],
)
def test_page_boots_from_its_own_server_with_semantics(
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

    if phone:  # Flutter detects a phone by the platform
        page.add_init_script("Object.defineProperty(navigator, 'platform', {value: 'iPhone'})")

    page.add_init_script(  # the loading page may disappear before the test reads it
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
    assert {path for path in by_name if "." in path} <= {
        "/manifest.json"
    }  # the others have versioned addresses
    context.close()


LINE = {"offline": False, "latency": 0, "uploadThroughput": -1}
"""Line without throttling, in the terms of Chromium's DevTools."""
FRENCH = "Conso et moi n’a pas pu se charger.", "Conso et moi a besoin d’une version récente", "Réessayer"
ENGLISH = "Conso et moi could not load.", "Conso et moi needs a recent version", "Try again"


def shown(page: Page) -> str:
    """Return the visible text of the page that precedes the app."""
    return cast(str, page.evaluate("document.querySelector('#loading')?.innerText ?? ''"))


@pytest.mark.parametrize(
    ("missing", "locale", "said"),
    [
        ("main.dart.wasm", "fr-FR", FRENCH),
        pytest.param("skwasm.wasm", "en-GB", ENGLISH, marks=pytest.mark.nightly),
        pytest.param("main.dart.mjs", "fr-FR", FRENCH, marks=pytest.mark.nightly),
        pytest.param("flutter_bootstrap.js", "fr-FR", FRENCH, marks=pytest.mark.nightly),
    ],
)
def test_page_start_without_a_client_file_shows_the_error_and_a_retry(
    browser: Browser, address: str, missing: str, locale: str, said: tuple[str, ...]
) -> None:
    context = browser.new_context(locale=locale)
    page = context.new_page()
    page.route(f"**/{missing}", lambda route: route.fulfill(status=503, body="unavailable"))
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_role("button", name=said[-1]).wait_for(timeout=FIRST_LOAD)
    assert all(sentence in shown(page) for sentence in said)
    page.unroute(f"**/{missing}")
    page.get_by_role("button", name=said[-1]).click()
    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    assert shown(page) == ""
    context.close()


@pytest.mark.parametrize(
    "asked", [{"forced_colors": "active"}, {"contrast": "more"}], ids=["forced colors", "more contrast"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_loading_page_in_high_contrast_shows_its_text_and_its_bar(
    browser: Browser, address: str, asked: dict[str, Any], scheme: Any
) -> None:
    context = browser.new_context(locale="fr-FR", color_scheme=scheme, **asked)
    page = context.new_page()
    page.route("**/main.dart.wasm", lambda _: None)  # never answered
    page.goto(address, wait_until="domcontentloaded")
    page.evaluate("""
        document.querySelector("#loading").dataset.step = "download";
        document.querySelectorAll("#loading progress").forEach((bar) => { bar.value = 50; });
    """)
    style = page.locator("#loading").evaluate(
        "(loading) => [getComputedStyle(loading).color, getComputedStyle(loading).backgroundColor]"
    )
    black_and_white = ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert style == (black_and_white if scheme == "light" else black_and_white[::-1])
    with Image.open(BytesIO(page.locator("#loading progress:visible").screenshot())) as bar:
        filled, empty = (bar.convert("L").getpixel((bar.width * at // 8, bar.height // 2)) for at in (2, 6))
    assert {filled, empty} == {0, 255}
    context.close()


@pytest.mark.nightly
def test_page_start_without_webassembly_names_supported_browsers(page: Page, address: str) -> None:
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_role("button", name="Réessayer").wait_for(timeout=FIRST_LOAD)
    assert FRENCH[1] in shown(page)
    assert "connexion" not in shown(page)


def test_page_start_over_30_seconds_offers_a_retry(page: Page, address: str) -> None:
    page.clock.install()
    page.route("**/main.dart.wasm", lambda _: None)  # never answered
    page.goto(address, wait_until="domcontentloaded")
    assert "Réessayer" not in shown(page)
    page.clock.run_for(30_000)
    assert "plus de temps que prévu" in shown(page)
    assert re.search(r"Chargement…|Téléchargement : \d+ %", shown(page))  # by what has arrived
    assert "Réessayer" in shown(page)


def test_page_start_on_a_slow_line_shows_the_growing_share_of_one_download(page: Page, address: str) -> None:
    devtools = page.context.new_cdp_session(page)
    sizes: dict[str, int] = {}
    paths: dict[str, str] = {}
    received: Counter[str] = Counter()

    def answered(event: dict[str, Any]) -> None:
        paths[event["requestId"]] = path = urlsplit(event["response"]["url"]).path
        sizes[path] = int(event["response"]["headers"]["content-length"])

    def finished(event: dict[str, Any]) -> None:
        received[paths[event["requestId"]]] += int(event["encodedDataLength"])

    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", LINE | {"downloadThroughput": 125_000})
    page.goto(address, wait_until="domcontentloaded")
    bar = page.get_by_role("progressbar", name="Téléchargement")
    bar.wait_for(timeout=FIRST_LOAD)
    grown = "([bar, least, longest]) => new Promise((resolve) => {"
    grown += "setTimeout(() => resolve(bar.value), longest);"
    grown += "setInterval(() => { if (bar.value > least) { resolve(bar.value); } }, 20); })"
    first = page.evaluate(grown, [bar.element_handle(), 0, FIRST_LOAD])
    later = page.evaluate(grown, [bar.element_handle(), first, FIRST_LOAD])
    assert 0 < first < later < 100
    assert re.search(r"Téléchargement : \d+ %", shown(page))

    devtools.send("Network.emulateNetworkConditions", LINE | {"downloadThroughput": -1})
    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    engine = {path for path in sizes if path.endswith(".wasm")}
    assert {path.rpartition("/")[2] for path in engine} == {"main.dart.wasm", "skwasm.wasm"}
    for path in engine:
        assert received[path] < sizes[path] + 10_000, "Flutter and the page do not share one download"


@pytest.mark.nightly
def test_page_start_with_webgl_1_only_uses_the_javascript_engine(page: Page, address: str) -> None:
    page.add_init_script(
        "for (const type of [HTMLCanvasElement, OffscreenCanvas]) {"
        "  const all = type.prototype.getContext;"
        "  type.prototype.getContext = function (kind, ...rest) {"
        "    return kind === 'webgl2' ? null : all.call(this, kind, ...rest);"
        "  };"
        "}"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
    page.goto(address, wait_until="domcontentloaded")
    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    assert "main.dart.js" in asked
    assert "main.dart.wasm" not in asked


@pytest.mark.parametrize(
    "asked",
    [
        "//achats",
        "/achats%FF",
        *(
            pytest.param(address, marks=pytest.mark.nightly)
            for address in (
                "/%2Fachats",
                "/?a=%FF",
                "/a%zz",
                "/?a=%zz",
                "/" + "x" * 5_000,
                "/a%00b",
                "/[",
                "/a:b",
            )
        ),
    ],
)
def test_unusual_address_opens_the_app_in_a_browser(browser: Browser, address: str, asked: str) -> None:
    page = browser.contexts[0].new_page() if browser.contexts else browser.new_context().new_page()
    page.goto(address + asked, wait_until="domcontentloaded")
    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    page.close()


def test_names_in_every_script_use_fonts_of_the_server(page: Page, address: str) -> None:
    answers: list[Response] = []

    def note(answer: Response) -> None:  # Playwright cannot call a built-in method
        answers.append(answer)

    page.on("response", note)
    page.goto(f"{address}/names", wait_until="domcontentloaded")
    page.get_by_role("button", name="Continuer").wait_for(state="attached", timeout=FIRST_LOAD)
    lacking = {ord(character) for name in NAMES for character in name if character not in "\ufe0f"}
    deadline = time.monotonic() + FIRST_LOAD / 1000
    taken = 0
    while lacking:
        assert time.monotonic() < deadline, f"no font for {[chr(codepoint) for codepoint in lacking]}"
        page.wait_for_timeout(50)
        fonts = [answer for answer in answers if answer.url.endswith(".woff2")]
        for answer in fonts[taken:]:
            assert answer.status == 200, answer.url
            lacking -= set(TTFont(BytesIO(answer.body())).getBestCmap())
        taken = len(fonts)
    assert {answer.url for answer in answers if not answer.url.startswith((address, "blob:"))} == set()
