"""Reporting a problem with a purchase: one form is one report, and the purchase tells of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.errors import NotDone, NotPossible, NotSent, OutcomeUnknown
from services.models import DisputeReason
from services.sandbox.schema import dispute
from tests.views.conftest import Line, Serve, sign_in, typed
from tests.views.people import ABONNE, kept, subscribed
from tests.views.state.test_help import Losing
from views.disputes.report_state import ReportState
from views.purchases.detail_state import PurchaseState

FIRST, SECOND = "charge-2026-05-11-0", "charge-2026-05-04-0"


def picked(reason: DisputeReason) -> Any:
    return cast("Any", SimpleNamespace(data=reason.value))


async def opened(line: Line) -> ReportState:
    """The form over the first purchase, which is on screen."""
    backend = line.backend()
    await sign_in(backend, ABONNE)
    contract = (await backend.account()).value.contracts[0]
    purchase = PurchaseState(backend, contract)
    await purchase.open(FIRST)
    report = ReportState(backend, contract, purchase)
    report.open(FIRST)
    line.asked.clear()
    return report


def sent(line: Line) -> int:
    return sum(address.endswith("/disputes") for address in line.asked)


@pytest.fixture
def line(serve: Serve) -> Line:
    return serve(subscribed())


async def test_a_reason_is_required(line: Line) -> None:
    report = await opened(line)
    report.type_comment(typed("Jamais vu."))
    await report.send()
    assert report.unexplained
    assert sent(line) == 0
    report.choose(picked(DisputeReason.UNKNOWN))
    assert not report.unexplained
    assert report.comment == "Jamais vu."


async def test_it_is_sent_as_it_was_filled_in_and_the_purchase_tells(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.NOT_RECEIVED))
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


async def test_two_taps_are_one_report_and_the_form_stays_meanwhile(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.DUPLICATE))
    with line.holding("/disputes"):
        both = asyncio.gather(report.send(), report.send())
        await asyncio.sleep(0.02)
        assert report.busy
        report.close()
        assert report.payment_id == FIRST
    await both
    assert sent(line) == 1
    assert len(await kept(line, dispute)) == 1


async def test_an_answer_that_is_lost_makes_no_second_report(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.AMOUNT))
    reached = line.far_end
    line.far_end = Losing(reached.app)
    await report.send()
    line.far_end = reached
    assert isinstance(report.error, OutcomeUnknown)
    assert report.payment_id == FIRST, "the form stays, to be sent again"
    await report.send()
    assert report.error is None
    assert report.receipt is not None
    assert len(await kept(line, dispute)) == 1


async def test_changed_after_an_answer_that_was_lost_the_first_report_stands_and_is_shown(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.AMOUNT))
    reached = line.far_end
    line.far_end = Losing(reached.app)
    await report.send()
    line.far_end = reached
    report.choose(picked(DisputeReason.DUPLICATE))
    await report.send()
    assert isinstance(report.error, NotPossible)
    assert report.error.code == "DISPUTE_EXISTS"
    shown = report.purchase.purchase.data
    assert shown is not None
    assert shown.dispute is not None
    assert shown.dispute.reason is DisputeReason.AMOUNT


async def test_reported_elsewhere_meanwhile_the_true_state_is_shown(line: Line) -> None:
    one, other = await opened(line), await opened(line)
    for report in (one, other):
        report.choose(picked(DisputeReason.UNKNOWN))
        await report.send()
    assert isinstance(other.error, NotPossible)
    shown = other.purchase.purchase.data
    assert shown is not None
    assert shown.dispute is not None
    assert len(await kept(line, dispute)) == 1


async def test_offline_it_is_told_and_the_form_stays(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.OTHER))
    report.type_comment(typed("Voir ci-joint."))
    line.down = True
    await report.send()
    assert isinstance(report.error, NotSent)
    assert not report.busy
    assert (report.reason, report.comment) == (DisputeReason.OTHER, "Voir ci-joint.")
    line.down = False
    await report.send()
    assert report.receipt is not None
    assert len(await kept(line, dispute)) == 1


async def test_a_backend_that_fails_once_it_is_done_is_found_out(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.OTHER))
    line.broken = "/disputes"
    await report.send()
    assert (report.error, report.payment_id) == (None, None)
    assert report.receipt is not None
    assert report.purchase.purchase.data is not None
    assert report.purchase.purchase.data.dispute == report.receipt
    assert len(await kept(line, dispute)) == 1


async def test_when_it_is_not_known_whether_it_arrived_the_purchase_tells(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.OTHER))
    line.lost = "/disputes"
    await report.send()
    assert isinstance(report.error, OutcomeUnknown)
    report.close()
    report.open(FIRST)
    assert isinstance(report.error, OutcomeUnknown), "it is not forgotten with the sheet"
    line.down, line.lost = False, None
    await report.find_out()
    assert report.payment_id is None
    assert report.receipt is not None
    assert len(await kept(line, dispute)) == 1


async def test_when_it_never_arrived_that_is_told_and_it_can_be_sent_again(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.OTHER))
    line.swallowed = "/disputes"
    await report.send()
    assert isinstance(report.error, OutcomeUnknown)
    line.down, line.swallowed = False, None
    await report.find_out()
    assert isinstance(report.error, NotDone)
    assert report.payment_id == FIRST
    await report.send()
    assert report.receipt is not None
    assert len(await kept(line, dispute)) == 1


async def test_the_draft_of_a_purchase_is_kept_and_is_no_others(line: Line) -> None:
    report = await opened(line)
    report.choose(picked(DisputeReason.OTHER))
    report.type_comment(typed("À finir"))
    report.close()
    report.open(FIRST)
    assert (report.reason, report.comment) == (DisputeReason.OTHER, "À finir")
    report.close()
    report.open(SECOND)
    assert (report.reason, report.comment) == (None, "")


async def test_each_report_has_a_key_of_its_own(line: Line) -> None:
    report = await opened(line)
    for payment_id in (FIRST, SECOND):
        report.open(payment_id)
        report.choose(picked(DisputeReason.UNKNOWN))
        await report.send()
        assert report.error is None
    assert {row.payment_id for row in await kept(line, dispute)} == {FIRST, SECOND}


async def test_what_was_typed_is_in_no_representation(line: Line) -> None:
    report = await opened(line)
    report.type_comment(typed("confidence"))
    assert "confidence" not in repr(report)
