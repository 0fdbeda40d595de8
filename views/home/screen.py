"""Screen "Espace client": the user, the contracts, the purchases of the current period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import flet as ft

from services.domain.costs import monthly_cost
from services.domain.models import (
    Account,
    BillingPeriod,
    Contract,
    Money,
    PeriodState,
    ServiceStatus,
    SubscriptionStatus,
)
from views.core.component import component
from views.core.context import use_design, use_session
from views.core.contracts import contract_icon, contract_line, without_contract
from views.core.formatting import Formats
from views.core.insights import InsightsState
from views.core.loadable import Loadable
from views.core.notices import alert, freshness, progress, skeleton, store_alert, unkept, unreadable_alert
from views.core.review import ReviewState
from views.core.text import blank, joined
from views.disputes.parts import due_alerts
from views.forecast.parts import ForecastLine
from views.frame import Screen
from views.kit.buttons import link
from views.kit.cards import Tone, card, column, group, navigation_row
from views.kit.design import Design, heading, text
from views.kit.theme import SPACE_L, SPACE_M, SPACE_S
from views.purchases.billing_rule import billing_rule
from views.purchases.state import PurchasesState
from views.routes import CHECK, SETTINGS, Destination, go
from views.service.state import ServiceState
from views.subscriptions.state import SubscriptionsState
from views.usage.one_off_services import one_off_services


@component
def HomeView() -> ft.View:
    design, session = use_design(), use_session()
    name = session.account.data.display_name if session.account.data else ""
    first_name = next((part for part in name.split() if not blank(part)), "")
    return Screen(
        design.words("home.h1", name=first_name) if first_name else design.words("home.overline"),
        Home(),
        Destination.HOME,
        name="home",
        overline=design.words("home.overline") if first_name else "",
    )


@component
def Home() -> ft.Control:
    """Show the account; before it is loaded, its skeleton or its error."""
    design, session = use_design(), use_session()
    if (
        session.account.data is None
        or session.purchases is None
        or session.subscriptions is None
        or session.service is None
        or session.insights is None
    ):
        shapes = column(skeleton(design, (None, 48)), skeleton(design, (160, 20), (120, 44), (None, 20)))
        return without_contract(design, session, shapes)
    return Overview(
        session.purchases,
        session.subscriptions,
        session.service,
        session.insights,
        session.insights.review,
        session.account.data.contracts,
    )


@component
def Overview(
    state: PurchasesState,
    subscriptions: SubscriptionsState,
    service: ServiceState,
    insights: InsightsState,
    review: ReviewState,
    contracts: tuple[Contract, ...],
) -> ft.Control:
    design, session = use_design(), use_session()
    stood_on = [state]  # other rights to the same contract come with new states
    ft.use_effect(state.load_periods, stood_on, cleanup=lambda: None)
    ft.use_effect(subscriptions.load, stood_on, cleanup=lambda: None)
    ft.use_effect(service.load, stood_on, cleanup=lambda: None)
    known = [*stood_on, state.periods.data if state.contract.billing_rights else None]
    ft.use_effect(insights.load if known[-1] else _nothing, known, cleanup=lambda: None)
    formats = Formats(design.words.language, state.zone)
    words = design.words

    def choose(contract: Contract) -> None:
        session.choose(contract)
        go(Destination.USAGE.path)

    notices: list[ft.Control] = [*_security(design, formats, session.account.data)]
    shown: tuple[Loadable[Any], ...] = (
        state.periods,
        subscriptions.subscriptions,
        service.service,
        session.account,
    )
    old = next((each for each in shown if each.old), state.periods)  # one banner for the whole screen
    notices += freshness(design, formats, old, session.refresh)
    if session.problem is not None:
        notices.append(store_alert(design, session.problem, unkept(session.problem)))
    notices += _to_check(design, insights, review)
    notices += due_alerts(design, insights, review)
    off = service.service.data is not None and service.service.data.status is ServiceStatus.SUSPENDED
    if off and service.service.data is not None:
        since = formats.long_date(service.service.data.since)
        turn_on = link(design, words("home.turn_on"), partial(go, Destination.MANAGE.path))
        notices.append(
            alert(design, Tone.WARNING, words("home.off_alert", date=since), "", turn_on, live=False)
        )
    elif state.periods.data:
        notices.extend(_news(design, formats, state.periods.data))
    rows = group(
        design, [_contract_row(design, contract, state.contract, choose) for contract in contracts], indent=56
    )
    services = one_off_services(
        design, formats, state, "services.none", session.refresh, ForecastLine(insights, review)
    )
    contracts_shown = (
        heading(text(words("home.contracts"), design.type.h2), 2),
        rows,
        *unreadable_alert(design, "contract", session.account.unreadable),
    )
    own = column(services, *contracts_shown, spacing=SPACE_M)
    aside = column(
        _management(design, subscriptions, service), _understand(design, state.contract), spacing=SPACE_M
    )
    if design.layout.wide:
        body: ft.Control = ft.Row(
            [ft.Container(own, expand=7), ft.Container(aside, expand=5)],
            spacing=SPACE_L,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
    else:
        body = column(own, aside, spacing=SPACE_M)
    return ft.ListView(
        [progress(design, state.periods.loading), *notices, body],
        spacing=SPACE_M,
        padding=ft.Padding.only(left=design.layout.margin, right=design.layout.margin, bottom=SPACE_L),
        expand=True,
    )


def _nothing() -> None:
    """Do nothing: the periods are not known yet, or the user has no billing rights."""


def _to_check(design: Design, insights: InsightsState, review: ReviewState) -> list[ft.Control]:
    """Return the notice of charges to review: a warning if a charge is new, else a neutral notice."""
    waiting = insights.open_findings
    if not waiting:
        return []
    seen = set(review.review.seen)
    new = any(one.key not in seen for one in waiting)
    see = link(design, design.words("check.see_them"), partial(go, CHECK), key="to-check")
    title = design.words("check.card", n=len(waiting))
    return [alert(design, Tone.WARNING if new else Tone.INFO, title, "", see, live=False)]


def _security(design: Design, formats: Formats, account: Account | None) -> list[ft.Control]:
    """Return the security notice of the account; an empty list if this version does not know its code."""
    notice = account.security_notice if account else None
    if notice is None or notice.code != "tokenReused":
        return []
    words = design.words
    title = words("home.security_title", moment=formats.moment(notice.at))
    settings = link(design, words("home.security_action"), partial(go, SETTINGS))
    return [alert(design, Tone.WARNING, title, words("home.security_text"), settings, live=False)]


def _management(design: Design, subscriptions: SubscriptionsState, service: ServiceState) -> ft.Control:
    """Return the rows that open the subscriptions and the service, with their state."""
    words = design.words
    manage = partial(go, Destination.MANAGE.path)
    rows = [
        navigation_row(
            design,
            ft.Icons.AUTORENEW,
            words("home.subscriptions"),
            _running(design, subscriptions),
            manage,
            key="to-subscriptions",
        ),
        navigation_row(
            design,
            ft.Icons.TOGGLE_ON_OUTLINED,
            words("home.service"),
            _service_line(design, service),
            manage,
            key="to-service",
        ),
    ]
    return column(
        heading(text(words("home.manage"), design.type.h2), 2),
        group(design, rows, indent=56),
        spacing=SPACE_M,
    )


def _running(design: Design, subscriptions: SubscriptionsState) -> str:
    """Return the number and cost of active subscriptions; else the suspended or ending subscriptions.

    Return "" if a subscription is unreadable or has a value that this version does not know.
    """
    words, listed = design.words, subscriptions.subscriptions.data
    if listed is None or subscriptions.unknown:
        return ""
    count = Counter(s.status for s in subscriptions.current)
    running = [s for s in subscriptions.current if s.status is SubscriptionStatus.ACTIVE]
    if running:
        total = Money(amount=sum((monthly_cost(s).amount for s in running), Decimal("0.00")))
        return words("home.subscriptions_text", n=len(running), amount=design.formats.money(total))
    if suspended := count[SubscriptionStatus.SUSPENDED]:
        return words("home.subscriptions_suspended", n=suspended)
    if count:
        return words("home.subscriptions_ended", n=count.total())
    return words("subscriptions.empty")


def _service_line(design: Design, service: ServiceState) -> str:
    """Return the status of the service in words; its purpose if the status is unknown."""
    words, known = design.words, service.service.data
    if known is None:
        return words("service.text")
    if service.changing:
        return words("service.changing")
    states = {ServiceStatus.ACTIVE: "home.service_on", ServiceStatus.SUSPENDED: "home.service_off"}
    return words(states.get(known.status, "status.other"))


def _understand(design: Design, contract: Contract) -> ft.Control:
    """Return the card with the rule of the billing period."""
    words = design.words
    return card(
        design,
        column(
            heading(text(words("home.understand"), design.type.title), 2),
            *billing_rule(design, contract),
            spacing=SPACE_S,
        ),
    )


def _contract_row(
    design: Design, contract: Contract, chosen: Contract, choose: Callable[[Contract], None]
) -> ft.Control:
    words = design.words
    icon = contract_icon(contract)

    def open_contract() -> None:
        choose(contract)

    return navigation_row(
        design,
        icon,
        words(f"contract.{contract.kind.value}"),
        joined(contract.label, contract_line(design, contract)),
        open_contract,
        action=words("home.contract_action") if contract == chosen else "",
        key=f"contract-{contract.contract_id}",
    )


def _news(design: Design, formats: Formats, periods: tuple[BillingPeriod, ...]) -> list[ft.Control]:
    """Return at most one notice: unusual spending, else the coming or the latest bill."""
    words = design.words
    average = average_of_closed(periods)
    current = next((period for period in periods if period.state is PeriodState.OPEN), None)
    if current and average and 0 < average.amount < current.total.amount:
        spike = words("home.spike", total=formats.money(current.total), average=formats.money(average))
        return [alert(design, Tone.WARNING, spike, live=False)]
    over = (PeriodState.CLOSED, PeriodState.BILLED)
    last = next((period for period in periods if period.state in over), None)
    if last is None or not last.purchase_count:
        return []
    of_month = formats.of_month(last.bill_month)
    billed = last.state is PeriodState.BILLED
    title = words("home.invoice_title" if billed else "home.invoice_coming", of_month=of_month)
    span = formats.period_range(last.start_date, last.end_date)
    amount = formats.money(Money(amount=abs(last.total.amount), currency=last.total.currency))
    given_back = last.total.amount < 0
    sentence = words("home.invoice_refund" if given_back else "home.invoice_text", amount=amount, period=span)
    return [alert(design, Tone.INFO, title, sentence, live=False)]


def average_of_closed(periods: tuple[BillingPeriod, ...]) -> Money | None:
    """Return the average total of the past periods with purchases, to the cent; None if there is none."""
    closed = [p.total for p in periods if p.state is not PeriodState.OPEN and p.purchase_count]
    if not closed:
        return None
    mean = sum((money.amount for money in closed), Decimal(0)) / len(closed)
    return Money(amount=mean.quantize(Decimal("0.01")), currency=closed[0].currency)
