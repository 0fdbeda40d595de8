"""Keys of the contract. `tests/nightly/contract/test_lint.py` finds those that OpenAPI does not know."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
import pytest

TEXT = files("services.sandbox").joinpath("openapi.yaml").read_text(encoding="utf-8")


def keys_without_a_value(value: Any) -> list[str]:
    """Return the keys with a null value outside the examples.

    An unquoted comma in YAML ends a value and turns the rest of the sentence into such a key.
    """
    if isinstance(value, list):
        return [key for each in value for key in keys_without_a_value(each)]
    if not isinstance(value, dict):
        return []
    rules = {key: each for key, each in value.items() if key not in ("default", "example", "examples")}
    inside = [key for each in rules.values() for key in keys_without_a_value(each)]
    return [key for key, each in rules.items() if each is None] + inside


def test_contract_has_no_key_without_a_value() -> None:
    assert keys_without_a_value(msgspec.yaml.decode(TEXT)) == []


@pytest.mark.parametrize(
    ("quoted", "unquoted"),
    [
        ('"The last day, included."', "The last day, included."),
        ('"What stays due: all that is on no bill yet."', "What stays due, all of it"),
    ],
)
def test_unquoted_comma_in_the_contract_is_found(quoted: str, unquoted: str) -> None:
    assert quoted in TEXT
    assert keys_without_a_value(msgspec.yaml.decode(TEXT.replace(quoted, unquoted))) != []
