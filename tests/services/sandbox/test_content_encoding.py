"""Refusal of request bodies with a `Content-Encoding`."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.harness.cases import daily
from tests.services.sandbox.visitor import CLIENT, KEY, Visitor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json", "If-Match": "*", "Idempotency-Key": KEY}
ENDPOINTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("POST", "/oauth/authorization-challenge", FORM, b"auth_session=x"),
    ("POST", "/oauth/token", FORM, f"client_id={CLIENT}&grant_type=refresh_token".encode()),
    ("POST", "/oauth/revoke", FORM, b"token=x"),
    ("POST", "/v1/feedback", JSON, b'{"articleId":"reading","useful":true}'),
    ("POST", "/v1/identifier-reminders", JSON, b'{"email":"a@demo.example"}'),
    ("POST", "/v1/contracts/c1/purchases/p1/disputes", JSON, b'{"reason":"other"}'),
    ("PUT", "/v1/contracts/c1/subscriptions/sub1/termination", JSON, b"{}"),
    ("PUT", "/v1/contracts/c1/service", JSON, b'{"status":"active"}'),
    ("DELETE", "/v1/sessions", {}, b"{}"),
]


@pytest.mark.parametrize("coding", daily(["gzip", "GZIP", "br", "identity, gzip", "x-unknown"], "gzip"))
@pytest.mark.parametrize(("method", "path", "headers", "content"), ENDPOINTS)
async def test_body_with_a_content_encoding_is_refused(
    camille: Visitor, method: str, path: str, headers: dict[str, str], content: bytes, coding: str
) -> None:
    for body in (content, gzip.compress(content)):
        sent = headers | {"Content-Encoding": coding}
        answer = await camille.http.request(method, path, headers=sent, content=body)
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "identity"
    assert (await camille.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("coding", ["identity", ""])
async def test_body_with_the_identity_encoding_is_accepted(camille: Visitor, coding: str) -> None:
    given: dict[str, Any] = {"articleId": "reading", "useful": True}
    headers = {"Content-Encoding": coding, "Idempotency-Key": KEY}
    assert (await camille.http.post("/v1/feedback", json=given, headers=headers)).status_code == 201
