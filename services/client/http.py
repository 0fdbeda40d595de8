"""HTTP client of the backend; httpx is used only here, in `session.py` and in `simulated_faults.py`.

Every exchange carries an `x-correlator`, ends within a timeout, and fails only as a `BackendError`.
Over 250 lines: the limits and the failures of an exchange belong together.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import msgspec
from httpx_retries import Retry, RetryTransport
from socksio import SOCKSError

from services.client import records
from services.client.diagnostics import FailureLog
from services.client.proxies import proxy_for
from services.client.trust import create_ssl_context
from services.domain import entity_tags
from services.domain.errors import (
    BackendError,
    CertificateRefused,
    Changed,
    DeviceMisconfigured,
    Forbidden,
    NotFound,
    NotPossible,
    PasswordNeeded,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UpdateNeeded,
)
from services.domain.origins import is_loopback

T = TypeVar("T")
logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
"""Returns the current time, time zone aware, in UTC."""

IN_PROCESS = "http://sandbox"
"""Origin of a backend embedded in the app: no network, so no TLS."""

CALL_TIMEOUT = 12.0
"""Seconds for a call in all, retries and renewal included (`ASGITransport` ignores httpx's own timeouts)."""

LARGEST_BODY = 2_000_000
"""Bytes of an answer, decompressed; a page of 100 purchases has about 80,000."""

LONGEST_WAIT = timedelta(seconds=2)
"""Longest `Retry-After` that the client waits for; a longer one is reported to the user."""

_TIMEOUT = httpx.Timeout(connect=4, read=8, write=8, pool=2)
_LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=20)
_RETRY = Retry(
    total=2,
    allowed_methods=["GET"],
    status_forcelist=(408, 425, 429, 502, 503, 504),
    backoff_factor=0.3,
    max_backoff_wait=5,
    total_timeout=5,
)
_ACTED_UPON = ("location", "set-cookie")
"""Headers that httpx acts upon: it reads a redirect even if it follows none, and stores cookies."""
_BOM = b"\xef\xbb\xbf"
_COMPRESSED = re.compile(r"gzip|deflate|br|zstd")
_LONGEST_RETRY_AFTER = timedelta(days=1)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, SOCKSError)
_STEP_UP = re.compile(r'\berror="?insufficient_user_authentication\b', re.ASCII)


def utc_now() -> datetime:
    """Return the device's time, in UTC."""
    return datetime.now(UTC)


