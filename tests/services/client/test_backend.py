"""Error handling of the client: every malformed answer is a `BackendError`."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.client.cache import MOST_KNOWN
from services.client.credentials import MemoryStore
from services.client.http import LARGEST_BODY, retry_after
from services.domain.errors import (
    BackendError,
    Forbidden,
    NotFound,
    SessionExpired,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
    UpdateNeeded,
)
from services.domain.models import Account, Answer, Category
from tests.harness.in_process import backend_within
from tests.harness.patience import stretched
from tests.services.scripted import ACCOUNT, KEPT, NOW, Scripted, always

JSON = {"content-type": "application/json"}
PURCHASE: dict[str, Any] = {
    "paymentId": "p1", "entryType": "purchase", "paymentStatus": "succeeded",
    "paymentDate": "2024-02-25T23:59:59+01:00", "amount": {"amount": "1.99", "currency": "EUR"},
    "description": "Article", "merchantName": "Gazette", "merchantIdentifier": "m1",
    "purchaseCategoryCode": "press", "channel": "internetplus_box", "kind": "oneOff",
    "referenceCode": "IP-1", "periodId": "2024-03", "isBilled": False,
}  # fmt: skip
HUGE = json.dumps(ACCOUNT).encode() + b" " * LARGEST_BODY


def raw(status: int, content: bytes, headers: dict[str, str] | None = None) -> Callable[..., httpx.Response]:
    return lambda _: httpx.Response(status, content=content, headers=headers or JSON)


def raising(error: type[httpx.TransportError]) -> Callable[..., httpx.Response]:
    def answering(request: httpx.Request) -> httpx.Response:
        raise error("password=hunter2", request=request)

    return answering


SURPRISES = {
    "a list": (always(200, []), UnexpectedAnswer),
    "an empty object": (always(200, {}), UnexpectedAnswer),
    "null": (raw(200, b"null"), UnexpectedAnswer),
    "nothing": (raw(200, b""), UnexpectedAnswer),
    "a page": (raw(200, b"<html>", {"content-type": "text/html"}), UnexpectedAnswer),
    "a page said to be JSON": (raw(200, b"<html>"), UnexpectedAnswer),
    "JSON without its type": (raw(200, json.dumps(ACCOUNT).encode(), {"x": "y"}), UnexpectedAnswer),
    "JSON cut short": (raw(200, json.dumps(ACCOUNT).encode()[:-3]), UnexpectedAnswer),
    "invalid UTF-8": (raw(200, b'{"subscriberId":"\xff\xfe"}'), UnexpectedAnswer),
    "wrong types": (always(200, {**ACCOUNT, "displayName": 3}), UnexpectedAnswer),
    "a contract too strange": (always(200, {**ACCOUNT, "contracts": [{}]}), UnexpectedAnswer),
    "endless nesting": (raw(200, b'{"x":' + b"[" * 200_000), UnexpectedAnswer),
    "invalid gzip": (
        lambda _: httpx.Response(200, stream=Chunks(b"nope"), headers={**JSON, "content-encoding": "gzip"}),
        UnexpectedAnswer,
    ),
    "a body too large": (raw(200, HUGE), UnexpectedAnswer),
    "a bomb": (
        lambda _: httpx.Response(
            200,
            stream=Chunks(gzip.compress(HUGE)),
            headers={**JSON, "content-encoding": "gzip"},
        ),
        UnexpectedAnswer,
    ),
    "another success": (always(204), UnexpectedAnswer),
    "a redirect": (always(302, location="https://elsewhere.example/"), UnexpectedAnswer),
    "a redirect to no name": (always(302, location="http://xn--/"), UnexpectedAnswer),
    "compressed twice": (
        lambda _: httpx.Response(
            200, stream=Chunks(gzip.compress(b"{}")), headers={**JSON, "content-encoding": "gzip, gzip"}
        ),
        UnexpectedAnswer,
    ),
    "unchanged since never": (always(304), UnexpectedAnswer),
    "bad request": (always(400, {"code": "INVALID_ARGUMENT"}), UnexpectedAnswer),
    "too old": (always(426), UpdateNeeded),
    "refused for good": (always(401), SessionExpired),
    "forbidden, what is one's own": (always(403), UnexpectedAnswer),
    "unknown, what is one's own": (always(404), UnexpectedAnswer),
    "busy": (always(429, retry_after="30"), Unavailable),
    "given up waiting for us": (always(408), Unavailable),
    "too early": (always(425), Unavailable),
    "broken": (raw(500, b"Traceback: password=hunter2"), Unavailable),
    "in maintenance": (always(503, retry_after="30"), Unavailable),
    "cut off": (raising(httpx.RemoteProtocolError), Unreachable),
    "no such host": (raising(httpx.ConnectError), Unreachable),
    "too slow": (raising(httpx.ReadTimeout), Unreachable),
}


class Chunks(httpx.AsyncByteStream):
    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks

    async def __aiter__(self) -> Any:
        for chunk in self.chunks:
            yield chunk


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the pauses between retries."""

    async def no_pause(*_: object) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr("httpx_retries.Retry.asleep", no_pause)


