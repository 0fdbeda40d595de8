"""Remote values: old data is never thrown away for a failure."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.errors import Forbidden, NotFound, Unavailable, Unreachable
from services.models import Answer
from views.core.loadable import Loadable

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)


def test_nothing_is_known_at_first() -> None:
    value = Loadable[int]()
    assert not value.missing
    assert not value.stale
    assert value.started() == Loadable(loading=True)


def test_data_outlives_a_failure_with_its_age() -> None:
    old = Loadable[int]().started().answered(Answer(7, AT)).started().failed(Unreachable())
    assert (old.data, old.at, old.loading) == (7, AT, False)
    assert old.stale
    assert not old.missing


def test_a_failure_without_data_is_missing_until_it_is_tried_again() -> None:
    failed = Loadable[int]().started().failed(Unreachable())
    assert failed.missing
    assert not failed.stale
    assert not failed.started().missing, "a retry shows that it is under way"


def test_the_notice_over_old_data_stays_while_it_is_read_again() -> None:
    again = Loadable(7, AT).failed(Unreachable()).started()
    assert again.stale
    assert again.loading


STEPS = st.lists(st.sampled_from(["start", "answer", "fail"]), max_size=12)


@given(STEPS)
def test_data_never_goes_away_and_zero_is_never_made_up(steps: list[str]) -> None:
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


def test_what_was_known_is_old_until_it_is_vouched_for() -> None:
    known = Loadable[int]().started(Answer(7, AT))
    assert (known.data, known.at, known.loading, known.recalled, known.old) == (7, AT, True, True, True)
    failed = known.failed(Unreachable())
    assert failed.recalled
    assert failed.started(Answer(8, AT)).data == 7, "what is on screen stays"
    assert not failed.answered(Answer(7, AT)).old


def test_a_value_on_screen_does_not_give_way_to_a_known_one() -> None:
    assert Loadable(7, AT).started(Answer(8, AT)) == Loadable(7, AT, loading=True)


def test_what_was_known_gives_way_to_the_answer_that_it_is_over() -> None:
    for error in (NotFound(), Forbidden()):
        assert Loadable[int]().started(Answer(7, AT)).failed(error).missing
        assert Loadable(7, AT).failed(error).data == 7
