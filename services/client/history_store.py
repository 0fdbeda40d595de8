"""History kept on the device if the subscriber asks for it: one encrypted file per contract, and its key.

The key lives in an entry of its own in the credential store, with the subscriber to whom it belongs. So the
history outlives a session that ends by age: it stays encrypted until the same subscriber signs in, or until
`RETENTION` has passed. Any other end of the session erases the files and the key.

The folder exists only while a history is kept: without it, the credential store is not asked.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from services.client.credentials import CredentialProblem, CredentialStore, CredentialsUnavailable
from services.client.http import Clock
from services.client.offline import KEY_LENGTH, Cipher, OfflineStore
from services.client.single_flight import SingleFlight
from services.client.stored_entry import decode_entry, encode_entry
from services.insights.history import History, trimmed

RETENTION: Final = timedelta(days=90)
"""Time after the expiry of the last session during which a history is kept."""
LARGEST: Final = 6_000_000
"""Bytes of the history of one contract."""

_LAYOUT: Final = 1
_UNTIL: Final = "until"
"""Name of the file with the time at which the history is deleted, in seconds since 1970."""
_DAY: Final = 86_400


class StoredKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entry of the credential store, as compact JSON; its last member authenticates the others."""

    v: int
    """Version of the layout: `_LAYOUT`."""
    sub: str
    """Id of the subscriber to whom the history belongs."""
    key: str
    """Key of the files, in base64."""
    mac: str = ""
    """HMAC-SHA-256 of all other members by `key`, in base64; written by `encode`, checked by `decode`."""

    def __repr__(self) -> str:
        return "StoredKey(...)"

    @classmethod
    def new(cls, subscriber_id: str) -> StoredKey:
        """Return an entry with a new key."""
        return cls(_LAYOUT, subscriber_id, base64.b64encode(secrets.token_bytes(KEY_LENGTH)).decode())

    def encode(self) -> str:
        """Return the authenticated entry."""
        return encode_entry(self)

    @classmethod
    def decode(cls, text: str) -> StoredKey | None:
        """Return the entry in `text`; `None` if it is damaged, changed, or of another program."""
        stored = decode_entry(text, cls, _LAYOUT)
        with suppress(ValueError):
            if stored is not None and len(base64.b64decode(stored.key, validate=True)) == KEY_LENGTH:
                return stored
        return None

    def cipher(self, origin: str) -> Cipher:
        """Return the cipher of the files of one backend."""
        return Cipher(base64.b64decode(self.key), origin, self.sub)


class HistoryUnavailable(Exception):
    """Failure to open or to keep the history.

    Args:
        problem: why the credential store failed; `None` if the disk failed.
    """

    def __init__(self, problem: CredentialProblem | None) -> None:
        super().__init__(problem.value if problem else "disk")
        self.problem = problem


@dataclass(frozen=True)
class Kept:
    """History of one contract as written."""

    history: History
    dropped: int
    """Number of its oldest periods that were dropped, because it was larger than `LARGEST`."""


