"""Factories of subscribers in the format of a data file."""

from __future__ import annotations

from typing import Any

import msgspec

from services.sandbox import Subscriber, parse_subscribers


def purchase(payment_id: str, paid_at: str, amount: str = "1.99", **more: Any) -> dict[str, Any]:
    """Return a purchase, or a refund if the amount is negative."""
    return {
        "paymentId": payment_id,
        "entryType": "refund" if amount.startswith("-") else "purchase",
        "paymentStatus": "succeeded",
        "paymentDate": paid_at,
        "amount": {"amount": amount, "currency": "EUR"},
        "description": "Article",
        "merchantName": "Gazette des Deux Rives",
        "purchaseCategoryCode": "press",
        "channel": "internetplus_box",
        "kind": "oneOff",
        "referenceCode": f"IP-{payment_id}",
    } | more


def contract(contract_id: str, *purchases: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "contractId": contract_id,
        "kind": "internet",
        "label": "Box Fibre",
        "maskedNumber": "04 •• •• •• 12",
        "purchases": list(purchases),
    } | more


def subscriber(name: str, *contracts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "identifier": f"{name}@demo.example",
        "password": "Soleil-2026",
        "displayName": name.title(),
        "contracts": list(contracts),
    } | more


def data_file(*subscribers: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"subscribers": subscribers})


CONTACT = {"url": "https://www.lanterne.example", "email": None, "phone": "01 99 00 12 34"}
SUBSCRIPTION = {
    "subscriptionId": "sub1",
    "name": "Club Cubéo",
    "merchantName": "Studio Pixelune",
    "price": {"amount": "3.99", "currency": "EUR"},
    "recurringChargePeriod": "week",
    "status": "terminated",
    "startDate": "2023-05-06",
    "terminationDate": "2024-03-01",
    "terminable": False,
    "lastPaymentId": "p5",
}


def subscription(subscription_id: str, **more: Any) -> dict[str, Any]:
    """Return an active monthly subscription."""
    return {
        "subscriptionId": subscription_id,
        "name": "Club Cubéo",
        "merchantName": "Studio Pixelune",
        "price": {"amount": "3.99", "currency": "EUR"},
        "recurringChargePeriod": "month",
        "startDate": "2023-05-06",
        "nextChargeDate": "2024-04-06",
    } | more


def subscribed() -> tuple[Subscriber, ...]:
    """Return Camille with subscriptions on two contracts, Bruno, and Farid without billing rights."""
    return parse_subscribers(
        data_file(
            subscriber(
                "camille",
                contract(
                    "c1",
                    purchase("old", "2024-01-20T12:00:00+01:00", "7.00"),
                    purchase("closed", "2024-02-10T12:00:00+01:00", "1.00"),
                    purchase("charge", "2024-03-06T06:15:00+01:00", "3.99", subscriptionId="monthly"),
                    purchase("pending", "2024-03-07T06:15:00+01:00", "2.00", paymentStatus="reserved"),
                    purchase("refused", "2024-03-08T06:15:00+01:00", "9.00", paymentStatus="denied"),
                    purchase("back", "2024-03-09T06:15:00+01:00", "-0.50", refundOf="closed"),
                    subscriptions=[
                        subscription("monthly", lastPaymentId="charge"),
                        subscription(
                            "weekly",
                            startDate="2024-01-01",
                            recurringChargePeriod="week",
                            nextChargeDate="2024-03-11",
                        ),
                        subscription("elsewhere", startDate="2023-01-01", terminable=False),
                        subscription(
                            "past",
                            startDate="2022-01-01",
                            status="terminated",
                            nextChargeDate=None,
                            terminationDate="2024-02-01",
                            terminable=False,
                        ),
                    ],
                    service={"status": "active", "since": "2023-03-03"},
                ),
                contract("c2", kind="mobile", subscriptions=[subscription("mobile")]),
            ),
            subscriber(
                "bruno",
                contract(
                    "b1", purchase("pb", "2024-03-05T08:00:00+01:00"), subscriptions=[subscription("sb")]
                ),
            ),
            subscriber(
                "farid",
                contract(
                    "f1",
                    purchase("pf", "2024-03-05T08:00:00+01:00"),
                    subscriptions=[subscription("sf")],
                    billingRights=False,
                ),
            ),
        )
    )


def people() -> tuple[Subscriber, ...]:
    """Return Camille with every kind of entry, Bruno, Farid without rights, and Lucie, locked."""
    return parse_subscribers(
        data_file(
            subscriber(
                "camille",
                contract(
                    "c1",
                    purchase("p1", "2024-02-25T23:59:59+01:00", merchantContact=CONTACT),
                    purchase("p2", "2024-02-25T23:00:00+00:00", "4.99", merchantName="Ciné Lanterne"),
                    purchase("p3", "2024-03-05T20:00:00+01:00", "2.50", paymentStatus="processing"),
                    purchase("p4", "2024-03-06T20:00:00+01:00", "28.00", paymentStatus="denied"),
                    purchase(
                        "p5",
                        "2024-03-07T06:15:00+01:00",
                        "3.99",
                        kind="subscription",
                        subscriptionId="sub1",
                        merchantName="Studio Pixelune",
                        description="Île aux Boussoles, 50 % d'œuvres_",
                        taxAmount={"amount": "0.67", "currency": "EUR"},
                    ),
                    purchase("r1", "2024-03-08T10:00:00+01:00", "-1.00", refundOf="p1"),
                    purchase("r2", "2024-03-09T10:00:00+01:00", "-0.49", refundOf="p1"),
                    subscriptions=[SUBSCRIPTION],
                    service={"status": "suspended", "since": "2024-03-01"},
                ),
                contract("c2", kind="mobile", billing={"cutOffDay": 1, "timeZone": "America/Martinique"}),
                phoneNumber="06 39 98 01 12",
            ),
            subscriber("bruno", contract("b1", purchase("pb", "2024-03-05T08:00:00+01:00", "9.99"))),
            subscriber(
                "farid",
                contract("f1", purchase("pf", "2024-03-05T08:00:00+01:00"), billingRights=False),
            ),
            subscriber("lucie", locked=True),
        )
    )
