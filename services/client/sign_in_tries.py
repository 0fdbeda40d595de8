"""Limit of failed sign-ins per address, for a process that serves many visitors.

To the backend, all these visitors have the server's address: it cannot limit the guesses of one visitor
without locking out the others.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from services.client.http import Clock, utc_now
from services.domain.errors import Locked

MOST_FAILURES = 20
"""Failures of one address within `WINDOW`; offices and mobile networks share one address among many users."""

WINDOW = timedelta(minutes=15)


def subscription_of(address: str) -> str:
    """Return the part of an address that identifies a customer: an IPv4 address, or an IPv6 /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or int(ip) >> 64)
    return str(ip)


class Failures:
    """Recent failures by address, one object per process; each failure expires after `WINDOW`."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._moments: dict[str, deque[datetime]] = {}

    def add(self, address: str) -> None:
        """Record a failure now."""
        self._forget()
        self._moments.setdefault(address, deque(maxlen=MOST_FAILURES)).append(self._clock())

    def wait(self, address: str) -> timedelta | None:
        """Return how long `address` has to wait; None if it has not failed too often."""
        self._forget()
        moments = self._moments.get(address)
        if moments is None or len(moments) < MOST_FAILURES:
            return None
        return moments[0] + WINDOW - self._clock()

    def _forget(self) -> None:
        begin = self._clock() - WINDOW
        for address, moments in list(self._moments.items()):
            while moments and moments[0] <= begin:
                moments.popleft()
            if not moments:
                del self._moments[address]


@dataclass(frozen=True)
class SignInTries:
    """Sign-in tries of the visitors of one address."""

    failures: Failures
    address: str
    """Result of `subscription_of`."""

    def check(self) -> None:
        """Raise `Locked` if too many tries have failed."""
        wait = self.failures.wait(self.address)
        if wait is not None:
            raise Locked("too many failures of one address", retry_after=wait)

    def failed(self) -> None:
        """Record a failure now."""
        self.failures.add(self.address)
