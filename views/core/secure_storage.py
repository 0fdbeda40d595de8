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

from services.credentials import CredentialProblem, CredentialsUnavailable

T = TypeVar("T")
logger = logging.getLogger(__name__)


class SecureStorageStore:
    """A `CredentialStore` on the device that shows the page.

    Made where the page's context is set (inside `main(page)`): Flet registers the services there. Where the
    client does not have the service, every call is `CredentialsUnavailable`, and the session stays in memory.

    Args:
        origin: of the backend: two backends never share an entry.
        timeout: seconds for one operation.
    """

    def __init__(self, origin: str, *, timeout: float = 5.0) -> None:
        self._key = f"fr.consoetmoi|{origin}"
        self._installed = f"{self._key}|installed"
        self._timeout = timeout
        self._preferences = ft.SharedPreferences()
        self._storage = SecureStorage(
            ios_options=IOSOptions(accessibility=KeychainAccessibility.FIRST_UNLOCK_THIS_DEVICE),
            # One value that cannot be read any more, and Android forgets all: signed out, never stuck.
            android_options=AndroidOptions(reset_on_error=True),
        )

    async def load(self) -> str | None:
        # The keychain of iOS outlives the app; its preferences do not. Installed anew is signed out.
        if not await self._asked(self._preferences.contains_key(self._installed)):
            await self.clear()
            await self._asked(self._preferences.set(self._installed, True))
            return None
        return await self._asked(self._storage.get(self._key))

    async def save(self, secret: str) -> None:
        try:
            await self._asked(self._storage.set(self._key, secret))
            kept = await self._asked(self._storage.get(self._key))
        except CredentialsUnavailable as error:
            if error.problem is not CredentialProblem.SLOW:  # else it may still be saved
                with suppress(CredentialsUnavailable):
                    await self.clear()
            raise
        if kept != secret:
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
        except RuntimeError as error:  # what Flet raises for anything the client answers or does not have
            # Only its type: Flet's text repeats the arguments.
            logger.warning("The device's secure storage failed: %s", type(error).__name__)
            problem = CredentialProblem.ABSENT
        raise CredentialsUnavailable(problem)
