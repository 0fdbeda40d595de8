"""Texts of the interface in the user's language, from the gettext catalogs in `assets/locales`.

The `.po` files are the single source, compiled in memory once per language. Keys are `screen.name`.
"""

from __future__ import annotations

import gettext
import math
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NoReturn

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from services.domain.errors import BackendError, Locked, NotPossible, Refused, Unavailable

_RULES = frozenset(
    (
        "TERMINATION_NOT_ALLOWED",
        "SERVICE_LOCKED",
        "DISPUTE_EXISTS",
        "DISPUTE_NOT_ALLOWED",
        "ARCHIVE_TOO_LARGE",
    )
)
"""Codes of `NotPossible` that have their own sentence."""
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Zl", "Zp", "Zs"))
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(
    map(chr, range(0xFE00, 0xFE10))
)
"""Fillers, joiners and variation selectors, which Unicode counts as letters, marks or symbols."""


class Language(StrEnum):
    """Language of the interface; French is the default."""

    FR = "fr"
    EN = "en"

    @property
    def locale(self) -> Locale:
        """Locale of the language in its country: `fr_FR` or `en_GB`."""
        return Locale("fr", "FR") if self is Language.FR else Locale("en", "GB")

    @classmethod
    def preferred(cls, locales: Iterable[str]) -> Language:
        """Return the first supported language among `locales` (`fr-CA`, `en_US`, `de`), else French."""
        spoken = {language.value: language for language in cls}
        codes = (locale.replace("_", "-").partition("-")[0].lower() for locale in locales)
        return next((spoken[code] for code in codes if code in spoken), cls.FR)


@dataclass(frozen=True)
class Words:
    """Texts of one language: `words("login.h1")`, `words("purchases.count", n=3)`."""

    language: Language

    def __call__(self, key: str, *, n: int | None = None, **fields: object) -> str:
        """Return the text of `key` with its fields filled in.

        `n` selects the plural form of a text that has one, and is formatted for the language.
        An unknown key or a missing field is a programming error and raises `KeyError`.
        """
        catalogue = _catalogue(self.language)
        if n is None:
            return catalogue.gettext(key).format(**fields)
        number = format_decimal(n, locale=self.language.locale)
        return catalogue.ngettext(key, key, n).format(n=number, **fields)


@dataclass(frozen=True)
class Explanation:
    """Failure in the user's terms: the cause, then the advice."""

    title: str
    text: str

    @property
    def sentence(self) -> str:
        """Title and text as one message."""
        return f"{self.title}. {self.text}"


def explain(error: BackendError, words: Words) -> Explanation:
    """Return the explanation of any `BackendError`."""
    kind = type(error).__name__
    match error:
        case Refused(attempts_left=int() as left):
            text = words("error.Refused.attempts", n=left)
        case Locked(retry_after=wait):
            text = words("error.Locked.wait", n=_minutes(wait))
        case Unavailable(retry_after=timedelta() as wait):
            text = words("error.Unavailable.wait", n=_minutes(wait))
        case NotPossible(code=code) if code in _RULES:
            text = words(f"error.NotPossible.{code}")
        case _:
            text = words(f"error.{kind}.text")
    return Explanation(words(f"error.{kind}.title"), text)


def blank(text: str) -> bool:
    """Return whether `text` has no visible character: empty, or only spaces and format characters."""
    return not any(map(_visible, text))


def initial(name: str) -> str:
    """Return the first visible letter of `name` in upper case; "" if `name` is blank."""
    return next(filter(_visible, name), "").upper()[:1]


def _visible(letter: str) -> bool:
    return letter not in _INVISIBLE and unicodedata.category(letter) not in _INVISIBLE_CATEGORIES


def joined(*parts: str, separator: str = " · ") -> str:
    """Join the parts that are not blank."""
    return separator.join(part for part in parts if not blank(part))


def asset(*parts: str) -> Path:
    """Return the path of a file in the app's assets."""
    # A packaged app sets FLET_ASSETS_DIR; otherwise the assets lie beside views/.
    return Path(os.environ.get("FLET_ASSETS_DIR") or Path(__file__).parents[2] / "assets", *parts)


def _minutes(wait: timedelta) -> int:
    """Return the wait in whole minutes, rounded up, at least 1."""
    return max(1, math.ceil(wait / timedelta(minutes=1)))


class _NoWords(gettext.NullTranslations):
    """Fallback of gettext that raises. Without it, the user would see an unknown key."""

    def gettext(self, message: str) -> NoReturn:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> NoReturn:
        raise KeyError(msgid1)


@cache
def _catalogue(language: Language) -> gettext.GNUTranslations:
    compiled = BytesIO()
    with asset("locales", language, "LC_MESSAGES", "messages.po").open("rb") as source:
        write_mo(compiled, read_po(source, abort_invalid=True))
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    translations.add_fallback(_NoWords())
    return translations
