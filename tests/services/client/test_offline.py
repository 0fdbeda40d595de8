"""Offline storage: encryption, damaged files, links, full or slow disks, response cache."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette

from services.client import cache as cache_module
from services.client import device_data as device_module
from services.client import offline as offline_module
from services.client.backend import Backend
from services.client.cache import MOST_KNOWN, CacheEntry, Priority, ResponseCache, encode
from services.client.credentials import CredentialProblem, CredentialStore, MemoryStore
from services.client.device_data import UnsentFeedback
from services.client.history_store import HistoryStore
from services.client.http import IN_PROCESS, HttpClient
from services.client.offline import KEY_LENGTH, Cipher, OfflineStore
from services.client.session import StoredSession
from services.domain.errors import BackendError, NotFound, SessionExpired, Unreachable
from services.domain.models import Account, DisputeReason, PurchasePage, ServiceStatus
from tests.harness.clock import Clock
from tests.harness.patience import stretched
from tests.services.doubles import PASSWORDS, FailingStore, Network, sign_in
from tests.services.scripted import ACCOUNT, Scripted, always

CAMILLE = "camille@demo.example"
CIPHER = Cipher(bytes(range(KEY_LENGTH)), "https://backend.example", CAMILLE)
AT = datetime(2024, 3, 10, 11, tzinfo=UTC)
OPINION = UnsentFeedback("periode", True, "Clair.", None, "3e0b1b9e-0000-4000-8000-000000000001")


# Encrypted files


@given(st.binary(max_size=300), st.text("abc-", min_size=1, max_size=20))
def test_encrypted_file_is_decrypted_to_its_content(content: bytes, name: str) -> None:
    file = CIPHER.encrypt(name, content)
    assert CIPHER.decrypt(name, file) == content
    assert CIPHER.encrypt(name, content) != file, "the nonce is another each time"


@given(st.data())
def test_file_with_a_flipped_bit_is_refused(data: st.DataObject) -> None:
    file = bytearray(CIPHER.encrypt("answers", b"Studio Pixelune, 2,99"))
    bit = data.draw(st.integers(0, len(file) * 8 - 1))
    file[bit // 8] ^= 1 << bit % 8
    assert CIPHER.decrypt("answers", bytes(file)) is None


@given(st.integers(0, 60))
def test_file_truncated_or_extended_is_refused(length: int) -> None:
    file = CIPHER.encrypt("answers", b"Studio Pixelune, 2,99")
    cut = file[: min(length, len(file) - 1)]
    assert CIPHER.decrypt("answers", cut) is None
    assert CIPHER.decrypt("answers", file + b"\0") is None


@given(st.binary(max_size=100))
@example(b"CEM1")
@example(b"CEM1" + bytes(12))
@example(b"CEM1" + bytes(28))
def test_file_of_random_bytes_is_refused(file: bytes) -> None:
    assert CIPHER.decrypt("answers", file) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(CIPHER, key=bytes(KEY_LENGTH)),
        replace(CIPHER, owner="sofia@demo.example"),
        replace(CIPHER, origin="https://elsewhere.example"),
    ],
    ids=["key", "subscriber", "backend"],
)
def test_file_of_another_key_subscriber_or_backend_is_refused(other: Cipher) -> None:
    assert CIPHER.decrypt("answers", other.encrypt("answers", b"x")) is None


def test_file_under_another_name_is_refused() -> None:
    assert CIPHER.decrypt("answers", CIPHER.encrypt("opinion-1", b"x")) is None


def test_file_of_a_later_format_is_refused() -> None:
    file = CIPHER.encrypt("answers", b"x")
    assert CIPHER.decrypt("answers", b"CEM2" + file[4:]) is None


def test_encryption_key_is_not_in_the_repr() -> None:
    assert repr(CIPHER) == "Cipher(...)"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[OfflineStore]:
    opened = OfflineStore(tmp_path / "data", CIPHER.origin)
    yield opened
    await opened.close()


async def test_files_are_private_encrypted_and_replaced_whole(store: OfflineStore) -> None:
    assert await store.open(CIPHER) == {}
    assert await store.save(CIPHER, "answers", lambda: b"first")
    assert await store.save(CIPHER, "answers", lambda: b"second")
    (file,) = store.folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert b"second" not in file.read_bytes()
    assert await store.open(CIPHER) == {"answers": b"second"}
    await store.remove("answers")
    assert await store.open(CIPHER) == {}
    await store.erase()
    assert not store.folder.exists()
    await store.erase()


async def test_files_of_two_backends_are_separate(store: OfflineStore, tmp_path: Path) -> None:
    other = OfflineStore(tmp_path / "data", "https://elsewhere.example")
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"x")
    await other.open(replace(CIPHER, origin=other.origin))
    await other.erase()
    assert await store.open(CIPHER) == {"answers": b"x"}
    await other.close()


async def test_unreadable_files_are_deleted_and_the_others_kept(
    store: OfflineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline_module, "LARGEST_FILE", 200)
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"x")
    (store.folder / "opinion-1.bin").write_bytes(b"damaged")
    (store.folder / "opinion-2.bin").write_bytes(replace(CIPHER, owner="x").encrypt("opinion-2", b"x"))
    (store.folder / "opinion-3.bin").write_bytes(CIPHER.encrypt("opinion-3", b"large" * 50))
    (store.folder / "notes.txt").write_text("not ours")
    (store.folder / "opinion-4.bin").mkdir()
    assert await store.open(CIPHER) == {"answers": b"x"}
    assert sorted(path.name for path in store.folder.iterdir()) == ["answers.bin", "opinion-4.bin"]


async def test_old_temporary_files_are_deleted_and_recent_ones_kept(store: OfflineStore) -> None:
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"x")
    crashed, in_flight = store.folder / "tmp1.tmp", store.folder / "tmp2.tmp"
    for path in (crashed, in_flight):
        path.write_bytes(CIPHER.encrypt("answers", b"half")[:20])
    os.utime(crashed, (time.time() - 3600,) * 2)
    assert await store.open(CIPHER) == {"answers": b"x"}
    assert not crashed.exists()
    assert in_flight.exists()


async def test_interrupted_write_keeps_the_previous_file(
    store: OfflineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"former")

    def refuse(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", refuse)
        assert not await store.save(CIPHER, "answers", lambda: b"later")
    assert await store.open(CIPHER) == {"answers": b"former"}
    assert [path.name for path in store.folder.iterdir()] == ["answers.bin"], "and nothing lies about"


async def test_write_to_a_full_disk_keeps_the_previous_file(store: OfflineStore) -> None:
    """Use /dev/full, where every write fails like on a full disk."""
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"former")

    def onto_full(*_: object, **__: object) -> tuple[int, str]:
        name = str(store.folder / "full.tmp")
        Path(name).touch()
        return os.open("/dev/full", os.O_WRONLY), name

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "mkstemp", onto_full)
        assert not await store.save(CIPHER, "answers", lambda: b"later")
    assert await store.open(CIPHER) == {"answers": b"former"}


async def test_unwritable_folder_raises_no_error(tmp_path: Path) -> None:
    """Put a file at the folder's path, so that even root cannot write there."""
    (tmp_path / "data").write_text("in the way")
    store = OfflineStore(tmp_path / "data", CIPHER.origin)
    assert await store.open(CIPHER) is None
    assert not await store.save(CIPHER, "answers", lambda: b"x")
    await store.remove("answers")
    await store.erase()
    await store.close()
    assert not await store.save(CIPHER, "answers", lambda: b"after the end")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a foreign folder with a file, a file named like one of the app, and a subfolder."""
    folder = tmp_path / "elsewhere"
    (folder / "photos").mkdir(parents=True)
    (folder / "thesis.txt").write_text("three years of work")
    (folder / "answers.bin").write_bytes(b"of another program")
    (folder / "photos" / "cat.jpg").write_bytes(b"cat")
    folder.chmod(0o755)
    return folder


def contents(folder: Path) -> dict[str, object]:
    """Return the mode of a folder, and every file below it."""
    files: dict[str, object] = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return files | {"mode": stat.S_IMODE(folder.stat().st_mode)}


async def test_folder_that_is_a_link_is_replaced_and_its_target_left_alone(
    store: OfflineStore, elsewhere: Path
) -> None:
    before = contents(elsewhere)
    store.folder.parent.mkdir()
    store.folder.symlink_to(elsewhere)
    assert await store.open(CIPHER) == {}
    assert not store.folder.is_symlink()
    assert await store.save(CIPHER, "answers", lambda: b"x")
    assert await store.open(CIPHER) == {"answers": b"x"}
    await store.erase()
    assert not store.folder.exists()
    assert contents(elsewhere) == before


@pytest.mark.parametrize("target", ["elsewhere/thesis.txt", "nowhere", "elsewhere/photos", "data"])
async def test_link_to_anything_is_replaced_by_a_folder(
    store: OfflineStore, elsewhere: Path, tmp_path: Path, target: str
) -> None:
    before = contents(elsewhere)
    store.folder.parent.mkdir()
    store.folder.symlink_to(tmp_path / target)
    await store.open(CIPHER)
    assert await store.save(CIPHER, "answers", lambda: b"x")
    await store.erase()
    assert not list(store.folder.parent.iterdir())
    assert contents(elsewhere) == before


async def test_link_to_itself_is_replaced_by_a_folder(store: OfflineStore) -> None:
    store.folder.parent.mkdir()
    store.folder.symlink_to(store.folder)
    await store.open(CIPHER)
    assert await store.save(CIPHER, "answers", lambda: b"x")


async def test_link_in_place_of_the_open_folder_is_not_followed(store: OfflineStore, elsewhere: Path) -> None:
    before = contents(elsewhere)
    await store.open(CIPHER)
    await store.save(CIPHER, "answers", lambda: b"x")
    shutil.rmtree(store.folder)
    store.folder.symlink_to(elsewhere)
    assert not await store.save(CIPHER, "answers", lambda: b"x")
    await store.remove("answers")
    assert contents(elsewhere) == before
    await store.erase()
    assert not list(store.folder.parent.iterdir())
    assert contents(elsewhere) == before


async def test_folder_replaced_by_a_link_leaves_the_target_unchanged(
    store: OfflineStore, elsewhere: Path
) -> None:
    before = contents(elsewhere)
    await store.open(CIPHER)
    await store.save(CIPHER, "opinion-1", lambda: b"x")
    (store.folder / "opinion-1.bin").rename(elsewhere / "opinion-1.bin")
    store.folder.rmdir()
    store.folder.symlink_to(elsewhere)
    await store.erase()
    assert not list(store.folder.parent.iterdir())
    assert contents(elsewhere) == before


async def test_data_folder_behind_links_is_used_and_erased(tmp_path: Path) -> None:
    """Allow links above the data folder, such as a home on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    store = OfflineStore(tmp_path / "home" / "data", CIPHER.origin)
    await store.open(CIPHER)
    assert await store.save(CIPHER, "answers", lambda: b"x")
    assert await store.open(CIPHER) == {"answers": b"x"}
    await store.erase()
    await store.close()
    assert not list((tmp_path / "disk" / "data").iterdir())


