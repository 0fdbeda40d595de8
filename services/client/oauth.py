"""Client of the backend's authorization server: sign-in in two steps, tokens, revocation.

OAuth 2.0 for First-Party Applications (draft-ietf-oauth-first-party-apps), PKCE S256 (RFC 7636), metadata
(RFC 8414), revocation (RFC 7009). Public client: rotation of the refresh token replaces a client secret.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from math import ceil, isnan
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Meta, Raw, Struct

from services.client.http import HttpClient, Response, is_temporary
from services.domain.errors import (
    ActionNeeded,
    BackendError,
    Locked,
    Refused,
    SignInTimedOut,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)

CLIENT_ID = "internetplus-app"
SCOPE = "internetplus:read internetplus:write offline_access"

REFRESH_TIMEOUT = 4.5
"""Seconds for one try. Two tries fit in the 10 s during which the backend re-issues a lost answer."""

REVOKE_TIMEOUT = 3.0
_LOCKED_FOR = timedelta(minutes=1)

_LONGEST_LIFE = 10**9
"""Seconds: about 31 years, for a refresh token that does not expire."""

_Secret = Annotated[str, Meta(min_length=1)]
_SENDABLE = re.compile(r"[\x21-\x7e]+")
"""Access tokens that fit in a header."""


@dataclass(eq=False)
class Challenge:
    """Sign-in between its two steps. After `Refused`, the next try uses the same challenge."""

    identifier: str
    _auth_session: str = field(repr=False)
    _code_verifier: str = field(repr=False)


class Tokens(Struct, frozen=True):
    """Answer of the token endpoint (RFC 6749, 5.1)."""

    access_token: str
    """Empty if the received token fits in no request; the refresh token beside it is stored nevertheless."""
    token_type: str
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None
    """Seconds."""

    def __repr__(self) -> str:
        return "Tokens(...)"


class InvalidGrant(Exception):
    """The token endpoint refused the refresh token, with any error code."""


class _Metadata(Struct, frozen=True):
    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    authorization_challenge_endpoint: str
    authorization_endpoint: str | None = None


class _Code(Struct, frozen=True):
    authorization_code: _Secret

    def __repr__(self) -> str:
        return "_Code(...)"


class _TokenAnswer(Struct, frozen=True):
    """Answer of the token endpoint; members are decoded separately, so that no token is lost to an error."""

    access_token: Raw = Raw(b"null")
    token_type: Raw = Raw(b"null")
    refresh_token: Raw = Raw(b"null")
    refresh_token_expires_in: Raw = Raw(b"null")

    def __repr__(self) -> str:
        return "_TokenAnswer(...)"


class _Failure(Struct, frozen=True):
    error: str
    auth_session: str | None = None
    attempts_left: int | None = None
    request_uri: str | None = None

    def __repr__(self) -> str:
        return f"_Failure(error={self.error!r})"


class OAuthClient:
    """OAuth client of the backend behind `http_client`; endpoints on other servers are refused."""

    def __init__(self, http_client: HttpClient) -> None:
        self._http = http_client
        self._discovered: _Metadata | None = None

    async def begin(self, identifier: str) -> Challenge:
        """Begin a sign-in; the answer is the same for a known and an unknown identifier.

        Raises:
            SignInError, Unreachable, Unavailable, UnexpectedAnswer
        """
        metadata = await self._metadata()
        verifier = secrets.token_urlsafe(32)
        digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        response = await self._post(
            metadata.authorization_challenge_endpoint,
            response_type="code",
            scope=SCOPE,
            code_challenge=digest,
            code_challenge_method="S256",
            login_hint=identifier,
        )
        failure = _failure(response)
        if failure.error == "insufficient_authorization" and failure.auth_session:
            return Challenge(identifier, failure.auth_session, verifier)
        raise self._sign_in_error(response, failure)

    async def finish(self, challenge: Challenge, password: str) -> Tokens:
        """Finish a sign-in with the password.

        Raises:
            Refused: `challenge` can be used again.
            SignInError, Unreachable, Unavailable, UnexpectedAnswer
        """
        metadata = await self._metadata()
        response = await self._post(
            metadata.authorization_challenge_endpoint,
            response_type="code",
            auth_session=challenge._auth_session,
            password=password,
        )
        if response.status != 200:
            failure = _failure(response)
            challenge._auth_session = failure.auth_session or challenge._auth_session
            raise self._sign_in_error(response, failure)
        code = response.decode(_Code).authorization_code
        response = await self._post(
            metadata.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=challenge._code_verifier,
        )
        if _error(response) == "invalid_grant":
            raise SignInTimedOut("the code is no longer valid", correlator=response.correlator)
        tokens = _tokens(response)
        if not tokens.access_token:
            raise UnexpectedAnswer("no bearer token", correlator=response.correlator)
        return tokens

    async def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for new tokens; each refresh token can be exchanged once.

        Raises:
            InvalidGrant: the refresh token is no longer valid.
            Unreachable, Unavailable, UnexpectedAnswer: the token may still be valid: try again later. `sent`
                tells whether it may be used up.
        """
        metadata = await self._metadata()

        async def once() -> Response:
            try:
                async with asyncio.timeout(REFRESH_TIMEOUT):
                    return await self._post(
                        metadata.token_endpoint, grant_type="refresh_token", refresh_token=refresh_token
                    )
            except TimeoutError:
                lost = Unreachable("no answer in time")
                lost.sent = True
                raise lost from None

        sent = False
        try:
            try:
                response = await once()
            except Unreachable as first:
                # The backend may have rotated the token, and its answer be lost. A retry at once, with the
                # same token, gets that answer again; a late one would be reported as a reused token.
                sent = first.sent
                response = await once()
            if _refuses(response):
                raise InvalidGrant
            sent = sent or _may_have_renewed(response.status)
            return _tokens(response)
        except BackendError as error:
            error.sent = error.sent or sent
            raise

    async def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token, best effort and within seconds; otherwise the token expires by itself."""
        with suppress(BackendError, TimeoutError):
            async with asyncio.timeout(REVOKE_TIMEOUT):
                metadata = await self._metadata()
                await self._post(
                    metadata.revocation_endpoint,
                    token=refresh_token,
                    token_type_hint="refresh_token",  # noqa: S106 - not a secret
                )

    async def discover(self) -> None:
        """Find the endpoints, so that an unreachable backend is noticed before a token is presented.

        Raises:
            Unreachable, Unavailable, UnexpectedAnswer: no token was presented.
        """
        try:
            await self._metadata()
        except BackendError as error:
            error.sent = False
            raise

    async def _metadata(self) -> _Metadata:
        """Return the endpoints, requested once. All must be on the backend itself, else all are refused."""
        if self._discovered is None:
            response = await self._http.send("GET", "/.well-known/oauth-authorization-server")
            if response.status == 404:  # an OpenID server may publish its metadata only there
                response = await self._http.send("GET", "/.well-known/openid-configuration")
            if response.status != 200:
                raise _oauth_failure(response)
            found = response.decode(_Metadata)
            places = (
                found.issuer,
                found.token_endpoint,
                found.revocation_endpoint,
                found.authorization_challenge_endpoint,
                found.authorization_endpoint or found.issuer,
            )
            if any(_origin(place) != _origin(self._http.origin) for place in places):
                raise UnexpectedAnswer("an endpoint is on another server", correlator=response.correlator)
            self._discovered = found
        return self._discovered

    async def _post(self, url: str, **form: str) -> Response:
        return await self._http.send("POST", url, form={"client_id": CLIENT_ID, **form})

    def _sign_in_error(self, response: Response, failure: _Failure) -> BackendError:
        correlator = response.correlator
        match failure.error:
            case "access_denied":
                return Refused("not accepted", attempts_left=failure.attempts_left, correlator=correlator)
            case "temporarily_locked":
                return Locked(
                    "too many tries", retry_after=response.retry_after or _LOCKED_FOR, correlator=correlator
                )
            case "invalid_session":
                return SignInTimedOut("the sign-in is too old", correlator=correlator)
            case "redirect_to_web":
                return ActionNeeded(
                    "to be finished on the web", url=self._web(failure), correlator=correlator
                )
            case _:
                return _oauth_failure(response)

    def _web(self, failure: _Failure) -> str | None:
        page = self._discovered.authorization_endpoint if self._discovered else None
        if page is None or failure.request_uri is None:
            return page
        return f"{page}?{urlencode({'client_id': CLIENT_ID, 'request_uri': failure.request_uri})}"


def _failure(response: Response) -> _Failure:
    """Return the error of a failed OAuth answer; an overloaded backend need not answer in OAuth's format."""
    if response.status not in (400, 429):
        raise _oauth_failure(response)
    try:
        return response.decode(_Failure)
    except UnexpectedAnswer:
        if response.status == 429:
            raise _oauth_failure(response) from None
        raise


