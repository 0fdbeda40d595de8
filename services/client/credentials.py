"""Stores of the refresh token between two starts of the app; none writes a plain file.

There are three stores. `KeyringStore` uses the system's keyring, on a desktop.
`SecureStorageStore` uses the phone's; it is in `views/core/secure_storage.py`, since it needs Flet.
`MemoryStore` keeps nothing, on the web, where the keyring would belong to the server.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")
logger = logging.getLogger(__name__)

WINDOWS = "keyring.backends.Windows"
LONGEST_ON_WINDOWS = 1_200
"""UTF-16 units; above 1,280, Windows fails with an error of its own."""

_TRUSTED = frozenset(
    f"keyring.backends.{name}" for name in ("SecretService", "libsecret", "kwallet", "macOS", "Windows")
)
SESSION = "refresh-token"
"""Name of the session's entry."""
HISTORY = "history-key"
"""Name of the entry with the key of the history."""


class CredentialProblem(StrEnum):
    """Reason why the store failed. None is fatal: the session then stays in memory."""

    LOCKED = "locked"
    """The keyring is locked: the user can unlock it, or sign in again."""
    ABSENT = "absent"
    """This system has no trusted store."""
    REFUSED = "refused"
    """The store exists, but the operation failed."""
    SLOW = "slow"
    """No answer yet: the system may be prompting the user. A repeated call waits for that answer."""


class CredentialsUnavailable(Exception):
    """The store failed, for the reason `problem`. Never holds the secret.

    Args:
        late: future of a slow store's operation; it ends with the result or with this error.
    """

    def __init__(self, problem: CredentialProblem, *, late: asyncio.Future[Any] | None = None) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.late = late


class CredentialStore(Protocol):
    """Store of one short secret per device, backend and name.

    Every method may raise `CredentialsUnavailable`, and no other error.
    """

    async def load(self) -> str | None:
        """Return the stored secret, or `None`."""

    async def save(self, secret: str) -> None:
        """Store `secret` in place of the previous secret.

        After an error, `secret` is not stored, unless the problem is `SLOW`: it may then be stored later.
        """

    async def clear(self) -> None:
        """Erase the stored secret."""


class MemoryStore:
    """Store in memory: the secret lives as long as the object."""

    def __init__(self) -> None:
        self._secret: str | None = None

    async def load(self) -> str | None:
        return self._secret

    async def save(self, secret: str) -> None:
        self._secret = secret

    async def clear(self) -> None:
        self._secret = None


class KeyringStore:
    """Store in the system's keyring, through the `keyring` package, if one of five trusted backends exists.

    Args:
        origin: origin of the backend (`https://host`): two backends never share an entry.
        timeout: seconds after which a call is `SLOW`. The operation continues as long as the user takes to
            unlock the keyring.
        name: name of the entry.
    """

    def __init__(self, origin: str, *, timeout: float = 5.0, name: str = SESSION) -> None:
        self._name = name
        self._service = f"fr.consoetmoi|{origin}"
        self._timeout = timeout
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._last: tuple[tuple[str, ...], asyncio.Future[Any]] | None = None

    async def load(self) -> str | None:
        return await self._call(lambda: _trusted_keyring().get_password(self._service, self._name), "load")

    async def save(self, secret: str) -> None:
        await self._call(lambda: self._replace(secret), "save", secret)

    async def clear(self) -> None:
        await self._call(self._delete, "clear")

    def _replace(self, secret: str) -> None:
        keyring = _trusted_keyring()
        on_windows = type(keyring).__module__ == WINDOWS
        if on_windows and len(secret.encode("utf-16-le")) > 2 * LONGEST_ON_WINDOWS:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)
        # Windows would move the old value aside and keep it: delete it first.
        self._delete()
        read_back: str | None = None
        try:
            keyring.set_password(self._service, self._name, secret)
            read_back = keyring.get_password(self._service, self._name)
        finally:
            if read_back != secret:
                with suppress(Exception):  # the first error is the one to report
                    keyring.delete_password(self._service, self._name)
        if read_back != secret:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)

    def _delete(self) -> None:
        from keyring.errors import PasswordDeleteError

        keyring = _trusted_keyring()
        with suppress(PasswordDeleteError):  # also raised when there is nothing to delete
            keyring.delete_password(self._service, self._name)
        if keyring.get_password(self._service, self._name) is not None:
            raise CredentialsUnavailable(CredentialProblem.REFUSED)

    async def _call(self, operation: Callable[[], T], *call: str) -> T:
        """Run `operation` in the store's own thread, in order, so that no late save undoes a later clear.

        A call equal to the last, unanswered one waits for the same answer: the user is prompted once.

        `asyncio.to_thread` does not fit: the process waits for its threads at exit, and a prompt may stay
        unanswered.
        """
        if self._last is None or self._last[0] != call:
            self._last = call, self._submit(operation)
        outcome: asyncio.Future[T] = self._last[1]
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(outcome)
        except TimeoutError:
            raise CredentialsUnavailable(CredentialProblem.SLOW, late=outcome) from None

    def _submit(self, operation: Callable[[], T]) -> asyncio.Future[T]:
        """Queue `operation` for the store's thread; return its outcome."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        def settle(answer: T | None, error: Exception | None) -> None:
            if self._last is not None and self._last[1] is outcome:
                self._last = None
            if error is None:
                outcome.set_result(cast("T", answer))
            else:
                outcome.set_exception(CredentialsUnavailable(_problem(error)))
                outcome.exception()  # all callers may have left: not an error to log

        def work() -> None:
            answer: T | None = None
            failure: Exception | None = None
            try:
                answer = operation()
            except Exception as error:  # noqa: BLE001 - back ends leak the errors of pywin32, jeepney, D-Bus
                failure = error
            with suppress(RuntimeError):  # the loop is closed: the app has ended
                loop.call_soon_threadsafe(settle, answer, failure)

        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="keyring", daemon=True)
            self._thread.start()
        self._queue.put(work)
        return outcome

    def _serve(self) -> None:
        while True:
            self._queue.get()()


def _problem(error: Exception) -> CredentialProblem:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    # Log only the type: the text of a foreign error may hold the secret.
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
    """Return the keyring backend to use.

    `PYTHON_KEYRING_BACKEND` can name a plain file. `keyring` chains several backends: a chain calls all of
    them, and fails if any of them fails. Only the first trusted backend of a chain is used.
    Raises:
        CredentialsUnavailable: no backend is trusted.
    """
    # imported late, in the thread: phones lack the package, and the search for a backend takes time
    import keyring

    backend = keyring.get_keyring()
    chained = type(backend).__module__ == "keyring.backends.chainer"
    links: list[Any] = list(getattr(backend, "backends", ())) if chained else [backend]
    for link in links:
        if type(link).__module__ in _TRUSTED:
            if type(link).__module__ == WINDOWS:
                link.persist = "local machine"  # by default it roams to the domain's other machines
            return cast("KeyringBackend", link)
    raise CredentialsUnavailable(CredentialProblem.ABSENT)
