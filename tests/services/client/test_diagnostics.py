"""Diagnostic report: technical facts only, no personal data."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.diagnostics import MOST_FAILURES, FailureLog, diagnostic_report, endpoint_of
from services.client.http import HttpClient
from services.domain.errors import BackendError, NotFound, Unavailable, UnexpectedAnswer, Unreachable
from services.settings import VERSION

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("/v1/me", "/v1/me"),
        ("/v1/contracts/camille-box/billing-periods", "/v1/contracts/{id}/billing-periods"),
        ("/v1/contracts/c/purchases?q=Gazette&periodId=2024-03", "/v1/contracts/{id}/purchases"),
        ("/v1/contracts/c/purchases/p-1/disputes", "/v1/contracts/{id}/purchases/{id}/disputes"),
        ("/v1/contracts/c/subscriptions/s/termination", "/v1/contracts/{id}/subscriptions/{id}/termination"),
        ("https://backend.example/oauth/token", "/oauth/token"),
        ("https://camille:secret@backend.example/0612345678", "/{id}"),
        ("", ""),
    ],
)
def test_endpoint_name_omits_ids_and_query(url: str, endpoint: str) -> None:
    assert endpoint_of(url) == endpoint


@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-@.", min_size=13), max_size=5))
def test_endpoint_name_keeps_only_known_path_segments(ids: list[str]) -> None:
    kept = endpoint_of("/v1/contracts/" + "/".join(ids)).split("/")
    assert set(kept) <= {
        "",
        "v1",
        "contracts",
        "{id}",
        "subscriptions",
        "billing-periods",
        "identifier-reminders",
        "oauth-authorization-server",
        "openid-configuration",
    }


def test_report_lists_versions_backend_and_last_failures() -> None:
    failure_log = FailureLog()
    paris = timezone(timedelta(hours=2))
    failure = Unavailable("status 503", correlator="c0ffee")
    failure_log.note(failure, "GET", "/v1/contracts/camille-box/purchases?q=Gazette", NOW.astimezone(paris))
    failure_log.note(Unreachable("no answer in time"), "PUT", "/v1/contracts/camille-box/service", NOW)
    text = diagnostic_report(
        failure_log, at=NOW, backend="backend.example", environment={"Flet": "1.0.5", "Layout": "S"}
    )
    lines = text.splitlines()
    assert f"Conso et moi: {VERSION}" in lines
    assert "Flet: 1.0.5" in lines
    assert "Layout: S" in lines
    assert "Backend: backend.example" in lines
    assert "At: 2026-05-14T10:00:00Z" in lines
    assert lines[-3:] == [
        "Last failures: 2",
        "2026-05-14T10:00:00Z Unavailable GET /v1/contracts/{id}/purchases c0ffee",
        "2026-05-14T10:00:00Z Unreachable PUT /v1/contracts/{id}/service",
    ]


def test_report_without_failures_says_none() -> None:
    assert diagnostic_report(FailureLog(), at=NOW, backend="x", environment={}).endswith(
        "Last failures: none"
    )


def test_failure_log_when_full_drops_the_oldest() -> None:
    failure_log = FailureLog()
    for number in range(MOST_FAILURES + 5):
        failure_log.note(NotFound(correlator=str(number)), "GET", "/v1/me", NOW)
    assert [one.correlator for one in failure_log.last] == [str(n) for n in range(5, MOST_FAILURES + 5)]


def client(answer: httpx.Response | Exception) -> Backend:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        answer.request = request
        return answer

    wire = HttpClient("https://backend.example", httpx.MockTransport(handle), clock=lambda: NOW, timeout=5.0)
    return Backend(wire, MemoryStore(), clock=lambda: NOW)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("sentinel 0612345678"), Unreachable),
        (httpx.Response(503, headers={"retry-after": "60"}), Unavailable),
        (httpx.Response(200, text="<html>sentinel 0612345678</html>"), UnexpectedAnswer),
        (httpx.Response(200, json={"sentinel": "0612345678"}), UnexpectedAnswer),
    ],
)
async def test_failure_is_logged_once_with_its_correlator(
    answer: httpx.Response | Exception, kind: type[BackendError]
) -> None:
    backend = client(answer)
    with pytest.raises(kind) as failed:
        await backend.remind_identifier(phone_number="0612345678")
    if failed.value.correlator is None or not backend.failure_log.last:
        raise AssertionError("nothing was remembered")
    (trouble,) = backend.failure_log.last
    assert trouble == (NOW, kind.__name__, "POST /v1/identifier-reminders", failed.value.correlator)
    text = diagnostic_report(backend.failure_log, at=NOW, backend=backend.host, environment={})
    assert "0612345678" not in text
    assert "sentinel" not in text
    assert "Backend: backend.example" in text
    await backend.close()


async def test_failures_of_one_backend_do_not_reach_another() -> None:
    one, other = client(httpx.Response(500)), client(httpx.Response(202))
    outcomes = await asyncio.gather(
        one.remind_identifier(email="a@b.example"),
        other.remind_identifier(email="a@b.example"),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], BackendError)
    assert (len(one.failure_log.last), len(other.failure_log.last)) == (1, 0)
    await one.close()
    await other.close()
