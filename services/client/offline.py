"""Encrypted files on the device for a start without a network, readable only by the subscriber's session.

Each backend has one folder of each kind in the app's data folder. Files are written atomically, encrypted by
AES-256-GCM. The key of the offline data is created with the session. The credential store keeps both in one
entry, so that neither outlives the other. The history has a key of its own
(`services/client/history_store.py`). A file cannot be read without the key, for another subscriber, backend
or name, or after a change of one bit. An unreadable file is deleted.

Only a folder of the app's own is used: a link in its place is removed, and its target is left alone.

No error is fatal: with a full or read-only disk, the next start has less data. The web host has no such
folder: it would be on the server.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

KEY_LENGTH: Final = 32
"""Bytes, for AES-256."""

LARGEST_FILE: Final = 8_000_000
"""Bytes; the app writes no larger file."""

OPENING_TIME: Final = 5.0
"""Seconds that the app's start waits for the disk."""

_MARK: Final = b"CEM1"
"""First bytes of every file: the app's mark and the version of the layout. The nonce and the ciphertext
follow.
"""
_NONCE: Final = 12
_ABANDONED: Final = 60.0
"""Seconds after which an unfinished file is taken for the remains of a crash."""
_SUFFIX: Final = ".bin"
_UNFINISHED: Final = ".tmp"
_JUNCTION: Final = 0xA0000003
"""Reparse tag of a directory junction, a link to a folder that every user of Windows can create."""


