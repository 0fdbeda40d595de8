"""Tests of the driver that guard against false successes: unfaithful taps and errors that Flet swallows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flet as ft
import pytest

from tests.harness.driver import Driver, Main

log = logging.getLogger("views.test")


@ft.observable
@dataclass(eq=False)
class Form:
    """State of the small screens of these tests."""

    name: str = ""
    password: str = ""
    greeting: str = ""
    taps: int = 0
    on: bool = False
    broken: bool = False

    async def greet(self) -> None:
        await asyncio.sleep(0.01)
        self.greeting = f"Bonjour {self.name}"

    def tap(self) -> None:
        self.taps += 1

    def switch(self, event: ft.Event[ft.Switch]) -> None:
        self.on = event.control.value


def showing(screen: Callable[..., Any], form: Form) -> Main:
    """Return a `main` that renders one component."""

    def main(page: ft.Page) -> None:
        page.render(screen, form)

    return main


def typed(form: Form, field: str) -> ft.TextField:
    """Return a controlled text field."""

    def keep(event: ft.Event[ft.TextField]) -> None:
        setattr(form, field, event.control.value)

    label = {"name": "Nom", "password": "Mot de passe"}[field]
    return ft.TextField(
        label=label,
        value=getattr(form, field),
        on_change=keep,
        password=field == "password",
        on_submit=form.greet,
    )


@ft.component
def FormScreen(form: Form) -> ft.Control:
    return ft.Column(
        [
            typed(form, "name"),
            typed(form, "password"),
            ft.FilledButton("Saluer", on_click=form.greet),
            ft.Text(form.greeting),
            ft.Text(f"{form.taps} fois"),
            ft.MergeSemantics(
                ft.Row([ft.Text("Rester identifié"), ft.Switch(value=form.on, on_change=form.switch)])
            ),
            ft.Text("identifié" if form.on else "oublié"),
            ft.IconButton(ft.Icon(ft.Icons.REFRESH, semantics_label="Actualiser"), on_click=form.tap),
            ft.IconButton(ft.Icons.ADD, tooltip="Ajouter", key="add", on_click=form.tap),
            ft.TextButton("Impossible", disabled=True, on_click=form.tap),
        ]
    )


async def test_driver_texts_hide_a_password() -> None:
    async with Driver(showing(FormScreen, Form())) as app:
        await app.enter("Mot de passe", "Soleil-2026")
        assert "Soleil-2026" not in " ".join(app.texts())
        with pytest.raises(AssertionError) as failure:
            await app.see("absent", within=0)
        assert "Soleil-2026" not in str(failure.value)


async def test_driver_finds_a_control_by_key_but_not_by_tooltip() -> None:
    async with Driver(showing(FormScreen, Form())) as app:
        assert "" in app.names()
        assert "Ajouter" not in app.names()
        await app.tap("add")
        await app.see("1 fois")


async def test_driver_refuses_to_tap_a_disabled_control() -> None:
    async with Driver(showing(FormScreen, Form())) as app:
        with pytest.raises(AssertionError, match="disabled"):
            await app.tap("Impossible")


@ft.component
def ForgetfulScreen(form: Form) -> ft.Control:
    return ft.Column([ft.TextField(label="Nom", on_change=form.tap), ft.Text(f"{form.taps} fois")])


async def test_driver_reports_an_uncontrolled_field_that_loses_its_text() -> None:
    async with Driver(showing(ForgetfulScreen, Form())) as app:
        with pytest.raises(AssertionError, match="lost what was typed"):
            await app.enter("Nom", "Camille")


@ft.component
def MergedScreen(form: Form) -> ft.Control:
    period = ft.Semantics(
        label="Facture de mars, 12,48 €",
        selected=True,
        content=ft.TextButton(
            ft.Semantics(exclude_semantics=True, content=ft.Text("mars")), on_click=form.tap
        ),
    )
    row = ft.TextButton(
        ft.Row([ft.Text("Ciné Minute"), ft.Text("3,99 €", semantics_label="3,99 euros")]), on_click=form.greet
    )
    heading = ft.Semantics(header=True, heading_level=1, content=ft.Text("Achats internet+"))
    return ft.Column([heading, ft.MergeSemantics(period), row, ft.Text(form.greeting)])


async def test_driver_merges_names_like_a_screen_reader() -> None:
    form = Form()
    async with Driver(showing(MergedScreen, form)) as app:
        assert app.names() == ["Facture de mars, 12,48 €", "Ciné Minute\n3,99 euros"]
        assert app.headings() == [(1, "Achats internet+")]
        await app.tap("Facture de mars, 12,48 €")  # the screen has a no-break space
        assert form.taps == 1
        await app.tap("Ciné Minute")
        await app.see("Bonjour")


async def test_driver_refuses_an_ambiguous_name() -> None:
    def main(page: ft.Page) -> None:
        page.add(*(ft.TextButton("Réessayer", on_click=lambda: None) for _ in range(2)))

    async with Driver(main) as app:
        with pytest.raises(AssertionError, match="2 of them"):
            await app.tap("Réessayer", within=0)


@ft.component
def Stack(form: Form) -> list[ft.View]:
    return [
        ft.View(route="/", controls=[ft.Text("dessous")]),
        *([ft.View(route="/dessus", controls=[ft.Text("dessus")])] if form.on else []),
    ]


async def test_driver_sees_only_the_top_view_and_back_pops_it() -> None:
    form = Form(on=True)

    def main(page: ft.Page) -> None:
        def pop(event: ft.ViewPopEvent) -> None:
            assert event.view is not None
            assert event.view.route == "/dessus"
            form.on = False

        page.on_view_pop = pop
        page.render_views(Stack, form)

    async with Driver(main) as app:
        assert app.texts() == ["dessus"]
        await app.back()
        await app.see("dessous")


async def test_driver_sends_keys_sizes_brightness_and_locale() -> None:
    met: list[object] = []

    def main(page: ft.Page) -> None:
        def note(*names: str) -> Callable[[Any], None]:
            def handler(event: Any) -> None:
                met.append(tuple(getattr(event, name) for name in names))

            return handler

        page.on_keyboard_event = note("key", "alt")
        page.on_resize = note("width", "height")
        page.on_media_change = note("orientation")
        page.on_platform_brightness_change = note("data")
        page.on_locale_change = note("locales")

    async with Driver(main, width=390, height=844, dark=True) as app:
        assert app.page.platform_brightness is ft.Brightness.DARK
        assert app.page.width == 390
        await app.press("ArrowLeft")
        await app.press("Alt+1")
        await app.resize(1440, 900)
        await app.darken(False)
        await app.set_locale("en-GB")
        assert met == [
            ("Arrow Left", False),
            ("1", True),
            (1440, 900),
            (ft.Orientation.LANDSCAPE,),
            ("light",),  # Flet 1.0.5 sends only the word
            ([ft.Locale("en", "GB")],),
        ]
        assert app.page.width == 1440


async def test_driver_taps_only_the_open_sheet_until_closed() -> None:
    taps = Form()
    gone: list[str] = []

    def main(page: ft.Page) -> None:
        def open_sheet() -> None:
            sheet = ft.BottomSheet(
                ft.Column([ft.Text("Votre période"), ft.TextButton("Fermer", on_click=page.pop_dialog)]),
                on_dismiss=lambda: gone.append("fermé"),
            )
            page.show_dialog(sheet)

        page.add(ft.TextButton("Ouvrir", on_click=open_sheet), ft.TextButton("Compter", on_click=taps.tap))

    async with Driver(main) as app:
        for leave in (app.press("Escape"), app.tap("Fermer")):
            await app.tap("Ouvrir")
            await app.see("Votre période")
            assert not app._tappable("Compter")
            await leave
            await app.see_not("Votre période")
            await app.tap("Compter")
        assert gone == ["fermé", "fermé"]
        assert not app.page._dialogs.controls


async def test_driver_loses_renders_while_disconnected_like_flet() -> None:
    form = Form()

    def main(page: ft.Page) -> None:
        page.on_connect = form.tap
        page.render(FormScreen, form)

    async with Driver(main) as app:
        await app.disconnect()
        form.greeting = "Bonjour de loin"
        await app.see_not("Bonjour de loin")
        await app.reconnect()
        await app.see("Bonjour de loin")  # because on_connect changed the state


# Errors that Flet swallows


@ft.component
def BreakingScreen(form: Form) -> ft.Control:
    if form.broken:
        raise ZeroDivisionError("render")
    return ft.Column([ft.TextButton("Casser", on_click=lambda: setattr(form, "broken", True))])


async def test_driver_raises_a_failed_render() -> None:
    async with Driver(showing(BreakingScreen, Form())) as app:
        await app.tap("Casser")
        with pytest.raises(AssertionError, match="ZeroDivisionError: render"):
            await app.see("jamais")


async def test_driver_raises_a_failed_handler() -> None:
    async def fail() -> None:
        raise ZeroDivisionError("handler")

    def main(page: ft.Page) -> None:
        page.add(ft.TextButton("Échouer", on_click=fail))

    async with Driver(main) as app:
        await app.tap("Échouer")
        assert str(await app.fails(ZeroDivisionError)) == "handler"
    with pytest.raises(AssertionError, match="ZeroDivisionError: handler"):
        async with Driver(main) as app:
            await app.tap("Échouer")


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_driver_raises_a_failed_effect(asynchronous: bool) -> None:
    async def fail_later() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("effect")

    def fail() -> None:
        raise ZeroDivisionError("effect")

    @ft.component
    def Screen() -> ft.Control:
        ft.use_effect(fail_later if asynchronous else fail, [])
        return ft.Text("là")

    async with Driver(lambda page: page.render(Screen)) as app:
        with pytest.raises(AssertionError, match="effect"):
            await app.see("jamais")


async def test_driver_raises_a_failed_main() -> None:
    def main(page: ft.Page) -> None:
        raise ZeroDivisionError("main")

    with pytest.raises(AssertionError, match="ZeroDivisionError: main"):
        async with Driver(main):
            pass


async def test_driver_raises_a_failed_background_task() -> None:
    async def fail() -> None:
        raise ZeroDivisionError("task")

    async with Driver(lambda page: page.run_task(fail)) as app:
        await app.fails(ZeroDivisionError)


async def test_driver_raises_an_error_that_is_only_logged() -> None:
    def main(page: ft.Page) -> None:
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            log.exception("could not be drawn")

    with pytest.raises(AssertionError, match="division by zero"):
        async with Driver(main):
            pass


async def test_drivers_in_one_process_have_separate_screens() -> None:
    async with Driver(showing(FormScreen, Form())) as one, Driver(showing(FormScreen, Form())) as other:
        await one.enter("Nom", "Camille")
        await one.tap("Saluer")
        await one.see("Bonjour Camille")
        assert "Bonjour Camille" not in other.texts()
