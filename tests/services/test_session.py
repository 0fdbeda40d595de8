"""The session against a real authorization server: one renewal for all, and no renewed token ever lost."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette

from services.authority import Challenge, Tokens
from services.backend import Backend
from services.credentials import CredentialProblem, MemoryStore
from services.errors import (
    ActionNeeded,
    BackendError,
    Locked,
    Refused,
    SessionExpired,
    SignInError,
    SignInTimedOut,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from services.session import Kept, Remembered
from services.transport import IN_PROCESS, Reply, Wire
from tests.services.scripted import ACCOUNT, KEPT, METADATA, NOW, Scripted, always, now
from tests.services.surroundings import PASSWORDS, Clock, FailingStore, Network, sign_in


@pytest.fixture
def network(sandbox: Starlette) -> Network:
    return Network(sandbox)


async def kept(store: MemoryStore) -> Kept:
    found = Kept.decode(await store.load() or "")
    assert found is not None
    return found


def reads(backend: Backend) -> list[Callable[[], Any]]:
    """Eight different questions, so that none is answered with another's answer."""
    return [
        backend.account,
        lambda: backend.billing_periods("c1"),
        *(lambda page=page: backend.purchases("c1", "2024-04", page=page) for page in range(1, 7)),
    ]


async def test_eight_calls_at_once_renew_once(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    network.requests.clear()
    answers = await asyncio.gather(*(read() for read in reads(backend)))
    assert len(answers) == 8
    assert network.renewals == [first]
    assert len(network.requests) == 8 + 1 + 8, "each was refused, then answered"
    assert (await kept(store)).rt != first
    await backend.close()


async def test_a_call_refused_after_the_renewal_does_not_renew_again() -> None:
    async def answering(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer access-2":
            return httpx.Response(200, json=ACCOUNT if request.url.path == "/v1/me" else {"items": []})
        if request.url.path != "/v1/me":
            await asyncio.sleep(0.1)
        return httpx.Response(401)

    script = Scripted(answering)
    backend = await script.backend()
    await asyncio.gather(backend.account(), backend.billing_periods("c1"))
    assert script.refreshed == ["a-refresh-token", "refresh-1"]
    await backend.close()


async def test_whoever_renews_may_leave_and_nothing_is_lost(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    leaver = asyncio.ensure_future(backend.account())
    await network.renewing.wait()
    leaver.cancel()
    with suppress(asyncio.CancelledError):
        await leaver
    assert (await backend.billing_periods("c1")).value
    assert network.renewals == [first]
    renewed = (await kept(store)).rt
    assert renewed != first
    clock.advance(minutes=6)
    await backend.purchases("c1", "2024-04")  # the leaver's own question may still be on its way
    assert network.renewals == [first, renewed]
    await backend.close()


async def test_leaving_the_app_waits_for_the_renewal(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    reading = asyncio.ensure_future(backend.account())
    await network.renewing.wait()
    await backend.close()
    assert (await kept(store)).rt != first
    with pytest.raises(BackendError):
        await reading
    again = network.backend(store, clock)
    await again.resume()
    assert (await again.account()).value.display_name == "Camille Martin"
    await again.close()


async def test_a_lost_renewal_is_asked_again_and_is_no_theft(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    first = (await kept(store)).rt
    for lost in (1, 2):
        clock.advance(minutes=6)
        before, network.lose_tokens = len(network.renewals), lost
        if lost == 2:
            with pytest.raises(Unreachable):
                await backend.account()
            assert backend.signed_in
        assert (await backend.account()).value.display_name == "Camille Martin"
        sent = network.renewals[before:]
        assert len(set(sent)) == 1
        assert len(sent) == lost + 1
    assert (await kept(store)).rt != first
    await backend.close()


async def test_a_stolen_token_ends_the_session_of_both(network: Network, clock: Clock) -> None:
    store, stolen = MemoryStore(), MemoryStore()
    backend = network.backend(store, clock)
    ended: list[str] = []
    backend.on_session_end = lambda: ended.append("ended")
    await sign_in(backend)
    await stolen.save(await store.load() or "")
    thief = network.backend(stolen, clock)
    await thief.resume()
    await thief.account()
    clock.advance(minutes=6)
    outcomes = await asyncio.gather(*(read() for read in reads(backend)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {SessionExpired}
    assert ended == ["ended"]
    assert await store.load() is None
    assert not backend.signed_in
    assert backend.identifier == "camille@demo.example"
    with pytest.raises(SessionExpired):
        await thief.account()
    assert await stolen.load() is None
    await backend.close()
    await thief.close()


async def test_two_windows_of_the_app_share_one_session(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    one, other = network.backend(store, clock), network.backend(store, clock)
    await sign_in(one)
    await other.resume()
    for _ in range(3):
        for window in (one, other):
            await window.account()
            clock.advance(minutes=6)
    assert len(set(network.renewals)) == len(network.renewals)
    await one.close()
    await other.close()


async def test_another_window_renewing_at_the_same_moment_is_followed() -> None:
    """The token read from the store is used up by the other window before it is sent."""
    script = Scripted(always(200, ACCOUNT))
    store = MemoryStore()
    await store.save(KEPT)
    backend = await script.backend(store)
    refused = httpx.Response(400, json={"error": "invalid_grant"})

    class Meanwhile(list[httpx.Response]):
        def pop(self, _index: object = None) -> httpx.Response:
            store._secret = Kept(1, "renewed-elsewhere", 2_000_000_000, "camille@demo.example").encode()
            self.clear()
            return refused

    script.token_answers = Meanwhile([refused])
    await backend.account()
    assert script.refreshed == ["a-refresh-token", "renewed-elsewhere"]
    assert backend.signed_in
    await backend.close()


async def test_offline_keeps_the_session(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    clock.advance(minutes=6)
    network.down = True
    with pytest.raises(Unreachable):
        await backend.account()
    assert backend.signed_in
    assert await store.load() is not None
    network.down = False
    assert (await backend.account()).value.display_name == "Camille Martin"
    await backend.close()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, headers={"retry-after": "30"}), Unavailable),
        (httpx.Response(500), Unavailable),
        (httpx.Response(404), UnexpectedAnswer),
        (httpx.Response(401, json={"error": "invalid_client"}), UnexpectedAnswer),
        (httpx.Response(200, text="<html>"), UnexpectedAnswer),
        (httpx.Response(200, json={"access_token": "x", "token_type": "MAC"}), UnexpectedAnswer),
        (httpx.Response(200, json={"access_token": "", "token_type": "Bearer"}), UnexpectedAnswer),
        (httpx.Response(400, json={"error": "invalid_request"}), UnexpectedAnswer),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), UnexpectedAnswer),
    ],
)
async def test_a_renewal_that_goes_wrong_keeps_the_session(
    answer: httpx.Response, kind: type[BackendError]
) -> None:
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend()
    script.token_answers = [answer]
    with pytest.raises(kind):
        await backend.account()
    assert len(script.refreshed) == 1, "a POST is not repeated blindly"
    assert backend.signed_in
    assert (await backend.account()).value.subscriber_id == "s1"
    await backend.close()


async def test_a_new_token_is_kept_before_it_is_used() -> None:
    events: list[str] = []
    saving = asyncio.Event()

    class Noting(MemoryStore):
        async def save(self, secret: str) -> None:
            saving.set()
            await asyncio.sleep(0.05)
            await super().save(secret)
            events.append(f"kept {(await kept(self)).rt}")

    def answering(request: httpx.Request) -> httpx.Response:
        events.append(f"used {request.headers['authorization']}")
        return httpx.Response(200, json=ACCOUNT if request.url.path == "/v1/me" else {"items": []})

    store = Noting()
    store._secret = KEPT
    backend = await Scripted(answering).backend(store)
    first = asyncio.ensure_future(backend.account())
    await saving.wait()
    await asyncio.gather(first, backend.billing_periods("c1"))
    assert events == ["kept refresh-1", "used Bearer access-1", "used Bearer access-1"]
    await backend.close()


async def test_refused_again_with_a_fresh_token_the_session_is_over() -> None:
    script = Scripted(always(401))
    store = MemoryStore()
    await store.save(KEPT)
    backend = await script.backend(store)
    ended: list[str] = []
    backend.on_session_end = lambda: ended.append("ended")
    with pytest.raises(SessionExpired):
        await backend.account()
    assert (len(script.asked), len(script.refreshed)) == (3, 3)
    assert ended == ["ended"]
    assert await store.load() is None
    await backend.close()


async def test_not_remembered_leaves_nothing_behind(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    await store.save(Kept(1, "of somebody else", 2_000_000_000, "sofia@demo.example").encode())
    backend = network.backend(store, clock)
    await sign_in(backend, remember=False)
    assert await store.load() is None
    clock.advance(minutes=6)
    assert (await backend.account()).value.display_name == "Camille Martin"
    assert await store.load() is None
    await backend.close()


@pytest.mark.parametrize("problem", CredentialProblem)
async def test_a_store_that_fails_is_told_and_not_fatal(
    network: Network, clock: Clock, problem: CredentialProblem
) -> None:
    store = FailingStore()
    store.problem = problem
    backend = network.backend(store, clock)
    challenge = await backend.begin_sign_in("camille@demo.example")
    assert await backend.finish_sign_in(challenge, "Soleil-2026", remember=True) is problem
    for _ in range(2):
        clock.advance(minutes=6)
        assert (await backend.account()).value.display_name == "Camille Martin"
    assert backend.credential_problem is problem
    assert store.tried == 1, "asked once, not at every renewal: it may prompt"
    await backend.close()


async def test_a_store_that_fails_later_is_told_and_not_fatal(network: Network, clock: Clock) -> None:
    store = FailingStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    store.problem, store.tried = CredentialProblem.LOCKED, 0
    for _ in range(2):
        clock.advance(minutes=6)
        assert (await backend.account()).value.display_name == "Camille Martin"
    assert backend.credential_problem is CredentialProblem.LOCKED
    assert store.tried == 1
    await backend.close()


async def test_a_store_that_cannot_be_read_at_start_is_told(network: Network, clock: Clock) -> None:
    store = FailingStore()
    store.problem = CredentialProblem.SLOW
    backend = network.backend(store, clock)
    told = await backend.resume()
    assert told == Remembered(None, signed_in=False, problem=CredentialProblem.SLOW)
    await backend.close()


async def test_offline_signing_out_still_erases_and_never_raises(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    network.down = True
    assert await backend.sign_out() is None
    assert await store.load() is None
    assert not backend.signed_in
    assert backend.identifier is None
    await backend.close()


async def test_signing_out_does_not_wait_for_a_backend_that_sleeps(
    sandbox: Starlette, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.authority.REVOKE_TIMEOUT", 0.1)
    store = MemoryStore()

    class Asleep(Network):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/oauth/revoke":
                assert await store.load() is None, "erased first"
                await asyncio.sleep(60)
            return await super().handle_async_request(request)

    backend = Asleep(sandbox).backend(store, clock)
    await sign_in(backend)
    started = time.monotonic()
    await backend.sign_out()
    assert time.monotonic() - started < 2
    await backend.close()


async def test_a_renewal_under_way_does_not_sign_in_again(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    ended: list[str] = []
    backend.on_session_end = lambda: ended.append("ended")
    clock.advance(minutes=6)
    reading = asyncio.ensure_future(backend.account())
    await network.renewing.wait()
    await asyncio.gather(backend.sign_out(), backend.sign_out())
    with pytest.raises(SessionExpired):
        await reading
    await asyncio.sleep(0.05)
    assert not backend.signed_in
    assert await store.load() is None
    assert ended == [], "who signs out knows"
    await backend.close()


async def test_whoever_signs_out_may_leave(network: Network, clock: Clock) -> None:
    class Slow(MemoryStore):
        async def clear(self) -> None:
            await asyncio.sleep(0.02)
            await super().clear()

    store = Slow()
    backend = network.backend(store, clock)
    await sign_in(backend)
    leaving = asyncio.create_task(backend.sign_out())
    await asyncio.sleep(0)
    leaving.cancel()
    await backend.close()
    assert await store.load() is None
    assert [request.url.path for request in network.requests][-1] == "/oauth/revoke"


async def test_another_subscriber_is_never_given_the_first_one_s_answers(
    network: Network, clock: Clock
) -> None:
    backend = network.backend(MemoryStore(), clock)
    for signing_out in (True, False):
        await sign_in(backend)
        assert (await backend.account()).value.display_name == "Camille Martin"
        assert (await backend.account()).value.display_name == "Camille Martin"
        assert "if-none-match" in network.requests[-1].headers
        if signing_out:
            await backend.sign_out()
        await sign_in(backend, "sofia@demo.example")
        assert (await backend.account()).value.display_name == "Sofia Bernard"
        assert "if-none-match" not in network.requests[-1].headers
    await backend.close()


async def test_what_was_kept_too_long_ago_is_dropped_but_the_identifier() -> None:
    script = Scripted(always(200, ACCOUNT))
    store = MemoryStore()
    await store.save(Kept(1, "old", int(NOW.timestamp()), "camille@demo.example").encode())
    backend = Backend(Wire(IN_PROCESS, httpx.MockTransport(script), clock=now, timeout=5.0), store, clock=now)
    assert await backend.resume() == Remembered("camille@demo.example", signed_in=False, problem=None)
    assert await store.load() is None
    await backend.close()


@given(st.text() | st.sampled_from(["{}", "[]", '{"v":3,"rt":"x","exp":1,"id":"y"}', "\ud800"]))
@example('{"v":1,"rt":"x","exp":1,"id":"y","password":"z"}')
def test_a_foreign_entry_is_not_ours(text: str) -> None:
    assert Kept.decode(text) is None


SIGN_IN_ANSWERS = {
    "captcha": (400, {"error": "redirect_to_web"}, {}, ActionNeeded),
    "too late": (400, {"error": "invalid_session"}, {}, SignInTimedOut),
    "locked": (429, {"error": "temporarily_locked"}, {"retry-after": "900"}, Locked),
    "locked, for no one knows how long": (429, {"error": "temporarily_locked"}, {}, Locked),
    "wrong": (400, {"error": "access_denied"}, {}, Refused),
    "busy": (429, {"error": "slow_down"}, {"retry-after": "900"}, Unavailable),
    "busy, not in OAuth": (429, ["?"], {}, Unavailable),
    "in maintenance": (503, {"error": "temporarily_locked"}, {"retry-after": "900"}, Unavailable),
    "broken": (500, {}, {}, Unavailable),
    "unknown client": (401, {"error": "invalid_client"}, {}, UnexpectedAnswer),
    "something new": (400, {"error": "use_dpop_nonce"}, {}, UnexpectedAnswer),
    "not an error": (400, {}, {}, UnexpectedAnswer),
    "too good": (200, {"authorization_code": "x"}, {}, UnexpectedAnswer),
}


@pytest.mark.parametrize("case", SIGN_IN_ANSWERS)
async def test_every_answer_to_a_sign_in_has_its_error(case: str) -> None:
    status, body, headers, kind = SIGN_IN_ANSWERS[case]

    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=METADATA)
        return httpx.Response(status, json=body, headers=headers)

    wire = Wire(IN_PROCESS, httpx.MockTransport(answering), clock=now, timeout=5.0)
    backend = Backend(wire, MemoryStore(), clock=now)
    with pytest.raises(BackendError) as caught:
        await backend.begin_sign_in("camille@demo.example")
    assert type(caught.value) is kind
    assert caught.value.correlator
    if status != 200:
        challenge = Challenge("camille@demo.example", "session", "verifier")
        with pytest.raises(kind):
            await backend.finish_sign_in(challenge, "Soleil-2026", remember=True)
    await backend.close()


async def test_finishing_on_the_web_stays_on_the_backend() -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={**METADATA, "authorization_endpoint": f"{IN_PROCESS}/web"})
        return httpx.Response(400, json={"error": "redirect_to_web", "request_uri": "urn:x&y"})

    wire = Wire(IN_PROCESS, httpx.MockTransport(answering), clock=now, timeout=5.0)
    backend = Backend(wire, MemoryStore(), clock=now)
    with pytest.raises(ActionNeeded) as caught:
        await backend.begin_sign_in("camille@demo.example")
    assert caught.value.url == f"{IN_PROCESS}/web?client_id=internetplus-app&request_uri=urn%3Ax%26y"
    await backend.close()


async def test_no_secret_is_ever_written(
    address: str,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The whole journey with every logger open: nothing secret in the logs, the output, or any `repr`."""
    secrets: set[str] = set(PASSWORDS.values())
    shown: list[str] = []
    send = Wire.send

    async def listening(self: Wire, *args: Any, **options: Any) -> Reply:
        secrets.update((options.get("form") or {}).get(name, "") for name in ("code_verifier", "code"))
        reply = await send(self, *args, **options)
        if args[0] == "POST" and reply.body.startswith(b"{"):
            answer = httpx.Response(200, content=reply.body).json()
            names = ("access_token", "refresh_token", "auth_session", "authorization_code")
            secrets.update(answer.get(name, "") for name in names)
            with suppress(BackendError):
                shown.append(repr(reply.decode(Tokens)))
        shown.append(repr(reply))
        return reply

    monkeypatch.setattr(Wire, "send", listening)
    caplog.set_level(logging.DEBUG)
    store = MemoryStore()
    backend = Backend.at(address, store, clock=clock)
    challenge = await backend.begin_sign_in("camille@demo.example")
    shown.append(repr(challenge))
    with pytest.raises(SignInError) as refused:
        await backend.finish_sign_in(challenge, "Pluie-2026", remember=True)
    await backend.finish_sign_in(challenge, "Soleil-2026", remember=True)
    shown += [repr(refused.value), repr(challenge), repr(backend), repr(vars(backend)), repr(store)]
    shown.append(repr(Kept.decode(await store.load() or "")))
    shown.append(repr(vars(backend)["_session"]))
    await backend.account()
    clock.advance(minutes=6)
    await backend.account()
    await backend.sign_out()
    with pytest.raises(SessionExpired) as expired:
        await backend.account()
    await backend.close()
    secrets -= {""}
    assert len(secrets) == 2 + 2 + 1 + 1 + 2 + 2
    output = capfd.readouterr()
    written = caplog.text + output.out + output.err + "".join(shown) + repr(expired.value)
    assert "receive_response_headers" in caplog.text, "the loggers were open"
    assert [secret for secret in secrets | {"Pluie-2026"} if secret in written] == []
