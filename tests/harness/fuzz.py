"""Hypothesis strategies for parsers: random JSON, and mutations of valid JSON.

`pytest --hypothesis-profile=explore` runs fifty times as many examples.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def examples(most: int) -> settings:
    """Return settings for `most` examples, or for fifty times as many in the profile `explore`."""
    times = 50 if settings.get_current_profile_name() == "explore" else 1
    return settings(max_examples=most * times, suppress_health_check=list(HealthCheck))


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "\0",
            "é" * 300,
            "-0.00",
            "-1.99",
            "1.999",
            "9999999.99",
            "NaN",
            "0001-01-01",
            "9999-12-31",
            "2024-02-30",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-12:00",
            "2024-03-10T12:00:00",
            "2024-03-10T12:00:00+01:00",
            "2024-13",
            "Europe/Nowhere",
            "Pacific/Kiritimati",
            "../../etc/passwd",
            "javascript:alert(1)",
            "<b>x</b>",
        ]
    ),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BROKEN = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"{", b"null", b"\xef\xbb\xbf{}", b'"\\ud800"', b"[" * 20_000, b'{"a":' * 20_000]),
)
"""Bytes that are no JSON, or too deeply nested."""

Place = tuple[str | int, ...]


def places(tree: Any, here: Place = ()) -> list[Place]:
    """Return the paths of all parts of a JSON value, including itself."""
    inside: Any = (
        tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    )
    return [here, *(place for key, value in inside for place in places(value, (*here, key)))]


def like(value: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of values of the same type."""
    match value:
        case bool():
            return st.booleans()
        case int():
            return st.integers(-(2**40), 2**40)
        case str():
            return TEXTS
        case _:
            return JSON


@st.composite
def altered(draw: st.DrawFn, tree: Any, most: int = 2) -> bytes:
    """Draw a JSON encoding of `tree` with up to `most` members replaced, removed or added."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(0, most))):
        *way, last = ("", *draw(st.sampled_from(places(tree))))
        if not way:
            return msgspec.json.encode(draw(JSON))
        parent: Any = tree
        for step in way[1:]:
            parent = parent[step]
        match draw(st.sampled_from(["likened", "likened", "replaced", "removed", "joined"])):
            case "likened":
                parent[last] = draw(like(parent[last]))
            case "replaced":
                parent[last] = draw(JSON)
            case "removed":
                del parent[last]
            case _ if isinstance(parent, dict):
                parent[draw(st.text(max_size=8))] = draw(JSON)
            case _:
                parent.append(draw(JSON))
    return msgspec.json.encode(tree)


def bodies(tree: Any) -> st.SearchStrategy[bytes]:
    """Return a strategy of bodies: mostly mutations of `tree`, sometimes other JSON or bytes."""
    return st.one_of(altered(tree), altered(tree), altered(tree), JSON.map(msgspec.json.encode), BROKEN)
