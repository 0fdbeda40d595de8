"""The files of the web app, asked for over HTTP as browsers, proxies and the curious do."""

from __future__ import annotations

import gzip
import re
import threading
import time
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

from views.web import static as web_files
from views.web.app import address_of, listen, web_app
from views.web.static import FOREVER, QUICK, SMALL, WebFiles, client_files, compress, missing

ASSETS = Path(__file__).parents[2] / "assets"
CLIENT = Path(flet_web.__file__).parent / "web"
ENGINE = "/client-1.0.5/main.dart.mjs"
EVERY_CODING = "gzip, deflate, br, zstd"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where some of the client is compressed: the whole takes seconds."""
    place = tmp_path_factory.mktemp("compressed")
    for name in ("main.dart.mjs", "flutter_bootstrap.js"):
        for suffix in (".br", ".gz"):
            compress(CLIENT / name, place / f"client-1.0.5-{QUICK}" / (name + suffix), QUICK)
    return place


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    """Where the files are served."""
    app = Starlette(routes=[Route("/{name:path}", WebFiles(ASSETS, [place]), methods=["GET"])])
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield address_of(listening)
        server.should_exit = True
        thread.join()


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[int, HTTPMessage, bytes]:
    """The status, the headers and the body of an answer; `_` stands for `-` in names of headers."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=20)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def app_address(address: str, name: str) -> str:
    """Where this version of an asset of the app is, as the page says."""
    page = ask(address, "/")[2].decode()
    (base,) = re.findall(r'flet\.assetBase = "(.*)"', page)
    return f"{base}{name}"


# --- In which coding ----------------------------------------------------------------------------------


def test_what_is_sent_is_compressed_as_the_browser_can_read_it_and_is_the_same_file(address: str) -> None:
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


def test_each_coding_has_a_tag_of_its_own(address: str) -> None:
    tags = {ask(address, ENGINE, Accept_Encoding=each)[1]["ETag"] for each in ("br", "gzip", "identity")}
    assert len(tags) == 3


def test_what_is_compressed_already_is_left_as_it_is(address: str) -> None:
    status, headers, body = ask(
        address, app_address(address, "assets/fonts/InterTab-VF.woff2"), Accept_Encoding=EVERY_CODING
    )
    assert (status, headers["Content-Encoding"], headers["Vary"]) == (200, None, None)
    assert headers["Content-Type"] == "font/woff2"
    assert body == (ASSETS / "assets" / "fonts" / "InterTab-VF.woff2").read_bytes()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.dart.wasm", "application/wasm"),  # compiled while it arrives only under this name
        ("main.dart.mjs", "text/javascript; charset=utf-8"),
        ("manifest.json", "application/json"),
        ("icons/mark.svg", "image/svg+xml"),
        ("favicon.png", "image/png"),
        ("assets/AssetManifest.bin", "application/octet-stream"),
        ("", "text/html; charset=utf-8"),
    ],
)
def test_every_file_says_what_it_is(address: str, name: str, media_type: str) -> None:
    status, headers, body = ask(address, f"/{name}", "HEAD", Accept_Encoding=EVERY_CODING)
    assert (status, headers["Content-Type"], body) == (200, media_type, b"")


def test_a_head_says_what_a_get_would(address: str) -> None:
    for path in (ENGINE, "/", "/icons/mark.svg"):
        for accepted in ("br", "gzip", "identity"):
            got, asked = (ask(address, path, method, Accept_Encoding=accepted) for method in ("GET", "HEAD"))
            assert {**dict(got[1]), "date": ""} == {**dict(asked[1]), "date": ""}
            assert asked[2] == b""


def test_a_part_is_one_of_the_file_itself(address: str) -> None:
    plain = (CLIENT / "main.dart.mjs").read_bytes()
    status, headers, body = ask(address, ENGINE, Range="bytes=10-19", Accept_Encoding=EVERY_CODING)
    assert (status, body, headers["Content-Encoding"]) == (206, plain[10:20], None)
    assert headers["Content-Range"] == f"bytes 10-19/{len(plain)}"
    compressed = ask(address, ENGINE, Accept_Encoding="br")[1]["ETag"]
    status, _, body = ask(address, ENGINE, Range="bytes=10-19", If_Range=compressed)
    assert (status, body) == (200, plain)  # a part of one coding does not go on in another


