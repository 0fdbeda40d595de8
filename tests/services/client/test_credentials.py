"""Credential store under a real Secret Service, and without a trusted keyring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from services.client.credentials import (
    CredentialProblem,
    CredentialsUnavailable,
    KeyringStore,
    MemoryStore,
)
from tests.harness.patience import stretched

ROOT = Path(__file__).parents[3]
PROBE = (sys.executable, "-m", "tests.services.keyring_probe")


def play(scene: str, *wrapper: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a scene of `keyring_probe.py`; without a wrapper, no session bus is available."""
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "PYTHON_KEYRING_BACKEND", "DISPLAY")
    }
    return subprocess.run(
        (*wrapper, *PROBE, scene),
        cwd=ROOT,
        env={**surroundings, **environment},
        capture_output=True,
        text=True,
        timeout=stretched(60),
        check=False,
    )


@pytest.fixture
def secret_service() -> str:
    """Return the wrapper script that runs a command under a Secret Service."""
    if not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")):
        pytest.fail(
            "The credential store is tested under a real Secret Service, and there is none here: "
            "apt-get install -y --no-install-recommends dbus gnome-keyring"
        )
    return str(ROOT / "tests" / "secret_service.sh")


@pytest.mark.parametrize(
    "scene",
    [
        "round_trip",
        "not_in_clear",
        "locked",
        "restart",
        "history",
        "history_locked",
        *(
            pytest.param(scene, marks=pytest.mark.nightly)
            for scene in ("long", "forgetful", "slow", "stuck", "chained_with_a_stranger", "history_slow")
        ),
    ],
)
def test_keyring_scene_under_a_real_secret_service_passes(scene: str, secret_service: str) -> None:
    started = time.monotonic()
    played = play(scene, secret_service)
    assert played.returncode == 0, played.stderr
    assert "sentinel" not in played.stdout + played.stderr
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    "backend",
    [
        None,
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "tests.services.keyring_probe.Plaintext",
    ],
)
def test_untrusted_or_missing_keyring_is_reported_absent(backend: str | None, tmp_path: Path) -> None:
    chosen = {"PYTHON_KEYRING_BACKEND": backend} if backend else {}
    played = play("absent", HOME=str(tmp_path), **chosen)
    assert played.returncode == 0, played.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def link(module: str, priority: float, *, refuses: bool = False) -> KeyringBackend:
    """Return a back end of `module`; `asked` counts its calls."""

    class Link(KeyringBackend):
        def __init__(self) -> None:
            self.entries: dict[tuple[str, str], str] = {}
            self.asked = 0

        def _ask(self) -> None:
            self.asked += 1
            if refuses:
                raise KeyringLocked("dismissed")

        def get_password(self, service: str, username: str) -> str | None:
            self._ask()
            return self.entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self._ask()
            self.entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            self._ask()
            if self.entries.pop((service, username), None) is None:
                raise PasswordDeleteError("none")

    Link.__module__, Link.priority = module, priority  # type: ignore[method-assign, assignment]
    return Link()


SECRET_SERVICE, LIBSECRET, KWALLET = (
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet")
)
PLAIN = "keyrings.alt.file"


@pytest.mark.parametrize(
    ("modules", "used"),
    [
        ((SECRET_SERVICE, KWALLET), 0),
        ((KWALLET, SECRET_SERVICE), 0),
        ((LIBSECRET, SECRET_SERVICE, KWALLET), 0),
        ((SECRET_SERVICE, PLAIN), 0),
        ((PLAIN, SECRET_SERVICE), 1),
        ((PLAIN, KWALLET, SECRET_SERVICE), 1),
        ((PLAIN,), None),
        ((), None),
    ],
)
@pytest.mark.parametrize("refused", [False, True], ids=["others work", "others refuse"])
async def test_keyring_chain_uses_only_its_first_trusted_link(
    monkeypatch: pytest.MonkeyPatch, modules: tuple[str, ...], used: int | None, refused: bool
) -> None:
    links = [
        link(module, 9.0 - place, refuses=refused and place != used) for place, module in enumerate(modules)
    ]
    chained = type("ChainerBackend", (SimpleNamespace,), {"__module__": "keyring.backends.chainer"})
    monkeypatch.setattr(keyring, "get_keyring", lambda: chained(backends=links))
    store = KeyringStore("https://x.example")
    if used is None:
        with pytest.raises(CredentialsUnavailable) as caught:
            await store.load()
        assert caught.value.problem is CredentialProblem.ABSENT
    else:
        assert await store.load() is None
        await store.save("a secret")
        assert await store.load() == "a secret"
        await store.clear()
        assert await store.load() is None
    assert [place for place, each in enumerate(links) if vars(each)["asked"]] == (
        [] if used is None else [used]
    )


def test_keyring_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys, services.client.backend as b, services.client.credentials as c; "
        "c.KeyringStore('https://x.example'); "
        "sys.exit('keyring' in sys.modules)"
    )
    assert subprocess.run((sys.executable, "-c", code), cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("module", "secret", "saved"),
    [
        ("keyring.backends.Windows", "x" * 1200, True),
        ("keyring.backends.Windows", "x" * 1201, False),
        ("keyring.backends.Windows", "🔑" * 601, False),
        ("keyring.backends.macOS", "x" * 20_000, True),
        (SECRET_SERVICE, "x" * 20_000, True),
        (KWALLET, "🔑" * 20_000, True),
    ],
)
async def test_long_secret_is_refused_only_on_windows_and_the_previous_one_kept(
    monkeypatch: pytest.MonkeyPatch, module: str, secret: str, saved: bool
) -> None:
    backend = link(module, 9.0)
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    store = KeyringStore("https://x.example")
    await store.save("before")
    if saved:
        await store.save(secret)
    else:
        with pytest.raises(CredentialsUnavailable) as caught:
            await store.save(secret)
        assert caught.value.problem is CredentialProblem.REFUSED
        assert secret not in repr(caught.value)
    assert await store.load() == (secret if saved else "before")


async def test_memory_store_saves_loads_and_clears() -> None:
    store = MemoryStore()
    assert await store.load() is None
    await store.save("a secret")
    assert await store.load() == "a secret"
    assert "a secret" not in repr(store)
    await store.clear()
    assert await store.load() is None
