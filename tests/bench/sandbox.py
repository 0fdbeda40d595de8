"""Sandbox as a backend: time of a page of purchases and of the six totals, by the size of the table.

The measure is one transaction, without HTTP, whose cost does not depend on the table. The measured contract
has the same number of purchases in the small and in the large table.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine

from services.sandbox import SandboxSettings
from services.sandbox.app import create_app
from services.sandbox.store import Store
from tests.bench.figures import Row, interleaved
from tests.harness.postgresql import cluster
from tests.services.sandbox.many import CONTRACT, CROWDED, multiply, page, settle, six_totals, template

TITLE = "6. The sandbox"
SMALL, LARGE = 1_000, 1_000_000
PER_PERIOD = 50
IN_ONE_PERIOD = 10_000
ROUNDS = 300
NOW = datetime.fromisoformat("2024-03-10T12:00:00+01:00")
CURRENT = "2024-04"

Ask = Callable[[Connection], bytes]


def run() -> Iterator[Row]:
    """Measure a contract in the small and the large table, then a contract with a long period."""
    with tempfile.TemporaryDirectory() as folder, cluster() as postgresql:
        yield from _on("SQLite", *(f"sqlite:///{Path(folder) / name}.sqlite3" for name in ("small", "large")))
        yield from _on("PostgreSQL", postgresql.database(), postgresql.database())


def _on(kind: str, of_small: str, of_large: str) -> Iterator[Row]:
    with _filled(of_small, SMALL) as small, _filled(of_large, LARGE, IN_ONE_PERIOD) as large:
        grown = {"a page of 25": _page(), "the six totals": lambda connection: six_totals(connection, NOW)}
        for name, ask in grown.items():
            in_large, in_small = interleaved(
                _timed(large, ask), _timed(small, ask), rounds=ROUNDS, warm_up=30
            )
            yield Row(
                name=f"{kind}: {name}, {LARGE:,} rows",
                unit="ms",
                samples=in_large,
                baseline=f"{SMALL:,} rows",
                baseline_samples=in_small,
                at_most_times=1.3,
            )
        for name, number in (("first", 1), ("last", IN_ONE_PERIOD // 25)):
            asks = (_page(number, CROWDED), _page())
            taken, beside = interleaved(*(_timed(large, ask) for ask in asks), rounds=ROUNDS // 3, warm_up=10)
            yield Row(
                name=f"{kind}: the {name} page of {IN_ONE_PERIOD:,} in one period",
                unit="ms",
                samples=taken,
                baseline=f"{PER_PERIOD} in the period",
                baseline_samples=beside,
            )


def _page(number: int = 1, contract_id: str = CONTRACT) -> Ask:
    return lambda connection: page(connection, NOW, CURRENT, number, contract_id=contract_id)


def _timed(store: Store, ask: Ask) -> Callable[[], float]:
    assert "items" in json.loads(store.transact(ask))

    def measure() -> float:
        began = time.perf_counter()
        store.transact(ask)
        return (time.perf_counter() - began) * 1000

    return measure


@contextmanager
def _filled(url: str, rows: int, crowded: int = 0) -> Iterator[Store]:
    """Yield a sandbox's database with `rows` purchases."""
    app = create_app(
        url,
        subscribers=template(NOW, PER_PERIOD, crowded),
        clock=lambda: NOW,
        settings=SandboxSettings(scrypt_log2_cost=4),
    )
    with closing(app.state.store) as store:
        store.transact(lambda connection: multiply(connection, rows), writing=True)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            settle(connection)
        engine.dispose()
        yield store
