"""Shipped assets: fonts with every character, icons, page without foreign hosts."""

from __future__ import annotations

import ast
import json
import re
import struct
from html.parser import HTMLParser
from pathlib import Path

import flet as ft
import pytest
from babel.messages.pofile import read_po
from flet_web import patch_index_html, patch_manifest_json
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # carries no types
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-untyped] # nor this

from assets.assets.fonts import build_web_fonts
from tests.harness.cases import daily
from views.kit import theme
from views.kit.brand import CONSO_ET_MOI

ROOT = Path(__file__).parent.parent.parent
ASSETS = ROOT / "assets"
FONTS = [ASSETS / path.removeprefix("/") for path in theme.fonts().values()]
NEEDED = (
    "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ àâäçéèêëîïôöùûüÿæœ ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸÆŒ"
    "\u00a0\u202f–—’‘“”«»…€£−·•→←✓≥≤×%&@#*+/=()[]{}<>?!.,;:'\"_|~^°²³ªº©®™"
)
OUTSIDE = re.compile(r"(?:https?:|wss?:)?//(?!www\.w3\.org/2000/svg)[\w-]+\.\w+")


def png_size(file: Path) -> tuple[int, int]:
    """Return the width and height in the header of a PNG."""
    header = file.read_bytes()[:24]
    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", header[16:])
    return width, height


# --- Fonts ------------------------------------------------------------------------------------------


@pytest.fixture(params=FONTS, ids=lambda file: file.stem)
def font_file(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


def missing(font_file: Path, characters: str) -> set[str]:
    """Return the characters that the font lacks."""
    known = TTFont(font_file).getBestCmap()
    return {character for character in characters if ord(character) not in known}


def test_fonts_have_every_character_of_french_english_and_amounts(font_file: Path) -> None:
    assert missing(font_file, NEEDED) == set()
    assert missing(font_file, "漢") == {"漢"}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_fonts_have_every_character_of_the_catalogues(font_file: Path, language: str) -> None:
    with (ASSETS / "locales" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        strings = [message.string for message in read_po(file) if message.id]
    text = "".join(string if isinstance(string, str) else "".join(string or ()) for string in strings)
    assert text
    assert missing(font_file, text.replace("\n", "")) == set()


def test_fonts_have_every_character_that_screens_draw(font_file: Path) -> None:
    # A missing character makes every visitor download the fonts of other scripts.
    drawn = [
        node.args[0].value
        for file in (ASSETS.parent / "views").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("Text", "TextSpan", "text")
    ]
    assert "›" in "".join(drawn)
    assert missing(font_file, "".join(drawn)) == set()


@pytest.mark.parametrize("weight", daily([400, 500, 700], 400))
def test_digits_have_one_width_in_every_weight(font_file: Path, weight: int) -> None:
    font = instantiateVariableFont(TTFont(font_file), {"wght": weight})
    glyphs = font.getBestCmap()
    assert len({font["hmtx"][glyphs[ord(digit)]][0] for digit in "0123456789"}) == 1
    assert len({glyphs[ord(digit)] for digit in "0123456789"}) == 10


def test_fonts_are_small_and_have_their_license(font_file: Path) -> None:
    assert font_file.stat().st_size < 100_000
    (weight,) = TTFont(font_file)["fvar"].axes
    assert (weight.axisTag, weight.minValue, weight.maxValue) == ("wght", 400, 700)
    assert "SIL OPEN FONT LICENSE Version 1.1" in (ASSETS / "fonts" / "OFL.txt").read_text(encoding="utf-8")


def test_web_fonts_equal_the_app_fonts_and_are_preloaded() -> None:
    manifest = json.loads((ASSETS / "assets" / "FontManifest.json").read_bytes())
    families = {entry["family"]: entry["fonts"] for entry in manifest}
    assert set(families) == {"MaterialIcons", "Roboto", *theme.fonts()}
    assert families["Roboto"] == families["Inter"]  # otherwise Flutter downloads its fallback font
    for family, path in theme.fonts().items():
        (font,) = families[family]
        compressed, own = TTFont(ASSETS / "assets" / font["asset"]), TTFont(ASSETS / path.removeprefix("/"))
        assert compressed.getBestCmap() == own.getBestCmap()
        assert compressed["hmtx"].metrics == own["hmtx"].metrics
        assert compressed["head"].modified == own["head"].modified


def test_web_icon_font_has_the_used_icons_and_few_others() -> None:
    font = TTFont(build_web_fonts.ICON_FONT)
    glyphs = set(font.getBestCmap().values())
    used = build_web_fonts.icons_in_use()
    assert {"SEARCH_OFF", "RECEIPT_LONG_OUTLINED", "ARROW_BACK"} <= used
    missing = {icon for icon in used if not {icon.lower(), f"{icon.lower()}_baseline"} & glyphs}
    assert missing == set(), "run assets/assets/fonts/build_web_fonts.py"
    assert len(glyphs) <= len(used) + 5
    assert all(hasattr(ft.Icons, icon) for icon in used)


def test_icons_are_used_only_by_their_constant() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "views").rglob("*.py"))
    assert not re.search(r"ft\.CupertinoIcons|getattr\(ft\.Icons|Icons\[|Icons\.random", code)
    assert not re.search(r"""\bicon=["']""", code)


