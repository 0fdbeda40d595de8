"""Identifiers as typed or pasted by users: e-mail addresses and French phone numbers."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

_FRENCH_NUMBER: Final = re.compile(r"(?:\+33|0033|0)([1-9][0-9]{8})")
_BETWEEN_DIGITS: Final = re.compile(r"[\s.()/-]")
_LINK: Final = re.compile(r"(?:tel|sms|mailto):", re.IGNORECASE)
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
"""Letters and marks without a visible shape, in addition to the format characters."""


def cleaned(text: str) -> str:
    """Return `text` without the traces of copying: format characters, `tel:` or `mailto:`, unusual hyphens.

    `"\\u202a06\\u201139\\u202c"` is `06-39`.
    """
    text = unicodedata.normalize("NFKC", "".join(map(_plain, text))).strip().strip("<>")
    if link := _LINK.match(text):
        text = unquote(re.split("[;?]", text[link.end() :])[0])
    return text.strip()


def phone_number(text: str) -> str | None:
    """Return the French number in `text` as `0639980112`; `None` if there is none.

    `+33 (0)6 39.98.01.12` is `0639980112`.
    """
    number = _FRENCH_NUMBER.fullmatch(_BETWEEN_DIGITS.sub("", cleaned(text).replace("(0)", "")))
    return f"0{number[1]}" if number else None


def canonical(identifier: str) -> str:
    """Return the canonical spelling of an identifier.

    `" Camille@Demo.Example "` is `camille@demo.example`.
    """
    return phone_number(identifier) or cleaned(identifier).casefold()


def _plain(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter.isspace():
        return " "
    if category in ("Cc", "Cf") or letter in _INVISIBLE:
        return ""
    return "-" if category == "Pd" or letter == "\N{MINUS SIGN}" else letter
