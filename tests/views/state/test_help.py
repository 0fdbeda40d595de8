"""Feedback on help articles: draft, idempotent sending, offline queue."""

from __future__ import annotations

import asyncio
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import Row, select
from starlette.applications import Starlette

from services.client.backend import LONGEST_FEEDBACK
from services.domain.errors import NotPossible, Unavailable
from services.sandbox.schema import feedback
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.views.conftest import CAMILLE, Line, Serve, remembered, sign_in, typed
from views.core.session import Gate, SessionState
from views.help.feedback_state import NOT_USEFUL, USEFUL, Comment, FeedbackForm, FieldError, Stage
from views.help.state import HelpState


def chosen(*answer: str) -> Any:
    return cast("Any", SimpleNamespace(data=list(answer)))


async def kept(line: Line) -> list[Row[Any]]:
    """Return the feedback stored in the backend."""
    app = cast("Starlette", line.far_end.app)
    rows: list[Row[Any]] = await app.state.store.run(
        lambda connection: connection.execute(select(feedback)).all()
    )
    return rows


class Losing(httpx.ASGITransport):
    """Transport that delivers requests and loses their answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await super().handle_async_request(request)
        raise httpx.ReadError("lost", request=request)


async def signed_in(line: Line) -> SessionState:
    session = SessionState(line.backend(await remembered(line, CAMILLE)))
    await session.start()
    return session


def written(help_: HelpState, article: str = "periode", text: str = "Clair.") -> FeedbackForm:
    form = help_.feedback(article)
    form.choose(chosen(USEFUL))
    form.type_liked(typed(text))
    return form


async def test_feedback_is_sent_with_its_trimmed_text(line: Line) -> None:
    help_ = (await signed_in(line)).help
    form = help_.feedback("periode")
    form.choose(chosen(NOT_USEFUL))
    form.type_missing(typed("  Un exemple. "))
    await help_.send(form)
    assert form.stage is Stage.SENT
    (row,) = await kept(line)
    assert (row.article_id, row.useful, row.liked, row.missing) == ("periode", False, None, "Un exemple.")


async def test_feedback_draft_is_kept_per_article(serve: Serve) -> None:
    help_ = (await signed_in(serve(CAMILLE))).help
    form = written(help_)
    assert help_.feedback("periode") is form, "the draft is kept while one moves around"
    assert help_.feedback("service").draft.liked == ""


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_feedback_without_text_is_not_sent(line: Line, text: str) -> None:
    help_ = (await signed_in(line)).help
    form = written(help_, text=text)
    await help_.send(form)
    assert (form.stage, form.fault_of(Comment.LIKED)) == (Stage.WRITING, FieldError.EMPTY)
    assert form.fault_of(Comment.MISSING) is None
    assert await kept(line) == []
    form.type_liked(typed("Clair."))
    assert form.draft.fault is None


async def test_feedback_without_a_choice_is_not_sent(line: Line) -> None:
    help_ = (await signed_in(line)).help
    form = written(help_)
    form.choose(chosen())
    assert form.shown == ()
    await help_.send(form)
    assert await kept(line) == []


async def test_feedback_over_the_length_limit_is_refused_uncut(line: Line) -> None:
    """Use an emoji that counts as one character in the field and as seven in the contract."""
    help_ = (await signed_in(line)).help
    form = written(help_, text="👨‍👩‍👧‍👦" * 40)
    assert form.draft.left(Comment.LIKED) == 0
    await help_.send(form)
    assert form.fault_of(Comment.LIKED) is FieldError.LONG
    assert form.fault_of(Comment.MISSING) is None
    assert await kept(line) == []
    form.type_liked(typed("é" * LONGEST_FEEDBACK))
    await help_.send(form)
    assert (await kept(line))[0].liked == "é" * LONGEST_FEEDBACK


def test_deleted_feedback_draft_can_be_restored() -> None:
    form = FeedbackForm("periode", lambda: "key")
    form.choose(chosen(USEFUL))
    form.type_liked(typed("Clair."))
    form.type_missing(typed("Rien."))
    form.delete()
    assert not form.draft.begun
    form.restore()
    assert form.comments() == ("Clair.", "Rien.")
    assert form.draft.deleted is None
    form.delete()
    form.type_liked(typed("Autre"))
    form.restore()
    assert form.comments() == ("Autre", None), "not over what was typed since"


def test_feedback_text_is_not_in_the_repr() -> None:
    form = FeedbackForm("periode", lambda: "key")
    form.type_liked(typed("secret"))
    assert "secret" not in repr(form)


async def test_feedback_sent_twice_is_stored_once(line: Line) -> None:
    help_ = (await signed_in(line)).help
    form = written(help_)
    with line.holding("/v1/feedback") as held:
        both = asyncio.gather(help_.send(form), help_.send(form))
        await held.answered()
        assert form.stage is Stage.SENDING
    await both
    await help_.send(form)
    assert len(await kept(line)) == 1


@pytest.mark.parametrize("outcome", ["lost", "error"])
async def test_feedback_of_unknown_outcome_is_stored_once(line: Line, outcome: str) -> None:
    """Check that the same key is sent again after a lost answer or a server error."""
    help_ = (await signed_in(line)).help
    form, reached = written(help_), line.far_end
    if outcome == "lost":
        line.far_end = Losing(reached.app)
    else:
        line.broken = "/v1/feedback"
    await help_.send(form)
    line.far_end, line.broken = reached, None
    assert (form.stage, help_.queued) == (Stage.QUEUED, 1)
    assert len(await kept(line)) == 1
    await help_.deliver()
    assert (form.stage, len(await kept(line))) == (Stage.SENT, 1)


async def test_feedback_queue_delivered_concurrently_is_sent_once(line: Line) -> None:
    help_ = (await signed_in(line)).help
    line.down = True
    await help_.send(written(help_))
    line.down = False
    line.asked.clear()
    await asyncio.gather(help_.deliver(), help_.deliver())
    assert line.asked.count("/v1/feedback") == 1
    assert help_.queued == 0


async def test_feedback_delivery_cancelled_is_completed_by_the_next(line: Line) -> None:
    help_ = (await signed_in(line)).help
    line.down = True
    form = written(help_)
    await help_.send(form)
    line.down = False
    with line.holding("/v1/feedback") as held:
        first = asyncio.create_task(help_.deliver())
        await held.answered()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await help_.deliver()
    assert (form.stage, len(await kept(line))) == (Stage.SENT, 1)


@pytest.mark.parametrize("offline", [False, True], ids=["at once", "later"])
async def test_feedback_refused_reports_the_error_and_keeps_the_text(line: Line, *, offline: bool) -> None:
    session = await signed_in(line)
    help_, form = session.help, written(session.help)
    await session.backend.send_feedback("service", False, None, "Tout.", form.key)  # uses up the key
    line.down = offline
    await help_.send(form)
    line.down = False
    await asyncio.wait_for(help_.deliver(), stretched(10))
    assert (form.stage, help_.queued) == (Stage.WRITING, 0)
    assert isinstance(form.error, NotPossible)
    assert form.draft.liked == "Clair."
    form.type_liked(typed("Clair !"))
    await help_.send(form)
    assert (form.stage, len(await kept(line))) == (Stage.SENT, 2)


async def test_feedback_changed_after_a_failure_gets_a_new_key() -> None:
    keys = map(str, count())
    form = FeedbackForm("periode", lambda: next(keys))
    form.choose(chosen(USEFUL))
    form.type_liked(typed("Clair."))
    first = form.key
    form.fail(Unavailable())
    form.type_liked(typed("Clair!"))
    assert form.key != first
    second = form.key
    form.type_liked(typed("Clair !"))
    assert form.key == second


async def test_feedback_takes_focus_once_after_a_choice_or_a_fault() -> None:
    form = FeedbackForm("periode", lambda: "key")
    assert not form.takes_focus()
    form.choose(chosen(USEFUL))
    assert [form.takes_focus(), form.takes_focus()] == [True, False]
    assert not form.ready()
    assert form.takes_focus()


async def test_feedback_draft_survives_an_expired_session_but_not_a_sign_out(line: Line) -> None:
    session = await signed_in(line)
    form = written(session.help)
    session._expire()
    await session.enter(None)
    assert session.help.feedback("periode") is form
    await session.sign_out()
    assert session.help.feedback("periode") is not form


async def test_after_signing_in_again_it_can_be_sent_and_no_session_is_said_to_be_over(
    line: Line, clock: Clock
) -> None:
    session = await signed_in(line)
    form = written(session.help)
    clock.advance(days=40)
    await session.help.send(form)
    assert session.gate is Gate.SIGNED_OUT
    await sign_in(session.backend, CAMILLE)
    await session.enter(None)
    assert session.help.feedback("periode") is form
    assert (form.stage, form.error, form.draft.liked) == (Stage.WRITING, None, "Clair.")
    await session.help.send(form)
    assert (form.stage, len(await kept(line))) == (Stage.SENT, 1)


async def test_feedback_draft_is_not_shown_to_another_subscriber(line: Line) -> None:
    session = await signed_in(line)
    form = written(session.help)
    session.help.owner = "somebody@demo.example"
    await session.enter(None)
    assert session.help.feedback("periode") is not form
    assert session.help.owner == CAMILLE