@pytest.mark.parametrize(("status", "kind"), [(403, Forbidden), (404, NotFound)])
async def test_contract_request_refused_or_not_found_raises_its_own_error(
    status: int, kind: type[BackendError]
) -> None:
    backend = await Scripted(always(status)).backend()
    with pytest.raises(BackendError) as caught:
        await backend.billing_periods("box")
    assert type(caught.value) is kind


@pytest.mark.parametrize("surprise", SURPRISES)
async def test_malformed_answer_raises_a_backend_error_without_its_content(surprise: str) -> None:
    answering, kind = SURPRISES[surprise]
    script = Scripted(answering)
    backend = await script.backend()
    with pytest.raises(BackendError) as caught:
        await backend.account()
    assert type(caught.value) is kind
    assert caught.value.correlator == script.asked[-1].headers["x-correlator"]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"paymentDate": "2024-02-25T23:59:59"},
        {"paymentDate": "0001-01-01T00:00:00+14:00"},
        {"paymentDate": "9999-12-31T23:59:59-12:00"},
        {"amount": {"amount": "1.999", "currency": "EUR"}},
        {"amount": {"amount": "NaN", "currency": "EUR"}},
        {"amount": {"amount": "12345678901234.00", "currency": "EUR"}},
        {"isBilled": "yes"},
        {"periodId": "x"},
        {"periodId": ""},
        {"periodId": "2024-4"},
        {"periodId": "2024-13"},
        {"periodId": "2024-04\n"},
        {"periodId": "9999-12"},
    ],
)
async def test_purchase_with_an_invalid_member_raises_unexpected_answer(change: dict[str, Any]) -> None:
    script = Scripted(always(200, PURCHASE | change))
    backend = await script.backend()
    with pytest.raises(UnexpectedAnswer):
        await backend.purchase("c1", "p1")
    script.answering = always(200, PURCHASE | {"purchaseCategoryCode": "new", "more": 1})
    assert (await backend.purchase("c1", "p1")).value.purchase_category_code is Category.OTHER


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NEARLY_CONTRACTS = st.fixed_dictionaries(
    {name: st.just(value) | JSON_VALUES for name, value in ACCOUNT["contracts"][0].items()}
)
NEARLY_ACCOUNTS = st.fixed_dictionaries(
    {
        "subscriberId": st.text(),
        "displayName": st.text() | JSON_VALUES,
        "contracts": st.lists(NEARLY_CONTRACTS, max_size=2),
    }
)


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES | NEARLY_ACCOUNTS)
def test_account_from_random_json_is_a_value_or_a_backend_error(body: object) -> None:
    async def ask() -> Answer[Account] | None:
        backend = await Scripted(raw(200, json.dumps(body).encode())).backend()
        try:
            return await backend.account()
        except BackendError:
            return None
        finally:
            await backend.close()

    answer = asyncio.run(ask())
    assert answer is None or isinstance(answer.value, Account)


async def test_answer_time_comes_from_the_date_header_or_else_the_local_clock() -> None:
    script = Scripted(always(200, ACCOUNT, date="Sun, 10 Mar 2024 11:00:00 GMT"))
    backend = await script.backend()
    assert (await backend.account()).at == datetime(2024, 3, 10, 11, tzinfo=UTC)
    for odd in (
        *("yesterday", "Sun, 99 Mar 2024 11:00:00 GMT", "Sun, 10 Mar 99999999999 11:00:00 GMT", ",", "("),
        *("Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359"),
    ):
        script.answering = always(200, ACCOUNT, date=odd)
        assert (await backend.account()).at == NOW


