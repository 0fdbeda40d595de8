"""The client of the backend: one method an endpoint, frozen values out, only `BackendError` raised.

One `Backend` serves one visitor, on one event loop. What was read for an account is known until the session
ends: it is asked again by its `ETag`, and shown meanwhile (`Reading.known`). Where the session is kept on the
device, so is what is known, encrypted (`services/offline.py`), until the session ends.

A write goes on when whoever asked for it leaves, and is shared by whoever asks for the same meanwhile: a
double tap is one request. When its answer is lost, what is true is found out before anything is said: by
reading again (a change of state), or by sending it once more under the same `Idempotency-Key` (a creation).
When that cannot be done either, `OutcomeUnknown` says so; `NotSent` says that nothing left.

Over 250 lines: every endpoint is here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Meta, Struct

from services import entity_tags
from services.authority import Authority, Challenge, Tokens
from services.credentials import CredentialProblem, CredentialStore
from services.diagnostics import Troubles
from services.errors import (
    BackendError,
    Changed,
    Forbidden,
    Locked,
    NotFound,
    NotPossible,
    NotSent,
    OutcomeUnknown,
    Refused,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.identifiers import cleaned
from services.insights.review import Review, merge
from services.models import (
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
from services.reads import Known, Reading, Reads, Worth, encode, unreadable
from services.session import Remembered, Session
from services.settings import backend_origin
from services.sign_in_tries import SignInTries
from services.single_flight import SingleFlight
from services.transport import CALL_TIMEOUT, Clock, Reply, Wire, utc_now, whole

if TYPE_CHECKING:
    from services.offline import OfflineStore, Seal

__all__ = ["Backend", "Challenge", "Clock", "Remembered"]

T = TypeVar("T")

LONGEST_SEARCH = 100
"""Characters; the contract's limit."""

LONGEST_COMMENT = 500
"""Characters, on a dispute; the contract's limit."""

LONGEST_FEEDBACK = 250
"""Characters of each field; the contract's limit."""

CLOSING_TIME = 5.0
"""Seconds a write under way still has when the client is closed."""

SAVING_DELAY: Final = 1.0
"""Seconds in which what was read is written to the device together."""

_ANSWERS: Final = "answers"
_OPINION: Final = "opinion-"
_REVIEW: Final = "review-"
"""Names of files of the device; the second goes before the key of an opinion, the third before a digest."""

_ID = re.compile(r"[\w.~:-]{1,128}", re.ASCII)

_ACCOUNT: Final = "/v1/me"

_OF_CHANGES = (Changed, NotPossible)
"""What the answer to a change may be; to a reading it says nothing, nor do 403 and 404 of the account."""


class Opinion(Struct, frozen=True):
    """What a reader thinks of a help article, on its way to the backend."""

    article_id: str
    useful: bool
    liked: str | None
    missing: str | None
    key: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
    """Makes one effect of every try to send it: a UUID."""

    def __repr__(self) -> str:
        return "Opinion(...)"


class _UnsentReview(Struct, frozen=True):
    """A review document with changes that the backend does not have."""

    contract_id: str
    review: Review


