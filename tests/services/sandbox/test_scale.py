"""Query plans on a large table: indexes only, without full scans or sorts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event

from services.sandbox import create_app
from tests.services.sandbox.conftest import CHEAP
from tests.services.sandbox.many import multiply, page, settle, six_totals, template

NOW = datetime.fromisoformat("2024-03-10T12:00:00+01:00")
CURRENT = "2024-04"
ASKED: dict[str, Callable[[Connection], bytes]] = {
    "a page": lambda connection: page(connection, NOW, CURRENT),
    "its last page": lambda connection: page(connection, NOW, CURRENT, 12),
    "the oldest first": lambda connection: page(connection, NOW, CURRENT, order="asc"),
    "only refunds": lambda connection: page(connection, NOW, CURRENT, kind="refund"),
    "only one-off purchases": lambda connection: page(connection, NOW, CURRENT, kind="oneOff"),
    "the six totals": lambda connection: six_totals(connection, NOW),
}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)])
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Return a database of 60,000 purchases, 300 in each period of the queried contract."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('large') / 'sandbox.sqlite3'}"
    else:
        url = request.getfixturevalue("postgresql").database()
    app = create_app(url, subscribers=template(NOW, 300), clock=lambda: NOW, settings=CHEAP)
    app.state.store.transact(lambda connection: multiply(connection, 60_000), writing=True)
    app.state.store.close()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        settle(connection)
        yield connection
    engine.dispose()


@contextmanager
def statements(connection: Connection) -> Iterator[list[tuple[str, Any]]]:
    """Record the statements executed on a connection, with their parameters."""
    executed: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        executed.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    yield executed
    event.remove(connection, "before_cursor_execute", note)


def plan(connection: Connection, statement: str, parameters: Any) -> str:
    """Return the query plan of a statement."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row.detail for row in rows)
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    return json.dumps(rows.scalar_one(), indent=1)


@pytest.mark.parametrize("asked", ASKED)
def test_query_on_a_large_table_uses_indexes_without_a_sort(large: Connection, asked: str) -> None:
    with statements(large) as executed:
        answer = json.loads(ASKED[asked](large))
    assert answer["items"] or asked == "only refunds"
    on_purchases = [(text, given) for text, given in executed if "FROM purchase" in text]
    assert on_purchases
    for text, given in on_purchases:
        found = plan(large, text, given)
        assert "SCAN purchase" not in found, found  # SQLite's term for a full scan
        assert '"Seq Scan"' not in found, found  # PostgreSQL's term
        assert "TEMP B-TREE" not in found, found
        if "ORDER BY" in text:
            assert '"Sort"' not in found, found
        if "payment_date >=" in text:  # periods are read from the index only
            assert "COVERING INDEX purchase_by_time" in found or '"Index Only Scan"' in found, found
