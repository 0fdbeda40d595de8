"""Client of the backend: one method per endpoint, frozen values as results, `BackendError` as the only error.

One `Backend` serves one visitor, on one event loop. Answers are cached until the session ends. A cached
answer is shown at once (`Reading.known`) and revalidated by its `ETag`. `Backend.device` stores answers
between two starts of the app.

Over 250 lines: every endpoint is here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from services.client.cache import CacheEntry, Priority, Reading, ResponseCache, unreadable
from services.client.credentials import CredentialProblem, CredentialStore
from services.client.device_data import DeviceData
from services.client.diagnostics import FailureLog
from services.client.http import CALL_TIMEOUT, Clock, HttpClient, Response, replace_surrogates, utc_now
from services.client.oauth import Challenge, OAuthClient, Tokens
from services.client.session import Remembered, Session
from services.client.sign_in_tries import SignInTries
from services.client.single_flight import SingleFlight
from services.client.writes import Writes
from services.domain import entity_tags
from services.domain.errors import (
    Changed,
    Forbidden,
    Locked,
    NotFound,
    NotPossible,
    OutcomeUnknown,
    Refused,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.domain.identifiers import cleaned
from services.domain.models import (
    Account,
    Answer,
    BillingPeriod,
    BillingPeriods,
    Dispute,
    DisputeReason,
    Filter,
    Purchase,
    PurchasePage,
    Service,
    ServiceStatus,
    Subscription,
    Subscriptions,
)
from services.domain.origins import backend_origin
from services.insights.review import Review, merge

if TYPE_CHECKING:
    from services.client.history_store import HistoryStore
    from services.client.offline import OfflineStore

__all__ = ["Backend", "Challenge", "Clock", "Remembered"]

T = TypeVar("T")

LONGEST_SEARCH = 100
"""Characters; the limit of the contract."""

LONGEST_COMMENT = 500
"""Characters of a dispute's comment; the limit of the contract."""

LONGEST_FEEDBACK = 250
"""Characters of each field; the limit of the contract."""

CLOSING_TIME = 5.0
"""Seconds for writes in flight to end when the client is closed."""

_ID = re.compile(r"[\w.~:-]{1,128}", re.ASCII)

_ACCOUNT: Final = "/v1/me"

_OF_CHANGES = (Changed, NotPossible)
"""Possible answers to a change; as answers to a read they are unexpected, as are 403 and 404 of the account.
"""