async def test_entry_that_is_a_link_is_not_read_and_only_the_link_is_deleted(
    store: OfflineStore, elsewhere: Path
) -> None:
    (elsewhere / "opinion-1.bin").write_bytes(CIPHER.encrypt("opinion-1", b"x"))
    before = contents(elsewhere)
    await store.open(CIPHER)
    for name, target in (("opinion-1", "opinion-1.bin"), ("opinion-2", "photos"), ("opinion-3", "nothing")):
        (store.folder / f"{name}.bin").symlink_to(elsewhere / target)
    assert await store.open(CIPHER) == {}
    assert not list(store.folder.iterdir())
    (store.folder / "answers.bin").symlink_to(elsewhere / "answers.bin")
    (store.folder / "photos").symlink_to(elsewhere / "photos")
    assert await store.save(CIPHER, "answers", lambda: b"x")
    await store.erase()
    assert not store.folder.exists()
    assert contents(elsewhere) == before


async def test_write_after_an_erasure_has_no_effect(store: OfflineStore) -> None:
    """Check a late write of the same window and of another one."""
    other = OfflineStore(store.folder.parent, CIPHER.origin)
    await store.open(CIPHER)
    await other.open(CIPHER)
    writing = store.save(CIPHER, "answers", lambda: b"x")
    await store.erase()
    assert await writing
    assert not await other.save(CIPHER, "answers", lambda: b"x")
    assert not store.folder.exists()
    await other.close()


