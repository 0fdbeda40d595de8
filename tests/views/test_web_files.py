"""Static files of the web app over HTTP: encodings, caching, exposed paths, compression."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import brotli  # type: ignore[import-untyped] # carries no types
import flet as ft
import flet_web
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route

from tests.harness.patience import stretched
from tests.harness.servers import served
from views.web import static as web_files
from views.web.app import listen, web_app
from views.web.static import FOREVER, QUICK, SMALL, WebFiles, client_files, compress, missing

ASSETS = Path(__file__).parents[2] / "assets"
CLIENT = Path(flet_web.__file__).parent / "web"
ENGINE = "/client-1.0.5/main.dart.mjs"
EVERY_CODING = "gzip, deflate, br, zstd"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with only a part of the client compressed, to save time."""
    place = tmp_path_factory.mktemp("compressed")
    for name in ("main.dart.mjs", "flutter_bootstrap.js"):
        for suffix in (".br", ".gz"):
            compress(CLIENT / name, place / f"client-1.0.5-{QUICK}" / (name + suffix), QUICK)
    return place


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """Return the address at which the files are served."""
    app = Starlette(routes=[Route("/{name:path}", WebFiles(ASSETS, [place]), methods=["GET"])])
    with served(app) as origin:
        yield origin


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, HTTPMessage, bytes]:
    """Return status, headers and body of an answer; `_` stands for `-` in header names."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=stretched(20))
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def app_address(address: str, name: str) -> str:
    """Return the versioned address of an asset, as named in the page."""
    page = ask(address, "/")[2].decode()
    (base,) = re.findall(r'flet\.assetBase = "(.*)"', page)
    return f"{base}{name}"


# --- Content encodings --------------------------------------------------------------------------------


def test_file_is_sent_in_an_accepted_encoding_with_the_same_content(address: str) -> None:
    plain = (CLIENT / "main.dart.mjs").read_bytes()
    for accepted, coding, body in (
        (EVERY_CODING, "br", brotli.decompress),
        ("gzip, deflate", "gzip", gzip.decompress),
        ("br;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("identity", None, bytes),
        ("", None, bytes),
        ("br;q=0.0, *;q=0", None, bytes),
    ):
        status, headers, sent = ask(address, ENGINE, Accept_Encoding=accepted)
        assert (status, headers["Content-Encoding"]) == (200, coding), accepted
        assert body(sent) == plain
        assert int(headers["Content-Length"]) == len(sent)
        assert headers["Vary"] == "Accept-Encoding"
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert coding is None or len(sent) < len(plain) / 4


def test_etag_differs_per_encoding(address: str) -> None:
    tags = {ask(address, ENGINE, Accept_Encoding=each)[1]["ETag"] for each in ("br", "gzip", "identity")}
    assert len(tags) == 3


def test_compressed_format_is_sent_without_an_encoding(address: str) -> None:
    status, headers, body = ask(
        address, app_address(address, "assets/fonts/InterTab-VF.woff2"), Accept_Encoding=EVERY_CODING
    )
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, None, None)
    assert headers["Content-Type"] == "font/woff2"
    assert body == (ASSETS / "assets" / "fonts" / "InterTab-VF.woff2").read_bytes()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.dart.wasm", "application/wasm"),  # browsers compile a stream only with this media type
        ("main.dart.mjs", "text/javascript; charset=utf-8"),
        ("manifest.json", "application/json"),
        ("icons/mark.svg", "image/svg+xml"),
        ("favicon.png", "image/png"),
        ("assets/AssetManifest.bin", "application/octet-stream"),
        ("", "text/html; charset=utf-8"),
    ],
)
def test_file_has_its_media_type(address: str, name: str, media_type: str) -> None:
    status, headers, body = ask(address, f"/{name}", "HEAD", Accept_Encoding=EVERY_CODING)
    assert (status, headers["Content-Type"], body) == (200, media_type, b"")


def test_head_has_the_headers_of_get(address: str) -> None:
    for path in (ENGINE, "/", "/icons/mark.svg"):
        for accepted in ("br", "gzip", "identity"):
            got, asked = (ask(address, path, method, Accept_Encoding=accepted) for method in ("GET", "HEAD"))
            assert {**dict(got[1]), "date": ""} == {**dict(asked[1]), "date": ""}
            assert asked[2] == b""


def test_range_is_of_the_unencoded_file(address: str) -> None:
    plain = (CLIENT / "main.dart.mjs").read_bytes()
    status, headers, body = ask(address, ENGINE, Range="bytes=10-19", Accept_Encoding=EVERY_CODING)
    assert (status, body, headers["Content-Encoding"]) == (206, plain[10:20], None)
    assert headers["Content-Range"] == f"bytes 10-19/{len(plain)}"
    compressed = ask(address, ENGINE, Accept_Encoding="br")[1]["ETag"]
    status, _, body = ask(address, ENGINE, Range="bytes=10-19", If_Range=compressed)
    assert (status, body) == (200, plain)  # ranges of different encodings cannot be combined


def test_methods_other_than_get_and_head_are_refused(address: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(address, "/", method)[0] == 405


# --- Cache lifetimes ----------------------------------------------------------------------------------


def test_versioned_address_is_cached_forever(address: str) -> None:
    for path in (ENGINE, app_address(address, "boot.js"), app_address(address, "assets/FontManifest.json")):
        assert ask(address, path)[1]["Cache-Control"] == FOREVER


def test_unversioned_address_is_revalidated_by_its_etag(address: str) -> None:
    for path in ("/", "/achats?periode=2024-03", "/main.dart.mjs", "/manifest.json", "/icons/mark.svg"):
        _, headers, _ = ask(address, path, Accept_Encoding=EVERY_CODING)
        assert headers["Cache-Control"] == "no-cache"
        for known in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
            status, again, body = ask(address, path, Accept_Encoding=EVERY_CODING, If_None_Match=known)
            assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])
            assert (again["Cache-Control"], again["Content-Encoding"]) == ("no-cache", None)
        assert ask(address, path, Accept_Encoding=EVERY_CODING, If_None_Match='"other"')[0] == 200


def test_address_of_another_version_is_answered_without_caching(address: str) -> None:
    for path in ("/client-1.0.4/main.dart.mjs", "/app-0123456789ab/boot.js", "/client-1.0.5/boot.js"):
        status, headers, _ = ask(address, path)
        assert (status, headers["Cache-Control"]) == (200, "no-cache"), path


def test_version_changes_with_the_served_assets_only(tmp_path: Path) -> None:
    def bases(assets: Path) -> list[str]:
        files = WebFiles(assets, [tmp_path])
        return [files._app, files._client]

    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "index.html").write_text("<!-- fletAppConfig -->", encoding="utf-8")
    before = bases(tmp_path / "one")
    assert bases(tmp_path / "one") == before
    (tmp_path / "one" / "notes.toml").write_text("not served", encoding="utf-8")
    assert bases(tmp_path / "one") == before
    (tmp_path / "one" / "boot.js").write_text("1", encoding="utf-8")
    after = bases(tmp_path / "one")
    assert after[0] != before[0]
    assert after[1] == before[1]  # 3.4 MB that clients keep in their cache


def test_page_links_only_to_existing_cacheable_files(address: str) -> None:
    page = ask(address, "/")[2].decode()
    named = re.findall(r'\b(?:src|href)="([^"]+)"', page)
    assert len(named) >= 10
    for path in set(named) - {"/", "manifest.json"}:
        status, headers, _ = ask(address, path)
        assert (status, headers["Cache-Control"]) == (200, FOREVER), path
    assert ask(address, "/manifest.json")[0] == 200  # its addresses are relative to the root


# --- Exposed paths ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *("/main.py", "/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fmain.py", "//etc/passwd.txt"),
        *("/pyodide/pyodide.js", "/python.js", "/canvaskit/skwasm.js.symbols", "/flutter.js.map"),
        *("/locales/fr/LC_MESSAGES/messages.po", "/help/fr.toml", "/fonts/InterTab-Regular.ttf"),
        *("/fonts/build_fonts.py", "/assets/fonts/build_web_fonts.py", "/client-1.0.5/main.dart.mjs.br"),
        *("/app-0123456789ab/", "/app-0123456789ab/achats", "/missing.png", "/index.html%00.png"),
    ],
)
def test_unpublished_path_is_not_found(address: str, path: str) -> None:
    status, _, body = ask(address, path)
    assert (status, body) == (404, b"Not Found")


def test_address_of_the_app_is_answered_with_the_page(address: str) -> None:
    pages = {ask(address, path)[2] for path in ("/", "/index.html", "/achats/x", "/aide/a.html", "/conso/")}
    assert len(pages) == 1
    assert b"<title>Conso et moi</title>" in pages.pop()


# --- Compression --------------------------------------------------------------------------------------


@pytest.fixture
def small_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a client of three files, so that the whole is compressed quickly."""
    folder = tmp_path / "client"
    (folder / "canvaskit").mkdir(parents=True)
    for name in ("main.dart.wasm", "canvaskit/skwasm.wasm", "icon.png"):
        (folder / name).write_bytes(b"drawing " * 1000)
    monkeypatch.setattr(web_files, "FIRST", ("main.dart.wasm",))
    monkeypatch.setattr(web_files, "_packaged", lambda: folder)
    return folder


