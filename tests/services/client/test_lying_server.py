"""Fuzzing of the client with random bytes on a real socket."""

from __future__ import annotations

import pytest

from tests.services.lying import lie


async def test_random_bytes_from_a_server_give_a_value_or_a_backend_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = await lie(600, 20261129, monkeypatch)
    assert {"value", "UnexpectedAnswer", "Unreachable", "Unavailable"} <= set(outcomes), outcomes