class Response(msgspec.Struct, frozen=True):
    """Answer of the backend, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    """Time by the backend's clock (`Date`), else by this device's."""
    correlator: str
    on_failure: Callable[[BackendError], None] | None = None
    """Callback for the failures of this answer."""

    def __repr__(self) -> str:
        return f"Response(status={self.status}, correlator={self.correlator!r})"

    @property
    def retry_after(self) -> timedelta | None:
        return retry_after(self.headers, self.at)

    @property
    def etag(self) -> str:
        """Tag of the state in the answer; empty if no request can repeat it."""
        return entity_tags.usable(self.headers.get("etag", ""))

    def decode(self, kind: type[T]) -> T:
        """Decode the body strictly as `kind`; unreadable records of a list are left out and counted.

        Raises:
            UnexpectedAnswer: not JSON, or JSON of another shape. The message contains the place, but no
                value.
        """
        media_type = re.split("[;,]", self.headers.get("content-type", ""))[0].strip().lower()
        if media_type != "application/json":
            raise self._report(UnexpectedAnswer("the answer is not JSON", correlator=self.correlator))
        try:
            value = records.decode(self.body, kind)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            place = str(error).rpartition(" - at ")[2] if isinstance(error, msgspec.ValidationError) else ""
            detail = f"the answer is not the expected {kind.__name__} {place}".rstrip()
            raise self._report(UnexpectedAnswer(detail, correlator=self.correlator)) from None
        if getattr(value, "unreadable", 0):  # for the diagnostic report, in addition to the notice on screen
            self._report(UnexpectedAnswer("a record cannot be read", correlator=self.correlator))
        return value

    def failure(self) -> BackendError:
        """Return the error of a status other than the expected one."""
        return self._report(self._failure())

    def _report(self, error: BackendError) -> BackendError:
        if self.on_failure is not None:
            self.on_failure(error)
        return error

    def _failure(self) -> BackendError:
        detail, correlator = f"status {self.status}", self.correlator
        match self.status:
            case 401 if wants_password(self.headers):
                return PasswordNeeded(detail, correlator=correlator)
            case 401:
                return SessionExpired(detail, correlator=correlator)
            case 403:
                return Forbidden(detail, correlator=correlator)
            case 404:
                return NotFound(detail, correlator=correlator)
            case 409 | 422:
                return NotPossible(detail, code=self.code, correlator=correlator)
            case 412:
                return Changed(detail, correlator=correlator)
            case status if is_temporary(status):
                return Unavailable(detail, retry_after=self.retry_after, correlator=correlator)
            case _:
                return UnexpectedAnswer(detail, correlator=correlator)

    @property
    def outdated(self) -> bool:
        """Whether this version of the app is no longer served."""
        return self.status == 426 or (400 <= self.status < 500 and self.code == "CLIENT_TOO_OLD")

    @property
    def code(self) -> str:
        """Code of a problem (RFC 9457); empty if the answer is not a problem."""
        try:
            return msgspec.json.decode(self.body, type=_Problem).code
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return ""


class _Problem(msgspec.Struct, frozen=True):
    code: str


def is_temporary(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status in (408, 425, 429) or 500 <= status <= 599


def wants_password(headers: Mapping[str, str]) -> bool:
    """Return whether a 401 concerns the age of the sign-in (RFC 9470, 3), not the session."""
    return _STEP_UP.search(headers.get("www-authenticate", "")) is not None


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return the wait of `Retry-After` (seconds or an HTTP date), at most a day; `None` without one."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=min(int(text[:9]), 10**6))
    else:
        moment = _http_date(text)
        if moment is None:
            return None
        wait = moment - now
    return min(max(wait, timedelta()), _LONGEST_RETRY_AFTER)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(headers: Mapping[str, str]) -> datetime | None:
    """Return the backend's time of the answer, if it can be shown in any time zone."""
    moment = _http_date(headers.get("date", ""))
    return moment if moment is not None and 2000 <= moment.year < 2100 else None


