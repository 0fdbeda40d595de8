"""Credential store of a phone, over Flet's protocol."""

from __future__ import annotations

import logging
from typing import Any

import flet as ft
import pytest

from services.client.credentials import CredentialProblem, CredentialStore, CredentialsUnavailable
from tests.harness.driver import Driver
from views.core.secure_storage import SecureStorageStore

ORIGIN = "https://backend.example"
SECRET = '{"v":1,"rt":"sentinel","exp":1,"id":"camille@demo.example"}'


def nothing(_: ft.Page) -> None:
    """Show nothing."""


def phone(preferences: dict[str, Any]) -> Driver:
    return Driver(nothing, preferences=preferences, platform=ft.PagePlatform.ANDROID)


async def test_secure_storage_keeps_the_secret_until_cleared() -> None:
    device: dict[str, Any] = {}
    async with phone(device):
        store: CredentialStore = SecureStorageStore(ORIGIN)
        assert await store.load() is None
        await store.clear()
        await store.save(SECRET)
        assert await store.load() == SECRET
    async with phone(device):
        assert await SecureStorageStore(ORIGIN).load() == SECRET
        assert await SecureStorageStore("https://another.example").load() is None
        await SecureStorageStore(ORIGIN).clear()
        assert await SecureStorageStore(ORIGIN).load() is None


async def test_secure_storage_of_an_earlier_installation_is_cleared() -> None:
    device: dict[str, Any] = {f"fr.consoetmoi|{ORIGIN}": SECRET}
    async with phone(device):
        assert await SecureStorageStore(ORIGIN).load() is None
    assert SECRET not in device.values()


async def test_secure_storage_reports_a_lost_write(monkeypatch: pytest.MonkeyPatch) -> None:
    async with phone({}) as driver:
        store = SecureStorageStore(ORIGIN)
        monkeypatch.setattr(driver, "_store", lambda method, arguments: None)
        with pytest.raises(CredentialsUnavailable) as caught:
            await store.save(SECRET)
        assert caught.value.problem is CredentialProblem.REFUSED


async def test_secure_storage_without_the_service_is_reported_absent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "views")
    store = SecureStorageStore(ORIGIN)  # without a page, Flet gives the same error as for a missing service
    for call in (store.load, store.clear, lambda: store.save(SECRET)):
        with pytest.raises(CredentialsUnavailable) as caught:
            await call()
        assert caught.value.problem is CredentialProblem.ABSENT
        assert "sentinel" not in repr(caught.value)
    assert "sentinel" not in caplog.text


async def test_secure_storage_without_an_answer_is_reported_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async with phone({}) as driver:
        store = SecureStorageStore(ORIGIN, timeout=0.1)

        async def silent(_: object) -> None:
            return None

        monkeypatch.setattr(driver, "_answer", silent)
        with pytest.raises(CredentialsUnavailable) as caught:
            await store.save(SECRET)
        assert caught.value.problem is CredentialProblem.SLOW
