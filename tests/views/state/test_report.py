"""Dispute form: one dispute per form, shown on the purchase."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.domain.errors import NotDone, NotPossible, NotSent, OutcomeUnknown
from services.domain.models import DisputeReason
from services.sandbox.schema import dispute
from tests.views.conftest import Line, Serve, first_contract, typed
from tests.views.factories import kept, subscribed
from tests.views.state.test_help import Losing
from views.disputes.report_state import ReportState
from views.purchases.detail_state import PurchaseState

FIRST, SECOND = "charge-2026-05-11-0", "charge-2026-05-04-0"


def picked(reason: DisputeReason) -> Any:
    return cast("Any", SimpleNamespace(data=reason.value))


async def opened(line: Line, reason: DisputeReason | None = None) -> ReportState:
    """Return the form opened on the first purchase, with a reason if given."""
    backend, contract = await first_contract(line)
    purchase = PurchaseState(backend, contract)
    await purchase.open(FIRST)
    report = ReportState(backend, contract, purchase)
    report.open(FIRST)
    if reason is not None:
        report.choose(picked(reason))
    line.asked.clear()
    return report


async def send_in_vain(report: ReportState, line: Line) -> None:
    """Send the form; the sandbox accepts it, but its answer is lost."""
    reached = line.far_end
    line.far_end = Losing(reached.app)
    await report.send()
    line.far_end = reached


async def assert_sent(report: ReportState, line: Line) -> None:
    """Check that the form has become the only dispute."""
    assert report.receipt is not None
    assert len(await kept(line, dispute)) == 1


def sent(line: Line) -> int:
    return sum(address.endswith("/disputes") for address in line.asked)


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


async def test_dispute_is_sent_as_entered_and_shown_on_the_purchase(line: Line) -> None:
    report = await opened(line, DisputeReason.NOT_RECEIVED)
    report.type_comment(typed("  Rien reçu.  "))
    await report.send()
    (row,) = await kept(line, dispute)
    assert (row.payment_id, row.reason, row.comment) == (FIRST, "not_received", "Rien reçu.")
    assert report.payment_id is None, "the form is closed"
    shown = report.purchase.purchase.data
    assert shown is not None
    assert shown.dispute is not None
    assert shown.dispute.dispute_id == row.dispute_id
    assert report.receipt == shown.dispute


async def test_dispute_sent_twice_is_created_once_and_the_form_stays_open(line: Line) -> None:
    report = await opened(line, DisputeReason.DUPLICATE)
    with line.holding("/disputes") as held:
        both = asyncio.gather(report.send(), report.send())
        await held.answered()
        assert report.busy
        report.close()
        assert report.payment_id == FIRST
    await both
    assert sent(line) == 1
    assert len(await kept(line, dispute)) == 1


async def test_dispute_with_a_lost_answer_is_created_once(line: Line) -> None:
    report = await opened(line, DisputeReason.AMOUNT)
    await send_in_vain(report, line)
    assert isinstance(report.error, OutcomeUnknown)
    assert report.payment_id == FIRST, "the form stays, to be sent again"
    await report.send()
    assert report.error is None
    await assert_sent(report, line)


async def test_dispute_changed_after_a_lost_answer_shows_the_first_one(line: Line) -> None:
    report = await opened(line, DisputeReason.AMOUNT)
    await send_in_vain(report, line)
    report.choose(picked(DisputeReason.DUPLICATE))
    await report.send()
    assert isinstance(report.error, NotPossible)
    assert report.error.code == "DISPUTE_EXISTS"
    shown = report.purchase.purchase.data
    assert shown is not None
    assert shown.dispute is not None
    assert shown.dispute.reason is DisputeReason.AMOUNT


async def test_dispute_offline_reports_the_error_and_keeps_the_form(line: Line) -> None:
    report = await opened(line, DisputeReason.OTHER)
    report.type_comment(typed("Voir ci-joint."))
    line.down = True
    await report.send()
    assert isinstance(report.error, NotSent)
    assert not report.busy
    assert (report.reason, report.comment) == (DisputeReason.OTHER, "Voir ci-joint.")
    line.down = False
    await report.send()
    await assert_sent(report, line)


async def test_dispute_of_unknown_outcome_is_found_on_the_purchase(line: Line) -> None:
    report = await opened(line, DisputeReason.OTHER)
    line.lost = "/disputes"
    await report.send()
    assert isinstance(report.error, OutcomeUnknown)
    report.close()
    report.open(FIRST)
    assert isinstance(report.error, OutcomeUnknown), "it is not forgotten with the sheet"
    line.down, line.lost = False, None
    await report.find_out()
    assert report.payment_id is None
    await assert_sent(report, line)


async def test_dispute_that_never_arrived_is_reported_and_can_be_sent_again(line: Line) -> None:
    report = await opened(line, DisputeReason.OTHER)
    line.swallowed = "/disputes"
    await report.send()
    assert isinstance(report.error, OutcomeUnknown)
    line.down, line.swallowed = False, None
    await report.find_out()
    assert isinstance(report.error, NotDone)
    assert report.payment_id == FIRST
    await report.send()
    await assert_sent(report, line)


async def test_dispute_draft_is_kept_per_purchase(line: Line) -> None:
    report = await opened(line, DisputeReason.OTHER)
    report.type_comment(typed("À finir"))
    report.close()
    report.open(FIRST)
    assert (report.reason, report.comment) == (DisputeReason.OTHER, "À finir")
    report.close()
    report.open(SECOND)
    assert (report.reason, report.comment) == (None, "")


async def test_dispute_keys_differ_per_purchase(line: Line) -> None:
    report = await opened(line)
    for payment_id in (FIRST, SECOND):
        report.open(payment_id)
        report.choose(picked(DisputeReason.UNKNOWN))
        await report.send()
        assert report.error is None
    assert {row.payment_id for row in await kept(line, dispute)} == {FIRST, SECOND}


async def test_dispute_comment_is_not_in_the_repr(line: Line) -> None:
    report = await opened(line)
    report.type_comment(typed("confidence"))
    assert "confidence" not in repr(report)
