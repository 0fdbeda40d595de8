"""The credential store of a phone: Keychain on iOS, Keystore on Android, through flet-secure-storage."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

import flet as ft
from flet_secure_storage import (  # type: ignore[import-untyped]  # it has no py.typed
    AndroidOptions,
    IOSOptions,
    KeychainAccessibility,
    SecureStorage,
)

from services.client.credentials import SESSION, CredentialProblem, CredentialsUnavailable

T = TypeVar("T")
logger = logging.getLogger(__name__)


class SecureStorageStore:
    """`CredentialStore` on the device that shows the page.

    Create the store inside `main(page)`, where the page's context is set: Flet registers the services there.
    If the client lacks the service, every call raises `CredentialsUnavailable`, and the session stays in
    memory.

    Args:
        origin: origin of the backend; two backends never share an entry.
        timeout: seconds for one operation.
        name: name of the entry.
    """

    def __init__(self, origin: str, *, timeout: float = 5.0, name: str = SESSION) -> None:
        entry = f"fr.consoetmoi|{origin}"
        self._key = entry if name == SESSION else f"{entry}|{name}"
        self._installed = f"{entry}|installed"
        self._timeout = timeout
        self._preferences = ft.SharedPreferences()
        self._storage = SecureStorage(
            ios_options=IOSOptions(accessibility=KeychainAccessibility.FIRST_UNLOCK_THIS_DEVICE),
            # An unreadable value makes Android reset the storage: the user is signed out, but not locked out.
            android_options=AndroidOptions(reset_on_error=True),
        )

    async def load(self) -> str | None:
        # The iOS keychain outlives the app, unlike its preferences. A reinstalled app starts signed out.
        if not await self._asked(self._preferences.contains_key(self._installed)):
            await self.clear()
            await self._asked(self._preferences.set(self._installed, True))
            return None
        return await self._asked(self._storage.get(self._key))

    async def save(self, secret: str) -> None:
        try:
            await self._asked(self._storage.set(self._key, secret))
            read_back = await self._asked(self._storage.get(self._key))
        except CredentialsUnavailable as error:
            if error.problem is not CredentialProblem.SLOW:  # a slow write may still succeed
                with suppress(CredentialsUnavailable):
                    await self.clear()
            raise
        if read_back != secret:
            await self.clear()
            raise CredentialsUnavailable(CredentialProblem.REFUSED)

    async def clear(self) -> None:
        await self._asked(self._storage.remove(self._key))

    async def _asked(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timeout):
                return await call
        except TimeoutError:
            problem = CredentialProblem.SLOW
        except RuntimeError as error:  # Flet raises it for client errors and for a missing service
            # Only the type, because Flet's message repeats the arguments.
            logger.warning("The device's secure storage failed: %s", type(error).__name__)
            problem = CredentialProblem.ABSENT
        raise CredentialsUnavailable(problem)
