"""The catalogues are complete, well typed, have words for every code, and agree with the screens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import pytest

from services import models
from services.credentials import CredentialProblem
from tests.views.catalogues import CATALOGUES, KEYS, ROOT, every_text, fields, forms, po_file
from views.text import Language, Words

VIEWS = ROOT / "views"
NBSP = "\u00a0"


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    french, english = CATALOGUES[Language.FR], CATALOGUES[Language.EN]
    assert french.keys() == english.keys()
    for key in KEYS:
        expected = fields(forms(french[key])[0])
        for text in forms(french[key]) + forms(english[key]):
            assert fields(text) == expected, key


@pytest.mark.parametrize("language", Language)
def test_every_entry_is_written_once_and_whole(language: Language) -> None:
    source = po_file(language).read_text(encoding="utf-8")
    ids = re.findall(r'^msgid "(.+)"$', source, re.MULTILINE)
    assert sorted(ids) == KEYS, "an entry is there twice"
    assert "fuzzy" not in source
    for key, message in CATALOGUES[language].items():
        assert re.fullmatch(r"[a-z0-9]+(\.[A-Za-z0-9_]+)+", key)
        assert all(text.strip() and text == text.strip() for text in forms(message)), key


@pytest.mark.parametrize("language", Language)
def test_what_is_counted_has_two_forms_and_shows_the_count(language: Language) -> None:
    for key, message in CATALOGUES[language].items():
        counted = any("n" in fields(text) for text in forms(message))
        assert len(forms(message)) == (2 if counted else 1), key


@pytest.mark.parametrize(("language", "rule"), [(Language.FR, "(n > 1)"), (Language.EN, "(n != 1)")])
def test_the_plural_rule_stands_in_the_header(language: Language, rule: str) -> None:
    assert f'"Plural-Forms: nplurals=2; plural={rule};\\n"' in po_file(language).read_text(encoding="utf-8")


def french_faults(text: str) -> list[str]:
    """Every place where a French typesetter would stop."""
    text = re.sub(r"\d\d:\d\d", "", text)
    faults = re.findall(r"['\"\u2018\u201c\u201d]|\.\.\.", text)
    faults += re.findall(rf"[^{NBSP}][:;?!€%»]", f" {text}")
    faults += re.findall(rf"«(?!{NBSP})", text)
    return faults


def test_french_is_well_typed() -> None:
    assert {text: french_faults(text) for text in every_text(Language.FR) if french_faults(text)} == {}


@pytest.mark.parametrize(
    "wrong", ["l'achat", "Prêt ?", "Prêt?", "« Tous »", "12 €", "12€", 'dit "oui"', "Un instant...", "Note :"]
)
def test_the_french_check_sees_faults(wrong: str) -> None:
    assert french_faults(wrong)


def test_english_is_well_typed() -> None:
    faulty = [
        text
        for text in every_text(Language.EN)
        if re.search(r"[\s][:;?!]|[\u2018\u2019\u201c\u201d«»]|\.\.\.", text)
    ]
    assert faulty == []


@pytest.mark.parametrize("language", Language)
def test_every_entry_can_be_said(language: Language) -> None:
    words = Words(language)
    for key, message in CATALOGUES[language].items():
        values = {name: f"<{name}>" for name in fields(forms(message)[0]) - {"n"}}
        for n in (0, 1, 2) if len(forms(message)) == 2 else (None,):
            said = words(key, n=n, **values)
            assert all(value in said for value in values.values())
            assert "{" not in said


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("contract", models.ContractKind),
        ("period", models.PeriodState),
        ("invoice", models.PeriodState),
        ("entry", models.EntryType),
        ("status", models.PaymentStatus),
        ("category", models.Category),
        ("channel", models.Channel),
        ("kind", models.PurchaseKind),
        ("filter", models.Filter),
        ("credentials", CredentialProblem),
        ("language", Language),
    ],
)
def test_every_code_has_its_words(group: str, codes: type[StrEnum]) -> None:
    assert {f"{group}.{code}" for code in codes} <= set(KEYS)


def test_no_enum_of_the_models_is_forgotten() -> None:
    worded = {
        "ContractKind",
        "PeriodState",
        "EntryType",
        "PaymentStatus",
        "Category",
        "Channel",
        "PurchaseKind",
        "Filter",
    }
    enums = {
        name for name, value in vars(models).items() if isinstance(value, type) and issubclass(value, StrEnum)
    }
    assert enums - {"StrEnum", "_Tolerant"} == worded


@dataclass(frozen=True)
class Use:
    """A key, or a pattern of keys, as it stands in the code."""

    where: str
    pattern: str
    given: frozenset[str] | None
    """The fields of the call; None when they cannot be read from the code."""

    @property
    def keys(self) -> list[str]:
        return [key for key in KEYS if re.fullmatch(self.pattern, key)]


def patterns(node: ast.expr) -> Iterator[str]:
    """The keys an expression can stand for: a literal, an f-string, either side of a condition."""
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


def uses() -> Iterator[Use]:
    """Calls of `words(...)`, and any literal that is a key (a table of keys, an argument of a helper)."""
    for path in sorted(VIEWS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
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


USES = list(uses())


def test_every_word_asked_for_exists_and_gets_its_fields() -> None:
    wrong = [f"{use.where}: {use.pattern} is in no catalogue" for use in USES if not use.keys]
    for use in USES:
        for key in use.keys:
            missing = (
                fields(forms(CATALOGUES[Language.FR][key])[0]) - use.given if use.given is not None else ()
            )
            wrong += [f"{use.where}: {key} lacks {name}" for name in missing]
    assert wrong == []


def test_every_word_is_used() -> None:
    used = {key for use in USES for key in use.keys}
    assert [key for key in KEYS if key not in used] == []
