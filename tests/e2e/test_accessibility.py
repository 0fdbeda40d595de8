"""Accessibility of every screen, on the semantics tree of a browser."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import (
    enter,
    heading_faults,
    language,
    nameless,
    open_app,
    overflowing,
    plain,
    press_by_keyboard,
    read_before_heading,
    read_twice,
    rest,
    scroll_to,
    see,
    see_heading,
    see_not,
    semantics,
    shows,
    small_targets,
    tap,
    until,
)
from tests.e2e.conftest import Visit
from tests.e2e.test_axe import ADDRESSES
from tests.e2e.test_journeys import (
    EN,
    FR,
    PASSWORD,
    Said,
    begin,
    contract,
    see_period,
    see_rows,
    selected_periods,
    sign_in,
)
from tests.harness.processes import Server


def faults(page: Page, said: Said, *, scrolled: bool = False) -> list[str]:
    """Return every fault of the screen, in words."""
    rest(page)
    locale = "fr" if said is FR else "en"
    return [
        *(f"nameless {node.role or node.tag} at {node.left:.0f},{node.top:.0f}" for node in nameless(page)),
        *(f"heading: {fault}" for fault in heading_faults(page, scrolled=scrolled)),
        *(f"target: {fault}" for fault in small_targets(page)),
        *(f"overflow: {fault}" for fault in overflowing(page)),
        *(f"read twice: {text!r}" for text in read_twice(page)),
        *(f"before its heading: {text!r}" for text in read_before_heading(page)),
        *(f"one letter: {node.name}" for node in semantics(page) if len(node.name) == 1),
        *([] if language(page) == locale else [f"the document says {language(page)!r}"]),
    ]


def further(page: Page, said: Said) -> Iterator[str]:
    """Go through managing, the settings and the help; gives the name of each screen once it is drawn."""
    french = said is FR
    tap(page, "Gérer" if french else "Manage")
    see_heading(page, "Gérer internet+" if french else "Manage internet+")
    see(page, "Actif depuis" if french else "On since")
    yield "manage"

    scroll_to(page, "Gazette des Deux Rives")
    tap(page, "Gazette des Deux Rives")
    see_heading(page, "Abonnement" if french else "Subscription")
    see(page, "Prix, 4,99 € par mois" if french else "Price, €4.99 a month")
    yield "subscription"
    tap(page, "Compte et réglages" if french else "Account and settings")
    see_heading(page, "Réglages" if french else "Settings")
    yield "settings"
    tap(page, "Aide" if french else "Help")
    see_heading(page, "Aide et avis" if french else "Help and feedback")
    yield "help"


VISITORS = pytest.mark.parametrize(
    ("device", "locale", "said"),
    [
        ("phone", "fr", FR),
        pytest.param("tablet", "fr", FR, marks=pytest.mark.nightly),
        pytest.param("desktop", "en", EN, marks=pytest.mark.nightly),
    ],
)


@VISITORS
def test_screens_from_sign_in_to_a_purchase_have_no_fault(
    demo: Server, visit: Visit, device: str, locale: str, said: Said
) -> None:
    met: list[str] = []

    def inspect(screen: str) -> None:
        met.extend(f"{screen}: {fault}" for fault in faults(page, said))

    page = visit(demo.url, device=device, language=locale)
    see_heading(page, said.sign_in)
    inspect("identifier")
    begin(page, said, "camille@demo.example")
    inspect("password")
    (password,) = [node for node in semantics(page) if node.name == said.password and node.field]
    assert password.type == "password"
    enter(page, said.password, PASSWORD)
    tap(page, said.submit)
    see_heading(page, f"{said.hello} Camille")
    see(page, said.details)
    inspect("home")
    tap(page, contract(page, said))
    see_heading(page, said.usage)
    see(page, said.details)
    inspect("usage")
    tap(page, said.details)
    see_heading(page, said.purchases)
    first = see_rows(page)[0]
    assert len(selected_periods(page)) == 1
    inspect("purchases")
    tap(page, first)
    see(page, said.reference)
    inspect("purchase")
    assert not met, "\n".join(met)


@VISITORS
def test_screens_besides_the_purchases_have_no_fault(
    demo: Server, visit: Visit, device: str, locale: str, said: Said
) -> None:
    page = visit(f"{demo.url}/achats", device=device, language=locale)
    sign_in(page, said, "camille@demo.example")
    see_heading(page, said.purchases)
    met = [f"{screen}: {fault}" for screen in further(page, said) for fault in faults(page, said)]
    assert not met, "\n".join(met)


@pytest.mark.nightly
def test_title_of_the_page_names_the_screen_and_the_period(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats?periode=2026-03")

    def see_title(*parts: str) -> None:
        title = " · ".join([*parts, "Conso et moi"])
        until(page, lambda: plain(page.title()) == title, f"not {title!r} but {page.title()!r}")

    see_title("Identifiez-vous")
    sign_in(page, FR, "camille@demo.example")
    see_title("Achats internet+", "Facture de mars")
    tap(page, FR.june)
    see_title("Achats internet+", "Facture de juin")
    tap(page, see_rows(page)[0])
    see_title("Détail de l’achat")
    page.go_back()
    see_title("Achats internet+", "Facture de juin")
    tap(page, "Gérer")
    see_title("Gérer internet+")
    tap(page, "Compte et réglages")
    see_title("Réglages")
    tap(page, "English")
    see_title("Settings")
    tap(page, "Français")  # the browser remembers it for the next tests
    see_title("Réglages")


@pytest.mark.nightly
def test_every_screen_at_320_px_and_twice_the_text(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/reglages")
    page.set_viewport_size({"width": 320, "height": 700})
    sign_in(page, FR, "camille@demo.example")
    see_heading(page, "Réglages")
    before = max(node.height for node in semantics(page) if node.level == 1)
    tap(page, "200 %")
    until(
        page,
        lambda: max((node.height for node in semantics(page) if node.level == 1), default=0) > 1.5 * before,
        "the text does not grow",
    )
    met = [f"{screen}: {fault}" for screen in further(page, FR) for fault in faults(page, FR)]
    for address in ADDRESSES:
        open_app(page, demo.url + address)
        until(page, lambda: any(node.level == 1 for node in semantics(page)), f"no title at {address}")
        rest(page)
        met += [f"{address}: {fault}" for fault in overflowing(page)]
    open_app(page, f"{demo.url}/reglages")
    see_heading(page, "Réglages")
    tap(page, "100 %")  # the browser remembers it for the next tests
    assert not met, "\n".join(met)


@pytest.mark.nightly
@pytest.mark.parametrize(("width", "height"), [(320, 700), (720, 450), (1194, 834)])
def test_nothing_overflows_at_other_sizes(demo: Server, visit: Visit, width: int, height: int) -> None:
    page = visit(f"{demo.url}/achats?periode=2026-03")
    page.set_viewport_size({"width": width, "height": height})
    see_heading(page, FR.sign_in)
    assert not overflowing(page)
    sign_in(page, FR, "camille@demo.example")
    see_heading(page, FR.purchases)
    see_period(page, FR.march)
    see_rows(page)
    assert not overflowing(page)


@pytest.mark.nightly
def test_account_button_lies_on_no_destination_in_a_low_window(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/aide")
    sign_in(page, FR, "camille@demo.example")
    see(page, "Compte et réglages")
    for width, height in ((844, 390), (667, 375)):
        page.set_viewport_size({"width": width, "height": height})
        rest(page)
        rail = [node for node in semantics(page) if node.tabindex == 0 and node.left + node.width < 100]
        assert [plain(node.name).split()[0] for node in rail] == [
            "Accueil",
            "Suivi",
            "Gérer",
            "Aide",
            "Compte",
        ]
        for above, below in pairwise(rail):
            assert above.top + above.height <= below.top + 1, (above.name, below.name)


def test_a_sheet_is_announced_keeps_the_rest_away_and_closes_on_escape(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats")
    sign_in(page, FR, "camille@demo.example")
    see_rows(page)
    press_by_keyboard(page, "Comment la période est calculée")  # under a mouse, Escape first hides a tooltip
    see(page, "Ces achats sont facturés du 26 au 25 du mois précédent.")
    see(page, "Boîte de dialogue")
    see_not(page, "Actualiser")
    assert not nameless(page)
    page.keyboard.press("Escape")
    see(page, "Actualiser")
    assert not shows(page, "Boîte de dialogue")


def test_the_focus_is_seen(demo: Server, visit: Visit) -> None:
    page = visit(demo.url)
    see_heading(page, FR.sign_in)
    before = page.screenshot()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    until(page, lambda: page.screenshot() != before, "no trace of the focus")