class HistoryStore:
    """History of one backend's subscriber on this device.

    Args:
        credentials: store of the key; of this entry only.
        files: files in a folder of the history's own.
        clock: clock of this device, for the retention.
    """

    def __init__(self, credentials: CredentialStore, files: OfflineStore, *, clock: Clock) -> None:
        self._credentials = credentials
        self._files = files
        self._clock = clock
        self._cipher: Cipher | None = None
        self._contents: dict[str, bytes] = {}
        self._until = 0
        self._visit = 0  # number of the visit: a task of an earlier visit opens nothing
        self._offered: StoredKey | None = None  # a slow store may still save it: the next try saves the same
        self._lock = asyncio.Lock()
        self._erasing = SingleFlight()

    @property
    def is_open(self) -> bool:
        """Whether the history of the subscriber signed in is kept, and can be read."""
        return self._cipher is not None

    @property
    def damaged(self) -> int:
        """Number of files that could not be read when the history was opened; they are deleted."""
        return self._files.damaged

    async def open(self, subscriber_id: str, expiry: int) -> bool:
        """Open the history kept for a subscriber; erase the history of another one.

        Args:
            expiry: latest expiry of the session, in seconds since 1970.

        Returns:
            Whether a history is kept for the subscriber.

        Raises:
            HistoryUnavailable: a history is kept, but cannot be read now; if `is_open`, only its retention
                cannot be extended.
        """
        async with self._lock:
            if self._cipher is None and await self._files.exists() is not False:
                visit = self._visit
                stored = await self._stored()
                if visit != self._visit:
                    return False
                if stored is None or stored.sub != subscriber_id:
                    await self.erase()
                else:
                    await self._unlock(stored.cipher(self._files.origin))
            cipher = self._cipher
            if cipher is not None and not await self._extend(cipher, expiry) and cipher is self._cipher:
                raise HistoryUnavailable(None)
            return self.is_open

    async def turn_on(self, subscriber_id: str, expiry: int) -> None:
        """Start to keep a history, with a new key; do nothing if it is kept already.

        Raises:
            HistoryUnavailable: nothing is kept.
        """
        async with self._lock:
            if self._cipher is not None:
                return
            visit, offered = self._visit, self._offered
            if offered is None or offered.sub != subscriber_id:
                offered = self._offered = StoredKey.new(subscriber_id)
            try:
                await self._credentials.save(offered.encode())
            except CredentialsUnavailable as error:
                raise HistoryUnavailable(error.problem) from None
            self._offered = None
            if visit != self._visit or not await self._begin(offered.cipher(self._files.origin), expiry):
                await self.erase()
                raise HistoryUnavailable(None)

    def history(self, contract_id: str) -> History:
        """Return the history of a contract as it was opened, or last kept.

        Raises:
            HistoryUnavailable: a later version of the app has written it.
        """
        content = self._contents.get(_file(contract_id))
        try:
            return History() if content is None else _unpacked(content)
        except OSError:
            raise HistoryUnavailable(None) from None

    async def update(self, contract_id: str, change: Callable[[History], History]) -> Kept | None:
        """Replace the history of a contract by `change` of it; another window may have written it meanwhile.

        Returns:
            The history as written; `None` if no history is kept.

        Raises:
            HistoryUnavailable: the former file remains.
        """
        cipher, name = self._cipher, _file(contract_id)
        if cipher is None:
            return None
        written: list[Kept] = []

        def content() -> bytes:
            held = self._files.read(cipher, name)
            changed, dropped = trimmed(change(History() if held is None else _unpacked(held)), LARGEST)
            written[:] = [Kept(changed, dropped)]
            return changed.packed()

        if not await self._files.save(cipher, name, content):
            raise HistoryUnavailable(None)
        if self._cipher is cipher:
            self._contents[name] = written[0].history.packed()
        return written[0]

    async def expire(self) -> None:
        """Erase a history past its retention; called when no session is stored."""
        if await self._files.exists() is False:
            return
        try:
            stored = await self._stored()
        except HistoryUnavailable:
            return  # the next start checks again
        files = await self._files.open(stored.cipher(self._files.origin)) if stored is not None else {}
        if files is not None and _time(files) <= self._clock().timestamp():
            await self.erase()

    def lock(self) -> None:
        """Forget the key and the contents in memory; the files stay."""
        self._cipher, self._contents, self._offered = None, {}, None
        self._visit += 1

    async def erase(self) -> CredentialProblem | None:
        """Erase the files, then the key.

        Returns:
            Why the store did not erase the key, if files remain too: without files, a key reveals nothing.
        """
        self.lock()
        return await self._erasing.run("erase", self._erase)

    async def close(self) -> None:
        """Wait for the pending operations, and ignore later ones."""
        await self._erasing.settled()
        await self._files.close()

    async def _erase(self) -> CredentialProblem | None:
        there, deleted = self._files.exists(), self._files.erase()
        if await there is False:
            return None
        problem: CredentialProblem | None = None
        try:
            await self._credentials.clear()
        except CredentialsUnavailable as error:
            problem = error.problem
        return None if await deleted else problem

    async def _stored(self) -> StoredKey | None:
        try:
            return StoredKey.decode(await self._credentials.load() or "")
        except CredentialsUnavailable as error:
            raise HistoryUnavailable(error.problem) from None

    async def _begin(self, cipher: Cipher, expiry: int) -> bool:
        """Create the folder of a new history; return whether the disk allows it."""
        with suppress(HistoryUnavailable):
            return await self._extend(await self._unlock(cipher), expiry)
        return False

    async def _unlock(self, cipher: Cipher) -> Cipher:
        visit = self._visit
        files = await self._files.open(cipher)
        if files is None or visit != self._visit:
            raise HistoryUnavailable(None)
        self._cipher, self._contents, self._until = cipher, files, _time(files)
        return cipher

    async def _extend(self, cipher: Cipher, expiry: int) -> bool:
        """Move the end of the retention with the session's expiry, at most once a day."""
        until = expiry + int(RETENTION.total_seconds())
        if until - self._until < _DAY:
            return True
        if not await self._files.save(cipher, _UNTIL, lambda: msgspec.json.encode(until)):
            return False
        self._until = until
        return True


def _file(contract_id: str) -> str:
    return f"history-{hashlib.sha256(contract_id.encode()).hexdigest()[:32]}"


def _time(files: dict[str, bytes]) -> int:
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(files.get(_UNTIL, b"0"), type=int)
    return 0


def _unpacked(content: bytes) -> History:
    """Return a history.

    Raises:
        OSError: a later version of the app has written it.
    """
    try:
        return History.unpacked(content)
    except (msgspec.MsgspecError, zlib.error) as error:
        raise OSError("not a history of this version") from error
