"""Screen tests of unreadable records: their number is shown beside the readable ones."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.views.conftest import Line, Serve, quiet
from tests.views.factories import WEEKLY, subscribed
from tests.views.visits import NARROW, SIZES, rows, visit_remembered

TEXT = "L’application ne comprend pas ce que le service en dit."


class Odd(httpx.AsyncBaseTransport):
    """Transport to the sandbox that makes some records of every list unreadable.

    Args:
        at: the positions of these records in their list; negative ones count from its end.
    """

    def __init__(self, way: httpx.AsyncBaseTransport, *at: int) -> None:
        self._way, self._at = way, at

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._way.handle_async_request(request)
        body = await response.aread()
        if not request.url.path.startswith("/v1/") or response.status_code != 200 or not body:
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        content = json.loads(body)
        for member in ("items", "contracts", "refunds"):
            records: list[Any] = content.get(member, [])
            for place in self._at:
                if -len(records) <= place < len(records):
                    records[place] = {"aMemberOfTomorrow": True}
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(200, headers=headers, content=json.dumps(content).encode())


def odd(line: Line, *at: int) -> Line:
    line.far_end = Odd(line.far_end, *at)  # type: ignore[assignment]
    return line


@SIZES
@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("/", "1 contrat illisible"),
        ("/conso/internet", "1 facture illisible"),
        ("/achats", "1 achat illisible"),
        ("/gerer", "1 abonnement illisible"),
        (f"/gerer/abonnements/{WEEKLY}", "achats illisibles"),
    ],
)
async def test_unreadable_record_is_counted_beside_the_others(
    serve: Serve, route: str, said: str, screen: dict[str, Any]
) -> None:
    line = odd(serve(subscribed()), -1)
    async with visit_remembered(line, route, **screen) as app:
        await app.see(said, TEXT)
        await quiet(app, line)
        await app.see_not("Réessayer")


async def test_list_of_unreadable_records_only_is_not_shown_as_empty(serve: Serve) -> None:
    line = odd(serve(subscribed()), *range(1, 100))
    async with visit_remembered(line, "/achats?periode=2026-04", **NARROW) as app:
        await app.see("illisible")
        assert len(rows(app)) <= 1
        await app.go("/gerer")
        await app.see("abonnements illisibles")
        await app.see_not("Aucun abonnement")


async def test_account_without_a_readable_contract_offers_a_retry(serve: Serve) -> None:
    line = odd(serve(subscribed()), *range(100))
    async with visit_remembered(line) as app:
        await app.see("Réessayer")
        await app.see_not("Aucun contrat")
