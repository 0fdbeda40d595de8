"""Server on a raw socket that sends random malformed answers from a seed."""

from __future__ import annotations

import copy
import gzip
import json
import random
import zlib
from asyncio import StreamWriter
from typing import Any

from tests.services.scripted import ACCOUNT

_MONEY = {"amount": "4.99", "currency": "EUR"}
_PERIOD: dict[str, Any] = {
    "periodId": "2024-04",
    "startDate": "2024-02-26",
    "endDate": "2024-03-25",
    "billMonth": "2024-04",
    "state": "open",
    "purchaseCount": 1,
    "total": _MONEY,
    "pendingTotal": {**_MONEY, "amount": "0.00"},
}
_PURCHASE: dict[str, Any] = {
    "paymentId": "p1",
    "entryType": "purchase",
    "paymentStatus": "succeeded",
    "paymentDate": "2024-03-05T10:00:00Z",
    "amount": _MONEY,
    "description": "Article",
    "merchantName": "Gazette",
    "merchantIdentifier": "m1",
    "purchaseCategoryCode": "press",
    "channel": "internetplus_box",
    "kind": "oneOff",
    "referenceCode": "IP-1",
    "periodId": "2024-04",
    "isBilled": False,
    "refunds": [],
}
_SUBSCRIPTION: dict[str, Any] = {
    "subscriptionId": "s1",
    "name": "Club",
    "merchantName": "Gazette",
    "merchantIdentifier": "m1",
    "price": _MONEY,
    "recurringChargePeriod": "month",
    "status": "active",
    "startDate": "2024-01-05",
    "terminable": True,
}
_PAGINATION = {"page": 1, "perPage": 25, "totalCount": 1, "totalPages": 1}
RIGHT: dict[str, Any] = {
    "me": ACCOUNT,
    "billing-periods": {"items": [_PERIOD]},
    "purchases": {"period": _PERIOD, "items": [_PURCHASE], "pagination": _PAGINATION},
    "p1": _PURCHASE,
    "subscriptions": {"items": [_SUBSCRIPTION]},
    "service": {"status": "active", "since": "2024-01-05", "affectedSubscriptions": 0, "outstanding": _MONEY},
    "termination": {**_SUBSCRIPTION, "status": "terminated"},
    "disputes": {
        "disputeId": "d1", "status": "acknowledged", "reason": "other", "createdAt": "2024-03-10T12:00:00Z",
    },
    "token": {
        "access_token": "at", "token_type": "Bearer", "refresh_token": "rt", "refresh_token_expires_in": 9,
    },
    "challenge": {"error": "insufficient_authorization", "auth_session": "a-session"},
}  # fmt: skip
"""The valid answer of each endpoint, by the last segment of its path."""

_STATUSES = (
    *(
        "200 OK",
        "201 Created",
        "202 Accepted",
        "204 No Content",
        "206 Partial",
        "302 Found",
        "304 Not Modified",
    ),
    *(
        "307 x",
        "400 Bad Request",
        "401 no",
        "403 no",
        "404 no",
        "408 no",
        "409 no",
        "412 no",
        "421 no",
        "422 no",
    ),
    *("425 no", "426 no", "429 no", "451 no", "500 no", "502 no", "503 no", "504 no", "511 no", "530 no"),
    *("999 no", "099 no", "2000 OK", "abc OK", "200", "200 Tr\xe8s bien", "-1 x"),
)
_TYPES = ("application/json", "application/json; charset=utf-8", "text/html", "", ";", "\xe9", "a" * 3000)
_DATES = (
    *("Sun, 10 Mar 2024 11:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"),
    *(
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Sun, 10 Mar 2024 11:00:00 +9999",
        "yesterday",
        "(",
        ",",
        "0",
        "\xb2",
    ),
)
_HEADERS: dict[str, tuple[str, ...]] = {
    "Date": _DATES,
    "Retry-After": (*_DATES, "1", "30", "-1", "1.5", "9" * 30, "\u0664"),
    "ETag": (
        '"x"',
        'W/"x"',
        '"x-gzip"',
        "x",
        '"zo\xe9"',
        '"a", "b"',
        '"',
        "W/",
        "*",
        '""',
        '"' + "a" * 9000 + '"',
    ),
    "Location": (
        *("http://xn--/", "http://[::1", "//", "https://", "http://a:99999/", "\xe9", "javascript:alert(1)"),
        *("http://user:pass@/x", "http://" + "a" * 9000, "a:b", "", "\t", "http://xn--a/", "?\x7f"),
    ),
    "Set-Cookie": ("a=b; Path=/", "=;;;", "a=b; expires=nonsense; domain=.com", "\xe9", "a" * 9000),
    "WWW-Authenticate": ("Bearer", 'Bearer error="insufficient_user_authentication"', ",", "\xe9"),
    "Content-Encoding": (
        "gzip",
        "deflate",
        "gzip, gzip",
        "br",
        "zstd",
        "x-gzip",
        "identity",
        "utf-8",
        "\xe9",
    ),
    "Transfer-Encoding": ("chunked", "identity", "gzip, chunked", "x"),
    "Content-Length": ("0", "1", "-1", "9999", "x", "1, 1", "9" * 30),
    "Connection": ("close", "keep-alive", "Upgrade"),
    "": ("no name",),
    "X\x01": ("a name that is none",),
}
_COUNTS = {"Location": "302 Found", "Retry-After": "503 no", "WWW-Authenticate": "401 no"}
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**20, 0.5, 1e308, "", " ", "\0", "\u202e", "\U0001f600", "é" * 300, [], {}),
    *([None], {"a": 1}, "NaN", "-0.00", "0.0833", "9999999.99", "10000000.00", "0001-01-01", "9999-12-31"),
    *("2024-03-10T12:00:00", "9999-12-31T23:59:59-12:00", "Europe/Nowhere", "../x", "2099-12-31T23:59:59Z"),
)
_BODIES = (
    *(b"", b"{", b"null", b"<html>", b'"\\ud800"', b"\xff\xfe{\x00}\x00", b"[" * 20_000, b'{"a":' * 20_000),
    *(b'{"code":"CLIENT_TOO_OLD"}', b'{"code":null}', b"\xef\xbb\xbf", b"1e999"),
)


