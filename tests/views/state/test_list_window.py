"""Windowed list: the built pages cover the viewport, stay few, and keep the scroll position."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from views.purchases.list_window import ROW_ESTIMATE, ListWindow

PER_PAGE = 25
ROW = 64
"""Minimum height of a row."""


def resized(height: float, page: int | None = None) -> Any:
    return SimpleNamespace(height=height, control=SimpleNamespace(data=page))


def scrolled(offset: float, viewport: float) -> Any:
    return SimpleNamespace(pixels=offset, viewport_dimension=viewport)


class Screen:
    """Fake client that builds the pages of the window and reports their real heights, like Flutter."""

    def __init__(self, heights: list[float], head: float, viewport: float) -> None:
        self.heights, self.head, self.viewport = heights, head, viewport
        self.window = ListWindow(PER_PAGE)
        self.last_read = 0
        self.read = [0] * (len(heights) + 1)
        self.offset = 0.0
        self.window.reach(1, len(heights))
        self.last_read = self.read[1] = 1
        self.window.measure_head(resized(head))
        self.settle()

    def settle(self) -> None:
        """Measure and read the built pages until the window is stable."""
        for _ in range(2 * len(self.heights) + 4):
            before = (self.window.first, self.window.last, self.last_read)
            for page in range(self.window.first, min(self.window.last, self.last_read) + 1):
                self.window.measure_page(resized(self.heights[page - 1], page))
            if self.window.last > self.last_read:
                assert self.window.last == self.last_read + 1, "page after page"
                self.last_read += 1
                self.read[self.last_read] += 1
                self.window.reach(self.last_read, len(self.heights))
            if before == (self.window.first, self.window.last, self.last_read):
                return
        raise AssertionError("it never settles")

    @property
    def bottom(self) -> float:
        """Return the bottom of the built pages."""
        return self.head + sum(self.heights[: min(self.window.last, self.last_read)])

    def on_scroll(self, by: float) -> None:
        self.offset = max(0.0, min(self.offset + by, self.bottom - self.viewport))
        self.window.on_scroll(0, scrolled(self.offset, self.viewport))
        self.settle()

    def follow(self) -> None:
        """Scroll to the target of the window, after its pages are built."""
        if (target := self.window.going_to) is not None:
            self.settle()
            self.on_scroll(target - self.offset)
            self.window.on_scrolled()


HEIGHTS = st.lists(st.floats(PER_PAGE * ROW, PER_PAGE * 3 * ROW), min_size=1, max_size=30)
MOVES = st.lists(st.floats(-4000, 4000), max_size=30)


@settings(max_examples=60)
@given(HEIGHTS, MOVES, st.floats(200, 2500), st.floats(100, 400))
def test_list_window_covers_the_viewport_after_any_scroll(
    heights: list[float], moves: list[float], viewport: float, head: float
) -> None:
    screen = Screen(heights, head, viewport)
    for move in moves:
        screen.on_scroll(move)
        window = screen.window
        assert 1 <= window.first <= window.last <= len(heights)
        above = sum(heights[: window.first - 1])
        assert abs(window.above - above) < 0.001, "the spacer is as high as what it stands for"
        top_drawn = head + above if window.first > 1 else 0
        assert top_drawn <= screen.offset
        shown_to = min(screen.offset + viewport, head + sum(heights))
        assert screen.bottom >= shown_to - 0.001
        most = 2 + 3 * viewport // (PER_PAGE * ROW)
        assert window.last - window.first + 1 <= most
    assert all(times <= 1 for times in screen.read)


@given(st.floats(100, 2500), st.floats(50, 2000))
def test_list_window_before_a_scroll_builds_only_rows_near_the_viewport(viewport: float, head: float) -> None:
    window = ListWindow(PER_PAGE)
    window.reach(1, 4)
    window.measure_head(resized(head))
    window.measure_view(resized(viewport))
    near = window.rows
    assert near >= 1
    assert near == PER_PAGE or head + near * ROW >= viewport, "however low the rows"
    assert near == PER_PAGE or head + near * ROW_ESTIMATE >= 1.5 * viewport
    window.on_scroll(0, scrolled(1, viewport))
    assert window.rows == PER_PAGE
    window.on_scroll(0, scrolled(0, viewport))
    assert window.rows == PER_PAGE, "what is drawn stays"
    window.reset()
    assert window.rows <= near


def test_list_window_of_400_pages_reads_each_page_once() -> None:
    screen = Screen([PER_PAGE * 80.0] * 400, 320, 844)
    for _ in range(600):
        screen.on_scroll(1500)
        assert screen.window.last - screen.window.first + 1 <= 3
    assert screen.read[1:] == [1] * 400
    assert screen.window.last == 400
    for _ in range(300):
        screen.on_scroll(-3000)
    assert (screen.window.first, screen.window.above) == (1, 0)


@given(
    st.floats(ROW, 2 * ROW),
    st.integers(1, 30),
    st.floats(400, 2500),
    st.floats(100, 400),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, PER_PAGE - 1)), max_size=12),
)
def test_list_window_scrolls_a_requested_row_into_view(
    row: float, count: int, viewport: float, head: float, asked: list[tuple[int, int]]
) -> None:
    screen = Screen([PER_PAGE * row] * count, head, viewport)
    for _ in range(2 * count):
        screen.on_scroll(2000)
    for place, rank in asked:
        page = place % count + 1
        screen.window.scroll_to_row(page, rank, PER_PAGE)
        screen.follow()
        top = head + ((page - 1) * PER_PAGE + rank) * row
        assert screen.offset <= top + 0.001
        assert top + row <= screen.offset + viewport + 0.001
        before = screen.offset
        screen.window.scroll_to_row(page, rank, PER_PAGE)
        screen.follow()
        assert screen.offset == before, "it was in view"


def test_list_window_reset_clears_its_scroll_target() -> None:
    window = ListWindow(PER_PAGE)
    window.scroll_to_row(1, 20, PER_PAGE)
    assert window.going_to is not None
    window.reset()
    assert window.going_to is None


def test_list_window_ends_at_the_page_after_those_read() -> None:
    window = ListWindow(PER_PAGE)
    window.on_scroll(0, scrolled(50_000, 800))
    window.reach(3, 400)
    assert window.last <= 4


def test_list_window_of_a_short_list_builds_it_whole() -> None:
    window = ListWindow(PER_PAGE)
    window.reach(1, 1)
    assert (window.first, window.last, window.above) == (1, 1, 0)
    window.reach(1, 0)
    assert (window.first, window.last) == (1, 1)


def test_list_window_follows_a_list_reloaded_from_its_top() -> None:
    screen = Screen([PER_PAGE * 80.0] * 40, 320, 844)
    for _ in range(20):
        screen.on_scroll(2000)
    screen.window.reach(1, 40)
    assert screen.window.last <= 2
    assert screen.window.first <= screen.window.last
