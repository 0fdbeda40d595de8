"""The signed-in session: adds the access token to requests, and renews it once for all who need it.

The access token lives in memory only, minutes long. The refresh token is used once: it is replaced at each
renewal, and kept in the credential store if the subscriber asked to stay signed in; beside it the key of
what the device keeps for a start without a network.

A renewal takes the refresh token out of the store before presenting it, so that no later start can present
a used token, which the backend would report as a theft. A store that does not let it go stops the renewal.

Over 250 lines: whoever holds the tokens renews, replaces and revokes them, or two would at once.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta

import httpx
import msgspec

from services.authority import Authority, InvalidGrant, Tokens
from services.credentials import CredentialProblem, CredentialStore, CredentialsUnavailable
from services.errors import (
    BackendError,
    KeyringUnavailable,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.offline import KEY_LENGTH
from services.single_flight import SingleFlight
from services.transport import Clock, wants_password

REFRESH_TOKEN_LIFE = timedelta(days=30)
"""Used when the backend does not say how long a refresh token lives."""

_OTHER_WINDOW = (0.1, 0.2, 0.5, 1.0, 2.0, 2.0, 3.0)
"""Pauses in seconds while another window renews; together, as long as its two tries may last."""


_LAYOUT = 3
"""Version of the entry in the credential store."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Entry of the credential store, as compact JSON: nothing else is ever kept.

    Its last member authenticates the others. An entry that another program changed is refused, so that no
    identifier is shown, or asked for its password, over another subscriber's account.
    """

    v: int
    """`_LAYOUT`."""
    rt: str
    """The refresh token; empty from before its renewal until the next one is saved."""
    exp: int
    """When it dies at the latest, in seconds since 1970, by this device's clock."""
    id: str
    """The identifier, as the subscriber typed it."""
    key: str = ""
    """Of the offline data, in base64; made anew where there is none that can be one."""
    by: str = ""
    """The window of the app that renews; empty while `rt` is there."""
    mac: str = ""
    """HMAC-SHA-256 of all other members by `key`, in base64; written by `encode`, checked by `decode`."""

    def __repr__(self) -> str:
        return "Kept(...)"

    def encode(self) -> str:
        """Return the authenticated entry."""
        return msgspec.json.encode(msgspec.structs.replace(self, mac=self._mac())).decode()

    @classmethod
    def decode(cls, text: str) -> Kept | None:
        """Return `None` for a damaged or changed entry, or an entry of another program."""
        try:
            kept = msgspec.json.decode(text, type=cls)
            genuine = hmac.compare_digest(kept.mac.encode(), kept._mac().encode())
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return kept if genuine and kept.v == _LAYOUT and kept.id else None

    def _mac(self) -> str:
        content = msgspec.json.encode(msgspec.structs.replace(self, mac=""))
        return base64.b64encode(hmac.digest(self.key.encode(), content, "sha256")).decode()

    def offline_key(self) -> bytes | None:
        """`key`, if it can be one."""
        try:
            key = base64.b64decode(self.key, validate=True)
        except ValueError:
            return None
        return key if len(key) == KEY_LENGTH else None


class Remembered(msgspec.Struct, frozen=True):
    """What the app knows of its user when it starts."""

    identifier: str | None
    signed_in: bool
    problem: CredentialProblem | None
    """Why nothing could be read; `None` when there was simply nothing."""
    waiting: bool = False
    """The store may still answer: `resume` again waits for it, as long as it takes."""


