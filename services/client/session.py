"""Signed-in session: adds the access token to requests, and renews it once for all of them.

The access token lives in memory only, for minutes. The refresh token can be used once: each renewal rotates
it. The credential store keeps it if the subscriber asked to stay signed in, with the key of the files on the
device (`services/client/offline.py`).

A renewal removes the refresh token from the store before it presents the token. So no later start can present
a used token, which the backend would report as stolen. If the store fails to remove it, the renewal stops.

Over 250 lines: renewal, rotation and revocation share the tokens, and must not run in parallel.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import httpx
import msgspec

from services.client.credentials import CredentialProblem, CredentialStore, CredentialsUnavailable
from services.client.http import Clock, wants_password
from services.client.oauth import InvalidGrant, OAuthClient, Tokens
from services.client.offline import KEY_LENGTH
from services.client.single_flight import SingleFlight
from services.client.stored_entry import decode_entry, encode_entry
from services.domain.errors import (
    BackendError,
    KeyringUnavailable,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)

REFRESH_TOKEN_LIFE = timedelta(days=30)
"""Lifetime of a refresh token for which the backend gives none."""

_OTHER_WINDOW = (0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 3.0)
"""Pauses in seconds while another window renews; in all, as long as its two tries may take."""


_LAYOUT = 3
"""Version of the entry in the credential store."""


class StoredSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Entry of the credential store, as compact JSON, the only data stored there.

    Its last member authenticates the others. An entry changed by another program is refused. Otherwise an
    identifier could be shown, or its password requested, for another subscriber's account.
    """

    v: int
    """Version of the layout: `_LAYOUT`."""
    rt: str
    """Refresh token; empty from the start of a renewal until the next token is saved."""
    exp: int
    """Latest expiry of the refresh token, in seconds since 1970, by this device's clock."""
    id: str
    """Identifier, as typed by the subscriber."""
    key: str = ""
    """Key of the offline data, in base64; an invalid key is replaced."""
    by: str = ""
    """Id of the app window that renews; empty while `rt` is present."""
    mac: str = ""
    """HMAC-SHA-256 of all other members by `key`, in base64; written by `encode`, checked by `decode`."""

    def __repr__(self) -> str:
        return "StoredSession(...)"

    def encode(self) -> str:
        """Return the authenticated entry."""
        return encode_entry(self)

    @classmethod
    def decode(cls, text: str) -> StoredSession | None:
        """Return the entry in `text`; `None` if it is damaged, changed, or of another program."""
        stored = decode_entry(text, cls, _LAYOUT)
        return stored if stored is not None and stored.id else None

    def offline_key(self) -> bytes | None:
        """Return the decoded `key`, or `None` if it is invalid."""
        try:
            key = base64.b64decode(self.key, validate=True)
        except ValueError:
            return None
        return key if len(key) == KEY_LENGTH else None


class Remembered(msgspec.Struct, frozen=True):
    """Result of loading the stored session at start."""

    identifier: str | None
    signed_in: bool
    problem: CredentialProblem | None
    """Reason why the store could not be read; `None` also if it was empty."""
    waiting: bool = False
    """The store may still answer: another `resume` waits for it, without a timeout."""