async def test_cancelled_removal_is_still_executed(store: OfflineStore) -> None:
    await store.open(CIPHER)
    await store.save(CIPHER, "opinion", lambda: b"Clair.")
    free = threading.Event()

    def slow() -> bytes:
        free.wait(15)
        return b"2,99"

    writing = store.save(CIPHER, "answers", slow)
    removing = asyncio.ensure_future(store.remove("opinion"))
    await asyncio.sleep(0)
    removing.cancel()
    free.set()
    await writing
    await store.settled()
    assert [path.name for path in store.folder.iterdir()] == ["answers.bin"]


async def test_slow_disk_does_not_delay_the_start(
    store: OfflineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline_module, "OPENING_TIME", 0.01)
    store.save(CIPHER, "answers", lambda: time.sleep(0.2) or b"")  # type: ignore[func-returns-value]
    assert await store.open(CIPHER) is None


def _write(folder: Path, letter: str, times: int) -> None:
    async def write() -> None:
        store = OfflineStore(folder, CIPHER.origin)
        await store.open(CIPHER)
        for turn in range(times):
            assert await store.save(CIPHER, "answers", lambda: letter.encode() * 5000)
            assert await store.save(CIPHER, f"opinion-{letter}{turn}", letter.encode)
        await store.close()

    asyncio.run(write())


