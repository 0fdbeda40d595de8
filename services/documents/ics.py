"""Charges to come as a calendar file (RFC 5545): all-day events, one a charge, none that recurs.

A recurring event would stay after a cancellation, and skip the months without a 31st.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

DOMAIN = "fr.consoetmoi.app"


@dataclass(frozen=True)
class CalendarEvent:
    """One day, in words; `remind_on` is the day of its alarm, if it has one."""

    subscription_id: str
    day: date
    summary: str
    description: str = ""
    remind_on: date | None = None
    end: bool = False
    """The last day of the access, not a charge: both may fall on one day."""


def ics_file(contract_id: str, events: Sequence[CalendarEvent], at: datetime, product: str) -> bytes:
    """Return the file, the same for the same input; `at` is the backend's moment."""
    from icalendar import Alarm, Calendar, Event  # here: the import takes half a second

    calendar = Calendar()
    calendar.add("prodid", f"-//{product}//{DOMAIN}//")
    calendar.add("version", "2.0")
    for one in events:
        event = Event()
        event.add("uid", uid(contract_id, one))
        event.add("dtstamp", at)
        event.add("dtstart", one.day)
        event.add("dtend", one.day + timedelta(days=1))
        event.add("summary", one.summary)
        if one.description:
            event.add("description", one.description)
        event.add("transp", "TRANSPARENT")
        if one.remind_on is not None:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", one.description or one.summary)
            alarm.add("trigger", one.remind_on - one.day)
            event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def uid(contract_id: str, event: CalendarEvent) -> str:
    """Return the identifier of an event, the same at each export. It reveals no id of the contract."""
    named = f"{contract_id}|{event.subscription_id}|{event.day.isoformat()}{'|end' if event.end else ''}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{DOMAIN}"
