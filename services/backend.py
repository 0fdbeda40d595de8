"""The client of the backend: one method an endpoint, frozen values out, only `BackendError` raised.

One `Backend` serves one visitor, on one event loop. What was read for an account is kept in memory, asked
again by its `ETag`, and forgotten with the session.

A write goes on when whoever asked for it leaves, and is shared by whoever asks for the same meanwhile: a
double tap is one request. When its answer is lost, what is true is found out before anything is said: by
reading again (a change of state), or by sending it once more under the same `Idempotency-Key` (a creation).

Over 250 lines: every endpoint is here.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from services.authority import Authority, Challenge
from services.credentials import CredentialProblem, CredentialStore
from services.errors import (
    NotFound,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.models import (
    Account,
    Answer,
    BillingPeriod,
    Dispute,
    DisputeReason,
    Filter,
    Purchase,
    PurchasePage,
    Service,
    ServiceStatus,
    Subscription,
)
from services.session import Remembered, Session
from services.settings import backend_origin
from services.single_flight import SingleFlight
from services.transport import CALL_TIMEOUT, Clock, Reply, Wire, utc_now, whole

__all__ = ["Backend", "Challenge", "Clock", "Remembered"]

T = TypeVar("T")
MOST_KNOWN = 64
"""Answers kept in memory for one account."""

LONGEST_SEARCH = 100
"""Characters; the contract's limit."""

LONGEST_COMMENT = 500
"""Characters, on a dispute; the contract's limit."""

LONGEST_FEEDBACK = 250
"""Characters of each field; the contract's limit."""

CLOSING_TIME = 5.0
"""Seconds a write under way still has when the client is closed."""

_ID = re.compile(r"[\w.~:-]{1,128}", re.ASCII)


class _Periods(Struct, frozen=True):
    items: tuple[BillingPeriod, ...]


