"""Review decisions: synchronized across devices, kept offline, merged."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from services.client.credentials import MemoryStore
from services.client.http import IN_PROCESS
from services.client.offline import OfflineStore
from services.insights.findings import Finding, Kind
from services.insights.review import Review, Verdict
from tests.harness.cases import daily
from tests.harness.clock import Clock
from tests.harness.postgresql import Cluster
from tests.views.conftest import Line, Serve, sign_in
from views.core.review import ReviewState

CAMILLE, BOX = "camille@demo.example", "camille-box"


@pytest.fixture(params=daily(["sqlite", "postgresql"], "sqlite"))
def line(request: pytest.FixtureRequest, serve: Serve) -> Line:
    """Return the way to a sandbox with Camille's data, on the database that the parameter names."""
    if request.param == "sqlite":
        return serve(CAMILLE)
    server: Cluster = request.getfixturevalue("postgresql")
    return serve(CAMILLE, database=server.database())


def finding(key: str) -> Finding:
    return Finding(Kind.NEW, key, "studio", "Studio")


async def device(line: Line, clock: Clock, store: OfflineStore | None = None) -> ReviewState:
    """Return the review state on a new signed-in device of Camille."""
    backend = line.backend(MemoryStore(), store)
    await sign_in(backend, CAMILLE, remember=store is not None)
    return ReviewState(backend, BOX, clock)


async def test_decision_of_one_device_is_loaded_on_another(line: Line, clock: Clock) -> None:
    one, other = await device(line, clock), await device(line, clock)
    one.decide([finding("new|studio|1")], Verdict.RECOGNISED)
    one.see(["new|studio|2"])
    await one.settled()
    assert not one.backend.device.unsent_review(BOX).decisions, "the backend has it"
    await other.load()
    assert other.review.verdict("new|studio|1") is Verdict.RECOGNISED
    assert other.review.seen == ("new|studio|2",)


@pytest.mark.parametrize("line", ["sqlite", "postgresql"], indirect=True)
async def test_decisions_of_two_devices_are_merged(line: Line, clock: Clock) -> None:
    one, other = await device(line, clock), await device(line, clock)
    await asyncio.gather(one.load(), other.load())
    other.decide([finding("a"), finding("both")], Verdict.RECOGNISED)
    clock.advance(minutes=1)
    one.decide([finding("b"), finding("both")], Verdict.UNRECOGNISED)
    await asyncio.gather(one.settled(), other.settled())
    await asyncio.gather(one.load(), other.load())
    for state in (one, other):
        verdicts = [state.review.verdict(key) for key in ("a", "b", "both")]
        assert verdicts == [Verdict.RECOGNISED, Verdict.UNRECOGNISED, Verdict.UNRECOGNISED]


async def test_decision_made_offline_is_sent_later(line: Line, clock: Clock) -> None:
    one, other = await device(line, clock), await device(line, clock)
    line.down = True
    one.decide([finding("a")], Verdict.RECOGNISED)
    await one.settled()
    assert one.served.error is not None
    assert one.review.verdict("a") is Verdict.RECOGNISED
    line.down = False
    await one.load()
    await other.load()
    assert other.review.verdict("a") is Verdict.RECOGNISED


async def test_decision_made_offline_survives_a_restart(line: Line, clock: Clock, tmp_path: Path) -> None:
    secrets = MemoryStore()
    store = OfflineStore(tmp_path, IN_PROCESS)
    backend = line.backend(secrets, store)
    await sign_in(backend, CAMILLE, remember=True)
    line.down = True
    state = ReviewState(backend, BOX, clock)
    state.decide([finding("a")], Verdict.RECOGNISED)
    await state.settled()
    await backend.forget_known()  # clearing the cache keeps unsent decisions
    await backend.close()
    line.down = False
    again = line.backend(secrets, OfflineStore(tmp_path, IN_PROCESS))
    await again.resume()
    restarted = ReviewState(again, BOX, clock)
    assert restarted.review.verdict("a") is Verdict.RECOGNISED
    await restarted.load()
    assert restarted.served.data is not None
    assert restarted.served.data.verdict("a") is Verdict.RECOGNISED
    await again.sign_out()
    await again.close()
    assert again.device.unsent_review(BOX) == Review()
    assert not store.folder.exists()


async def test_decision_with_a_lost_answer_is_stored_once(line: Line, clock: Clock) -> None:
    one, other = await device(line, clock), await device(line, clock)
    await one.load()
    line.lost = "/review"
    one.decide([finding("a")], Verdict.RECOGNISED)
    await one.settled()
    assert one.served.error is not None, "the recovery tries again"
    line.lost, line.down = None, False
    await one.load()
    await other.load()
    assert other.review == one.review


async def test_decision_without_backend_support_is_kept_in_the_session(
    serve: Serve, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = serve(CAMILLE)
    state = await device(line, clock)
    monkeypatch.setattr(line.app.router, "routes", [r for r in line.app.routes if "review" not in r.path])  # type: ignore[attr-defined]
    await state.load()
    assert (state.kept_here, state.served.error) == (True, None)
    state.decide([finding("a")], Verdict.RECOGNISED)
    await state.settled()
    later = ReviewState(state.backend, BOX, clock)
    assert later.review.verdict("a") is Verdict.RECOGNISED


async def test_withdrawal_after_the_clock_went_back_replaces_the_decision(serve: Serve, clock: Clock) -> None:
    state = await device(serve(CAMILLE), clock)
    state.decide([finding("a")], Verdict.RECOGNISED)
    clock.now -= timedelta(days=1)
    state.withdraw(["a"])
    assert state.review.verdict("a") is None
    await state.settled()
