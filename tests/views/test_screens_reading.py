"""Order in which a screen reader meets the parts of each screen (WCAG 1.3.2)."""

from __future__ import annotations

import re

import pytest

from services.sandbox.data_file import Subscriber
from tests.harness.cases import daily
from tests.harness.driver import Driver
from tests.harness.tree import spoken
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, quiet, remembered, visit
from tests.views.factories import ABONNE, WEEKLY, subscribed
from tests.views.visits import Screen, visit_remembered

PATHS = [
    "/",
    "/conso/internet",
    "/achats",
    "/achats?periode=2026-02",
    "/recherche?q=cubéo",
    "/verifier",
    "/gerer",
    f"/gerer/abonnements/{WEEKLY}",
    "/gerer/abonnements/none",
    "/gerer/calendrier",
    "/achats/charge-2026-05-11-0",
    "/achats/none",
    "/aide",
    "/aide/resilier",
    "/aide/none",
    "/reglages",
    "/nowhere",
]
AMOUNT = re.compile(r"\d+,\d\d(?=\s*(?:€|euros))")
PHONE = {"width": 320, "height": 700}
SIZES = pytest.mark.parametrize(
    "screen",
    daily([PHONE, {"width": 834, "height": 1194}, {"width": 1440, "height": 900}], PHONE),
    ids=lambda one: str(one["width"]),
)


def assert_in_order(app: Driver, where: str) -> None:
    assert not app.tree.misplaced(), where
    for node in app.nodes("Semantics"):
        if node.label and node.content and not node.exclude_semantics:
            amounts = set(AMOUNT.findall(node.label))
            assert not amounts & set(AMOUNT.findall(spoken(node.content))), where


@SIZES
async def test_reading_order_of_all_screens_follows_the_headings(serve: Serve, screen: Screen) -> None:
    line = serve(subscribed(), CAMILLE)
    for person in (ABONNE, CAMILLE):
        async with visit_remembered(line, who=person, **screen) as app:
            for path in PATHS:
                await app.go(path)
                await quiet(app, line)
                assert_in_order(app, path)
                line.down = True
                await app.press("R")
                await quiet(app, line)
                assert_in_order(app, f"{path} without a backend")
                line.down = False


@SIZES
async def test_reading_order_of_the_sign_in_follows_the_headings(line: Line, screen: Screen) -> None:
    async with visit(line, web=True, **screen) as app:
        await app.see("Identifiez-vous")
        assert_in_order(app, "identifier")
        await app.tap("Retrouver mon identifiant")
        await app.see("Indiquez un num")
        assert_in_order(app, "reminder")
    async with visit(line, web=True, **screen) as app:
        await app.enter("Identifiant", CAMILLE)
        await app.tap("Continuer")
        await app.see("Votre mot de passe")
        assert_in_order(app, "password")
        await app.enter("Mot de passe", "wrong")
        await app.tap("Se connecter")
        await quiet(app, line)
        assert_in_order(app, "wrong password")


@SIZES
async def test_reading_order_of_empty_screens_follows_the_headings(serve: Serve, screen: Screen) -> None:
    nobody = Subscriber(identifier="rien@demo.example", password=PASSWORD, display_name="Sacha Vide")
    line = serve(nobody)
    async with visit_remembered(line, **screen) as app:
        for path in PATHS:
            await app.go(path)
            await quiet(app, line)
            assert_in_order(app, path)


@SIZES
async def test_reading_order_of_failed_screens_follows_the_headings(serve: Serve, screen: Screen) -> None:
    line = serve(subscribed())
    store = await remembered(line, ABONNE)
    line.broken = "/contracts"
    for path in PATHS:
        async with visit(line, store, route=path, **screen) as app:
            await quiet(app, line)
            assert_in_order(app, path)
