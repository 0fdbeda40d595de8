"""Calendar file of future charges (RFC 5545): one all-day event per charge, without recurrence.

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
    """Event of one day; `remind_on` is the day of its alarm, if any."""

    subscription_id: str
    day: date
    summary: str
    description: str = ""
    remind_on: date | None = None
    end: bool = False
    """True for the last day of access, not a charge; both may be on the same day."""


def ics_file(contract_id: str, events: Sequence[CalendarEvent], at: datetime, product: str) -> bytes:
    """Return the file, equal for equal input; `at` is the backend's time."""
    from icalendar import Alarm, Calendar, Event  # imported late: the import takes half a second

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
    """Return the id of an event, equal in each export. It reveals no id of the contract."""
    named = f"{contract_id}|{event.subscription_id}|{event.day.isoformat()}{'|end' if event.end else ''}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@{DOMAIN}"
