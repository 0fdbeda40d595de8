"""Cache of one account's answers, and its reads in flight.

A read is a `Reading`. Awaiting it asks the backend; until then, it gives the cached answer, for a screen to
show at once. `services/client/device_data.py` keeps the cache between two starts of the app.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterable
from enum import IntEnum
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from services.client.single_flight import SingleFlight
from services.domain.models import Answer, Instant

T = TypeVar("T")
U = TypeVar("U")

Steps = Generator["Reading[T]", Answer[T], Answer[U]]
"""Sequence of readings, each sent its answer; returns the answer made of them."""

MOST_KNOWN: Final = 64
"""Answers cached for one account."""

LARGEST: Final = 4_000_000
"""Bytes of JSON stored on the device; 64 pages of 25 purchases are about 1,300,000."""


class Priority(IntEnum):
    """Priority in the cache; the lowest is dropped first."""

    PASSING = 0
    """Later pages of a long list."""
    USEFUL = 1
    ESSENTIAL = 2
    """Answers that every screen needs to open."""


class CacheEntry(Struct, frozen=True):
    """Cached answer of the backend."""

    url: Annotated[str, Meta(min_length=1, max_length=2000)]
    etag: str
    at: Instant
    """Time at which the backend last confirmed the answer, by its own clock."""
    priority: Priority
    value: Any
    """Decoded value; still JSON (`Raw`) after it was read from the device, until its first use."""


class _PersistedEntry(CacheEntry, frozen=True):
    """Cached answer as stored on the device."""

    value: Raw


class ResponseCache:
    """Cache and reads in flight of one account; each account has its own.

    Args:
        on_change: called when the cache has changed.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self.in_flight = SingleFlight()
        self._known: dict[str, CacheEntry] = {}
        """Ordered by time, latest last."""
        self._on_change = on_change

    def put(self, known: CacheEntry) -> None:
        """Cache an answer in place of the previous one from the same address."""
        self._known.pop(known.url, None)
        self._known[known.url] = known
        if len(self._known) > MOST_KNOWN:
            least = min(self._known.values(), key=lambda each: each.priority)  # of equal worth, the oldest
            del self._known[least.url]
        self._on_change()

    def drop(self, url: str) -> None:
        """Drop the answer of an address: it no longer exists, or belongs to another subscriber."""
        if self._known.pop(url, None) is not None:
            self._on_change()

    def invalidate(self, url: str) -> None:
        """Invalidate the answers that a write to `url` may change: of `url` and of its parent paths."""
        for known in [known for known in self._known if f"{url}/".startswith(f"{known}/")]:
            self.drop(known)

    def recall(self, url: str, kind: type[T]) -> Answer[T] | None:
        """Return the cached answer of an address, decoded strictly."""
        known = self._known.get(url)
        if known is None:
            return None
        if isinstance(known.value, Raw):
            try:
                value = msgspec.json.decode(known.value, type=kind)
            except (msgspec.MsgspecError, ValueError, RecursionError):  # perhaps written by an older app
                self.drop(url)
                return None
            known = self._known[url] = msgspec.structs.replace(known, value=value)
        return Answer(known.value, known.at, known.etag, unreadable(known.value))

    def snapshot(self) -> tuple[CacheEntry, ...]:
        """Return all cached answers, for `encode`, which may run in a thread."""
        return tuple(self._known.values())

    def restore(self, kept: bytes) -> None:
        """Load the answers from the output of `encode`; ignore any other text."""
        try:
            answers = msgspec.json.decode(kept, type=tuple[_PersistedEntry, ...])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        for each in answers[-MOST_KNOWN:]:
            self._known[each.url] = CacheEntry(each.url, each.etag, each.at, each.priority, each.value.copy())


def unreadable(value: object) -> int:
    """Return the number of records that could not be read."""
    count: int = getattr(value, "unreadable", 0)
    return count


def encode(answers: Iterable[CacheEntry]) -> bytes:
    """Return the answers as JSON, latest last; above `LARGEST` bytes, without the least important ones."""
    latest_first = reversed([*enumerate(answers)])
    chosen: list[tuple[int, bytes]] = []
    room = LARGEST
    for order, each in sorted(latest_first, key=lambda one: -one[1].priority):
        text = msgspec.json.encode(each)
        if len(text) <= room:
            room -= len(text)
            chosen.append((order, text))
    return b"[" + b",".join(text for _, text in sorted(chosen)) + b"]"


class Reading(Generic[T]):
    """Answer that can be awaited any number of times. Each await asks the backend, or joins a read in flight.

    Args:
        recall: returns the cached answer.
        ask: returns the backend's answer.
    """

    def __init__(
        self, recall: Callable[[], Answer[T] | None], ask: Callable[[], Coroutine[Any, Any, Answer[T]]]
    ) -> None:
        self._recall = recall
        self._ask = ask

    @classmethod
    def of_several(cls, steps: Callable[[], Steps[U, T]]) -> Reading[T]:
        """Return the reading of a value made of several readings; cached if all of them are."""

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
        """Cached answer, available at once. The backend has not confirmed it since `at`."""
        return self._recall()

    def __await__(self) -> Generator[Any, None, Answer[T]]:
        return self._ask().__await__()

    def of(self, part: Callable[[T], U]) -> Reading[U]:
        """Return the reading of a part of the value."""

        def pick(answer: Answer[T]) -> Answer[U]:
            return Answer(part(answer.value), answer.at, answer.etag, answer.unreadable)

        def recall() -> Answer[U] | None:
            answer = self._recall()
            return pick(answer) if answer is not None else None

        async def ask() -> Answer[U]:
            return pick(await self._ask())

        return Reading(recall, ask)
