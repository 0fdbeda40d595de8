"""Loading of remote data: one request, stale data, outdated answers, failures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import flet as ft
import pytest

from services.client.cache import Reading
from services.domain.errors import BackendError, NotFound, UnexpectedAnswer, Unreachable
from services.domain.models import Answer
from tests.harness.patience import stretched
from views.core.loadable import Loadable
from views.core.resource import Resource

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)


@ft.observable
@dataclass(eq=False)
class Holder:
    """State holder of one text, whose answers the test supplies."""

    text: Loadable[str] = field(default_factory=Loadable)
    _known: Answer[str] | None = None
    _asked: list[asyncio.Future[Answer[str]]] = field(default_factory=list)
    _before: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._text = Resource(self, "text", self._reading, on_answer=self._answered)

    @property
    def resource(self) -> Resource[str]:
        return self._text

    def _reading(self) -> Reading[str]:
        return Reading(lambda: self._known, self._ask)

    async def _ask(self) -> Answer[str]:
        self._asked.append(asyncio.get_running_loop().create_future())
        return await self._asked[-1]

    async def _answered(self, before: str | None) -> None:
        self._before.append(before)


def begin(holder: Holder) -> asyncio.Task[None]:
    return asyncio.ensure_future(holder.resource.load())


async def asked(holder: Holder, times: int) -> None:
    async with asyncio.timeout(stretched(10)):
        while len(holder._asked) < times:  # noqa: ASYNC110 - the next turn of the loop asks
            await asyncio.sleep(0)


def answer(holder: Holder, which: int, value: str, etag: str = "") -> None:
    holder._asked[which].set_result(Answer(value, AT, etag))


async def test_load_shows_the_answer_and_passes_on_the_previous_data() -> None:
    holder = Holder()
    for number, value in enumerate(("one", "two")):
        task = begin(holder)
        await asked(holder, number + 1)
        assert holder.text.loading
        answer(holder, number, value, f"tag-{value}")
        await task
    assert holder.text == Loadable("two", AT)
    assert holder.resource.etag == "tag-two"
    assert holder._before == [None, "one"]


async def test_load_called_twice_sends_one_request() -> None:
    holder = Holder()
    tasks = [begin(holder), begin(holder)]
    await asked(holder, 1)
    answer(holder, 0, "one")
    await asyncio.gather(*tasks)
    assert len(holder._asked) == 1


async def test_cached_data_is_shown_with_its_tag_until_the_answer() -> None:
    holder = Holder(_known=Answer("old", AT, "tag"))
    task = begin(holder)
    await asked(holder, 1)
    assert holder.text == Loadable("old", AT, loading=True, recalled=True)
    assert holder.resource.etag == "tag"
    holder._asked[0].set_exception(Unreachable("down"))
    await task
    assert holder.text.old
    assert holder.text.data == "old"


async def test_cached_data_is_dropped_on_not_found() -> None:
    holder = Holder(_known=Answer("old", AT))
    task = begin(holder)
    await asked(holder, 1)
    holder._asked[0].set_exception(NotFound("gone"))
    await task
    assert holder.text.missing


@pytest.mark.parametrize(
    ("raised", "shown"),
    [(Unreachable("down"), Unreachable), (RuntimeError("a bug"), UnexpectedAnswer)],
)
async def test_failed_load_keeps_the_data_and_ends_the_loading(
    raised: Exception, shown: type[BackendError]
) -> None:
    holder = Holder(text=Loadable("kept", AT))
    task = begin(holder)
    await asked(holder, 1)
    holder._asked[0].set_exception(raised)
    await task
    assert (holder.text.data, holder.text.loading) == ("kept", False)
    assert isinstance(holder.text.error, shown)


@pytest.mark.parametrize("late", [Answer("outdated", AT), Unreachable("down")])
async def test_reload_drops_the_outcome_of_the_earlier_request(late: Answer[str] | BackendError) -> None:
    holder = Holder()
    first = begin(holder)
    await asked(holder, 1)
    second = asyncio.ensure_future(holder.resource.reload())
    await asked(holder, 2)
    answer(holder, 1, "new")
    await second
    if isinstance(late, BackendError):
        holder._asked[0].set_exception(late)
    else:
        holder._asked[0].set_result(late)
    await first
    assert holder.text == Loadable("new", AT)
    assert holder._before == [None]


async def test_reset_replaces_the_data_and_drops_the_answer_in_flight() -> None:
    holder = Holder(text=Loadable("of another", AT))
    task = begin(holder)
    await asked(holder, 1)
    holder.resource.reset(Answer("in the list", AT))
    assert holder.text == Loadable("in the list", AT, loading=True, recalled=True)
    answer(holder, 0, "of another")
    await task
    assert holder.text.data == "in the list"


async def test_cancelled_caller_does_not_stop_the_load() -> None:
    holder = Holder()
    task = begin(holder)
    await asked(holder, 1)
    task.cancel()
    answer(holder, 0, "one")
    await holder.resource.settled()
    assert holder.text.data == "one"


async def test_combined_reading_is_cached_only_if_every_part_is() -> None:
    def reading(known: str | None, value: str) -> Reading[str]:
        async def ask() -> Answer[str]:
            return Answer(value, AT)

        return Reading(lambda: (known and Answer(known, AT)) or None, ask)

    def total(*readings: Reading[str]) -> Reading[str]:
        def steps():  # type: ignore[no-untyped-def]  # `Steps[str, str]`, by its use below
            values = []
            for one in readings:
                values.append((yield one).value)
            return Answer(" ".join(values), AT)

        return Reading.of_several(steps)

    both = total(reading("a", "A"), reading("b", "B"))
    assert both.known == Answer("a b", AT)
    assert await both == Answer("A B", AT)
    assert total(reading("a", "A"), reading(None, "B")).known is None
