"""What a device keeps for the next start without a network: files only this subscriber's session can read.

One folder a backend, in the app's data folder; its files are written whole or not at all, and encrypted by
AES-256-GCM. The key is made with the session and kept beside its refresh token, in the credential store,
so that one never outlives the other. A file is worth nothing to whoever has it without that key, under
another subscriber, backend or name, or changed by one bit: it is dropped, as are those that cannot be read.

Only a folder of the app's own is used: a link in its place is removed, and what it leads to is left alone.

Nothing here is fatal: a full or read-only disk means that the next start knows less. On the web there is no
such folder, which would be the server's.
"""

from __future__ import annotations

import asyncio
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
"""Bytes: AES-256."""

LARGEST_FILE: Final = 8_000_000
"""Bytes; a larger file is none of ours."""

OPENING_TIME: Final = 5.0
"""Seconds the app's start waits for the disk."""

_MARK: Final = b"CEM1"
"""Begins every file: whose it is, and the version of its layout. Then the nonce, then what is sealed."""
_NONCE: Final = 12
_ABANDONED: Final = 60.0
"""Seconds after which a file that was being written is the rest of a crash."""
_SUFFIX: Final = ".bin"
_UNFINISHED: Final = ".tmp"
_JUNCTION: Final = 0xA0000003
"""Reparse tag of a directory junction, the link to a folder that Windows lets every user make."""


@dataclass(frozen=True)
class Seal:
    """Encrypts for one session, so that nothing else can read it or pass as it."""

    key: bytes
    """`KEY_LENGTH` random bytes."""
    origin: str
    """Of the backend."""
    owner: str
    """The identifier of the one who is signed in."""

    def __repr__(self) -> str:
        return "Seal(...)"

    def close(self, name: str, content: bytes) -> bytes:
        """The file `name` that holds `content`; the nonce is new each time."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # here: the web never needs it

        nonce = os.urandom(_NONCE)
        return _MARK + nonce + AESGCM(self.key).encrypt(nonce, content, self._context(name))

    def open(self, name: str, file: bytes) -> bytes | None:
        """What `close` was given; `None` for any other file."""
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
        """What is authenticated with the content, without being in it."""
        return b"\0".join((_MARK, self.origin.encode(), name.encode(), self.owner.encode(errors="replace")))


class OfflineStore:
    """The files of one backend on this device. No method raises; each is done after those asked before it.

    Args:
        data_folder: the app's; a folder in it becomes this store's own.
        origin: of the backend (`https://host`): two backends never share a file.
    """

    def __init__(self, data_folder: Path, origin: str) -> None:
        self.origin = origin
        self.folder = data_folder / f"offline-{hashlib.sha256(origin.encode()).hexdigest()[:16]}"
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="offline")
        self._seal: Seal | None = None
        self._closed = False

    async def open(self, seal: Seal) -> dict[str, bytes]:
        """Make room for a session's files, and read those there are; what is not this session's goes."""
        try:
            async with asyncio.timeout(OPENING_TIME):
                return await self._run(lambda: self._open(seal)) or {}
        except TimeoutError:
            logger.warning("The disk is too slow: nothing is known from before")
            return {}

    def save(self, seal: Seal, name: str, content: Callable[[], bytes]) -> asyncio.Future[bool | None]:
        """Keep what `content` gives, called in a thread, in place of the file `name`.

        Returns:
            Whether it is on the disk. It is not when the folder is gone: another window signed out.
        """
        return self._run(lambda: self._save(seal, name, content()))

    def remove(self, name: str) -> asyncio.Future[None]:
        """Delete the file `name`."""
        return self._run(lambda: self._remove(name))

    def erase(self) -> asyncio.Future[None]:
        """Delete the folder with all its files."""
        return self._run(self._erase)

    async def settled(self) -> None:
        """Wait for what was asked."""
        await self._run(lambda: None)

    async def close(self) -> None:
        """Do what was asked, and nothing from now on."""
        if not self._closed:
            await self.settled()
            self._closed = True
            self._thread.shutdown(wait=False)

    def _run(self, work: Callable[[], T]) -> asyncio.Future[T | None]:
        def guarded() -> T | None:
            try:
                return work()
            except OSError as problem:
                # Only its type: a path tells the name of the user of the device.
                logger.warning("The offline data cannot be used: %s", type(problem).__name__)
                return None

        loop = asyncio.get_running_loop()
        if self._closed:
            nothing: asyncio.Future[T | None] = loop.create_future()
            nothing.set_result(None)
            return nothing
        # Who does not wait any more has asked all the same: unshielded, what has not begun would not be done.
        return asyncio.shield(loop.run_in_executor(self._thread, guarded))

    def _open(self, seal: Seal) -> dict[str, bytes]:
        self._seal = seal
        self._remove_link()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        found: dict[str, bytes] = {}
        for path in self.folder.iterdir():
            with suppress(OSError):
                if path.suffix == _UNFINISHED and time.time() - path.lstat().st_mtime < _ABANDONED:
                    continue  # another window is writing it
            content = _read(seal, path)
            if content is not None:
                found[path.stem] = content
                continue
            with suppress(OSError):
                path.unlink()
        return found

    def _save(self, seal: Seal, name: str, content: bytes) -> bool:
        file = seal.close(name, content)
        self._check_folder()
        descriptor, unfinished = tempfile.mkstemp(_UNFINISHED, dir=self.folder)  # of mode 0600
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

    def _erase(self) -> None:
        self._remove_link()
        if self.folder.is_dir():
            for file in self.folder.glob(f"*{_SUFFIX}"):  # first, in case an entry of another program resists
                with suppress(OSError):
                    file.unlink()
            shutil.rmtree(self.folder)

    def _check_folder(self) -> None:
        """Check that the folder was not replaced by a link since it was opened.

        Raises:
            NotADirectoryError: it was; nothing may be written or deleted behind the link.
        """
        if _is_link(self.folder):
            raise NotADirectoryError

    def _remove_link(self) -> None:
        """Remove a link that stands in the folder's place, with the files of this session behind it.

        Such files are there if the folder was moved while it was in use. All else there is left alone.
        """
        if not _is_link(self.folder):
            return
        if self._seal is not None:
            with suppress(OSError):
                for path in self.folder.glob(f"*{_SUFFIX}"):
                    if _read(self._seal, path) is not None:
                        path.unlink()
        self.folder.unlink()


def _read(seal: Seal, path: Path) -> bytes | None:
    """Return the content of a file of this session; `None` for any other file, and for a link."""
    try:
        info = path.lstat()
        if path.suffix != _SUFFIX or not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_FILE:
            return None
        return seal.open(path.stem, path.read_bytes())
    except OSError:
        return None


def _is_link(path: Path) -> bool:
    """Return whether `path` itself is a symbolic link or a junction, whatever it leads to."""
    try:
        info = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISLNK(info.st_mode) or getattr(info, "st_reparse_tag", 0) == _JUNCTION
