"""Brand of an operator: name, mark, accent and legal line. A rebranding changes only this file.

The rest of the palette is neutral (`theme.py`). Each brand must pass the contrast pairs of
`tests/views/test_theme.py`, in both themes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Accent:
    """Accent colors of one theme, each as `#RRGGBB`."""

    surface: str
    """Fill of the only brand button of a screen."""
    on_surface: str
    """Text and focus ring on `surface` and on `mark` (at least 4.5:1)."""
    mark: str
    """Selected bar, underline, tick, chevron: at least 3:1 on cards and canvas; never text."""
    tint: str
    """Pale background under ordinary text."""


@dataclass(frozen=True)
class Brand:
    """Properties that differ between operators."""

    product_name: str
    mark: str
    """Path of the mark inside `assets/`, for `ft.Image(src=…)`."""
    light: Accent
    dark: Accent
    legal_fr: str
    legal_en: str

    def legal_line(self, language: str) -> str:
        """Return the statement of independence, in French for `fr…`, in English otherwise."""
        return self.legal_fr if language.startswith("fr") else self.legal_en


CONSO_ET_MOI = Brand(
    product_name="Conso et moi",
    mark="/icons/mark.svg",
    light=Accent(surface="#FF7900", on_surface="#000000", mark="#F15E00", tint="#FAF4EF"),
    dark=Accent(surface="#FF7900", on_surface="#000000", mark="#FF7900", tint="#36312C"),
    legal_fr=(
        "Application indépendante. "
        "Orange, Orange et moi et internet+ sont des marques de leurs propriétaires."
    ),
    legal_en="Independent application. Orange, Orange et moi and internet+ are trade marks of their owners.",
)
"""Brand of the app."""