@pytest.mark.nightly
async def test_two_writing_processes_leave_complete_files(store: OfflineStore) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_write, args=(store.folder.parent, letter, 40)) for letter in "ab"]
    for process in processes:
        process.start()
    seen: set[bytes] = set()
    while any(process.is_alive() for process in processes):
        path = store.folder / "answers.bin"
        if path.exists():
            seen.add(CIPHER.decrypt("answers", await asyncio.to_thread(path.read_bytes)) or b"damaged")
        await asyncio.sleep(0.005)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert seen <= {b"a" * 5000, b"b" * 5000}
    files = await store.open(CIPHER) or {}
    assert len(files) == 81, "neither lost what only it had written"


# Response cache


def known(number: int, priority: Priority = Priority.USEFUL, value: object = None) -> CacheEntry:
    return CacheEntry(f"/v1/{number}", f'"{number}"', AT, priority, value or {"n": number})


def test_cache_evicts_by_priority_then_age() -> None:
    reads = ResponseCache()
    reads.put(known(0, Priority.ESSENTIAL))
    for number in range(1, MOST_KNOWN + 10):
        reads.put(known(number, Priority.PASSING if number % 2 else Priority.USEFUL))
    for number in range(1000, 1000 + MOST_KNOWN):
        reads.put(known(number))
    kept = [each.url for each in reads.snapshot()]
    assert len(kept) == MOST_KNOWN
    assert kept[0] == "/v1/0"
    assert kept[1:] == [f"/v1/{number}" for number in range(1001, 1000 + MOST_KNOWN)]


def test_cache_on_the_device_has_its_own_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LARGEST", 200)
    answers = [
        known(1, Priority.ESSENTIAL),
        *(known(n, value="x" * 30) for n in (2, 3)),
        known(4, Priority.PASSING),
    ]
    reads = ResponseCache()
    reads.restore(encode(answers))
    assert [each.url for each in reads.snapshot()] == ["/v1/1", "/v1/3"]


@given(st.binary(max_size=200))
@example(b"null")
@example(b'[{"url":"/v1/me","etag":"","at":"2024-03-10T11:00:00","worth":2,"value":{}}]')
@example(b'[{"url":"","etag":"","at":"2024-03-10T11:00:00Z","worth":2,"value":{}}]')
@example(b'[{"url":"/v1/me","etag":"","at":"2024-03-10T11:00:00Z","worth":7,"value":{}}]')
def test_cache_restored_from_random_bytes_is_empty(text: bytes) -> None:
    reads = ResponseCache()
    reads.restore(text)
    assert reads.snapshot() == () or text.strip() == b"[]"


