"""Browser adaptations of the static demo, tested without a browser."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import Future
from pathlib import Path

import pytest
from starlette.applications import Starlette

import main
from main import Application
from services.sandbox.identity import hash_password, verify_password
from services.settings import Runtime, Settings
from tests.harness.driver import Driver
from views.web.demo.browser import InlineExecutor, scrypt


async def test_inline_executor_does_the_work_when_it_is_awaited() -> None:
    done: list[int] = []
    with InlineExecutor(1, thread_name_prefix="unused") as executor:
        future: Future[None] = executor.submit(done.append, 1)
        assert list(executor.map(abs, (-2, 3))) == [2, 3]
    assert done == []
    await asyncio.wrap_future(future)
    await asyncio.wrap_future(future)
    assert done == [1]


async def test_inline_executor_raises_a_failure_where_it_is_awaited() -> None:
    future = InlineExecutor().submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        await asyncio.wrap_future(future)


def test_password_hash_without_openssl_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    hashed = hash_password("Soleil-2026", 14)
    assert verify_password("Soleil-2026", hashed)
    assert not verify_password("Soleil-2025", hashed)


async def test_sign_in_without_threads_is_rendered_before_the_sandbox_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Starlette] = []
    build = main.embedded_sandbox

    def counting(settings: Settings) -> Starlette:
        assert "Identifiant" in app.texts()
        built.append(build(settings))
        return built[-1]

    monkeypatch.setattr(main, "embedded_sandbox", counting)
    monkeypatch.setattr(main, "ThreadPoolExecutor", InlineExecutor)
    application = Application(Settings(data_folder=tmp_path, runtime=Runtime.BROWSER))
    async with Driver(application.start, web=True) as app:
        await app.enter("Identifiant", "camille@demo.example")
        await app.tap("Continuer")
        await app.see("Votre mot de passe")
    assert len(built) == 1
