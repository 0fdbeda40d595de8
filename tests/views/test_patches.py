# msgpack has no types.
# mypy: disable-error-code="import-untyped"
"""Patches sent to the client: applied in order, they give the current control tree."""

from __future__ import annotations

import random

import msgpack
import pytest

from tests.harness.driver import Driver, _encode
from tests.harness.tree import Tree, own_texts, unpacked, walk
from tests.views.conftest import CAMILLE, LONG, Line, Serve, quiet
from tests.views.visits import SIZES, Screen, rows, visit_purchases

PERIODS = ("janvier", "février", "mars", "avril", "mai", "juin")
STEPS = 25


def same(app: Driver) -> None:
    """Check that the client holds the controls that the app holds, in order, and none twice."""
    page = unpacked(msgpack.packb(app.page, default=_encode))
    drawn, held = (
        [(one.id, one.kind, *own_texts(one)) for one, _ in walk(tree.views())]
        for tree in (app.tree, Tree(page))
    )
    assert drawn == held
    assert len({number for number, *_ in drawn}) == len(drawn)


async def step(app: Driver, line: Line, steps: random.Random) -> None:
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
    serve: Serve, person: str, screen: Screen
) -> None:
    line = serve(person)
    steps = random.Random(f"{person} {screen}")  # noqa: S311 - the same walk at each run
    async with visit_purchases(line, **screen) as app:
        same(app)
        for _ in range(STEPS):
            await step(app, line, steps)
            same(app)
        line.broken = None
        await app.tap("Facture de mai, du", "Tous", "Actualiser")
        await app.until(lambda: "2026-05" in app.route and rows(app), "no purchases")
        await quiet(app, line)
        same(app)
        row = rows(app)[0]
        await app.tap(row)
        await app.see(row.splitlines()[0])
        await app.until(lambda: app.route.startswith("/achats/"), "the row leads nowhere")
        await quiet(app, line)
        same(app)
