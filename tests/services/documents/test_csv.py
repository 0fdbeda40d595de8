"""CSV export: sums, spreadsheet formats, protection against formula injection, changing lists."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Connection
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import MemoryStore
from services.client.simulated_faults import Demonstration, SimulatedFault
from services.client.whole_periods import TRIES, Export, read_export
from services.documents.csv import COLUMNS, Spelling, csv_file, inert
from services.domain.errors import Changed, Unavailable
from services.domain.models import (
    BillingPeriod,
    Category,
    Channel,
    Contract,
    EntryType,
    Money,
    PaymentStatus,
    PeriodState,
    Purchase,
    PurchaseKind,
)
from services.insights.ledger import PeriodEntries, counted
from services.sandbox import SandboxSettings, create_app, demo, schema
from tests.harness.clock import Clock
from tests.harness.in_process import backend_within

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
NOTHING = Decimal("0.00")


def spelling(delimiter: str = ";", decimal_point: str = ",") -> Spelling:
    return Spelling(
        delimiter=delimiter,
        decimal_point=decimal_point,
        header=COLUMNS,
        kind=lambda entry: entry.kind.value,
        category=lambda entry: entry.purchase_category_code.value,
        channel=lambda entry: entry.channel.value,
        status=lambda entry: entry.payment_status.value,
    )


def rows(content: bytes, delimiter: str = ";") -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf"), "spreadsheets take it for another encoding"
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text, delimiter=delimiter, strict=True))


def moment_of(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(f"{row['date']}T{row['time']}{row['utc_offset'].removeprefix('UTC')}")


def amount_of(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def period_of(entries: tuple[Purchase, ...]) -> BillingPeriod:
    """Return a period with these entries and their totals."""
    succeeded = [e.amount.amount for e in entries if e.payment_status is PaymentStatus.SUCCEEDED]
    pending = [e.amount.amount for e in entries if e.payment_status.pending]
    return BillingPeriod(
        period_id="2024-03",
        start_date=date(2024, 1, 26),
        end_date=date(2024, 2, 25),
        bill_month="2024-03",
        state=PeriodState.BILLED,
        purchase_count=len(entries),
        total=Money(amount=sum(succeeded, NOTHING)),
        pending_total=Money(amount=sum(pending, NOTHING)),
    )


_BOUNDS = (datetime(2024, 1, 26), datetime(2024, 2, 25))  # noqa: DTZ001 - hypothesis adds the zone
ANYTHING = st.text(max_size=40) | st.sampled_from(
    [
        "=1+1",
        "+33",
        "-2",
        "@SUM(A1)",
        "\tx",
        "\r\nx",
        'dit "oui"',
        "a;b,c",
        "Éclat, Œuvre & Cie",
        "'=1",
        "\x00",
    ]
)


@st.composite
def purchases(draw: st.DrawFn) -> Purchase:
    cents = draw(st.integers(-10_000_00, 10_000_00))
    return Purchase(
        payment_id=draw(st.uuids()).hex,
        entry_type=EntryType.REFUND if cents < 0 else EntryType.PURCHASE,
        payment_status=draw(st.sampled_from(PaymentStatus)),
        payment_date=draw(st.datetimes(*_BOUNDS, timezones=st.just(UTC))),
        amount=Money(amount=Decimal(cents).scaleb(-2)),
        description=draw(ANYTHING),
        merchant_name=draw(ANYTHING),
        merchant_identifier="m",
        purchase_category_code=draw(st.sampled_from(Category)),
        channel=draw(st.sampled_from(Channel)),
        kind=draw(st.sampled_from(PurchaseKind)),
        reference_code=draw(ANYTHING),
        period_id="2024-03",
        is_billed=True,
        refund_of=draw(st.none() | ANYTHING),
    )


@given(st.lists(purchases(), max_size=12).map(tuple), st.sampled_from([(";", ","), (",", ".")]))
def test_csv_of_random_entries_sums_to_the_total_and_keeps_all_values(
    entries: tuple[Purchase, ...], marks: tuple[str, str]
) -> None:
    period = period_of(entries)
    export = Export((PeriodEntries(period, entries),), PARIS)
    read = rows(csv_file(export, spelling(*marks)), marks[0])
    assert len(read) == len(entries)
    assert sum((amount_of(row["counted"]) for row in read), NOTHING) == period.total.amount
    for row, entry in zip(read, entries, strict=True):
        assert amount_of(row["amount"]) == entry.amount.amount
        assert moment_of(row) == entry.payment_date.replace(microsecond=0)
        assert row["merchant"].removeprefix("'") == entry.merchant_name.removeprefix("'")
        assert row["description"] == inert(entry.description)
        assert row["refund_of"] == inert(entry.refund_of or "")
        for name in ("merchant", "description", "reference", "refund_of"):
            assert row[name][:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


def test_csv_amount_of_an_unsuccessful_entry_counts_as_zero() -> None:
    for status in PaymentStatus:
        entry = purchase("1.99", payment_status=status)
        assert counted(entry) == (Decimal("1.99") if status is PaymentStatus.SUCCEEDED else NOTHING)


def purchase(amount: str, **more: Any) -> Purchase:
    facts: dict[str, Any] = {
        "payment_id": "p1",
        "entry_type": EntryType.PURCHASE,
        "payment_status": PaymentStatus.SUCCEEDED,
        "payment_date": datetime(2024, 2, 25, 22, 59, 59, tzinfo=UTC),
        "amount": Money(amount=Decimal(amount)),
        "description": "Article",
        "merchant_name": "Gazette des Deux Rives",
        "merchant_identifier": "gazette",
        "purchase_category_code": Category.PRESS,
        "channel": Channel.INTERNETPLUS_BOX,
        "kind": PurchaseKind.ONE_OFF,
        "reference_code": "IP-240225-000001",
        "period_id": "2024-03",
        "is_billed": True,
    }
    return Purchase(**{**facts, **more})


def test_csv_row_follows_the_format_of_its_language() -> None:
    entries = (purchase("1234.56"), purchase("-3.00", payment_id="p2", refund_of="p0"))
    export = Export((PeriodEntries(period_of(entries), entries),), PARIS, {"p0": "IP-0"})
    french = csv_file(export, spelling()).decode("utf-8-sig").split("\r\n")
    assert french[0] == ";".join(COLUMNS)
    assert french[1] == (
        "2024-02-25;23:59:59;UTC+01:00;Gazette des Deux Rives;Article;press;oneOff;internetplus_box;"
        "succeeded;1234,56;1234,56;EUR;2024-01-26;2024-02-25;2024-03;IP-240225-000001;"
    )
    assert ";-3,00;-3,00;EUR;" in french[2]
    assert french[2].endswith(";IP-0")
    assert french[3] == "", "no row of totals"
    english = csv_file(export, spelling(",", ".")).decode("utf-8-sig").split("\r\n")
    assert ",1234.56,1234.56,EUR," in english[1]


@pytest.mark.parametrize(
    ("moment", "zone", "cells"),
    [
        ("2024-04-10T07:30:01.999Z", "Europe/Paris", ["2024-04-10", "09:30:01", "UTC+02:00"]),
        ("2024-01-31T23:30:00Z", "Europe/Paris", ["2024-02-01", "00:30:00", "UTC+01:00"]),
        ("2024-02-25T03:04:05Z", "America/Martinique", ["2024-02-24", "23:04:05", "UTC-04:00"]),
        ("2024-02-25T03:04:05Z", "Asia/Kathmandu", ["2024-02-25", "08:49:05", "UTC+05:45"]),
        ("2024-02-25T03:04:05Z", "UTC", ["2024-02-25", "03:04:05", "UTC+00:00"]),
    ],
)
def test_csv_moment_is_written_as_date_time_and_offset(moment: str, zone: str, cells: list[str]) -> None:
    entries = (purchase("1.99", payment_date=datetime.fromisoformat(moment)),)
    (row,) = rows(csv_file(Export((PeriodEntries(period_of(entries), entries),), ZoneInfo(zone)), spelling()))
    assert [row["date"], row["time"], row["utc_offset"]] == cells
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", row["time"])


# Exports from a real sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Starlette]:
    people = {one.identifier.partition("@")[0]: one for one in demo.subscribers(NOW)}
    app = create_app(
        "sqlite://",
        subscribers=tuple(people[name] for name in ("camille", "plafond", "sans-achat", "gros-volume")),
        clock=lambda: NOW,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )
    yield app
    app.state.store.close()


async def visitor(sandbox: Starlette, name: str) -> tuple[Backend, Contract]:
    backend = backend_within(sandbox, MemoryStore(), clock=Clock(NOW))
    challenge = await backend.begin_sign_in(f"{name}@demo.example")
    await backend.finish_sign_in(challenge, demo.PASSWORD, remember=False)
    return backend, (await backend.account()).value.contracts[0]


def nobody_hears(_share: float) -> None:
    return


@pytest.mark.parametrize("name", ["camille", "plafond", "sans-achat"])
async def test_export_of_each_period_sums_to_its_total(sandbox: Starlette, name: str) -> None:
    backend, contract = await visitor(sandbox, name)
    on_screen = (await backend.billing_periods(contract.contract_id)).value
    for period in on_screen:
        export = await read_export(backend, contract, [period.period_id], nobody_hears)
        read = rows(csv_file(export, spelling()))
        assert sum((amount_of(row["counted"]) for row in read), NOTHING) == period.total.amount
        pending = [row for row in read if PaymentStatus(row["status"]).pending]
        assert sum((amount_of(row["amount"]) for row in pending), NOTHING) == period.pending_total.amount
    every = await read_export(backend, contract, [p.period_id for p in on_screen], nobody_hears)
    read = rows(csv_file(every, spelling()))
    totals = sum((period.total.amount for period in on_screen), NOTHING)
    assert sum((amount_of(row["counted"]) for row in read), NOTHING) == totals
    assert [moment_of(row) for row in read] == sorted(moment_of(row) for row in read)


async def test_export_samples_include_refunds_pending_and_denied_entries(sandbox: Starlette) -> None:
    found = set()
    for name in ("camille", "plafond", "sans-achat"):
        backend, contract = await visitor(sandbox, name)
        periods = (await backend.billing_periods(contract.contract_id)).value
        export = await read_export(backend, contract, [p.period_id for p in periods], nobody_hears)
        entries = [entry for one in export.periods for entry in one.entries]
        found |= {entry.payment_status for entry in entries} | {entry.entry_type for entry in entries}
    wanted = {PaymentStatus.PROCESSING, PaymentStatus.DENIED, PaymentStatus.CANCELLED, EntryType.REFUND}
    assert wanted <= found


async def test_export_refund_names_its_purchase_of_an_earlier_period(sandbox: Starlette) -> None:
    backend, contract = await visitor(sandbox, "camille")
    export = await read_export(backend, contract, ["2026-05"], nobody_hears)
    refund = next(row for row in rows(csv_file(export, spelling())) if row["refund_of"])
    whole = await read_export(backend, contract, ["2026-04"], nobody_hears)
    references = {row["reference"]: row for row in rows(csv_file(whole, spelling()))}
    assert references[refund["refund_of"]]["merchant"] == refund["merchant"]


@pytest.mark.nightly
async def test_export_of_10000_rows_reports_its_progress(sandbox: Starlette) -> None:
    backend, contract = await visitor(sandbox, "gros-volume")
    heard: list[float] = []
    export = await read_export(backend, contract, ["2026-06"], heard.append)
    read = rows(csv_file(export, spelling()))
    assert len(read) == len({entry.payment_id for entry in export.periods[0].entries}) == 10_000
    period = (await backend.billing_periods(contract.contract_id)).value[0]
    assert sum((amount_of(row["counted"]) for row in read), NOTHING) == period.total.amount
    assert heard == sorted(heard)
    assert len(heard) > 20
    assert heard[-1] == 1.0


class Meanwhile:
    """Progress callback that adds a purchase at each of its first `times` calls."""

    def __init__(self, app: Starlette, times: int) -> None:
        self.app, self.times = app, times
        self.came = 0

    def __call__(self, _share: float) -> None:
        if self.came < self.times:
            self.came += 1
            self.app.state.store.transact(self._one_more, writing=True)

    def _one_more(self, connection: Connection) -> None:
        like = connection.execute(schema.purchase.select().limit(1)).one()._asdict()
        new = {"payment_id": f"new-{self.came}", "payment_date": NOW - timedelta(days=15)}
        connection.execute(schema.purchase.insert().values(**like | new))


@pytest.fixture
def busy() -> Iterator[Starlette]:
    """Return a sandbox with 250 purchases in the current period: three pages."""
    somebody = next(one for one in demo.subscribers(NOW) if one.identifier.startswith("gros"))
    line = structs.replace(somebody.contracts[0], purchases=somebody.contracts[0].purchases[:250])
    app = create_app(
        "sqlite://",
        subscribers=(structs.replace(somebody, contracts=(line,)),),
        clock=lambda: NOW,
        latency=0.002,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )
    yield app
    app.state.store.close()


async def test_export_includes_a_purchase_added_meanwhile(busy: Starlette) -> None:
    backend, contract = await visitor(busy, "gros-volume")
    meanwhile = Meanwhile(busy, 1)
    export = await read_export(backend, contract, ["2026-06"], meanwhile)
    assert meanwhile.came == 1
    entries = export.periods[0].entries
    assert len(entries) == 251
    total = (await backend.billing_periods(contract.contract_id)).value[0].total.amount
    assert sum(map(counted, entries)) == export.periods[0].period.total.amount == total


async def test_export_of_a_constantly_changing_list_raises_changed(busy: Starlette) -> None:
    backend, contract = await visitor(busy, "gros-volume")
    meanwhile = Meanwhile(busy, 1_000)
    with pytest.raises(Changed):
        await read_export(backend, contract, ["2026-06"], meanwhile)
    assert meanwhile.came >= TRIES


async def test_export_interrupted_by_an_error_raises_it(busy: Starlette) -> None:
    demonstration = Demonstration(busy, clock=lambda: NOW)
    backend = demonstration.backend(MemoryStore())
    await backend.finish_sign_in(
        await backend.begin_sign_in("gros-volume@demo.example"), demo.PASSWORD, remember=False
    )
    contract = (await backend.account()).value.contracts[0]

    def cut(_share: float) -> None:
        demonstration.fault = SimulatedFault.SERVER_ERROR

    with pytest.raises(Unavailable):
        await read_export(backend, contract, ["2026-06"], cut)
