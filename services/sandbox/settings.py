"""What the sandbox is set to: every lifetime, limit and cost, in one frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the time: an aware moment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The defaults are those of the contract; tests shorten some."""

    sign_in_time: timedelta = timedelta(minutes=10)
    """From the identifier to the right password, at most; then `invalid_session`."""

    tries: int = 5
    """Wrong passwords for one identifier before it is locked."""

    address_tries: int = 100
    """Wrong passwords from one network address, for whichever identifiers, before none is looked at."""

    tries_by_address: bool = False
    """Whether the wrong passwords for one identifier are counted apart for each network address: in a public
    demonstration, whose password is known, one visitor must not lock the others out."""

    sign_ins: int = 10_000
    """Sign-ins between their two steps; the oldest gives way to a new one."""

    sign_ins_per_address: int = 300
    """Sign-ins of one network address between their two steps; its oldest gives way to a new one."""

    lock_time: timedelta = timedelta(minutes=15)
    """How long an identifier or an address stays locked; wrong tries older than this are forgotten."""

    code_time: timedelta = timedelta(seconds=60)
    """Life of an authorization code."""

    access_time: timedelta = timedelta(minutes=5)
    """Life of an access token."""

    idle_time: timedelta = timedelta(days=14)
    """A session not renewed for this long is over."""

    session_time: timedelta = timedelta(days=30)
    """Life of a session since the password was given, however often it is renewed."""

    step_up_time: timedelta = timedelta(minutes=10)
    """A password given longer ago than this does not end a subscription or turn the service off."""

    grace_time: timedelta = timedelta(seconds=10)
    """For this long a used refresh token is renewed again if its successor was never used: the answer
    that carried the successor may have been lost on the way."""

    termination_delay: timedelta = timedelta()
    """From asking for a subscription's end to its being `terminated`; `pendingTerminate` meanwhile."""

    suspension_delay: timedelta = timedelta()
    """From asking for the service to be turned off, or on again, to its being so; pending meanwhile."""

    reminders: int = 3
    """Identifier reminders one network address may ask for one phone number or e-mail address..."""

    reminder_time: timedelta = timedelta(hours=1)
    """...within this time."""

    reminders_per_address: int = 100
    """Identifier reminders of one network address within `reminder_time`, for whichever values."""

    opinions: int = 30
    """Opinions of help articles that one subscriber may send..."""

    opinion_time: timedelta = timedelta(minutes=10)
    """...within this time."""

    scrypt_log2_cost: int = 14
    """Cost of one password hash, as a power of two: 14 is 16 MiB and some 50 ms. Moderate, because the
    demo hashes seven passwords at start and their password is public. Kept beside each hash."""
