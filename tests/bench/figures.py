"""Figures of a benchmark, with their goals and baselines, and samples taken in turns."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. A count needs one sample; a time needs enough samples to show its spread.

    `at_most` is a goal in `unit`, `at_most_times` a goal as a multiple of the baseline; both are optional.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    baseline: str = ""
    """Name of the baseline."""
    baseline_samples: tuple[float, ...] = ()
    unfinished: bool = False
    """Whether the baseline exceeded its time limit, which is then its sample."""
    at_most: float | None = None
    at_most_times: float | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.samples)

    @property
    def baseline_value(self) -> float | None:
        return statistics.median(self.baseline_samples) if self.baseline_samples else None

    @property
    def ratio(self) -> float | None:
        """Figure as a multiple of the baseline."""
        return self.value / self.baseline_value if self.baseline_value else None

    @property
    def passes(self) -> bool | None:
        """Whether the figure meets all its goals; None without a goal."""
        reached = []
        if self.at_most is not None:
            reached.append(self.value <= self.at_most)
        if self.at_most_times is not None:
            reached.append(self.ratio is not None and self.ratio <= self.at_most_times)
        return all(reached) if reached else None


def quartiles(samples: Iterable[float]) -> tuple[float, float]:
    """Return the bounds of the middle half of the samples."""
    samples = sorted(samples)
    if len(samples) < 2:
        return samples[0], samples[0]
    low, _, high = statistics.quantiles(samples, method="inclusive")
    return low, high


def interleaved(
    *measures: Callable[[], float], rounds: int, warm_up: int = 1
) -> tuple[tuple[float, ...], ...]:
    """Return the samples of each measure, taken in turns: A B A B… The first `warm_up` rounds are dropped."""
    taken = [[measure() for measure in measures] for _ in range(warm_up + rounds)]
    return tuple(zip(*taken[warm_up:], strict=True))


async def interleaved_async(
    *measures: Callable[[], Awaitable[float]], rounds: int, warm_up: int = 1
) -> tuple[tuple[float, ...], ...]:
    """Return the same as `interleaved`, for asynchronous measures."""
    taken = [[await measure() for measure in measures] for _ in range(warm_up + rounds)]
    return tuple(zip(*taken[warm_up:], strict=True))
