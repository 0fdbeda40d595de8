"""Fuzzing of the client with random bytes on a real socket."""

from __future__ import annotations

import pytest

from tests.services.random_answers import outcomes_of


@pytest.mark.parametrize(
    ("answers", "seed"), [(600, 20261129), pytest.param(3_000, 1, marks=pytest.mark.nightly)]
)
async def test_random_bytes_from_a_server_give_a_value_or_a_backend_error(
    monkeypatch: pytest.MonkeyPatch, answers: int, seed: int
) -> None:
    outcomes = await outcomes_of(answers, seed, monkeypatch)
    assert {"value", "UnexpectedAnswer", "Unreachable", "Unavailable"} <= set(outcomes), outcomes
