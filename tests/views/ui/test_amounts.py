"""Size of large amounts: never cut, whatever the room."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # carries no types
from fontTools.varLib.instancer import instantiateVariableFont  # type: ignore[import-untyped] # nor this

from services.domain.models import Money
from views.core.formatting import Formats
from views.core.text import Language
from views.kit.amounts import hero_amount, width_in_ems
from views.kit.design import Design
from views.kit.theme import Layout

FONT = Path(__file__).parents[3] / "assets" / "fonts" / "InterDisplay-VF.ttf"
NUMBERS = ("0.00", "34.74", "-3.00", "1234.56", "28256.63", "-999999.99")
AMOUNTS = [Money(amount=Decimal(number)) for number in NUMBERS]


@pytest.fixture(scope="module")
def advances() -> dict[str, float]:
    """Return the width of each character of the bold face, in ems."""
    font = instantiateVariableFont(TTFont(FONT), {"wght": 700})
    signs, em = font.getBestCmap(), font["head"].unitsPerEm
    return {chr(code): font["hmtx"][name][0] / em for code, name in signs.items()}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("amount", AMOUNTS, ids=NUMBERS)
def test_amount_width_estimate_is_not_below_the_font(
    advances: dict[str, float], language: Language, amount: Money
) -> None:
    said = Formats(language).money(amount)
    assert sum(advances[sign] for sign in said) <= width_in_ems(said)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("text_size", [1.0, 1.3, 2.0])
@pytest.mark.parametrize("amount", AMOUNTS, ids=NUMBERS)
def test_hero_amount_has_the_largest_size_that_fits(
    language: Language, layout: Layout, text_size: float, amount: Money
) -> None:
    design = Design.of(language, layout, dark=False, still=False, text_size=text_size)
    for room in (120, 176, 256, 400):
        shown = hero_amount(design, design.formats, amount, room)
        assert shown.style is not None
        size, hero = shown.style.size or 0, design.type.amount_hero.size or 0
        width = size * width_in_ems(shown.value)
        assert width <= room + 0.001
        assert size == hero or width == pytest.approx(room)
        assert (shown.max_lines, shown.no_wrap) == (None, True)


def test_hero_amount_of_ordinary_length_has_full_size_on_a_phone() -> None:
    design = Design.of(Language.FR, Layout.S, dark=False, still=False, text_size=1.0)
    room = design.layout.least_content - 32
    shown = hero_amount(design, design.formats, Money(amount=Decimal("1034.74")), room)
    assert shown.style == design.type.amount_hero
