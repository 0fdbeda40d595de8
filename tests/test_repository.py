"""What is committed: the tree, the locks, the documents. Nothing in it belongs to one machine."""

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
    """Every file that git has or would add: what `.gitignore` names is left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    files = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return [file for file in files if file.is_file()]


def texts() -> dict[Path, str]:
    """The committed files that are UTF-8 text."""
    found = {}
    for file in committed():
        try:
            found[file] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_the_top_level_is_the_one_of_the_architecture() -> None:
    assert {file.relative_to(ROOT).parts[0] for file in committed()} == TREE


def test_no_file_belongs_to_one_machine_or_names_a_registry() -> None:
    # Written apart, so that this file does not hold what it looks for.
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


def test_no_file_is_heavy() -> None:
    heavy = {
        str(file.relative_to(ROOT)): size
        for file in committed()
        if (size := file.stat().st_size) > (200_000 if file.suffix == ".png" else 1_000_000)
    }
    assert heavy == {}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_package_by_hashes_and_holds_no_address(name: str) -> None:
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


def test_the_two_locks_agree() -> None:
    run, dev = (set(re.findall(r"(?m)^[a-z0-9.\-]+==\S+", (ROOT / name).read_text())) for name in LOCKS)
    assert run <= dev


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        LOCKS[0]: project["project"]["dependencies"],
        LOCKS[1]: project["project"]["dependencies"] + project["dependency-groups"]["dev"],
    }
    for name, requirements in asked.items():
        locked = set(re.findall(r"(?m)^([a-z0-9.\-]+)==", (ROOT / name).read_text(encoding="utf-8")))
        names = {re.split(r"[^a-z0-9\-]", requirement, maxsplit=1)[0] for requirement in requirements}
        assert names <= locked


def test_every_link_of_the_documents_leads_somewhere() -> None:
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


def test_every_path_that_a_document_names_exists() -> None:
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
    """The fragments by which the headings of a document can be linked to."""
    titles = re.findall(r"(?m)^#+ (.+)$", markdown)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_place_names_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"(?m)^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert versions[0] == project["version"] == VERSION


def test_what_the_tests_need_is_named_where_it_may_not_be_installed(tmp_path: Path) -> None:
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


def test_a_machine_without_a_fitting_python_is_told_so(tmp_path: Path) -> None:
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
