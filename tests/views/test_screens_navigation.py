"""Screen tests of destinations, bars in small windows, and the choice of a contract."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import flet as ft
import pytest

from services.sandbox.data_file import Contract, Subscriber
from tests.harness.driver import Driver
from tests.views.conftest import CAMILLE, PASSWORD, Line, Serve, first, quiet, remembered, visit
from tests.views.visits import visit_remembered

PLACES = ["Accueil", "Suivi conso", "Gérer", "Aide"]


def marked(app: Driver) -> list[str]:
    """Return the places that the bar marks as the one on screen."""
    return [
        (one.label or "").split("\n")[0]
        for one in app.controls(ft.Semantics)
        if one.selected and (one.label or "").split("\n")[0] in PLACES
    ]


def marks(app: Driver, name: str) -> bool:
    return marked(app) == [name]


@pytest.mark.parametrize(
    ("route", "place"),
    [
        ("/", ["Accueil"]),
        ("/conso/internet", ["Suivi conso"]),
        ("/achats", ["Suivi conso"]),
        ("/gerer", ["Gérer"]),
        ("/aide", ["Aide"]),
        ("/reglages", []),
    ],
)
async def test_bottom_bar_marks_the_place_on_screen_or_none(line: Line, route: str, place: list[str]) -> None:
    async with visit_remembered(line, route, width=390, height=844) as app:
        await quiet(app, line)
        assert marked(app) == place
        for name, path in zip(PLACES, ("/", "/conso/internet", "/gerer", "/aide"), strict=True):
            await app.tap(name)
            assert app.route == path
            await app.until(partial(marks, app, name), f"{name} is not marked")


async def test_bars_shrink_in_a_low_window(line: Line) -> None:
    async with visit_remembered(line, "/achats", width=320, height=256) as app:
        await quiet(app, line)
        (bar,) = app.controls(ft.BottomAppBar)
        assert bar.height == 48
        assert {"Accueil", "Suivi conso", "Gérer", "Aide"} <= {one.split("\n")[0] for one in app.names()}
        (title,) = [one for one in app.controls(ft.Text) if one.value == "Achats internet+"]
        assert title.style is not None
        assert (title.style.size or 0) * (title.style.height or 0) < 48
        await app.resize(320, 700)
        await app.until(lambda: app.controls(ft.BottomAppBar)[0].height == 72, "the bar stays low")


async def test_title_at_the_largest_text_size_shares_no_line_with_buttons(line: Line) -> None:
    store = await remembered(line, CAMILLE)
    async with visit(line, store, route="/reglages", width=320, height=700) as app:
        await app.tap("200 %")
        await app.go("/achats")
        await quiet(app, line)
        beside = [
            row
            for row in app.controls(ft.Row)
            if any(isinstance(one, ft.IconButton) for one in row.controls)
            and any(isinstance(one, ft.Column) for one in row.controls)
        ]
        assert not beside, "the title shares its line with buttons"


def lines(*numbers: str) -> Subscriber:
    """Return a subscriber with one mobile contract per masked number."""
    contracts = tuple(
        Contract(contract_id=f"line-{n}", kind="mobile", label=f"Forfait {n}", masked_number=number)
        for n, number in enumerate(numbers)
    )
    return Subscriber(
        identifier="lignes@demo.example", password=PASSWORD, display_name="Lou Lignes", contracts=contracts
    )


async def test_contract_choice_lists_names_that_differ_and_marks_the_current(serve: Serve) -> None:
    person = lines("06 •• •• •• 12", "07 •• •• •• 12", "")
    line = serve(person)
    async with visit_remembered(line, "/gerer", width=320) as app:
        await quiet(app, line)
        await app.tap(first(app, "Contrat affiché : Mobile · 06 •• •• •• 12"))
        await app.see("Choisir un contrat")
        names = [" ".join(name.split()) for name in app.names() if "Forfait" in name]
        assert names == [
            "Mobile · 06 •• •• •• 12, Forfait 0",
            "Mobile · 07 •• •• •• 12, Forfait 1",
            "Mobile · Forfait 2",
        ]
        (current,) = [
            one for one in app.controls(ft.Semantics) if one.selected and "Forfait" in str(one.label)
        ]
        assert "06" in str(current.label)


async def test_exclusive_choices_are_radios_of_one_group(line: Line) -> None:
    async with visit_remembered(line, "/reglages") as app:
        await quiet(app, line)
        radios = [one.value for one in app.controls(ft.Radio)]
        assert len(radios) == 3 + 2 + 5
        assert len(set(radios)) == len(radios)
        assert app.chosen() <= set(radios)
        await app.tap("Sombre")
        await app.until(lambda: "theme.title-ThemeMode.DARK" in app.chosen(), f"not chosen: {app.chosen()}")
        assert not app.controls(ft.Checkbox)
        for one, other in pairwise(app.controls(ft.RadioGroup)):
            assert one.value != other.value