@dataclass(frozen=True)
class Cipher:
    """Cipher of one session, which authenticates what it encrypts."""

    key: bytes
    """`KEY_LENGTH` random bytes."""
    origin: str
    """Origin of the backend."""
    owner: str
    """Identifier or id of the subscriber."""

    def __repr__(self) -> str:
        return "Cipher(...)"

    def encrypt(self, name: str, content: bytes) -> bytes:
        """Return the encrypted file `name` with `content`, under a new nonce."""
        # imported late: the web never needs it
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return _MARK + nonce + AESGCM(self.key).encrypt(nonce, content, self._context(name))

    def decrypt(self, name: str, file: bytes) -> bytes | None:
        """Return the content of a file that `encrypt` has made; `None` for any other file."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, sealed = file[len(_MARK) :][:_NONCE], file[len(_MARK) + _NONCE :]
        if not file.startswith(_MARK):
            return None
        try:
            return AESGCM(self.key).decrypt(nonce, sealed, self._context(name))
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            return None

    def _context(self, name: str) -> bytes:
        """Return the data that is authenticated with the content but not stored in the file."""
        return b"\0".join((_MARK, self.origin.encode(), name.encode(), self.owner.encode(errors="replace")))


class OfflineStore:
    """Files of one backend on this device. No method raises; operations run in the order of their calls.

    Args:
        data_folder: folder of the app; the store creates its own folder in it.
        origin: origin of the backend (`https://host`): two backends never share a file.
        kind: kind of the data; each kind has its own folder.
    """

    def __init__(self, data_folder: Path, origin: str, kind: str = "offline") -> None:
        self.origin = origin
        self.damaged = 0
        self.folder = data_folder / f"{kind}-{hashlib.sha256(origin.encode()).hexdigest()[:16]}"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="offline")
        self._cipher: Cipher | None = None
        self._closed = False

    async def open(self, cipher: Cipher) -> dict[str, bytes] | None:
        """Create the folder, and read the files of the cipher; delete and count all other files.

        Returns:
            The contents by name; `None` if the disk failed or was too slow.
        """
        try:
            async with asyncio.timeout(OPENING_TIME):
                return await self._run(lambda: self._open(cipher))
        except TimeoutError:
            logger.warning("The disk is too slow: this start has no offline data")
            return None

    def exists(self) -> asyncio.Future[bool | None]:
        """Return whether the folder exists; `None` if the disk failed."""
        return self._run(self.folder.is_dir)

    def read(self, cipher: Cipher, name: str) -> bytes | None:
        """Return the content of the file `name`, or `None` if it does not exist; for use in `save`'s thread.

        Raises:
            OSError: the file cannot be read, or belongs to another cipher.
        """
        path = self.folder / f"{name}{_SUFFIX}"
        content = _read(cipher, path)
        if content is None and path.exists():
            raise OSError("not a file of this cipher")
        return content

    def save(self, cipher: Cipher, name: str, content: Callable[[], bytes]) -> asyncio.Future[bool | None]:
        """Write the result of `content`, called in a thread, to the file `name`.

        Returns:
            Whether the file is written. It is not if the folder is gone, because another window signed out.
        """
        return self._run(lambda: self._save(cipher, name, content()))

    def remove(self, name: str) -> asyncio.Future[None]:
        """Delete the file `name`."""
        return self._run(lambda: self._remove(name))

    def erase(self) -> asyncio.Future[bool | None]:
        """Delete the folder with all its files; return whether that succeeded."""
        return self._run(self._erase)

    async def settled(self) -> None:
        """Wait for the pending operations."""
        await self._run(lambda: None)

    async def close(self) -> None:
        """Wait for the pending operations, and ignore later ones."""
        if not self._closed:
            await self.settled()
            self._closed = True
            self._thread.shutdown(wait=False)

    def _run(self, work: Callable[[], T]) -> asyncio.Future[T | None]:
        def guarded() -> T | None:
            try:
                return work()
            except OSError as problem:
                # Log only the type: a path contains the name of the device's user.
                logger.warning("The offline data cannot be used: %s", type(problem).__name__)
                return None

        loop = asyncio.get_running_loop()
        if self._closed:
            nothing: asyncio.Future[T | None] = loop.create_future()
            nothing.set_result(None)
            return nothing
        # A cancelled caller must not cancel its operation: without the shield, a queued operation would be
        # dropped.
        return asyncio.shield(loop.run_in_executor(self._thread, guarded))

    def _open(self, cipher: Cipher) -> dict[str, bytes]:
        self._cipher = cipher
        self._remove_link()
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self.folder.chmod(0o700)
        except OSError as error:
            if error.errno != errno.EROFS:  # a read-only disk still has the former data
                raise
        found: dict[str, bytes] = {}
        self.damaged = 0
        for path in self.folder.iterdir():
            with suppress(OSError):
                if path.suffix == _UNFINISHED and time.time() - path.lstat().st_mtime < _ABANDONED:
                    continue  # another window is writing it
            content = _read(cipher, path)
            if content is not None:
                found[path.stem] = content
                continue
            self.damaged += path.suffix == _SUFFIX
            with suppress(OSError):
                path.unlink()
        return found

    def _save(self, cipher: Cipher, name: str, content: bytes) -> bool:
        file = cipher.encrypt(name, content)
        self._check_folder()
        descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self.folder)  # created with mode 0600
        try:
            with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
                stream.write(file)
                stream.flush()
                os.fsync(stream.fileno())
            Path(unfinished).replace(self.folder / f"{name}{_SUFFIX}")
        except OSError:
            Path(unfinished).unlink(missing_ok=True)
            raise
        return True

    def _remove(self, name: str) -> None:
        self._check_folder()
        (self.folder / f"{name}{_SUFFIX}").unlink(missing_ok=True)

    def _erase(self) -> bool:
        self._remove_link()
        if self.folder.is_dir():
            # first, in case a file of another program cannot be deleted
            for file in self.folder.glob(f"*{_SUFFIX}"):
                with suppress(OSError):
                    file.unlink()
            shutil.rmtree(self.folder)
        return True

    def _check_folder(self) -> None:
        """Check that the folder was not replaced by a link since it was opened.

        Raises:
            NotADirectoryError: the folder is a link; nothing may be written or deleted behind it.
        """
        if _is_link(self.folder):
            raise NotADirectoryError

    def _remove_link(self) -> None:
        """Remove a link in the folder's place, and the files of this session behind it.

        Such files exist if the folder was moved while it was in use. Other files there are left alone.
        """
        if not _is_link(self.folder):
            return
        if self._cipher is not None:
            with suppress(OSError):
                for path in self.folder.glob(f"*{_SUFFIX}"):
                    if _read(self._cipher, path) is not None:
                        path.unlink()
        self.folder.unlink()


def _read(cipher: Cipher, path: Path) -> bytes | None:
    """Return the content of a file of this session; `None` for any other file, and for a link."""
    try:
        info = path.lstat()
        if path.suffix != _SUFFIX or not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_FILE:
            return None
        return cipher.decrypt(path.stem, path.read_bytes())
    except OSError:
        return None


def _is_link(path: Path) -> bool:
    """Return whether `path` itself is a symbolic link or a junction, whatever it leads to."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION
