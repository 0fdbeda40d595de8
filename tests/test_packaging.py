"""Settings in `[tool.flet]` for flet-cli, which packages the app for phones and desktops."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_repository import ROOT, committed
from views.web.demo.__main__ import OURS

READ_BY_THE_TEMPLATE = {
    "android.manifest_application.*": "android/app/src/main/AndroidManifest.xml",
    "android.min_sdk_version": "android/app/build.gradle.kts",
}
"""Keys that flet-cli hands on unread, and the file of its template `flet-build-template` that reads each."""
OPEN_TABLES = {"android.permission", "ios.info"}
"""Tables whose keys are names of Android's and of Apple's."""
PLATFORM = "(?:android|ios|linux|macos|web|windows)"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FLET: dict[str, Any] = PROJECT["tool"]["flet"]


def keys(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of a table, without those inside an open one."""
    for name, value in table.items():
        if isinstance(value, dict) and prefix + name not in OPEN_TABLES:
            yield from keys(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def read_by_flet_cli() -> re.Pattern[str]:
    """Return a pattern of the keys that the installed flet-cli names in its source."""
    found = importlib.util.find_spec("flet_cli")
    assert found is not None
    assert found.submodule_search_locations
    source = "\n".join(
        file.read_text("utf-8") for file in Path(found.submodule_search_locations[0]).rglob("*.py")
    )
    named = re.findall(r'get_pyproject\(\s*f?"tool\.flet\.([^"]+)"', source)
    named += (
        f"{{config_platform}}.{name}" for name in re.findall(r'get_platform_setting\(\s*"([^"]+)"', source)
    )
    named += re.findall(r'get_platform_setting\(\s*"([^"]+)"', source)
    named += (f"splash.{name}" for name in re.findall(r'color\(\s*[\w.]+,\s*"(\w+)"', source))
    patterns = {
        re.escape(re.sub(r"\{(self\.)?config_platform\}", "PLATFORM", name)).replace("PLATFORM", PLATFORM)
        for name in (*named, *READ_BY_THE_TEMPLATE)
    }
    return re.compile("|".join(one.replace(r"\*", r"\w+") for one in patterns if r"\{" not in one))


@pytest.mark.parametrize("key", sorted(keys(FLET)))
def test_key_of_the_packaging_is_read_by_flet_cli_or_its_template(key: str) -> None:
    assert read_by_flet_cli().fullmatch(key)


@pytest.mark.parametrize("key", ["splash.colour", "android.min_sdk", "app.excludes", "bundle", "ios.plist"])
def test_key_that_nobody_reads_is_found(key: str) -> None:
    assert not read_by_flet_cli().fullmatch(key)


def test_assets_of_the_packaging_are_there() -> None:
    """flet-cli takes them by their names; without one it takes its own."""
    for name in ("icon.png", "splash.png"):
        assert (ROOT / "assets" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_files_left_out_of_packages_exist() -> None:
    files = {file.relative_to(ROOT).as_posix() for file in committed()}
    made = {"build"}
    for name in set(FLET["app"]["exclude"]) - made:
        assert any(file == name or file.startswith(f"{name}/") for file in files), name


def test_phones_get_the_secure_storage_that_the_tests_know() -> None:
    (tested,) = (one for one in PROJECT["dependency-groups"]["dev"] if one.startswith("flet-secure-storage"))
    assert FLET["android"]["dependencies"] == FLET["ios"]["dependencies"] == [tested]


def test_browser_demo_holds_every_asset_that_the_code_reads() -> None:
    sources = (file.read_text("utf-8") for file in sorted((ROOT / "views").rglob("*.py")))
    read = {name for text in sources for name in re.findall(r'\basset\("([\w.]+)"', text)}
    assert {"legal.toml", "letters.toml", "locales"} <= read
    assert {name for name in read if not any(own.startswith(f"assets/{name}") for own in OURS)} == set()
