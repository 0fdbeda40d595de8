"""Legal facts stated by the app, and letters of a contest file, read from their files.

Both files are written for review by a lawyer: `assets/legal.toml` and `assets/letters.toml`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.insights.contest import Claim, Reason, Step

Filled = Annotated[str, Meta(min_length=1)]


class Fact(Struct, frozen=True, forbid_unknown_fields=True):
    """Fact of law or fact about a site, its source, and the day on which its text was checked."""

    key: Filled
    fr: Filled
    en: Filled
    source: Filled
    checked_on: date
    site: str = ""
    """Name of the site that the fact is about; "" for a fact of law."""
    url: str = ""


class Sentence(Struct, frozen=True, forbid_unknown_fields=True):
    """Sentence of a letter, included only under a condition, or unless a condition holds."""

    text: Filled
    when: str = ""
    unless: str = ""

    def stands(self, held: Collection[str]) -> bool:
        """Return whether the sentence is included under these conditions."""
        return (not self.when or self.when in held) and (not self.unless or self.unless not in held)


class Letter(Struct, frozen=True, forbid_unknown_fields=True):
    """Letter in French; `gloss` is its summary in English."""

    step: Step
    to: Filled
    subject: Filled
    gloss: Filled
    paragraphs: tuple[tuple[Sentence, ...], ...]

    def body(self, held: Collection[str], fields: Mapping[str, str]) -> tuple[str, ...]:
        """Return the paragraphs under these conditions, with the fields filled in."""
        texts = (
            " ".join(each.text for each in sentences if each.stands(held)) for sentences in self.paragraphs
        )
        return tuple(text.format_map(fields) for text in texts if text)


class Letters(Struct, frozen=True, forbid_unknown_fields=True):
    """Letters in the order of their steps, and the parts that they share."""

    foot: Filled
    asks: dict[Claim, Filled]
    reasons: dict[Reason, Filled]
    letter: tuple[Letter, ...]

    def to(self, step: Step) -> Letter:
        """Return the letter of a step."""
        return next(one for one in self.letter if one.step is step)

    def asked(self, claims: Collection[Claim], fields: Mapping[str, str]) -> str:
        """Return the claims in words, such as « le remboursement de 3,99 € et la preuve de mon accord »."""
        *others, last = (self.asks[claim].format_map(fields) for claim in Claim if claim in claims)
        return f"{', '.join(others)} et {last}" if others else last


class _Facts(Struct, frozen=True, forbid_unknown_fields=True):
    fact: tuple[Fact, ...]


def read_facts(file: Path) -> tuple[Fact, ...]:
    """Return the facts of a file."""
    return msgspec.toml.decode(file.read_bytes(), type=_Facts).fact


def read_letters(file: Path) -> Letters:
    """Return the letters of a file."""
    return msgspec.toml.decode(file.read_bytes(), type=Letters)


def checked_on(facts: Collection[Fact]) -> date:
    """Return the date of the oldest check, up to which all facts are confirmed."""
    return min(fact.checked_on for fact in facts)