def test_cached_answer_of_another_shape_is_dropped() -> None:
    """Restore an answer that lacks a member required by this version."""
    reads = ResponseCache()
    reads.restore(encode([known(1)]))
    assert reads.recall("/v1/1", Account) is None
    assert reads.snapshot() == ()
    assert reads.recall("/v1/2", Account) is None


# The client


@pytest.fixture
def network(sandbox: Starlette) -> Network:
    return Network(sandbox)


class Device:
    """Device with a credential store and a data folder, on which a test restarts the app."""

    def __init__(self, network: Network, clock: Clock, folder: Path) -> None:
        self.network, self.clock, self.folder = network, clock, folder
        self.credentials: CredentialStore = MemoryStore()
        self._running: list[Backend] = []

    async def start(self) -> Backend:
        backend = Backend(
            HttpClient(IN_PROCESS, self.network, clock=self.clock, timeout=5.0),
            self.credentials,
            clock=self.clock,
            offline=OfflineStore(self.folder, IN_PROCESS),
            history=self.history(),
        )
        self._running.append(backend)
        await backend.resume()
        return backend

    def history(self) -> HistoryStore | None:
        """Return the store of the kept history, if the device has one."""
        return None

    async def signed_in(self) -> Backend:
        """Start the app and sign in, remembered."""
        backend = await self.start()
        await sign_in(backend)
        return backend

    async def session(self) -> StoredSession:
        """Return the stored session."""
        found = StoredSession.decode(await self.credentials.load() or "")
        assert found is not None
        return found

    async def stop(self) -> None:
        while self._running:
            await self._running.pop().close()

    @property
    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
async def device(network: Network, clock: Clock, tmp_path: Path) -> AsyncIterator[Device]:
    made = Device(network, clock, tmp_path / "data")
    yield made
    await made.stop()


def everything(backend: Backend) -> Iterator[Callable[[], Any]]:
    """Yield every kind of read, for Camille."""
    yield backend.account
    yield lambda: backend.billing_periods("c1")
    yield lambda: backend.purchases("c1", "2024-03")
    yield lambda: backend.purchases("c1", "2024-02", page=2, per_page=2)
    yield lambda: backend.purchase("c1", "p2")
    yield lambda: backend.subscriptions("c1")
    yield lambda: backend.service("c1")


async def journey(backend: Backend) -> list[Any]:
    """Run all reads and return their answers."""
    answers = []
    for read in everything(backend):
        try:
            answers.append(await read())
        except NotFound:
            answers.append(None)
    return answers


async def test_cache_is_restored_and_revalidated_at_the_next_start(device: Device) -> None:
    backend = await device.signed_in()
    read = await journey(backend)
    assert sum(answer is not None for answer in read) >= 6
    await device.stop()
    device.network.down = True
    device.clock.advance(days=2)
    backend = await device.start()
    assert [each().known for each in everything(backend)] == read
    with pytest.raises(Unreachable):
        await backend.account()
    device.network.down = False
    device.network.requests.clear()
    fresh = await backend.account()
    assert (fresh.value, fresh.etag) == (read[0].value, read[0].etag)
    assert fresh.at > read[0].at
    assert device.network.requests[-1].headers["if-none-match"] == read[0].etag
    known_again = backend.account().known
    assert known_again is not None
    assert known_again.at == fresh.at, "as old as the backend last vouched for it"


async def test_read_never_made_has_no_cached_answer(device: Device) -> None:
    backend = await device.signed_in()
    assert backend.account().known is None
    await backend.account()
    assert backend.billing_periods("c1").known is None
    assert backend.purchase("c1", "../x").known is None


