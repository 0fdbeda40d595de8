"""Where the refresh token is kept between two starts of the app: never in a file of ours.

Three stores: the system's keyring (`KeyringStore`, desktop), the phone's own (`SecureStorageStore`, in
`views/ui/secure_storage.py`, since it needs Flet), and none (`MemoryStore`, on the web, where the keyring
would be the server's).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
logger = logging.getLogger(__name__)

LONGEST_SECRET = 1_200
"""Characters; Windows refuses more than 1,280 with an error of its own."""

_TRUSTED = frozenset(
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "macOS", "Windows")
)
_USERNAME = "refresh-token"


class CredentialProblem(StrEnum):
    """Why the store could not be used. None is fatal: the session then lives in memory."""

    LOCKED = "locked"
    """The keyring is locked: unlock it, or sign in again."""
    ABSENT = "absent"
    """There is no store here that can be trusted."""
    REFUSED = "refused"
    """The store is there but did not do it."""
    SLOW = "slow"
    """No answer in time: the system may be asking the user something."""


class CredentialsUnavailable(Exception):
    """The store could not be used, for the reason `problem`. Never holds the secret."""

    def __init__(self, problem: CredentialProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class CredentialStore(Protocol):
    """Keeps one short secret text for this device and backend.

    Every method may raise `CredentialsUnavailable`, and nothing else.
    """

    async def load(self) -> str | None:
        """What was kept, or `None`."""

    async def save(self, secret: str) -> None:
        """Keep `secret` in place of what was kept; when it returns, it is kept."""

    async def clear(self) -> None:
        """Keep nothing."""


class MemoryStore:
    """Keeps the secret as long as the object lives."""

    def __init__(self) -> None:
        self._secret: str | None = None

    async def load(self) -> str | None:
        return self._secret

    async def save(self, secret: str) -> None:
        self._secret = secret

    async def clear(self) -> None:
        self._secret = None


class KeyringStore:
    """The system's keyring, by the `keyring` package, if what answers is one of the five trusted back ends.

    Args:
        origin: of the backend (`https://host`): two backends never share an entry.
        timeout: seconds for one operation, in which the system may ask the user to unlock.
    """

    def __init__(self, origin: str, *, timeout: float = 5.0) -> None:
        self._service = f"fr.consoetmoi|{origin}"
        self._timeout = timeout
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def load(self) -> str | None:
        return await self._call(lambda: _trusted_keyring().get_password(self._service, _USERNAME))

    async def save(self, secret: str) -> None:
        if len(secret) > LONGEST_SECRET:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)
        await self._call(lambda: self._replace(secret))

    async def clear(self) -> None:
        await self._call(self._delete)

    def _replace(self, secret: str) -> None:
        # Windows would move the old value aside and keep it: it has to go first.
        self._delete()
        keyring = _trusted_keyring()
        keyring.set_password(self._service, _USERNAME, secret)
        if keyring.get_password(self._service, _USERNAME) != secret:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)

    def _delete(self) -> None:
        from keyring.errors import PasswordDeleteError

        keyring = _trusted_keyring()
        with suppress(PasswordDeleteError):  # also raised when there is nothing to delete
            keyring.delete_password(self._service, _USERNAME)
        if keyring.get_password(self._service, _USERNAME) is not None:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)

    async def _call(self, operation: Callable[[], T]) -> T:
        """Run in the store's own thread, in order: a late save never undoes the clear asked after it.

        Not `asyncio.to_thread`: its threads are waited for when the process ends, and this one may be
        stuck in a prompt nobody answers.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            settle: Callable[[], None]
            try:
                settle = partial(outcome.set_result, operation())
            except Exception as error:  # noqa: BLE001 - back ends leak the errors of pywin32, jeepney, D-Bus
                settle = partial(outcome.set_exception, CredentialsUnavailable(_problem(error)))
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(lambda: None if outcome.done() else settle())

        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="keyring", daemon=True)
            self._thread.start()
        self._queue.put(work)
        try:
            async with asyncio.timeout(self._timeout):
                return await outcome
        except TimeoutError:
            raise CredentialsUnavailable(CredentialProblem.SLOW) from None

    def _serve(self) -> None:
        while True:
            self._queue.get()()


def _problem(error: Exception) -> CredentialProblem:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    # Only its type: the text of a foreign error may hold what was being saved.
    logger.warning("The keyring failed: %s", type(error).__name__)
    match error:
        case CredentialsUnavailable():
            return error.problem
        case KeyringLocked():
            return CredentialProblem.LOCKED
        case NoKeyringError() | InitError():
            return CredentialProblem.ABSENT
        case _:
            return CredentialProblem.REFUSED


def _trusted_keyring() -> KeyringBackend:
    """The back end in use, if it is a real keyring: `PYTHON_KEYRING_BACKEND` can name a plain file."""
    import keyring  # here, in the thread: phones do not have it, and finding the back end takes time

    backend = keyring.get_keyring()
    chained = type(backend).__module__ == "keyring.backends.chainer"
    links: list[Any] = list(getattr(backend, "backends", ())) if chained else [backend]
    if not links or any(type(link).__module__ not in _TRUSTED for link in links):
        raise CredentialsUnavailable(CredentialProblem.ABSENT)
    for link in links:
        if type(link).__module__ == "keyring.backends.Windows":
            link.persist = "local machine"  # by default it roams to the domain's other machines
    return backend
