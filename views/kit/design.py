"""Design of every screen: words, formats, colors, type, size class."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import flet as ft

from views.core.formatting import Formats
from views.core.text import Language, Words, blank
from views.kit.brand import CONSO_ET_MOI, Brand
from views.kit.theme import (
    LARGEST_COMPACT,
    Layout,
    Palette,
    Typography,
    card_row,
    chart_column,
    navigation_cell,
    palette,
    pill,
    row_button,
    typography,
)


@dataclass(frozen=True, eq=False)
class Design:
    """Design for a language, a theme and a size class. Sessions share it; the root provides it by context.

    Comparison is by identity, so that an unchanged look does not redraw a page of rows.
    """

    words: Words
    formats: Formats
    colors: Palette
    type: Typography
    compact: Typography
    """Type scale for places with a fixed size: navigation, months under the chart."""
    layout: Layout
    still: bool = False
    """Animations are disabled."""
    brand: Brand = CONSO_ET_MOI
    _row_styles: dict[tuple[bool, float, bool], ft.ButtonStyle] = field(default_factory=dict)
    _card_rows: dict[tuple[bool, bool, bool], ft.ButtonStyle] = field(default_factory=dict)

    def row_style(self, *, selected: bool = False, radius: float = 0, inset: bool = False) -> ft.ButtonStyle:
        """Return `row_button` in these colors, cached: a list has many rows, and Flet compares each style."""
        known = (selected, radius, inset)
        if known not in self._row_styles:
            self._row_styles[known] = row_button(self.colors, selected=selected, radius=radius, inset=inset)
        return self._row_styles[known]

    def card_row_style(self, *, first: bool, last: bool, selected: bool) -> ft.ButtonStyle:
        """Return `card_row` in these colors, cached like `row_style`."""
        known = (first, last, selected)
        if known not in self._card_rows:
            self._card_rows[known] = card_row(self.colors, first=first, last=last, selected=selected)
        return self._card_rows[known]

    @cached_property
    def column_style(self) -> ft.ButtonStyle:
        """`chart_column` in these colors."""
        return chart_column(self.colors)

    @cached_property
    def cell_style(self) -> ft.ButtonStyle:
        """`navigation_cell` in these colors, shared by the cells of all sessions."""
        return navigation_cell(self.colors)

    @cached_property
    def pill_styles(self) -> tuple[ft.ButtonStyle, ft.ButtonStyle]:
        """`pill` in these colors, of a chip that is not chosen and of a chosen chip."""
        return pill(self.colors, chosen=False), pill(self.colors, chosen=True)

    @cached_property
    def chosen_month(self) -> ft.TextStyle:
        """Style of the selected month of a chart."""
        return _variant(
            self.compact.caption_bold,
            decoration=ft.TextDecoration.UNDERLINE,
            decoration_color=self.colors.accent,
            decoration_thickness=3,
        )

    @cached_property
    def struck(self) -> ft.TextStyle:
        """Style of an amount that is never charged."""
        return _variant(self.type.h3, decoration=ft.TextDecoration.LINE_THROUGH)

    @cached_property
    def onward(self) -> ft.TextStyle:
        """Style of the chevron of a row that leads on: larger than the texts, in a line of their height."""
        size, height = self.type.body.size or 0, self.type.body.height or 0
        larger = 1.25
        return _variant(
            self.type.body, size=size * larger, height=height / larger, color=self.colors.content_muted
        )

    @cached_property
    def row_title(self) -> ft.TextStyle:
        """Style of the first line of a row, on a single line."""
        return _variant(self.wrapped_title, overflow=ft.TextOverflow.ELLIPSIS)

    @cached_property
    def row_subtitle(self) -> ft.TextStyle:
        """Style of the second line of a row, on a single line."""
        return _variant(self.type.body_s, color=self.colors.content_muted, overflow=ft.TextOverflow.ELLIPSIS)

    @cached_property
    def wrapped_title(self) -> ft.TextStyle:
        """Style of the first line of a row that wraps."""
        return _variant(self.type.body_medium, color=self.colors.content_default)

    @cached_property
    def day_title(self) -> ft.TextStyle:
        """Style of the heading of a day."""
        return _variant(self.type.h4, color=self.colors.content_default)

    @cached_property
    def wrapped_subtitle(self) -> ft.TextStyle:
        """Style of the second line of a row that wraps."""
        return _variant(self.type.body_s, color=self.colors.content_muted)

    @classmethod
    @lru_cache(maxsize=32)
    def of(
        cls,
        language: Language,
        layout: Layout,
        *,
        dark: bool,
        still: bool,
        text_size: float,
        contrast: bool = False,
    ) -> Design:
        return cls(
            words=Words(language),
            formats=Formats(language),
            colors=palette(dark, CONSO_ET_MOI, contrast=contrast),
            type=typography(layout, text_size),
            compact=typography(layout, min(text_size, LARGEST_COMPACT)),
            layout=layout,
            still=still,
        )

    @property
    def crowded(self) -> bool:
        """Whether the window is too narrow for texts of this size side by side."""
        return self.layout is Layout.XS or (not self.layout.rail and self.enlarged)

    @property
    def enlarged(self) -> bool:
        """Whether the texts are larger than compact places allow."""
        return self.type != self.compact


def _variant(style: ft.TextStyle, **changes: Any) -> ft.TextStyle:
    changed: ft.TextStyle = style.copy(**changes)
    return changed


def text(
    value: str,
    style: ft.TextStyle,
    color: str | None = None,
    *,
    lines: int | None = None,
    spoken: str | None = None,
    wrap: bool = True,
    expand: bool = False,
    align: ft.TextAlign = ft.TextAlign.START,
) -> ft.Text:
    """Return a text in a type role.

    Args:
        lines: maximum number of lines; a longer text ends with an ellipsis.
        spoken: text for screen readers; an empty string hides the text from them.
    """
    return ft.Text(
        value,
        style=style,
        color=color,
        max_lines=lines,
        overflow=ft.TextOverflow.ELLIPSIS if lines else ft.TextOverflow.CLIP,
        semantics_label=spoken,
        no_wrap=not wrap,
        expand=expand,
        text_align=align,
    )


def chevron(design: Design) -> ft.Text:
    """Return the trailing sign of a row that opens another screen; screen readers skip it."""
    return ft.Text("›", style=design.onward, semantics_label="")


def titled(words: Words, publisher: str, content: str) -> tuple[str, str]:
    """Return a title and its subtitle; the content is the title if the publisher has no visible name."""
    if not blank(publisher):
        return publisher, "" if blank(content) else content
    return (words("publisher.unnamed") if blank(content) else content), ""


def heading(content: ft.Control, level: int) -> ft.Semantics:
    """Return a heading for screen readers (`<h1>` to `<h6>` on the web).

    The heading is a node of its own: otherwise the only heading of a group turns the group into a heading.
    """
    return ft.Semantics(header=True, heading_level=level, container=True, content=content)


def semantic_group(content: ft.Control) -> ft.Semantics:
    """Make a text a node of its own, read in its place.

    Other texts become part of the name of the card around them, and are read before its headings.
    """
    expand, content.expand = content.expand, None
    return ft.Semantics(container=True, content=content, expand=expand)


def decorative(content: ft.Control) -> ft.Semantics:
    """Hide decoration from screen readers; icons need no wrapper."""
    return ft.Semantics(exclude_semantics=True, content=content)
