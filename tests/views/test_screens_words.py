"""Screen tests of sentences and bars for special data: no purchases, refunds only, overdue charges."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import flet as ft
import msgspec
import pytest

from services.domain import models
from services.sandbox.data_file import Contract, Money, Purchase, Service, Subscriber, Subscription
from tests.harness.driver import Driver
from tests.harness.entries import bought
from tests.views.conftest import NOW, PASSWORD, Serve, quiet
from tests.views.visits import visit_remembered
from views.core.loadable import Loadable
from views.core.text import Language
from views.kit.design import Design
from views.kit.theme import Layout
from views.purchases.month_selector import BAR, HEIGHT
from views.subscriptions.parts import status_tag
from views.subscriptions.state import SubscriptionsState

WHO = "phrases@demo.example"
MONTHS = {"2026-06": (5, 1), "2026-05": (4, 1), "2026-04": (3, 1), "2026-03": (2, 1), "2026-02": (1, 5)}
"""Month and day of a date in each period, by its invoice."""


def entry(month: str, amount: str, number: int = 0, **more: Any) -> Purchase:
    """Return a purchase, or a refund if the amount is negative, in the period of an invoice."""
    at, day = MONTHS[month]
    return bought(f"{month}-{number}", datetime(2026, at, day, 9, tzinfo=UTC), amount, **more)


def subscription(name: str, **more: Any) -> Subscription:
    return Subscription(
        **{
            "subscription_id": name,
            "name": f"Offre {name}",
            "merchant_name": f"Club {name}",
            "price": Money(amount="2.99"),
            "recurring_charge_period": "month",
            "start_date": date(2025, 12, 1),
            **more,
        }
    )


def somebody(
    *purchases: Purchase, subscriptions: tuple[Subscription, ...] = (), service: str = "active"
) -> Subscriber:
    contract = Contract(
        contract_id="box",
        kind="internet",
        label="Box",
        masked_number="04 •• 12",
        purchases=purchases,
        subscriptions=subscriptions,
        service=Service(status=service, since=date(2026, 1, 1)),  # type: ignore[arg-type]
    )
    return Subscriber(identifier=WHO, password=PASSWORD, display_name="Camille", contracts=(contract,))


@pytest.mark.parametrize("route", ["/", "/conso/internet", "/achats"])
async def test_account_without_purchases_offers_no_earlier_period(serve: Serve, route: str) -> None:
    line = serve(somebody())
    async with visit_remembered(line, route) as app:
        await app.see("Vos achats internet+ apparaîtront ici dès le premier paiement.")
        await quiet(app, line)
        assert not any(name.startswith(("Voir la", "Voir les")) for name in app.names())


async def test_empty_list_names_the_last_period_with_purchases(serve: Serve) -> None:
    async with visit_remembered(serve(somebody(entry("2026-03", "4.99"))), "/achats") as app:
        await app.see("Vos prochains achats internet+ apparaîtront ici.")
        await app.see_not("dès le premier paiement")
        await app.tap("Voir la facture de mars")
        await app.see("Facturé en mars")


@pytest.mark.parametrize(
    ("period", "sentence"),
    [("2026-03", "Aucun achat facturé en mars"), ("2026-05", "Aucun achat facturé en mai")],
)
async def test_empty_period_names_its_invoice_month(serve: Serve, period: str, sentence: str) -> None:
    line = serve(somebody(entry("2026-02", "4.99")))
    async with visit_remembered(line, f"/achats?periode={period}") as app:
        await app.see(sentence)


@pytest.mark.parametrize("route", ["/", "/conso/internet"])
async def test_period_with_refunds_only_says_so(serve: Serve, route: str) -> None:
    async with visit_remembered(serve(somebody(entry("2026-06", "-4.99"))), route) as app:
        await app.see("Aucun achat depuis le 26 avril, seulement des remboursements", "−4,99 €")


async def test_spike_notice_names_the_total_and_the_average(serve: Serve) -> None:
    line = serve(somebody(entry("2026-06", "30.00"), entry("2026-05", "9.20")))
    async with visit_remembered(line) as app:
        await app.see("Vos achats de la période, 30,00 €, dépassent votre moyenne, qui est de 9,20 €.")


async def test_negative_totals_give_a_refund_notice_instead_of_a_spike(serve: Serve) -> None:
    line = serve(
        somebody(entry("2026-06", "1.00"), entry("2026-05", "1.00"), entry("2026-05", "-9.20", number=1))
    )
    async with visit_remembered(line) as app:
        await app.see("Vos remboursements dépassent vos achats de 8,20 €, du 26 mars au 25 avril.")
        await app.see_not("dépassent votre moyenne")


@pytest.mark.parametrize(
    ("subscriptions", "sentence"),
    [
        ((), "Aucun abonnement en cours"),
        ((subscription("a", next_charge_date=date(2026, 6, 1)),), "1 abonnement, 2,99 € par mois"),
        ((subscription("a", status="suspended"),), "1 abonnement suspendu"),
        (
            (subscription("a", status="terminated", termination_date=date(2026, 5, 30)),),
            "1 abonnement résilié, accès non terminé",
        ),
        (
            (subscription("a", status="terminated", termination_date=date(2026, 1, 30)),),
            "Aucun abonnement en cours",
        ),
    ],
    ids=["none", "running", "suspended", "ending", "past"],
)
async def test_home_sums_up_subscriptions_by_their_status(
    serve: Serve, subscriptions: tuple[Subscription, ...], sentence: str
) -> None:
    async with visit_remembered(serve(somebody(subscriptions=subscriptions))) as app:
        await app.see(sentence)
        await app.see_not("0 abonnement")


@pytest.mark.parametrize(
    ("service", "sentence"),
    [
        ("active", "Achats autorisés sur votre facture · Actif"),
        ("suspended", "Achats bloqués sur votre facture · Désactivé"),
    ],
)
async def test_home_shows_the_effect_of_the_service_status(serve: Serve, service: str, sentence: str) -> None:
    async with visit_remembered(serve(somebody(service=service))) as app:
        await app.see(sentence)


async def test_service_switch_mentions_outstanding_purchases_only_if_any(serve: Serve) -> None:
    async with visit_remembered(serve(somebody()), "/gerer") as app:
        await app.tap("Service internet+")
        await app.see("Désactiver le service internet+ ?")
        await app.see_not("restent dus")


async def test_missed_charge_is_shown_as_overdue(serve: Serve) -> None:
    late = subscription("late", next_charge_date=date(2026, 2, 28))
    today = subscription("today", next_charge_date=date(2026, 5, 14))
    async with visit_remembered(serve(somebody(subscriptions=(late, today))), "/gerer") as app:
        await app.see("Paiement attendu depuis le 28 février 2026", "Prochain paiement : 14 mai")
        await app.tap("Résilier Club late")
        await app.see("Résilier Club late ?")
        await app.see_not("Vous gardez l’accès")
        await app.tap("Garder l’abonnement")
        await app.go("/gerer/abonnements/late")
        await app.see("Paiement attendu depuis le 28 février 2026")


def test_pending_termination_past_its_date_is_shown_as_pending(serve: Serve) -> None:
    read = msgspec.json.decode(
        b'{"subscriptionId": "a", "name": "Offre", "merchantName": "Club", "merchantIdentifier": "club",'
        b'"price": {"amount": "2.99", "currency": "EUR"}, "recurringChargePeriod": "month",'
        b'"status": "pendingTerminate", "startDate": "2025-12-01", "terminable": true,'
        b'"terminationDate": "2026-03-01"}',
        type=models.Subscription,
    )
    contract = models.Contract(
        contract_id="box",
        kind=models.ContractKind.INTERNET,
        label="Box",
        masked_number="04",
        billing_rights=True,
        billing=models.Billing(cut_off_day=26, time_zone="Europe/Paris"),
    )
    state = SubscriptionsState(serve().backend(), contract, Loadable((read,), NOW))
    design = Design.of(Language.FR, Layout.S, dark=False, still=True, text_size=1.0)
    drawn = status_tag(design, design.formats, state, read)
    assert drawn is not None
    assert "Résiliation en cours" in repr(drawn)


async def test_refund_is_shown_as_deducted_and_its_purchase_as_partly_refunded(serve: Serve) -> None:
    bought = entry("2026-06", "9.00", number=1)
    back = entry("2026-06", "-2.00", number=2, refund_of=bought.payment_id)
    async with visit_remembered(serve(somebody(bought, back)), "/achats") as app:
        await app.until(lambda: any("Remboursé en partie" in name for name in app.names()), "no part")
        await app.go(f"/achats/{back.payment_id}")
        await app.see("À déduire en juin")


def bars(app: Driver, width: int) -> list[tuple[float, float]]:
    """Return the bottom and the top of each bar of this width, above the bottom of the chart."""
    found = []
    for box in app.controls(ft.Container):
        if box.width == width:
            bottom = box.margin.bottom if isinstance(box.margin, ft.Margin) else 0
            found.append((bottom, bottom + (box.height or 0)))
    return found


@pytest.mark.parametrize(
    "totals",
    [
        dict.fromkeys(MONTHS, "-3.00"),
        {"2026-06": "4.00", "2026-05": "-8.00", "2026-03": "2.00"},
        {"2026-06": "-0.01"},
    ],
    ids=["all-negative", "mixed", "one-cent"],
)
async def test_negative_totals_have_bars_below_a_zero_line(serve: Serve, totals: dict[str, str]) -> None:
    line = serve(somebody(*(entry(month, amount) for month, amount in totals.items())))
    async with visit_remembered(line, "/achats") as app:
        await app.until(lambda: bars(app, BAR), "no chart")
        drawn = dict(zip(reversed(MONTHS), bars(app, BAR)[1:], strict=True))
        amounts = {month: float(totals.get(month, "0.00")) for month in drawn}
        lowest, highest = min(0.0, *amounts.values()), max(0.0, *amounts.values())
        zero = HEIGHT * -lowest / (highest - lowest)
        for month, (bottom, top) in drawn.items():
            total = amounts[month]
            assert (bottom if total >= 0 else top) == pytest.approx(zero)
            assert top - bottom == pytest.approx(HEIGHT * abs(total) / (highest - lowest))
    async with visit_remembered(line, "/conso/internet") as app:
        await app.until(lambda: bars(app, 10), "no small chart")
        assert all(0 <= bottom <= top <= 48.01 for bottom, top in bars(app, 10))
