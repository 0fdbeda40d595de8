"""Cache of the controls that a component builds (`views/core/component.py`)."""

from __future__ import annotations

from dataclasses import dataclass

import flet as ft

from tests.harness.driver import Driver
from views.core.component import component, kept

built: list[str] = []


@ft.observable
@dataclass(eq=False)
class Shown:
    names: tuple[str, ...] = ("a", "b", "b")
    redraws: int = 0


@kept
def label(name: str) -> ft.Control:
    built.append(name)
    return ft.Text(f"Nom {name}")


@component
def Names(shown: Shown) -> ft.Control:
    return ft.Column([ft.Text(f"Dessin {shown.redraws}"), *(label(name) for name in shown.names)])


async def test_kept_control_is_rebuilt_only_if_an_argument_changes() -> None:
    shown = Shown()

    def main(page: ft.Page) -> None:
        page.render(Names, shown)

    async with Driver(main) as app:
        await app.see("Dessin 0")
        first = app.controls(ft.Text)[1:]
        built.clear()
        shown.redraws = 1
        await app.see("Dessin 1")
        assert built == []
        assert [one is two for one, two in zip(first, app.controls(ft.Text)[1:], strict=True)] == [True] * 3
        shown.names = ("a", "c", "b")
        await app.see("Nom c")
        assert built == ["c"]
