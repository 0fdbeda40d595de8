"""Builds `noto/`, the fonts that the web client asks for when its own lack a character. To rebuild them:
`python assets/assets/fonts/build_fallback_fonts.py`.

For developers only (needs `npm`, and `pip install fonttools brotli babel fontpkg-noto-sans==2.15`); the app
ships the results. Flutter knows which Noto font holds which character, and splits the large ones into parts.
A file here is called as Flutter calls it, without version and hash: `notosansarabic`, `notosansjp.119`.

Left out to keep the folder under 5 MB: ideographs outside level 1 of GB 2312 and of JIS X 0208, except those
in the names of countries, languages and cities; the color of emoji; scripts without living readers. Left out
too are the parts of East Asian fonts that Flutter does not choose for those characters.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from babel import Locale
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped] # carries no types
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # nor this
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-untyped] # nor this

FOLDER = Path(__file__).parent / "noto"
VERSION = "5.3.0"
"""Of the packages `@fontsource/noto-…`."""
SCRIPTS = (
    *("arabic", "armenian", "bengali", "devanagari", "ethiopic"),
    *("georgian", "gujarati", "gurmukhi", "hebrew", "javanese", "kannada", "khmer", "lao", "malayalam"),
    *("myanmar", "nko", "oriya", "sinhala", "syriac", "tamil", "telugu", "thaana", "thai"),
    "tifinagh",
)
"""Each is the part of its name in the package of its name."""
PARTS = {"noto-sans-symbols": "symbols", "noto-sans-symbols-2": "symbols", "noto-sans-math": "latin"}
"""The part of other packages that is used. Flutter prefers their emoji to those of the emoji font."""
EAST_ASIAN = ("sc", "jp", "kr", "tc", "hk")
"""By Flutter's preference, for a browser in French or English."""
COMMON = {"gb2312": b"\xd8", "shift_jis": b"\x98\x73", "euc_kr": b"\xca"}
"""National character sets, each with the first code of its rare ideographs."""
NAMES_IN = ("ja", "ko", "zh_Hans")
EMOJI, COLOR_EMOJI = "noto-emoji", "notocoloremoji"
"""Drawn from the first, in one color: the second weighs 10 MB."""


def characters_wanted() -> set[int]:
    """Return the East Asian characters that are kept."""
    wanted = {ord(character) for text in names() for character in text}
    for codepoint in [*range(0x2E80, 0xD800), *range(0xF900, 0x10000)]:
        for encoding, rare in COMMON.items():
            if b"" < chr(codepoint).encode(encoding, "ignore") < rare:
                wanted.add(codepoint)
    return {codepoint for codepoint in wanted if codepoint >= 0x2E80}


def names() -> Iterator[str]:
    """Yield names in East Asian languages, as examples of texts that mix characters."""
    for tag in NAMES_IN:
        locale = Locale.parse(tag)
        for several in (locale.territories, locale.languages, locale.currencies, locale.scripts):
            yield from several.values()
        yield from (zone["city"] for zone in locale.time_zones.values() if "city" in zone)


def parts_of(package: Path) -> Iterator[tuple[str, set[int]]]:
    """Yield the parts of a package and their characters."""
    css = (package / "400.css").read_text(encoding="utf-8")
    name = re.escape(package.name)
    for found in re.finditer(
        rf"files/{name}-([\w-]+)-400-normal\.woff2\).*?unicode-range: ([^;]+);", css, re.S
    ):
        part, ranges = found.groups()
        bounds = (one.strip().removeprefix("U+").split("-") for one in ranges.split(","))
        yield (
            part,
            {point for bound in bounds for point in range(int(bound[0], 16), int(bound[-1], 16) + 1)},
        )


def chosen(parts: dict[tuple[str, str], set[int]], text: set[int]) -> Iterator[tuple[str, str]]:
    """Yield the parts that Flutter chooses for `text`: what covers most, by `EAST_ASIAN` when equal."""
    missing = set(text)
    while missing:
        best = max(parts, key=lambda part: len(parts[part] & missing))  # of equals, `max` returns the first
        if not parts[best] & missing:
            return
        yield best
        missing -= parts[best]


def write(font: TTFont, name: str, kept: set[int] | None = None) -> None:
    """Write a font, cut down to the characters of `kept` if given."""
    if kept is not None:
        subsetter = Subsetter(Options(hinting=False, notdef_outline=True, drop_tables=["MATH", "meta"]))
        subsetter.populate(unicodes=kept.intersection(font.getBestCmap()))
        subsetter.subset(font)
    font.flavor = "woff2"
    font.save(FOLDER / f"{name}.woff2")


def load(package: Path, part: str) -> TTFont:
    """Return the font of a part of a package."""
    return TTFont(package / "files" / f"{package.name}-{part}-400-normal.woff2", recalcTimestamp=False)


def build(packages: Path) -> None:
    """Write every font."""
    source = files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf"
    with source.open("rb") as file:
        latin = instantiateVariableFont(TTFont(file, recalcTimestamp=False), {"wdth": 100, "wght": 400})
        write(latin, "notosans", set(latin.getBestCmap()))
    for script in SCRIPTS:
        package = packages / f"noto-sans-{script}"
        write(load(package, script), _name(package))
    for folder, part in PARTS.items():
        font = load(packages / folder, part)
        write(font, _name(packages / folder), set(font.getBestCmap()))
    for part, _ in parts_of(packages / EMOJI):
        write(load(packages / EMOJI, part), f"{COLOR_EMOJI}.{part}")
    build_east_asian(packages)


def build_east_asian(packages: Path) -> None:
    """Write the parts of the East Asian fonts that Flutter chooses for the characters that are kept."""
    wanted = characters_wanted()
    parts = {
        (family, part): characters
        for family in EAST_ASIAN
        for part, characters in parts_of(packages / f"noto-sans-{family}")
        if part.isdigit()  # the others are Latin and Cyrillic, which `notosans` holds
    }
    used = {
        part
        for text in [*({point} for point in wanted), *(set(map(ord, name)) & wanted for name in names())]
        for part in chosen(parts, text)
    }
    for family, part in sorted(used):
        write(load(packages / f"noto-sans-{family}", part), f"notosans{family}.{part}", wanted)


def _name(package: Path) -> str:
    return package.name.replace("-", "")


def main() -> None:
    """Write the fonts and their license."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    wanted = [*(f"noto-sans-{name}" for name in (*SCRIPTS, *EAST_ASIAN)), *PARTS, EMOJI]
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--silent", "--no-save", "--prefix", folder]
        subprocess.run([*command, *(f"@fontsource/{name}@{VERSION}" for name in wanted)], check=True)  # noqa: S603
        packages = Path(folder) / "node_modules" / "@fontsource"
        build(packages)
        license_text = (packages / EMOJI / "LICENSE").read_text(encoding="utf-8")
    (FOLDER / "OFL.txt").write_text(license_text, encoding="utf-8")


if __name__ == "__main__":
    main()
