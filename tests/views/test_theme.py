"""Theme: contrast of texts and icons in both themes and brands, layouts, typography."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import flet as ft
import pytest

from views.kit import theme
from views.kit.brand import CONSO_ET_MOI, Accent, Brand
from views.kit.theme import Layout, Palette, flet_theme, palette, typography

VIEWS = Path(theme.__file__).parent.parent
COLOUR = re.compile(r"#(?:[0-9A-F]{2})?[0-9A-F]{6}")
LITERAL = re.compile(r"#[0-9A-Fa-f]{6}|\bColors\.(?!TRANSPARENT\b)\w+")

TEXT, SIGN = 4.5, 3.0  # WCAG 2.2: 1.4.3 (text), 1.4.11 (signs and controls)
ENHANCED = {TEXT: 7.0, SIGN: 4.5}  # in high contrast: 1.4.6 (text)
GROUNDS = ("bg_primary", "bg_canvas", "surface_card", "surface_sheet", "surface_sunken")
STATUSES = ("positive", "negative", "warning", "info")
PAIRS = [
    *(("content_default", ground, TEXT) for ground in GROUNDS),
    *(("content_muted", ground, TEXT) for ground in GROUNDS),
    *(("border_focus", ground, SIGN) for ground in GROUNDS),
    *(("border_control", ground, SIGN) for ground in GROUNDS),
    *((status, "surface_card", TEXT) for status in STATUSES),
    *(("content_default", f"{status}_bg", TEXT) for status in STATUSES),
    *((status, f"{status}_bg", SIGN) for status in STATUSES),
    ("content_default", "accent_bg", TEXT),
    ("content_inverse", "surface_inverse", TEXT),
    ("on_hero", "surface_hero", TEXT),
    ("on_hero_muted", "surface_hero", TEXT),
    ("on_brand", "brand_surface", TEXT),
    ("on_brand", "action_pressed", TEXT),
    ("on_action", "action", TEXT),
    ("on_action", "action_hover", TEXT),
    ("on_action", "action_negative", TEXT),
    ("on_action", "action_negative_hover", TEXT),
    ("action_negative", "surface_card", TEXT),
    ("action_negative", "surface_sheet", TEXT),
    ("accent", "surface_card", SIGN),
    ("accent", "bg_canvas", SIGN),
    ("switch_on", "surface_card", SIGN),
    ("switch_off", "surface_card", SIGN),
    ("chart_selected", "surface_card", SIGN),
    ("chart_bar", "surface_card", SIGN),
    ("focus_fill", "surface_card", SIGN),
    ("focus_fill", "bg_canvas", SIGN),
    ("focus_fill", "surface_sheet", SIGN),
]

BLUE = Brand(
    product_name=CONSO_ET_MOI.product_name,
    mark=CONSO_ET_MOI.mark,
    light=Accent(surface="#0073B2", on_surface="#FFFFFF", mark="#0073B2", tint="#EEF9FF"),
    dark=Accent(surface="#8AD5FF", on_surface="#000000", mark="#8AD5FF", tint="#0A3851"),
    legal_fr=CONSO_ET_MOI.legal_fr,
    legal_en=CONSO_ET_MOI.legal_en,
)
"""Another brand, without orange."""


def channels(colour: str) -> tuple[float, float, float, float]:
    """Return alpha, red, green and blue of `#RRGGBB` or `#AARRGGBB`, from 0 to 1."""
    digits = colour.removeprefix("#").rjust(8, "F")
    alpha, red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4, 6))
    return alpha, red, green, blue


def over(front: str, back: str) -> str:
    """Return the opaque color of `front` blended over the opaque `back`."""
    alpha, *rgb = channels(front)
    mixed = (alpha * f + (1 - alpha) * b for f, b in zip(rgb, channels(back)[1:], strict=True))
    return "#" + "".join(f"{round(channel * 255):02X}" for channel in mixed)


def luminance(colour: str) -> float:
    """Return the relative luminance of an opaque color (WCAG 2.2)."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    _, red, green, blue = channels(colour)
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(front: str, back: str) -> float:
    """Return the contrast ratio of `front` on the opaque `back`, from 1 to 21."""
    lighter, darker = sorted((luminance(over(front, back)), luminance(back)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture(params=[CONSO_ET_MOI, BLUE], ids=["orange", "blue"])
def brand(request: pytest.FixtureRequest) -> Brand:
    assert isinstance(request.param, Brand)
    return request.param


@pytest.fixture(params=["light", "dark", "light contrast", "dark contrast"])
def colours(request: pytest.FixtureRequest, brand: Brand) -> Palette:
    return palette("dark" in request.param, brand, contrast="contrast" in request.param)


def values(colours: Palette) -> dict[str, str]:
    """Return the colors of the palette by token."""
    return {name: value for name, value in dataclasses.asdict(colours).items() if isinstance(value, str)}


def strings(node: object) -> Iterator[str]:
    """Yield every string in a Flet value, at any depth."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif dataclasses.is_dataclass(node):
        for field in dataclasses.fields(node):
            yield from strings(getattr(node, field.name))


def test_contrast_computation_matches_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#8C4300", "#FFFFFF") == pytest.approx(7.2, abs=0.01)
    assert over("#80000000", "#FFFFFF") == "#7F7F7F"


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_color_pair_has_its_required_contrast(colours: Palette, front: str, back: str, least: float) -> None:
    tokens = values(colours)
    assert contrast(tokens[front], tokens[back]) >= least


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [*PAIRS, *((edge, ground, SIGN) for edge in ("border_hairline", "accent") for ground in GROUNDS)],
)
def test_color_pair_in_high_contrast_has_its_enhanced_contrast(
    brand: Brand, dark: bool, front: str, back: str, least: float
) -> None:
    tokens = values(palette(dark, brand, contrast=True))
    # The focus fill covers a text: no gray has 4.5:1 to the ground and 7:1 to the text.
    needed = least if front == "focus_fill" else ENHANCED[least]
    assert contrast(tokens[front], tokens[back]) >= needed


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_sheets_in_high_contrast_have_a_visible_edge(dark: bool) -> None:
    colours = palette(dark, contrast=True)
    assert contrast(colours.border_sheet, colours.surface_sheet) >= ENHANCED[TEXT]
    made = flet_theme(colours, Layout.S)
    for themed in (made.dialog_theme, made.bottom_sheet_theme):
        assert themed is not None
        assert isinstance(themed.shape, ft.RoundedRectangleBorder)
        assert themed.shape.side is not None
        assert themed.shape.side.color == colours.border_sheet


@pytest.mark.parametrize(
    ("state", "ground"),
    [
        *[(state, ground) for state in ("state_hover", "state_pressed", "state_focus") for ground in GROUNDS],
        ("focus_fill", "surface_card"),  # the background of chips
    ],
)
def test_text_contrast_holds_under_state_layers(colours: Palette, state: str, ground: str) -> None:
    tokens = values(colours)
    assert contrast(colours.content_default, over(tokens[state], tokens[ground])) >= TEXT


def test_palette_tokens_are_all_colors(colours: Palette) -> None:
    tokens = values(colours)
    assert len(tokens) == len(dataclasses.fields(Palette)) - 1  # all but `dark`
    assert [name for name, value in tokens.items() if not COLOUR.fullmatch(value)] == []


def test_brand_changes_only_accent_tokens() -> None:
    for dark in (False, True):
        orange, blue = values(palette(dark, CONSO_ET_MOI)), values(palette(dark, BLUE))
        changed = {name for name in orange if orange[name] != blue[name]}
        assert changed <= {
            *("brand_surface", "on_brand", "accent", "accent_bg"),
            *("action_pressed", "chart_selected"),
        }
        assert {"brand_surface", "accent", "chart_selected"} <= changed


def test_legal_line_is_in_the_language_of_the_locale(brand: Brand) -> None:
    assert brand.legal_line("fr-FR").startswith("Application indépendante.")
    assert brand.legal_line("en").startswith("Independent application.")


@pytest.mark.parametrize("layout", Layout)
def test_theme_uses_only_colors_of_the_palette(colours: Palette, layout: Layout) -> None:
    made = flet_theme(colours, layout)
    used = {text for text in strings(made) if text.startswith("#")}
    assert len(used) > 10
    assert used <= set(values(colours).values())
    assert made.color_scheme_seed is None
    assert made.text_theme is not None
    assert all(style.color == colours.content_default for style in vars_of(made.text_theme))


def vars_of(styles: ft.TextTheme) -> list[ft.TextStyle]:
    """Return the fifteen styles of a text theme, all set: Flutter's defaults are black."""
    found = [getattr(styles, field.name) for field in dataclasses.fields(styles)]
    assert all(isinstance(style, ft.TextStyle) for style in found)
    return found


def test_buttons_have_a_focus_ring(colours: Palette) -> None:
    made = flet_theme(colours, Layout.S)
    themes = (
        made.filled_button_theme,
        made.outlined_button_theme,
        made.text_button_theme,
        made.icon_button_theme,
        made.segmented_button_theme,
    )
    styles = [themed.style for themed in themes if themed is not None]
    assert len(styles) == len(themes)
    own = [theme.negative_button(colours), theme.row_button(colours)]
    for style in [*styles, *own]:
        assert style is not None
        assert isinstance(style.side, dict)
        ring = style.side[ft.ControlState.FOCUSED]
        assert (ring.width, ring.color) == (2, colours.border_focus)


def test_reduced_motion_disables_page_transitions() -> None:
    transitions = flet_theme(palette(False), Layout.S, reduced_motion=True).page_transitions
    platforms = [getattr(transitions, field.name) for field in dataclasses.fields(transitions)]
    assert set(platforms) == {ft.PageTransitionTheme.NONE}


@pytest.mark.parametrize(
    ("width", "layout"),
    [
        (None, Layout.S),
        *[(0, Layout.XS), (320, Layout.XS), (359.9, Layout.XS), (360, Layout.S), (599.9, Layout.S)],
        *[(600, Layout.M), (839, Layout.M), (840, Layout.L), (1199, Layout.L), (1200, Layout.XL)],
    ],
)
def test_layout_is_determined_by_the_width(width: float | None, layout: Layout) -> None:
    assert Layout.of(width) is layout


def test_layouts_have_their_rail_panes_and_margins() -> None:
    assert [layout for layout in Layout if layout.rail] == [Layout.M, Layout.L, Layout.XL]
    assert [layout for layout in Layout if layout.wide] == [Layout.L, Layout.XL]
    assert [layout for layout in Layout if layout.extended_rail] == [Layout.XL]
    assert [layout.margin for layout in Layout] == [16, 16, 24, 24, 24]


@pytest.mark.parametrize("layout", Layout)
def test_typography_has_a_minimum_size_and_shipped_fonts(layout: Layout) -> None:
    styles = dataclasses.asdict(typography(layout))
    for role in styles:
        style = getattr(typography(layout), role)
        assert style.size is not None
        assert style.size >= 12
        assert style.height is not None
        assert round(style.size * style.height) % 4 == 0  # lines keep the 4 px rhythm
        assert style.font_family in theme.fonts()
        assert style.color is None


def test_color_literals_are_only_in_theme_and_brand() -> None:
    own = {VIEWS / "kit" / "theme.py", VIEWS / "kit" / "brand.py"}
    sources = {file: file.read_text(encoding="utf-8") for file in VIEWS.rglob("*.py")}
    assert own <= set(sources)
    assert all(LITERAL.search(sources[file]) for file in own)
    faults = {
        str(file.relative_to(VIEWS)): LITERAL.findall(text)
        for file, text in sources.items()
        if file not in own and LITERAL.search(text)
    }
    assert faults == {}
