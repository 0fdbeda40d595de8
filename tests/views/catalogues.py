"""Raw message catalogues, for the tests that check them."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from views.core.text import Language

ROOT = Path(__file__).parents[2]


def po_file(language: Language) -> Path:
    return ROOT / "assets" / "locales" / language / "LC_MESSAGES" / "messages.po"


def read(language: Language) -> dict[str, Message]:
    with po_file(language).open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    return {
        message.id if isinstance(message.id, str) else message.id[0]: message
        for message in catalogue
        if message.id
    }


CATALOGUES = {language: read(language) for language in Language}
KEYS = sorted(CATALOGUES[Language.FR])


def forms(message: Message) -> tuple[str, ...]:
    """Return the texts of an entry: one, or its singular and its plural."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def every_text(language: Language) -> list[str]:
    return [text for message in CATALOGUES[language].values() for text in forms(message)]
