"""What a user can hand to support: versions, platform, the last failures; nothing that is about anyone.

No address of a request is kept, only its endpoint as the contract writes it: a segment that is not one of the
contract's own words stands as `{id}`.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from services.errors import BackendError
from services.settings import VERSION

MOST_TROUBLES = 20
"""Failures remembered; the oldest give way."""

_WORDS = frozenset(
    (
        *(
            "v1",
            "me",
            "contracts",
            "billing-periods",
            "purchases",
            "disputes",
            "subscriptions",
            "termination",
        ),
        *("service", "feedback", "sessions", "identifier-reminders", ".well-known"),
        *("oauth", "oauth2", "oauth-authorization-server", "openid-configuration"),
        *("authorize", "authorization-challenge", "token", "revoke"),
    )
)
"""The segments of the contract's addresses that name no one."""


class Trouble(NamedTuple):
    """One failure."""

    at: datetime
    """Aware, in UTC, by this device's clock."""
    kind: str
    """The class of the error: `Unreachable`."""
    endpoint: str
    """`GET /v1/contracts/{id}/service`."""
    correlator: str
    """Finds the exchange in the backend's logs; empty when it never left."""


class Troubles:
    """One visitor's last failures, oldest first."""

    def __init__(self) -> None:
        self._last: deque[Trouble] = deque(maxlen=MOST_TROUBLES)

    def note(self, error: BackendError, method: str, url: str, at: datetime) -> None:
        """Remember that `method` of `url` failed."""
        kind, endpoint = type(error).__name__, f"{method} {endpoint_of(url)}"
        self._last.append(Trouble(at.astimezone(UTC), kind, endpoint, error.correlator or ""))

    @property
    def last(self) -> tuple[Trouble, ...]:
        return tuple(self._last)


def endpoint_of(url: str) -> str:
    """The endpoint an address belongs to: its path, without what names somebody's anything."""
    segments = urlsplit(url).path.split("/")
    return "/".join(segment if not segment or segment in _WORDS else "{id}" for segment in segments)


def report(troubles: Troubles, *, at: datetime, backend: str, surroundings: Mapping[str, str]) -> str:
    """The text to hand over, in English, one fact a line.

    Args:
        at: now, aware.
        backend: its host, or what it is.
        surroundings: what else is known of the device and the app's look, none of it personal.
    """
    facts = {
        "Conso et moi": VERSION,
        "Python": platform.python_version(),
        **surroundings,
        "Backend": backend,
        "At": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines.append(f"Last failures: {len(troubles.last) or 'none'}")
    lines += [
        f"{trouble.at:%Y-%m-%dT%H:%M:%SZ} {trouble.kind} {trouble.endpoint} {trouble.correlator}".rstrip()
        for trouble in troubles.last
    ]
    return "\n".join(lines)
