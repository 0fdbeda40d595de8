"""Message catalogues: completeness, typography, words for every code, use in the screens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import pytest

from services.client.credentials import CredentialProblem
from services.domain import models
from tests.views.catalogues import CATALOGUES, KEYS, ROOT, every_text, fields, forms, po_file
from views.core.text import Language, Words

VIEWS = ROOT / "views"
NBSP = "\u00a0"


def test_catalogues_have_the_same_keys_and_fields() -> None:
    french, english = CATALOGUES[Language.FR], CATALOGUES[Language.EN]
    assert french.keys() == english.keys()
    for key in KEYS:
        expected = fields(forms(french[key])[0])
        for text in forms(french[key]) + forms(english[key]):
            assert fields(text) == expected, key


@pytest.mark.parametrize("language", Language)
def test_catalogue_entries_are_unique_and_complete(language: Language) -> None:
    source = po_file(language).read_text(encoding="utf-8")
    ids = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert sorted(ids) == KEYS, "an entry is there twice"
    assert "fuzzy" not in source
    for key, message in CATALOGUES[language].items():
        assert re.fullmatch(r"[a-z0-9]+(\.[A-Za-z0-9_]+)+", key)
        assert all(text.strip() and text == text.strip() for text in forms(message)), key


@pytest.mark.parametrize("language", Language)
def test_catalogue_entry_with_a_count_has_two_plural_forms(language: Language) -> None:
    for key, message in CATALOGUES[language].items():
        counted = any("n" in fields(text) for text in forms(message))
        assert len(forms(message)) == (2 if counted else 1), key


@pytest.mark.parametrize(("language", "rule"), [(Language.FR, "(n > 1)"), (Language.EN, "(n != 1)")])
def test_catalogue_header_has_the_plural_rule(language: Language, rule: str) -> None:
    assert f'"Plural-Forms: nplurals=2; plural={rule};\\n"' in po_file(language).read_text(encoding="utf-8")


def french_faults(text: str) -> list[str]:
    """Return the violations of French typography in `text`."""
    text = re.sub(r"\d\d:\d\d", "", text)
    faults = re.findall(r"['\"\u2018\u201c\u201d]|\.\.\.", text)
    faults += re.findall(rf"[^{NBSP}][:;?!€%»]", f" {text}")
    faults += re.findall(rf"«(?!{NBSP})", text)
    return faults


def test_french_catalogue_follows_french_typography() -> None:
    assert {text: french_faults(text) for text in every_text(Language.FR) if french_faults(text)} == {}


@pytest.mark.parametrize(
    "wrong", ["l'achat", "Prêt ?", "Prêt?", "« Tous »", "12 €", "12€", 'dit "oui"', "Un instant...", "Note :"]
)
def test_french_typography_check_finds_faults(wrong: str) -> None:
    assert french_faults(wrong)


def test_english_catalogue_follows_english_typography() -> None:
    faulty = [
        text
        for text in every_text(Language.EN)
        if re.search(r"[\s][:;?!]|[\u2018\u2019\u201c\u201d«»]|\.\.\.", text)
    ]
    assert faulty == []


@pytest.mark.parametrize("language", Language)
def test_catalogue_entry_is_formatted_with_its_fields(language: Language) -> None:
    words = Words(language)
    for key, message in CATALOGUES[language].items():
        values = {name: f"<{name}>" for name in fields(forms(message)[0]) - {"n"}}
        for n in (0, 1, 2) if len(forms(message)) == 2 else (None,):
            said = words(key, n=n, **values)
            assert all(value in said for value in values.values())
            assert "{" not in said


WORDED: list[tuple[str, type[StrEnum]]] = [
    ("contract.{value}", models.ContractKind),
    ("period.{value}", models.PeriodState),
    ("invoice.{value}", models.PeriodState),
    ("entry.{value}", models.EntryType),
    ("status.{value}", models.PaymentStatus),
    ("category.{value}", models.Category),
    ("channel.{value}", models.Channel),
    ("kind.{value}", models.PurchaseKind),
    ("filter.{value}", models.Filter),
    ("subscription.price_{value}", models.Rhythm),
    ("reason.{name}", models.DisputeReason),
    ("dispute.{value}", models.DisputeStatus),
    ("credentials.{value}", CredentialProblem),
    ("language.{value}", Language),
]
"""Enums with words for every code, and the pattern of their keys."""

TOLD: list[tuple[type[StrEnum], dict[str, str | None]]] = [
    (
        models.SubscriptionStatus,
        {
            "ACTIVE": None,  # the normal case has no text
            "SUSPENDED": "subscription.suspended",
            "PENDING_TERMINATE": "subscription.being_ended",
            "TERMINATED": "subscription.ended_on",
            "OTHER": None,  # unknown status: no text and no termination
        },
    ),
    (
        models.ServiceStatus,
        {
            "ACTIVE": "service.on_since",
            "SUSPENDED": "service.off_since",
            "OTHER": None,  # shown as off: the switch has two positions
        },
    ),
]
"""Enums with a sentence per code: the key by the code's name, or None."""