class RandomServer:
    """Random source of answers, reproducible by its seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable

    async def __call__(self, head: bytes, writer: StreamWriter) -> None:
        """Answer one request of `tests.services.client.test_http.listening`, then hang up."""
        path = head.split(b" ")[1].partition(b"?")[0].decode("latin-1")
        name = path.rpartition("/")[2]
        right = _metadata(head) if name == "oauth-authorization-server" else RIGHT.get(name, {})
        writer.write(self.answer(right))
        await writer.drain()
        writer.close()

    def answer(self, right: Any) -> bytes:
        """Return the bytes of a random mutation of the answer whose body is `right`."""
        choose = self._random
        body = self._body(right)
        headers = {"Content-Type": self._seldom("application/json", _TYPES)}
        for name in choose.sample([*_HEADERS], choose.choice((0, 0, 0, 1, 1, 2, 4))):
            headers[name] = choose.choice(_HEADERS[name])
        if choose.random() < 0.5:  # the body matches the encoding headers
            match headers.get("Content-Encoding"):
                case "gzip" | "x-gzip":
                    body = gzip.compress(body)
                case "deflate":
                    body = zlib.compress(body)
            if headers.get("Transfer-Encoding") == "chunked":
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        if "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Length", str(len(body)))
        status = self._seldom("200 OK", _STATUSES)
        if choose.random() < 0.7:  # the status for which the client reads the header
            status = next((_COUNTS[name] for name in headers if name in _COUNTS), status)
        lines = [f"HTTP/1.1 {status}", *(f"{k}: {v}" for k, v in headers.items())]
        whole = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace") + body
        if choose.random() < 0.05:
            return whole[: choose.randrange(len(whole))]
        if choose.random() < 0.05:
            return choose.randbytes(choose.randrange(200))
        return whole

    def _seldom(self, usual: str, others: tuple[str, ...]) -> str:
        return usual if self._random.random() < 0.85 else self._random.choice(others)

    def _body(self, right: Any) -> bytes:
        if self._random.random() < 0.1:
            return self._random.choice(_BODIES)
        tree = copy.deepcopy(right)
        for _ in range(self._random.choice((0, 0, 1, 2))):
            self._change(tree)
        mark = b"\xef\xbb\xbf" if self._random.random() < 0.1 else b""
        return mark + json.dumps(tree).encode()

    def _change(self, tree: Any) -> None:
        """Replace, remove or repeat one member somewhere in `tree`."""
        choose = self._random
        parents = [part for part in _parts(tree) if part]
        if not parents:
            return
        parent = choose.choice(parents)
        place = choose.choice([*parent] if isinstance(parent, dict) else range(len(parent)))
        match choose.randrange(4):
            case 0:
                del parent[place]
            case 1 if isinstance(parent, list):
                parent.append(parent[place])
            case _:
                parent[place] = choose.choice(_VALUES)


def _metadata(head: bytes) -> dict[str, str]:
    """Return the OAuth endpoints of the server at the `Host` of a request."""
    origin = "http://" + head.lower().partition(b"\r\nhost: ")[2].partition(b"\r\n")[0].decode()
    return {
        "issuer": origin,
        "token_endpoint": f"{origin}/token",
        "revocation_endpoint": f"{origin}/revoke",
        "authorization_challenge_endpoint": f"{origin}/challenge",
    }


def _parts(tree: Any) -> list[Any]:
    """Return every object and array in `tree`, itself included."""
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [part for each in inside for part in _parts(each)] + (
        [tree] if isinstance(tree, dict | list) else []
    )
