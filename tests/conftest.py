"""Configuration of every test: the profiles of hypothesis, which tests are nightly, and PostgreSQL."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.harness.postgresql import Cluster

# The same examples at each run, however slow the machine, so that a failure is found again. The profile
# `explore` looks for others: `pytest --hypothesis-profile=explore`.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("same")

_NIGHTLY = Path(__file__).with_name("nightly")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `tests/nightly`; elsewhere, single tests and cases bear the marker themselves."""
    for item in items:
        if item.path.is_relative_to(_NIGHTLY):
            item.add_marker("nightly")


def pytest_collection_finish() -> None:
    """Exempt modules and collected tests from garbage collection, which would visit them in every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Return the PostgreSQL server of the test run, started at its first use."""
    from tests.harness.postgresql import cluster  # few tests need its driver

    with cluster() as server:
        yield server