class _RetryAfterCap(httpx.AsyncBaseTransport):
    """Transport below the retries: removes headers that no layer above may act upon.

    A read with a long `Retry-After` fails at once, instead of being retried too early.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        for name in _ACTED_UPON:
            response.headers.pop(name, None)
        wait = retry_after(response.headers, _date(response.headers) or self._clock())
        if wait is None:
            response.headers.pop("retry-after", None)
        else:  # in seconds: a date could be read by another clock
            response.headers["retry-after"] = str(ceil(wait.total_seconds()))
        if request.method != "GET" or not is_temporary(response.status_code):
            return response
        if wait is None or wait <= LONGEST_WAIT:
            return response
        await response.aclose()
        raise Unavailable(
            f"status {response.status_code}", retry_after=wait, correlator=request.headers["x-correlator"]
        )

    async def aclose(self) -> None:
        await self._transport.aclose()


class _Misconfigured(httpx.AsyncBaseTransport):
    """Transport of a device with invalid network settings."""

    def __init__(self, mistake: str) -> None:
        self._mistake = mistake

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise DeviceMisconfigured(self._mistake, correlator=request.headers["x-correlator"])


def _http_transport(origin: str, tls: ssl.SSLContext | None) -> httpx.AsyncHTTPTransport:
    """Return the transport to `origin`.

    Raises:
        ValueError: a sentence about the proxy or the certificates of this device.
    """
    parts = urlsplit(origin)
    proxy = None if is_loopback(parts.hostname or "") else proxy_for(origin)
    if tls is None and (parts.scheme == "https" or proxy is not None):
        tls = create_ssl_context()
    route: httpx.Proxy | None = None
    if proxy is not None:
        route = httpx.Proxy(proxy, ssl_context=tls if proxy.startswith("https:") else None)
    return httpx.AsyncHTTPTransport(
        verify=tls or False,  # without TLS there is nothing to verify
        limits=_LIMITS,
        trust_env=False,
        proxy=route,
    )


class HttpClient:
    """HTTP client of one backend, for one visitor and one event loop.

    Args:
        timeout: seconds that a call may take.
        ready: waits until the backend can be asked; this time is not part of the timeout.
    """

    on_outdated: Callable[[], None] | None = None
    """Called whenever the backend no longer serves this version of the app."""

    def __init__(
        self,
        origin: str,
        transport: httpx.AsyncBaseTransport,
        *,
        clock: Clock,
        timeout: float,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.origin = origin
        self._ready = ready
        self.failure_log = FailureLog()
        self._clock = clock
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            base_url=origin,
            transport=RetryTransport(_RetryAfterCap(transport, clock), retry=_RETRY),
            timeout=_TIMEOUT,
            headers={"Accept": "application/json, application/problem+json"},
            trust_env=False,
        )

    @classmethod
    def over_http(
        cls, origin: str, *, clock: Clock, timeout: float, tls: ssl.SSLContext | None = None
    ) -> HttpClient:
        """Return a client of `origin` over the network; a proxy is used, except for this machine.

        If the device's proxy or certificates cannot be used, every request fails as `DeviceMisconfigured`.

        Args:
            tls: SSL context that verifies the backend; the device's by default.
        """
        try:
            transport: httpx.AsyncBaseTransport = _http_transport(origin, tls)
        except ValueError as mistake:
            logger.warning("%s", mistake)
            transport = _Misconfigured(str(mistake))
        return cls(origin, transport, clock=clock, timeout=timeout)

    async def send(
        self,
        method: str,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> Response:
        """Send one request; only reads are retried.

        Raises:
            Unreachable, Unavailable, UnexpectedAnswer: no usable answer; `sent` tells whether the request may
            have arrived.
            UpdateNeeded: this version of the app is no longer served.
            SessionExpired: raised by `auth`.
        """

        def on_failure(error: BackendError) -> None:
            self.failure_log.note(error, method, url, self._clock())

        try:
            response = await self._exchange(method, url, form, json, headers, auth)
        except BackendError as error:
            on_failure(error)
            raise
        return msgspec.structs.replace(response, on_failure=on_failure)

    async def _exchange(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        json: object,
        headers: Mapping[str, str] | None,
        auth: httpx.Auth | None,
    ) -> Response:
        correlator = str(uuid4())
        if self._ready is not None:
            await self._ready()
        if self._client.is_closed:  # the page was closed during the call
            raise Unreachable("closed", correlator=correlator)
        if form is not None:
            form = {name: replace_surrogates(value) for name, value in form.items()}
        content = None if json is None else msgspec.json.encode(json)
        typed = {} if content is None else {"Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(
                    method,
                    url,
                    data=form,
                    content=content,
                    headers={**typed, **(headers or {}), "x-correlator": correlator},
                    auth=auth,
                ) as response,
            ):
                body = await _read(response, correlator)
        except TimeoutError:
            raise _lost(Unreachable("no answer in time", correlator=correlator)) from None
        except _NEVER_SENT as error:
            kind = CertificateRefused if _is_certificate_refused(error) else Unreachable
            raise kind(type(error).__name__, correlator=correlator) from None
        except httpx.TransportError as error:
            raise _lost(Unreachable(type(error).__name__, correlator=correlator)) from None
        except BackendError:
            raise
        except Exception as error:  # noqa: BLE001 - screens explain a `BackendError` only
            raise _lost(UnexpectedAnswer(type(error).__name__, correlator=correlator)) from None
        at = _date(response.headers) or self._clock()
        received = Response(response.status_code, response.headers, body, at, correlator)
        if received.outdated:
            if self.on_outdated is not None:
                self.on_outdated()
            raise UpdateNeeded(f"status {received.status}", correlator=correlator)
        return received

    async def close(self) -> None:
        await self._client.aclose()


def replace_surrogates(text: str) -> str:
    """Return `text` in a form that can be encoded; pasted text may hold half a surrogate pair."""
    return text.encode(errors="replace").decode()


async def _read(response: httpx.Response, correlator: str) -> bytes:
    """Return the body, up to `LARGEST_BODY`, without a byte order mark."""
    if len(_COMPRESSED.findall(response.headers.get("content-encoding", "").lower())) > 1:
        # One coding multiplies a chunk by 1,000 at most; two could fill the memory before the size is
        # checked.
        raise _lost(UnexpectedAnswer("the answer is compressed twice", correlator=correlator))
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _lost(UnexpectedAnswer("the answer is too large", correlator=correlator))
    return bytes(body.removeprefix(_BOM))


def _is_certificate_refused(error: BaseException) -> bool:
    """Return whether `error` was caused by a certificate that no trusted authority vouches for."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _lost(error: BackendError) -> BackendError:
    """Mark the error of a request that may have arrived, and return it."""
    error.sent = True
    return error
