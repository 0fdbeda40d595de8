"""Security rules of the source code: cryptography, code execution, secrets, permissions, hosts."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from services.sandbox.data_file import Subscriber
from tests.test_repository import ROOT, texts
from views.core.text import Language, Words

BUILD_STEP = ROOT / "views" / "web" / "demo" / "__main__.py"
"""Build step of the static demo; runs pip and Node, and is never shipped."""
SHIPPED = sorted(
    {ROOT / "main.py", *(ROOT / "services").rglob("*.py"), *(ROOT / "views").rglob("*.py")} - {BUILD_STEP}
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

WEAK_MODULES = {"random", "pickle", "marshal", "shelve", "telnetlib", "ftplib", "crypt", "xml", "subprocess"}
"""Predictable random numbers and attack surfaces, none needed here."""
WEAK_NAMES = {"md5", "sha1", "ECB", "DES", "ARC4", "_create_unverified_context", "CERT_NONE"}
DOORS = {"eval", "exec", "compile", "__import__", "system", "popen"}
OPENING = {"verify": False, "check_hostname": False, "follow_redirects": True, "shell": True}
"""Arguments and attributes, with the value that is forbidden."""
SECRET = re.compile(r"(^|_)(token|tokens|secret|password|hash|digest|verifier|challenge|signature)(_|$)")


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """Return every syntax node of the shipped code, with its location."""
    return [
        (f"{name}:{getattr(node, 'lineno', 0)}", node)
        for file in SHIPPED
        for name in [file.relative_to(ROOT)]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]


def test_shipped_code_imports_no_forbidden_module() -> None:
    faults = []
    for where, node in nodes():
        match node:
            case ast.Import(names):
                modules = [one.name for one in names]
            case ast.ImportFrom(module=str() as module, level=0):
                modules = [module]
            case _:
                continue
        faults += [f"{where} {name}" for name in modules if name.partition(".")[0] in WEAK_MODULES]
    assert faults == []


def test_shipped_code_uses_no_weak_cryptography_or_code_execution() -> None:
    faults = []
    for where, node in nodes():
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
    """Return the last name of an expression, such as `_refresh_token` of `self._refresh_token`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return named(func)
    return ""


def test_shipped_code_compares_secrets_in_constant_time() -> None:
    faults = []
    for where, node in nodes():
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):  # comparison with a constant of the code
            continue
        # Database columns are compared by digest, so timing reveals nothing.
        column = any(isinstance(side, ast.Attribute) and named(side.value) == "c" for side in sides)
        if not column and any(SECRET.search(named(side)) for side in sides):
            faults.append(f"{where.partition(':')[0]} {ast.unparse(node)}")
    # These compare a secret that was just saved with its copy; no attacker can measure them.
    assert faults == [
        "services/client/credentials.py read_back != secret",
        "services/client/credentials.py read_back != secret",
        "views/core/secure_storage.py read_back != secret",
    ]


def test_shipped_code_takes_secrets_from_the_system_randomness() -> None:
    sources = {
        where.partition(":")[0]
        for where, node in nodes()
        if isinstance(node, ast.Attribute) and named(node.value) == "secrets"
    }
    assert sources >= {"services/client/oauth.py", "views/web/app.py"}


def test_repository_contains_no_secret() -> None:
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


def test_demo_passwords_belong_to_fictitious_subscribers() -> None:
    """Check that all demo subscribers have addresses in a domain that cannot exist."""
    from services.client.http import utc_now
    from services.sandbox import demo

    people: tuple[Subscriber, ...] = tuple(demo.subscribers(utc_now()))
    assert people
    assert all(person.identifier.endswith("@demo.example") for person in people)


def test_phone_apps_request_only_the_network_permission() -> None:
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


def test_dependencies_include_no_tracker_or_web_view() -> None:
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
    names = {named(node) for _, node in nodes() if isinstance(node, ast.Attribute)}
    assert not names & {"WebView", "Geolocator", "PermissionHandler", "Camera", "AudioRecorder"}


def test_shipped_code_names_no_host_except_examples() -> None:
    """Check that the app contacts only the backend and links that the user opens."""
    faults = []
    for where, node in nodes():
        match node:
            case ast.Constant(value=str() as text):
                hosts = re.findall(r"\b(?:https?|wss?)://([a-z0-9.-]+\.[a-z]{2,})\b", text)
                faults += [
                    f"{where} {host}" for host in hosts if not re.search(r"(^|\.)example(\.com)?$", host)
                ]
    assert faults == []


def test_network_modules_are_imported_only_by_transport_and_servers() -> None:
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
    for where, node in nodes():
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
        *("main.py", "views/web/app.py", "services/sandbox/__main__.py"),  # servers
        *("services/client/http.py", "services/client/session.py", "services/client/simulated_faults.py"),
        "services/client/proxies.py",  # reads the system's settings with urllib
    }


@pytest.mark.parametrize("language", list(Language))
def test_settings_texts_describe_the_stored_data(language: Language) -> None:
    words = Words(language)
    said = " ".join(words(key) for key in ("settings.data_kept", "settings.data_web", "settings.forget_text"))
    assert len(said) > 150


def test_modules_hold_no_shared_control_or_style() -> None:
    """Prevent leaks: a client can patch its controls, and with them any value that visitors share."""
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