class Backend:
    """One visitor's client.

    Every method may raise `Unreachable`, `Unavailable` and `UnexpectedAnswer`; those that read or change
    what is an account's also `SessionExpired`, `Forbidden` and `NotFound`; those that change it also
    `NotPossible`, `NotSent` and `OutcomeUnknown`, `Changed` when they are told an `etag`, and
    `PasswordNeeded`; the two steps of sign-in also `SignInError`; all of them `UpdateNeeded`.
    """

    sign_in_tries: SignInTries | None = None
    """Those of this visitor's address, where one process serves many; too many failures are `Locked`."""

    on_session_end: Callable[[], None] | None = None
    """Called when the session ends by itself (revoked, expired), on the event loop; not at `sign_out`."""

    on_outdated: Callable[[], None] | None = None
    """Called when the backend says that it does not serve this version of the app, on the event loop."""

    def __init__(
        self,
        wire: Wire,
        credentials: CredentialStore,
        *,
        clock: Clock = utc_now,
        offline: OfflineStore | None = None,
    ) -> None:
        self._wire = wire
        self._authority = Authority(wire)
        self._session = Session(self._authority, credentials, clock=clock, on_end=self._ended)
        self._offline = offline
        self._saving: asyncio.TimerHandle | None = None
        self._opinions: tuple[Opinion, ...] = ()
        self._reviews: dict[str, Review] = {}
        self._reads = Reads(self._save_soon)
        self._writes = SingleFlight()
        self._leaving = SingleFlight()
        self._opening = SingleFlight()
        wire.on_outdated = self._outdated

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
    ) -> Backend:
        """The backend at `url`: `https://host[:port]`, or `http://` on this machine.

        Args:
            tls: the certificates that vouch for it (`trust.create_ssl_context`); the device's by default.

        Raises:
            ValueError: another kind of address; a sentence for whoever typed it.
        """
        wire = Wire.over_http(backend_origin(url), clock=clock, timeout=timeout, tls=tls)
        return cls(wire, credentials, clock=clock, offline=offline)

    @property
    def signed_in(self) -> bool:
        return self._session.signed_in

    @property
    def identifier(self) -> str | None:
        """Of the subscriber signed in, or of the one whose session just ended by itself."""
        return self._session.identifier

    @property
    def host(self) -> str:
        """Of the backend; `sandbox` when it is embedded in this process."""
        return urlsplit(self._wire.origin).hostname or ""

    @property
    def troubles(self) -> Troubles:
        """The last failures, for a diagnostic report."""
        return self._wire.troubles

    @property
    def credential_problem(self) -> CredentialProblem | None:
        """Why the session is not kept for the next start although it should be."""
        return self._session.problem

    @property
    def keeps_on_device(self) -> bool:
        """Whether what is read opens without a network at the next start."""
        return self._seal() is not None

    @property
    def has_device(self) -> bool:
        """Whether there is a device to keep anything on: on the web it would be the server's."""
        return self._offline is not None

    async def resume(self) -> Remembered:
        """At start: take up the session that was kept, and what was known. Asks the device, not the backend;
        never raises.
        """
        try:
            return await self._opening.run("resume", self._resume)
        except SessionExpired:  # the sign-in came first, or the end: a slow store is not waited for
            return Remembered(None, signed_in=False, problem=None)

    async def _resume(self) -> Remembered:
        remembered = await self._session.resume()
        seal = self._seal()
        if seal is not None and self._offline is not None:
            self._know(await self._offline.open(seal))
        elif self._offline is not None and remembered.problem is None and not self._session.overdue:
            # With a problem, or overdue, the key may come back.
            await self._offline.erase()
        return remembered

    async def begin_sign_in(self, identifier: str) -> Challenge:
        """First step: the identifier, known or not."""
        if self.sign_in_tries is not None:
            self.sign_in_tries.check()
        return await self._authority.begin(whole(cleaned(identifier)))

    async def finish_sign_in(
        self, challenge: Challenge, password: str, *, remember: bool
    ) -> CredentialProblem | None:
        """Second step. After `Refused` the same `challenge` takes the next try.

        Returns:
            Why the session could not be kept for the next start, or `None`; signed in either way.
        """
        tokens = await self._tokens(challenge, password)
        self._opening.cancel()
        self._drop_account()
        problem = await self._session.start(tokens, challenge.identifier, remember=remember)
        seal = self._seal()
        if seal is not None and self._offline is not None:
            await self._offline.open(seal)
        return problem

    async def confirm_kept(self) -> CredentialProblem | None:
        """Wait until a slow store has saved the session or failed to; return why it is not saved."""
        return await self._session.confirm()

    async def step_up(self, challenge: Challenge, password: str) -> None:
        """After `PasswordNeeded`: the second step again, by who is signed in; all else stays as it is.

        `challenge` comes from `begin_sign_in(self.identifier)`; after `Refused` it takes the next try.
        """
        tokens = await self._tokens(challenge, password)
        await self._leaving.run("step-up", lambda: self._session.step_up(tokens))

    async def sign_out(self) -> CredentialProblem | None:
        """Erase here, then revoke there, best effort: it works offline, takes seconds and never raises.

        Returns:
            Why the store could not be erased, or `None`.
        """
        self._drop_account()
        return await self._leaving.run("sign-out", self._erase_and_revoke)

    async def erase_again(self) -> CredentialProblem | None:
        """Erase a session that the store did not erase at `sign_out`; return why it still does not."""
        return await self._leaving.run("erase", self._session.erase)

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
        if self.sign_in_tries is not None:  # whoever asks for many is trying something too
            self.sign_in_tries.check()
            self.sign_in_tries.failed()
        given = {"phoneNumber": phone_number and cleaned(phone_number), "email": email and cleaned(email)}
        reply = await self._wire.send(
            "POST",
            "/v1/identifier-reminders",
            json={name: whole(text) for name, text in given.items() if text},
        )
        if reply.status != 202:
            failure = reply.failure()
            if not isinstance(failure, Unavailable):  # nobody is signed in: no other speaks of them
                failure = UnexpectedAnswer(f"status {reply.status}", correlator=reply.correlator)
            raise failure

    def account(self) -> Reading[Account]:
        """The subscriber and their contracts."""
        return self._read(Account, lambda: _ACCOUNT)

    def billing_periods(self, contract_id: str) -> Reading[tuple[BillingPeriod, ...]]:
        """The periods of a contract that can be looked at, newest first."""
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
    ) -> Reading[PurchasePage]:
        """One page of a period's entries.

        Args:
            q: searched in merchant and description, without case or accents.
            page: from 1; past the end, no items.
            per_page: 1 to 100.
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

        return self._read(PurchasePage, url, Worth.USEFUL if page == 1 else Worth.PASSING)

    def purchase(self, contract_id: str, payment_id: str) -> Reading[Purchase]:
        """One entry, with its refunds."""

        def url() -> str:
            return f"/v1/contracts/{_segment(contract_id)}/purchases/{_segment(payment_id)}"

        return self._read(Purchase, url, Worth.USEFUL)

    def subscriptions(self, contract_id: str) -> Reading[tuple[Subscription, ...]]:
        """The subscriptions of a contract, past ones included; its `etag` is what `terminate` wants."""
        return self._read(Subscriptions, lambda: _subscriptions(contract_id)).of(lambda known: known.items)

    async def terminate(self, contract_id: str, subscription_id: str, etag: str) -> Answer[Subscription]:
        """End a subscription: for good, and only if `etag` still names the list as it is.

        Returns:
            The subscription, terminated or about to be; with the new `etag` of the list.
        """
        path = _subscriptions(contract_id)
        url = f"{path}/{_segment(subscription_id)}/termination"

        async def ended() -> Answer[Subscription] | None:
            answer = await self._revalidated(self._reads, path, Subscriptions)
            return next(
                (
                    Answer(each, answer.at, answer.etag)
                    for each in answer.value.items
                    if each.subscription_id == subscription_id and each.status.ended
                ),
                None,
            )

        return await self._writes.run(url, lambda: self._put(url, {}, etag, Subscription, ended))

    def service(self, contract_id: str) -> Reading[Service]:
        """Whether internet+ can be used on a contract."""
        return self._read(Service, lambda: _service(contract_id))

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

    def review(self, contract_id: str) -> Reading[Review]:
        """What the subscriber decided about the charges of a contract; its `etag` is what a change wants.

        `NotFound` also says that this backend keeps no such document.
        """
        return self._read(Review, lambda: _review(contract_id))

    async def replace_review(self, contract_id: str, review: Review, etag: str) -> Answer[Review]:
        """Replace the review document if `etag` still names the stored one."""
        url = _review(contract_id)

        async def replaced() -> Answer[Review] | None:
            answer = await self._revalidated(self._reads, url, Review)
            return answer if merge(answer.value, review) == answer.value else None

        return await self._writes.run(url, lambda: self._put(url, review, etag, Review, replaced))

    def unsent_review(self, contract_id: str) -> Review:
        """What this session decided and the backend does not have; empty when it has all."""
        return self._reviews.get(contract_id, Review())

    async def keep_review(self, contract_id: str, review: Review) -> None:
        """Keep decisions until `drop_review`, for the next start too where the device keeps anything."""
        self._reviews[contract_id] = review
        seal, unsent = self._seal(), _UnsentReview(contract_id, review)
        if seal is not None and self._offline is not None:
            await self._offline.save(seal, _review_file(contract_id), lambda: msgspec.json.encode(unsent))

    async def drop_review(self, contract_id: str) -> None:
        """The backend has these decisions now."""
        if self._reviews.pop(contract_id, None) is not None and self._offline is not None:
            await self._offline.remove(_review_file(contract_id))

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
        reply = await self._post_once(path, told, key)
        try:
            return reply.decode(Dispute)
        except UnexpectedAnswer as error:  # it was done, says the status, but not as what
            raise OutcomeUnknown(str(error), correlator=error.correlator) from None

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

    async def forget_known(self) -> None:
        """Keep nothing of what was read so far, here or on the device; the session goes on."""
        reviews = self._reviews
        self._forget()
        seal = self._seal()
        if seal is not None and self._offline is not None:
            await self._offline.open(seal)
        for contract_id, review in reviews.items():
            await self.keep_review(contract_id, review)

    @property
    def unsent_opinions(self) -> tuple[Opinion, ...]:
        """What this subscriber had still to send when the app was left."""
        return self._opinions

    async def keep_opinion(self, opinion: Opinion) -> None:
        """Keep an opinion for the next start, where the device keeps anything, until it is dropped."""
        seal = self._seal()
        liked, missing = (text and whole(text) for text in (opinion.liked, opinion.missing))
        opinion = msgspec.structs.replace(opinion, liked=liked, missing=missing)
        if seal is not None and self._offline is not None:
            await self._offline.save(seal, _OPINION + opinion.key, lambda: msgspec.json.encode(opinion))

    async def drop_opinion(self, key: str) -> None:
        """It has been sent, or its writer has it back."""
        self._opinions = tuple(each for each in self._opinions if each.key != key)
        if self._offline is not None:
            await self._offline.remove(_OPINION + key)

    async def close(self) -> None:
        """Let go of the network; a renewal or a write under way is given time. Signed in stays signed in."""
        self._opening.cancel()
        self._reads.under_way.cancel()
        self._save()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIME):
                await self._writes.settled()
        await self._leaving.settled()
        await self._session.settled()
        await self._wire.close()
        if self._offline is not None:
            await self._offline.close()

    def _read(self, kind: type[T], url: Callable[[], str], worth: Worth = Worth.ESSENTIAL) -> Reading[T]:
        """What `url`, which may raise `NotFound`, leads to."""

        def recall() -> Answer[T] | None:
            with suppress(NotFound):
                return self._reads.recall(url(), kind)
            return None

        async def ask() -> Answer[T]:
            reads, address = self._reads, url()
            return await reads.under_way.run(address, lambda: self._revalidated(reads, address, kind, worth))

        return Reading(recall, ask)

    async def _revalidated(
        self, reads: Reads, url: str, kind: type[T], worth: Worth = Worth.ESSENTIAL
    ) -> Answer[T]:
        known = reads.recall(url, kind)
        headers = _condition("If-None-Match", known.etag if known else "")
        reply = await self._wire.send("GET", url, headers=headers, auth=self._session)
        etag = reply.etag
        if reply.status == 304 and known and known.etag:
            value, etag = known.value, etag or known.etag
        elif reply.status == 304:
            raise UnexpectedAnswer("not modified, but never read", correlator=reply.correlator)
        elif reply.status == 200:
            value = reply.decode(kind)
        else:
            failure = reply.failure()
            senseless = (*_OF_CHANGES, Forbidden, NotFound) if url == _ACCOUNT else _OF_CHANGES
            if isinstance(failure, senseless):
                raise UnexpectedAnswer(f"status {reply.status}", correlator=reply.correlator)
            if reply.status in (403, 404) and reply.code:  # an answer, of the backend: what was known is over
                reads.drop(url)
            raise failure
        reads.keep(Known(url, etag, reply.at, worth, value))
        return Answer(value, reply.at, etag, unreadable(value))

    def _seal(self) -> Seal | None:
        """Closes what is kept on the device; `None` where nothing is."""
        key, owner = self._session.key, self._session.identifier
        if self._offline is None or key is None or owner is None:
            return None
        from services.offline import Seal  # a web host never imports it

        return Seal(key, self._offline.origin, owner)

    def _know(self, files: dict[str, bytes]) -> None:
        """Take up what the device kept."""
        self._reads.restore(files.pop(_ANSWERS, b""))
        opinions = []
        for name, content in files.items():
            if name.startswith(_REVIEW):
                with suppress(msgspec.MsgspecError, ValueError):
                    unsent = msgspec.json.decode(content, type=_UnsentReview)
                    self._reviews[unsent.contract_id] = unsent.review
                continue
            with suppress(msgspec.MsgspecError):  # a newer app's, perhaps
                opinions.append(msgspec.json.decode(content, type=Opinion))
        self._opinions = tuple(opinions)

    def _save_soon(self) -> None:
        if self._saving is None and self._offline is not None:
            self._saving = asyncio.get_running_loop().call_later(SAVING_DELAY, self._save)

    def _save(self) -> None:
        """Write what is known to the device, once for all that was read lately."""
        if self._saving is None:
            return
        self._saving.cancel()
        self._saving, seal, answers = None, self._seal(), self._reads.snapshot()
        if seal is not None and self._offline is not None:
            self._offline.save(seal, _ANSWERS, lambda: encode(answers))

    async def _put(
        self,
        url: str,
        body: object,
        etag: str,
        kind: type[T],
        done: Callable[[], Awaitable[Answer[T] | None]],
    ) -> Answer[T]:
        """Change a state. `done` reads it again: the answer there would have been, or `None`."""
        headers = _condition("If-Match", etag)
        reply: Reply | None = None
        try:
            reply = await self._wire.send("PUT", url, headers=headers, json=body, auth=self._session)
            if reply.status in (200, 202):
                self._reads.outdate(url)
                return Answer(reply.decode(kind), reply.at, reply.etag)
            failure = reply.failure()
        except (Unreachable, UnexpectedAnswer) as error:
            failure = error
        finally:
            self._reads.under_way.outdate()
        if reply is None and not failure.sent:
            raise _not_sent(failure)
        if reply is not None and 300 <= reply.status < 500:
            raise failure
        try:
            found = await done()
        except (Unreachable, Unavailable, UnexpectedAnswer):
            raise OutcomeUnknown(str(failure), correlator=failure.correlator) from None
        if found is None:
            raise failure
        return found

    async def _post_once(self, url: str, body: object, key: str) -> Reply:
        """Create something, once however often it is asked for under `key`."""
        return await self._writes.run((url, key), lambda: self._create(url, body, key))

    async def _create(self, url: str, body: object, key: str) -> Reply:
        async def once() -> Reply:
            reply = await self._wire.send(
                "POST", url, headers={"Idempotency-Key": key}, json=body, auth=self._session
            )
            if reply.status >= 500:
                failure = reply.failure()
                failure.sent = True
                raise failure
            return reply

        try:
            try:
                reply = await once()
            except (Unreachable, Unavailable, UnexpectedAnswer) as lost:
                if not lost.sent:
                    raise _not_sent(lost) from None
                try:
                    reply = await once()
                except (Unreachable, Unavailable, UnexpectedAnswer) as error:
                    raise OutcomeUnknown(str(error), correlator=error.correlator) from None
        finally:
            self._reads.under_way.outdate()
        if reply.status != 201:
            raise reply.failure()
        self._reads.outdate(url)
        return reply

    async def _erase_and_revoke(self) -> CredentialProblem | None:
        if self._offline is not None:
            await self._offline.settled()
        return await self._session.stop()

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

    async def _tokens(self, challenge: Challenge, password: str) -> Tokens:
        """The second step, if this visitor's address did not fail too often."""
        if self.sign_in_tries is None:
            return await self._authority.finish(challenge, password)
        self.sign_in_tries.check()
        try:
            return await self._authority.finish(challenge, password)
        except (Refused, Locked):
            self.sign_in_tries.failed()
            raise

    def _drop_account(self) -> None:
        self._writes.cancel()  # else it could be sent again in the name of whoever signs in next
        self._reads.under_way.cancel()
        self._forget()

    def _forget(self) -> None:
        """Nothing of the account stays, here or on the device; what is under way ends by itself."""
        if self._saving is not None:
            self._saving.cancel()
        self._saving, self._opinions, self._reviews = None, (), {}
        self._reads = Reads(self._save_soon)
        if self._offline is not None:
            self._offline.erase()

    def _outdated(self) -> None:
        if self.on_outdated is not None:
            self.on_outdated()

    def _ended(self) -> None:
        self._forget()
        if self.on_session_end is not None:
            self.on_session_end()


def _condition(header: str, etag: str) -> dict[str, str]:
    """Return the header that makes a request depend on `etag`, if there is one."""
    return {header: entity_tags.condition(etag)} if entity_tags.usable(etag) else {}


def _not_sent(failure: BackendError) -> BackendError:
    """Return the failure of a change that did not leave this device."""
    if type(failure) is Unreachable:  # its subclasses say more about the cause
        return NotSent(str(failure), correlator=failure.correlator)
    return failure


def _identifier(text: str) -> str:
    """`text` if it can be an id of the backend: it may come from an address somebody typed."""
    if not _ID.fullmatch(text) or text in (".", ".."):
        raise NotFound("not an id")
    return text


def _segment(text: str) -> str:
    return quote(_identifier(text), safe="")


def _subscriptions(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/subscriptions"


def _review(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/review"


def _review_file(contract_id: str) -> str:
    return _REVIEW + hashlib.sha256(contract_id.encode()).hexdigest()[:32]


def _service(contract_id: str) -> str:
    return f"/v1/contracts/{_segment(contract_id)}/service"
