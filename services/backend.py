"""The client of the backend: one method an endpoint, frozen values out, only `BackendError` raised.

One `Backend` serves one visitor, on one event loop. What was read for an account is kept in memory, asked
again by its `ETag`, and forgotten with the session.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from services.authority import Authority, Challenge
from services.credentials import CredentialProblem, CredentialStore
from services.errors import NotFound, UnexpectedAnswer
from services.models import Account, Answer, BillingPeriod, Filter, Purchase, PurchasePage
from services.session import Remembered, Session
from services.settings import backend_origin
from services.single_flight import SingleFlight
from services.transport import CALL_TIMEOUT, Clock, Wire, utc_now

__all__ = ["Backend", "Challenge", "Clock", "Remembered"]

T = TypeVar("T")
MOST_KNOWN = 64
"""Answers kept in memory for one account."""

LONGEST_SEARCH = 100
"""Characters; the contract's limit."""

_ID = re.compile(r"[\w.~:-]{1,128}", re.ASCII)


class _Periods(Struct, frozen=True):
    items: tuple[BillingPeriod, ...]


class _Known(NamedTuple):
    etag: str
    value: Any


class _Reads:
    """What was and is being read for one account; another account has another."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, _Known] = OrderedDict()
        self.under_way = SingleFlight()

    def keep(self, url: str, etag: str, value: object) -> None:
        self.known[url] = _Known(etag, value)
        self.known.move_to_end(url)
        if len(self.known) > MOST_KNOWN:
            self.known.popitem(last=False)


class Backend:
    """One visitor's client.

    Every method may raise `Unreachable`, `Unavailable` and `UnexpectedAnswer`; those that read an account
    also `SessionExpired`, `Forbidden` and `NotFound`; the two steps of sign-in also `SignInError`.
    """

    on_session_end: Callable[[], None] | None = None
    """Called when the session ends by itself (revoked, expired), on the event loop; not at `sign_out`."""

    def __init__(self, wire: Wire, credentials: CredentialStore, *, clock: Clock = utc_now) -> None:
        self._wire = wire
        self._authority = Authority(wire)
        self._session = Session(self._authority, credentials, clock=clock, on_end=self._ended)
        self._reads = _Reads()
        self._leaving = SingleFlight()

    @classmethod
    def at(
        cls, url: str, credentials: CredentialStore, *, clock: Clock = utc_now, timeout: float = CALL_TIMEOUT
    ) -> Backend:
        """The backend at `url`: `https://host[:port]`, or `http://` on this machine.

        Raises:
            ValueError: another kind of address; a sentence for whoever typed it.
        """
        return cls(
            Wire.over_http(backend_origin(url), clock=clock, timeout=timeout), credentials, clock=clock
        )

    @classmethod
    def within(
        cls, app: Any, credentials: CredentialStore, *, clock: Clock = utc_now, timeout: float = CALL_TIMEOUT
    ) -> Backend:
        """The backend embedded in this process, an ASGI application."""
        return cls(Wire.within(app, clock=clock, timeout=timeout), credentials, clock=clock)

    @property
    def signed_in(self) -> bool:
        return self._session.signed_in

    @property
    def identifier(self) -> str | None:
        """Of the subscriber signed in, or of the one whose session just ended by itself."""
        return self._session.identifier

    @property
    def credential_problem(self) -> CredentialProblem | None:
        """Why the session is not kept for the next start although it should be."""
        return self._session.problem

    async def resume(self) -> Remembered:
        """At start: take up the session that was kept. Asks the store, not the backend; never raises."""
        return await self._session.resume()

    async def begin_sign_in(self, identifier: str) -> Challenge:
        """First step: the identifier, known or not."""
        return await self._authority.begin(identifier.strip())

    async def finish_sign_in(
        self, challenge: Challenge, password: str, *, remember: bool
    ) -> CredentialProblem | None:
        """Second step. After `Refused` the same `challenge` takes the next try.

        Returns:
            Why the session could not be kept for the next start, or `None`; signed in either way.
        """
        tokens = await self._authority.finish(challenge, password)
        self._drop_reads()
        return await self._session.start(tokens, challenge.identifier, remember=remember)

    async def sign_out(self) -> CredentialProblem | None:
        """Erase here, then revoke there, best effort: it works offline, takes seconds and never raises.

        Returns:
            Why the store could not be erased, or `None`.
        """
        self._drop_reads()
        return await self._leaving.run("sign-out", self._session.stop)

    async def account(self) -> Answer[Account]:
        """The subscriber and their contracts."""
        return await self._read("/v1/me", Account)

    async def billing_periods(self, contract_id: str) -> Answer[tuple[BillingPeriod, ...]]:
        """The periods of a contract that can be looked at, newest first."""
        answer = await self._read(f"/v1/contracts/{_segment(contract_id)}/billing-periods", _Periods)
        return Answer(answer.value.items, answer.at)

    async def purchases(
        self,
        contract_id: str,
        period_id: str,
        *,
        kind: Filter | None = None,
        q: str = "",
        order: Literal["asc", "desc"] = "desc",
        page: int = 1,
        per_page: int = 50,
    ) -> Answer[PurchasePage]:
        """One page of a period's entries.

        Args:
            q: searched in merchant and description, without case or accents.
            page: from 1; past the end, no items.
            per_page: 1 to 100.
        """
        params: dict[str, str | int] = {
            "periodId": _identifier(period_id), "order": order, "page": page, "perPage": per_page,
        }  # fmt: skip
        if kind is not None:
            params["kind"] = kind.value
        if q.strip():
            params["q"] = q.strip()[:LONGEST_SEARCH]
        return await self._read(f"/v1/contracts/{_segment(contract_id)}/purchases", PurchasePage, params)

    async def purchase(self, contract_id: str, payment_id: str) -> Answer[Purchase]:
        """One entry, with its refunds."""
        path = f"/v1/contracts/{_segment(contract_id)}/purchases/{_segment(payment_id)}"
        return await self._read(path, Purchase)

    async def close(self) -> None:
        """Let go of the network; a renewal under way is kept first. Signed in stays signed in."""
        self._reads.under_way.cancel()
        await self._leaving.settled()
        await self._session.settled()
        await self._wire.close()

    async def _read(
        self, path: str, kind: type[T], params: Mapping[str, str | int] | None = None
    ) -> Answer[T]:
        url = f"{path}?{urlencode(params, errors='replace')}" if params else path
        reads = self._reads
        return await reads.under_way.run(url, lambda: self._revalidated(reads, url, kind))

    async def _revalidated(self, reads: _Reads, url: str, kind: type[T]) -> Answer[T]:
        known = reads.known.get(url)
        headers = {"If-None-Match": known.etag} if known else {}
        reply = await self._wire.send("GET", url, headers=headers, auth=self._session)
        if reply.status == 304 and known:
            value: T = known.value
        elif reply.status == 304:
            raise UnexpectedAnswer("not modified, but never read", correlator=reply.correlator)
        elif reply.status == 200:
            value = reply.decode(kind)
        else:
            raise reply.failure()
        etag = reply.headers.get("etag") or (known.etag if known and reply.status == 304 else "")
        if etag:
            reads.keep(url, etag, value)
        return Answer(value, reply.at)

    def _drop_reads(self) -> None:
        self._reads.under_way.cancel()
        self._reads = _Reads()

    def _ended(self) -> None:
        self._reads.known.clear()  # what is under way ends by itself, as a session that is over
        if self.on_session_end is not None:
            self.on_session_end()


def _identifier(text: str) -> str:
    """`text` if it can be an id of the backend: it may come from an address somebody typed."""
    if not _ID.fullmatch(text) or text in (".", ".."):
        raise NotFound("not an id")
    return text


def _segment(text: str) -> str:
    return quote(_identifier(text), safe="")