def test_only_reading_is_answered(address: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(address, "/", method)[0] == 405


# --- For how long -------------------------------------------------------------------------------------


def test_what_has_a_version_in_its_address_is_kept_for_good(address: str) -> None:
    for path in (ENGINE, app_address(address, "boot.js"), app_address(address, "assets/FontManifest.json")):
        assert ask(address, path)[1]["Cache-Control"] == FOREVER


def test_what_has_none_is_asked_for_again_and_not_sent_again(address: str) -> None:
    for path in ("/", "/achats?periode=2024-03", "/main.dart.mjs", "/manifest.json", "/icons/mark.svg"):
        _, headers, _ = ask(address, path, Accept_Encoding=EVERY_CODING)
        assert headers["Cache-Control"] == "no-cache"
        for known in (headers["ETag"], f'"other", W/{headers["ETag"]}', "*"):
            status, again, body = ask(address, path, Accept_Encoding=EVERY_CODING, If_None_Match=known)
            assert (status, body, again["ETag"]) == (304, b"", headers["ETag"])
            assert (again["Cache-Control"], again["Content-Encoding"]) == ("no-cache", None)
        assert ask(address, path, Accept_Encoding=EVERY_CODING, If_None_Match='"other"')[0] == 200


def test_what_another_version_of_the_page_asks_for_is_given_but_not_kept(address: str) -> None:
    for path in ("/client-1.0.4/main.dart.mjs", "/app-0123456789ab/boot.js", "/client-1.0.5/boot.js"):
        status, headers, _ = ask(address, path)
        assert (status, headers["Cache-Control"]) == (200, "no-cache"), path


def test_the_version_follows_what_the_app_ships(tmp_path: Path) -> None:
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
    assert after[1] == before[1]  # 3.4 MB that nobody asks for again


def test_the_page_names_only_what_is_there_and_will_be_kept(address: str) -> None:
    page = ask(address, "/")[2].decode()
    named = re.findall(r'\b(?:src|href)="([^"]+)"', page)
    assert len(named) >= 10
    for path in set(named) - {"/", "manifest.json"}:
        status, headers, _ = ask(address, path)
        assert (status, headers["Cache-Control"]) == (200, FOREVER), path
    assert ask(address, "/manifest.json")[0] == 200  # its own addresses are relative to the root


# --- What is served -----------------------------------------------------------------------------------


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
def test_nothing_else_is_served(address: str, path: str) -> None:
    status, _, body = ask(address, path)
    assert (status, body) == (404, b"Not Found")


def test_every_address_of_the_app_gives_the_page(address: str) -> None:
    pages = {ask(address, path)[2] for path in ("/", "/index.html", "/achats/x", "/aide/a.html", "/conso/")}
    assert len(pages) == 1
    assert b"<title>Conso et moi</title>" in pages.pop()


# --- Compressing --------------------------------------------------------------------------------------


@pytest.fixture
def small_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A client of three files, so that all of it is compressed at once."""
    folder = tmp_path / "client"
    (folder / "canvaskit").mkdir(parents=True)
    for name in ("main.dart.wasm", "canvaskit/skwasm.wasm", "icon.png"):
        (folder / name).write_bytes(b"drawing " * 1000)
    monkeypatch.setattr(web_files, "FIRST", ("main.dart.wasm",))
    monkeypatch.setattr(web_files, "_packaged", lambda: folder)
    return folder


def compress_all(*places: Path) -> None:
    """Runs what starts in the background to its end."""
    WebFiles(ASSETS, places).compress()
    for thread in threading.enumerate():
        if thread.name == "compress the web client":
            assert thread.daemon  # it keeps no server from ending
            thread.join()


def test_the_client_is_compressed_once_file_by_file(small_client: Path, tmp_path: Path) -> None:
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


def test_a_file_that_others_compress_at_the_same_time_appears_whole(tmp_path: Path) -> None:
    source, target = tmp_path / "drawing", tmp_path / "place" / "drawing.gz"
    source.write_bytes(b"drawing " * 1000)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(compress, source, target, QUICK) for _ in range(200)]:
            done.result()
    assert gzip.decompress(target.read_bytes()) == source.read_bytes()
    assert list(target.parent.iterdir()) == [target]


def test_what_was_prepared_is_used_wherever_it_is(small_client: Path, tmp_path: Path) -> None:
    prepared, other = tmp_path / "prepared", tmp_path / "other"
    for source, target in missing(prepared / f"client-1.0.5-{SMALL}"):
        compress(source, target, SMALL)
    compress_all(other, prepared)
    assert not other.exists()


def test_a_place_that_cannot_be_written_gives_way_to_the_next(
    small_client: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    compress_all(tmp_path / "file" / "place", tmp_path / "place")
    assert (tmp_path / "place" / f"client-1.0.5-{QUICK}" / "main.dart.wasm.br").is_file()
    assert "cannot be kept in" in caplog.text


def test_without_any_place_the_files_are_served_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    files = WebFiles(ASSETS, [tmp_path / "file" / "place"])
    asked = Headers({"Accept-Encoding": EVERY_CODING})
    assert files._variant(files._files["main.dart.mjs"], asked) == ("", CLIENT / "main.dart.mjs")


def test_what_browsers_wait_for_comes_first() -> None:
    names = list(client_files())
    assert names[:2] == ["main.dart.wasm", "canvaskit/skwasm.wasm"]
    assert len(names) == len(set(names))


def test_the_web_app_compresses_while_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
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
