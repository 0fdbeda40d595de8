"""Checks of the committed files: tree, locks, documents, machine independence."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from services.settings import VERSION

ROOT = Path(__file__).parent.parent
LOCKS = ["requirements.lock", "requirements-dev.lock"]
NODE_LOCKS = [
    "tests/e2e/axe/package-lock.json",
    "tests/nightly/contract/package-lock.json",
    "tests/services/documents/reader/package-lock.json",
    "tests/services/provider/package-lock.json",
]
TREE = {
    *("main.py", "views", "services", "assets", "tests", "pyproject.toml"),
    *("Makefile", "requirements.lock", "requirements-dev.lock", ".ci", "docs"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md"),
    "THIRD_PARTY_NOTICES.md",
    *(".editorconfig", ".gitattributes", ".github", ".gitignore", ".pre-commit-config.yaml"),
}


def committed() -> list[Path]:
    """Return every tracked or untracked file that git does not ignore."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [file for file in files if file.is_file()]


def texts() -> dict[Path, str]:
    """Return the text of the committed UTF-8 files."""
    found = {}
    for file in committed():
        try:
            found[file] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_top_level_entries_are_the_expected_ones() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in committed()} == TREE


def test_files_name_no_registry_host_and_no_machine_path() -> None:
    # The names are split, so that this file does not contain them.
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.", "deb." + "debian.org"]
    paths = [
        r"(?<![\w.$~-])/" + folder + r"/\w" for folder in ("work", "root", "home", "Users", "opt/py" + "pi")
    ]
    forbidden = re.compile("|".join([*map(re.escape, hosts), *paths]))
    faults = [
        f"{file.relative_to(ROOT)}: {found.group()}"
        for file, text in texts().items()
        if (found := forbidden.search(text))
    ]
    assert faults == []


def test_files_are_under_the_size_limit() -> None:
    heavy = {
        str(file.relative_to(ROOT)): size
        for file in committed()
        if (size := file.stat().st_size) > (200_000 if file.suffix == ".png" else 1_000_000)
    }
    assert heavy == {}


@pytest.mark.parametrize("name", LOCKS)
def test_python_lock_pins_every_package_by_hash_without_an_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip())
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9.\-]*==[^\s;]+", entry), entry[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry[:80]
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


@pytest.mark.parametrize("name", NODE_LOCKS)
def test_node_lock_pins_every_package_by_hash_without_an_address(name: str) -> None:
    lock = json.loads((ROOT / name).read_text(encoding="utf-8"))
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in packages.items() if "resolved" in package] == []
    assert [path for path, package in packages.items() if "integrity" not in package] == []


def test_node_locks_are_installed_by_the_setup() -> None:
    assert sorted(
        str(file.relative_to(ROOT)) for file in committed() if file.name == "package-lock.json"
    ) == (NODE_LOCKS)
    setup = (ROOT / "tests" / "setup.sh").read_text(encoding="utf-8")
    assert [name for name in NODE_LOCKS if str(Path(name).parent) not in setup] == []


def test_development_lock_includes_the_runtime_lock() -> None:
    run, dev = (set(re.findall(r"(?m)^[a-z0-9.\-]+==\S+", (ROOT / name).read_text())) for name in LOCKS)
    assert run <= dev


def test_locks_include_all_declared_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        LOCKS[0]: project["project"]["dependencies"],
        LOCKS[1]: project["project"]["dependencies"] + project["dependency-groups"]["dev"],
    }
    for name, requirements in asked.items():
        locked = set(re.findall(r"(?m)^([a-z0-9.\-]+)==", (ROOT / name).read_text(encoding="utf-8")))
        names = {re.split(r"[^a-z0-9\-]", requirement, maxsplit=1)[0] for requirement in requirements}
        assert names <= locked


def test_document_links_lead_to_existing_files_and_anchors() -> None:
    faults = []
    for file, text in texts().items():
        if file.suffix != ".md":
            continue
        headings = {file: text}
        for target in re.findall(r"""(?:\]\(|src=")([^)\s"]+)""", text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = unquote(target).partition("#")
            linked = (file.parent / path).resolve() if path else file
            if not linked.exists():
                faults.append(f"{file.relative_to(ROOT)}: {target}")
            elif anchor:
                headings.setdefault(linked, linked.read_text(encoding="utf-8"))
                if anchor not in anchors(headings[linked]):
                    faults.append(f"{file.relative_to(ROOT)}: {target}")
    assert faults == []


def test_document_paths_exist() -> None:
    named = re.compile(r"`((?:assets|docs|services|tests|views)/[\w./-]*[\w/])(?:::\w+)?`")
    faults = [
        f"{file.relative_to(ROOT)}: {path}"
        for file, text in texts().items()
        if file.suffix == ".md"
        for path in named.findall(text)
        if not (ROOT / path).exists() and not (ROOT / "tests" / path).exists()
    ]
    assert faults == []


def anchors(markdown: str) -> set[str]:
    """Return the link anchors of the headings of a document."""
    titles = re.findall(r"(?m)^#+ (.+)$", markdown)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"(?m)^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert versions[0] == project["version"] == VERSION


def test_setup_without_privileges_names_the_missing_packages(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    result = subprocess.run(
        [bash, str(ROOT / "tests" / "setup.sh")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "chromium dbus gnome-keyring" in result.stderr


def test_setup_without_a_suitable_python_names_the_required_version(tmp_path: Path) -> None:
    make, sh = shutil.which("make"), shutil.which("sh")
    assert make is not None
    assert sh is not None
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements.lock", tmp_path)
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text(f"#!{sh}\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    result = subprocess.run(
        [make, "setup", f"SHELL={sh}"],
        cwd=tmp_path,
        env={"PATH": str(old.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "needs Python 3.11 or later" in result.stderr
