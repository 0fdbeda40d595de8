"""The client of a backend that is an ASGI application of this process."""

from __future__ import annotations

from typing import Any

import httpx

from services.client.backend import Backend, Clock
from services.client.credentials import CredentialStore
from services.client.http import CALL_TIMEOUT, IN_PROCESS, HttpClient, utc_now


def backend_within(
    app: Any, credentials: CredentialStore, *, clock: Clock = utc_now, timeout: float = CALL_TIMEOUT
) -> Backend:
    """Return the client of `app`; a crash of the application is a 500, as over the network."""
    far_end = httpx.ASGITransport(app, raise_app_exceptions=False)
    return Backend(HttpClient(IN_PROCESS, far_end, clock=clock, timeout=timeout), credentials, clock=clock)
