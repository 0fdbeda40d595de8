"""What the sources must not hold: weak cryptography, ways in, secrets, permissions that nobody needs."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from services.sandbox.data_file import Subscriber
from tests.test_repository import ROOT, texts
from views.core.text import Language, Words

BUILD_STEP = ROOT / "views" / "web" / "demo" / "__main__.py"
"""It runs pip and Node on the machine that builds the static demo; no package and no demo holds it."""
SHIPPED = sorted(
    {ROOT / "main.py", *(ROOT / "services").rglob("*.py"), *(ROOT / "views").rglob("*.py")} - {BUILD_STEP}
)
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in SHIPPED}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

WEAK_MODULES = {"random", "pickle", "marshal", "shelve", "telnetlib", "ftplib", "crypt", "xml", "subprocess"}
"""Guessable numbers, and ways in: none has a use here."""
WEAK_NAMES = {"md5", "sha1", "ECB", "DES", "ARC4", "_create_unverified_context", "CERT_NONE"}
DOORS = {"eval", "exec", "compile", "__import__", "system", "popen"}
OPENING = {"verify": False, "check_hostname": False, "follow_redirects": True, "shell": True}
"""Arguments and attributes that may not be given this value."""
SECRET = re.compile(r"(^|_)(token|tokens|secret|password|hash|digest|verifier|challenge|signature)(_|$)")


NODES = [
    (f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}", node)
    for file, tree in TREES.items()
    for node in ast.walk(tree)
]
"""Every node of what is shipped, and where it stands."""


def test_no_weak_module_is_imported() -> None:
    faults = []
    for where, node in NODES:
        match node:
            case ast.Import(names):
                modules = [one.name for one in names]
            case ast.ImportFrom(module=str() as module, level=0):
                modules = [module]
            case _:
                continue
        faults += [f"{where} {name}" for name in modules if name.partition(".")[0] in WEAK_MODULES]
    assert faults == []


def test_no_weak_cryptography_and_no_door_is_named() -> None:
    faults = []
    for where, node in NODES:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in WEAK_NAMES:
                faults.append(f"{where} {name}")
            case ast.Call(func=ast.Name(id=name)) if name in DOORS:
                faults.append(f"{where} {name}()")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr=name)) if name in DOORS:
                faults.append(f"{where} os.{name}()")
            case ast.keyword(arg=str() as name, value=ast.Constant(value=given)) if (
                name in OPENING and OPENING[name] is given
            ):
                faults.append(f"{where} {name}={given}")
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Constant(value=given)) if (
                name in OPENING and OPENING[name] is given
            ):
                faults.append(f"{where} {name} = {given}")
    assert faults == []


def named(node: ast.expr) -> str:
    """The last name of an expression: `self._refresh_token` is a `_refresh_token`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return named(func)
    return ""


def test_no_secret_is_compared_by_the_time_it_takes() -> None:
    faults = []
    for where, node in NODES:
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):  # with a word of the code: no secret
            continue
        # A column of the sandbox's database is looked up by a digest: the time it takes tells nothing.
        column = any(isinstance(side, ast.Attribute) and named(side.value) == "c" for side in sides)
        if not column and any(SECRET.search(named(side)) for side in sides):
            faults.append(f"{where.partition(':')[0]} {ast.unparse(node)}")
    # A secret just saved is read back: no other program asks, nor waits for the answer.
    assert faults == [
        "services/credentials.py kept != secret",
        "services/credentials.py kept != secret",
        "views/core/secure_storage.py kept != secret",
    ]


def test_what_is_random_for_security_comes_from_the_system() -> None:
    sources = {
        where.partition(":")[0]
        for where, node in NODES
        if isinstance(node, ast.Attribute) and named(node.value) == "secrets"
    }
    assert sources >= {"services/authority.py", "views/web/app.py"}


def test_no_file_holds_a_secret() -> None:
    patterns = [
        r"-----BEGIN [A-Z ]*PRIVATE KEY",
        r"\bAKIA[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
        r"\bxox[baprs]-[A-Za-z0-9-]{10,}",
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
        r"\b(?i:api_?key|client_secret|access_token|refresh_token)\b[\"']?\s*[=:]\s*[\"'][A-Za-z0-9_-]{20,}[\"']",
        r"https?://[^\s/:@\"'{}]+:[^\s/@\"'{}]+@(?!/|[^\s/\"']*\.example\b)",
    ]
    secret = re.compile("|".join(patterns))
    faults = [
        f"{file.relative_to(ROOT)}: {found.group()[:12]}…"
        for file, text in texts().items()
        if file.parts[-2] != "security" and (found := secret.search(text))
    ]
    assert faults == []


