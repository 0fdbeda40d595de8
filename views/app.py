"""The root: the sign-in gate, the look of the moment, the routes, the keyboard."""

from __future__ import annotations

import asyncio

import flet as ft

from services.backend import Backend
from services.scenarios import Demonstration
from services.settings import Settings
from views.consumption import UsageView
from views.help import ArticleView, HelpView
from views.home import HomeView
from views.keyboard import Keyboard
from views.login import LoginView
from views.manage import ManageView
from views.purchase import PurchaseView
from views.purchases import PurchasesView
from views.settings import SettingsView
from views.state.context import DemoContext, DeviceContext, LookContext, SessionContext, use_look
from views.state.demo import DemoState
from views.state.device import DeviceState
from views.state.preferences import PreferenceStore
from views.state.session import Gate, SessionState
from views.subscription import SubscriptionView
from views.ui.brand import CONSO_ET_MOI
from views.ui.buttons import strong_button
from views.ui.component import component
from views.ui.look import Look, silent
from views.ui.notices import state
from views.ui.places import Destination, go
from views.ui.theme import flet_theme, fonts, palette

_PLACES = [
    ft.Route(index=True, component=HomeView),
    ft.Route(path="login", component=HomeView),
    ft.Route(path="conso/internet", component=UsageView),
    ft.Route(path="gerer", component=ManageView),
    ft.Route(path="gerer/abonnements/:subscription_id", component=SubscriptionView),
    ft.Route(path="reglages", component=SettingsView),
]
NARROW = [
    *_PLACES,
    ft.Route(
        path="achats",
        component=PurchasesView,
        children=[ft.Route(path=":payment_id", component=PurchaseView)],
    ),
    ft.Route(path="aide", component=HelpView, children=[ft.Route(path=":slug", component=ArticleView)]),
]
"""A purchase or an article has a screen of its own, over the list."""
WIDE = [
    *_PLACES,
    ft.Route(path="achats/:payment_id?", component=PurchasesView),
    ft.Route(path="aide/:slug?", component=HelpView),
]
"""A purchase or an article stands beside the list."""


async def open_app(
    page: ft.Page, backend: Backend, settings: Settings, demonstration: Demonstration | None = None
) -> None:
    """Build one visitor's app on `page`; nothing of it is shared with another page.

    `demonstration` is the visitor's way to the backend when it is the embedded one.
    """
    device = DeviceState()
    session = SessionState(backend, demo=settings.demo)
    demo = DemoState(session, demonstration) if demonstration else None
    page.title = CONSO_ET_MOI.product_name
    page.fonts = {} if page.web else fonts()  # the web client loads them before its first frame
    device.resize(page.width, page.height)
    device.device_dark = page.platform_brightness is ft.Brightness.DARK
    device.store = PreferenceStore(ft.SharedPreferences())
    try:
        info, features, _ = await asyncio.gather(
            page.get_device_info(), ft.SemanticsService().get_accessibility_features(), device.restore()
        )
    except RuntimeError:
        if page.session.connection is not None:
            raise
        return  # gone before it answered; who comes back begins anew (`views/visitors.py`)
    if info is not None:
        device.speak([locale.language_code for locale in info.locales])
    device.device_still = features.disable_animations or features.reduce_motion
    session.preferred = device.preferences.contract_id
    dress(page, device)

    def resized(event: ft.PageResizeEvent) -> None:
        device.resize(event.width, event.height)

    def brightness_changed(event: ft.Event[ft.Page]) -> None:
        # Flet 1.0.5 sends the word alone, not the event it declares.
        device.device_dark = event.data == ft.Brightness.DARK.value

    def locale_changed(event: ft.LocaleChangeEvent) -> None:
        device.speak([locale.language_code for locale in event.locales])

    def popped(event: ft.ViewPopEvent) -> None:
        if page.route.startswith(Destination.HELP.path):
            page.navigate(Destination.HELP.path)
            return
        shown = session.purchases.period_id if session.purchases else None
        page.navigate(f"/achats?periode={shown}" if shown else "/achats")

    page.on_resize = resized
    page.on_platform_brightness_change = brightness_changed
    page.on_locale_change = locale_changed
    page.on_view_pop = popped
    page.on_connect = device.reconnect
    page.on_keyboard_event = Keyboard(page, device, session).press
    page.render_views(App, device, session, demo)
    await session.start()


def dress(page: ft.Page, device: DeviceState) -> None:
    """Give the page the theme, the appearance and the language of the device's owner."""
    page.theme, page.dark_theme = (
        flet_theme(
            palette(dark), device.layout, reduced_motion=device.still, text_size=device.preferences.text_size
        )
        for dark in (False, True)
    )
    page.theme_mode = device.theme_mode
    locale = device.language.locale
    here = ft.Locale(locale.language, locale.territory)
    page.locale_configuration = ft.LocaleConfiguration(supported_locales=[here], current_locale=here)


@component
def App(device: DeviceState, session: SessionState, demo: DemoState | None) -> object:
    """What is drawn of everything, by the gate: a closed door or the place the address names."""
    look = ft.use_memo(
        lambda: Look.of(
            device.language,
            device.layout,
            dark=device.dark,
            still=device.still,
            text_size=device.preferences.text_size,
        ),
        [device.language, device.layout, device.dark, device.still, device.preferences.text_size],
    )

    def dress_page() -> None:
        dress(ft.context.page, device)

    ft.use_effect(dress_page, [device.layout, device.language, device.still, device.preferences])

    def remember_contract() -> None:
        if session.contract is not None:
            device.remember_contract(session.contract.contract_id)
        elif session.gate is Gate.SIGNED_OUT and session.ended is None:
            device.remember_contract(None)  # nothing of an account stays behind

    ft.use_effect(remember_contract, [session.contract, session.gate])
    ft.use_effect(device.save, [device.preferences])
    return DeviceContext(
        device,
        lambda: LookContext(
            look,
            lambda: SessionContext(session, lambda: DemoContext(demo, lambda: _behind_gate(session, look))),
        ),
    )


def _behind_gate(session: SessionState, look: Look) -> object:
    if session.gate is Gate.STARTING:
        return [_starting(look)]
    if session.gate is Gate.SIGNED_OUT:
        return [LoginView(session)]
    routes = WIDE if look.layout.wide else NARROW
    return ft.Router(routes, NotFoundPage, manage_views=True)


def _starting(look: Look) -> ft.View:
    return ft.View(
        route="/starting",
        bgcolor=look.colors.bg_primary,
        vertical_alignment=ft.MainAxisAlignment.CENTER,
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        controls=[
            silent(ft.Image(src=look.brand.mark, width=96, height=96)),
            ft.ProgressRing(semantics_label=look.words("a11y.loading")),
        ],
    )


@component
def NotFoundPage() -> ft.Control:
    """An address that leads nowhere."""
    look = use_look()

    def home() -> None:
        go("/")

    return state(
        look,
        ft.Icons.EXPLORE_OFF_OUTLINED,
        look.words("notfound.title"),
        "",
        strong_button(look, look.words("notfound.home"), home),
        level=1,
    )
