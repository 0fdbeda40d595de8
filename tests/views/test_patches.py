# msgpack has no types.
# mypy: disable-error-code="import-untyped"
"""Patches sent to the client: applied in order, they give the current control tree."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import flet as ft
import msgpack
import pytest
from flet.messaging.protocol import Message, MessageAction

from tests.harness import driver, semantics
from tests.harness.driver import Driver
from tests.harness.wire import WireClient, _walk
from tests.views.conftest import LONG, Line, Serve, quiet, remembered, visit
from tests.views.test_screens_journey import SIZES, rows

CAMILLE = "camille@demo.example"
PERIODS = ("janvier", "février", "mars", "avril", "mai", "juin")
STEPS = 25


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> WireClient:
    """Return a client that applies every message sent to the driver, like the web client."""
    mirror = WireClient("http://unused.test")
    send = driver._Client.send_message

    def both(self: driver._Client, message: Message) -> None:
        packed = msgpack.packb([message.action, message.body], default=driver._encode)
        code, body = msgpack.unpackb(packed, strict_map_key=False, ext_hook=lambda _, data: bytes(data))
        if code == MessageAction.REGISTER_CLIENT.value:
            mirror.page = body["page_patch"]
        elif code == MessageAction.PATCH_CONTROL.value:
            mirror._patch(body["id"], *body["patch"])
        send(self, message)

    monkeypatch.setattr(driver._Client, "send_message", both)
    return mirror


def same(client: WireClient, app: Driver) -> None:
    """Check that both hold the same texts in order (badges aside) and no control twice."""
    held = [found.control for found in semantics.walk(app._views())]
    badges = [badge for one in held if (badge := getattr(one, "badge", None)) is not None]
    aside = {found.control._i for found in semantics.walk(badges)}
    texts = [one for one in _walk(client.page["views"]) if one["_c"] == "Text" and one["_i"] not in aside]
    assert [str(one.get("value", "")) for one in texts] == [
        one.value for one in held if isinstance(one, ft.Text) and one._i not in aside
    ]
    numbers = Counter(one["_i"] for one in _walk(client.page))
    assert not [number for number, times in numbers.items() if times > 1]


async def walk(app: Driver, line: Line, steps: random.Random) -> None:
    """Do one random action on the screen of purchases and wait until it is done."""
    match steps.choice(("period", "period", "filter", "cut", "scroll", "resize")):
        case "period":
            month = steps.choice(PERIODS)
            of_month = f"d’{month}" if month[0] in "ao" else f"de {month}"
            await app.tap(
                f"Facture {of_month}, du"
            )  # ", du" excludes the forecast, which starts with the same words
        case "filter":
            await app.tap(steps.choice(("Tous", "À l’acte", "Abonnements", "Remboursés")))
        case "cut":  # toggles an outage: a banner appears above the cached rows and disappears
            line.broken = None if line.broken else "/v1/contracts"
            await app.tap("Actualiser")
        case "scroll":
            await app.scroll(steps.choice((0, 200, 900)), extent=4000)
        case "resize":
            await app.resize(steps.choice((360, 390, 430)), 844)
    await quiet(app, line)


@pytest.mark.parametrize("person", [CAMILLE, LONG])
@SIZES
async def test_patches_sent_to_the_client_match_the_control_tree(
    serve: Serve, client: WireClient, person: str, screen: dict[str, Any]
) -> None:
    line = serve(person)
    steps = random.Random(f"{person} {screen}")  # noqa: S311 - the same walk at each run
    async with visit(line, await remembered(line, person), route="/achats", **screen) as app:
        await app.until(lambda: rows(app), "no purchases")
        await quiet(app, line)
        same(client, app)
        for _ in range(STEPS):
            await walk(app, line, steps)
            same(client, app)
        line.broken = None
        await app.tap("Facture de mai, du")
        await app.tap("Tous")
        await app.tap("Actualiser")
        await app.until(lambda: "2026-05" in app.route and rows(app), "no purchases")
        await quiet(app, line)
        same(client, app)
        row = rows(app)[0]
        await app.tap(row)
        await app.see(row.splitlines()[0])
        await app.until(lambda: app.route.startswith("/achats/"), "the row leads nowhere")
        await quiet(app, line)
        same(client, app)
