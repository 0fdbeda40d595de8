"""Test scenes of `KeyringStore`, each run in its own process: `keyring` chooses its back end once.

`test_credentials.py` runs `python -m tests.services.keyring_probe SCENE`, most under
`tests/secret_service.sh`. A scene that fails ends with a non-zero exit code.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import keyring
import secretstorage
from jeepney import DBusAddress, new_method_call  # type: ignore[import-untyped]  # it has no py.typed
from keyring.backend import KeyringBackend

from services.client.backend import Backend
from services.client.credentials import CredentialProblem, CredentialsUnavailable, KeyringStore
from services.client.session import StoredSession
from services.domain.errors import KeyringUnavailable, SessionExpired
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.services.conftest import running
from tests.services.doubles import Network
from tests.services.scripted import ACCOUNT, Scripted, always

ORIGIN = "https://backend.example"
SECRET = '{"v":1,"rt":"sentinel-0123456789","exp":1,"id":"camille@demo.example"}'


class Plaintext(KeyringBackend):
    """Untrusted back end that stores secrets in clear; the allow-list must reject it."""

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


async def long() -> None:
    """Store a secret of 20,000 characters: refresh tokens of some providers are that long."""
    store = KeyringStore(ORIGIN)
    await store.save(SECRET)
    await store.save("x" * 20_000)
    assert await KeyringStore(ORIGIN).load() == "x" * 20_000


async def not_in_clear() -> None:
    await KeyringStore(ORIGIN).save(SECRET)
    files = [path for path in Path.home().rglob("*") if path.is_file()]
    assert any(path.suffix == ".keyring" and path.stat().st_size > 100 for path in files)
    assert not [path for path in files if b"sentinel" in path.read_bytes()]


async def forgetful() -> None:
    """Check that a keyring that silently drops the secret is reported as refusing."""
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
    """Check that a stopped daemon is reported as slow and does not block the event loop."""
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
    # The daemon executes pending calls in order: the late save does not undo the clear.
    os.kill(daemon, signal.SIGCONT)
    patient = KeyringStore(ORIGIN)
    patient._thread, patient._queue = store._thread, store._queue
    assert await patient.load() is None


async def stuck() -> None:
    """Check that the process exits although the daemon never answers again."""
    await KeyringStore(ORIGIN).save(SECRET)
    store = KeyringStore(ORIGIN, timeout=0.2)
    os.kill(_daemon(), signal.SIGSTOP)
    assert await problem_of(store, "load") is CredentialProblem.SLOW


async def chained_with_a_stranger() -> None:
    store = KeyringStore(ORIGIN)
    assert type(keyring.get_keyring()).__module__ == "keyring.backends.chainer"
    await store.save(SECRET)
    assert await store.load() == SECRET
    assert len(_items()) == 1
    await store.clear()
    assert await store.load() is None
    assert not Plaintext.called


async def absent() -> None:
    await every(KeyringStore(ORIGIN), CredentialProblem.ABSENT)
    assert not Plaintext.called


async def restart() -> None:
    """Check that a restart while signed in leaves exactly one valid keyring entry."""
    script = Scripted(always(200, ACCOUNT))
    store = KeyringStore(ORIGIN)
    await store.save(StoredSession(3, "first", 2_000_000_000, "camille@demo.example").encode())
    backend = await script.backend(store)
    await backend.account()
    await backend.close()
    again = await script.backend(KeyringStore(ORIGIN))
    assert again.signed_in
    assert again.identifier == "camille@demo.example"
    await again.account()
    assert script.refreshed == ["first", "refresh-1"]
    (item,) = _items()
    kept = StoredSession.decode(item.get_secret().decode())
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


async def orders(count: str = "3", seed: str = "1") -> None:
    """Sign in, restart, renew and sign out in random orders, while the keyring locks, stalls and refuses."""
    chance = random.Random(int(seed))  # noqa: S311 - repeatable
    clock = Clock(datetime(2024, 3, 10, 11, tzinfo=UTC))
    done: Counter[str] = Counter()
    with running("sqlite://", clock) as sandbox:
        for _ in range(int(count)):
            device = _Device(Network(sandbox), clock, done)
            await device.start()
            for step in chance.choices(_STEPS, k=14):
                clock.advance(seconds=chance.choice((1, 11, 400)))
                await getattr(device, step)()
            await device.unlock()
            await device.restart()
            if not device.backend.signed_in:
                await device.sign_in()
            clock.advance(minutes=6)
            await device.renew()
            await device.backend.sign_out()
            await device.backend.close()
            deadline = time.monotonic() + stretched(30)
            while _items():  # a keyring that was slow to answer forgets a moment later
                assert time.monotonic() < deadline, "signed out, and the entry is still there"
                await asyncio.sleep(0.05)
    missing = {
        "signed in",
        "renewed",
        "KeyringUnavailable",
        "resumed",
        "not resumed",
        "not kept",
    } - done.keys()
    assert not missing or int(count) < 50, (missing, done)


_STEPS = ("sign_in", "restart", "restart", "renew", "renew", "renew", "sign_out", "lock", "unlock", "stall")


class _Device:
    """App on a device whose keyring is locked, unlocked or stalled at random."""

    def __init__(self, network: Network, clock: Clock, done: Counter[str]) -> None:
        self._network, self._clock, self._done = network, clock, done

    async def start(self) -> None:
        self.backend = self._network.backend(KeyringStore("http://sandbox", timeout=0.5), self._clock)
        remembered = await self.backend.resume()
        self._done["resumed" if remembered.signed_in else "not resumed"] += 1

    async def restart(self) -> None:
        await self.backend.close()
        await self.start()

    async def sign_in(self) -> None:
        challenge = await self.backend.begin_sign_in("camille@demo.example")
        problem = await self.backend.finish_sign_in(challenge, "Soleil-2026", remember=True)
        self._done["not kept" if problem else "signed in"] += 1
        await self._read()

    async def renew(self) -> None:
        self._clock.advance(minutes=6)
        if self.backend.signed_in:
            await self._read()

    async def sign_out(self) -> None:
        await self.backend.sign_out()

    async def lock(self) -> None:
        """Lock the keyring; unlock requests fail because there is no display for a prompt."""
        await asyncio.to_thread(
            lambda: secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
        )

    async def unlock(self) -> None:
        await asyncio.to_thread(_unlock)

    async def stall(self) -> None:
        """Stop the keyring for longer than the app's timeout, during the next steps."""
        daemon = _daemon()
        os.kill(daemon, signal.SIGSTOP)
        threading.Timer(0.8, os.kill, (daemon, signal.SIGCONT)).start()

    async def _read(self) -> None:
        try:
            account = (await self.backend.account()).value
        except (KeyringUnavailable, SessionExpired) as error:
            self._done[type(error).__name__] += 1
            return
        self._done["renewed"] += 1
        assert account.security_notice is None, "a false alarm of theft"


