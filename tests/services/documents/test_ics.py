"""The calendar file: the days foreseen, the same bytes for the same input, nothing that names a line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import icalendar
import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.documents.ics import CalendarEvent, ics_file
from services.insights.calendar import AHEAD, by_month, total, upcoming
from services.insights.charge_days import charge_days
from services.models import Rhythm, Subscription, SubscriptionStatus
from tests.services.insights.factories import NOW, demo_contract, subscription

AT = datetime(2026, 5, 14, 10, 0, 1, tzinfo=UTC)
TODAY = date(2026, 5, 14)


def written(subscriptions: list[Subscription], today: date = TODAY) -> bytes:
    entries = upcoming(subscriptions, today, 26)
    events = [
        CalendarEvent(
            one.subscription.subscription_id, one.day, one.subscription.merchant_name, "", one.cancel_by
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
