"""Builds the fonts of this folder from Inter. To change them: `python assets/fonts/build_fonts.py`.

For developers only (needs `pip install fonttools fontpkg-inter==4.1.post1`); the app ships the results.
Flet cannot switch on a font feature, so the tabular digits become the ordinary ones here: amounts align.
Two stay variable in weight (400-700), which Flutter drives by `FontWeight` on every platform since 3.41; PDF
knows no variable fonts, so documents have two of one weight each.
"""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

HERE = Path(__file__).parent
FONTS = {"InterTab-VF.ttf": 14, "InterDisplay-VF.ttf": 32}  # file to optical size
WEIGHTS = (400, 700)
DOCUMENT_FONTS = {"InterTab-Regular.ttf": 400, "InterTab-Bold.ttf": 700}  # file to weight of the first above
CHARACTERS = [
    *[*range(0x20, 0x7F), *range(0xA0, 0x180)],  # Basic Latin, Latin-1, Latin Extended-A (œ, Œ, Ÿ)
    *[0x2007, 0x2009, 0x200A, 0x200B, 0x202F],  # spaces: figure, thin, hair, zero, narrow no-break
    *[*range(0x2010, 0x2015), 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2022, 0x2026],
    *[0x2030, 0x2032, 0x2033, 0x2039, 0x203A, 0x20AC, 0x2122, *range(0x2190, 0x2194)],
    *[0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x2713],  # − ≈ ≠ ≤ ≥ ✓
]
MISSING = 0x25A1
"""Box that a document shows for a character without a glyph; the app's own text has fallback fonts."""
FEATURES = ["kern", "liga", "calt", "ccmp", "locl", "mark", "mkmk"]


def freeze_tabular_digits(font: TTFont) -> None:
    """Points the ten digits of the character map to the glyphs of the `tnum` feature."""
    substitutions: dict[str, str] = {}
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for subtable in table.LookupList.Lookup[index].SubTable:
                    substitutions.update(getattr(subtable, "ExtSubTable", subtable).mapping)
    tabular = {ord(digit): substitutions[font.getBestCmap()[ord(digit)]] for digit in "0123456789"}
    for characters in font["cmap"].tables:
        characters.cmap.update(tabular)


def build(source: bytes, optical_size: int, characters: list[int]) -> TTFont:
    """Return the subset of `source` at one optical size, its weight still variable."""
    font = TTFont(io.BytesIO(source), recalcTimestamp=False)
    freeze_tabular_digits(font)
    subsetter = Subsetter(Options(layout_features=FEATURES, hinting=False, name_IDs=["*"]))
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    smaller = io.BytesIO()
    font.save(smaller)  # the instancer fails on a font that was subset in memory
    smaller.seek(0)
    return instantiateVariableFont(
        TTFont(smaller, recalcTimestamp=False), {"opsz": optical_size, "wght": WEIGHTS}
    )


def main() -> None:
    """Writes the fonts, and the licence they come with."""
    package = files("fontpkg_inter")
    source = (package / "files" / "Inter[opsz,wght].ttf").read_bytes()
    for name, optical_size in FONTS.items():
        build(source, optical_size, CHARACTERS).save(HERE / name)
    for name, weight in DOCUMENT_FONTS.items():
        variable = build(source, next(iter(FONTS.values())), [*CHARACTERS, MISSING])
        instantiateVariableFont(variable, {"wght": weight}).save(HERE / name)
    (HERE / "OFL.txt").write_text((package / "LICENSE").read_text(encoding="utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
