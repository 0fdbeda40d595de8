"""The credential store under a real Secret Service, and where there is none to trust."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.credentials import (
    CredentialProblem,
    CredentialsUnavailable,
    KeyringStore,
    MemoryStore,
)

ROOT = Path(__file__).parents[2]
PROBE = (sys.executable, "-m", "tests.services.keyring_probe")


def play(scene: str, *wrapper: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Play a scene of `keyring_probe.py`; without a wrapper, away from any session bus."""
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
        timeout=60,
        check=False,
    )


@pytest.fixture
def secret_service() -> str:
    """The wrapper that gives a command a Secret Service."""
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
        "too_long",
        "not_in_clear",
        "forgetful",
        "locked",
        "slow",
        "stuck",
        "chained_with_a_stranger",
        "restart",
    ],
)
def test_under_a_real_secret_service(scene: str, secret_service: str) -> None:
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
def test_no_keyring_to_trust_is_told(backend: str | None, tmp_path: Path) -> None:
    chosen = {"PYTHON_KEYRING_BACKEND": backend} if backend else {}
    played = play("absent", HOME=str(tmp_path), **chosen)
    assert played.returncode == 0, played.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_keyring_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys, services.backend as b, services.credentials as c; c.KeyringStore('https://x.example'); "
        "sys.exit('keyring' in sys.modules)"
    )
    assert subprocess.run((sys.executable, "-c", code), cwd=ROOT, check=False).returncode == 0


async def test_a_secret_too_long_for_windows_is_refused_everywhere() -> None:
    with pytest.raises(CredentialsUnavailable) as caught:
        await KeyringStore("https://x.example").save("x" * 1201)
    assert caught.value.problem is CredentialProblem.REFUSED
    assert "xxx" not in repr(caught.value)


async def test_memory_keeps_and_clears() -> None:
    store = MemoryStore()
    assert await store.load() is None
    await store.save("a secret")
    assert await store.load() == "a secret"
    assert "a secret" not in repr(store)
    await store.clear()
    assert await store.load() is None
