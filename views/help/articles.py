"""Help articles: read from `assets/help/<language>.toml`, filled in for the contract, and searched.

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

from services.domain.periods import period_billed_in
from views.core.formatting import Formats
from views.core.text import Language, asset

EXAMPLE = "2024-03"
"""Bill month of the official example."""


class Link(Struct, frozen=True, forbid_unknown_fields=True):
    """Link to a screen of the app."""

    label: str
    to: str
    """Path, such as `/achats`."""


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """Content under one heading, in this order; the first section of an article needs no title."""

    title: str = ""
    text: tuple[str, ...] = ()
    """Paragraphs."""
    steps: tuple[str, ...] = ()
    """Numbered steps."""
    links: tuple[Link, ...] = ()


class Article(Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    """Last part of the address in every language, and the backend's `articleId`."""
    title: str
    summary: str
    """One sentence, under the title in the list."""
    sections: tuple[Section, ...]

    def sentences(self) -> Iterator[str]:
        """Yield the sentences of the article; its own title is left out."""
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
    """Sentence of the article that holds most words of the query."""


@cache
def written(language: Language) -> tuple[Article, ...]:
    """Return the articles of a file in the order of the list, with their `{fields}` not filled in.

    Raises:
        msgspec.ValidationError: the file has another form, which is a bug.
    """
    return msgspec.toml.decode(asset("help", f"{language}.toml").read_bytes(), type=_File).articles


def articles(formats: Formats, billing_rule: str, cut_off_day: int) -> tuple[Article, ...]:
    """Return the articles in the language of `formats`, filled in for a contract with `cut_off_day`."""
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
    """Return the articles that hold every word of `query`; case and accents are ignored.

    Articles with all words in the title come first. An empty `query` finds every article.
    """
    words = folded(query).split()
    titled: list[Match] = []
    others: list[Match] = []
    for article in among:
        title, sentences = folded(article.title), [(s, folded(s)) for s in article.sentences()]
        whole = " ".join([title, *(plain for _, plain in sentences)])
        if not all(word in whole for word in words):
            continue
        # `max` returns the first of equals: the summary if no sentence holds a word.
        best, _ = max(sentences, key=lambda pair: sum(word in pair[1] for word in words))
        (titled if all(word in title for word in words) else others).append(Match(article, best))
    return (*titled, *others)


def folded(text: str) -> str:
    """Return `text` for the search, without case, accents, curly apostrophes, special spaces or ligatures."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = plain.replace("’", "'").replace("œ", "oe").replace("æ", "ae")
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
