"""Parsing of the data file, and the error with the path of its first fault."""

from __future__ import annotations

import copy
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any
from zoneinfo import available_timezones

import msgspec
import pytest

from services.client.credentials import MemoryStore
from services.sandbox import BadData, create_app, parse_subscribers
from services.sandbox import data_file as data_file_module
from services.sandbox.data_file import TIME_ZONES
from tests.harness.in_process import backend_within
from tests.services.conftest import CHEAP
from tests.services.doubles import sign_in
from tests.services.sandbox.factories import SUBSCRIPTION, contract, data_file, purchase, subscriber

CONTRACT_S_EXAMPLE = """
{"subscribers":[{"identifier":"camille@demo.example","phoneNumber":"0639980112","password":"Soleil-2026",
  "displayName":"Camille Martin","locked":false,
  "contracts":[{"contractId":"c1","kind":"internet","label":"Box Fibre","maskedNumber":"04 •• •• •• 12",
    "billingRights":true,"billing":{"cutOffDay":26,"timeZone":"Europe/Paris"},
    "service":{"status":"active","since":"2023-03-03"},"subscriptions":[],
    "purchases":[{"paymentId":"p1","entryType":"purchase","paymentStatus":"succeeded",
      "paymentDate":"2024-02-25T23:59:59+01:00","amount":{"amount":"1.99","currency":"EUR"},
      "description":"Article","merchantName":"Gazette des Deux Rives","purchaseCategoryCode":"press",
      "channel":"internetplus_box","kind":"oneOff","referenceCode":"IP-240225-000001"}]}]}]}
""".encode()


def test_data_file_example_of_the_contract_is_parsed() -> None:
    (camille,) = parse_subscribers(CONTRACT_S_EXAMPLE)
    (box,) = camille.contracts
    assert (box.billing.cut_off_day, box.service.since) == (26, date(2023, 3, 3))
    (article,) = box.purchases
    assert article.payment_date == datetime(2024, 2, 25, 22, 59, 59, tzinfo=UTC)
    assert article.amount.cents == 199
    assert (article.refund_of, article.tax_amount, article.merchant_contact) == (None, None, None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_data_file_encoding_is_read_from_its_byte_order_mark(encoding: str) -> None:
    marked = CONTRACT_S_EXAMPLE.decode().strip().encode(encoding)
    assert parse_subscribers(marked) == parse_subscribers(CONTRACT_S_EXAMPLE)


@pytest.mark.parametrize("amount", ["0.00", "0.05", "-0.05", "-12.30", "9999999.99"])
def test_data_file_amount_is_parsed_exactly_in_cents(amount: str) -> None:
    (somebody,) = parse_subscribers(
        data_file(subscriber("a", contract("c", purchase("p", "2024-03-01T00:00:00Z", amount))))
    )
    assert somebody.contracts[0].purchases[0].amount.cents == int(Decimal(amount) * 100)


async def test_total_of_the_highest_amounts_is_readable_by_the_app(database: str) -> None:
    now = datetime(2024, 3, 10, 12, tzinfo=UTC)
    highest = [purchase(f"p{n}", "2024-03-01T00:00:00Z", "9999999.99") for n in range(3)]
    lowest = purchase("r", "2024-03-02T00:00:00Z", "-9999999.99", entryType="refund", refundOf="p0")
    app = create_app(
        database,
        subscribers=parse_subscribers(data_file(subscriber("camille", contract("c1", *highest, lowest)))),
        clock=lambda: now,
        settings=CHEAP,
    )
    with closing(app.state.store):
        backend = backend_within(app, MemoryStore(), clock=lambda: now)
        await sign_in(backend)
        (period, *_) = (await backend.billing_periods("c1")).value
        assert period.total.amount == Decimal("19999999.98")
        page = await backend.purchases("c1", period.period_id)
        assert (page.value.period, page.unreadable) == (period, 0)
        assert (await backend.service("c1")).value.outstanding.amount == Decimal("19999999.98")
        await backend.close()


def test_data_file_with_an_oversized_sum_of_amounts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_file_module, "LARGEST_SUM", 299)
    prices = ("1.99", "1.00")
    fine = [purchase(f"p{n}", "2024-03-01T00:00:00Z", price) for n, price in enumerate(prices)]
    assert parse_subscribers(data_file(subscriber("a", contract("c", *fine))))
    more = purchase("p9", "2024-03-01T00:00:00Z", "0.01")
    with pytest.raises(BadData, match="purchases: the amounts sum to more"):
        parse_subscribers(data_file(subscriber("a", contract("c", *fine, more))))