class _Subscriptions(Struct, frozen=True):
    items: tuple[Subscription, ...]


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

    Every method may raise `Unreachable`, `Unavailable` and `UnexpectedAnswer`; those that read or change
    what is an account's also `SessionExpired`, `Forbidden` and `NotFound`; those that change it also
    `NotPossible`, and `Changed` when they are told an `etag`; the two steps of sign-in also `SignInError`.
    """

    on_session_end: Callable[[], None] | None = None
    """Called when the session ends by itself (revoked, expired), on the event loop; not at `sign_out`."""

    def __init__(self, wire: Wire, credentials: CredentialStore, *, clock: Clock = utc_now) -> None:
        self._wire = wire
        self._authority = Authority(wire)
        self._session = Session(self._authority, credentials, clock=clock, on_end=self._ended)
        self._reads = _Reads()
        self._writes = SingleFlight()
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
        self._drop_account()
        return await self._session.start(tokens, challenge.identifier, remember=remember)

    async def sign_out(self) -> CredentialProblem | None:
        """Erase here, then revoke there, best effort: it works offline, takes seconds and never raises.

        Returns:
            Why the store could not be erased, or `None`.
        """
        self._drop_account()
        return await self._leaving.run("sign-out", self._session.stop)

    async def sign_out_everywhere(self) -> CredentialProblem | None:
        """End every session of the subscriber, on all devices, then sign out here.

        Returns:
            Why the store could not be erased, or `None`.

        Raises:
            BackendError: the other sessions may live on; signed in as before.
        """
        return await self._leaving.run("everywhere", self._end_all_sessions)

    async def remind_identifier(self, *, phone_number: str | None = None, email: str | None = None) -> None:
        """Ask for one's identifier by the phone number or the address it goes with; not signed in.

        Nothing comes back: whether there is such an account is for its holder to know.
        """
        given = {"phoneNumber": phone_number, "email": email}
        reply = await self._wire.send(
            "POST",
            "/v1/identifier-reminders",
            json={name: whole(text) for name, text in given.items() if text},
        )
        if reply.status != 202:
            raise reply.failure()

    async def account(self) -> Answer[Account]:
        """The subscriber and their contracts."""
        return await self._read("/v1/me", Account)

    async def billing_periods(self, contract_id: str) -> Answer[tuple[BillingPeriod, ...]]:
        """The periods of a contract that can be looked at, newest first."""
        answer = await self._read(f"/v1/contracts/{_segment(contract_id)}/billing-periods", _Periods)
        return Answer(answer.value.items, answer.at, answer.etag)

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

    async def subscriptions(self, contract_id: str) -> Answer[tuple[Subscription, ...]]:
        """The subscriptions of a contract, past ones included; its `etag` is what `terminate` wants."""
        answer = await self._read(_subscriptions(contract_id), _Subscriptions)
        return Answer(answer.value.items, answer.at, answer.etag)

    async def terminate(self, contract_id: str, subscription_id: str, etag: str) -> Answer[Subscription]:
        """End a subscription: for good, and only if `etag` still names the list as it is.

        Returns:
            The subscription, terminated or about to be; with the new `etag` of the list.
        """
        path = _subscriptions(contract_id)
        url = f"{path}/{_segment(subscription_id)}/termination"

        async def ended() -> Answer[Subscription] | None:
            answer = await self._revalidated(self._reads, path, _Subscriptions)
            return next(
                (
                    Answer(each, answer.at, answer.etag)
                    for each in answer.value.items
                    if each.subscription_id == subscription_id and each.status.ended
                ),
                None,
            )

        return await self._writes.run(url, lambda: self._put(url, {}, etag, Subscription, ended))

    async def service(self, contract_id: str) -> Answer[Service]:
        """Whether internet+ can be used on a contract."""
        return await self._read(_service(contract_id), Service)

    async def switch_service(self, contract_id: str, status: ServiceStatus, etag: str) -> Answer[Service]:
        """Turn the service on or off, only if `etag` still names its state.

        Returns:
            The state it is in now, which may be the former one with a `pending_status`.
        """
        url = _service(contract_id)

        async def switched() -> Answer[Service] | None:
            answer = await self._revalidated(self._reads, url, Service)
            heading_for = answer.value.pending_status or answer.value.status
            return answer if heading_for == status else None

        return await self._writes.run(
            (url, status), lambda: self._put(url, {"status": status}, etag, Service, switched)
        )

    async def dispute(
        self, contract_id: str, payment_id: str, reason: DisputeReason, comment: str, key: str
    ) -> Dispute:
        """Tell about a problem with a purchase.

        Args:
            comment: up to `LONGEST_COMMENT` characters, or nothing.
            key: a UUID, one for each form filled in: sent again with the same, it is told once.
        """
        path = f"/v1/contracts/{_segment(contract_id)}/purchases/{_segment(payment_id)}/disputes"
        told = {"reason": reason} | ({"comment": whole(comment)} if comment else {})
        return (await self._post_once(path, told, key)).decode(Dispute)

    async def send_feedback(
        self, article_id: str, useful: bool, liked: str | None, missing: str | None, key: str
    ) -> None:
        """Say what one thinks of a help article; `key` as for `dispute`.

        Args:
            liked: up to `LONGEST_FEEDBACK` characters.
            missing: the same.
        """
        given = {"liked": liked, "missing": missing}
        told = {"articleId": article_id, "useful": useful}
        await self._post_once(
            "/v1/feedback", told | {name: whole(text) for name, text in given.items() if text}, key
        )

    async def close(self) -> None:
        """Let go of the network; a renewal or a write under way is given time. Signed in stays signed in."""
        self._reads.under_way.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIME):
                await self._writes.settled()
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
        return Answer(value, reply.at, etag)

    async def _put(
        self,
        url: str,
        body: object,
        etag: str,
        kind: type[T],
        done: Callable[[], Awaitable[Answer[T] | None]],
    ) -> Answer[T]:
        """Change a state. `done` reads it again: the answer there would have been, or `None`."""
        headers = {"If-Match": etag} if etag else {}
        reply: Reply | None = None
        try:
            reply = await self._wire.send("PUT", url, headers=headers, json=body, auth=self._session)
            if reply.status in (200, 202):
                return Answer(reply.decode(kind), reply.at, reply.headers.get("etag", ""))
            failure = reply.failure()
        except (Unreachable, UnexpectedAnswer) as error:
            failure = error
        finally:
            self._reads.under_way.outdate()
        if reply is not None and 300 <= reply.status < 500:
            raise failure
        with suppress(Unreachable, Unavailable, UnexpectedAnswer):
            found = await done()
            if found is not None:
                return found
        raise failure

    async def _post_once(self, url: str, body: object, key: str) -> Reply:
        """Create something, once however often it is asked for under `key`."""
        return await self._writes.run((url, key), lambda: self._create(url, body, key))

    async def _create(self, url: str, body: object, key: str) -> Reply:
        async def once() -> Reply:
            return await self._wire.send(
                "POST", url, headers={"Idempotency-Key": key}, json=body, auth=self._session
            )

        try:
            try:
                reply = await once()
            except Unreachable:
                reply = await once()
        finally:
            self._reads.under_way.outdate()
        if reply.status != 201:
            raise reply.failure()
        return reply

    async def _end_all_sessions(self) -> CredentialProblem | None:
        async def once() -> Reply:
            return await self._wire.send("DELETE", "/v1/sessions", auth=self._session)

        with suppress(SessionExpired):  # it is over already, perhaps by the request whose answer was lost
            try:
                reply = await once()
            except Unreachable:
                reply = await once()
            if reply.status not in (204, 401):
                raise reply.failure()
        return await self.sign_out()

    def _drop_account(self) -> None:
        self._writes.cancel()  # else it could be sent again in the name of whoever signs in next
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


def _subscriptions(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/subscriptions"


def _service(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/service"
