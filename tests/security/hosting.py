"""App and sandbox as processes, with subscribers whose data consists of unique words."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.domain.periods import period_of
from tests.harness.processes import Server

PARIS = ZoneInfo("Europe/Paris")


def hosted(
    folder: Path,
    program: Sequence[str] = ("main.py",),
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Return a program with a home in `folder`, and few variables of this process."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    return Server.python(
        *program,
        *options,
        log=folder / "log.txt",
        environment=kept | {"HOME": str(home)} | dict(environment or {}),
    )


@dataclass(frozen=True)
class Sentinel:
    """Subscriber whose data consists of unique words."""

    name: str

    @property
    def identifier(self) -> str:
        return f"{self.name}@sentinel.example"

    @property
    def password(self) -> str:
        return f"Motdepasse-{self.name}-7319"

    @property
    def merchant(self) -> str:
        return f"Marchand{self.name.title()}Sentinelle"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the words that must not leak."""
        return (self.identifier, self.password, self.merchant, f"Prenom{self.name}", f"achat-{self.name}")

    def data(self) -> dict[str, Any]:
        """Return data for the sandbox: ten purchases in the current period and one subscription."""
        now = datetime.now(UTC)
        began, _ = period_of(now.astimezone(PARIS).date()).bounds(PARIS)
        purchases = [
            {
                "paymentId": f"achat-{self.name}-{number}",
                "entryType": "purchase",
                "paymentStatus": "succeeded",
                "paymentDate": (now - (now - began) * (number + 1) / 12).isoformat(),
                "amount": {"amount": "4.99", "currency": "EUR"},
                "description": f"Objet{self.name.title()}",
                "merchantName": self.merchant,
                "purchaseCategoryCode": "games",
                "channel": "internetplus_box",
                "kind": "oneOff",
                "referenceCode": f"IP-{self.name}-{number}",
            }
            for number in range(10)
        ]
        subscription = {
            "subscriptionId": f"abonnement-{self.name}",
            "name": f"Offre{self.name.title()}",
            "merchantName": self.merchant,
            "merchantContact": {"url": f"https://{self.name}.example", "email": None, "phone": None},
            "price": {"amount": "2.99", "currency": "EUR"},
            "recurringChargePeriod": "month",
            "startDate": (now - timedelta(days=90)).date().isoformat(),
            "nextChargeDate": (now + timedelta(days=9)).date().isoformat(),
        }
        contract = {
            "contractId": f"contrat-{self.name}",
            "kind": "internet",
            "label": f"Box{self.name.title()}",
            "maskedNumber": "04 •• •• •• 12",
            "purchases": purchases,
            "subscriptions": [subscription],
        }
        return {
            "identifier": self.identifier,
            "password": self.password,
            "displayName": f"Prenom{self.name} Nom{self.name}",
            "contracts": [contract],
        }


ADA, BOB = Sentinel("ada"), Sentinel("bob")


def data_file(folder: Path) -> Path:
    """Write both sentinels to a data file for the sandbox's `--data`; return its path."""
    file = folder / "subscribers.json"
    file.write_text(json.dumps({"subscribers": [ADA.data(), BOB.data()]}))
    return file