FILE: dict[str, Any] = {
    "subscribers": [
        subscriber(
            "camille",
            contract(
                "c1",
                *(purchase(f"p{n}", "2024-03-01T00:00:00Z") for n in range(4)),
                subscriptions=[SUBSCRIPTION],
            ),
            phoneNumber="0639980112",
        ),
        subscriber("bruno", contract("c2", purchase("p9", "2024-03-01T00:00:00Z"))),
    ]
}
GONE = object()


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("subscribers[0].contracts[0].purchases[3].amount.amount", "1.9", "regex"),
        ("subscribers[0].contracts[0].purchases[3].amount.amount", 1.99, "Expected `str`"),
        ("subscribers[0].contracts[0].purchases[3].amount.amount", "12345678.00", "regex"),
        ("subscribers[0].contracts[0].purchases[3].amount.amount", "-1.99", "a refund is negative"),
        ("subscribers[0].contracts[0].purchases[3].amount.currency", "USD", "Invalid enum value"),
        ("subscribers[0].contracts[0].purchases[0].paymentDate", "2024-03-01T00:00:00", "timezone"),
        ("subscribers[0].contracts[0].purchases[0].paymentDate", "yesterday", "RFC3339"),
        ("subscribers[0].contracts[0].purchases[0].purchaseCategoryCode", "cheese", "Invalid enum value"),
        ("subscribers[0].contracts[0].purchases[0].periodId", "2024-03", "unknown field `periodId`"),
        ("subscribers[0].contracts[0].purchases[0].isBilled", True, "unknown field `isBilled`"),
        ("subscribers[0].contracts[0].purchases[0].paymentId", GONE, "missing required field `paymentId`"),
        ("subscribers[0].contracts[0].purchases[1].paymentId", "p0", "used twice"),
        ("subscribers[1].contracts[0].purchases[0].paymentId", "p0", "used twice"),
        ("subscribers[0].contracts[0].purchases[0].paymentId", "a/b", "regex"),
        ("subscribers[0].contracts[0].subscriptions[0].price", GONE, "missing required field `price`"),
        ("subscribers[1].contracts[0].contractId", "c1", "used twice"),
        ("subscribers[1].contracts[0].kind", "fax", "Invalid enum value"),
        ("subscribers[1].contracts[0].billing", {"cutOffDay": 29}, "<= 28"),
        ("subscribers[1].contracts[0].billing", {"timeZone": "Mars/Olympus"}, "not a time zone"),
        ("subscribers[1].contracts[0].billing", {"timeZone": "../../etc/passwd"}, "not a time zone"),
        (
            "subscribers[1].contracts[0].billing",
            {"timeZone": "Europe/London"},
            "not a time zone of the contract",
        ),
        ("subscribers[1].identifier", " CAMILLE@demo.example", "used twice"),
        ("subscribers[1].phoneNumber", "+33 6 39 98 01 12", "used twice"),
        ("subscribers[1].colour", "blue", "unknown field `colour`"),
        ("subscribers[1].password", "", "length >= 1"),
        ("subscribers[1].password", "Soleil\0", "regex"),
        ("subscribers[0].contracts[0].purchases[0].paymentId", "..", "regex"),
        ("subscribers[0].contracts[0].purchases[0].paymentId", "p9\n", "regex"),
        ("subscribers[0].contracts[0].purchases[0].paymentDate", "0001-01-01T00:00:00+14:00", "century"),
        ("subscribers[0].contracts[0].purchases[0].paymentDate", "9999-12-31T23:59:59-12:00", "century"),
        ("subscribers[0].contracts[0].subscriptions[0].startDate", "0001-01-01", "century"),
        ("subscribers[1].contracts[0].service", {"since": "9999-12-31"}, "century"),
    ],
)
def test_data_file_fault_is_reported_with_its_path(path: str, value: object, reason: str) -> None:
    file = copy.deepcopy(FILE)
    place: Any = file
    *steps, last = path.replace("[", ".[").split(".")
    for step in steps:
        place = place[int(step[1:-1])] if step.startswith("[") else place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    with pytest.raises(BadData) as refused:
        parse_subscribers(msgspec.json.encode(file))
    told, _, why = str(refused.value).partition(": ")
    assert path.startswith(told) or told.startswith(path)
    assert reason in why


def test_refund_of_zero_is_refused() -> None:
    refund = purchase("r", "2024-03-01T00:00:00Z", "0.00", entryType="refund")
    with pytest.raises(BadData, match=r"^subscribers\[0\]\.contracts\[0\]\.purchases\[0\]\.amount\.amount: "):
        parse_subscribers(data_file(subscriber("a", contract("c", refund))))


def test_unmodified_data_file_is_accepted() -> None:
    assert len(parse_subscribers(msgspec.json.encode(FILE))) == 2


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"subscribers":{}}', b"null"])
def test_content_that_is_no_data_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadData):
        parse_subscribers(content)


def test_data_file_time_zones_equal_those_of_the_contract() -> None:
    contract = msgspec.yaml.decode(files("services.sandbox").joinpath("openapi.yaml").read_bytes())
    assert set(contract["components"]["schemas"]["TimeZone"]["enum"]) == TIME_ZONES
    assert available_timezones() >= TIME_ZONES
