"""Screen tests of the history beyond six periods: export, import, and the screens that use it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import flet as ft
import pytest

from services.documents import archive as archive_module
from services.documents.archive import Archive, archive_file, read_archive
from services.sandbox.demo_history import archive
from services.settings import Runtime
from tests.harness.driver import Driver
from tests.services.insights.factories import NOW
from tests.views.conftest import Line, Serve, quiet
from tests.views.test_sharing import text_of
from tests.views.visits import NARROW, visit_remembered
from views.web.uploads import Uploads

VEILLE, BOX = "veille@demo.example", "veille-box"
FR = {
    "export": "Exporter mon historique",
    "plain": "Ce fichier n’est pas chiffré.",
    "save": "Enregistrer",
    "import": "Importer un historique",
    "choose": "Choisir le fichier",
    "done": "14 périodes importées",
    "close": "Fermer",
    "held": "14 périodes plus anciennes, importées pour cette visite",
    "origin": "Importé d’un fichier du ",
    "tag": "Importé",
}


@asynccontextmanager
async def at_settings(line: Line, **screen: Any) -> AsyncIterator[Driver]:
    async with visit_remembered(line, "/reglages", **screen) as app:
        await app.see(FR["export"])
        yield app


async def load(app: Driver, folder: Path, content: bytes) -> None:
    """Import a file on a desktop."""
    path = folder / "history.json"
    path.write_bytes(content)
    await app.tap(FR["import"])
    await app.pick(FR["choose"], name=path.name, size=len(content), path=str(path))


async def exported(app: Driver) -> Archive:
    await app.tap(FR["export"])
    await app.see(FR["plain"])
    file = await app.save(FR["save"])
    await app.tap(FR["close"])
    return read_archive(file["src_bytes"], BOX)


async def test_history_too_large_to_import_is_exported_as_a_table_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "LARGEST", 1_000)
    line = serve(VEILLE)
    async with at_settings(line, **NARROW) as app:
        await app.tap(FR["export"])
        await app.see(FR["plain"])
        await app.tap(FR["save"])
        await app.see("Votre historique est trop grand pour un fichier à réimporter.")
        assert not app.saved
        await quiet(app, line)


async def test_export_after_an_import_holds_both_and_imports_again(serve: Serve, tmp_path: Path) -> None:
    line, given = serve(VEILLE), read_archive(archive(NOW), BOX)
    async with at_settings(line) as app:
        own = await exported(app)
        served = own.contracts[0].periods
        assert len(served) == 6
        await load(app, tmp_path, archive_file(own))
        await app.see("5 périodes importées")  # the period in progress is left out
        await app.tap(FR["close"])
        await app.until(lambda: not _says(app, "pour cette visite"), "counted as older")
        await load(app, tmp_path, archive(NOW))
        await app.see(FR["done"])
        await app.tap(FR["close"])
        whole = await exported(app)
        assert whole.contracts[0].periods == (*given.contracts[0].periods, *served)
        await app.tap(FR["export"], "Tableau (CSV)")
        table = await app.save(FR["save"])
        assert table["file_name"].endswith(".csv")
        rows = table["src_bytes"].decode("utf-8-sig").splitlines()
        assert len(rows) == 1 + sum(len(one.entries) for one in whole.contracts[0].periods)
        await app.tap(FR["close"], "Retirer l’historique importé")
        await app.see_not(FR["held"])
        assert (await exported(app)).contracts[0].periods == served


def _says(app: Driver, sentence: str) -> bool:
    return any(sentence in text for text in app.texts())


def _other_contract(content: Any) -> None:
    content["contracts"][0]["contractId"] = "camille-box"


def _damaged(content: Any) -> None:
    content["contracts"][0]["periods"][3]["entries"][0]["amount"]["amount"] = "1.999"


async def test_refused_file_changes_nothing_and_gives_its_reason(serve: Serve, tmp_path: Path) -> None:
    faults: dict[str, Callable[[Any], object]] = {
        "Ce fichier concerne un autre contrat. Choisissez d’abord ce contrat.": _other_contract,
        "$.contracts[0].periods[3].entries[0].amount": _damaged,
        "Ce fichier vient d’une version plus récente": lambda content: content.update(version=2),
        "Ce fichier n’est pas une archive de cette application.": lambda content: content.update(format=""),
    }
    async with at_settings(serve(VEILLE)) as app:
        for sentence, change in faults.items():
            content = json.loads(archive(NOW))
            change(content)
            await load(app, tmp_path, json.dumps(content).encode())
            await app.see("Rien n’a été importé")
            await app.until(partial(_says, app, sentence), sentence)
            await app.tap(FR["close"])
        await app.tap(FR["import"])
        await app.pick(FR["choose"], name="history.json", size=8_000_001, path="/nowhere")
        await app.see("Ce fichier dépasse 8 Mo.")
        await app.pick(FR["choose"], name="history.json", size=5, path=str(tmp_path / "gone.json"))
        await app.see("Le fichier n’a pas pu être lu. Réessayez.")
        await app.tap(FR["close"])
        await app.see_not(FR["held"])


@pytest.mark.parametrize("runtime", [Runtime.PHONE, Runtime.BROWSER])
async def test_client_without_paths_sends_the_content(serve: Serve, runtime: Runtime) -> None:
    content = archive(NOW)
    async with at_settings(serve(VEILLE), runtime=runtime) as app:
        await app.tap(FR["import"])
        await app.pick(FR["choose"], name="history.json", size=len(content), bytes=content)
        await app.see(FR["done"])


async def test_browser_sends_the_file_to_the_uploads_of_the_host(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, uploads, unread = archive(NOW), Uploads(), "Le fichier n’a pas pu être lu. Réessayez."
    file = {"name": "history.json", "size": len(content)}
    addresses: list[str] = []

    async def refuse(*_: Any) -> None:
        raise RuntimeError("the browser refuses")

    async def accept(_: Any, files: list[ft.FilePickerUploadFile]) -> None:
        addresses.extend(one.upload_url for one in files)

    async with at_settings(serve(VEILLE), web=True) as app:
        app.page.session.store.set("uploads", uploads)
        await app.tap(FR["import"])
        await app.see("Au plus 1 Mo.")
        monkeypatch.setattr(ft.FilePicker, "upload", refuse)
        await app.pick(FR["choose"], **file)
        await app.see(unread)
        monkeypatch.setattr(ft.FilePicker, "upload", accept)
        await app.pick(FR["choose"], **file)
        await app.until(lambda: addresses, "no upload")
        await app.see_not(unread)
        button: Any = next(one for one in app.controls(ft.FilledButton) if one.action is not None)
        failed = {"file_name": "history.json", "progress": None, "error": "503"}
        await app.send(button.action._service, "upload", failed)
        await app.see(unread)
        await app.pick(FR["choose"], **file)
        await app.until(lambda: len(addresses) == 2, "no second upload")
        uploads._expected[addresses[1].removeprefix("/import/")].set_result(content)
        await app.see(FR["done"])
        assert not uploads._expected


async def test_imported_purchase_is_marked_in_every_screen_and_shown_offline(
    serve: Serve, tmp_path: Path
) -> None:
    line = serve(VEILLE)
    oldest = read_archive(archive(NOW), BOX).contracts[0].periods[0].entries[0]
    async with at_settings(line) as app:
        await load(app, tmp_path, archive(NOW))
        await app.see(FR["done"])
        await app.tap(FR["close"])
        await app.go("/recherche")
        await quiet(app, line)
        await app.enter("Éditeur, contenu, référence ou montant", oldest.reference_code)
        await app.see(FR["tag"])
        await app.go(f"/achats/{oldest.payment_id}?periode={oldest.period_id}")
        await app.see(oldest.reference_code, FR["tag"])
        line.down = True
        await app.go(f"/achats?periode={oldest.period_id}")
        await app.until(partial(_says, app, FR["origin"]), "no period without a network")
        line.down = False
        await app.go(f"/contestations/nouvelle/achat/{oldest.payment_id}")
        await app.tap("Achat à mon insu", "Préparer le dossier")
        text = text_of((await app.save("Enregistrer le dossier (PDF)"))["src_bytes"])
        assert oldest.reference_code in text
        assert FR["tag"] in text


async def test_signing_out_drops_the_imported_history(serve: Serve, tmp_path: Path) -> None:
    async with at_settings(serve(VEILLE)) as app:
        await load(app, tmp_path, archive(NOW))
        await app.see(FR["done"])
        await app.tap(FR["close"])
        await app.see(FR["held"])
        await app.tap("Se déconnecter", "Se déconnecter")
        await app.enter("Identifiant", VEILLE)
        await app.tap("Continuer")
        await app.enter("Mot de passe", "Soleil-2026")
        await app.tap("Se connecter")
        await app.go("/reglages")
        await app.see(FR["export"])
        await app.see_not(FR["held"])


async def test_demo_case_shows_a_year_against_the_year_before(serve: Serve) -> None:
    async with visit_remembered(serve("camille@demo.example", VEILLE), web=True) as app:
        await app.tap("Démonstration : données fictives", "Historique", "Montrer ce cas")
        await app.until(lambda: app.route == "/conso/annee?annee=2026", "no year")
        await app.until(
            lambda: any("Par rapport à 2025, sur 5 mois connus" in text for text in app.texts()),
            "no comparison",
        )