def compress_all(*places: Path) -> None:
    """Start the background compression and wait for its end."""
    WebFiles(ASSETS, places).compress()
    for thread in threading.enumerate():
        if thread.name == "compress the web client":
            assert thread.daemon  # must not block the exit of the server
            thread.join()


def test_client_compression_skips_finished_files(small_client: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    compress_all(place)
    done = {file: file.stat().st_mtime_ns for file in place.rglob("*") if file.is_file()}
    assert {file.relative_to(place).as_posix() for file in done} == {
        f"client-1.0.5-{QUICK}/{name}{suffix}"
        for name in ("main.dart.wasm", "canvaskit/skwasm.wasm")
        for suffix in (".br", ".gz")
    }
    lost = place / f"client-1.0.5-{QUICK}" / "main.dart.wasm.br"
    lost.unlink()
    compress_all(place)
    for file, at in done.items():
        assert (file.stat().st_mtime_ns == at) == (file != lost)


def test_concurrent_compression_of_a_file_gives_a_complete_one(tmp_path: Path) -> None:
    source, target = tmp_path / "drawing", tmp_path / "place" / "drawing.gz"
    source.write_bytes(b"drawing " * 1000)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(compress, source, target, QUICK) for _ in range(200)]:
            done.result()
    assert gzip.decompress(target.read_bytes()) == source.read_bytes()
    assert list(target.parent.iterdir()) == [target]


