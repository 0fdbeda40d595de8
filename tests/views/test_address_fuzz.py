"""Fuzzing of addresses in the whole app: each shows a screen and none ends the session."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.harness.fuzz import TEXTS, examples
from tests.views.conftest import Line, quiet
from tests.views.visits import SIZES, Screen, visit_remembered

PLACES = ("/", "/achats", "/achats/", "/aide", "/aide/", "/gerer", "/gerer/abonnements/", "/conso/", "//", "")
PIECES = TEXTS | st.sampled_from(
    [
        "/",
        "//",
        "?",
        "&",
        "#",
        "%",
        "%00",
        "%2e%2e",
        "..",
        "[",
        "]",
        "@",
        ":",
        "=",
        "periode=",
        "2026-05",
        "\\",
    ]
)
ADDRESSES = st.builds(
    lambda place, pieces: place + "".join(pieces),
    st.sampled_from(PLACES) | st.just("/achats?periode="),
    st.lists(PIECES, max_size=5),
)


def drawn(most: int) -> list[str]:
    """Return up to `most` generated addresses."""
    found: list[str] = []

    @given(ADDRESSES)
    @example("//[")
    @example("/#?")
    @example("/achats?periode=２０２６-05")
    @example("/achats?periode=2026-05%0a")
    @example("/achats/..%2f..?periode=2026-05")
    @examples(most)
    def collect(address: str) -> None:
        found.append(address)

    collect()
    return found


@SIZES
async def test_random_address_shows_a_screen(line: Line, screen: Screen) -> None:
    async with visit_remembered(line, **screen) as app:
        await app.see("Bonjour Camille")
        for address in drawn(8):
            await app.go(address)
            await quiet(app, line)
            assert app.texts(), f"nothing is shown at {address!r}"
            asked = [path for path in line.asked if re.search(r"\.\.|%2[ef]|%00|//", path, re.IGNORECASE)]
            assert asked == [], f"{address!r} led the app astray"
        await app.go("/")
        await app.see("Bonjour Camille")


@pytest.mark.parametrize("address", ["//[", "//]:x@[", "/#?"])
async def test_unparsable_address_leads_to_the_home_screen(line: Line, address: str) -> None:
    async with visit_remembered(line, address) as app:
        await app.see("Bonjour Camille")
        await app.go("/gerer")
        await app.go(address)
        await app.until(lambda: app.route == "/", "not led to the start")
        await app.see("Bonjour Camille")


def test_address_fuzzing_generates_enough_addresses() -> None:
    assert len(set(drawn(8))) >= 8
