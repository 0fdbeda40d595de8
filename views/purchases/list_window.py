"""Which pages of a long list are drawn: those near the view, and a spacer for what is above."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import flet as ft

ROW_ESTIMATE = 96.0
"""Logical pixels a row takes, with its share of the day's heading, until its page has been measured."""

LOWEST_ROW = 64.0
"""Logical pixels a row takes at least."""

HEAD_ESTIMATE = 300.0
"""The same of what stands above the first row."""


@ft.observable
@dataclass(eq=False)
class ListWindow:
    """The drawn pages `first` to `last` of a list read `per_page` rows at a time.

    Pages come one after the other, so that every page above the view has been measured when it is let
    go of and the spacer in its place has its height: nothing jumps. Until it is scrolled, only the `rows`
    of the first page that are near the view are drawn: a list comes sooner so.
    """

    per_page: int
    viewport: float = 700.0
    """Height of the view, in logical pixels; a guess until it is measured."""
    first: int = 1
    last: int = 1
    rows: int = field(init=False)
    """How many rows of the first page are drawn."""
    above: float = 0.0
    """Height of the pages that are not drawn any more, above the first drawn."""
    scrolled_past_head: bool = False
    remade: int = 0
    """How many times what is drawn had to be made anew to be at its top again."""
    going_to: float | None = None
    """How far down the view is asked to be, in logical pixels; None when it was, or nobody asks."""
    _head: float = HEAD_ESTIMATE
    _offset: float = 0.0
    _reached: int = 1
    _total: int = 1
    _heights: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self._rows_near()

    def begin_again(self) -> None:
        """Another list takes the place of this one, at its top.

        What has not been scrolled stays, with the heights it was measured at, and takes other contents.
        """
        if self._offset:
            self.remade += 1
            self._head, self._heights = HEAD_ESTIMATE, {}
        self._offset, self._reached, self._total = 0.0, 1, 1
        self.scrolled_past_head, self.rows, self.going_to = False, self._rows_near(), None
        self._place()

    def reach(self, last_read: int, total_pages: int) -> None:
        """The list has been read up to `last_read` of `total_pages`: the page after it may be drawn."""
        self._reached, self._total = last_read, total_pages
        self._place()

    def measure_view(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        self.viewport = event.height
        self._place()

    def measure_head(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        self._head = event.height
        self._place()

    def measure_page(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        """A drawn page says how high it is; its number is its data."""
        self._heights[int(event.control.data)] = event.height
        self._place()

    def scroll(self, remade: int, event: ft.OnScrollEvent) -> None:
        """What was drawn as the `remade`th was scrolled."""
        if remade != self.remade:  # it is on its way out
            return
        self._offset, self.viewport = event.pixels, event.viewport_dimension
        self.scrolled_past_head = event.pixels > 160
        self._place()

    def bring(self, page: int, rank: int, rows: int) -> None:
        """Ask for the row of this `rank` (from 0) among the `rows` of its page, unless it is in view.

        Told from the height of its page: a row more to each side makes up for rows that differ. What is drawn
        goes there first, for the view to find it.
        """
        row = self._height(page) / rows
        top = self._head + sum(self._height(before) for before in range(1, page)) + rank * row
        if not row <= top - self._offset <= self.viewport - 2 * row:
            self.going_to = self._offset = max(0.0, top - self.viewport / 3)
            self._place()

    def gone(self) -> None:
        """The view is where it was asked to be."""
        self.going_to = None

    def _height(self, page: int) -> float:
        return self._heights.get(page, self.per_page * ROW_ESTIMATE)

    def _rows_near(self) -> int:
        """Those of the first page in view, however low, and half a view further; all, once scrolled."""
        if self._offset:
            return self.per_page
        in_view = ceil((self.viewport - self._head) / LOWEST_ROW)
        further = ceil((1.5 * self.viewport - self._head) / ROW_ESTIMATE)
        return min(self.per_page, max(1, in_view, further))

    def _place(self) -> None:
        """Draw what is within one view of the view, up and down."""
        self.rows = max(self.rows, self._rows_near())
        top, bottom = self._offset - self.viewport, self._offset + 2 * self.viewport
        first, last, end = 1, 1, self._head
        for page in range(1, min(self._total, self._reached + 1) + 1):
            begin, end = end, end + self._height(page)
            if end < top:
                first = page + 1
            if begin <= bottom:
                last = page
        self.first, self.last = min(first, last), last
        self.above = sum(self._height(page) for page in range(1, self.first))