@pytest.mark.parametrize(("key", "codes"), WORDED)
def test_enum_code_has_a_catalogue_entry(key: str, codes: type[StrEnum]) -> None:
    assert {key.format(value=code.value, name=code.name.lower()) for code in codes} <= set(KEYS)


@pytest.mark.parametrize(("codes", "keys"), TOLD)
def test_enum_code_with_a_sentence_has_a_catalogue_entry(
    codes: type[StrEnum], keys: dict[str, str | None]
) -> None:
    assert keys.keys() == {code.name for code in codes}
    assert {key for key in keys.values() if key is not None} <= set(KEYS)


def test_enums_of_the_models_all_have_words() -> None:
    enums = {
        value for value in vars(models).values() if isinstance(value, type) and issubclass(value, StrEnum)
    }
    worded = {codes for _, codes in WORDED} | {codes for codes, _ in TOLD}
    assert enums - {StrEnum, models._Tolerant} == worded - {CredentialProblem, Language}


@dataclass(frozen=True)
class Use:
    """Use of a key, or of a pattern of keys, in the code."""

    where: str
    pattern: str
    given: frozenset[str] | None
    """The fields of the call; None if they cannot be determined from the code."""

    @property
    def keys(self) -> list[str]:
        return [key for key in KEYS if re.fullmatch(self.pattern, key)]


def patterns(node: ast.expr) -> Iterator[str]:
    """Yield patterns of the keys of an expression: literal, f-string or conditional."""
    match node:
        case ast.Constant(value=str() as key):
            yield re.escape(key)
        case ast.JoinedStr(values=values):
            parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in values]
            if any(part and re.search(r"\w\.|\.\w", part) for part in parts):
                yield "".join(r"\w+" if part is None else re.escape(part) for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from patterns(body)
            yield from patterns(orelse)


@cache
def uses() -> tuple[Use, ...]:
    """Return all uses of keys in the code."""
    return tuple(_uses())


def _uses() -> Iterator[Use]:
    """Yield calls of `words(...)` and every other literal that is a key."""
    for path in sorted(VIEWS.rglob("*.py")):
        file = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{file}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[key, *_]) if (
                    name.lstrip("_") == "words"
                ):
                    named = [keyword.arg for keyword in node.keywords]
                    given = None if None in named else frozenset(filter(None, named))
                    yield from (Use(where, pattern, given) for pattern in patterns(key))
                case ast.Constant(value=str() as literal) if literal in KEYS:
                    yield Use(where, re.escape(literal), None)
                case ast.JoinedStr():
                    yield from (use for pattern in patterns(node) if (use := Use(where, pattern, None)).keys)


def test_catalogue_key_in_the_code_exists_and_gets_its_fields() -> None:
    wrong = [f"{use.where}: {use.pattern} is in no catalogue" for use in uses() if not use.keys]
    for use in uses():
        for key in use.keys:
            missing = (
                fields(forms(CATALOGUES[Language.FR][key])[0]) - use.given if use.given is not None else ()
            )
            wrong += [f"{use.where}: {key} lacks {name}" for name in missing]
    assert wrong == []


def test_catalogue_entry_is_used_in_the_code() -> None:
    used = {key for use in uses() for key in use.keys}
    assert [key for key in KEYS if key not in used] == []
