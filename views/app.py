"""Root of the app: sign-in gate, look, and events of the window and the connection."""

from __future__ import annotations

import asyncio
from functools import partial

import flet as ft

from services.client.backend import Backend
from services.client.simulated_faults import Demonstration
from services.domain.errors import UpdateNeeded
from services.settings import Runtime, Settings
from views.core.component import component, stop_effects
from views.core.context import (
    DemoContext,
    DesignContext,
    DeviceContext,
    RecoveryContext,
    SessionContext,
    SheetContext,
)
from views.core.device import DeviceState
from views.core.notices import snackbar, state
from views.core.preferences import PreferenceStore
from views.core.recovery import RecoveryState, Sleep
from views.core.session import Gate, SessionState
from views.core.sheet_state import SheetState
from views.core.text import explain
from views.demo.state import DemoState
from views.flet_compat.pressed_focus import release_focus
from views.keyboard import Keyboard
from views.kit.brand import CONSO_ET_MOI
from views.kit.buttons import strong_button
from views.kit.cover import cover
from views.kit.design import Design, decorative
from views.kit.progress import ring
from views.kit.theme import READING_WIDTH, flet_theme, fonts, palette
from views.navigation import Navigation
from views.routes import FIRST_VIEW
from views.screens import NARROW, WIDE, NotFoundPage
from views.sheets import Sheets, close_sheets
from views.sign_in.screen import LoginView


