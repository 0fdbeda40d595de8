"""Limit of failed sign-ins per address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from main import embedded_sandbox
from services.client.credentials import MemoryStore
from services.client.sign_in_tries import MOST_FAILURES, WINDOW, Failures, SignInTries, subscription_of
from services.client.simulated_faults import Demonstration
from services.domain.errors import Locked, Refused
from services.sandbox import SandboxSettings, create_app
from services.settings import Runtime, Settings
from tests.harness.clock import Clock

NOW = datetime(2026, 5, 14, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("a unix socket", "a unix socket", True),
        ("", "192.0.2.1", False),
    ],
)
def test_addresses_of_one_subscription_are_equal(one: str, other: str, same: bool) -> None:
    assert (subscription_of(one) == subscription_of(other)) is same


def test_failures_over_the_limit_lock_their_address_for_15_minutes() -> None:
    clock = Clock(NOW)
    failures = Failures(clock=clock)
    here, there = SignInTries(failures, "here"), SignInTries(failures, "there")
    for _ in range(MOST_FAILURES):
        here.check()
        here.failed()
        clock.advance(seconds=1)
    with pytest.raises(Locked) as locked:
        here.check()
    assert locked.value.retry_after == WINDOW - timedelta(seconds=MOST_FAILURES)
    there.check()
    clock.advance(minutes=15)
    here.check()


def test_expired_failures_are_deleted() -> None:
    clock = Clock(NOW)
    failures = Failures(clock=clock)
    for number in range(1000):
        failures.add(f"192.0.2.{number}")
    clock.advance(minutes=15)
    failures.add("192.0.2.1")
    assert len(failures._moments) == 1


async def test_locked_address_is_refused_without_a_request_in_all_steps() -> None:
    clock = Clock(NOW)
    app = create_app(
        "sqlite://", clock=clock, settings=SandboxSettings(scrypt_log2_cost=4, tries=1000, address_tries=1000)
    )
    tries = SignInTries(Failures(clock=clock), "here")
    backend = Demonstration(app, clock=clock).backend(MemoryStore())
    backend.sign_in_tries = tries
    challenge = await backend.begin_sign_in("camille@demo.example")
    for _ in range(MOST_FAILURES - 1):
        with pytest.raises(Refused):
            await backend.finish_sign_in(challenge, "wrong", remember=False)
    await backend.remind_identifier(email="camille@demo.example")
    asked = len(backend.failure_log.last)
    with pytest.raises(Locked):
        await backend.finish_sign_in(challenge, "Soleil-2026", remember=False)
    with pytest.raises(Locked):
        await backend.begin_sign_in("camille@demo.example")
    with pytest.raises(Locked):
        await backend.remind_identifier(email="camille@demo.example")
    assert len(backend.failure_log.last) == asked
    assert not backend.signed_in
    clock.advance(minutes=15)
    challenge = await backend.begin_sign_in("camille@demo.example")
    await backend.finish_sign_in(challenge, "Soleil-2026", remember=False)
    assert backend.signed_in
    await backend.close()
    app.state.store.close()


async def test_wrong_passwords_of_one_demo_visitor_lock_only_that_visitor() -> None:
    app = embedded_sandbox(Settings(data_folder=Path("unused"), runtime=Runtime.WEB))
    guessing, other = (Demonstration(app).backend(MemoryStore()) for _ in range(2))
    challenge = await guessing.begin_sign_in("camille@demo.example")
    for _ in range(SandboxSettings().tries - 1):
        with pytest.raises(Refused):
            await guessing.finish_sign_in(challenge, "wrong", remember=False)
    with pytest.raises(Locked):
        await guessing.finish_sign_in(challenge, "wrong", remember=False)
    with pytest.raises(Locked):
        await guessing.finish_sign_in(challenge, "Soleil-2026", remember=False)
    challenge = await other.begin_sign_in("camille@demo.example")
    await other.finish_sign_in(challenge, "Soleil-2026", remember=False)
    assert other.signed_in
    await guessing.close()
    await other.close()
    app.state.store.close()
