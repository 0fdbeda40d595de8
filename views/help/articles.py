"""The help articles: written in `assets/help/<language>.toml`, filled in by the contract, searched.

To edit an article, change both files in the same way; `tests/views/test_help_articles.py` compares them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.periods import period_billed_in
from views.core.formatting import Formats
from views.core.text import Language, asset

EXAMPLE = "2024-03"
"""The bill of the official example; the articles name its month and the next."""


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """A way on, inside the app."""

    label: str
    to: str
    """A path, as `/achats`."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands under one heading, in this order; the first section of an article needs no title."""

    title: str = ""
    text: tuple[str, ...] = ()
    """Paragraphs."""
    steps: tuple[str, ...] = ()
    """Numbered."""
    links: tuple[Link, ...] = ()


class Article(Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    """Its address in every language, and the backend's `articleId`."""
    title: str
    summary: str
    """One sentence, under its title in the list."""
    sections: tuple[Section, ...]

    def sentences(self) -> Iterator[str]:
        """Everything it says but its title, sentence by sentence."""
        paragraphs = [self.summary]
        for section in self.sections:
            paragraphs += [section.title, *section.text, *section.steps]
        for paragraph in paragraphs:
            yield from filter(None, re.split(r"(?<=[.!?…])\s+", paragraph))


class _File(Struct, forbid_unknown_fields=True):
    articles: tuple[Article, ...]


class Match(NamedTuple):
    article: Article
    sentence: str
    """Where it speaks of what is looked for."""


@cache
def written(language: Language) -> tuple[Article, ...]:
    """The articles as they stand in their file, `{fields}` included, in the order of the list.

    A file that cannot be read as articles is a mistake of the program: `msgspec.ValidationError`.
    """
    return msgspec.toml.decode(asset("help", f"{language}.toml").read_bytes(), type=_File).articles


def articles(formats: Formats, billing_rule: str, cut_off_day: int) -> tuple[Article, ...]:
    """The articles in the language of `formats`, true for a contract that is cut on `cut_off_day`."""
    end = period_billed_in(EXAMPLE, cut_off_day).end
    fields = {
        "billing_rule": billing_rule,
        "last_day": formats.day_month(end),
        "first_day": formats.day_month(end + timedelta(days=1)),
    }

    def filled(section: Section) -> Section:
        return msgspec.structs.replace(section, text=tuple(one.format(**fields) for one in section.text))

    return tuple(
        msgspec.structs.replace(article, sections=tuple(map(filled, article.sections)))
        for article in written(formats.language)
    )


def search(among: tuple[Article, ...], query: str) -> tuple[Match, ...]:
    """The articles that hold every word of `query`, whatever their case and accents.

    Those that hold them in their title come first. An empty `query` finds every article.
    """
    words = folded(query).split()
    titled: list[Match] = []
    others: list[Match] = []
    for article in among:
        title, sentences = folded(article.title), [(s, folded(s)) for s in article.sentences()]
        whole = " ".join([title, *(plain for _, plain in sentences)])
        if not all(word in whole for word in words):
            continue
        # The first of the sentences that hold most of the words: the summary when none of them is in any.
        best, _ = max(sentences, key=lambda pair: sum(word in pair[1] for word in words))
        (titled if all(word in title for word in words) else others).append(Match(article, best))
    return (*titled, *others)


def folded(text: str) -> str:
    """`text` as searched: no case, no accents, straight apostrophes, plain spaces, no ligatures."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = plain.replace("’", "'").replace("œ", "oe").replace("æ", "ae")
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
