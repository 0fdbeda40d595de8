"""Diagnostic report for support: versions, platform, the last failures; no personal data.

Requests are recorded by their endpoint, never by their address. A path segment that is not a fixed word of
the contract is replaced by `{id}`.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from services.domain.errors import BackendError
from services.settings import VERSION

MOST_FAILURES = 20
"""Failures kept; a new one drops the oldest."""

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
"""Fixed path segments of the contract, which identify no user."""


class Failure(NamedTuple):
    """One failure."""

    at: datetime
    """Time zone aware, in UTC, by this device's clock."""
    kind: str
    """Class of the error, such as `Unreachable`."""
    endpoint: str
    """Method and endpoint, such as `GET /v1/contracts/{id}/service`."""
    correlator: str
    """Id of the exchange in the backend's logs; empty if no request left."""


class FailureLog:
    """Last failures of one visitor, oldest first."""

    def __init__(self) -> None:
        self._last: deque[Failure] = deque(maxlen=MOST_FAILURES)

    def note(self, error: BackendError, method: str, url: str, at: datetime) -> None:
        """Record that `method` of `url` failed."""
        kind, endpoint = type(error).__name__, f"{method} {endpoint_of(url)}"
        self._last.append(Failure(at.astimezone(UTC), kind, endpoint, error.correlator or ""))

    @property
    def last(self) -> tuple[Failure, ...]:
        return tuple(self._last)


def endpoint_of(url: str) -> str:
    """Return the endpoint of an address: its path, with each id replaced by `{id}`."""
    segments = urlsplit(url).path.split("/")
    return "/".join(segment if not segment or segment in _WORDS else "{id}" for segment in segments)


def diagnostic_report(
    failure_log: FailureLog, *, at: datetime, backend: str, environment: Mapping[str, str]
) -> str:
    """Return the diagnostic report, in English, one fact per line.

    Args:
        at: now, time zone aware.
        backend: host or name of the backend.
        environment: other facts about the device and the app's appearance, none of them personal.
    """
    facts = {
        "Conso et moi": VERSION,
        "Python": platform.python_version(),
        **environment,
        "Backend": backend,
        "At": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    lines.append(f"Last failures: {len(failure_log.last) or 'none'}")
    lines += [
        f"{failure.at:%Y-%m-%dT%H:%M:%SZ} {failure.kind} {failure.endpoint} {failure.correlator}".rstrip()
        for failure in failure_log.last
    ]
    return "\n".join(lines)
