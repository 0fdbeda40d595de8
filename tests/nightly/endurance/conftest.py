"""Web app as a process that reports its memory and tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nightly.endurance.processes import Program


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve the app with its embedded backend; a session without a connection expires after a second."""
    log = tmp_path_factory.mktemp("hasty") / "complaints"
    with Program("tests.nightly.endurance.watched", "--session-timeout", "1", log=log) as app:
        yield app


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Serve the same app; a session without a connection expires late."""
    log = tmp_path_factory.mktemp("patient") / "complaints"
    with Program("tests.nightly.endurance.watched", log=log) as app:
        yield app
