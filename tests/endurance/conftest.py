"""The web app as a process that tells what it holds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.endurance.processes import Program


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """The app on its embedded backend; a session without a connection is kept for a second."""
    async with Program(
        "tests.endurance.watched", "--session-timeout", "1", log=tmp_path / "complaints"
    ) as app:
        yield app


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Program]:
    """The same, and a session without a connection is kept for long."""
    async with Program("tests.endurance.watched", log=tmp_path / "complaints") as app:
        yield app