class Backend:
    """Client of one visitor.

    Every method may raise `Unreachable`, `Unavailable`, `UnexpectedAnswer` and `UpdateNeeded`.
    Methods that read or change account data may also raise `SessionExpired`, `Forbidden` and `NotFound`.
    Methods that change it may also raise `NotPossible`, `NotSent`, `OutcomeUnknown` and `PasswordNeeded`, and
    `Changed` if they take an `etag`. Both steps of the sign-in may also raise `SignInError`.
    """

    sign_in_tries: SignInTries | None = None
    """Sign-in tries of this visitor's address on a shared web host; too many failures raise `Locked`."""

    on_session_end: Callable[[], None] | None = None
    """Called on the event loop when the session is revoked or expires, but not by `sign_out`."""

    on_outdated: Callable[[], None] | None = None
    """Called on the event loop when the backend no longer serves this version of the app."""

    def __init__(
        self,
        http_client: HttpClient,
        credentials: CredentialStore,
        *,
        clock: Clock = utc_now,
        offline: OfflineStore | None = None,
        history: HistoryStore | None = None,
    ) -> None:
        self._http = http_client
        self._oauth = OAuthClient(http_client)
        self._session = Session(self._oauth, credentials, clock=clock, on_end=self._ended)
        self.device = DeviceData(self._session, offline, history, lambda: self._cache)
        self._cache = ResponseCache(self.device.save_soon)
        self._writes = Writes(http_client, self._session, lambda: self._cache)
        self._leaving = SingleFlight()
        self._opening = SingleFlight()
        http_client.on_outdated = self._outdated

    @classmethod
    def at(
        cls,
        url: str,
        credentials: CredentialStore,
        *,
        clock: Clock = utc_now,
        timeout: float = CALL_TIMEOUT,
        tls: ssl.SSLContext | None = None,
        offline: OfflineStore | None = None,
        history: HistoryStore | None = None,
    ) -> Backend:
        """Return the client of the backend at `url`: `https://host[:port]`, or `http://` on this machine.

        Args:
            tls: SSL context that verifies the backend (`trust.create_ssl_context`); the device's by default.
        Raises:
            ValueError: the address is invalid; the message is a sentence for the user.
        """
        http_client = HttpClient.over_http(backend_origin(url), clock=clock, timeout=timeout, tls=tls)
        return cls(http_client, credentials, clock=clock, offline=offline, history=history)

    @property
    def signed_in(self) -> bool:
        return self._session.signed_in

    @property
    def identifier(self) -> str | None:
        """Identifier of the subscriber signed in, or of the session that has just ended by itself."""
        return self._session.identifier

    @property
    def host(self) -> str:
        """Host of the backend; `sandbox` if it is embedded in this process."""
        return urlsplit(self._http.origin).hostname or ""

    @property
    def failure_log(self) -> FailureLog:
        """Last failures, for a diagnostic report."""
        return self._http.failure_log

    @property
    def credential_problem(self) -> CredentialProblem | None:
        """Reason why the session is not stored for the next start although it should be."""
        return self._session.problem

    async def resume(self) -> Remembered:
        """Resume the stored session and load the cache, from the device alone; never raise."""
        try:
            return await self._opening.run("resume", self._resume)
        except SessionExpired:  # a sign-in or a sign-out came first, while the store was slow
            return Remembered(None, signed_in=False, problem=None)

    async def _resume(self) -> Remembered:
        remembered = await self._session.resume()
        self._cache.restore(await self.device.resume(remembered))
        return remembered

    async def begin_sign_in(self, identifier: str) -> Challenge:
        """Begin a sign-in with a known or unknown identifier."""
        if self.sign_in_tries is not None:
            self.sign_in_tries.check()
        return await self._oauth.begin(replace_surrogates(cleaned(identifier)))

    async def finish_sign_in(
        self, challenge: Challenge, password: str, *, remember: bool
    ) -> CredentialProblem | None:
        """Finish a sign-in. After `Refused`, the next try uses the same `challenge`.

        Returns:
            Reason why the session could not be stored for the next start, or `None`; signed in either way.
        """
        tokens = await self._tokens(challenge, password)
        self._opening.cancel()
        self._drop_account()
        problem = await self._session.start(tokens, challenge.identifier, remember=remember)
        await self.device.begin()
        return problem

    async def confirm_kept(self) -> CredentialProblem | None:
        """Wait until a slow store has saved the session or failed; return why it is not saved."""
        return await self._session.confirm()

    async def step_up(self, challenge: Challenge, password: str) -> None:
        """Renew the sign-in after `PasswordNeeded`; the session and the cache stay.

        `challenge` comes from `begin_sign_in(self.identifier)`; after `Refused`, the next try uses it again.
        """
        tokens = await self._tokens(challenge, password)
        await self._leaving.run("step-up", lambda: self._session.step_up(tokens))

    async def sign_out(self) -> CredentialProblem | None:
        """Erase the session here, then revoke it, best effort. Works offline, in seconds; never raises.

        Returns:
            Reason why the store could not be erased, or `None`.
        """
        self._drop_account()
        return await self._leaving.run("sign-out", self._erase_and_revoke)

    async def erase_again(self) -> CredentialProblem | None:
        """Erase a session that the store did not erase at `sign_out`; return why the store still fails."""
        return await self._leaving.run("erase", self._erase_again)

    async def sign_out_everywhere(self) -> CredentialProblem | None:
        """End all sessions of the subscriber, on all devices, then sign out here.

        Returns:
            Reason why the store could not be erased, or `None`.
        Raises:
            BackendError: the other sessions may still be valid; this one is unchanged.
        """
        return await self._leaving.run("everywhere", self._end_all_sessions)

    async def remind_identifier(self, *, phone_number: str | None = None, email: str | None = None) -> None:
        """Request a reminder of the identifier of a phone number or e-mail address, without a session.

        The answer is always the same: only the holder of an account may learn that it exists.
        """
        if self.sign_in_tries is not None:  # many requests are attempts to guess, too
            self.sign_in_tries.check()
            self.sign_in_tries.failed()
        contact = {"phoneNumber": phone_number and cleaned(phone_number), "email": email and cleaned(email)}
        response = await self._http.send(
            "POST",
            "/v1/identifier-reminders",
            json={name: replace_surrogates(text) for name, text in contact.items() if text},
        )
        if response.status != 202:
            failure = response.failure()
            if not isinstance(failure, Unavailable):  # without a session, any other failure is unexpected
                failure = UnexpectedAnswer(f"status {response.status}", correlator=response.correlator)
            raise failure

    def account(self) -> Reading[Account]:
        """Return the subscriber and their contracts."""
        return self._read(Account, lambda: _ACCOUNT)

    def billing_periods(self, contract_id: str) -> Reading[tuple[BillingPeriod, ...]]:
        """Return the available periods of a contract, newest first."""
        reading = self._read(BillingPeriods, lambda: f"/v1/contracts/{_segment(contract_id)}/billing-periods")
        return reading.of(lambda known: known.items)

    def purchases(
        self,
        contract_id: str,
        period_id: str,
        *,
        kind: Filter | None = None,
        q: str = "",
        order: Literal["asc", "desc"] = "desc",
        page: int = 1,
        per_page: int = 50,
        cached: bool = True,
    ) -> Reading[PurchasePage]:
        """Return one page of a period's entries.

        Args:
            q: text to search in merchant and description, without case or accents.
            page: page number, from 1; a page past the end has no items.
            per_page: entries per page, 1 to 100.
            cached: whether the answer is put into the cache.
        """

        def url() -> str:
            params: dict[str, str | int] = {
                "periodId": _identifier(period_id), "order": order, "page": page, "perPage": per_page,
            }  # fmt: skip
            if kind is not None:
                params["kind"] = kind.value
            if q.strip():
                params["q"] = q.strip()[:LONGEST_SEARCH]
            query = urlencode(params, errors="replace")
            return f"/v1/contracts/{_segment(contract_id)}/purchases?{query}"

        priority = Priority.USEFUL if page == 1 else Priority.PASSING
        return self._read(PurchasePage, url, priority if cached else None)

    def purchase(self, contract_id: str, payment_id: str) -> Reading[Purchase]:
        """Return one entry with its refunds."""

        def url() -> str:
            return f"/v1/contracts/{_segment(contract_id)}/purchases/{_segment(payment_id)}"

        return self._read(Purchase, url, Priority.USEFUL)

    def subscriptions(self, contract_id: str) -> Reading[tuple[Subscription, ...]]:
        """Return all subscriptions of a contract; `terminate` takes the `etag` of the answer."""
        return self._read(Subscriptions, lambda: _subscriptions(contract_id)).of(lambda known: known.items)

    async def terminate(self, contract_id: str, subscription_id: str, etag: str) -> Answer[Subscription]:
        """End a subscription for good, if `etag` still names the current state of the list.

        Returns:
            The subscription, terminated or about to be, with the new `etag` of the list.
        """
        path = _subscriptions(contract_id)
        url = f"{path}/{_segment(subscription_id)}/termination"

        async def ended() -> Answer[Subscription] | None:
            answer = await self._revalidated(self._cache, path, Subscriptions)
            return next(
                (
                    Answer(each, answer.at, answer.etag)
                    for each in answer.value.items
                    if each.subscription_id == subscription_id and each.status.ended
                ),
                None,
            )

        return await self._writes.put(url, {}, etag, Subscription, ended)

    def service(self, contract_id: str) -> Reading[Service]:
        """Return whether internet+ can be used on a contract."""
        return self._read(Service, lambda: _service(contract_id))

    async def switch_service(self, contract_id: str, status: ServiceStatus, etag: str) -> Answer[Service]:
        """Turn the service on or off, if `etag` still names its state.

        Returns:
            The current state; it may be the former one with a `pending_status`.
        """
        url = _service(contract_id)

        async def switched() -> Answer[Service] | None:
            answer = await self._revalidated(self._cache, url, Service)
            heading_for = answer.value.pending_status or answer.value.status
            return answer if heading_for == status else None

        return await self._writes.put(url, {"status": status}, etag, Service, switched, of=status)

    def review(self, contract_id: str) -> Reading[Review]:
        """Return the review document of a contract; a change takes the `etag` of the answer.

        `NotFound` also means that this backend does not support review documents.
        """
        return self._read(Review, lambda: _review(contract_id))

    async def replace_review(self, contract_id: str, review: Review, etag: str) -> Answer[Review]:
        """Replace the review document if `etag` still names the stored one."""
        url = _review(contract_id)

        async def replaced() -> Answer[Review] | None:
            answer = await self._revalidated(self._cache, url, Review)
            return answer if merge(answer.value, review) == answer.value else None

        return await self._writes.put(url, review, etag, Review, replaced)

    async def dispute(
        self, contract_id: str, payment_id: str, reason: DisputeReason, comment: str, key: str
    ) -> Dispute:
        """Report a problem with a purchase.

        Args:
            comment: up to `LONGEST_COMMENT` characters, or empty.
            key: a UUID per completed form: repeated requests with the same key create one dispute.
        """
        path = f"/v1/contracts/{_segment(contract_id)}/purchases/{_segment(payment_id)}/disputes"
        body = {"reason": reason} | ({"comment": replace_surrogates(comment)} if comment else {})
        response = await self._writes.create(path, body, key)
        try:
            return response.decode(Dispute)
        except UnexpectedAnswer as error:  # the status reports success, but the body is unreadable
            raise OutcomeUnknown(str(error), correlator=error.correlator) from None

    async def send_feedback(
        self, article_id: str, useful: bool, liked: str | None, missing: str | None, key: str
    ) -> None:
        """Send feedback on a help article; `key` as for `dispute`.

        Args:
            liked: up to `LONGEST_FEEDBACK` characters.
            missing: up to `LONGEST_FEEDBACK` characters.
        """
        comments = {"liked": liked, "missing": missing}
        body = {"articleId": article_id, "useful": useful} | {
            name: replace_surrogates(text) for name, text in comments.items() if text
        }
        await self._writes.create("/v1/feedback", body, key)

    async def forget_known(self) -> CredentialProblem | None:
        """Clear the cache and the history, here and on the device; the session continues.

        Returns:
            Reason why the history may remain.
        """
        self._cache = ResponseCache(self.device.save_soon)
        return await self.device.clear()

    async def close(self) -> None:
        """Close the connections, after a renewal and writes in flight. The session stays valid."""
        self._opening.cancel()
        self._cache.in_flight.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIME):
                await self._writes.settled()
        await self._leaving.settled()
        await self._session.settled()
        await self._http.close()
        await self.device.close()

    def _read(
        self, kind: type[T], url: Callable[[], str], priority: Priority | None = Priority.ESSENTIAL
    ) -> Reading[T]:
        """Return the reading of `url`, not cached without a `priority`; `url` may raise `NotFound`."""

        def recall() -> Answer[T] | None:
            with suppress(NotFound):
                return self._cache.recall(url(), kind)
            return None

        async def ask() -> Answer[T]:
            cache, address = self._cache, url()
            return await cache.in_flight.run(
                address, lambda: self._revalidated(cache, address, kind, priority)
            )

        return Reading(recall, ask)

    async def _revalidated(
        self, cache: ResponseCache, url: str, kind: type[T], priority: Priority | None = Priority.ESSENTIAL
    ) -> Answer[T]:
        known = cache.recall(url, kind)
        headers = entity_tags.condition("If-None-Match", known.etag if known else "")
        response = await self._http.send("GET", url, headers=headers, auth=self._session)
        etag = response.etag
        if response.status == 304 and known and known.etag:
            value, etag = known.value, etag or known.etag
        elif response.status == 304:
            raise UnexpectedAnswer("not modified, but never read", correlator=response.correlator)
        elif response.status == 200:
            value = response.decode(kind)
        else:
            failure = response.failure()
            senseless = (*_OF_CHANGES, Forbidden, NotFound) if url == _ACCOUNT else _OF_CHANGES
            if isinstance(failure, senseless):
                raise UnexpectedAnswer(f"status {response.status}", correlator=response.correlator)
            # a `code` shows that the backend answered, not a proxy: the cached answer is invalid
            if response.status in (403, 404) and response.code:
                cache.drop(url)
            raise failure
        if priority is not None:
            cache.put(CacheEntry(url, etag, response.at, priority, value))
        return Answer(value, response.at, etag, unreadable(value))

    async def _erase_and_revoke(self) -> CredentialProblem | None:
        await self.device.settled()
        remaining = await self.device.erase_history()
        return await self._session.stop() or remaining

    async def _erase_again(self) -> CredentialProblem | None:
        remaining = await self.device.erase_history() if not self.signed_in else None
        return await self._session.erase() or remaining

    async def _end_all_sessions(self) -> CredentialProblem | None:
        async def once() -> Response:
            return await self._http.send("DELETE", "/v1/sessions", auth=self._session)

        # the session has already ended, perhaps by the request whose answer was lost
        with suppress(SessionExpired):
            try:
                response = await once()
            except Unreachable:
                response = await once()
            if response.status not in (204, 401):
                raise response.failure()
        return await self.sign_out()

    async def _tokens(self, challenge: Challenge, password: str) -> Tokens:
        """Finish a sign-in, unless this visitor's address has failed too often."""
        if self.sign_in_tries is None:
            return await self._oauth.finish(challenge, password)
        self.sign_in_tries.check()
        try:
            return await self._oauth.finish(challenge, password)
        except (Refused, Locked):
            self.sign_in_tries.failed()
            raise

    def _drop_account(self) -> None:
        self._writes.cancel()  # else a write could be repeated in the name of the next subscriber
        self._cache.in_flight.cancel()
        self._forget()

    def _forget(self) -> None:
        """Drop all data of the account, here and on the device; requests in flight end by themselves."""
        self.device.forget()
        self._cache = ResponseCache(self.device.save_soon)

    def _outdated(self) -> None:
        if self.on_outdated is not None:
            self.on_outdated()

    async def _ended(self, by_age: bool) -> None:
        self._forget()
        if self.on_session_end is not None:
            self.on_session_end()
        await self.device.end_history(by_age=by_age)


def _identifier(text: str) -> str:
    """Return `text` if it is a possible id of the backend; it may come from a typed address.

    Raises:
        NotFound: it cannot be an id.
    """
    if not _ID.fullmatch(text) or text in (".", ".."):
        raise NotFound("not an id")
    return text


def _segment(text: str) -> str:
    return quote(_identifier(text), safe="")


def _subscriptions(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/subscriptions"


def _review(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/review"


def _service(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/service"