def _error(response: Response) -> str:
    """Return the error code of an OAuth answer, whatever its status and media type; empty without a code."""
    try:
        return msgspec.json.decode(response.body, type=_Failure).error
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def _refuses(response: Response) -> bool:
    """Return whether the token endpoint refuses the refresh token for good.

    Providers answer an invalid token by 400, 401 or 403 and any error code, or by an error under status 200.
    A 404 comes from a server without a token endpoint, and does not concern the token.
    """
    if 200 <= response.status < 300:
        return bool(_error(response))
    return 400 <= response.status < 500 and response.status != 404 and not is_temporary(response.status)


def _may_have_renewed(status: int) -> bool:
    """Return whether new tokens may have been issued, although the answer holds no usable ones.

    A gateway answers 502 or 504 for a backend that has done its part; 503 is sent before any work.
    """
    return 200 <= status < 300 or (status >= 500 and status != 503)


def _tokens(response: Response) -> Tokens:
    if not 200 <= response.status < 300:
        raise _oauth_failure(response)
    try:
        given = msgspec.json.decode(response.body, type=_TokenAnswer)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise UnexpectedAnswer("the answer holds no tokens", correlator=response.correlator) from None
    kind = _text(given.token_type) or "Bearer"
    access = _text(given.access_token)
    if kind.lower() != "bearer" or not _SENDABLE.fullmatch(access):
        access = ""
    refresh = _text(given.refresh_token) or None
    if not (access or refresh):
        raise UnexpectedAnswer("no bearer token", correlator=response.correlator)
    return Tokens(access, kind, refresh, _seconds(given.refresh_token_expires_in))


def _text(member: Raw) -> str:
    """Return a member that is a string; empty for any other."""
    try:
        return msgspec.json.decode(member, type=str)
    except (msgspec.MsgspecError, ValueError):
        return ""


def _seconds(member: Raw) -> int | None:
    """Return a lifetime in seconds, given as a number or a string; `None` if absent."""
    try:
        life = float(bytes(member).strip(b'"'))
    except ValueError:
        return None
    if isnan(life):
        return None
    # 0 and -1 mean that the token does not expire
    return ceil(life) if 0 < life < _LONGEST_LIFE else _LONGEST_LIFE


def _oauth_failure(response: Response) -> BackendError:
    """Return the error of an OAuth answer, whose 401, 403 and 404 do not concern the subscriber."""
    failure = response.failure()
    if isinstance(failure, Unavailable | UnexpectedAnswer):
        return failure
    return UnexpectedAnswer(f"status {response.status}", correlator=response.correlator)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    default = {"http": 80, "https": 443}
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or default.get(parts.scheme)
    except ValueError:
        return "", None, None
