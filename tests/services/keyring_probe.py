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
from services.client.credentials import (
    HISTORY,
    SESSION,
    CredentialProblem,
    CredentialsUnavailable,
    KeyringStore,
)
from services.client.history_store import HistoryStore, HistoryUnavailable, StoredKey
from services.client.http import IN_PROCESS
from services.client.offline import OfflineStore
from services.client.session import StoredSession
from services.domain.errors import KeyringUnavailable, SessionExpired
from services.insights.history import Origin, history_of
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.services.conftest import running
from tests.services.doubles import Network
from tests.services.insights.factories import entry, ledger
from tests.services.scripted import ACCOUNT, Scripted, always

ORIGIN = "https://backend.example"
SECRET = '{"v":1,"rt":"sentinel-0123456789","exp":1,"id":"camille@demo.example"}'
NOW = datetime(2024, 3, 10, 11, tzinfo=UTC)
EXPIRY = int(NOW.timestamp())
BOX = "box"
KEPT = history_of(ledger([entry("p1", NOW, publisher="sentinel")], NOW).known, NOW, Origin.DEVICE)


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
    _lock()
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


def _history_store(origin: str = ORIGIN, timeout: float = 5.0, clock: Clock | None = None) -> HistoryStore:
    """Return a store as `main.history_store` makes it."""
    keys = KeyringStore(origin, timeout=timeout, name=HISTORY)
    return HistoryStore(
        keys, OfflineStore(Path.home() / "data", origin, "history"), clock=clock or Clock(NOW)
    )


def _history_files() -> list[Path]:
    return [path for path in (Path.home() / "data").rglob("*") if path.is_file()]


def _history_key() -> str:
    """Return the key in the one entry of the history."""
    (item,) = (item for item in _items() if item.get_attributes()["username"] == HISTORY)
    stored = StoredKey.decode(item.get_secret().decode())
    assert stored is not None
    return stored.key


async def _keep_history() -> None:
    store = _history_store()
    await store.turn_on("camille", EXPIRY)
    assert await store.update(BOX, lambda _: KEPT) is not None
    await store.close()


async def _check_history(store: HistoryStore) -> None:
    assert await store.open("camille", EXPIRY)
    assert store.history(BOX) == KEPT


async def _history_problem(call: Awaitable[object]) -> CredentialProblem | None:
    try:
        await call
    except HistoryUnavailable as error:
        return error.problem
    return None


async def history() -> None:
    """Keep a history beside a session: each has its own entry, and the history's end spares the session."""
    session = KeyringStore(ORIGIN)
    await session.save(SECRET)
    await _keep_history()
    secrets = (_history_key().encode(), b"sentinel")
    assert len(_history_files()) == 2
    files = [path for path in Path.home().rglob("*") if path.is_file()]
    assert not [path for path in files if any(secret in path.read_bytes() for secret in secrets)]
    await _check_history(_history_store())
    assert not await _history_store().open("sofia", EXPIRY)
    assert [item.get_attributes()["username"] for item in _items()] == [SESSION]
    assert _history_files() == []
    assert await session.load() == SECRET


async def history_locked() -> None:
    """Check that a locked keyring leaves the history sealed, and that an erased history stays erased."""
    await _keep_history()
    former = _history_key()
    _lock()
    store = _history_store()
    assert await _history_problem(store.open("camille", EXPIRY)) is CredentialProblem.LOCKED
    assert len(_history_files()) == 2
    _unlock()
    await _check_history(store)
    _lock()
    assert await store.erase() is None, "without files, the key reveals nothing"
    assert await _history_problem(store.turn_on("camille", EXPIRY)) is CredentialProblem.LOCKED
    assert _history_files() == []
    _unlock()
    assert not await store.open("camille", EXPIRY)
    await _keep_history()
    assert _history_key() != former


