"""Files of the web app: Flet's client and the app's assets, compressed once and cached for good.

Addresses with a version are cached by browsers for good. `index.html`, which is always revalidated, contains
them. The same files answer under their plain names too, and are then revalidated.

The compressed client is stored in a folder of the environment, or of the user if that one is read-only.
The first start compresses it quickly, in the background, in seconds; until then, plain files are served.
On a server, `python -m views.web.static` compresses it as far as possible, in one or two minutes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote, unquote_to_bytes

import flet_web
from flet_web import version
from platformdirs import user_cache_path
from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from services.settings import APP_NAME

FLET = version.version
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
MEDIA_TYPES = {
    ".frag": "text/plain",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".woff2": "font/woff2",
}
"""Media types by suffix; those of the system differ between machines."""
OF_THE_APP = {".html", ".js", ".json", ".png", ".svg", ".woff2"}
"""Suffixes of the assets that a browser requests; words, help articles and fonts of documents stay here."""
LEFT_OUT = re.compile(
    r"pyodide/|python.*\.js$|.*\.(?:symbols|map)$|canvaskit/(?:wimp|experimental)|index\.html$"
)
"""Files of the client that the app never requests: Python in the browser, debugging, engines under trial."""
COMPRESSED_ALREADY = {".png", ".woff2"}
FALLBACK_FONT = re.compile(r"assets/fonts/(noto[a-z0-9]+)/v\d+/[\w-]+(\.\d+)?\.woff2")
"""Font that Flutter requests when no loaded font has a character: family, version, hash, part."""
EAST_ASIAN = re.compile(r"notosans(?:hk|jp|kr|sc|tc)")
FIRST = ("main.dart.wasm", "canvaskit/skwasm.wasm", "main.dart.js", "canvaskit/canvaskit.wasm")
"""Files that the first visitor waits for: the first two in Chromium, the others in other browsers."""
QUICK, SMALL = 9, 11
"""Qualities of brotli: the second takes two minutes, not seconds, for the client, and is 13 % smaller.
"""
SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}
"""Suffixes by content coding, in order of preference."""
LONGEST_ADDRESS = 1_000
"""Bytes of a path or a query passed to the client; its own are under 200."""
LONGEST_ESCAPE = 12
"""Bytes of one character in an address, at most: `%F0%9F%8E%AC`."""

log = logging.getLogger("conso-et-moi")


@dataclass(frozen=True)
class WebFile:
    """File of the client or of the app; files of the app carry their bytes by coding."""

    path: Path
    version: str
    bodies: dict[str, bytes] | None = None


class WebFiles:
    """ASGI app: serves a file by its name, `index.html` at any address of the app, else 404.

    Args:
        assets: folder of the app's own files, which replace the client's files of the same name.
        places: folders for the compressed client, at least one of them writable.
        preload: called after `index.html` was sent.
    """

    def __init__(
        self, assets: Path, places: Sequence[Path] = (), preload: Callable[[], object] = lambda: None
    ) -> None:
        self._preload = preload
        self._places = places or default_places()
        self._client = f"client-{FLET}"
        own = {name: file for name, file in _files(assets) if file.suffix in OF_THE_APP}
        digest = hashlib.sha256(FLET.encode())
        for name, file in sorted(own.items()):
            digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
        self._app = f"app-{digest.hexdigest()[:12]}"
        self._files = {name: WebFile(file, self._client) for name, file in client_files().items()}
        for name, file in own.items():
            if file.suffix in COMPRESSED_ALREADY:
                self._files[name] = WebFile(file, self._app)
                continue
            body = self._page(file, own) if name == "index.html" else file.read_bytes()
            self._files[name] = WebFile(file, self._app, {"": body, "gzip": gzip.compress(body, mtime=0)})

    def compress(self) -> None:
        """Compress the files of the client that are not compressed yet, in the background."""
        threading.Thread(target=self._compress, name="compress the web client", daemon=True).start()

    def _compress(self) -> None:
        if not all(any(missing(place / _folder(SMALL))) for place in self._places):
            return
        for place in self._places:
            try:
                for source, target in missing(place / _folder(QUICK)):
                    compress(source, target, QUICK)
            except OSError as problem:
                log.warning("the compressed web client cannot be kept in %s: %s", place, problem)
            else:
                return

    def _page(self, file: Path, own: dict[str, Path]) -> bytes:
        """Return `index.html` with the addresses of this version's files."""

        def versioned(found: re.Match[str]) -> str:
            attribute, name = found.groups()
            return f'{attribute}="/{self._app if name in own else self._client}/{name}"'

        page = re.sub(r'\b(src|href)="(?!/|manifest\.json)([^"]+)"', versioned, file.read_text("utf-8"))
        settings = {
            "entrypointBaseUrl": f"/{self._client}/",
            "canvasKitBaseUrl": f"/{self._client}/canvaskit/",
            "assetBase": f"/{self._app}/",
            "fontFallbackBaseUrl": f"/{self._app}/assets/fonts/",
            "sizes": {name: (_packaged() / name).stat().st_size for name in FIRST},
        }
        lines = "".join(f"flet.{name} = {json.dumps(value)};\n" for name, value in settings.items())
        return page.replace("<!-- fletAppConfig -->", f"\n{lines}").encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["path"].lstrip("/")
        prefix, _, rest = asked.partition("/")
        stamped = re.fullmatch(r"(client|app)-[\w.]+", prefix) is not None
        page = self._files["index.html"]
        file = self._files.get(_own_name(rest if stamped else asked))
        headers = Headers(scope=scope)
        opened = "text/html" in headers.get("accept", "")  # requested as an address, not as a part of a page
        if file is None and not stamped and (opened or PurePosixPath(asked).suffix in ("", ".html")):
            file = page
        if file is page and (elsewhere := _address_to_redirect_to(scope)) is not None:
            redirect = RedirectResponse(elsewhere, 302, headers={"Cache-Control": ASK_AGAIN})
            await redirect(scope, receive, send)
            return
        if file is None:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
            return
        # A page of another version may request the file, from another server: this file is not what that name
        # promises.
        lasting = prefix in (file.version, self._app)
        response = self._answer(file, FOREVER if lasting else ASK_AGAIN, headers)
        await response(scope, receive, send)
        if file is page:
            self._preload()

    def _answer(self, file: WebFile, cache: str, asked: Headers) -> Response:
        coding, found = self._variant(file, asked)
        headers = {"Cache-Control": cache, "ETag": f'"{file.version}{SUFFIXES.get(coding, "")}"'}
        if file.path.suffix not in COMPRESSED_ALREADY:
            headers["Vary"] = "Accept-Encoding"
        known = {tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")}
        if known & {headers["ETag"], "*"}:
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = MEDIA_TYPES.get(file.path.suffix, "application/octet-stream")
        if coding:
            headers["Content-Encoding"] = coding
        if isinstance(found, bytes):
            return Response(found, headers=headers)
        return FileResponse(found, headers=headers)

    def _variant(self, file: WebFile, asked: Headers) -> tuple[str, bytes | Path]:
        """Return the coding of the response, "" for none, and its body or file.

        A range request gets the plain file.
        """
        accepted = _accepted(asked.get("accept-encoding", "")) if "range" not in asked else set()
        if file.path.suffix in COMPRESSED_ALREADY:
            return "", file.path
        for coding in (coding for coding in SUFFIXES if coding in accepted):
            if file.bodies is None:
                name = file.path.relative_to(_packaged()).as_posix() + SUFFIXES[coding]
                for place in self._places:
                    for quality in (SMALL, QUICK):
                        compressed = place / _folder(quality) / name
                        if compressed.is_file():
                            return coding, compressed
            elif coding in file.bodies:
                return coding, file.bodies[coding]
        return "", file.path if file.bodies is None else file.bodies[""]


def _address_to_redirect_to(scope: Scope) -> str | None:
    """Return the address to redirect to, or None if Flutter can use the requested address.

    Flutter 3.44 fails for good on a path that starts with two slashes, and on bytes that are not UTF-8. Empty
    and dotted segments, control characters and such bytes are removed. An address that is too long is cut.
    """
    path, query = scope["raw_path"].partition(b"?")[0], scope["query_string"]
    sent = unquote_to_bytes(path)
    segments = [
        "".join(character for character in segment if character.isprintable())
        for segment in re.split(r"[/\\]", sent.decode("utf-8", "ignore"))
    ]
    names = [segment for segment in segments if segment not in ("", ".", "..")]
    clean = "/" + "/".join(names) + ("/" if names and not segments[-1] else "")
    usable_query = len(query) <= LONGEST_ADDRESS and _is_utf8(unquote_to_bytes(query))
    if len(path) <= LONGEST_ADDRESS and sent == clean.encode() and usable_query:
        return None
    address = quote(clean)
    if len(address) > LONGEST_ADDRESS:
        address = quote(clean[: LONGEST_ADDRESS // LONGEST_ESCAPE])
    return f"{address}?{query.decode('ascii', 'ignore')}" if query and usable_query else address


def _is_utf8(content: bytes) -> bool:
    return content.decode("utf-8", "ignore").encode() == content


def _own_name(asked: str) -> str:
    """Return the local name of a fallback font of Flutter, without version and hash; other names unchanged.

    An East Asian font without a number is one of its Latin or Cyrillic parts.
    """
    found = FALLBACK_FONT.fullmatch(asked)
    if found is None:
        return asked
    family, part = found[1], found[2] or ""
    if EAST_ASIAN.fullmatch(family) and not part:
        family = "notosans"
    return f"assets/fonts/noto/{family}{part}.woff2"


def default_places() -> list[Path]:
    """Return the folders for the compressed client: of the environment, removed with it, else of the user."""
    return [Path(sys.prefix) / "var" / "cache" / APP_NAME, user_cache_path(APP_NAME, appauthor=False)]


def client_files() -> dict[str, Path]:
    """Return the served files of Flet's client, by name; those that a first visitor waits for come first."""
    found = {name: file for name, file in _files(_packaged()) if not LEFT_OUT.match(name)}
    return {name: found[name] for name in (*FIRST, *sorted(found))}


def missing(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the files of the client that are not compressed in `folder`, each with its target."""
    for name, file in client_files().items():
        for suffix in SUFFIXES.values():
            if file.suffix not in COMPRESSED_ALREADY and not (folder / (name + suffix)).exists():
                yield file, folder / (name + suffix)


def compress(source: Path, target: Path, quality: int) -> None:
    """Compress a file with the coding of the target's suffix; the target appears atomically."""
    import brotli  # type: ignore[import-untyped] # carries no types; needed once per environment

    body = source.read_bytes()
    small = gzip.compress(body, mtime=0) if target.suffix == ".gz" else brotli.compress(body, quality=quality)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:  # others may compress the same file
        unfinished = Path(folder) / target.name
        unfinished.write_bytes(small)
        unfinished.replace(target)


def _folder(quality: int) -> str:
    return f"client-{FLET}-{quality}"


def _packaged() -> Path:
    return Path(flet_web.__file__).parent / "web"


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file


def _accepted(header: str) -> set[str]:
    """Return the content codings that an `Accept-Encoding` header allows by name."""
    codings = (part.partition(";") for part in header.lower().split(","))
    return {name.strip() for name, _, weight in codings if not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)}


def main() -> None:
    """Compress the client as far as possible, in the first writable folder."""
    from concurrent.futures import ThreadPoolExecutor

    for place in default_places():
        folder = place / _folder(SMALL)
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:  # both libraries release the interpreter lock
                list(pool.map(lambda pair: compress(pair[0], pair[1], SMALL), missing(folder)))
        except OSError as problem:
            log.warning("%s: %s", place, problem)
        else:
            log.info("The web client is compressed in %s.", folder)
            return
    sys.exit(1)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
