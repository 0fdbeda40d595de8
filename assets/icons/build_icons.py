"""Draws every PNG icon from `mark.svg`. To change them: `python assets/icons/build_icons.py`.

For developers only (needs Playwright and a Chromium); the app ships the results.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ASSETS = HERE.parent

# file: (side in px, part of the side taken by the mark, whole square painted)
ICONS = {
    ASSETS / "favicon.png": (64, 1.0, False),
    ASSETS / "icon.png": (1024, 1.0, True),
    ASSETS / "splash.png": (768, 0.5, False),
    HERE / "icon-192.png": (192, 1.0, False),
    HERE / "icon-512.png": (512, 1.0, False),
    HERE / "icon-maskable-192.png": (192, 0.9, True),
    HERE / "icon-maskable-512.png": (512, 0.9, True),
    HERE / "apple-touch-icon-192.png": (192, 1.0, True),
}


def main() -> None:
    """Writes the icons beside the mark."""
    mark = (HERE / "mark.svg").read_text(encoding="utf-8")
    corner = mark.split('rx="')[1].split('"')[0]
    ground = mark.split('fill="')[1].split('"')[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"]
        )
        for file, (side, part, whole) in ICONS.items():
            drawing = mark.replace(f'rx="{corner}"', 'rx="0"') if whole else mark
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(
                f"<style>body{{margin:0;display:grid;place-items:center;height:100vh;"
                f"background:{ground if whole else 'transparent'}}}"
                f"svg{{width:{part * 100}%}}</style>{drawing}"
            )
            page.screenshot(path=file, omit_background=not whole)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
