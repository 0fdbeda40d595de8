"""What was last known of an account, and what is being read of it.

A read is a `Reading`: awaited, it asks the backend; before that, it tells what was known, for a screen to
show at once. What is known outlives the app where `services/offline.py` keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from enum import IntEnum
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from services.models import Answer, Instant
from services.single_flight import SingleFlight

T = TypeVar("T")
U = TypeVar("U")

Steps = Generator["Reading[T]", Answer[T], Answer[U]]
"""Readings one after another, each sent its answer; returns what they amount to."""

MOST_KNOWN: Final = 64
"""Answers kept for one account."""

LARGEST: Final = 4_000_000
"""Bytes of JSON kept on the device; sixty-four pages of 25 purchases are about 1,300,000."""


class Worth(IntEnum):
    """What is let go of first when there is too much."""

    PASSING = 0
    """What follows in a long list."""
    USEFUL = 1
    ESSENTIAL = 2
    """Without which no screen opens."""


class Known(Struct, frozen=True):
    """One answer of the backend."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    etag: str
    at: Instant
    """When the backend vouched for it last, by its own clock."""
    worth: Worth
    value: Any
    """As it was decoded; or, read from the device and not asked for yet, still JSON (`Raw`)."""


class _Kept(Known, frozen=True):
    """One as the device keeps it."""

    value: Raw


class Reads:
    """What was and is being read for one account; another account has another.

    Args:
        on_change: called when what is known has changed.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self.under_way = SingleFlight()
        self._known: dict[str, Known] = {}
        """The latest last."""
        self._on_change = on_change

    def keep(self, known: Known) -> None:
        """Remember an answer, in place of the one before from the same address."""
        self._known.pop(known.url, None)
        self._known[known.url] = known
        if len(self._known) > MOST_KNOWN:
            least = min(self._known.values(), key=lambda each: each.worth)  # the oldest of these
            del self._known[least.url]
        self._on_change()

    def drop(self, url: str) -> None:
        """Remember an answer no more: it is another's, or of nothing that still exists."""
        if self._known.pop(url, None) is not None:
            self._on_change()

    def outdate(self, url: str) -> None:
        """`url` was written to: what was known of the resource it is of, or under, is over."""
        for known in [known for known in self._known if f"{url}/".startswith(f"{known}/")]:
            self.drop(known)

    def recall(self, url: str, kind: type[T]) -> Answer[T] | None:
        """What was last known from an address, decoded as strictly as on the day it came."""
        known = self._known.get(url)
        if known is None:
            return None
        if isinstance(known.value, Raw):
            try:
                value = msgspec.json.decode(known.value, type=kind)
            except (msgspec.MsgspecError, ValueError, RecursionError):  # an older app's, perhaps
                self.drop(url)
                return None
            known = self._known[url] = msgspec.structs.replace(known, value=value)
        return Answer(known.value, known.at, known.etag, unreadable(known.value))

    def snapshot(self) -> tuple[Known, ...]:
        """All that is known, for `encode`, which may run in a thread."""
        return tuple(self._known.values())

    def restore(self, kept: bytes) -> None:
        """Know what `encode` made a text of; nothing from any other text."""
        try:
            answers = msgspec.json.decode(kept, type=tuple[_Kept, ...])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        for each in answers[-MOST_KNOWN:]:
            self._known[each.url] = Known(each.url, each.etag, each.at, each.worth, each.value.copy())


def unreadable(value: object) -> int:
    """Return how many records of an answer could not be read."""
    count: int = getattr(value, "unreadable", 0)
    return count


def encode(answers: Iterable[Known]) -> bytes:
    """As JSON, the latest last; up to `LARGEST` bytes, of the most worth and then the latest."""
    latest_first = reversed([*enumerate(answers)])
    chosen: list[tuple[int, bytes]] = []
    room = LARGEST
    for order, each in sorted(latest_first, key=lambda one: -one[1].worth):
        text = msgspec.json.encode(each)
        if len(text) <= room:
            room -= len(text)
            chosen.append((order, text))
    return b"[" + b",".join(text for _, text in sorted(chosen)) + b"]"


class Reading(Generic[T]):
    """An answer that can be awaited, any number of times: each time the backend is asked, unless it is being.

    Args:
        recall: gives what was last known.
        ask: gives the answer.
    """

    def __init__(
        self, recall: Callable[[], Answer[T] | None], ask: Callable[[], Coroutine[Any, Any, Answer[T]]]
    ) -> None:
        self._recall = recall
        self._ask = ask

    @classmethod
    def of_several(cls, steps: Callable[[], Steps[U, T]]) -> Reading[T]:
        """Return the reading of a value that several readings make up; known if all of them are."""

        def recall() -> Answer[T] | None:
            running = steps()
            try:
                reading = next(running)
                while (known := reading.known) is not None:
                    reading = running.send(known)
            except StopIteration as end:
                answer: Answer[T] = end.value
                return answer
            return None

        async def ask() -> Answer[T]:
            running = steps()
            try:
                reading = next(running)
                while True:
                    reading = running.send(await reading)
            except StopIteration as end:
                answer: Answer[T] = end.value
                return answer

        return cls(recall, ask)

    @property
    def known(self) -> Answer[T] | None:
        """What was last known, at once. The backend has not vouched for it since `at`."""
        return self._recall()

    def __await__(self) -> Generator[Any, None, Answer[T]]:
        return self._ask().__await__()

    def of(self, part: Callable[[T], U]) -> Reading[U]:
        """A reading of a part of the value."""

        def pick(answer: Answer[T]) -> Answer[U]:
            return Answer(part(answer.value), answer.at, answer.etag, answer.unreadable)

        def recall() -> Answer[U] | None:
            answer = self._recall()
            return pick(answer) if answer is not None else None

        async def ask() -> Answer[U]:
            return pick(await self._ask())

        return Reading(recall, ask)