def test_passwords_of_the_code_are_those_of_made_up_people() -> None:
    """The demonstration's subscribers, all on addresses that cannot exist."""
    from services.sandbox import demo
    from services.transport import utc_now

    people: tuple[Subscriber, ...] = tuple(demo.subscribers(utc_now()))
    assert people
    assert all(person.identifier.endswith("@demo.example") for person in people)


def test_the_phone_asks_for_nothing_but_the_network() -> None:
    android = PROJECT["tool"]["flet"]["android"]
    assert android["permission"] == {"android.permission.INTERNET": True}
    assert android["manifest_application"]["allowBackup"] == "false"
    assert android["min_sdk_version"] >= 24
    ios = PROJECT["tool"]["flet"]["ios"]
    asked = [key for key in ios.get("info", {}) if key.endswith("UsageDescription")]
    assert asked == []
    assert "NSAppTransportSecurity" not in ios.get("info", {})
    assert "permissions" not in PROJECT["tool"]["flet"]
    assert "deep_linking" not in str(PROJECT["tool"]["flet"])


def test_no_dependency_watches_people_or_shows_the_web() -> None:
    tool = PROJECT["tool"]["flet"]
    asked = [
        *PROJECT["project"]["dependencies"],
        *tool["android"]["dependencies"],
        *tool["ios"]["dependencies"],
    ]
    unwanted = re.compile(
        r"webview|ads|analytics|sentry|firebase|crashlytics|posthog|mixpanel|amplitude|geolocator"
    )
    assert [one for one in asked if unwanted.search(one)] == []
    names = {named(node) for _, node in NODES if isinstance(node, ast.Attribute)}
    assert not names & {"WebView", "Geolocator", "PermissionHandler", "Camera", "AudioRecorder"}


def test_no_host_is_written_in_the_code_but_examples_and_this_machine() -> None:
    """What the app contacts is the backend, and what a person opens themselves."""
    faults = []
    for where, node in NODES:
        match node:
            case ast.Constant(value=str() as text):
                hosts = re.findall(r"\b(?:https?|wss?)://([a-z0-9.-]+\.[a-z]{2,})\b", text)
                faults += [
                    f"{where} {host}" for host in hosts if not re.search(r"(^|\.)example(\.com)?$", host)
                ]
    assert faults == []


def test_only_the_transport_and_what_serves_open_sockets() -> None:
    opening = {
        "httpx",
        "socket",
        "urllib.request",
        "http.client",
        "requests",
        "aiohttp",
        "websockets",
        "asyncio.streams",
    }
    found = set()
    for where, node in NODES:
        match node:
            case ast.Import(names):
                modules = {one.name for one in names}
            case ast.ImportFrom(module=str() as module, level=0):
                modules = {module}
            case _:
                continue
        if modules & opening:
            found.add(where.partition(":")[0])
    assert found == {
        *("main.py", "views/web/app.py", "services/sandbox/__main__.py"),  # what listens
        *("services/transport.py", "services/session.py", "services/scenarios.py"),
        "services/proxies.py",  # which only reads the system's settings by urllib
    }


@pytest.mark.parametrize("language", list(Language))
def test_what_is_kept_of_people_is_said_in_the_app(language: Language) -> None:
    words = Words(language)
    said = " ".join(words(key) for key in ("settings.data_kept", "settings.data_web", "settings.forget_text"))
    assert len(said) > 150


def test_no_shared_control_or_style_stands_in_a_module() -> None:
    """A client can patch what its controls hold: what two visitors share would lead from one to the other."""
    import dataclasses
    import importlib
    import sys

    from flet.controls.base_control import BaseControl
    from flet.controls.value_types import Value

    for file in SHIPPED:
        if file.parts[len(ROOT.parts)] == "views":
            importlib.import_module(
                ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            )
    shared: list[str] = []
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ("views", "main"):
            continue
        for variable, value in vars(module).items():
            held: list[object] = list(value) if isinstance(value, tuple | list) else [value]
            for one in held:
                flet = type(one).__module__.startswith("flet.controls")
                if flet and dataclasses.is_dataclass(one) and not isinstance(one, type):
                    shared.append(f"{name}.{variable}")
    assert shared == []

    def kinds(kind: Any) -> Iterator[Any]:
        yield kind
        for child in kind.__subclasses__():
            yield from kinds(child)

    defaults: list[str] = [
        f"{kind.__name__}.{name}"
        for kind in (*kinds(BaseControl), *kinds(Value))
        for name, value in getattr(kind, "_prop_defaults", {}).items()
        if isinstance(value, list | dict) or (dataclasses.is_dataclass(value) and not isinstance(value, type))
    ]
    assert defaults == []