async def open_app(
    page: ft.Page,
    backend: Backend,
    settings: Settings,
    demonstration: Demonstration | None = None,
    *,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """Build the app of one session on `page`; pages share no state.

    Args:
        demonstration: the embedded backend of the session, if the app is a demo.
        sleep: waits between two retries of failed reads.
    """
    device = DeviceState(settings.runtime)
    session = SessionState(backend, demo=settings.demo)
    recovery = RecoveryState(session, sleep)
    sheets = SheetState()

    async def closed() -> None:
        stop_effects(page)
        recovery.close()
        await backend.close()

    page.on_close = closed
    demo = DemoState(session, demonstration) if demonstration else None
    Navigation(page, session, partial(close_sheets, device, session, demo, sheets))
    page.title = CONSO_ET_MOI.product_name
    # The web client loads its fonts before its first frame.
    page.fonts = {} if settings.runtime.on_the_web else fonts()
    device.resize(page.width, page.height)
    device.device_dark = page.platform_brightness is ft.Brightness.DARK
    device.store = PreferenceStore(ft.SharedPreferences())
    if page.session.connection is None:  # the client has left: calls would wait forever
        return
    try:
        info, features, _ = await asyncio.gather(
            page.get_device_info(), ft.SemanticsService().get_accessibility_features(), device.restore()
        )
    except RuntimeError:
        if page.session.connection is not None:
            raise
        return  # the client has left; a reload starts a new session (`views/web/sessions.py`)
    if info is not None:
        device.speak([locale.language_code for locale in info.locales])
    device.device_still = features.disable_animations or features.reduce_motion
    device.contrast = features.high_contrast
    session.preferred = device.preferences.contract_id
    apply_theme(page, device)

    def resized(event: ft.PageResizeEvent) -> None:
        device.resize(event.width, event.height)

    def brightness_changed(event: ft.Event[ft.Page]) -> None:
        # Flet 1.0.5 sends only the name, not the event type that it declares.
        device.device_dark = event.data == ft.Brightness.DARK.value

    def locale_changed(event: ft.LocaleChangeEvent) -> None:
        device.speak([locale.language_code for locale in event.locales])

    def popped(_: ft.ViewPopEvent) -> None:
        keyboard.leave()

    def connected() -> None:
        # The registration of a client carries changes made while it was away, without events.
        device.resize(page.width, page.height)
        device.device_dark = page.platform_brightness is ft.Brightness.DARK
        device.reconnect()
        release_focus()
        if session.purchases is not None:
            session.purchases.expect_period(None)
        recovery.wake()

    def disconnected() -> None:
        recovery.rest()

    def on_lifecycle_change(event: ft.AppLifecycleStateChangeEvent) -> None:
        away = event.state in (ft.AppLifecycleState.HIDE, ft.AppLifecycleState.PAUSE)
        # A desktop window without the focus is still visible, and browsers hide their content themselves.
        phone = settings.runtime is Runtime.PHONE
        unseen = away or (phone and event.state is ft.AppLifecycleState.INACTIVE)
        device.cover(unseen and not settings.runtime.on_the_web)
        if away:
            recovery.rest()
        elif event.state is not ft.AppLifecycleState.INACTIVE:
            recovery.wake()

    keyboard = Keyboard(page, device, session)
    page.on_resize = resized
    page.on_platform_brightness_change = brightness_changed
    page.on_locale_change = locale_changed
    page.on_view_pop = popped
    page.on_connect = connected
    page.on_disconnect = disconnected
    page.on_app_lifecycle_state_change = on_lifecycle_change
    page.on_keyboard_event = keyboard.press
    starting = asyncio.ensure_future(session.start())
    # Without a remembered session, as on the web, the start ends at once and the sign-in is drawn first.
    await asyncio.wait({starting}, timeout=0.1)
    page.render_views(App, device, session, demo, recovery, sheets)
    await starting


def apply_theme(page: ft.Page, device: DeviceState) -> None:
    """Apply the user's theme, appearance and language to the page."""
    theme = flet_theme(
        palette(device.dark, contrast=device.contrast),
        device.layout,
        reduced_motion=device.still,
        text_size=device.preferences.text_size,
    )
    page.theme, page.dark_theme = (None, theme) if device.dark else (theme, None)
    page.theme_mode = ft.ThemeMode.DARK if device.dark else ft.ThemeMode.LIGHT
    # Flutter takes the theme for a new theme at each address, and would animate the change for 200 ms.
    page.theme_animation_style = ft.AnimationStyle.no_animation()
    locale = device.language.locale
    here = ft.Locale(locale.language, locale.territory)
    page.locale_configuration = ft.LocaleConfiguration(supported_locales=[here], current_locale=here)


@component
def App(
    device: DeviceState,
    session: SessionState,
    demo: DemoState | None,
    recovery: RecoveryState,
    sheets: SheetState,
) -> object:
    """Draw the sign-in, or the screen of the address once the user is signed in."""
    design = Design.of(
        device.language,
        device.layout,
        dark=device.dark,
        still=device.still,
        text_size=device.preferences.text_size,
        contrast=device.contrast,
    )

    def dress_page() -> None:
        apply_theme(ft.context.page, device)

    ft.use_effect(dress_page, [device.layout, device.language, device.dark, device.still, device.preferences])

    def remember_contract() -> None:
        if session.contract is not None:
            device.remember_contract(session.contract.contract_id)
        elif session.gate is Gate.SIGNED_OUT and session.ended is None:
            device.remember_contract(None)  # a sign-out leaves no data of the account

    ft.use_effect(remember_contract, [session.contract, session.gate])

    def remember_oldest_bill() -> None:
        if session.oldest_bill is not None:
            device.remember_oldest_bill(session.oldest_bill)

    ft.use_effect(remember_oldest_bill, [session.oldest_bill])
    ft.use_effect(device.save, [device.preferences])
    ft.use_effect(sheets.close, [session.gate])

    told = ft.use_ref(recovery.restored)

    def tell_restored() -> None:
        if told.current != recovery.restored:
            told.current = recovery.restored
            ft.context.page.show_dialog(snackbar(design, design.words("recovery.restored"), seconds=4))

    ft.use_effect(tell_restored, [recovery.restored])
    ft.use_dialog(cover(design) if device.covered else None)

    def within() -> object:
        return RecoveryContext(recovery, lambda: DemoContext(demo, lambda: SheetContext(sheets, screens)))

    def screens() -> object:
        return Sheets(
            device,
            demo,
            sheets,
            session.report,
            session.subscriptions,
            session.service,
            partial(_behind_gate, session, design),
        )

    return DeviceContext(device, lambda: DesignContext(design, lambda: SessionContext(session, within)))


def _behind_gate(session: SessionState, design: Design, wide: bool) -> object:
    if session.outdated:
        return [_outdated(session, design)]
    if session.gate is Gate.STARTING:
        return [_starting(design)]
    if session.gate is Gate.SIGNED_OUT:
        return [LoginView(session)]
    routes = WIDE if wide else NARROW
    return ft.Router(routes, NotFoundPage, manage_views=True)


def _outdated(session: SessionState, design: Design) -> ft.View:
    """Return the view that replaces every screen if the backend refuses this version of the app."""
    explanation = explain(UpdateNeeded(), design.words)
    again = strong_button(design, design.words("action.retry"), session.try_again)
    body = state(
        design,
        ft.Icons.SYSTEM_UPDATE_OUTLINED,
        explanation.title,
        explanation.text,
        again,
        live=True,
        level=1,
    )
    return ft.View(
        route="/update",
        bgcolor=design.colors.bg_primary,
        vertical_alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        controls=[ft.SafeArea(ft.Container(body, width=READING_WIDTH))],
    )


def _starting(design: Design) -> ft.View:
    return ft.View(
        route=FIRST_VIEW,
        bgcolor=design.colors.bg_primary,
        vertical_alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        controls=[
            decorative(ft.Image(src=design.brand.mark, width=96, height=96)),
            ring(design, design.words("a11y.loading"), size=36),
        ],
    )
