"""Budgets of one visitor: messages, bytes, and processor time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class TokenBucket:
    """Allowance that refills by `rate` per second, up to `burst`."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _level: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._level, self._at = self.burst, self.clock()

    def take(self, amount: float) -> bool:
        """Take `amount` and return whether the level sufficed. A shortfall remains as a debt."""
        now = self.clock()
        self._level = min(self.burst, self._level + (now - self._at) * self.rate) - amount
        self._at = now
        return self._level >= 0


class OverBudget(Exception):
    """A client sent more than a person's browser sends."""


class Budget:
    """Budget of the browser of one session.

    Args:
        processor_time: returns the seconds spent so far on the session's events and drawing.
    """

    def __init__(
        self, processor_time: Callable[[], float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        # Typing sends three messages per key, scrolling sends one per frame.
        self._messages = TokenBucket(rate=300, burst=1200, clock=clock)
        self._bytes = TokenBucket(rate=128 * 1024, burst=1024 * 1024, clock=clock)
        # The burst bounds how long one visitor delays the others. A change of period takes 0.05 s.
        self._processor = TokenBucket(rate=0.3, burst=0.1, clock=clock)
        self._processor_time = processor_time
        self._charged = processor_time()

    def charge(self, size: int) -> None:
        """Charge a message of `size` bytes.

        Raises:
            OverBudget: there were too many messages or bytes.
        """
        if not (self._messages.take(1) and self._bytes.take(size)):
            raise OverBudget

    def in_debt(self) -> bool:
        """Charge the processor time since the last call; return whether the session has to wait."""
        spent = self._processor_time()
        paid = self._processor.take(spent - self._charged)
        self._charged = spent
        return not paid
