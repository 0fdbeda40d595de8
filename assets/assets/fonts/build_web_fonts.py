"""Builds the fonts of this folder, those of the web client. To change them, or to use another icon:
`python assets/assets/fonts/build_web_fonts.py`.

For developers only (needs `pip install fonttools brotli`); the app ships the results. Flutter loads every
font of `FontManifest.json` before its first frame, so they hold what is drawn and nothing else: the text
fonts of `assets/fonts`, compressed, and of Flutter's 8,600 icons those that the code names or that Flutter's
own controls draw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import flet_web
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped] # carries no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # nor this

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
TEXT_FONTS = ("InterTab-VF", "InterDisplay-VF")
ICON_FONT = HERE / "MaterialIcons.woff2"
OF_FLUTTER = {
    *("ARROW_BACK", "ARROW_BACK_IOS_NEW_ROUNDED", "ARROW_DROP_DOWN", "ARROW_DROP_UP", "CANCEL", "CHECK"),
    *("CHEVRON_LEFT", "CHEVRON_RIGHT", "CLEAR", "CLOSE", "DONE", "EXPAND_LESS", "EXPAND_MORE", "MENU"),
    *("MORE_HORIZ", "MORE_VERT", "SEARCH", "WARNING"),
}
"""Drawn by Flutter's controls (back, close, menus, chips), which name no icon in Python."""


def icons_in_use() -> set[str]:
    """The names in `ft.Icons` of every icon that may be drawn."""
    sources = [ROOT / "main.py", *(ROOT / "views").rglob("*.py")]
    named = (re.findall(r"\bIcons\.([A-Z][A-Z0-9_]*)", file.read_text("utf-8")) for file in sources)
    return OF_FLUTTER.union(*named)


def codepoints(font: TTFont, icons: set[str]) -> Iterator[int]:
    """Where the icon font has these icons: a filled icon's glyph is called `name_baseline`."""
    wanted = {icon.lower() for icon in icons}
    for codepoint, glyph in font.getBestCmap().items():
        if glyph.removesuffix("_baseline") in wanted:
            yield codepoint


def main() -> None:
    """Writes the fonts."""
    packaged = Path(flet_web.get_package_web_dir()) / "assets" / "fonts" / "MaterialIcons-Regular.otf"
    icons = TTFont(packaged, recalcTimestamp=False)
    subsetter = Subsetter(Options(glyph_names=True, notdef_outline=True))  # a test reads the names
    subsetter.populate(unicodes=codepoints(icons, icons_in_use()))
    subsetter.subset(icons)
    icons.flavor = "woff2"
    icons.save(ICON_FONT)
    for name in TEXT_FONTS:
        text = TTFont(ROOT / "assets" / "fonts" / f"{name}.ttf", recalcTimestamp=False)
        text.flavor = "woff2"
        text.save(HERE / f"{name}.woff2")


if __name__ == "__main__":
    main()
