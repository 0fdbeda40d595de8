"""Fake keyring whose unlock prompt a test answers, for use under the real `KeyringStore`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from services.client.credentials import KeyringStore


class PromptingKeyring(KeyringBackend):
    """Back end that prompts for its password before the first operation and after each dismissal.

    Attributes:
        prompts: number of prompts shown.
    """

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = True
        self.prompts = 0
        self._answered = threading.Semaphore(0)
        self._dismissed = False

    def answer(self, *, dismiss: bool = False) -> None:
        """Answer the prompt, or dismiss it."""
        self._dismissed = dismiss
        self._answered.release()

    def get_password(self, service: str, username: str) -> str | None:
        self._unlock()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._unlock()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._unlock()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("none")

    def _unlock(self) -> None:
        if not self.locked:
            return
        self.prompts += 1
        assert self._answered.acquire(timeout=60), "no test answers the prompt"
        if self._dismissed:
            raise KeyringLocked("dismissed")
        self.locked = False

    @property
    def secrets(self) -> list[str]:
        return list(self.entries.values())


PromptingKeyring.__module__ = "keyring.backends.SecretService"  # a trusted module name


@contextmanager
def prompting(monkeypatch: pytest.MonkeyPatch) -> Iterator[PromptingKeyring]:
    """Install a locked keyring as the system's; close its prompts on exit."""
    backend = PromptingKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    try:
        yield backend
    finally:
        backend.locked = False
        backend.answer()


def impatient(origin: str = "http://sandbox") -> KeyringStore:
    """Return a store with a 50 ms timeout: it reports `SLOW` while its keyring prompts."""
    return KeyringStore(origin, timeout=0.05)
