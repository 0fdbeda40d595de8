"""The whole path in a real browser, by the accessible names of the interface's description.

The sandbox's clock stands at 14 May 2026, noon in Paris. The current period goes from 26 April to 25 May, and
to the June invoice.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import (
    enter,
    plain,
    press_by_keyboard,
    rest,
    scroll_to,
    see,
    see_address,
    see_heading,
    semantics,
    shows,
    tap,
    type_by_keyboard,
    until,
    wait_for_app,
    wheel,
)
from tests.e2e.conftest import Visit
from tests.harness.processes import Server

PASSWORD = "Soleil-2026"
FRAMES = """() => new Promise((told) => {
  const ask = window.requestAnimationFrame;
  let asked = 0;
  window.requestAnimationFrame = (draw) => { asked += 1; return ask.call(window, draw); };
  setTimeout(() => { window.requestAnimationFrame = ask; told(asked); }, 1000);
})"""
"""Number of frames that the page asks for within a second."""


@dataclass(frozen=True)
class Said:
    """The words of one language, from the interface's description."""

    sign_in: str
    each_tab: str
    identifier: str
    proceed: str
    your_password: str
    password: str
    submit: str
    hello: str
    see_usage: str
    usage: str
    details: str
    purchases: str
    current: str
    on_june: str
    june: str
    march: str
    invoiced_in_march: str
    purchase: str
    back: str
    reference: str


FR = Said(
    sign_in="Identifiez-vous",
    each_tab="un nouvel onglet, une longue absence ou une interruption du service",
    identifier="Identifiant",
    proceed="Continuer",
    your_password="Votre mot de passe",
    password="Mot de passe",
    submit="Se connecter",
    hello="Bonjour",
    see_usage="Consulter votre suivi conso",
    usage="Suivi conso",
    details="Voir le détail",
    purchases="Achats internet+",
    current="Période en cours",
    on_june="Sur votre facture de juin",
    june="Facture de juin, du 26 avril au 25 mai",
    march="Facture de mars, du 26 janvier au 25 février",
    invoiced_in_march="Facturé en mars",
    purchase="Détail de l’achat",
    back="Retour",
    reference="Référence",
)
EN = Said(
    sign_in="Sign in",
    each_tab="a new tab, a long absence or an interruption of the service",
    identifier="Identifier",
    proceed="Continue",
    your_password="Your password",
    password="Password",
    submit="Sign in",
    hello="Hello",
    see_usage="See your usage",
    usage="Usage",
    details="See details",
    purchases="internet+ purchases",
    current="Current period",
    on_june="On your June invoice",
    june="June invoice, 26 April to 25 May",
    march="March invoice, 26 January to 25 February",
    invoiced_in_march="Invoiced in March",
    purchase="Purchase details",
    back="Back",
    reference="Reference",
)


def begin(page: Page, said: Said, identifier: str) -> None:
    """Give the identifier."""
    see_heading(page, said.sign_in)
    enter(page, said.identifier, identifier)
    tap(page, said.proceed)
    see_heading(page, said.your_password)


def sign_in(page: Page, said: Said, identifier: str, password: str = PASSWORD) -> None:
    """Go through both steps; the caller says what must be seen then."""
    begin(page, said, identifier)
    enter(page, said.password, password)
    tap(page, said.submit)


def contract(page: Page, said: Said) -> str:
    """Scroll to the row of the first contract, and return its name."""

    def leading() -> list[str]:
        return [plain(node.name) for node in semantics(page) if plain(node.name).endswith(said.see_usage)]

    scroll_to(page, said.see_usage)
    until(page, leading, f"no contract leading to {said.see_usage!r}")
    rest(page)  # what comes above it later moves it away from a tap
    return leading()[0]


def rows(page: Page) -> list[str]:
    """Return the names of the purchases drawn, recognized by their time of payment."""
    return [plain(node.name) for node in semantics(page) if re.search(r"\s\d\d:\d\d\s", plain(node.name))]


def see_rows(page: Page, *, besides: Collection[str] = ()) -> list[str]:
    """Wait for purchases, at least one `besides` these; gives the names of all that are drawn."""
    until(page, lambda: set(rows(page)) - set(besides), "no (other) purchase")
    return rows(page)


def unmistakable(page: Page) -> str:
    """Return the last purchase drawn with a unique name: a subscription's renewals look alike."""
    drawn = see_rows(page)
    return next(row for row in reversed(drawn) if drawn.count(row) == 1)


def selected_periods(page: Page) -> list[str]:
    """Return the names of the selected columns of the month selector."""
    period = re.compile(r"^Facture d|^\w+ invoice, ")
    return [
        plain(node.name)
        for node in semantics(page)
        if node.selected == "true" and period.search(plain(node.name))
    ]


def see_period(page: Page, name: str) -> None:
    """Wait until the period whose name starts so is the one selected."""

    def selected() -> bool:
        periods = selected_periods(page)
        return len(periods) == 1 and periods[0].startswith(name)

    until(page, selected, f"{name!r} is not the one period selected, but {selected_periods(page)}")