async def test_device_files_contain_no_secret_or_purchase_in_clear(device: Device) -> None:
    backend = await device.signed_in()
    await backend.device.queue_feedback(OPINION)
    (account, periods, page, *_) = await journey(backend)
    await device.stop()
    kept = await device.session()
    assert kept.v == 3
    key = kept.offline_key()
    assert key is not None
    item = page.value.items[0]
    secrets = [
        kept.rt, kept.key, CAMILLE, PASSWORDS[CAMILLE], account.value.display_name, item.merchant_name,
        item.description, item.reference_code, f'"{item.amount.amount}"', "merchantName",
        f'"{periods.value[0].total.amount}"', "Clair.", "periode", IN_PROCESS,
    ]  # fmt: skip
    assert min(map(len, secrets)) > 5, "shorter ones are found in any noise"
    assert device.files
    for path in device.files:
        content = path.read_bytes() + str(path.relative_to(device.folder)).encode()
        assert key not in content
        assert not [secret for secret in secrets if secret.encode() in content]


@pytest.mark.parametrize(
    "leave", ["sign out", "sign out everywhere", "revoked", "too late", "not remembered"]
)
async def test_end_of_the_session_erases_the_device_files(device: Device, leave: str) -> None:
    backend = await device.signed_in()
    await journey(backend)
    await backend.device.queue_feedback(OPINION)
    await device.stop()
    assert len(device.files) == 2
    backend = await device.start()
    assert backend.account().known
    match leave:
        case "sign out":
            device.network.down = True
            await backend.sign_out()
        case "sign out everywhere":
            await backend.sign_out_everywhere()
        case "revoked":
            other = Backend(
                HttpClient(IN_PROCESS, device.network, clock=device.clock, timeout=5.0), MemoryStore()
            )
            await sign_in(other, remember=False)
            await other.sign_out_everywhere()
            await other.close()
            with pytest.raises(SessionExpired):
                await backend.account()
        case "too late":
            device.clock.advance(days=31)
            backend = await device.start()
            assert backend.account().known is None, "only the backend can say that it is over"
            with pytest.raises(SessionExpired):
                await backend.account()
        case "not remembered":
            await sign_in(backend, remember=False)
            await journey(backend)
    assert backend.device.unsent_feedback == ()
    if leave != "not remembered":
        assert backend.account().known is None
        assert await device.credentials.load() is None
    await device.stop()
    assert device.files == []
    assert not list(device.folder.iterdir())


@pytest.mark.parametrize("days", [40, 4_000, -4_000])
async def test_start_with_a_wrong_clock_keeps_the_device_files(
    device: Device, clock: Clock, days: int
) -> None:
    backend = await device.signed_in()
    await journey(backend)
    await device.stop()
    files = {path.name: path.read_bytes() for path in device.files}
    device.clock = Clock(clock.now)
    device.clock.advance(days=days)
    device.network.down = True
    backend = await device.start()
    assert backend.signed_in
    with pytest.raises(Unreachable):
        await backend.account()
    assert (backend.account().known is None) is (days > 0), "unseen until the backend vouches for the session"
    await device.stop()
    assert {path.name for path in device.files} == set(files)
    device.network.down = False
    backend = await device.start()
    assert (await backend.account()).value.security_notice is None
    await device.stop()
    device.clock = clock
    backend = await device.start()
    assert backend.signed_in
    await backend.account()
    await device.stop()
    device.network.down = True
    assert (await device.start()).account().known is not None


async def test_sign_out_with_a_linked_folder_erases_only_the_app_files(
    device: Device, elsewhere: Path
) -> None:
    before = contents(elsewhere)
    device.folder.mkdir()
    OfflineStore(device.folder, IN_PROCESS).folder.symlink_to(elsewhere)
    backend = await device.signed_in()
    await journey(backend)
    await device.stop()
    backend = await device.start()
    assert backend.account().known
    await backend.sign_out()
    await device.stop()
    assert not list(device.folder.iterdir())
    assert contents(elsewhere) == before


async def test_close_during_a_sign_out_completes_it(device: Device) -> None:
    backend = await device.signed_in()
    await journey(backend)
    leaving = asyncio.create_task(backend.sign_out())
    await asyncio.sleep(0)
    leaving.cancel()  # like a page that is closed
    await device.stop()
    assert device.network.requests[-1].url.path == "/oauth/revoke"
    assert device.files == []
    assert await device.credentials.load() is None


