"""The web app as a process that tells what it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nightly.endurance.processes import Program


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The app on its embedded backend, which keeps a session without a connection for a second."""
    log = tmp_path_factory.mktemp("hasty") / "complaints"
    with Program("tests.nightly.endurance.watched", "--session-timeout", "1", log=log) as app:
        yield app


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The same, which keeps them for long."""
    log = tmp_path_factory.mktemp("patient") / "complaints"
    with Program("tests.nightly.endurance.watched", log=log) as app:
        yield app
