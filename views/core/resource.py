"""Remote data of a state holder: loading, stale data with its age, outdated answers, retries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from services.client.cache import Reading
from services.client.single_flight import SingleFlight
from services.domain.errors import BackendError
from services.domain.models import Answer
from views.core.loadable import Loadable, failures_to

T = TypeVar("T")


Part = tuple[Loadable[Any], Callable[[], Awaitable[None]]]
"""Remote data, with the function that reloads it after a failure."""


class Holder(Protocol):
    """State holder of remote data."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Remote data that `RecoveryState` reloads once the backend answers."""


class Resource(Generic[T]):
    """Remote value, shown in a field of its state holder.

    The field is a `Loadable[T]`, so that a component that observes the holder is redrawn. All callers of
    `load` share one request. Answers to requests sent before `reset` or `invalidate` are dropped.
    """

    def __init__(
        self,
        holder: object,
        field: str,
        read: Callable[[], Reading[T]],
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
        on_answer: Callable[[T | None], Awaitable[None]] | None = None,
    ) -> None:
        """Bind the value to `field` of `holder`.

        Args:
            read: builds a reading of the value.
            prepare: awaited by `load` first.
            on_answer: awaited by `load` after the field got an answer; its argument is the previous data.
        """
        self._holder, self._field = holder, field
        self._read = read
        self._prepare = prepare
        self._on_answer = on_answer
        self.etag = ""
        """Entity tag of the data on screen."""
        self._flight = SingleFlight()
        self._generation = 0

    @property
    def state(self) -> Loadable[T]:
        """The value of the holder's field."""
        state: Loadable[T] = getattr(self._holder, self._field)
        return state

    @property
    def part(self) -> Part:
        """The value, and `load`."""
        return self.state, self.load

    async def load(self) -> None:
        """Read the value; cached data is shown meanwhile."""
        await self._flight.run(None, self._load)

    async def _load(self) -> None:
        generation = self._generation

        def fail(error: BackendError) -> None:
            if generation == self._generation:
                self._publish(self.state.failed(error))

        with failures_to(fail):
            if self._prepare is not None:
                await self._prepare()
            reading = self._read()
            self._start(reading.known)
            answer = await reading
            if generation != self._generation:
                return
            before = self.accept(answer)
            if self._on_answer is not None:
                await self._on_answer(before)

    def recall(self) -> None:
        """Show cached data until the value is read, if no data is shown yet."""
        self._start(self._read().known)

    def accept(self, answer: Answer[T]) -> T | None:
        """Show an answer, such as the answer to a change; return the previous data."""
        before, self.etag = self.state.data, answer.etag
        self._publish(self.state.answered(answer))
        return before

    def reset(self, known: Answer[T] | None = None) -> None:
        """Start over with another subject; show only `known`, its cached data."""
        self.invalidate()
        self._publish(Loadable())
        if known is not None:
            self._start(known)

    def invalidate(self) -> None:
        """Drop the answers in flight: the value changed after their requests were sent."""
        self._generation += 1
        self._flight.invalidate()

    async def reload(self) -> None:
        """Read the value after a change."""
        self.invalidate()
        await self.load()

    async def settled(self) -> None:
        """Wait until the value is not being read."""
        await self._flight.settled()

    def _start(self, known: Answer[T] | None) -> None:
        if self.state.data is None and known is not None:
            self.etag = known.etag
        self._publish(self.state.started(known))

    def _publish(self, state: Loadable[T]) -> None:
        setattr(self._holder, self._field, state)
