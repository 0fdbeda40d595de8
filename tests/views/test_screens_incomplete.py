"""Screen tests of data that is absent or not understood: a notice names it, and nothing reads as zero."""

from __future__ import annotations

import json

import httpx
import msgspec
import pytest

from tests.views.conftest import Line, Serve, quiet
from tests.views.factories import subscribed
from tests.views.visits import NARROW, visit_remembered

TITLE, RETRY = "Données incomplètes", "Réessayer"
NEW, VEILLE = "nouveau@demo.example", "veille@demo.example"


class Altered(httpx.AsyncBaseTransport):
    """Transport to the sandbox that replaces members of one record of some lists.

    Args:
        text: part of the addresses of these lists.
        place: position of the record in its list.
    """

    def __init__(
        self, way: httpx.AsyncBaseTransport, text: str, place: int, members: dict[str, object]
    ) -> None:
        self._way, self._text, self._place, self._members = way, text, place, members

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._way.handle_async_request(request)
        body = await response.aread()
        if self._text not in str(request.url) or response.status_code != 200:
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        content = json.loads(body)
        content["items"][self._place] |= self._members
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(200, headers=headers, content=json.dumps(content).encode())


def altered(line: Line, text: str, *, place: int = 0, **members: object) -> Line:
    line.far_end = Altered(line.far_end, text, place, members)  # type: ignore[assignment]
    return line


@pytest.mark.parametrize(
    ("route", "calm"),
    [
        ("/verifier", "Rien à vérifier"),
        ("/recherche?q=introuvable", "Rien depuis"),
        ("/editeurs/introuvable", "Rien n’est connu"),
        ("/editeurs/club-cubeo", "Rien n’est connu"),
        ("/rapprochement?periode=2026-05", "Cette période n’est plus"),
        ("/conso/annee", "Aucun achat"),
        ("/contestations/nouvelle/editeur/introuvable", "Rien à contester"),
    ],
)
async def test_purchase_of_unknown_status_is_counted_on_each_screen_of_the_ledger(
    serve: Serve, route: str, calm: str
) -> None:
    line = altered(serve(subscribed()), "2026-05", paymentStatus="on_hold")
    async with visit_remembered(line, route, **NARROW) as app:
        await app.see(TITLE, "Impossible de lire 1 achat.")
        await quiet(app, line)
        await app.see_not(calm)
        await app.see_not(RETRY)


async def test_unreadable_period_is_missing_from_the_ledger(serve: Serve) -> None:
    line = altered(serve(NEW), "billing-periods", place=-1, startDate="yesterday")
    async with visit_remembered(line, "/verifier", **NARROW) as app:
        await app.see("Impossible de lire 1 facture.")
        await app.see_not("Rien à vérifier")


@pytest.mark.parametrize(
    ("who", "route", "part", "said", "then"),
    [
        (NEW, "/verifier", "/subscriptions", "vos abonnements", "Rien à vérifier"),
        (NEW, "/verifier", "/service", "votre service internet+", "Rien à vérifier"),
        (NEW, "/gerer/calendrier", "/review", "vos contestations", "Aucun paiement à venir"),
        (VEILLE, "/gerer", "/review", "vos contestations", "Ciné Lanterne · 4,99\u00a0€"),
    ],
)
async def test_data_that_failed_is_named_until_a_retry_brings_it(
    serve: Serve, who: str, route: str, part: str, said: str, then: str
) -> None:
    line = serve(who)
    line.broken = part
    async with visit_remembered(line, route, **NARROW) as app:
        await app.see(TITLE, said)
        await quiet(app, line)
        await app.see_not(then)
        line.broken = None
        await app.tap(RETRY)
        await app.see(then)
        await app.see_not(TITLE)


async def test_forecast_from_an_unknown_service_says_so(serve: Serve) -> None:
    line = serve(subscribed())
    line.broken = "/service"
    async with visit_remembered(line, "/conso/internet", **NARROW) as app:
        await app.see("Facture de juin", "Impossible de lire votre service internet+.")
        await app.tap("Facture de juin\u00a0: probablement")
        await app.see("Votre facture de juin")
        assert app.texts().count(TITLE) == 2, "also in the sheet"


async def test_calendar_with_a_subscription_of_unknown_status_is_not_empty(serve: Serve) -> None:
    whole = subscribed()
    mobile = msgspec.structs.replace(whole, contracts=whole.contracts[1:])
    line = altered(serve(mobile), "/subscriptions", status="paused")
    async with visit_remembered(line, "/gerer/calendrier", **NARROW) as app:
        await app.see("Impossible de lire 1 abonnement.")
        await app.see_not("Aucun paiement")


async def test_contest_file_is_not_called_unknown_when_the_files_could_not_be_read(serve: Serve) -> None:
    line = serve(NEW)
    line.broken = "/review"
    async with visit_remembered(line, "/contestations/abc", **NARROW) as app:
        await app.see(RETRY)
        await app.see_not("n’existe pas ou plus")
