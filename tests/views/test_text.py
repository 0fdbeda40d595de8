"""Texts of the catalogues: plural forms, language choice, sentences of errors."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.domain import errors
from services.domain.errors import BackendError
from tests.views.catalogues import po_file
from views.core import text as text_module
from views.core.text import Explanation, Language, Words, explain

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("language", "n", "expected"),
    [
        (Language.FR, 0, "0 achat"),
        (Language.FR, 1, "1 achat"),
        (Language.FR, 2, "2 achats"),
        (Language.FR, 10_000, "10\u202f000 achats"),
        (Language.EN, 0, "0 purchases"),
        (Language.EN, 1, "1 purchase"),
        (Language.EN, 2, "2 purchases"),
        (Language.EN, 10_000, "10,000 purchases"),
    ],
)
def test_words_choose_the_plural_form_by_the_count(language: Language, n: int, expected: str) -> None:
    assert Words(language)("purchases.count", n=n) == expected


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("key", "n", "given"),
    [
        ("login.nothing", None, {}),
        ("login.nothing", 2, {}),
        ("login.h1", 2, {}),
        ("home.h1", None, {}),
        ("purchases.announce", 2, {}),
        ("purchases.announce", None, {"of_month": "de mars", "amount": "1 €"}),
    ],
)
def test_words_with_a_wrong_key_or_field_raise_key_error(
    language: Language, key: str, n: int | None, given: dict[str, str]
) -> None:
    with pytest.raises(KeyError):
        Words(language)(key, n=n, **given)


def test_words_do_not_interpret_values_as_patterns() -> None:
    assert Words(Language.FR)("home.h1", name="{n} {0.__class__}") == "Bonjour {n} {0.__class__}"


def test_words_match_the_official_wording() -> None:
    words = Words(Language.FR)
    assert words("login.h1") == "Identifiez-vous"
    assert words("home.overline") == "Espace client"
    assert words("services.title") == "Services ponctuels"
    assert words("services.link") == "Voir le détail"
    assert words("purchases.h1") == "Achats internet+"
    assert words("purchases.info_text").replace(NBSP, " ") == (
        "Ces achats sont facturés du 26 au 25 du mois précédent. Par exemple : sur la facture du mois "
        "de mars, seront facturés les achats du 26 janvier au 25 février."
    )


def test_words_of_a_packaged_app_come_from_its_assets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "locales" / "fr" / "LC_MESSAGES" / "messages.po"
    packaged.parent.mkdir(parents=True)
    shutil.copy(po_file(Language.FR), packaged)
    packaged.write_text(
        packaged.read_text(encoding="utf-8").replace("Identifiez-vous", "Entrez"), encoding="utf-8"
    )
    monkeypatch.setenv("FLET_ASSETS_DIR", str(tmp_path))
    text_module._catalogue.cache_clear()
    try:
        assert Words(Language.FR)("login.h1") == "Entrez"
    finally:
        text_module._catalogue.cache_clear()


@pytest.mark.parametrize(
    ("locales", "expected"),
    [
        (["fr-FR"], Language.FR),
        (["en_GB"], Language.EN),
        (["EN-us", "fr-FR"], Language.EN),
        (["de-DE", "en"], Language.EN),
        (["de", "it_IT"], Language.FR),
        (["french", "", "C.UTF-8"], Language.FR),
        ([], Language.FR),
    ],
)
def test_preferred_language_is_the_first_supported_locale(locales: list[str], expected: Language) -> None:
    assert Language.preferred(locales) is expected


def test_languages_have_their_locales() -> None:
    assert [str(language.locale) for language in Language] == ["fr_FR", "en_GB"]


def kinds(error: type[BackendError] = BackendError) -> Iterator[type[BackendError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def one(kind: type[BackendError]) -> BackendError:
    if kind is errors.Locked:
        return errors.Locked(retry_after=timedelta(minutes=5))
    if kind is errors.ActionNeeded:
        return errors.ActionNeeded(url=None)
    return kind()


@pytest.mark.parametrize("language", Language)
def test_backend_errors_have_distinct_sentences(language: Language) -> None:
    told = [explain(one(kind), Words(language)) for kind in kinds() if kind.__module__ == errors.__name__]
    assert len({explanation.sentence for explanation in told}) == len(told) == 22


@pytest.mark.parametrize(
    ("error", "french", "english"),
    [
        (
            errors.Unreachable(),
            "Connexion impossible. Vérifiez votre réseau, puis réessayez.",
            "Can't connect. Check your network, then try again.",
        ),
        (
            errors.Refused(attempts_left=4),
            "Identifiant ou mot de passe incorrect. Il vous reste 4 essais.",
            "Wrong identifier or password. You have 4 tries left.",
        ),
        (
            errors.Refused(attempts_left=1),
            "Identifiant ou mot de passe incorrect. Il vous reste 1 essai.",
            "Wrong identifier or password. You have 1 try left.",
        ),
        (
            errors.Refused(),
            "Identifiant ou mot de passe incorrect. Vérifiez-les, puis réessayez.",
            "Wrong identifier or password. Check them, then try again.",
        ),
        (
            errors.Locked(retry_after=timedelta(seconds=61)),
            "Trop d’essais. Réessayez dans 2 minutes ou réinitialisez votre mot de passe.",
            "Too many tries. Try again in 2 minutes or reset your password.",
        ),
        (
            errors.Locked(retry_after=timedelta(0)),
            "Trop d’essais. Réessayez dans 1 minute ou réinitialisez votre mot de passe.",
            "Too many tries. Try again in 1 minute or reset your password.",
        ),
        (
            errors.Unavailable(retry_after=timedelta(minutes=2)),
            "Service momentanément indisponible. Vos données n’ont pas changé. Réessayez dans 2 minutes.",
            "Service unavailable for the moment. Your data has not changed. Try again in 2 minutes.",
        ),
        (
            errors.NotPossible(code="SERVICE_LOCKED"),
            "Action impossible. Rien n’a été fait\u00a0: un autre changement du service est en cours. "
            "Attendez qu’il soit terminé.",
            "This can't be done. Nothing was done: another change of the service is in progress. "
            "Wait until it is over.",
        ),
        (
            errors.NotPossible(code="A_RULE_OF_TOMORROW"),
            "Action impossible. Rien n’a été fait\u00a0: cette action n’est pas possible pour le moment.",
            "This can't be done. Nothing was done: this action is not possible at the moment.",
        ),
        (
            errors.SessionExpired(),
            "Votre session a expiré. Identifiez-vous de nouveau pour continuer.",
            "Your session has expired. Sign in again to continue.",
        ),
    ],
)
def test_backend_error_is_explained_in_both_languages(error: BackendError, french: str, english: str) -> None:
    assert explain(error, Words(Language.FR)).sentence == french
    assert explain(error, Words(Language.EN)).sentence == english


def test_missing_rights_are_not_explained_as_no_purchase() -> None:
    told = explain(errors.Forbidden(), Words(Language.FR))
    assert isinstance(told, Explanation)
    assert "titulaire" in told.title
    assert "adressez-vous" in told.text
    assert not re.search(r"\d|[Aa]ucun", told.sentence)
