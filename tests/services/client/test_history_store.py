"""Kept history: what every end of a session leaves, failing stores and disks, and encryption."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from starlette.applications import Starlette

from services.client.backend import Backend
from services.client.credentials import LONGEST_ON_WINDOWS, CredentialProblem, MemoryStore
from services.client.history_store import HistoryStore, HistoryUnavailable, StoredKey
from services.client.http import IN_PROCESS
from services.client.offline import OfflineStore
from services.client.whole_periods import read_period
from services.domain.errors import SessionExpired
from services.insights.history import History, Origin, history_of, merge
from tests.harness.clock import Clock
from tests.services.client import test_offline
from tests.services.doubles import FailingStore, Network, make_read_only, sign_in

CAMILLE, SOFIA, BOX = "camille@demo.example", "sofia@demo.example", "c1"


class Device(test_offline.Device):
    """Device that also has a store of the kept history."""

    def __init__(self, network: Network, clock: Clock, folder: Path) -> None:
        super().__init__(network, clock, folder)
        self.keys = FailingStore()

    def history(self) -> HistoryStore:
        return HistoryStore(self.keys, OfflineStore(self.folder, IN_PROCESS, "history"), clock=self.clock)

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("history-*/*") if path.is_file())

    async def left(self) -> tuple[bool, bool]:
        """Return whether files are left, and whether the key is."""
        return bool(self.files), await MemoryStore.load(self.keys) is not None


@pytest.fixture
async def device(sandbox: Starlette, clock: Clock, tmp_path: Path) -> AsyncIterator[Device]:
    made = Device(Network(sandbox), clock, tmp_path / "data")
    yield made
    await made.stop()


def store_of(backend: Backend) -> HistoryStore:
    assert backend.device.history is not None
    return backend.device.history


async def opened(backend: Backend) -> bool:
    return await backend.device.open_history((await backend.account()).value.subscriber_id)


async def kept(device: Device) -> tuple[Backend, History]:
    """Sign in, turn the history on, and keep one period."""
    backend = await device.start()
    await sign_in(backend)
    await backend.device.keep_history((await backend.account()).value.subscriber_id)
    period = await read_period(backend, BOX, "2024-03", lambda _: None)
    assert period.entries
    history = history_of([period], device.clock(), Origin.DEVICE)
    written = await store_of(backend).update(BOX, partial(merge, history))
    assert written is not None
    assert written.history == history
    return backend, history


async def revoke(device: Device) -> None:
    other = device.network.backend(MemoryStore(), device.clock)
    await sign_in(other, remember=False)
    await other.sign_out_everywhere()
    await other.close()


GONE, SEALED = (False, False), (True, True)


@pytest.mark.parametrize(
    ("end", "left"),
    [
        ("sign out", GONE),
        ("sign out everywhere", GONE),
        ("revoked", GONE),
        ("data cleared", GONE),
        ("switched off", GONE),
        ("another subscriber", GONE),
        ("by age", SEALED),
        ("by age, unseen", SEALED),
        ("restart", SEALED),
        ("session lost", SEALED),
        ("by age, after 90 days", GONE),
        ("by age, then 90 days", GONE),
    ],
)
async def test_end_of_a_session_leaves_what_the_table_says(
    device: Device, end: str, left: tuple[bool, bool]
) -> None:
    backend, history = await kept(device)
    await device.stop()
    backend = await device.start()
    assert await opened(backend)
    assert store_of(backend).history(BOX) == history
    match end:
        case "sign out":
            device.network.down = True
            await backend.sign_out()
            device.network.down = False
        case "sign out everywhere":
            await backend.sign_out_everywhere()
        case "revoked":
            await revoke(device)
            with pytest.raises(SessionExpired):
                await backend.account()
        case "data cleared":
            await backend.forget_known()
        case "switched off":
            await backend.device.erase_history()
        case "another subscriber":
            await sign_in(backend, SOFIA)
            assert not store_of(backend).is_open
            assert not await opened(backend)
        case "by age":
            device.clock.advance(days=31)
            with pytest.raises(SessionExpired):
                await backend.account()
        case "by age, unseen":
            await device.stop()
            device.clock.advance(days=31)
            backend = await device.start()
            assert not await backend.device.open_history("camille"), "hidden until the backend vouches for it"
        case "session lost":
            await device.credentials.clear()
            await device.stop()
            await device.start()
        case "by age, after 90 days":
            await device.stop()
            device.clock.advance(days=121)
            with pytest.raises(SessionExpired):
                await (await device.start()).account()
        case "by age, then 90 days":
            device.clock.advance(days=31)
            with pytest.raises(SessionExpired):
                await backend.account()
            await device.stop()
            device.clock.advance(days=90)
            await device.start()
    await device.stop()
    assert await device.left() == left
    if end not in ("restart", "by age, unseen", "data cleared", "switched off"):
        backend = await device.start()
        await sign_in(backend)
        assert await opened(backend) == (left == SEALED)
        assert store_of(backend).history(BOX) == (history if left == SEALED else History())


async def test_kept_files_contain_nothing_readable(device: Device) -> None:
    _, history = await kept(device)
    await device.stop()
    secret = await device.keys.load()
    assert secret is not None
    stored = StoredKey.decode(secret)
    assert stored is not None
    entry = next(iter(history.entries.values())).value
    told = [
        entry.merchant_name, entry.description, entry.reference_code, entry.payment_id, stored.key,
        stored.sub, f'"{entry.amount.amount}"', "merchantName", "2024-03", CAMILLE, IN_PROCESS,
    ]  # fmt: skip
    assert len(device.files) == 2
    assert any(b'"' + entry.merchant_name.encode() in text for text in texts_in(history.packed()))
    for path in device.files:
        name = str(path.relative_to(device.folder)).encode()
        for content in (name, *texts_in(path.read_bytes())):
            assert not [text for text in told if text.encode() in content]


def texts_in(content: bytes) -> Iterator[bytes]:
    """Yield a content, and what decompression yields from each of its positions."""
    yield content
    for start in range(len(content)):
        with suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[start:])


@pytest.mark.parametrize("change", [{"sub": "other"}, {"v": 2}, {"key": "AAAA"}])
def test_key_entry_changed_by_another_program_is_refused(change: dict[str, object]) -> None:
    import json

    entry = json.loads(StoredKey.new("camille").encode())
    assert StoredKey.decode(json.dumps(entry)) is not None
    assert StoredKey.decode(json.dumps(entry | change)) is None


def test_key_entry_of_the_longest_subscriber_id_fits_in_a_windows_credential() -> None:
    longest = "s" * 64  # `Id` in openapi.yaml
    assert len(StoredKey.new(longest).encode().encode("utf-16-le")) <= 2 * LONGEST_ON_WINDOWS


@pytest.mark.parametrize("problem", list(CredentialProblem))
async def test_failing_credential_store_keeps_nothing_and_says_so(
    device: Device, problem: CredentialProblem
) -> None:
    backend = await device.start()
    await sign_in(backend)
    device.keys.problem = problem
    with pytest.raises(HistoryUnavailable) as caught:
        await backend.device.keep_history("camille")
    assert caught.value.problem is problem
    assert not store_of(backend).is_open
    device.keys.problem = None
    assert await device.left() == GONE


async def test_locked_keyring_leaves_the_history_sealed_until_unlocked(device: Device) -> None:
    _, history = await kept(device)
    await device.stop()
    device.keys.problem = CredentialProblem.LOCKED
    backend = await device.start()
    with pytest.raises(HistoryUnavailable):
        await opened(backend)
    assert await store_of(backend).update(BOX, lambda held: held) is None
    device.keys.problem = None
    assert await opened(backend)
    assert store_of(backend).history(BOX) == history


async def test_cut_write_keeps_the_former_history(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, history = await kept(device)
    before = {path: path.read_bytes() for path in device.files}

    def refuse(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        with pytest.raises(HistoryUnavailable):
            await store_of(backend).update(BOX, lambda _: History())
    assert {path: path.read_bytes() for path in device.files} == before
    assert store_of(backend).history(BOX) == history


async def test_full_disk_keeps_nothing_and_says_so(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use /dev/full, where every write fails like on a full disk."""
    backend = await device.start()
    await sign_in(backend)

    def onto_full(*_: object, **__: object) -> tuple[int, str]:
        return os.open("/dev/full", os.O_WRONLY), str(device.folder / "full.tmp")

    monkeypatch.setattr(tempfile, "mkstemp", onto_full)
    with pytest.raises(HistoryUnavailable):
        await backend.device.keep_history("camille")
    assert not store_of(backend).is_open
    assert await device.left() == GONE


async def test_read_only_disk_is_readable_and_its_unextended_retention_is_told(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, history = await kept(device)
    await device.stop()
    device.clock.advance(days=10)
    with monkeypatch.context() as patched:
        make_read_only(patched)
        backend = await device.start()
        with pytest.raises(HistoryUnavailable):
            await opened(backend)
        assert store_of(backend).history(BOX) == history
    assert await opened(backend)
    device.clock.advance(days=31)
    with pytest.raises(SessionExpired):
        await backend.account()
    await device.stop()
    device.clock.advance(days=84)  # after 125 days: the first retention has passed, the extended one has not
    await (await device.start()).close()
    assert await device.left() == SEALED


async def test_key_replaced_by_another_window_protects_its_files(device: Device) -> None:
    """Check that a window with the former key overwrites no file of the new one."""
    backend, history = await kept(device)
    other = await device.start()
    assert await opened(other)
    await other.device.erase_history()
    await other.device.keep_history((await other.account()).value.subscriber_id)
    await store_of(other).update(BOX, partial(merge, history))
    with pytest.raises(HistoryUnavailable):
        await store_of(backend).update(BOX, lambda _: History())
    await device.stop()
    again = await device.start()
    assert await opened(again)
    assert store_of(again).history(BOX) == history
