"""Legal facts with their sources and dates, and letters filled in under every condition."""

from __future__ import annotations

import string
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.documents.letters import checked_on, read_facts, read_letters
from services.insights.contest import Claim, Reason
from services.insights.contest_rules import CONDITIONS, LETTERS

ASSETS = Path(__file__).parents[3] / "assets"
FACTS, WRITTEN = read_facts(ASSETS / "legal.toml"), read_letters(ASSETS / "letters.toml")
UNVERIFIED = ("L. 133-24", "13 mois", "90 jours", "nullité", "AF2M")
"""Unverified statements that no letter may contain."""
FIELDS = frozenset(
    (
        *(
            "asks",
            "apart",
            "bills",
            "contract",
            "count",
            "ended",
            "ended_reference",
            "first",
            "last",
            "number",
            "payments",
        ),
        *("publisher", "publisher_sent", "reason", "references", "sum", "service_sent", "service_answered"),
        *("service_means", "consumers_sent", "consumers_answered", "consumers_means"),
    )
)
"""Fields that the app fills in."""


def test_every_fact_has_a_source_and_was_read_on_a_day() -> None:
    assert len({fact.key for fact in FACTS}) == len(FACTS)
    assert checked_on(FACTS) == min(fact.checked_on for fact in FACTS) >= date(2026, 11, 28)
    for fact in FACTS:
        assert any(word in fact.source for word in ("article", "fiche", "page")), fact.key


def test_facts_about_sites_have_a_name_and_a_secure_url() -> None:
    sites = {fact.key: fact for fact in FACTS if fact.site or fact.url}
    assert sites.keys() == {"surmafacture", "signalconso"}
    for fact in sites.values():
        assert fact.site
        assert fact.url.startswith("https://")
        assert fact.fr.startswith(fact.site)


def test_nothing_unverified_is_claimed() -> None:
    told = (ASSETS / "legal.toml").read_text("utf-8") + (ASSETS / "letters.toml").read_text("utf-8")
    assert [word for word in UNVERIFIED if word in told] == []


def test_each_letter_stands_once_and_depends_on_known_conditions() -> None:
    assert tuple(letter.step for letter in WRITTEN.letter) == LETTERS
    assert (set(WRITTEN.asks), set(WRITTEN.reasons)) == (set(Claim), set(Reason))
    used = {
        name
        for letter in WRITTEN.letter
        for sentences in letter.paragraphs
        for sentence in sentences
        for name in (sentence.when, sentence.unless)
        if name
    }
    assert used <= CONDITIONS
    assert CONDITIONS - used == {"refund", "proof"}  # they stand in {asks}


def test_articles_quoted_in_the_letters_are_among_the_facts() -> None:
    sources = " ".join(fact.source for fact in FACTS)
    for number in ("L. 221-18", "L. 221-20", "L. 221-26", "L. 221-28, 13°", "L. 521-3-1"):
        assert number in sources
        assert any(number in str(letter.paragraphs) for letter in WRITTEN.letter)


@given(st.sets(st.sampled_from(sorted(CONDITIONS))))
def test_letter_is_filled_whole_whatever_holds(held: set[str]) -> None:
    fields = {name: f"<{name}>" for name in FIELDS}
    for letter in WRITTEN.letter:
        body = letter.body(held, fields)
        assert body
        for text in (*body, letter.subject.format_map(fields), letter.to.format_map(fields)):
            assert "{" not in text
            assert text.strip() == text


def test_every_field_is_used() -> None:
    texts = [WRITTEN.foot, *WRITTEN.asks.values(), *WRITTEN.reasons.values()]
    for letter in WRITTEN.letter:
        texts += [letter.to, letter.subject]
        texts += [sentence.text for sentences in letter.paragraphs for sentence in sentences]
    named = {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}
    assert named == FIELDS | {"checked_on"}


@pytest.mark.parametrize(
    ("claims", "asked"),
    [
        ([Claim.REFUND], "le remboursement de 3 €"),
        ([Claim.PROOF, Claim.REFUND], "le remboursement de 3 € et la preuve de mon accord"),
        (list(Claim), "le remboursement de 3 €, la fin de tout abonnement et la preuve de mon accord"),
    ],
)
def test_what_is_asked_is_one_phrase(claims: list[Claim], asked: str) -> None:
    assert WRITTEN.asked(claims, {"sum": "3 €"}) == asked
