"""The wheel that `pip wheel .` builds, installed in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.ports import free_port
from tests.harness.processes import announced
from tests.harness.wire import WireClient
from tests.test_main import ROOT, environment, get
from tests.test_repository import committed

pytestmark = pytest.mark.nightly

OURS = ("main.py", "views/", "services/", "assets/")


def made_here(file: Path) -> bool:
    """Return whether a file only makes others of this tree: fonts, icons, the static demo."""
    return file.match("build_*.py") or file.is_relative_to(ROOT / "views" / "web" / "demo")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of this tree, without a registry."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel"]
    subprocess.run(
        [*pip, "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), "."],
        cwd=ROOT,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_what_is_ours_and_nothing_else(wheel: Path) -> None:
    names = (file.relative_to(ROOT).as_posix() for file in committed() if not made_here(file))
    ours = {name for name in names if name.startswith(OURS)}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == ours


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone beside the locked dependencies; return the command."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    site.joinpath("locked.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(folder)]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True)
    return folder / "bin" / "conso-et-moi"


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the installed app away from this tree; yield its address."""
    command = [str(installed), "--port", str(free_port())]
    with announced(command, environment=environment(), cwd=tmp_path) as (_, address):
        yield address


async def test_installed_command_serves_the_app_with_its_words_and_its_sandbox(served: str) -> None:
    async with WireClient(served, locale="en-GB", route="/aide") as app:
        await app.enter("Identifier", "camille@demo.example")
        await app.tap("Continue")
        await app.enter("Password", "Soleil-2026")
        await app.tap("Sign in")
        await app.see("Help")


@pytest.mark.parametrize(
    "path", ["/", "/icons/mark.svg", "/main.dart.wasm", "/assets/fonts/InterTab-VF.woff2"]
)
def test_installed_command_serves_the_files_of_the_web_app(served: str, path: str) -> None:
    response, body = get(served, path)
    assert (response.status, bool(body)) == (200, True)
