"""Loadable values: a failure never discards earlier data."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import Forbidden, NotFound, Unavailable, Unreachable
from services.domain.models import Answer
from views.core.loadable import Loadable

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)


def test_loadable_at_first_is_neither_missing_nor_stale() -> None:
    value = Loadable[int]()
    assert not value.missing
    assert not value.stale
    assert value.started() == Loadable(loading=True)


def test_loadable_keeps_data_and_age_after_a_failure() -> None:
    old = Loadable[int]().started().answered(Answer(7, AT)).started().failed(Unreachable())
    assert (old.data, old.at, old.loading) == (7, AT, False)
    assert old.stale
    assert not old.missing


def test_loadable_that_failed_without_data_is_missing_until_a_retry() -> None:
    failed = Loadable[int]().started().failed(Unreachable())
    assert failed.missing
    assert not failed.stale
    assert not failed.started().missing, "a retry shows that it is under way"


def test_loadable_stays_stale_during_a_retry() -> None:
    again = Loadable(7, AT).failed(Unreachable()).started()
    assert again.stale
    assert again.loading


STEPS = st.lists(st.sampled_from(["start", "answer", "fail"]), max_size=12)


@given(STEPS)
def test_loadable_in_any_order_of_steps_keeps_its_last_data(steps: list[str]) -> None:
    value = Loadable[int]()
    answers = 0
    for step in steps:
        match step:
            case "start":
                value = value.started()
            case "answer":
                answers += 1
                value = value.answered(Answer(answers, AT))
            case "fail":
                value = value.failed(Unavailable())
        assert value.data == (answers or None)
        assert (value.at is None) == (value.data is None)
        assert not (value.stale and value.missing)
    if steps:
        assert value.loading == (steps[-1] == "start")


def test_loadable_from_the_cache_is_old_until_confirmed() -> None:
    known = Loadable[int]().started(Answer(7, AT))
    assert (known.data, known.at, known.loading, known.recalled, known.old) == (7, AT, True, True, True)
    failed = known.failed(Unreachable())
    assert failed.recalled
    assert failed.started(Answer(8, AT)).data == 7, "what is on screen stays"
    assert not failed.answered(Answer(7, AT)).old


def test_loadable_with_data_ignores_the_cached_value() -> None:
    assert Loadable(7, AT).started(Answer(8, AT)) == Loadable(7, AT, loading=True)


def test_loadable_from_the_cache_is_dropped_on_not_found_or_forbidden() -> None:
    for error in (NotFound(), Forbidden()):
        assert Loadable[int]().started(Answer(7, AT)).failed(error).missing
        assert Loadable(7, AT).failed(error).data == 7