async def history_slow() -> None:
    """Check that a key saved late is the key of the next try, and that a slow load loses no history."""
    store, daemon = _history_store(timeout=0.5), _daemon()
    os.kill(daemon, signal.SIGSTOP)
    assert await _history_problem(store.turn_on("camille", EXPIRY)) is CredentialProblem.SLOW
    assert _history_files() == []
    os.kill(daemon, signal.SIGCONT)
    late = store._credentials
    assert isinstance(late, KeyringStore)
    late._timeout = stretched(30)
    await store.turn_on("camille", EXPIRY)
    assert await store.update(BOX, lambda _: KEPT) is not None
    await store.close()
    again = _history_store(timeout=0.5)
    os.kill(daemon, signal.SIGSTOP)
    assert await _history_problem(again.open("camille", EXPIRY)) is CredentialProblem.SLOW
    os.kill(daemon, signal.SIGCONT)
    await _check_history(_history_store(timeout=stretched(30)))


async def orders(count: str = "3", seed: str = "1") -> None:
    """Sign in, restart, renew, keep a history and sign out in random orders.

    Meanwhile the keyring locks, stalls and refuses.
    """
    chance = random.Random(int(seed))  # noqa: S311 - repeatable
    clock = Clock(NOW)
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
            deadline = time.monotonic() + stretched(30)
            while not device.keeps:
                assert time.monotonic() < deadline, "the keyring works, and the history is not kept"
                if not device.backend.signed_in:
                    await device.sign_in()
                await device.keep()
            await device.sign_out()
            await device.backend.close()
            assert _history_files() == []
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
        "history kept",
        "history read again",
        "HistoryUnavailable",
    } - done.keys()
    assert not missing or int(count) < 50, (missing, done)


_STEPS = (
    *("sign_in", "restart", "restart", "renew", "renew", "renew", "sign_out"),
    *("lock", "unlock", "stall", "keep", "keep"),
)


class _Device:
    """App on a device whose keyring is locked, unlocked or stalled at random."""

    def __init__(self, network: Network, clock: Clock, done: Counter[str]) -> None:
        self._network, self._clock, self._done = network, clock, done
        self.keeps = False
        """Whether a history is kept."""

    async def start(self) -> None:
        self._history = _history_store(IN_PROCESS, 0.5, self._clock)
        self.backend = self._network.backend(
            KeyringStore(IN_PROCESS, timeout=0.5), self._clock, self._history
        )
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

    async def keep(self) -> None:
        if not self.backend.signed_in or (subscriber_id := await self._read()) is None:
            return
        try:
            await self.backend.device.keep_history(subscriber_id)
            kept = await self._history.update(BOX, lambda _: KEPT)
        except HistoryUnavailable as error:
            self._done[type(error).__name__] += 1
            return
        assert kept is not None
        self.keeps = True
        self._done["history kept"] += 1

    async def sign_out(self) -> None:
        self.keeps = False
        await self.backend.sign_out()

    async def lock(self) -> None:
        """Lock the keyring; unlock requests fail because there is no display for a prompt."""
        await asyncio.to_thread(_lock)

    async def unlock(self) -> None:
        await asyncio.to_thread(_unlock)

    async def stall(self) -> None:
        """Stop the keyring for longer than the app's timeout, during the next steps."""
        daemon = _daemon()
        os.kill(daemon, signal.SIGSTOP)
        threading.Timer(0.8, os.kill, (daemon, signal.SIGCONT)).start()

    async def _read(self) -> str | None:
        """Read the account, then the history; return the subscriber's id, or None if the account failed."""
        try:
            account = (await self.backend.account()).value
        except (KeyringUnavailable, SessionExpired) as error:
            self._done[type(error).__name__] += 1
            self.keeps = self.keeps and not isinstance(error, SessionExpired)
            return None
        self._done["renewed"] += 1
        assert account.security_notice is None, "a false alarm of theft"
        try:
            opened = await self.backend.device.open_history(account.subscriber_id)
        except HistoryUnavailable as error:
            self._done[type(error).__name__] += 1
            return account.subscriber_id
        if opened:
            assert self.keeps, "a history that was erased is there again"
            assert self._history.history(BOX) == KEPT
            self._done["history read again"] += 1
        return account.subscriber_id


def _lock() -> None:
    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()


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
