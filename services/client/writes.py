"""Idempotent writes: a change of a state, and a creation.

A write continues when its caller is cancelled. Identical writes in flight are shared: a double tap sends one
request. When the answer is lost, the client finds out the result before it reports one. It reads a changed
state again; it repeats a creation once under the same `Idempotency-Key`. If that fails too, it raises
`OutcomeUnknown`; `NotSent` means that no request left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.client.cache import ResponseCache
from services.client.http import HttpClient, Response
from services.client.session import Session
from services.client.single_flight import SingleFlight
from services.domain import entity_tags
from services.domain.errors import (
    BackendError,
    NotSent,
    OutcomeUnknown,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.domain.models import Answer

T = TypeVar("T")


class Writes:
    """Writes of one visitor.

    Args:
        cache: returns the cache of the account; a write invalidates the answers that it may change.
    """

    def __init__(self, http_client: HttpClient, session: Session, cache: Callable[[], ResponseCache]) -> None:
        self._http = http_client
        self._session = session
        self._cache = cache
        self._in_flight = SingleFlight()

    async def put(
        self,
        url: str,
        body: object,
        etag: str,
        kind: type[T],
        outcome: Callable[[], Awaitable[Answer[T] | None]],
        *,
        of: str = "",
    ) -> Answer[T]:
        """Change the state at `url`, if `etag` still names it.

        Args:
            outcome: reads the state again; returns the answer of a successful change, or None.
            of: tells apart different changes of one state.
        """
        return await self._in_flight.run((url, of), lambda: self._put(url, body, etag, kind, outcome))

    async def create(self, url: str, body: object, key: str) -> Response:
        """Create something once, however often it is requested under `key`, a UUID."""
        return await self._in_flight.run((url, key), lambda: self._create(url, body, key))

    def cancel(self) -> None:
        """Stop all writes in flight; their callers get `SessionExpired`."""
        self._in_flight.cancel()

    async def settled(self) -> None:
        """Wait until the writes in flight have ended, whatever their outcome."""
        await self._in_flight.settled()

    async def _put(
        self,
        url: str,
        body: object,
        etag: str,
        kind: type[T],
        outcome: Callable[[], Awaitable[Answer[T] | None]],
    ) -> Answer[T]:
        headers = entity_tags.condition("If-Match", etag)
        response: Response | None = None
        try:
            response = await self._http.send("PUT", url, headers=headers, json=body, auth=self._session)
            if response.status in (200, 202):
                self._cache().invalidate(url)
                return Answer(response.decode(kind), response.at, response.etag)
            failure = response.failure()
        except (Unreachable, UnexpectedAnswer) as error:
            failure = error
        finally:
            self._cache().in_flight.invalidate()
        if response is None and not failure.sent:
            raise _not_sent(failure)
        if response is not None and 300 <= response.status < 500:
            raise failure
        try:
            found = await outcome()
        except (Unreachable, Unavailable, UnexpectedAnswer):
            raise OutcomeUnknown(str(failure), correlator=failure.correlator) from None
        if found is None:
            raise failure
        return found

    async def _create(self, url: str, body: object, key: str) -> Response:
        async def once() -> Response:
            response = await self._http.send(
                "POST", url, headers={"Idempotency-Key": key}, json=body, auth=self._session
            )
            if response.status >= 500:
                failure = response.failure()
                failure.sent = True
                raise failure
            return response

        try:
            try:
                response = await once()
            except (Unreachable, Unavailable, UnexpectedAnswer) as lost:
                if not lost.sent:
                    raise _not_sent(lost) from None
                try:
                    response = await once()
                except (Unreachable, Unavailable, UnexpectedAnswer) as error:
                    raise OutcomeUnknown(str(error), correlator=error.correlator) from None
        finally:
            self._cache().in_flight.invalidate()
        if response.status != 201:
            raise response.failure()
        self._cache().invalidate(url)
        return response


def _not_sent(failure: BackendError) -> BackendError:
    """Return the failure of a change that did not leave this device."""
    if type(failure) is Unreachable:  # its subclasses are more precise about the cause
        return NotSent(str(failure), correlator=failure.correlator)
    return failure
