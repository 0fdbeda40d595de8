"""Screen tests of empty or blank texts, and of accounts without contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.sandbox.data_file import Subscriber
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.views.conftest import PASSWORD, Line, Serve, quiet
from tests.views.factories import ABONNE, WEEKLY, subscribed
from tests.views.visits import SIZES, Screen, visit_remembered
from views.core.text import blank, initial, joined

CONTRACT = Path(__file__).parents[2] / "services" / "sandbox" / "openapi.yaml"
CHARGE = "/achats/charge-2026-05-11-0"
SCREENS = [
    *("/", "/conso/internet", "/achats", CHARGE, "/gerer", f"/gerer/abonnements/{WEEKLY}"),
    *("/verifier", "/recherche", "/gerer/calendrier"),
]
BLANKS = ["", " ", "\u200b\u00a0", "\u3164"]


def free_texts() -> frozenset[str]:
    """Return the names of the properties that the contract lets be any string."""
    schemas = msgspec.yaml.decode(CONTRACT.read_bytes())["components"]["schemas"]
    bound = {"enum", "const", "pattern", "minLength", "format"}
    return frozenset(
        name
        for schema in ("Me", "Contract", "Purchase", "MerchantContact", "Dispute", "Subscription")
        for name, described in schemas[schema].get("properties", {}).items()
        if "string" in described.get("type", "") and not bound & described.keys()
    )


class Blanked(httpx.AsyncBaseTransport):
    """A way to the sandbox on which every free text of its answers is blank."""

    def __init__(self, way: httpx.AsyncBaseTransport, blank: str) -> None:
        self._way, self._blank, self._names = way, blank, free_texts()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._way.handle_async_request(request)
        body = await response.aread()
        if not request.url.path.startswith("/v1/") or response.status_code != 200 or not body:
            return httpx.Response(response.status_code, headers=response.headers, content=body)
        content = json.dumps(self._blanked(json.loads(body))).encode()
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(200, headers=headers, content=content)

    def _blanked(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._blanked(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self._blank if name in self._names and inner is not None else self._blanked(inner)
            for name, inner in value.items()
        }


def blanked(line: Line, blank: str) -> Line:
    line.far_end = Blanked(line.far_end, blank)  # type: ignore[assignment]
    return line


def assert_nothing_dangles(app: Driver) -> None:
    for text in app.texts():
        words = text.replace("\u00a0", " ").strip("\u200b\u3164")
        assert not words.endswith((" ·", ", ", ": ", "ligne", "ligne ")), text
        assert not words.startswith(("·", ",")), text
        assert " ·  ·" not in words, text
    assert all(not blank(name) for name in app.names()), app.names()


def test_the_contract_names_its_free_texts() -> None:
    assert {
        "displayName",
        "label",
        "maskedNumber",
        "merchantName",
        "description",
        "referenceCode",
    } <= free_texts()


@SIZES
@pytest.mark.parametrize("blank", daily(BLANKS, "\u200b\u00a0"), ids=ascii)
async def test_blank_texts_leave_every_screen_readable(serve: Serve, blank: str, screen: Screen) -> None:
    line = blanked(serve(subscribed()), blank)
    async with visit_remembered(line, **screen) as app:
        for route in SCREENS:
            await app.go(route)
            await quiet(app, line)
            assert_nothing_dangles(app)
        await app.go("/")
        await app.see("Espace client")
        assert (1, "Espace client") in app.headings()
        await app.see("Vos contrats")
        await app.go("/reglages")
        await app.see("a•••••@demo.example")


async def test_a_blank_publisher_gives_way_to_the_content_then_to_a_sentence(serve: Serve) -> None:
    line = blanked(serve(subscribed()), " ")
    async with visit_remembered(line, CHARGE) as app:
        await app.see("Éditeur non précisé", "Signaler un problème")
        assert not any(name.startswith("Copier la référence") for name in app.names())
        assert not any(text.startswith(("Référence", "Contenu")) for text in app.texts())


@pytest.mark.parametrize("route", SCREENS)
@SIZES
async def test_an_account_without_contracts_says_so_and_offers_ways_on(
    serve: Serve, route: str, screen: Screen
) -> None:
    nobody = Subscriber(identifier="rien@demo.example", password=PASSWORD, display_name="Sacha Vide")
    line = serve(nobody)
    async with visit_remembered(line, route, **screen) as app:
        await app.see("Aucun contrat sur ce compte")
        await app.see_not("Chargement…")
        await quiet(app, line)
        line.asked.clear()
        await app.tap("Actualiser")
        await app.until(lambda: "/v1/me" in line.asked, "nothing asked")
        await quiet(app, line)
        line.asked.clear()
        await app.press("R")
        await app.until(lambda: "/v1/me" in line.asked, "nothing asked")
        await app.tap("Utiliser un autre compte")
        await app.see("Se déconnecter")


async def test_a_contract_that_is_taken_away_leaves_an_empty_state(serve: Serve) -> None:
    line = serve(subscribed())
    async with visit_remembered(line, "/gerer") as app:
        await app.see("Club Cubéo")
        nobody = Subscriber(identifier=ABONNE, password=PASSWORD, display_name="Ada Blanchet")
        line.far_end = _Emptied(line.far_end, nobody)  # type: ignore[assignment]
        await app.go("/")
        await app.press("R")
        await app.see("Aucun contrat sur ce compte")
        await app.go("/gerer")
        await app.see("Aucun contrat sur ce compte")


class _Emptied(httpx.AsyncBaseTransport):
    """A way to the sandbox on which the account has lost its contracts."""

    def __init__(self, way: httpx.AsyncBaseTransport, person: Subscriber) -> None:
        self._way, self._person = way, person

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers.pop("If-None-Match", None)
        response = await self._way.handle_async_request(request)
        if request.url.path != "/v1/me" or response.status_code != 200:
            return response
        body = {**json.loads(await response.aread()), "contracts": []}
        return httpx.Response(200, headers={"Date": response.headers["Date"]}, json=body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        (" \t\u00a0", True),
        ("\u200b\ufeff\u2060\u00ad", True),
        ("\u3164\u2800", True),
        ("é", False),
    ],
)
def test_blank_text_is_recognized(text: str, expected: bool) -> None:
    assert blank(text) is expected


@pytest.mark.parametrize(
    ("name", "expected"), [("", ""), (" \u200bgazette", "G"), ("ß", "S"), ("متجر", "م"), ("🎮 Jeux", "🎮")]
)
def test_the_initial_is_the_first_visible_letter(name: str, expected: str) -> None:
    assert initial(name) == expected


def test_joined_leaves_blank_parts_out() -> None:
    assert joined("Internet", "", "\u200b", "12:00") == "Internet · 12:00"
