"""Entries of a sandbox subscriber, with defaults for what a test does not name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.sandbox.data_file import Money, Purchase


def bought(payment_id: str, at: datetime, amount: str, **more: Any) -> Purchase:
    """Return a purchase from a newspaper, or a refund if the amount is negative."""
    return Purchase(
        **{
            "payment_id": payment_id,
            "entry_type": "refund" if amount.startswith("-") else "purchase",
            "payment_status": "succeeded",
            "payment_date": at,
            "amount": Money(amount=amount),
            "description": "Article",
            "merchant_name": "Gazette des Deux Rives",
            "purchase_category_code": "press",
            "channel": "internetplus_box",
            "kind": "oneOff",
            "reference_code": f"IP-{payment_id}",
            **more,
        }
    )