@pytest.mark.parametrize(
    ("language", "said", "device"),
    [
        ("fr", FR, "phone"),
        ("en", EN, "desktop"),
        pytest.param("fr", FR, "desktop", marks=pytest.mark.nightly),
        pytest.param("en", EN, "phone", marks=pytest.mark.nightly),
    ],
)
def test_from_sign_in_to_one_purchase_and_back(
    demo: Server, visit: Visit, device: str, language: str, said: Said
) -> None:
    page = visit(demo.url, device=device, language=language)
    sign_in(page, said, "camille@demo.example")
    see_heading(page, f"{said.hello} Camille")
    tap(page, contract(page, said))
    see_heading(page, said.usage)
    tap(page, said.details)
    see_heading(page, said.purchases)
    see(page, said.current)
    see(page, said.on_june)
    see_period(page, said.june)
    current = see_rows(page)

    tap(page, said.march)
    see_period(page, said.march)
    see(page, said.invoiced_in_march)
    until(page, lambda: rows(page) and set(rows(page)) != set(current), "still the purchases of June")
    see_address(page, "/achats?periode=2026-03")

    row = unmistakable(page)
    content = row.rpartition(" · ")[2].split()[0]
    tap(page, row)
    if device == "phone":
        see_heading(page, said.purchase)
    see(page, said.reference)
    see(page, content)
    if device == "phone":
        tap(page, said.back)
    see_heading(page, said.purchases)
    wheel(page, -5000)
    see_period(page, said.march)


@pytest.mark.parametrize("device", ["phone", pytest.param("desktop", marks=pytest.mark.nightly)])
def test_the_whole_path_by_keyboard_alone(demo: Server, visit: Visit, device: str) -> None:
    page = visit(demo.url, device=device)
    see_heading(page, FR.sign_in)
    type_by_keyboard(page, FR.identifier, "camille@demo.example")
    page.keyboard.press("Enter")
    see_heading(page, FR.your_password)
    type_by_keyboard(page, FR.password, PASSWORD)
    press_by_keyboard(page, FR.submit)
    see_heading(page, "Bonjour Camille")
    press_by_keyboard(page, contract(page, FR))
    see_heading(page, FR.usage)
    press_by_keyboard(page, FR.details)
    see_heading(page, FR.purchases)
    see_period(page, FR.june)
    page.keyboard.press("ArrowLeft")
    see_period(page, "Facture de mai")
    press_by_keyboard(page, FR.march)
    see_period(page, FR.march)
    press_by_keyboard(page, unmistakable(page))
    see(page, FR.reference)
    if device == "phone":
        page.keyboard.press("Escape")
        see_heading(page, FR.purchases)


def test_a_link_to_a_period_survives_signing_in_reloading_back_and_forward(
    demo: Server, visit: Visit
) -> None:
    page = visit(f"{demo.url}/achats?periode=2026-03")
    sign_in(page, FR, "camille@demo.example")
    see_heading(page, FR.purchases)
    see_period(page, FR.march)
    assert page.url.endswith("/achats?periode=2026-03")

    page.reload()
    wait_for_app(page)
    see_heading(page, FR.purchases)
    see_period(page, FR.march)

    tap(page, "Facture d’avril")
    see_period(page, "Facture d’avril, du 26 février au 25 mars")
    see_address(page, "/achats?periode=2026-04")
    page.go_back()
    see_period(page, FR.march)
    page.go_forward()
    see_period(page, "Facture d’avril")
    assert page.url.endswith("/achats?periode=2026-04")


@pytest.mark.nightly
def test_two_visitors_never_see_each_others_data(demo: Server, visit: Visit) -> None:
    address = f"{demo.url}/achats?periode=2026-03"
    one, other = visit(address, device="phone"), visit(address, device="desktop", language="en")
    sign_in(one, FR, "camille@demo.example")
    sign_in(other, EN, "sans-achat@demo.example")
    for page, said in ((one, FR), (other, EN)):
        see_period(page, said.march)
    mine, theirs = see_rows(one), see_rows(other)
    totals = [re.findall(r"\d+[.,]\d\d", selected_periods(page)[0])[0] for page in (one, other)]
    assert totals[0].replace(",", ".") != totals[1].replace(",", ".")
    for page, name, stranger in ((one, "Camille", "Sacha"), (other, "Sacha", "Camille")):
        tap(page, "Accueil" if page is one else "Home")
        see(page, name)
        assert not shows(page, stranger)
        page.go_back()
    for page in (one, other):
        page.reload()
        wait_for_app(page)
    until(one, lambda: rows(one) == mine, "its own purchases after a reload")
    until(other, lambda: rows(other) == theirs, "its own purchases after a reload")


@pytest.mark.nightly
def test_ten_thousand_purchases_open_like_ten_and_load_as_one_scrolls(demo: Server, visit: Visit) -> None:
    page = visit(f"{demo.url}/achats", device="desktop")
    sign_in(page, FR, "gros-volume@demo.example")
    see_heading(page, FR.purchases)
    see(page, "10 000 achats")
    seen = set(see_rows(page))
    for _ in range(8):
        drawn = rows(page)
        wheel(page, 4000)
        drawn = see_rows(page, besides=drawn)
        assert len(drawn) < 150, "the list draws rows that nobody sees"
        seen |= set(drawn)
    assert len(seen) > 60, "the list stops after its first page"


@pytest.mark.nightly
def test_a_screen_at_rest_draws_nothing(demo: Server, visit: Visit) -> None:
    """Check that nothing is animated out of sight, which would empty the battery of a phone."""
    page = visit(f"{demo.url}/achats")
    sign_in(page, FR, "gros-volume@demo.example")
    see_rows(page)
    until(page, lambda: page.evaluate(FRAMES) == 0, "the list never rests")
    tap(page, FR.back)
    see_heading(page, FR.usage)
    until(page, lambda: page.evaluate(FRAMES) == 0, "the consumption never rests")
