"""Three thousand random answers, each a value or a `BackendError`; no screen loads for ever."""

from __future__ import annotations

import pytest

from tests.services.lying import lie


async def test_three_thousand_random_answers_are_a_value_or_a_backend_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = await lie(3_000, 1, monkeypatch)
    assert {"value", "UnexpectedAnswer", "Unreachable", "Unavailable"} <= set(outcomes), outcomes
