"""Baseline: an empty Flet app, compressed and served like the app: one button, without text or text fonts.

python -m tests.bench.empty_app --port P
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import flet as ft

from tests.bench.bare_counter import BUTTON
from views.core.text import asset
from views.web.app import address_of, listen, serve, web_app

FONTS = ("InterTab-VF.woff2", "InterDisplay-VF.woff2")


async def start(page: ft.Page) -> None:
    page.add(ft.IconButton(ft.Icon(ft.Icons.CHECK, semantics_label=BUTTON)))


def copy_assets(folder: Path) -> None:
    """Copy the files that every packed app needs, without the text fonts."""
    for name in ("index.html", "boot.js", "manifest.json", "favicon.png", "icon.png"):
        shutil.copy(asset(name), folder)
    shutil.copytree(asset("icons"), folder / "icons")
    page = folder / "index.html"
    lines = page.read_text("utf-8").splitlines(keepends=True)
    page.write_text("".join(line for line in lines if not any(font in line for font in FONTS)), "utf-8")
    own = folder / "assets"
    shutil.copytree(asset("assets"), own, ignore=shutil.ignore_patterns(*FONTS))
    manifest = json.loads((own / "FontManifest.json").read_text("utf-8"))
    (own / "FontManifest.json").write_text(json.dumps(manifest[:1]), "utf-8")


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    listening = listen("127.0.0.1", parser.parse_args().port)
    with tempfile.TemporaryDirectory() as name:
        copy_assets(Path(name))
        app = web_app(start, Path(name))
        sys.stdout.write(f"{address_of(listening)}\n")
        sys.stdout.flush()
        serve(app, listening)


if __name__ == "__main__":
    main()