class Session(httpx.Auth):
    """Session of one visitor. Not signed in until `resume` or `start`.

    Attributes:
        identifier: of the subscriber signed in, or of the subscriber whose session has just ended by itself.
        problem: reason why the credential store does not hold this session although it should.
        overdue: whether the session has expired by this device's clock. That clock may be wrong: the backend
            decides. Until then, cached answers stay hidden.
        expiry: latest expiry of the refresh token, in seconds since 1970, by this device's clock.
    """

    def __init__(
        self,
        authority: OAuthClient,
        credentials: CredentialStore,
        *,
        clock: Clock,
        on_end: Callable[[bool], Awaitable[None]],
    ) -> None:
        """Create a session that is not signed in.

        Args:
            on_end: awaited when the session has ended by itself; its argument is whether it ended by age. A
                refresh token refused before its expiry was revoked, or reported as stolen.
        """
        self.identifier: str | None = None
        self.problem: CredentialProblem | None = None
        self.overdue = False
        self.expiry = 0
        self._oauth = authority
        self._credentials = credentials
        self._clock = clock
        self._on_end = on_end
        self._access: str | None = None
        self._refresh: str | None = None
        self._key: bytes | None = None
        self._answer: asyncio.Future[str | None] | None = None  # pending answer of a slow store
        self._late: asyncio.Future[None] | None = None  # pending save of this session, by a slow store
        self._remember = False
        self._window = secrets.token_hex(4)
        self._exclusive = False  # no other window, and no later start, can present `_refresh`
        self._renewal = SingleFlight()

    @property
    def signed_in(self) -> bool:
        return self._access is not None or self._refresh is not None

    @property
    def _expired(self) -> bool:
        return self.expiry <= self._clock().timestamp()

    @property
    def key(self) -> bytes | None:
        """Return the key of this session's offline data; `None` if the session is not kept, or overdue."""
        return self._key if self._remember and not self.overdue else None

    async def resume(self) -> Remembered:
        """Resume the stored session without asking the backend, so that it works offline."""
        try:
            answer = self._answer
            text = await (self._credentials.load() if answer is None else asyncio.shield(answer))
        except CredentialsUnavailable as error:
            self.problem, self._answer = error.problem, error.late
            return Remembered(None, signed_in=False, problem=error.problem, waiting=error.late is not None)
        self._answer = None
        stored = StoredSession.decode(text) if text is not None else None
        # another window may be renewing: the entry belongs to that window
        if stored is not None and not stored.rt:
            return Remembered(stored.id, signed_in=False, problem=None)
        if stored is None:
            if text is not None:
                await self._clear()
            return Remembered(None, signed_in=False, problem=None)
        self.expiry = stored.exp
        self.overdue = self._expired
        self.identifier, self._refresh, self._remember = stored.id, stored.rt, True
        self._exclusive, self.problem = False, None
        self._key = stored.offline_key()
        return Remembered(stored.id, signed_in=True, problem=None)

    async def start(self, tokens: Tokens, identifier: str, *, remember: bool) -> CredentialProblem | None:
        """Start a session with new tokens; store it if `remember`, else erase the stored one."""
        self._renewal.cancel()
        self._forget()
        self.identifier, self._remember = identifier, remember
        if not remember:
            self.problem = await self._clear()
        await self._adopt(tokens)
        return self.problem

    async def step_up(self, tokens: Tokens) -> None:
        """Continue with new tokens of the same subscriber; the session stays stored, or not, as before.

        The replaced tokens are revoked, best effort.

        Raises:
            SessionExpired: the session has ended meanwhile.
        """
        replaced: str | None = None
        done = False

        async def adopt() -> str:
            nonlocal replaced, done
            done, replaced = True, self._refresh
            if not self.signed_in:
                replaced = tokens.refresh_token
                raise SessionExpired("the session ended meanwhile")
            await self._adopt(tokens)
            return tokens.access_token

        try:
            while not done:  # a renewal in flight ends first: its tokens would replace these
                with suppress(Unreachable, Unavailable, UnexpectedAnswer, KeyringUnavailable):
                    await self._renewal.run("renewal", adopt)
        finally:
            if replaced is not None:
                await self._oauth.revoke(replaced)

    async def confirm(self) -> CredentialProblem | None:
        """Wait until a slow store has saved this session or failed; return why it is not saved."""
        while (late := self._late) is not None:
            try:
                await asyncio.shield(late)
            except CredentialsUnavailable as error:
                problem: CredentialProblem | None = error.problem
            else:
                problem = None
            if self._late is late:  # else the session was saved again meanwhile
                self._saved(problem)
        return self.problem

    async def erase(self) -> CredentialProblem | None:
        """Erase a session that could not be erased at sign-out; return why the store still fails."""
        return await self._clear() if self.identifier is None else None

    async def stop(self) -> CredentialProblem | None:
        """Sign out: erase the session here first, then revoke it, best effort."""
        self._renewal.cancel()
        refresh = self._refresh
        self._forget()
        self.identifier = None
        self.problem = await self._clear()
        if refresh is not None:
            await self._oauth.revoke(refresh)
        return self.problem

    async def settled(self) -> None:
        """Wait for a renewal in flight: its tokens must be stored before the app ends."""
        await self._renewal.settled()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not self.signed_in:
            raise SessionExpired("not signed in")
        access = self._access or await self._renewed(None)
        for tries_left in (2, 1, 0):  # tokens renewed by another request may be expired or revoked too
            request.headers["Authorization"] = f"Bearer {access}"
            response = yield request
            if response.status_code != 401 or wants_password(response.headers):
                return  # no renewal makes a sign-in more recent
            if tries_left:
                # httpx would read the whole answer, without a bound, before the next request.
                await response.stream.aclose()  # type: ignore[union-attr]
                response.stream = httpx.ByteStream(b"")
                access = await self._renewed(access)
        if access == self._access:
            await self._renewal.run("end", self._end)

    async def _renewed(self, used: str | None) -> str:
        """Return an access token other than `used`; the first caller renews it for all."""
        if self._access is not None and self._access != used:
            return self._access
        try:
            return await self._renewal.run("renewal", self._renew)
        except BackendError as error:
            error.sent = False  # requests that wait for the renewal did not leave, or were refused
            raise

    async def _renew(self) -> str:
        """Replace both tokens.

        Raises:
            KeyringUnavailable: the store did not remove the refresh token; no token was presented.
            SessionExpired: the backend refused the refresh token, or its successor was lost.
            Unreachable, Unavailable, UnexpectedAnswer: the session is unchanged.
        """
        await self._oauth.discover()
        tried: str | None = None
        for _ in range(2):  # twice: another window of the app may renew between the read and the request
            refresh, entry = await self._take_out(wait=tried is None)
            if refresh is None or refresh == tried:
                break
            tried = refresh
            try:
                tokens = await self._oauth.refresh(refresh)
            except InvalidGrant:
                self._exclusive = False
                continue
            except BackendError as error:
                if not error.sent and entry is not None:  # else the token may be used: never store it again
                    await self._put_back(entry)
                raise
            await self._adopt(tokens)
            if not tokens.access_token:
                raise UnexpectedAnswer("no bearer token")
            return tokens.access_token
        await self._end()
        raise SessionExpired("the session was ended by the backend")

    async def _take_out(self, *, wait: bool) -> tuple[str | None, StoredSession | None]:
        """Return the refresh token to present, and the entry that held it in the store, if any.

        The store no longer holds the token afterwards.

        Args:
            wait: whether to wait for another window that is renewing.

        Raises:
            KeyringUnavailable: the token may still be in the store.
        """
        if not self._remember:
            return self._refresh, None
        try:
            stored = await self._load_own()
            self._late = None  # the store answers in order: all saves before this read have ended
            for pause in _OTHER_WINDOW if wait and not self._exclusive else ():
                if stored is None or stored.rt or stored.by == self._window:
                    break
                await asyncio.sleep(pause)
                stored = await self._load_own()
            if self._exclusive or (stored is not None and stored.by == self._window):
                if stored is None or stored.rt != self._refresh:
                    return self._refresh, None
            elif stored is None or not stored.rt:
                return None, None
            self._key = stored.offline_key() or self._key  # another window may have created the key
            self._refresh, self.expiry = stored.rt, stored.exp
            try:
                await self._credentials.save(msgspec.structs.replace(stored, rt="", by=self._window).encode())
            except CredentialsUnavailable:  # a slow store still removes this unused token
                await self._put_back(stored)
                raise
            self._exclusive = True
        except CredentialsUnavailable as error:
            raise KeyringUnavailable(error.problem) from None
        return stored.rt, stored

    async def _load_own(self) -> StoredSession | None:
        """Return the entry of this subscriber, if the store holds it."""
        stored = StoredSession.decode(await self._credentials.load() or "")
        return stored if stored is not None and stored.id == self.identifier else None

    async def _put_back(self, entry: StoredSession) -> None:
        """Store the unused token again, best effort; without it, the session continues in memory."""
        with suppress(CredentialsUnavailable):
            await self._credentials.save(entry.encode())
            self._exclusive = False

    async def _adopt(self, tokens: Tokens) -> None:
        """Save the new refresh token before any of the new tokens is used."""
        refresh = tokens.refresh_token or self._refresh
        self._exclusive, self.overdue = True, False
        life = tokens.refresh_token_expires_in
        lasts = REFRESH_TOKEN_LIFE if life is None else timedelta(seconds=life)
        self.expiry = int((self._clock() + lasts).timestamp())
        if self._remember and refresh is not None and self.identifier is not None:
            self._key = self._key or secrets.token_bytes(KEY_LENGTH)
            key = base64.b64encode(self._key).decode()
            try:
                await self._credentials.save(
                    StoredSession(_LAYOUT, refresh, self.expiry, self.identifier, key).encode()
                )
            except CredentialsUnavailable as error:
                self._saved(error.problem, error.late)
            else:
                self._saved(None)
        self._access, self._refresh = tokens.access_token or None, refresh

    def _saved(self, problem: CredentialProblem | None, late: asyncio.Future[None] | None = None) -> None:
        """Record the store's answer to the save of this session."""
        self.problem, self._late = problem, late
        if problem is None:
            self._exclusive = False
        elif problem is not CredentialProblem.SLOW:
            # The store is not asked again: it may prompt, and it does not hold this token. A slow store may
            # still save the token: the next renewal checks.
            self._remember = False

    async def _end(self) -> None:
        """End the session, and report it once."""
        if not self.signed_in:
            return
        by_age = self._expired
        self._forget()
        self.problem = await self._clear()
        await self._on_end(by_age)

    def _forget(self) -> None:
        self._access = self._refresh = self._key = self.problem = self._late = self._answer = None
        self._remember = self._exclusive = self.overdue = False

    async def _clear(self) -> CredentialProblem | None:
        try:
            await self._credentials.clear()
        except CredentialsUnavailable as error:
            return error.problem
        return None
