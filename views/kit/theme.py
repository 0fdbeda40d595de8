"""Design tokens (colors, type, space) and the Flet themes built from them.

Screens take colors from a `Palette`, text styles from a `Typography` and sizes from the constants. Screens
contain no such literals (`tests/views/test_theme.py` checks). The neutral values come from Orange's
MIT-licensed OUDS code, corrected where they failed WCAG 2.2 AA (see THIRD_PARTY_NOTICES.md).

The file exceeds 250 lines because it is a single table: tokens, then their Flet styles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

import flet as ft

from views.kit.brand import CONSO_ET_MOI, Accent, Brand

TRANSPARENT = ft.Colors.TRANSPARENT

# Space (px): the 4 px scale.
SPACE_2XS, SPACE_XS, SPACE_S, SPACE_M, SPACE_L, SPACE_XL, SPACE_2XL = 4, 8, 12, 16, 24, 32, 40

# Corners (px).
RADIUS_CONTROL, RADIUS_GROUP, RADIUS_CARD, RADIUS_SHEET, RADIUS_PILL = 8, 12, 16, 24, 2000

# Sizes (px).
TARGET = 48
"""Smallest side of a pressable control."""
ROW_HEIGHT = 64
NAVIGATION_BAR_HEIGHT = 72
RAIL_WIDTH, EXTENDED_RAIL_WIDTH = 80, 224
READING_WIDTH = 640
CONTENT_WIDTH_M, CONTENT_WIDTH_XL = 720, 1136
FORM_WIDTH, DIALOG_WIDTH, SNACKBAR_WIDTH = 420, 520, 480
FOCUS_RING = 2

LARGEST_COMPACT = 1.3
"""Largest text factor in places with a fixed size."""

TEXT_FAMILY, DISPLAY_FAMILY = "Inter", "Inter Display"
FONT_FILES = (
    (TEXT_FAMILY, "/fonts/InterTab-VF.ttf"),
    (DISPLAY_FAMILY, "/fonts/InterDisplay-VF.ttf"),
)


def fonts() -> dict[str, str]:
    """Return `page.fonts`: family to file in `assets/`; variable fonts (wght 400-700) with tabular digits."""
    return dict(FONT_FILES)


class Layout(Enum):
    """Width classes; the value is the smallest width of the class, in px."""

    XS = 0
    S = 360
    M = 600
    L = 840
    XL = 1200

    @classmethod
    def of(cls, width: float | None) -> Layout:
        """Return the class of a page `width` px wide; `S` (a phone) if the width is unknown."""
        if width is None:
            return cls.S
        return next(layout for layout in reversed(cls) if width >= layout.value or layout is cls.XS)

    @property
    def least_content(self) -> int:
        """Width in px, without margins, of the narrowest column of cards."""
        return 400 if self.rail else max(self.value, 320) - 2 * self.margin

    @property
    def margin(self) -> int:
        """Page margin in px."""
        return SPACE_L if self.rail else SPACE_M

    @property
    def rail(self) -> bool:
        """Whether navigation is a rail at the start edge, instead of a bar at the bottom."""
        return self.value >= Layout.M.value

    @property
    def wide(self) -> bool:
        """Whether list and detail are side by side, and sheets are dialogs."""
        return self.value >= Layout.L.value

    @property
    def extended_rail(self) -> bool:
        """Whether the rail is 224 px wide, with labels beside the icons."""
        return self is Layout.XL


@dataclass(frozen=True)
class Palette:
    """Colors of one theme, as `#RRGGBB`, or as `#AARRGGBB` if translucent."""

    dark: bool
    bg_primary: str
    bg_canvas: str
    surface_card: str
    surface_sheet: str
    surface_sunken: str
    surface_inverse: str
    surface_hero: str
    on_hero: str
    on_hero_muted: str
    content_default: str
    content_muted: str
    content_disabled: str
    content_inverse: str
    border_hairline: str
    border_default: str
    border_control: str
    border_focus: str
    border_sheet: str
    """Edge of sheets and dialogs, which shows only in high contrast."""
    brand_surface: str
    on_brand: str
    accent: str
    accent_bg: str
    action: str
    on_action: str
    action_hover: str
    action_pressed: str
    action_negative: str
    action_negative_hover: str
    positive: str
    positive_bg: str
    negative: str
    negative_bg: str
    warning: str
    warning_bg: str
    info: str
    info_bg: str
    switch_on: str
    switch_off: str
    chart_selected: str
    chart_bar: str
    skeleton: str
    skeleton_hi: str
    scrim: str
    state_hover: str
    state_pressed: str
    state_focus: str
    focus_fill: str
    """Replacement of the focus ring (3:1) where Flet draws none: chips, switches, checkboxes, navigation."""


def palette(dark: bool, brand: Brand = CONSO_ET_MOI, *, contrast: bool = False) -> Palette:
    """Return the palette of the dark or light theme in the colors of `brand`, or in high contrast."""
    if contrast:
        return _dark_contrast(brand.dark) if dark else _light_contrast(brand.light)
    return _dark(brand.dark) if dark else _light(brand.light)


def _light(accent: Accent) -> Palette:
    return Palette(
        dark=False,
        bg_primary="#FFFFFF",
        bg_canvas="#F4F4F4",
        surface_card="#FFFFFF",
        surface_sheet="#FFFFFF",
        surface_sunken="#F5F5F5",
        surface_inverse="#272727",
        surface_hero="#141414",
        on_hero="#FFFFFF",
        on_hero_muted="#AAAAAA",
        content_default="#000000",
        content_muted="#525252",
        content_disabled="#CCCCCC",
        content_inverse="#FFFFFF",
        border_hairline="#E0E0E0",
        border_default="#CCCCCC",
        border_control="#7A7A7A",
        border_focus="#000000",
        border_sheet="#FFFFFF",
        brand_surface=accent.surface,
        on_brand=accent.on_surface,
        accent=accent.mark,
        accent_bg=accent.tint,
        action="#000000",
        on_action="#FFFFFF",
        action_hover="#525252",
        action_pressed=accent.mark,
        action_negative="#DB0002",
        action_negative_hover="#B20002",
        positive="#138126",
        positive_bg="#E8FCEB",
        negative="#DB0002",
        negative_bg="#FCEBEB",
        warning="#856A00",
        warning_bg="#FFF7D6",
        info="#0073B2",
        info_bg="#EEF9FF",
        switch_on="#138126",
        switch_off="#8F8F8F",
        chart_selected=accent.mark,
        chart_bar="#8F8F8F",
        skeleton="#E0E0E0",
        skeleton_hi="#F4F4F4",
        scrim="#AD000000",
        state_hover="#14000000",
        state_pressed="#1F000000",
        state_focus="#1F000000",
        focus_fill="#73000000",
    )


def _dark(accent: Accent) -> Palette:
    return Palette(
        dark=True,
        bg_primary="#141414",
        bg_canvas="#141414",
        surface_card="#1F1F1F",
        surface_sheet="#272727",
        surface_sunken="#272727",
        surface_inverse="#EEEEEE",
        surface_hero="#141414",
        on_hero="#FFFFFF",
        on_hero_muted="#AAAAAA",
        content_default="#EEEEEE",
        content_muted="#AAAAAA",
        content_disabled="#434343",
        content_inverse="#000000",
        border_hairline="#333333",
        border_default="#434343",
        border_control="#858585",
        border_focus="#EEEEEE",
        border_sheet="#272727",
        brand_surface=accent.surface,
        on_brand=accent.on_surface,
        accent=accent.mark,
        accent_bg=accent.tint,
        action="#EEEEEE",
        on_action="#000000",
        action_hover="#AAAAAA",
        action_pressed=accent.mark,
        action_negative="#FF8081",
        action_negative_hover="#FFB2B3",
        positive="#94F0A4",
        positive_bg="#10461A",
        negative="#FF8081",
        negative_bg="#540E0E",
        warning="#FFE270",
        warning_bg="#3B310A",
        info="#8AD5FF",
        info_bg="#0A3851",
        switch_on="#1ECD3C",
        switch_off="#AAAAAA",
        chart_selected=accent.mark,
        chart_bar="#858585",
        skeleton="#333333",
        skeleton_hi="#444444",
        scrim="#AD000000",
        state_hover="#14FFFFFF",
        state_pressed="#1FFFFFFF",
        state_focus="#1FFFFFFF",
        focus_fill="#57FFFFFF",
    )


def _light_contrast(accent: Accent) -> Palette:
    """Return black on white, with dark edges and dark statuses; the accent of the brand is left out."""
    return replace(
        _light(accent),
        bg_canvas="#FFFFFF",
        surface_hero="#000000",
        surface_inverse="#000000",
        on_hero_muted="#FFFFFF",
        content_muted="#333333",
        content_disabled="#595959",
        border_hairline="#595959",
        border_control="#000000",
        border_sheet="#000000",
        brand_surface="#000000",
        on_brand="#FFFFFF",
        accent="#000000",
        accent_bg="#FFFFFF",
        action_hover="#333333",
        action_pressed="#333333",
        action_negative="#960000",
        action_negative_hover="#700000",
        positive="#0B5419",
        negative="#960000",
        warning="#594700",
        info="#004B75",
        switch_on="#0B5419",
        switch_off="#595959",
        chart_selected="#000000",
        chart_bar="#595959",
    )


def _dark_contrast(accent: Accent) -> Palette:
    """Return white on black, with light edges; the accent of the brand is left out."""
    return replace(
        _dark(accent),
        bg_primary="#000000",
        bg_canvas="#000000",
        surface_card="#000000",
        surface_sheet="#000000",
        surface_sunken="#1F1F1F",
        surface_inverse="#FFFFFF",
        surface_hero="#000000",
        on_hero_muted="#FFFFFF",
        content_default="#FFFFFF",
        content_muted="#DDDDDD",
        content_disabled="#A6A6A6",
        border_hairline="#A6A6A6",
        border_control="#FFFFFF",
        border_focus="#FFFFFF",
        border_sheet="#FFFFFF",
        brand_surface="#FFFFFF",
        on_brand="#000000",
        accent="#FFFFFF",
        accent_bg="#000000",
        action="#FFFFFF",
        action_hover="#CCCCCC",
        action_pressed="#CCCCCC",
        chart_selected="#FFFFFF",
        chart_bar="#A6A6A6",
        focus_fill="#5CFFFFFF",
    )


@dataclass(frozen=True)
class Typography:
    """Text styles by role, without color: a text has the color of its surface, or its own `color`."""

    hero: ft.TextStyle
    """Statement beside the sign-in form."""
    amount_hero: ft.TextStyle
    h1: ft.TextStyle
    h2: ft.TextStyle
    title: ft.TextStyle
    """18/24 bold: title of a large card."""
    h3: ft.TextStyle
    """16/24 bold: title of a card; amounts in rows."""
    h4: ft.TextStyle
    """14/20 bold: title of a group of rows."""
    body: ft.TextStyle
    body_medium: ft.TextStyle
    """16/24 medium: first line of a row."""
    body_s: ft.TextStyle
    label: ft.TextStyle
    """16/24 bold: buttons."""
    label_s: ft.TextStyle
    """14/20 medium: chips, links, field labels."""
    caption: ft.TextStyle
    caption_medium: ft.TextStyle
    """12/16 medium: navigation, month names."""
    caption_bold: ft.TextStyle
    """12/16 bold: tags, banners, the selected destination."""


def _text(
    size: float,
    line: float,
    weight: ft.FontWeight = ft.FontWeight.W_400,
    *,
    spacing: float = 0,
    family: str = TEXT_FAMILY,
) -> ft.TextStyle:
    return ft.TextStyle(
        size=size, height=line / size, weight=weight, letter_spacing=spacing, font_family=family
    )


def typography(layout: Layout, text_size: float = 1.0) -> Typography:
    """Return the type scale of `layout`, times `text_size`; only headings are larger from 600 px up."""
    medium, bold = ft.FontWeight.W_500, ft.FontWeight.W_700

    def display(phone: tuple[int, int], larger: tuple[int, int], spacing: float = 0) -> ft.TextStyle:
        size, line = larger if layout.rail else phone
        return _text(size * text_size, line * text_size, bold, spacing=spacing, family=DISPLAY_FAMILY)

    def plain(size: int, line: int, weight: ft.FontWeight = ft.FontWeight.W_400) -> ft.TextStyle:
        return _text(size * text_size, line * text_size, weight)

    return Typography(
        hero=display((40, 48), (48, 56), -0.5),
        amount_hero=display((36, 44), (44, 52), -0.5),
        h1=display((28, 36), (36, 44), -0.28),
        h2=display((20, 28), (24, 32)),
        title=plain(18, 24, bold),
        h3=plain(16, 24, bold),
        h4=plain(14, 20, bold),
        body=plain(16, 24),
        body_medium=plain(16, 24, medium),
        body_s=plain(14, 20),
        label=plain(16, 24, bold),
        label_s=plain(14, 20, medium),
        caption=plain(12, 16),
        caption_medium=plain(12, 16, medium),
        caption_bold=plain(12, 16, bold),
    )


# --- Styles that a Flet theme cannot hold -------------------------------------------------------------


def _shape(
    radius: ft.BorderRadiusValue = RADIUS_CONTROL, side: ft.BorderSide | None = None
) -> ft.RoundedRectangleBorder:
    return ft.RoundedRectangleBorder(radius=radius, side=side)


def _focus_side(colour: str, resting: ft.BorderSide | None = None) -> dict[ft.ControlState, ft.BorderSide]:
    return {
        ft.ControlState.FOCUSED: ft.BorderSide(FOCUS_RING, colour),
        ft.ControlState.DEFAULT: resting or ft.BorderSide(0, TRANSPARENT),
    }


def _overlay(colors: Palette, focus: str | None = None) -> dict[ft.ControlState, ft.ColorValue]:
    return {
        ft.ControlState.PRESSED: colors.state_pressed,
        ft.ControlState.FOCUSED: focus or colors.state_focus,
        ft.ControlState.HOVERED: colors.state_hover,
        ft.ControlState.DEFAULT: TRANSPARENT,
    }


def _filled(
    colors: Palette, fill: str, on_fill: str, hover: str, pressed: str, on_pressed: str, ring: str
) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        bgcolor={
            ft.ControlState.DISABLED: colors.border_default,
            ft.ControlState.PRESSED: pressed,
            ft.ControlState.HOVERED: hover,
            ft.ControlState.DEFAULT: fill,
        },
        color={
            ft.ControlState.DISABLED: colors.content_default,
            ft.ControlState.PRESSED: on_pressed,
            ft.ControlState.DEFAULT: on_fill,
        },
        overlay_color=TRANSPARENT,
        elevation=0,
        padding=ft.Padding.symmetric(horizontal=SPACE_L, vertical=SPACE_S),
        side={
            ft.ControlState.FOCUSED: ft.BorderSide(FOCUS_RING, ring, stroke_align=3),  # leaves a gap of 2 px
            ft.ControlState.DEFAULT: ft.BorderSide(0, TRANSPARENT),
        },
        shape=_shape(),
        text_style=_text(16, 24, ft.FontWeight.W_700),
    )


def negative_button(colors: Palette) -> ft.ButtonStyle:
    """Return the style of an `ft.FilledButton` that terminates, deactivates or erases."""
    return _filled(
        colors,
        fill=colors.action_negative,
        on_fill=colors.on_action,
        hover=colors.action_negative_hover,
        pressed=colors.action_negative_hover,
        on_pressed=colors.on_action,
        ring=colors.border_focus,
    )


def row_button(
    colors: Palette, *, selected: bool = False, radius: float = 0, inset: bool = False
) -> ft.ButtonStyle:
    """Return the style of a row or card as an `ft.TextButton`, with a focus ring; padding only if `inset`."""
    return ft.ButtonStyle(
        bgcolor=colors.surface_sunken if selected else TRANSPARENT,
        color=colors.content_default,
        overlay_color=_overlay(colors),
        padding=ft.Padding.only(left=SPACE_M, top=SPACE_S, right=SPACE_S, bottom=SPACE_S) if inset else 0,
        side=_focus_side(colors.border_focus),
        shape=_shape(radius),
        text_style=_text(16, 24),
        alignment=ft.Alignment.CENTER_LEFT,
    )


def chart_column(colors: Palette) -> ft.ButtonStyle:
    """Return the style of a chart column as an `ft.TextButton`, with its content at the bottom."""
    return row_button(colors, radius=RADIUS_CONTROL).copy(
        alignment=ft.Alignment.BOTTOM_CENTER, padding=ft.Padding.only(bottom=2)
    )


def navigation_cell(colors: Palette) -> ft.ButtonStyle:
    """Return the style of a destination of the bottom bar as an `ft.TextButton`."""
    return row_button(colors).copy(alignment=ft.Alignment.CENTER)


def pill(colors: Palette, *, chosen: bool) -> ft.ButtonStyle:
    """Return the style of a chip as an `ft.TextButton`; a chosen chip has a thicker edge in the accent."""
    edge = ft.BorderSide(2, colors.accent) if chosen else ft.BorderSide(1, colors.border_control)
    return ft.ButtonStyle(
        bgcolor=colors.surface_card,
        color=colors.content_default,
        overlay_color=_overlay(colors, colors.focus_fill),
        padding=ft.Padding.symmetric(horizontal=SPACE_S, vertical=10),
        side=_focus_side(colors.border_focus, edge),
        shape=ft.StadiumBorder(),
    )


def switcher(colors: Palette) -> ft.ButtonStyle:
    """Return the style of the button that opens a list of choices, as an `ft.TextButton`; `TARGET` high."""
    shape = ft.RoundedRectangleBorder(radius=RADIUS_GROUP)
    return pill(colors, chosen=False).copy(
        shape=shape, padding=ft.Padding.symmetric(horizontal=SPACE_S, vertical=(TARGET - 20) / 2)
    )


def card_row(colors: Palette, *, first: bool, last: bool, selected: bool = False) -> ft.ButtonStyle:
    """Return the style of a row of a card; the `first` and `last` rows have round corners.

    The edge lies outside the row: the next row covers the edge except for a single hairline between the rows.
    The edge of a selected row is thicker, in the accent color, and lies inside.
    """
    above, below = (RADIUS_GROUP if end else 0 for end in (first, last))
    align = ft.BorderSideStrokeAlign.INSIDE if selected else ft.BorderSideStrokeAlign.OUTSIDE
    width, color = (3, colors.accent) if selected else (1, colors.border_hairline)
    edge = ft.BorderSide(width, color, stroke_align=align)
    style = row_button(colors, selected=selected, inset=True)
    style.bgcolor = colors.surface_sunken if selected else colors.surface_card
    style.side = _focus_side(colors.border_focus, edge)
    style.shape = ft.RoundedRectangleBorder(radius=ft.BorderRadius(above, above, below, below))
    return style


def field_border(colors: Palette) -> dict[ft.ControlState, ft.InputBorder]:
    """Return the `border` of an `ft.TextField`: 1 px, 2 px with focus, red with an error."""

    def side(width: int, colour: str) -> ft.OutlineInputBorder:
        return ft.OutlineInputBorder(side=ft.BorderSide(width, colour), border_radius=RADIUS_CONTROL)

    return {
        ft.ControlState.ERROR: side(FOCUS_RING, colors.negative),
        ft.ControlState.FOCUSED: side(FOCUS_RING, colors.border_focus),
        ft.ControlState.DEFAULT: side(1, colors.border_control),
    }


def hairline(colors: Palette) -> ft.BorderSide:
    """Return the 1 px edge of cards and bars."""
    return ft.BorderSide(1, colors.border_hairline)


# --- The Flet theme ---------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def flet_theme(
    colors: Palette, layout: Layout, *, reduced_motion: bool = False, text_size: float = 1.0
) -> ft.Theme:
    """Return the complete, explicit theme: Material derives no color from a seed, so no surface is tinted.

    Set the result as `page.theme` (light palette) or `page.dark_theme` (dark palette), and again when an
    argument changes. All sessions share the cached themes: never modify a theme.
    """
    text = typography(layout, text_size)
    compact = typography(layout, min(text_size, LARGEST_COMPACT))
    halo = _overlay(colors, focus=colors.focus_fill)
    sheet_edge = ft.BorderSide(1, colors.border_sheet)
    return ft.Theme(
        color_scheme=_scheme(colors),
        font_family=TEXT_FAMILY,
        text_theme=_text_theme(text, colors.content_default),
        scaffold_bgcolor=colors.bg_canvas,
        canvas_color=colors.bg_canvas,
        hover_color=colors.state_hover,
        focus_color=colors.focus_fill,
        highlight_color=colors.state_pressed,
        splash_color=colors.state_pressed,
        disabled_color=colors.content_disabled,
        hint_color=colors.content_muted,
        visual_density=ft.VisualDensity.STANDARD,
        page_transitions=_transitions(reduced_motion),
        appbar_theme=ft.AppBarTheme(
            bgcolor=colors.bg_canvas,
            color=colors.content_default,
            elevation=0,
            elevation_on_scroll=0,
            center_title=False,
            title_text_style=text.h2.copy(color=colors.content_default),
        ),
        bottom_sheet_theme=ft.BottomSheetTheme(
            bgcolor=colors.surface_sheet,
            barrier_color=colors.scrim,
            drag_handle_color=colors.border_control,
            elevation=0,
            shape=_shape_top(RADIUS_SHEET, sheet_edge),
            clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
        ),
        button_theme=ft.ButtonTheme(style=_strong(colors)),
        card_theme=ft.CardTheme(color=colors.surface_card, elevation=0, margin=0, shape=_shape(RADIUS_CARD)),
        checkbox_theme=ft.CheckboxTheme(
            fill_color={
                ft.ControlState.SELECTED: colors.action,
                ft.ControlState.DEFAULT: colors.surface_card,
            },
            check_color=colors.on_action,
            border_side=ft.BorderSide(2, colors.border_control),
            overlay_color=halo,
        ),
        dialog_theme=ft.DialogTheme(
            bgcolor=colors.surface_sheet,
            barrier_color=colors.scrim,
            elevation=0,
            shape=_shape(RADIUS_CARD, sheet_edge),
            title_text_style=text.h2.copy(color=colors.content_default),
            content_text_style=text.body.copy(color=colors.content_default),
        ),
        divider_theme=ft.DividerTheme(color=colors.border_hairline, thickness=1, space=1),
        filled_button_theme=ft.FilledButtonTheme(style=_strong(colors)),
        icon_button_theme=ft.IconButtonTheme(style=_icon(colors)),
        icon_theme=ft.IconTheme(color=colors.content_default, size=24),
        list_tile_theme=ft.ListTileTheme(
            icon_color=colors.content_default,
            # A `text_color` would replace the color of the subtitles.
            title_text_style=text.body_medium.copy(color=colors.content_default),
            subtitle_text_style=text.body_s.copy(color=colors.content_muted),
        ),
        navigation_rail_theme=ft.NavigationRailTheme(
            bgcolor=colors.surface_card,
            indicator_color=colors.surface_sunken,
            elevation=0,
            min_width=RAIL_WIDTH,
            min_extended_width=EXTENDED_RAIL_WIDTH,
            selected_label_text_style=(compact.h4 if layout.extended_rail else compact.caption_bold).copy(
                color=colors.content_default
            ),
            unselected_label_text_style=(
                compact.label_s if layout.extended_rail else compact.caption_medium
            ).copy(color=colors.content_muted),
        ),
        outlined_button_theme=ft.OutlinedButtonTheme(style=_outlined(colors)),
        popup_menu_theme=ft.PopupMenuTheme(
            color=colors.surface_sheet, elevation=3, shape=_shape(), label_text_style=text.body
        ),
        progress_indicator_theme=ft.ProgressIndicatorTheme(
            color=colors.accent,
            linear_track_color=colors.border_hairline,
            circular_track_color=TRANSPARENT,
            linear_min_height=2,
            year_2023=True,
        ),
        radio_theme=ft.RadioTheme(
            fill_color={
                ft.ControlState.SELECTED: colors.action,
                ft.ControlState.FOCUSED: colors.content_default,
                ft.ControlState.DEFAULT: colors.border_control,
            },
            overlay_color=halo,
        ),
        scrollbar_theme=ft.ScrollbarTheme(thumb_color=colors.border_control),
        segmented_button_theme=ft.SegmentedButtonTheme(style=_segmented(colors)),
        snackbar_theme=ft.SnackBarTheme(
            bgcolor=colors.surface_inverse,
            content_text_style=text.body_s.copy(color=colors.content_inverse),
            action_text_color=colors.content_inverse,
            close_icon_color=colors.content_inverse,
            behavior=ft.SnackBarBehavior.FLOATING,
            width=SNACKBAR_WIDTH if layout.rail else None,
            shape=_shape(),
            elevation=0,
        ),
        switch_theme=ft.SwitchTheme(
            track_color={
                ft.ControlState.DISABLED: colors.content_disabled,
                ft.ControlState.SELECTED: colors.switch_on,
                ft.ControlState.DEFAULT: colors.switch_off,
            },
            thumb_color=colors.surface_card,
            track_outline_color=TRANSPARENT,
            overlay_color=halo,
        ),
        text_button_theme=ft.TextButtonTheme(style=_minimal(colors)),
        tooltip_theme=ft.TooltipTheme(
            text_style=text.caption_medium.copy(color=colors.content_inverse),
            decoration=ft.BoxDecoration(bgcolor=colors.surface_inverse, border_radius=4),
        ),
    )


def _scheme(colors: Palette) -> ft.ColorScheme:
    return ft.ColorScheme(
        primary=colors.action,
        on_primary=colors.on_action,
        primary_container=colors.surface_sunken,
        on_primary_container=colors.content_default,
        secondary=colors.action,
        on_secondary=colors.on_action,
        secondary_container=colors.surface_sunken,
        on_secondary_container=colors.content_default,
        tertiary=colors.brand_surface,
        on_tertiary=colors.on_brand,
        error=colors.negative,
        on_error=colors.on_action,
        error_container=colors.negative_bg,
        on_error_container=colors.content_default,
        surface=colors.bg_primary,
        on_surface=colors.content_default,
        on_surface_variant=colors.content_muted,
        outline=colors.border_control,
        outline_variant=colors.border_hairline,
        surface_container_lowest=colors.surface_card,
        surface_container_low=colors.surface_card,
        surface_container=colors.bg_canvas,
        surface_container_high=colors.surface_card,
        surface_container_highest=colors.surface_sunken,
        inverse_surface=colors.surface_inverse,
        on_inverse_surface=colors.content_inverse,
        inverse_primary=colors.content_inverse,
        surface_tint=TRANSPARENT,
        shadow=TRANSPARENT,
        scrim=colors.scrim,
    )


def _text_theme(text: Typography, colour: str) -> ft.TextTheme:
    # Without a color here, Flutter falls back to black, even in the dark theme.
    return ft.TextTheme(
        display_large=text.hero.copy(color=colour),
        display_medium=text.hero.copy(color=colour),
        display_small=text.amount_hero.copy(color=colour),
        headline_large=text.h1.copy(color=colour),
        headline_medium=text.h2.copy(color=colour),
        headline_small=text.h2.copy(color=colour),
        title_large=text.title.copy(color=colour),
        title_medium=text.h3.copy(color=colour),
        title_small=text.h4.copy(color=colour),
        body_large=text.body.copy(color=colour),
        body_medium=text.body_s.copy(color=colour),
        body_small=text.caption.copy(color=colour),
        label_large=text.label.copy(color=colour),
        label_medium=text.label_s.copy(color=colour),
        label_small=text.caption_medium.copy(color=colour),
    )


def _transitions(reduced_motion: bool) -> ft.PageTransitionsTheme:
    still = ft.PageTransitionTheme.NONE
    return ft.PageTransitionsTheme(
        android=still if reduced_motion else ft.PageTransitionTheme.PREDICTIVE,
        ios=still if reduced_motion else ft.PageTransitionTheme.CUPERTINO,
        linux=still,
        macos=still,
        windows=still,
    )


def _shape_top(radius: float, side: ft.BorderSide) -> ft.RoundedRectangleBorder:
    return _shape(ft.BorderRadius.only(top_left=radius, top_right=radius), side)


def _strong(colors: Palette) -> ft.ButtonStyle:
    return _filled(
        colors,
        fill=colors.action,
        on_fill=colors.on_action,
        hover=colors.action_hover,
        pressed=colors.action_pressed,
        on_pressed=colors.on_brand,
        ring=colors.border_focus,
    )


def _outlined(colors: Palette) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        color={
            ft.ControlState.DISABLED: colors.border_control,
            ft.ControlState.DEFAULT: colors.action,
        },
        overlay_color=_overlay(colors),
        padding=ft.Padding.symmetric(horizontal=SPACE_L, vertical=SPACE_S),
        side=_focus_side(colors.border_focus, ft.BorderSide(1, colors.border_control)),
        shape=_shape(),
        text_style=_text(16, 24, ft.FontWeight.W_700),
    )


def _minimal(colors: Palette) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        color={
            ft.ControlState.DISABLED: colors.border_control,
            ft.ControlState.DEFAULT: colors.action,
        },
        overlay_color=_overlay(colors),
        padding=ft.Padding.symmetric(horizontal=SPACE_S, vertical=14),
        side=_focus_side(colors.border_focus),
        shape=_shape(),
        text_style=_text(16, 24, ft.FontWeight.W_700),
    )


def _icon(colors: Palette) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        color={
            ft.ControlState.DISABLED: colors.content_disabled,
            ft.ControlState.DEFAULT: colors.content_default,
        },
        overlay_color=_overlay(colors),
        side=_focus_side(colors.border_focus),
        shape=_shape(),
    )


def _segmented(colors: Palette) -> ft.ButtonStyle:
    return ft.ButtonStyle(
        color={ft.ControlState.SELECTED: colors.on_action, ft.ControlState.DEFAULT: colors.action},
        bgcolor={ft.ControlState.SELECTED: colors.action, ft.ControlState.DEFAULT: colors.surface_card},
        overlay_color=_overlay(colors),
        side=_focus_side(colors.border_focus, ft.BorderSide(1, colors.border_control)),
        shape=_shape(),
        text_style=_text(14, 20, ft.FontWeight.W_500),
    )
