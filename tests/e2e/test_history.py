"""A history exported, and older months imported, in a browser."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page

from services.sandbox.demo_history import archive
from tests.e2e.browser import PATIENCE, download, scroll_to, see, see_address, see_heading, tap
from tests.e2e.conftest import NOW, Visit
from tests.e2e.test_accessibility import faults
from tests.e2e.test_journeys import EN, FR, Said, sign_in
from tests.harness.processes import Server

WORDS = {
    "fr": {
        "export": "Exporter mon historique",
        "plain": "Ce fichier n’est pas chiffré",
        "save": "Enregistrer",
        "import": "Importer un historique",
        "choose": "Choisir le fichier",
        "other": "Ce fichier n’est pas une archive de cette application",
        "done": "14 périodes importées",
        "close": "Fermer",
        "see": "Voir l’année",
        "month": "Voir les achats : Octobre 2025",
        "origin": "Importé d’un fichier",
    },
    "en": {
        "export": "Export my history",
        "plain": "This file is not encrypted",
        "save": "Save",
        "import": "Import a history",
        "choose": "Choose the file",
        "other": "This file is not an archive of this app",
        "done": "14 periods imported",
        "close": "Close",
        "see": "See the year",
        "month": "See the purchases: October 2025",
        "origin": "Imported from a file",
    },
}


def choose(page: Page, button: str, name: str, content: bytes) -> None:
    """Tap the button that opens the browser's file dialog, and choose a file there."""
    with page.expect_file_chooser(timeout=PATIENCE * 1000) as dialog:
        tap(page, button)
    dialog.value.set_files(FilePayload(name=name, mimeType="application/json", buffer=content))


@pytest.mark.parametrize(
    ("device", "locale", "said"),
    [("phone", "fr", FR), pytest.param("desktop", "en", EN, marks=pytest.mark.nightly)],
)
def test_history_is_exported_and_older_months_are_imported(
    demo: Server,
    visit: Visit,
    tmp_path: Path,
    device: str,
    locale: str,
    said: Said,
) -> None:
    words = WORDS[locale]
    page = visit(f"{demo.url}/reglages", device=device, language=locale)
    sign_in(page, said, "veille@demo.example")
    scroll_to(page, words["export"])
    tap(page, words["export"])
    see(page, words["plain"])
    file = download(page, words["save"], tmp_path)
    assert len(json.loads(file.read_bytes())["contracts"][0]["periods"]) == 6
    tap(page, words["close"])
    tap(page, words["import"])
    choose(page, words["choose"], "other.json", b"{}")
    see(page, words["other"])
    choose(page, words["choose"], "history.json", archive(datetime.fromisoformat(NOW)))
    see(page, words["done"])
    tap(page, words["close"])
    scroll_to(page, words["see"])
    tap(page, words["see"])
    see_address(page, "/conso/annee?annee=2025")
    scroll_to(page, words["month"])
    tap(page, words["month"])
    see_heading(page, said.purchases)
    see(page, words["origin"])
    assert faults(page, said) == []
