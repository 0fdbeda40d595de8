"""Start-up: minimal imports of the server, and background build of the sandbox."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import main
import views.web.app
from main import Application
from services.settings import Runtime, Settings
from tests.harness.driver import Driver
from tests.harness.patience import stretched
from tests.harness.ports import free_port
from tests.test_main import ROOT, environment

UNNEEDED = {
    *("babel", "brotli", "cryptography", "fpdf", "httpcore", "httpx"),
    *("httpx_retries", "keyring", "rich", "secretstorage", "sqlalchemy", "sqlite3", "yaml"),
}
"""Packages needed only by pages or the sandbox, not by an idle server."""
OURS = {
    *("services.client", "services.client.proxies", "services.client.trust"),
    *("services.domain", "services.domain.origins", "services.settings"),
    *(
        "views.flet_compat",
        "views.flet_compat.client_patches",
        "views.flet_compat.connection",
        "views.flet_compat.control_ids",
        "views.flet_compat.processor_time",
        "views.flet_compat.sessions",
    ),
    *("views.web", "views.web.app", "views.web.connections", "views.web.guard", "views.web.limits"),
    *("views.web.sessions", "views.web.static", "views.web.uploads"),
}
"""Modules of the project that an idle server imports."""
ADDED = {
    *("argparse", "flet_web", "gc", "gzip", "main", "msgspec", "platformdirs", "starlette"),
    *("h11", "uvicorn", "websockets"),  # imported later by Flet's own server
}
"""Packages that an idle server imports in addition to those of Flet's own server."""
OUR_SERVER = """
import sys, main, views.web.app
views.web.app.serve = lambda *_, **__: print(*sys.modules)
main.main(["--port", sys.argv[1]])
"""
FLET_S_SERVER = """
import sys, flet.app, flet_web.fastapi.serve_fastapi_web_app
print(*sys.modules)
"""


def imported(program: str) -> set[str]:
    """Run a program and return the module names that it prints in its last line."""
    done = subprocess.run(
        [sys.executable, "-c", program, str(free_port())],
        cwd=ROOT,
        env=environment(COVERAGE_PROCESS_CONFIG=""),  # `make coverage` would import its own modules
        capture_output=True,
        text=True,
        timeout=stretched(60),
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.splitlines()[-1].split())


def packages(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def test_server_start_imports_only_the_modules_needed_to_listen() -> None:
    modules = imported(OUR_SERVER)
    assert packages(modules) & UNNEEDED == set()
    assert {module for module in modules if module.startswith(("services.", "views."))} == OURS
    assert packages(modules - imported(FLET_S_SERVER)) <= ADDED | {"services", "views"}


async def test_preload_is_started_by_a_page_request_but_not_by_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Starlette] = []
    expected: list[str] = []
    monkeypatch.setattr(views.web.app, "serve", lambda app, _, **__: served.append(app))
    monkeypatch.setattr(Application, "preload_for_server", lambda _: expected.append("somebody"))
    with views.web.app.listen("127.0.0.1", 0) as listening:
        main.serve_web(Settings(data_folder=tmp_path, runtime=Runtime.WEB), listening)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(served[0]), base_url="http://127.0.0.1"
    ) as client:
        for path in ("/main.dart.mjs", "/missing.png", "/icons/mark.svg", "/healthz"):
            await client.get(path)
        assert expected == []
        assert (await client.get("/achats")).status_code == 200
        assert len(expected) == 1


@pytest.fixture
def building(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Return an event that releases the build of the sandbox."""
    go, build = threading.Event(), main.embedded_sandbox

    def slowly(settings: Settings) -> Starlette:
        assert threading.current_thread() is not threading.main_thread()
        assert go.wait(60)
        return build(settings)

    monkeypatch.setattr(main, "embedded_sandbox", slowly)
    yield go
    go.set()


async def test_sign_in_screen_appears_before_the_sandbox_is_built(
    building: threading.Event, tmp_path: Path
) -> None:
    application = Application(Settings(data_folder=tmp_path, runtime=Runtime.WEB))
    async with Driver(application.start, web=True) as app:
        await app.see("Identifiant")
        await app.enter("Identifiant", "camille@example.com")
        await app.tap("Continuer")
        await asyncio.sleep(0.1)
        assert "Votre mot de passe" not in app.texts()
        building.set()
        await app.see("Votre mot de passe")


async def test_cancelled_visitor_does_not_cancel_the_build_of_the_sandbox(
    building: threading.Event, tmp_path: Path
) -> None:
    application = Application(Settings(data_folder=tmp_path, runtime=Runtime.WEB))
    application.preload()
    assert application._sandbox is not None
    leaving, staying = (asyncio.ensure_future(main.await_future(application._sandbox.future)) for _ in "ab")
    await asyncio.sleep(0)
    leaving.cancel()
    building.set()
    assert isinstance(await staying, Starlette)
    assert leaving.cancelled()


async def test_sandbox_is_built_once_for_all_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Starlette] = []
    build = main.embedded_sandbox

    def counting(settings: Settings) -> Starlette:
        built.append(build(settings))
        return built[-1]

    monkeypatch.setattr(main, "embedded_sandbox", counting)
    application = Application(Settings(data_folder=tmp_path, runtime=Runtime.WEB))
    for _ in range(2):
        async with Driver(application.start, web=True) as app:
            await app.see("Identifiant")
    await asyncio.wrap_future(application.preload())
    assert application._sandbox is not None
    await main.await_future(application._sandbox.future)
    assert len(built) == 1


async def test_failed_build_of_the_sandbox_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Settings) -> Starlette:
        raise RuntimeError("no such database")

    monkeypatch.setattr(main, "embedded_sandbox", fail)
    application = Application(Settings(data_folder=tmp_path, runtime=Runtime.WEB))
    application.preload()
    assert application._sandbox is not None
    with pytest.raises(RuntimeError):
        await main.await_future(application._sandbox.future)
    assert "cannot be built" in caplog.text
    assert "no such database" in caplog.text