async def test_answer_with_a_byte_order_mark_is_read() -> None:
    backend = await Scripted(raw(200, b"\xef\xbb\xbf" + json.dumps(ACCOUNT).encode())).backend()
    assert (await backend.account()).value.display_name == "Camille Martin"


@pytest.mark.parametrize(("first", "second"), [(503, 502), (408, 425), (429, 504)])
async def test_read_that_fails_twice_is_retried_and_succeeds(first: int, second: int) -> None:
    answers = [httpx.Response(first), httpx.Response(second), httpx.Response(200, json=ACCOUNT)]
    script = Scripted(lambda _: answers.pop(0))
    backend = await script.backend()
    assert (await backend.account()).value.display_name == "Camille Martin"
    assert len({request.headers["x-correlator"] for request in script.asked}) == 1


@pytest.mark.parametrize(
    ("header", "tries", "wait"),
    [
        ("30", 1, timedelta(seconds=30)),
        ("Mon, 23 Nov 2026 09:31:00 GMT", 1, timedelta(seconds=60)),
        ("99999999999999999999", 1, timedelta(days=1)),
        ("1", 3, timedelta(seconds=1)),
        ("Mon, 23 Nov 2026 09:29:00 GMT", 3, timedelta()),
        ("soon", 3, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_long_retry_after_is_reported_without_a_retry(
    status: int, header: str, tries: int, wait: timedelta | None
) -> None:
    script = Scripted(always(status, retry_after=header))
    backend = await script.backend()
    with pytest.raises(Unavailable) as caught:
        await backend.account()
    assert caught.value.retry_after == wait
    assert len(script.asked) == tries


@given(st.text(max_size=40))
def test_retry_after_with_random_text_is_none_or_within_a_day(text: str) -> None:
    wait = retry_after({"retry-after": text}, NOW)
    assert wait is None or timedelta() <= wait <= timedelta(days=1)


def tagged(request: httpx.Request) -> httpx.Response:
    """Return an answer with an ETag, or 304 if the request carries that ETag."""
    etag = f'"{request.url.raw_path.decode()}"'
    if request.headers.get("if-none-match") == etag:
        return httpx.Response(304, headers={"date": "Sun, 10 Mar 2024 11:05:00 GMT"})
    return httpx.Response(200, json=ACCOUNT, headers={"etag": etag, "date": "Sun, 10 Mar 2024 11:00:00 GMT"})


async def test_unchanged_answer_is_revalidated_by_its_etag() -> None:
    script = Scripted(tagged)
    backend = await script.backend()
    first = await backend.account()
    second = await backend.account()
    third = await backend.account()
    assert second.value is first.value is third.value
    assert second.at - first.at == timedelta(minutes=5)
    assert [r.headers.get("if-none-match") for r in script.asked] == [None, '"/v1/me"', '"/v1/me"']


@pytest.mark.parametrize("etag", [b'"zo\xc3\xa9"', b'"a", "b"', b'"', b"W/", b"*", b'"' + b"a" * 9000 + b'"'])
async def test_etag_that_is_invalid_in_a_request_is_ignored(etag: bytes) -> None:
    headers = [(b"etag", etag), (b"content-type", b"application/json")]
    script = Scripted(lambda _: httpx.Response(200, content=json.dumps(ACCOUNT), headers=headers))
    backend = await script.backend()
    assert (await backend.account()).etag == ""
    assert (await backend.account()).value.display_name == "Camille Martin"
    assert [request.headers.get("if-none-match") for request in script.asked] == [None, None]


async def test_sign_out_clears_the_response_cache() -> None:
    script = Scripted(tagged)
    store = MemoryStore()
    await store.save(KEPT)
    backend = await script.backend(store)
    await backend.account()
    await backend.sign_out()
    await store.save(KEPT)
    await backend.resume()
    await backend.account()
    assert "if-none-match" not in script.asked[-1].headers


async def test_cookie_of_the_backend_is_never_sent_back() -> None:
    script = Scripted(always(200, ACCOUNT, set_cookie="JSESSIONID=of-camille; Path=/; HttpOnly"))
    backend = await script.backend()
    await backend.account()
    await backend.account()
    assert [request.headers.get("cookie") for request in script.asked] == [None, None]


async def test_response_cache_when_full_evicts_the_oldest_answer() -> None:
    script = Scripted(always(200, PURCHASE, etag='"1"'))
    backend = await script.backend()
    for number in range(MOST_KNOWN + 1):
        await backend.purchase("c1", f"p{number}")
    await backend.purchase("c1", f"p{MOST_KNOWN}")
    assert "if-none-match" in script.asked[-1].headers
    await backend.purchase("c1", "p0")
    assert "if-none-match" not in script.asked[-1].headers


class Held:
    """Handler that answers when `free` is set."""

    def __init__(self, answering: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answering = answering
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.set()
        await self.free.wait()
        return self._answering(request)


async def test_concurrent_identical_reads_share_one_request() -> None:
    held = Held(tagged)
    script = Scripted(held)
    backend = await script.backend()
    reading = asyncio.gather(*(backend.account() for _ in range(5)))
    await held.asked.wait()
    held.free.set()
    answers = await reading
    assert len(script.asked) == 1
    assert len({id(answer) for answer in answers}) == 1
    await backend.account()
    assert len(script.asked) == 2


async def test_cancelled_reader_does_not_cancel_the_shared_request() -> None:
    held = Held(tagged)
    script = Scripted(held)
    backend = await script.backend()
    leaver, stayer = asyncio.ensure_future(backend.account()), asyncio.ensure_future(backend.account())
    await held.asked.wait()
    leaver.cancel()
    held.free.set()
    assert (await stayer).value.subscriber_id == "s1"
    assert leaver.cancelled()
    assert len(script.asked) == 1


async def test_read_in_flight_at_sign_out_raises_session_expired() -> None:
    held = Held(tagged)
    script = Scripted(held)
    backend = await script.backend()
    reading = asyncio.ensure_future(backend.account())
    await held.asked.wait()
    await backend.sign_out()
    held.free.set()
    with pytest.raises(SessionExpired):
        await reading


@pytest.mark.parametrize("odd", ["", ".", "..", "../me", "a/b", "a?b", "é", "a b", "a" * 129, "a\n"])
async def test_invalid_id_raises_not_found_without_a_request(odd: str) -> None:
    script = Scripted(always(500))
    backend = await script.backend()
    for call in (
        backend.purchase("c1", odd),
        backend.purchase(odd, "p1"),
        backend.billing_periods(odd),
        backend.purchases(odd, "2024-03"),
        backend.purchases("c1", odd),
    ):
        with pytest.raises(NotFound):
            await call
    assert script.asked == []


async def test_read_without_a_session_sends_no_request() -> None:
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend(MemoryStore())
    with pytest.raises(SessionExpired):
        await backend.account()
    assert not script.asked
    assert not script.refreshed


async def test_in_process_call_that_hangs_times_out() -> None:
    """httpx's own timeouts do nothing over `ASGITransport`."""

    async def stuck(_: Request) -> Response:
        await asyncio.sleep(60)
        return Response()

    backend = backend_within(Starlette(routes=[Route("/{path:path}", stuck)]), MemoryStore(), timeout=0.1)
    async with asyncio.timeout(stretched(3)):
        with pytest.raises(Unreachable):
            await backend.begin_sign_in("camille@demo.example")
    await backend.close()


async def test_crash_of_the_embedded_backend_raises_unavailable() -> None:
    async def crash(_: Request) -> Response:
        raise ZeroDivisionError

    backend = backend_within(Starlette(routes=[Route("/{path:path}", crash)]), MemoryStore())
    with pytest.raises(Unavailable):
        await backend.begin_sign_in("camille@demo.example")
    await backend.close()


@pytest.mark.parametrize(
    "elsewhere", ["https://sandbox", "http://evil.example", "http://sandbox:81", "//x", ""]
)
async def test_oauth_endpoint_on_another_server_is_rejected(elsewhere: str) -> None:
    async def metadata(_: Request) -> Response:
        return JSONResponse(
            {
                "issuer": "http://sandbox",
                "token_endpoint": f"{elsewhere}/oauth/token",
                "revocation_endpoint": "http://sandbox/oauth/revoke",
                "authorization_challenge_endpoint": "http://sandbox/oauth/authorization-challenge",
            }
        )

    app = Starlette(routes=[Route("/.well-known/oauth-authorization-server", metadata)])
    backend = backend_within(app, MemoryStore())
    with pytest.raises(UnexpectedAnswer, match="another server"):
        await backend.begin_sign_in("camille@demo.example")
    await backend.close()
