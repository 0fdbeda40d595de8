"""How often one address may fail to sign in, where one process serves many visitors.

To the backend they all come from this server: it cannot tell one visitor's guesses from the others'
passwords.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from services.errors import Locked
from services.transport import Clock, utc_now

MOST_FAILURES = 20
"""Of one address within `WINDOW`: offices and mobile networks have many people behind one."""

WINDOW = timedelta(minutes=15)


def subscription_of(address: str) -> str:
    """What one subscription of an access provider has: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or int(ip) >> 64)
    return str(ip)


class Failures:
    """The recent failures of every address. One for a process; each is forgotten after `WINDOW`."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._moments: dict[str, deque[datetime]] = {}

    def add(self, address: str) -> None:
        """One more, now."""
        self._forget()
        self._moments.setdefault(address, deque(maxlen=MOST_FAILURES)).append(self._clock())

    def wait(self, address: str) -> timedelta | None:
        """How long `address` has to wait, when there were too many."""
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
    """The tries of the visitors of one address."""

    failures: Failures
    address: str
    """As `subscription_of` gives it."""

    def check(self) -> None:
        """Raises `Locked` when too many failed."""
        wait = self.failures.wait(self.address)
        if wait is not None:
            raise Locked("too many failures of one address", retry_after=wait)

    def failed(self) -> None:
        """Note a failure, now."""
        self.failures.add(self.address)
