"""Keyring whose user takes time to unlock it, under the real `KeyringStore`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from services.credentials import KeyringStore


class PromptingKeyring(KeyringBackend):
    """Back end that asks its user to unlock it before the first operation, and again once dismissed.

    Attributes:
        prompts: how often the user was asked.
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
        """Type the password, or close the dialog."""
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


PromptingKeyring.__module__ = "keyring.backends.SecretService"  # one of those trusted


@contextmanager
def prompting(monkeypatch: pytest.MonkeyPatch) -> Iterator[PromptingKeyring]:
    """Make a locked keyring the system's; its prompts are over at the end."""
    backend = PromptingKeyring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    try:
        yield backend
    finally:
        backend.locked = False
        backend.answer()


def impatient(origin: str = "http://sandbox") -> KeyringStore:
    """Return a store that is `SLOW` at once while its keyring prompts."""
    return KeyringStore(origin, timeout=0.05)