async def test_sign_in_of_another_subscriber_ignores_the_earlier_files(device: Device) -> None:
    backend = await device.signed_in()
    await journey(backend)
    await device.stop()
    before = {path: path.read_bytes() for path in device.files}
    backend = await device.start()
    await sign_in(backend, "sofia@demo.example")
    assert backend.account().known is None
    for path, content in before.items():  # as if the files were restored
        path.write_bytes(content)
    await device.stop()
    backend = await device.start()
    assert backend.identifier == "sofia@demo.example"
    assert backend.account().known is None


async def test_backend_without_a_device_writes_no_file(
    network: Network, clock: Clock, tmp_path: Path
) -> None:
    """Check the case of the web, where the cache lasts until the end of the session."""
    backend = network.backend(MemoryStore(), clock)
    await sign_in(backend)
    await journey(backend)
    await backend.device.queue_feedback(OPINION)
    await backend.device.drop_feedback(OPINION.key)
    assert backend.account().known
    assert not backend.device.in_use
    await backend.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - at once


async def test_store_that_refuses_the_key_leaves_no_file(device: Device) -> None:
    device.credentials = store = FailingStore()
    backend = await device.start()
    store.problem = CredentialProblem.REFUSED
    challenge = await backend.begin_sign_in(CAMILLE)
    assert await backend.finish_sign_in(challenge, PASSWORDS[CAMILLE], remember=True) == store.problem
    await journey(backend)
    await device.stop()
    assert device.files == []


async def test_locked_keyring_hides_the_cache_until_unlocked(device: Device) -> None:
    device.credentials = store = FailingStore()
    await sign_in(await device.start())
    await (await device.start()).account()
    await device.stop()
    store.problem = CredentialProblem.LOCKED
    assert (await device.start()).account().known is None
    await device.stop()
    store.problem = None
    assert (await device.start()).account().known


async def test_session_kept_without_a_key_opens_and_gets_one(device: Device) -> None:
    await sign_in(await device.start())
    kept = await device.session()
    await device.stop()
    await device.credentials.save(StoredSession(3, kept.rt, kept.exp, kept.id).encode())
    backend = await device.start()
    assert not backend.device.in_use
    await backend.account()
    upgraded = await device.session()
    assert upgraded.offline_key()
    await device.stop()
    await (await device.start()).account()
    await device.stop()
    assert (await device.start()).account().known


@pytest.mark.parametrize("key", ["", "x", "AAAA", "é", "A" * 44, "A" * 43 + "="])
def test_offline_key_must_have_32_bytes(key: str) -> None:
    assert (StoredSession(3, "rt", 1, "id", key).offline_key() is not None) == (key == "A" * 43 + "=")


async def test_two_windows_use_the_same_key(device: Device) -> None:
    """Both windows create a key for a session without one; the second adopts the first key."""
    await sign_in(await device.start())
    kept = await device.session()
    await device.stop()
    await device.credentials.save(StoredSession(3, kept.rt, kept.exp, kept.id).encode())
    one, other = await device.start(), await device.start()
    await one.account()
    first = await device.session()
    await other.account()
    second = await device.session()
    assert first.key == second.key


async def test_concurrent_reads_are_written_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    save = OfflineStore.save

    def counted(store: OfflineStore, seal: Cipher, name: str, content: Callable[[], bytes]) -> Any:
        written.append(name)
        return save(store, seal, name, content)

    monkeypatch.setattr(OfflineStore, "save", counted)
    monkeypatch.setattr(device_module, "SAVING_DELAY", 3600)
    backend = await device.signed_in()
    await asyncio.gather(backend.account(), backend.billing_periods("c1"), backend.service("c1"))
    assert written == []
    await backend.close()
    assert written == ["answers"]
    monkeypatch.setattr(device_module, "SAVING_DELAY", 0)
    backend = await device.start()
    await backend.account()
    deadline = time.monotonic() + stretched(10)
    while len(written) == 1:
        assert time.monotonic() < deadline, "not written while the app runs"
        await asyncio.sleep(0.02)
    await backend.close()
    assert written == ["answers", "answers"], "nothing was read since"