def test_prepared_compressed_client_is_not_compressed_again(small_client: Path, tmp_path: Path) -> None:
    prepared, other = tmp_path / "prepared", tmp_path / "other"
    for source, target in missing(prepared / f"client-1.0.5-{SMALL}"):
        compress(source, target, SMALL)
    compress_all(other, prepared)
    assert not other.exists()


def test_compression_falls_back_to_the_next_writable_folder(
    small_client: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    compress_all(tmp_path / "file" / "place", tmp_path / "place")
    assert (tmp_path / "place" / f"client-1.0.5-{QUICK}" / "main.dart.wasm.br").is_file()
    assert "cannot be kept in" in caplog.text


def test_files_without_a_writable_folder_are_served_uncompressed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files = WebFiles(ASSETS, [tmp_path / "file" / "place"])
    asked = Headers({"Accept-Encoding": EVERY_CODING})
    assert files._variant(files._files["main.dart.mjs"], asked) == ("", CLIENT / "main.dart.mjs")


def test_compression_starts_with_the_files_of_the_first_load() -> None:
    names = list(client_files())
    assert names[:2] == ["main.dart.wasm", "canvaskit/skwasm.wasm"]
    assert len(names) == len(set(names))


def test_web_app_starts_the_compression_when_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    async def start(_: ft.Page) -> None:
        raise AssertionError("nobody came")

    monkeypatch.setattr(WebFiles, "compress", lambda _: started.append("compressing"))
    app = web_app(start, ASSETS)
    assert started == []
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio"))
        server.should_exit = True  # as soon as it has started
        server.run([listening])
    assert started == ["compressing"]


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        ("//achats", "/achats"),
        ("///achats//x/", "/achats/x/"),
        ("/%2Fachats", "/achats"),
        ("/%5C%5Cevil.example/achats", "/evil.example/achats"),
        ("//evil.example", "/evil.example"),
        ("/./achats/../aide", "/achats/aide"),
        ("/achats%FF", "/achats"),
        ("/achats%00%0D%0A", "/achats"),
        ("/achats%E2%80%AE", "/achats"),
        ("//achats?periode=2026-05", "/achats?periode=2026-05"),
        ("/achats?periode=%FF", "/achats"),
        ("/achats?" + "x" * 2_000, "/achats"),
        ("/" + "x" * 2_000, "/" + "x" * 82),
        ("/" + "%F0%9F%8E%AC" * 200, "/" + "%F0%9F%8E%AC" * 82),
    ],
)
def test_address_that_flutter_cannot_use_is_redirected_once(address: str, asked: str, used: str) -> None:
    status, headers, _ = ask(address, asked, Accept="text/html")
    assert (status, headers["Location"], headers["Cache-Control"]) == (302, used, "no-cache")
    assert ask(address, used, Accept="text/html")[0] == 200


@pytest.mark.parametrize(
    "asked", ["/", "/achats/p-1?periode=2026-05", "/aide/%C3%A9t%C3%A9", "/achats/a%20b", "/a%zz", "/?a=%zz"]
)
def test_address_that_flutter_can_use_is_answered(address: str, asked: str) -> None:
    assert ask(address, asked)[0] == 200


def test_address_with_a_file_ending_opens_the_app_in_a_browser(address: str) -> None:
    assert ask(address, "/achats/facture.pdf", Accept="text/html,*/*")[0] == 200
    assert ask(address, "/achats/facture.pdf", Accept="image/png")[0] == 404