# --- Icons ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("favicon.png", 64),
        ("icon.png", 1024),
        ("splash.png", 768),
        ("icons/icon-192.png", 192),
        ("icons/icon-512.png", 512),
        ("icons/icon-maskable-192.png", 192),
        ("icons/icon-maskable-512.png", 512),
        ("icons/apple-touch-icon-192.png", 192),
    ],
)
def test_icons_have_their_size(name: str, side: int) -> None:
    assert png_size(ASSETS / name) == (side, side)


def test_brand_mark_is_an_svg_without_text_or_links() -> None:
    drawing = (ASSETS / CONSO_ET_MOI.mark.removeprefix("/")).read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert re.search(r"<(text|image|script|style|use)\b|href", drawing) is None


# --- Page -------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Parser of the elements and settings of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.settings = ""
        self._inside = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._inside != "template":
            self.elements.append((tag, dict(attrs)))
        if tag == "template":
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "template":
            self.settings += data

    def every(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such element outside templates."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    """Return `index.html` as patched by a server under a path."""
    file = tmp_path / "index.html"
    file.write_bytes((ASSETS / "index.html").read_bytes())
    patch_index_html(
        str(file),
        base_href="/conso",
        websocket_endpoint_path="/conso/ws",
        app_name="Renamed",
        app_description="Described",
        no_cdn=True,
    )
    return Page(file.read_text(encoding="utf-8"))


def test_page_is_patched_by_the_server(page: Page) -> None:
    source = (ASSETS / "index.html").read_text(encoding="utf-8")
    assert source.count("<!-- fletAppConfig -->") == 1
    assert page.every("base") == [{"href": "/conso/"}]
    assert 'flet.webSocketEndpoint="/conso/ws";' in page.settings
    assert 'flet.canvasKitBaseUrl="/conso/canvaskit/";' in page.settings
    contents = {attributes.get("name"): attributes.get("content") for attributes in page.every("meta")}
    assert contents["description"] == "Described"
    assert contents["apple-mobile-web-app-title"] == "Renamed"


def test_boot_script_reads_every_setting_of_the_server(page: Page) -> None:
    # The expression of boot.js, in Python's spelling: a name, then a JSON value.
    read = re.findall(r"^\s*flet\.(\w+)\s*=\s*(.+);\s*$", page.settings, re.MULTILINE)
    assert len(read) == page.settings.count("flet.")
    assert all(json.loads(value) is not None for _, value in read)
    boot = (ASSETS / "boot.js").read_text(encoding="utf-8")
    assert r"/^\s*flet\.(\w+)\s*=\s*(.+);\s*$/gm" in boot
    assert {name for name, _ in read} <= set(re.findall(r"^  (\w+):", boot, re.MULTILINE))


def test_page_has_no_inline_script_or_handler(page: Page) -> None:
    assert [script.get("src") for script in page.every("script")] == ["boot.js", "flutter_bootstrap.js"]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_page_policy_allows_only_its_origin(page: Page) -> None:
    first = next(
        index
        for index, (tag, attributes) in enumerate(page.elements)
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert {tag for tag, _ in page.elements[:first]} <= {"html", "head", "base", "meta"}
    policy = {
        name: set(sources)
        for name, *sources in map(str.split, str(page.elements[first][1]["content"]).split(";"))
    }
    assert policy["default-src"] == policy["connect-src"] == policy["font-src"] == {"'self'"}
    assert policy["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert policy["object-src"] == policy["frame-src"] == {"'none'"}
    assert policy["base-uri"] == policy["form-action"] == {"'self'"}


@pytest.mark.parametrize(
    "name", ["index.html", "boot.js", "manifest.json", "icons/mark.svg", "assets/FontManifest.json"]
)
def test_assets_name_no_other_host(name: str) -> None:
    assert OUTSIDE.findall((ASSETS / name).read_text(encoding="utf-8")) == []


def test_page_before_the_app_has_texts_in_both_languages(page: Page) -> None:
    source = (ASSETS / "index.html").read_text(encoding="utf-8")
    for sentence in ("Chargement…", "Loading…", "a besoin de JavaScript", "needs JavaScript"):
        assert sentence in source
    assert ("div", {"id": "loading", "role": "status"}) in page.elements
    assert "Flet" not in re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)


def test_page_and_manifest_have_the_brand(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes((ASSETS / "manifest.json").read_bytes())
    patch_manifest_json(str(manifest))
    values = json.loads(manifest.read_bytes())
    assert values["name"] == values["short_name"] == CONSO_ET_MOI.product_name
    assert values["lang"] == "fr"
    assert values["background_color"] == theme.palette(dark=False).bg_canvas
    for icon in values["icons"]:
        file = ASSETS / icon["src"]
        assert file.is_file()
        if file.suffix == ".png":
            assert "x".join(map(str, png_size(file))) == icon["sizes"]
    source = (ASSETS / "index.html").read_text(encoding="utf-8")
    assert f"<title>{CONSO_ET_MOI.product_name}</title>" in source
    for dark in (False, True):
        assert source.count(theme.palette(dark).bg_canvas) == 2  # the browser's bars, the loading page