class Session(httpx.Auth):
    """One visitor's session. Not signed in until `resume` or `start`.

    Attributes:
        identifier: of the subscriber signed in, or whose session just ended by itself.
        problem: why the credential store does not keep this session, if it should and does not.
        overdue: whether it is over by this device's clock. That clock may be wrong: the backend decides, and
            what was read before stays hidden until then.
    """

    def __init__(
        self, authority: Authority, credentials: CredentialStore, *, clock: Clock, on_end: Callable[[], None]
    ) -> None:
        self.identifier: str | None = None
        self.problem: CredentialProblem | None = None
        self.overdue = False
        self._authority = authority
        self._credentials = credentials
        self._clock = clock
        self._on_end = on_end
        self._access: str | None = None
        self._refresh: str | None = None
        self._key: bytes | None = None
        self._asked: asyncio.Future[str | None] | None = None  # what a slow store has still to answer
        self._late: asyncio.Future[None] | None = None  # the save of this session, by a slow store
        self._remember = False
        self._window = secrets.token_hex(4)
        self._exclusive = False  # no other window, nor a later start, can present `_refresh`
        self._renewal = SingleFlight()

    @property
    def signed_in(self) -> bool:
        return self._access is not None or self._refresh is not None

    @property
    def key(self) -> bytes | None:
        """Return the key of this session's offline data; `None` if the session is not kept, or overdue."""
        return self._key if self._remember and not self.overdue else None

    async def resume(self) -> Remembered:
        """Take up the session that was kept, without asking the backend: it works offline."""
        try:
            asked = self._asked
            text = await (self._credentials.load() if asked is None else asyncio.shield(asked))
        except CredentialsUnavailable as error:
            self.problem, self._asked = error.problem, error.late
            return Remembered(None, signed_in=False, problem=error.problem, waiting=error.late is not None)
        self._asked = None
        kept = Kept.decode(text) if text is not None else None
        if kept is not None and not kept.rt:  # another window may be renewing: the entry is that window's
            return Remembered(kept.id, signed_in=False, problem=None)
        if kept is None:
            if text is not None:
                await self._clear()
            return Remembered(None, signed_in=False, problem=None)
        self.overdue = kept.exp <= self._clock().timestamp()
        self.identifier, self._refresh, self._remember = kept.id, kept.rt, True
        self._exclusive, self.problem = False, None
        self._key = kept.offline_key()
        return Remembered(kept.id, signed_in=True, problem=None)

    async def start(self, tokens: Tokens, identifier: str, *, remember: bool) -> CredentialProblem | None:
        """Begin with fresh tokens; keep the refresh token if `remember`, else whatever was kept goes."""
        self._renewal.cancel()
        self._forget()
        self.identifier, self._remember = identifier, remember
        if not remember:
            self.problem = await self._clear()
        await self._adopt(tokens)
        return self.problem

    async def step_up(self, tokens: Tokens) -> None:
        """Go on with fresh tokens of the same subscriber: remembered or not, as before.

        The tokens they replace are revoked, best effort.

        Raises:
            SessionExpired: it ended meanwhile.
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
            while not done:  # a renewal under way ends first: what it gets would replace these
                with suppress(Unreachable, Unavailable, UnexpectedAnswer, KeyringUnavailable):
                    await self._renewal.run("renewal", adopt)
        finally:
            if replaced is not None:
                await self._authority.revoke(replaced)

    async def confirm(self) -> CredentialProblem | None:
        """Wait until a slow store has saved this session or failed to; return why it is not saved."""
        while (late := self._late) is not None:
            try:
                await asyncio.shield(late)
            except CredentialsUnavailable as error:
                problem: CredentialProblem | None = error.problem
            else:
                problem = None
            if self._late is late:  # else the session went on meanwhile
                self._saved(problem)
        return self.problem

    async def erase(self) -> CredentialProblem | None:
        """Erase a session that could not be erased when it was left; return why it still is not."""
        return await self._clear() if self.identifier is None else None

    async def stop(self) -> CredentialProblem | None:
        """Sign out: forget and erase here first, then revoke, best effort."""
        self._renewal.cancel()
        refresh = self._refresh
        self._forget()
        self.identifier = None
        self.problem = await self._clear()
        if refresh is not None:
            await self._authority.revoke(refresh)
        return self.problem

    async def settled(self) -> None:
        """Wait for a renewal under way: its outcome must be kept before the app ends."""
        await self._renewal.settled()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        if not self.signed_in:
            raise SessionExpired("not signed in")
        access = self._access or await self._renewed(None)
        for tries_left in (2, 1, 0):  # what somebody else has renewed may be over, or revoked, in its turn
            request.headers["Authorization"] = f"Bearer {access}"
            response = yield request
            if response.status_code != 401 or wants_password(response.headers):
                return  # no renewal makes a sign-in younger
            if tries_left:
                # httpx would read this answer whole, without a bound, before the next request.
                await response.stream.aclose()  # type: ignore[union-attr]
                response.stream = httpx.ByteStream(b"")
                access = await self._renewed(access)
        if access == self._access:
            await self._renewal.run("end", self._end)

    async def _renewed(self, used: str | None) -> str:
        """An access token other than `used`; whoever asks first renews it for all."""
        if self._access is not None and self._access != used:
            return self._access
        try:
            return await self._renewal.run("renewal", self._renew)
        except BackendError as error:
            error.sent = False  # what waits for the renewal did not leave, or was turned away
            raise

    async def _renew(self) -> str:
        """Replace both tokens.

        Raises:
            KeyringUnavailable: the store did not let the refresh token go; nothing was presented.
            SessionExpired: the backend refused the refresh token, or its successor was lost.
            Unreachable, Unavailable, UnexpectedAnswer: signed in as before.
        """
        await self._authority.discover()
        tried: str | None = None
        for _ in range(2):  # twice: another window of the app may renew between our reading and our asking
            refresh, entry = await self._take_out(wait=tried is None)
            if refresh is None or refresh == tried:
                break
            tried = refresh
            try:
                tokens = await self._authority.refresh(refresh)
            except InvalidGrant:
                self._exclusive = False
                continue
            except BackendError as error:
                if not error.sent and entry is not None:  # else it may be used: never stored again
                    await self._put_back(entry)
                raise
            await self._adopt(tokens)
            if not tokens.access_token:
                raise UnexpectedAnswer("no bearer token")
            return tokens.access_token
        await self._end()
        raise SessionExpired("the session was ended by the backend")

    async def _take_out(self, *, wait: bool) -> tuple[str | None, Kept | None]:
        """Return the refresh token to present, and the entry that the store held with it, if any.

        The store no longer holds the token afterwards.

        Args:
            wait: for another window that is renewing.

        Raises:
            KeyringUnavailable: the token may still be in the store.
        """
        if not self._remember:
            return self._refresh, None
        try:
            kept = await self._load_own()
            self._late = None  # the store answers in order: a save before this reading is over
            for pause in _OTHER_WINDOW if wait and not self._exclusive else ():
                if kept is None or kept.rt or kept.by == self._window:
                    break
                await asyncio.sleep(pause)
                kept = await self._load_own()
            if self._exclusive or (kept is not None and kept.by == self._window):
                if kept is None or kept.rt != self._refresh:
                    return self._refresh, None
            elif kept is None or not kept.rt:
                return None, None
            self._key = kept.offline_key() or self._key  # another window may have made it
            self._refresh = kept.rt
            await self._credentials.save(msgspec.structs.replace(kept, rt="", by=self._window).encode())
            self._exclusive = True
        except CredentialsUnavailable as error:
            raise KeyringUnavailable(error.problem) from None
        return kept.rt, kept

    async def _load_own(self) -> Kept | None:
        """Return the entry of this subscriber, if the store holds one."""
        kept = Kept.decode(await self._credentials.load() or "")
        return kept if kept is not None and kept.id == self.identifier else None

    async def _put_back(self, entry: Kept) -> None:
        """Store the unused token again, best effort: in memory the session goes on either way."""
        with suppress(CredentialsUnavailable):
            await self._credentials.save(entry.encode())
            self._exclusive = False

    async def _adopt(self, tokens: Tokens) -> None:
        """Save the new refresh token, and only then use anything of what came with it."""
        refresh = tokens.refresh_token or self._refresh
        self._exclusive, self.overdue = True, False
        if self._remember and refresh is not None and self.identifier is not None:
            life = tokens.refresh_token_expires_in
            lasts = REFRESH_TOKEN_LIFE if life is None else timedelta(seconds=life)
            expiry = int((self._clock() + lasts).timestamp())
            self._key = self._key or secrets.token_bytes(KEY_LENGTH)
            key = base64.b64encode(self._key).decode()
            try:
                await self._credentials.save(Kept(_LAYOUT, refresh, expiry, self.identifier, key).encode())
            except CredentialsUnavailable as error:
                self._saved(error.problem, error.late)
            else:
                self._saved(None)
        self._access, self._refresh = tokens.access_token or None, refresh

    def _saved(self, problem: CredentialProblem | None, late: asyncio.Future[None] | None = None) -> None:
        """Take note of how the store answered the save of this session."""
        self.problem, self._late = problem, late
        if problem is None:
            self._exclusive = False
        elif problem is not CredentialProblem.SLOW:
            # Not asked again: the store may prompt, and it does not hold this token. A slow store may still
            # save it: the next renewal looks.
            self._remember = False

    async def _end(self) -> None:
        """The session ended by itself: told once."""
        if not self.signed_in:
            return
        self._forget()
        self.problem = await self._clear()
        self._on_end()

    def _forget(self) -> None:
        self._access = self._refresh = self._key = self.problem = self._late = self._asked = None
        self._remember = self._exclusive = self.overdue = False

    async def _clear(self) -> CredentialProblem | None:
        try:
            await self._credentials.clear()
        except CredentialsUnavailable as error:
            return error.problem
        return None
