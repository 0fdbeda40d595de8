"""Settings of the sandbox: every lifetime, limit and cost, in one frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the current time, time zone aware."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Settings, by default those of the contract; tests shorten some."""

    sign_in_time: timedelta = timedelta(minutes=10)
    """Time from the identifier to the right password, at most; then `invalid_session`."""

    tries: int = 5
    """Wrong passwords for one identifier before it is locked."""

    address_tries: int = 100
    """Wrong passwords of one network address, for any identifiers, before all its tries are refused."""

    tries_by_address: bool = False
    """Whether the wrong passwords for one identifier are counted per network address.

    In a public demonstration, whose password is known, one visitor must not lock the others out.
    """

    sign_ins: int = 10_000
    """Sign-ins between their two steps; a new one drops the oldest."""

    sign_ins_per_address: int = 300
    """Sign-ins of one network address between their two steps; a new one drops the oldest."""

    lock_time: timedelta = timedelta(minutes=15)
    """Time for which an identifier or an address stays locked; older wrong tries are dropped."""

    code_time: timedelta = timedelta(seconds=60)
    """Lifetime of an authorization code."""

    access_time: timedelta = timedelta(minutes=5)
    """Lifetime of an access token."""

    idle_time: timedelta = timedelta(days=14)
    """Time without a renewal after which a session ends."""

    session_time: timedelta = timedelta(days=30)
    """Lifetime of a session from its password on; renewals do not extend it."""

    step_up_time: timedelta = timedelta(minutes=10)
    """Age of the password above which a subscription cannot be ended, nor the service turned off."""

    grace_time: timedelta = timedelta(seconds=10)
    """Time during which a used refresh token can be renewed again, if its successor was never used.

    The answer with the successor may have been lost.
    """

    termination_delay: timedelta = timedelta()
    """Time from the request of a termination to `terminated`; `pendingTerminate` meanwhile."""

    suspension_delay: timedelta = timedelta()
    """Time from the request to turn the service off or on to the change; pending meanwhile."""

    reminders: int = 3
    """Identifier reminders of one network address for one identifier within `reminder_time`.
    """

    reminder_time: timedelta = timedelta(hours=1)
    """Period of the limits on identifier reminders."""

    reminders_per_address: int = 100
    """Identifier reminders of one network address within `reminder_time`, for any values."""

    opinions: int = 30
    """Feedback on help articles of one subscriber within `opinion_time`."""

    opinion_time: timedelta = timedelta(minutes=10)
    """Period of the limit on feedback."""

    scrypt_log2_cost: int = 14
    """Cost of one password hash, as a power of two: 14 is 16 MiB and about 50 ms. Stored in each hash.

    The cost is moderate, because the demo hashes all its passwords at start, and they are public.
    """
