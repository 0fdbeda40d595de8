"""Screen tests of a publisher and of charges after a termination, by accessible names."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.views.conftest import Line, Serve, quiet
from tests.views.test_screens_check import ledger_reads
from tests.views.visits import SIZES, WIDE, Screen, visit_remembered
from views.routes import named_by, publisher_address

CAMILLE, SUSPENDED = "camille@demo.example", "suspendu@demo.example"


@SIZES
@pytest.mark.parametrize(
    ("locale", "h1", "since", "bill", "all_", "paid"),
    [
        ("fr-FR", "Éditeur", "Connu depuis le, ", "Facture de juin, ", "Tous ses achats", "payés depuis le"),
        pytest.param(
            "en-GB",
            "Publisher",
            "Known since, ",
            "June invoice, ",
            "All its purchases",
            "paid since",
            marks=pytest.mark.nightly,
        ),
    ],
)
async def test_publisher_screen_shows_its_facts_and_purchases(
    line: Line, screen: Screen, locale: str, h1: str, since: str, bill: str, all_: str, paid: str
) -> None:
    route = "/editeurs/club-cubeo"
    async with visit_remembered(line, route, locale=locale, **screen) as app:
        await app.see(since, bill, all_, paid, "Club Cubéo")
        assert (1, h1) in app.headings()
        assert all(app.names())


async def test_purchase_links_to_its_publisher(line: Line) -> None:
    async with visit_remembered(line, "/achats", **WIDE) as app:
        await app.tap("Voir l’éditeur")
        await app.see("Tous ses achats")
        assert app.route.startswith("/editeurs/")


async def test_purchase_of_a_publisher_opens_beside_it_in_wide_windows(serve: Serve) -> None:
    line, route = serve(CAMILLE), "/editeurs/studio-pixelune"
    async with visit_remembered(line, route, **WIDE) as app:
        await app.see("Tous ses achats")
        row = next(name for name in app.names() if re.search(r"\s\d\d:\d\d\s", name))
        await app.tap(row)
        await app.see("Copier la référence")
        assert app.route.startswith(f"{route}/p-")
        await app.see("Tous ses achats")
        await app.press("Escape")
        assert app.route == route
        await app.see("Sélectionnez un achat")


@given(st.text(min_size=1, max_size=40))
@example("..")
@example("KV/01 %2F~?#")
def test_publisher_identifier_is_encoded_as_one_path_segment(identifier: str) -> None:
    address = publisher_address(identifier)
    assert re.fullmatch(r"/editeurs/[A-Za-z0-9_~-]+", address)
    assert named_by(address.rpartition("/")[2]) == identifier


async def test_unknown_publisher_shows_the_empty_state(line: Line) -> None:
    async with visit_remembered(line, "/editeurs/personne") as app:
        await app.see("Rien n’est connu de cet éditeur")


async def test_terminated_subscription_shows_a_charge_after_its_end(line: Line) -> None:
    """Opened directly, the screen reads the purchases after the list of subscriptions."""
    async with visit_remembered(line, "/gerer") as app:
        await app.see("Payé le 9 avril, après la fin de l’abonnement")


async def test_manage_screen_without_terminations_reads_no_purchases(serve: Serve) -> None:
    line = serve(SUSPENDED)
    async with visit_remembered(line, "/gerer") as app:
        await app.see("Vos abonnements")
        await quiet(app, line)
        assert ledger_reads(line) == []
