"""Windowed list: only the pages near the viewport are drawn; a spacer replaces the pages above."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import flet as ft

ROW_ESTIMATE = 96.0
"""Estimated height of a row with its share of the day's heading, until its page has been measured."""

LOWEST_ROW = 64.0
"""Smallest height of a row, in logical pixels."""

HEAD_ESTIMATE = 300.0
"""Estimated height of the content above the first row, in logical pixels."""


@ft.observable
@dataclass(eq=False)
class ListWindow:
    """Window of the drawn pages `first` to `last`, each with up to `per_page` rows.

    Pages are drawn in order, so that each page has been measured before a spacer of equal height replaces it.
    The rows on screen therefore never jump. Before the first scroll, only the first `rows` rows of page 1 are
    drawn, so that the list appears sooner.
    """

    per_page: int
    viewport: float = 700.0
    """Height of the viewport in logical pixels, estimated until measured."""
    first: int = 1
    last: int = 1
    rows: int = field(init=False)
    """Number of drawn rows of the first page."""
    above: float = 0.0
    """Height of the spacer that replaces the pages above the first drawn page."""
    scrolled_past_head: bool = False
    generation: int = 0
    """Number of times the scrolled column was replaced by a new column, which starts at its top."""
    going_to: float | None = None
    """Requested scroll offset in logical pixels; None if no scroll is pending."""
    _head: float = HEAD_ESTIMATE
    _offset: float = 0.0
    _reached: int = 1
    _total: int = 1
    _heights: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self._rows_near()

    def reset(self) -> None:
        """Reset the window to the top for another list.

        A column that was not scrolled is reused, with its measured heights and new content.
        """
        if self._offset:
            self.generation += 1
            self._head, self._heights = HEAD_ESTIMATE, {}
        self._offset, self._reached, self._total = 0.0, 1, 1
        self.scrolled_past_head, self.rows, self.going_to = False, self._rows_near(), None
        self._place()

    def reach(self, last_read: int, total_pages: int) -> None:
        """Record that the list is read up to `last_read` of `total_pages`; the next page may be drawn too."""
        self._reached, self._total = last_read, total_pages
        self._place()

    def measure_view(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        self.viewport = event.height
        self._place()

    def measure_head(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        self._head = event.height
        self._place()

    def measure_page(self, event: ft.LayoutSizeChangeEvent[ft.LayoutControl]) -> None:
        """Record the height of a drawn page, whose number is the control's `data`."""
        self._heights[int(event.control.data)] = event.height
        self._place()

    def on_scroll(self, generation: int, event: ft.OnScrollEvent) -> None:
        """Record a scroll of the column with the number `generation`."""
        if generation != self.generation:  # the column is being replaced
            return
        self._offset, self.viewport = event.pixels, event.viewport_dimension
        self.scrolled_past_head = event.pixels > 160
        self._place()

    def scroll_to_row(self, page: int, rank: int, rows: int) -> None:
        """Request a scroll to the row `rank` (from 0) of the `rows` of its page, unless the row is in view.

        The position is estimated from the height of the page, with a margin of one row, because row heights
        differ. The target pages are drawn first, so that the scroll can reach them.
        """
        row = self._height(page) / rows
        top = self._head + sum(self._height(before) for before in range(1, page)) + rank * row
        if not row <= top - self._offset <= self.viewport - 2 * row:
            self.going_to = self._offset = max(0.0, top - self.viewport / 3)
            self._place()

    def on_scrolled(self) -> None:
        """Record that the requested scroll is done."""
        self.going_to = None

    def _height(self, page: int) -> float:
        return self._heights.get(page, self.per_page * ROW_ESTIMATE)

    def _rows_near(self) -> int:
        """Return the number of rows of page 1 to draw.

        The rows fill the viewport even at the smallest height, and half a viewport more at the estimated
        height. After a scroll, all rows are drawn.
        """
        if self._offset:
            return self.per_page
        in_view = ceil((self.viewport - self._head) / LOWEST_ROW)
        further = ceil((1.5 * self.viewport - self._head) / ROW_ESTIMATE)
        return min(self.per_page, max(1, in_view, further))

    def _place(self) -> None:
        """Draw the pages within one viewport above and below the viewport."""
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
