"""Scenes played by `KeyringStore` in a process of their own: `keyring` chooses its back end once a process.

`test_credentials.py` runs `python -m tests.services.keyring_probe SCENE`, most under
`tests/secret_service.sh`. A scene that does not hold ends with another exit code than 0.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import keyring
import secretstorage
from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]  # it has no py.typed
from keyring.backend import KeyringBackend

from services.backend import Backend
from services.credentials import CredentialProblem, CredentialsUnavailable, KeyringStore
from services.session import Kept
from tests.services.scripted import ACCOUNT, Scripted, always

ORIGIN = "https://backend.example"
SECRET = '{"v":1,"rt":"sentinel-0123456789","exp":1,"id":"camille@demo.example"}'


class Plaintext(KeyringBackend):
    """A back end nobody should trust: what the allow-list is for."""

    priority = 3.0
    called = False

    def get_password(self, service: str, username: str) -> str | None:
        Plaintext.called = True
        return SECRET

    def set_password(self, service: str, username: str, password: str) -> None:
        Plaintext.called = True


async def problem_of(store: KeyringStore, method: str, secret: str = SECRET) -> CredentialProblem | None:
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "load": store.load,
        "clear": store.clear,
        "save": lambda: store.save(secret),
    }
    try:
        await calls[method]()
    except CredentialsUnavailable as error:
        return error.problem
    return None


async def every(store: KeyringStore, problem: CredentialProblem) -> None:
    for method in ("load", "save", "clear"):
        assert await problem_of(store, method) is problem, method


async def round_trip() -> None:
    store, other = KeyringStore(ORIGIN), KeyringStore("https://another.example")
    assert await store.load() is None
    await store.clear()
    await store.save(SECRET)
    assert type(keyring.get_keyring()).__module__ == "keyring.backends.SecretService"
    assert await store.load() == SECRET
    assert await other.load() is None
    await store.save("é" * 1200)
    assert await KeyringStore(ORIGIN).load() == "é" * 1200
    await store.clear()
    assert await store.load() is None
    assert [item.get_label() for item in _items()] == []


async def too_long() -> None:
    store = KeyringStore(ORIGIN)
    await store.save(SECRET)
    assert await problem_of(store, "save", "x" * 1201) is CredentialProblem.REFUSED
    assert await store.load() == SECRET


async def not_in_clear() -> None:
    await KeyringStore(ORIGIN).save(SECRET)
    files = [path for path in Path.home().rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" and path.stat().st_size > 100 for path in files)
    assert not [path for path in files if b"sentinel" in path.read_bytes()]


async def forgetful() -> None:
    """The keyring says it kept the secret, and did not."""
    store = KeyringStore(ORIGIN)
    await store.clear()
    type(keyring.get_keyring()).set_password = lambda *_: None  # type: ignore[method-assign]
    assert await problem_of(store, "save") is CredentialProblem.REFUSED


async def locked() -> None:
    store = KeyringStore(ORIGIN)
    await store.save(SECRET)
    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
    await every(store, CredentialProblem.LOCKED)


async def slow() -> None:
    """The daemon is stopped in the middle: nobody answers, and the loop goes on."""
    await KeyringStore(ORIGIN).save(SECRET)
    store = KeyringStore(ORIGIN, timeout=0.5)
    daemon = _daemon()
    os.kill(daemon, signal.SIGSTOP)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.05)
            beats += 1

    heart = asyncio.create_task(beat())
    started = time.monotonic()
    saving = problem_of(store, "save")
    assert await saving is CredentialProblem.SLOW
    assert await problem_of(store, "clear") is CredentialProblem.SLOW
    assert time.monotonic() - started < 2
    assert beats > 10
    heart.cancel()
    # What was asked is done in order once the daemon answers: the late save does not undo the clear.
    os.kill(daemon, signal.SIGCONT)
    patient = KeyringStore(ORIGIN)
    patient._thread, patient._queue = store._thread, store._queue
    assert await patient.load() is None


async def stuck() -> None:
    """The daemon never answers again: the process ends all the same."""
    await KeyringStore(ORIGIN).save(SECRET)
    store = KeyringStore(ORIGIN, timeout=0.2)
    os.kill(_daemon(), signal.SIGSTOP)
    assert await problem_of(store, "load") is CredentialProblem.SLOW


async def chained_with_a_stranger() -> None:
    store = KeyringStore(ORIGIN)
    await every(store, CredentialProblem.ABSENT)
    assert type(keyring.get_keyring()).__module__ == "keyring.backends.chainer"
    assert not Plaintext.called
    assert _items() == []


async def absent() -> None:
    await every(KeyringStore(ORIGIN), CredentialProblem.ABSENT)
    assert not Plaintext.called


async def restart() -> None:
    """Signed in, and started again: one entry, with what it should hold and nothing else."""
    script = Scripted(always(200, ACCOUNT))
    store = KeyringStore(ORIGIN)
    await store.save(Kept(1, "first", 2_000_000_000, "camille@demo.example").encode())
    backend = await script.backend(store)
    await backend.account()
    await backend.close()
    again = await script.backend(KeyringStore(ORIGIN))
    assert again.signed_in
    assert again.identifier == "camille@demo.example"
    await again.account()
    assert script.refreshed == ["first", "refresh-1"]
    (item,) = _items()
    kept = Kept.decode(item.get_secret().decode())
    assert kept is not None
    assert (kept.rt, kept.id) == ("refresh-2", "camille@demo.example")
    assert item.get_attributes()["service"] == f"fr.consoetmoi|{ORIGIN}"
    await _broken_entry(store, script)
    assert await again.sign_out() is None
    assert _items() == []
    await again.close()


async def _broken_entry(store: KeyringStore, script: Scripted) -> None:
    await store.save('{"rt":"foreign"}')
    backend: Backend = await script.backend(store)
    assert not backend.signed_in
    assert _items() == []
    await backend.close()


def _items() -> list[secretstorage.Item]:
    return list(secretstorage.get_default_collection(secretstorage.dbus_init()).get_all_items())


def _daemon() -> int:
    """The process that answers as the Secret Service."""
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    question = new_method_call(bus, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
    answer = secretstorage.dbus_init().send_and_get_reply(question)
    return int(answer.body[0])


if __name__ == "__main__":
    scene = sys.argv[1]
    if scene not in ("chained_with_a_stranger", "absent"):
        Plaintext.priority = 0.0
    asyncio.run(globals()[scene]())