async def test_cached_answer_is_dropped_only_if_the_backend_says_not_found() -> None:
    """Distinguish a problem document of the backend from the page of a captive portal."""
    problem = {"content-type": "application/problem+json"}
    answers = [
        httpx.Response(200, json={"items": []}, headers={"etag": '"1"'}),
        httpx.Response(403, html="<title>Wi-Fi</title>"),
        httpx.Response(404, content=b'{"code":"NOT_FOUND"}', headers=problem),
    ]
    script = Scripted(lambda _: answers.pop(0))
    backend = await script.backend()
    answer = await backend.subscriptions("c1")
    with pytest.raises(BackendError):
        await backend.subscriptions("c1")
    assert backend.subscriptions("c1").known == answer
    with pytest.raises(NotFound):
        await backend.subscriptions("c1")
    assert backend.subscriptions("c1").known is None


async def test_answer_without_an_etag_is_cached_but_not_revalidated() -> None:
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend()
    answer = await backend.account()
    assert backend.account().known == answer
    await backend.account()
    assert "if-none-match" not in script.asked[-1].headers


async def test_change_invalidates_the_answers_that_it_affects(device: Device) -> None:
    backend = await device.signed_in()
    service, purchase = await backend.service("c1"), await backend.purchase("c1", "p2")
    periods = await backend.billing_periods("c1")
    device.network.down = True
    with pytest.raises(Unreachable):
        await backend.switch_service("c1", ServiceStatus.SUSPENDED, service.etag)
    assert backend.service("c1").known == service, "nothing was done: it is as it was"
    device.network.down = False
    await backend.switch_service("c1", ServiceStatus.SUSPENDED, service.etag)
    assert backend.service("c1").known is None
    assert backend.purchase("c1", "p2").known == purchase
    await backend.dispute("c1", "p2", DisputeReason.AMOUNT, "", OPINION.key)
    assert backend.purchase("c1", "p2").known is None
    assert backend.billing_periods("c1").known == periods


async def test_feedback_with_a_lone_surrogate_is_stored(device: Device) -> None:
    backend = await device.signed_in()
    await backend.device.queue_feedback(msgspec.structs.replace(OPINION, missing="\ud83d Plus."))
    await device.stop()
    again = await device.start()
    assert [opinion.missing for opinion in again.device.unsent_feedback] == ["? Plus."]


async def test_unsent_feedback_survives_restarts_until_dropped(device: Device) -> None:
    backend = await device.signed_in()
    await backend.device.queue_feedback(OPINION)
    await backend.forget_known()
    await backend.device.queue_feedback(OPINION)
    await device.stop()
    backend = await device.start()
    assert [*backend.device.unsent_feedback] == [OPINION]
    await backend.device.drop_feedback(OPINION.key)
    assert [*backend.device.unsent_feedback] == []
    await device.stop()
    assert (await device.start()).device.unsent_feedback == ()


async def test_clearing_the_cache_keeps_the_session(device: Device) -> None:
    backend = await device.signed_in()
    await backend.account()
    await backend.forget_known()
    assert backend.account().known is None
    assert device.files == []
    await backend.account()
    await device.stop()
    backend = await device.start()
    assert backend.signed_in
    assert backend.account().known


async def test_offline_key_is_new_at_each_sign_in(device: Device) -> None:
    keys = set()
    backend = await device.start()
    for _ in range(2):
        await sign_in(backend)
        kept = await device.session()
        keys.add(kept.key)
        await backend.sign_out()
    assert len(keys) == 2


def test_unsent_feedback_text_is_not_in_the_repr() -> None:
    assert "Clair" not in repr(OPINION)


async def test_cached_purchase_page_is_equal_after_a_round_trip(network: Network, clock: Clock) -> None:
    backend = network.backend(MemoryStore(), clock)
    await sign_in(backend)
    page = await backend.purchases("c1", "2024-03")
    reads = ResponseCache()
    reads.restore(encode([CacheEntry("/v1/x", page.etag, page.at, Priority.USEFUL, page.value)]))
    assert reads.recall("/v1/x", PurchasePage) == page


async def test_device_without_a_sign_in_has_no_folder(device: Device) -> None:
    await device.start()
    await device.stop()
    assert not device.folder.exists()