def _unlock() -> None:
    """Unlock the keyring with its password, as its prompt would."""
    bus, service, path = secretstorage.dbus_init(), "org.freedesktop.secrets", "/org/freedesktop/secrets"
    secrets = DBusAddress(path, service, "org.freedesktop.Secret.Service")
    session = bus.send_and_get_reply(new_method_call(secrets, "OpenSession", "sv", ("plain", ("s", ""))))
    keyring_ = bus.send_and_get_reply(new_method_call(secrets, "ReadAlias", "s", ("default",)))
    internal = DBusAddress(path, service, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
    password = (session.body[1], b"", b"tests-only", "text/plain")
    call = new_method_call(internal, "UnlockWithMasterPassword", "o(oayays)", (keyring_.body[0], password))
    bus.send_and_get_reply(call)


def _items() -> list[secretstorage.Item]:
    while True:
        try:
            return list(secretstorage.get_default_collection(secretstorage.dbus_init()).get_all_items())
        except secretstorage.exceptions.ItemNotFoundException:
            continue  # erased while it was listed


def _daemon() -> int:
    """Return the process id of the Secret Service."""
    bus = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    question = new_method_call(bus, "GetConnectionUnixProcessID", "s", ("org.freedesktop.secrets",))
    answer = secretstorage.dbus_init().send_and_get_reply(question)
    return int(answer.body[0])


if __name__ == "__main__":
    scene = sys.argv[1]
    if scene not in ("chained_with_a_stranger", "absent"):
        Plaintext.priority = 0.0
    asyncio.run(globals()[scene](*sys.argv[2:]))
