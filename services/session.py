"""The signed-in session: adds the access token to requests, and renews it once for all who need it.

The access token lives in memory only, minutes long. The refresh token is used once: it is replaced at each
renewal, and kept in the credential store if the subscriber asked to stay signed in; beside it the key of
what the device keeps for a start without a network.

Over 250 lines: whoever holds the tokens renews, replaces and revokes them, or two would at once.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta

import httpx
import msgspec

from services.authority import Authority, InvalidGrant, Tokens
from services.credentials import CredentialProblem, CredentialStore, CredentialsUnavailable
from services.errors import BackendError, SessionExpired, Unavailable, UnexpectedAnswer, Unreachable
from services.offline import KEY_LENGTH
from services.single_flight import SingleFlight
from services.transport import Clock, wants_password

REFRESH_TOKEN_LIFE = timedelta(days=30)
"""Used when the backend does not say how long a refresh token lives."""


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the credential store holds, as compact JSON: nothing else is ever kept."""

    v: int
    """Version of this layout: 2. An entry of version 1, without a key, still opens."""
    rt: str
    """The refresh token."""
    exp: int
    """When it dies at the latest, in seconds since 1970, by this device's clock."""
    id: str
    """The identifier, as the subscriber typed it."""
    key: str = ""
    """Of the offline data, in base64; made anew where there is none that can be one."""

    def __repr__(self) -> str:
        return "Kept(...)"

    def encode(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def decode(cls, text: str) -> Kept | None:
        """`None` for a damaged entry, or one that is not ours."""
        try:
            kept = msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return kept if kept.v in (1, 2) and kept.rt and kept.id else None

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


class Session(httpx.Auth):
    """One visitor's session. Not signed in until `resume` or `start`.

    Attributes:
        identifier: of the subscriber signed in, or whose session just ended by itself.
        problem: why the credential store does not keep this session, if it should and does not.
    """

    def __init__(
        self, authority: Authority, credentials: CredentialStore, *, clock: Clock, on_end: Callable[[], None]
    ) -> None:
        self.identifier: str | None = None
        self.problem: CredentialProblem | None = None
        self._authority = authority
        self._credentials = credentials
        self._clock = clock
        self._on_end = on_end
        self._access: str | None = None
        self._refresh: str | None = None
        self._key: bytes | None = None
        self._remember = False
        self._renewal = SingleFlight()

    @property
    def signed_in(self) -> bool:
        return self._access is not None or self._refresh is not None

    @property
    def key(self) -> bytes | None:
        """What encrypts the offline data of this session; `None` when the session itself is not kept."""
        return self._key if self._remember else None

    async def resume(self) -> Remembered:
        """Take up the session that was kept, without asking the backend: it works offline."""
        try:
            text = await self._credentials.load()
        except CredentialsUnavailable as error:
            self.problem = error.problem
            return Remembered(None, signed_in=False, problem=error.problem)
        kept = Kept.decode(text) if text is not None else None
        if kept is None or kept.exp <= self._clock().timestamp():
            if text is not None:
                await self._clear()
            return Remembered(kept.id if kept else None, signed_in=False, problem=None)
        self.identifier, self._refresh, self._remember = kept.id, kept.rt, True
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
                with suppress(Unreachable, Unavailable, UnexpectedAnswer):
                    await self._renewal.run("renewal", adopt)
        finally:
            if replaced is not None:
                await self._authority.revoke(replaced)

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
        tried: str | None = None
        for _ in range(2):  # twice: another window of the app may renew between our reading and our asking
            refresh = await self._newest()
            if refresh is None or refresh == tried:
                break
            tried = refresh
            try:
                tokens = await self._authority.refresh(refresh)
            except InvalidGrant:
                continue
            self._refresh = refresh
            await self._adopt(tokens)
            return tokens.access_token
        await self._end()
        raise SessionExpired("the session was ended by the backend")

    async def _newest(self) -> str | None:
        """The refresh token: the store's, if another window of the app renewed it since."""
        if self._remember:
            try:
                kept = Kept.decode(await self._credentials.load() or "")
            except CredentialsUnavailable as error:
                self._give_up_keeping(error.problem)
                return self._refresh
            if kept is not None and kept.id == self.identifier:
                self._key = kept.offline_key() or self._key  # another window may have made it
                return kept.rt
        return self._refresh

    async def _adopt(self, tokens: Tokens) -> None:
        """Keep the new refresh token, and only then use anything of what came with it."""
        refresh = tokens.refresh_token or self._refresh
        if self._remember and refresh is not None and self.identifier is not None:
            life = tokens.refresh_token_expires_in
            lasts = REFRESH_TOKEN_LIFE if life is None else timedelta(seconds=life)
            expiry = int((self._clock() + lasts).timestamp())
            self._key = self._key or secrets.token_bytes(KEY_LENGTH)
            key = base64.b64encode(self._key).decode()
            try:
                await self._credentials.save(Kept(2, refresh, expiry, self.identifier, key).encode())
            except CredentialsUnavailable as error:
                self._give_up_keeping(error.problem)
        self._access, self._refresh = tokens.access_token, refresh

    async def _end(self) -> None:
        """The session ended by itself: told once."""
        if not self.signed_in:
            return
        self._forget()
        self.problem = await self._clear()
        self._on_end()

    def _give_up_keeping(self, problem: CredentialProblem) -> None:
        """Not fatal: signed in until the app ends. Not tried again at each renewal: the store may prompt."""
        self.problem, self._remember = problem, False

    def _forget(self) -> None:
        self._access = self._refresh = self._key = self.problem = None
        self._remember = False

    async def _clear(self) -> CredentialProblem | None:
        try:
            await self._credentials.clear()
        except CredentialsUnavailable as error:
            return error.problem
        return None
