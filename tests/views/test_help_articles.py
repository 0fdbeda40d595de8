"""Help articles: translation, typography, agreement with the billing rule, search."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # carries no types
from hypothesis import given
from hypothesis import strategies as st

from services.domain.periods import period_of
from tests.views.catalogues import ROOT
from tests.views.test_catalogues import french_faults
from views.core.formatting import Formats
from views.core.text import Language
from views.help.articles import Article, Section, articles, folded, search, written
from views.kit.theme import FONT_FILES, TEXT_FAMILY
from views.screens import NARROW

RULE = "Ces achats sont facturés du 26 au 25 du mois précédent."
FRENCH = articles(Formats(Language.FR), RULE, 26)
ENGLISH = articles(Formats(Language.EN), "Billed from the 26th.", 26)


def shape(section: Section) -> tuple[object, ...]:
    """Return the structure of a section, equal in both languages."""
    fields = [sorted(name for _, name, _, _ in Formatter().parse(text) if name) for text in section.text]
    return bool(section.title), fields, len(section.steps), [link.to for link in section.links]


def texts(article: Article) -> list[str]:
    found = [article.title, article.summary]
    for section in article.sections:
        found += [section.title, *section.text, *section.steps, *(link.label for link in section.links)]
    return [text for text in found if text]


def test_help_articles_have_the_same_structure_in_both_languages() -> None:
    french, english = written(Language.FR), written(Language.EN)
    assert [article.slug for article in french] == [article.slug for article in english]
    for one, other in zip(french, english, strict=True):
        assert list(map(shape, one.sections)) == list(map(shape, other.sections)), one.slug


def test_help_articles_are_the_expected_ones() -> None:
    slugs = [article.slug for article in FRENCH]
    assert slugs == [
        "internet-plus",
        "lire-vos-achats",
        "periode",
        "achat-inconnu",
        "abonnement",
        "service",
        "identifiant",
    ]
    assert all(re.fullmatch(r"[a-z-]+", slug) for slug in slugs)


@pytest.mark.parametrize("article", [*FRENCH, *ENGLISH], ids=lambda article: article.slug)
def test_help_article_has_a_title_a_summary_and_full_sentences(article: Article) -> None:
    assert article.title
    assert article.summary.endswith(".")
    for section in article.sections:
        assert section.text or section.steps
        assert len(section.steps) != 1, "one step is a sentence"
        assert all(re.search(r"[.!?]$", text) for text in (*section.text, *section.steps))
    assert all(section.title for section in article.sections[1:])


def test_french_help_articles_follow_french_typography() -> None:
    assert {
        text: french_faults(text) for article in FRENCH for text in texts(article) if french_faults(text)
    } == {}


def test_english_help_articles_follow_english_typography() -> None:
    wrong = re.compile(r"\s[:;?!]|[\u2018\u2019\u201c\u201d«»]|\.\.\.")
    assert [text for article in ENGLISH for text in texts(article) if wrong.search(text)] == []


def test_help_articles_use_only_characters_of_the_font() -> None:
    font = TTFont(ROOT / "assets" / dict(FONT_FILES)[TEXT_FAMILY].lstrip("/"))
    drawn = {sign for article in (*FRENCH, *ENGLISH) for text in texts(article) for sign in text}
    assert drawn - set(map(chr, font.getBestCmap())) == set()


def test_help_article_links_lead_to_existing_places() -> None:
    places = {str(route.path or "").split("/")[0] for route in NARROW}
    slugs = {article.slug for article in FRENCH}
    for article in FRENCH:
        for link in (link for section in article.sections for link in section.links):
            first, *rest = link.to.removeprefix("/").split("/")
            assert first in places, link
            if first == "aide":
                assert rest
                assert set(rest) <= slugs - {article.slug}, link


def test_period_article_names_the_rule_and_the_days_of_the_contract() -> None:
    def said(cut_off_day: int) -> str:
        among = articles(Formats(Language.FR), RULE, cut_off_day)
        return "\n".join(texts(next(one for one in among if one.slug == "periode"))).replace("\u00a0", " ")

    assert RULE in said(26)
    assert "Un achat du 25 février est sur la facture de mars." in said(26)
    assert "le 26 février, attend la facture d’avril" in said(26)
    assert "Un achat du 9 février est sur la facture de mars." in said(10)
    assert "{" not in said(10)


@pytest.mark.parametrize("cut_off_day", [1, 10, 26, 28])
def test_period_article_days_follow_the_billing_rule(cut_off_day: int) -> None:
    among = articles(Formats(Language.EN), "", cut_off_day)
    sentence = next(text for text in texts(among[2]) if "March invoice" in text)
    days = re.findall(r"(\d+)(?:st)?\u00a0(February|March)\b(?! invoice)", sentence)
    last, first = (date(2024, 2 if month == "February" else 3, int(day)) for day, month in days)
    assert period_of(last, cut_off_day).bill_month == "2024-03"
    assert period_of(first, cut_off_day).bill_month == "2024-04"


def found(query: str, among: tuple[Article, ...] = FRENCH) -> list[str]:
    return [match.article.slug for match in search(among, query)]


@pytest.mark.parametrize("query", ["médiateur", "MEDIATEUR", "mediateur", "  Médiateur  "])
def test_help_search_ignores_case_and_accents(query: str) -> None:
    assert found(query) == ["achat-inconnu"]
    assert "médiateur" in search(FRENCH, query)[0].sentence


def test_help_search_returns_the_matching_sentence() -> None:
    (match,) = search(FRENCH, "14 jours")
    assert match.sentence.startswith("Auprès de l’éditeur")


def test_help_search_ranks_titles_first() -> None:
    slugs = found("abonnement")
    assert slugs[0] == "abonnement"
    assert len(slugs) > 3


def test_help_search_requires_every_word() -> None:
    assert found("abonnement stop") == ["abonnement"]
    assert found("abonnement zorglub") == []


@pytest.mark.parametrize("query", ["qu'est-ce", "qu’est-ce"])
def test_help_search_treats_apostrophes_alike(query: str) -> None:
    assert found(query) == ["internet-plus"]


def test_help_search_without_words_returns_all_articles_with_summaries() -> None:
    for query in ("", "   "):
        matches = search(FRENCH, query)
        assert [match.article for match in matches] == list(FRENCH)
        assert all(match.sentence.startswith(match.article.summary.split(". ")[0]) for match in matches)


@given(st.data())
def test_help_search_finds_an_article_by_any_of_its_sentences(data: st.DataObject) -> None:
    article = data.draw(st.sampled_from([*FRENCH, *ENGLISH]))
    among = FRENCH if article in FRENCH else ENGLISH
    sentence = data.draw(st.sampled_from(list(article.sentences())))
    assert article.slug in found(sentence.upper(), among)


@given(st.text())
def test_help_search_accepts_any_text_and_folding_is_idempotent(query: str) -> None:
    assert set(found(query)) <= {article.slug for article in FRENCH}
    assert folded(folded(query)) == folded(query)
