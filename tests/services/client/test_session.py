"""Session of the client against a real authorization server: renewal, storage and sign-out."""

from __future__ import annotations

import asyncio
import json
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

from services.client.backend import Backend
from services.client.credentials import CredentialProblem, CredentialsUnavailable, MemoryStore
from services.client.http import IN_PROCESS, HttpClient, Response
from services.client.oauth import Challenge, Tokens
from services.client.session import Remembered, StoredSession
from services.domain.errors import (
    ActionNeeded,
    BackendError,
    KeyringUnavailable,
    Locked,
    Refused,
    SessionExpired,
    SignInError,
    SignInTimedOut,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from tests.harness.clock import Clock
from tests.services.doubles import PASSWORDS, FailingStore, Network, sign_in
from tests.services.scripted import ACCOUNT, KEPT, METADATA, NOW, Scripted, always, now


@pytest.fixture
def network(sandbox: Starlette) -> Network:
    return Network(sandbox)


async def signed_in(network: Network, clock: Clock) -> tuple[MemoryStore, Backend]:
    """Return the store and the client of a remembered session."""
    store = MemoryStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    return store, backend


async def kept(store: MemoryStore) -> StoredSession:
    found = StoredSession.decode(await store.load() or "")
    assert found is not None
    return found


def reads(backend: Backend) -> list[Callable[[], Any]]:
    """Return eight different reads, none of which can share the answer of another."""
    return [
        backend.account,
        lambda: backend.billing_periods("c1"),
        *(lambda page=page: backend.purchases("c1", "2024-04", page=page) for page in range(1, 7)),
    ]


async def test_identifier_with_a_lone_surrogate_is_refused_as_wrong(network: Network, clock: Clock) -> None:
    backend = network.backend(MemoryStore(), clock)
    challenge = await backend.begin_sign_in("\ud83dcamille@demo.example")
    assert challenge.identifier == "?camille@demo.example"
    with pytest.raises(Refused):
        await backend.finish_sign_in(challenge, "Soleil\ude00", remember=True)
    await backend.remind_identifier(email="\ud800@b.example")
    await backend.remind_identifier(phone_number="06\udfff")


async def test_concurrent_calls_renew_the_token_once(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    network.requests.clear()
    answers = await asyncio.gather(*(read() for read in reads(backend)))
    assert len(answers) == 8
    assert network.renewals == [first]
    assert len(network.requests) == 8 + 1 + 8, "each was refused, then answered"
    assert (await kept(store)).rt != first


async def test_call_refused_with_the_old_token_reuses_the_finished_renewal() -> None:
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


async def test_cancelled_reader_does_not_cancel_the_renewal(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
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
    await backend.purchases(
        "c1", "2024-04"
    )  # not `account`: the request of the cancelled reader may still be in flight
    assert network.renewals == [first, renewed]


async def test_close_waits_for_the_renewal_in_flight(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
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


async def test_lost_renewal_is_retried_with_the_same_token(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
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


async def test_reuse_of_a_stolen_token_ends_both_sessions(network: Network, clock: Clock) -> None:
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


async def test_two_windows_share_one_session_and_its_renewals(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    one, other = network.backend(store, clock), network.backend(store, clock)
    await sign_in(one)
    await other.resume()
    for _ in range(3):
        for window in (one, other):
            await window.account()
            clock.advance(minutes=6)
    assert len(set(network.renewals)) == len(network.renewals)


async def test_token_renewed_by_another_window_is_used_after_a_refusal() -> None:
    """Another window renews between the read of the stored token and its use."""
    script = Scripted(always(200, ACCOUNT))
    store = MemoryStore()
    await store.save(KEPT)
    backend = await script.backend(store)
    refused = httpx.Response(400, json={"error": "invalid_grant"})

    class Meanwhile(list[httpx.Response]):
        def pop(self, _index: object = None) -> httpx.Response:
            store._secret = StoredSession(
                3, "renewed-elsewhere", 2_000_000_000, "camille@demo.example"
            ).encode()
            self.clear()
            return refused

    script.token_answers = Meanwhile([refused])
    await backend.account()
    assert script.refreshed == ["a-refresh-token", "renewed-elsewhere"]
    assert backend.signed_in


@pytest.mark.parametrize(
    ("answer", "kind", "stored"),
    [
        (httpx.Response(503, headers={"retry-after": "30"}), Unavailable, "a-refresh-token"),
        (httpx.Response(500), Unavailable, ""),
        (httpx.Response(502), Unavailable, ""),
        (httpx.Response(504), Unavailable, ""),
        (httpx.Response(404), UnexpectedAnswer, "a-refresh-token"),
        (httpx.Response(408), Unavailable, "a-refresh-token"),
        (httpx.Response(425), Unavailable, "a-refresh-token"),
        (httpx.Response(429, json={"error": "slow_down"}), Unavailable, "a-refresh-token"),
        (httpx.Response(599), Unavailable, ""),
        (httpx.Response(200, text="<html>"), UnexpectedAnswer, ""),
        (httpx.Response(200, json={}), UnexpectedAnswer, ""),
        (httpx.Response(200, json={"access_token": "x", "token_type": "MAC"}), UnexpectedAnswer, ""),
        (httpx.Response(200, json={"access_token": "", "token_type": "Bearer"}), UnexpectedAnswer, ""),
        (
            httpx.Response(302, headers={"location": "https://elsewhere.example"}),
            UnexpectedAnswer,
            "a-refresh-token",
        ),
    ],
)
async def test_renewal_with_a_server_error_keeps_the_session_and_restores_only_an_unprocessed_token(
    answer: httpx.Response, kind: type[BackendError], stored: str
) -> None:
    store = MemoryStore()
    await store.save(KEPT)
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend(store)
    script.token_answers = [answer]
    with pytest.raises(kind):
        await backend.account()
    assert len(script.refreshed) == 1, "a POST is not repeated blindly"
    assert (await kept(store)).rt == stored
    assert backend.signed_in
    assert (await backend.account()).value.subscriber_id == "s1"


@pytest.mark.parametrize(
    "answer",
    [
        *(
            httpx.Response(status, json={"error": error})
            for status in (400, 401, 403, 410, 422)
            for error in ("invalid_grant", "invalid_request", "invalid_client", "unauthorized_client")
        ),
        httpx.Response(400, json={"error": {"code": "invalid_grant"}}),
        httpx.Response(400, text='{"error":"invalid_grant"}'),
        httpx.Response(400),
        httpx.Response(401, text="<html>"),
        httpx.Response(403),
        httpx.Response(200, json={"error": "bad_refresh_token"}),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.text}",
)
async def test_renewal_refused_in_any_form_ends_the_session(answer: httpx.Response) -> None:
    store = MemoryStore()
    await store.save(KEPT)
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend(store)
    script.token_answers = [answer]
    with pytest.raises(SessionExpired):
        await backend.account()
    assert not backend.signed_in
    assert await store.load() is None


GRANTED = {"access_token": "new", "token_type": "Bearer", "refresh_token": "rotated"}


@pytest.mark.parametrize(
    "life", ["2592000", 2592000.0, 1209599.5, 0, -1, 10**10, 10**400, "soon", None, [], True]
)
async def test_rotated_token_with_an_invalid_lifetime_is_kept(life: object) -> None:
    answer = httpx.Response(200, json={**GRANTED, "refresh_token_expires_in": life})
    assert (await renewed(answer)).exp > NOW.timestamp() + 1_000_000


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, json=GRANTED),
        httpx.Response(200, json={**GRANTED, "token_type": "bearer"}),
        httpx.Response(200, json={**GRANTED, "token_type": None}),
        httpx.Response(200, json={name: GRANTED[name] for name in ("access_token", "refresh_token")}),
        httpx.Response(200, json={**GRANTED, "access_token": "a" * 50_000}),
        httpx.Response(200, json={**GRANTED, "expires_in": "300", "scope": None, "id_token": {}}),
        httpx.Response(200, content=json.dumps(GRANTED), headers={"content-type": "text/json"}),
        httpx.Response(200, content=json.dumps(GRANTED)[:-1] + ', "expires_in": 1e999}'),
    ],
)
async def test_rotated_token_in_an_unusual_answer_is_kept(answer: httpx.Response) -> None:
    assert (await renewed(answer)).rt == "rotated"


async def renewed(answer: httpx.Response) -> StoredSession:
    """Renew the tokens with `answer`, read the account, and return the stored entry."""
    store = MemoryStore()
    await store.save(KEPT)
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend(store)
    script.token_answers = [answer]
    assert (await backend.account()).value.subscriber_id == "s1"
    assert len(script.refreshed) == 1
    await backend.close()
    return await kept(store)


@pytest.mark.parametrize("access", [{"token_type": "DPoP"}, {"access_token": "\n"}, {"access_token": None}])
async def test_rotated_token_with_an_invalid_access_token_is_kept(access: dict[str, object]) -> None:
    store = MemoryStore()
    await store.save(KEPT)
    script = Scripted(always(200, ACCOUNT))
    backend = await script.backend(store)
    script.token_answers = [httpx.Response(200, json={**GRANTED, **access})]
    with pytest.raises(UnexpectedAnswer):
        await backend.account()
    assert (await kept(store)).rt == "rotated"
    assert (await backend.account()).value.subscriber_id == "s1"
    assert script.refreshed == ["a-refresh-token", "rotated"]


async def test_renewed_token_is_stored_before_it_is_used() -> None:
    events: list[str] = []
    saving = asyncio.Event()

    class Noting(MemoryStore):
        async def save(self, secret: str) -> None:
            saving.set()
            await asyncio.sleep(0.05)
            await super().save(secret)
            events.append(f"kept {(await kept(self)).rt or 'nothing'}")

    def answering(request: httpx.Request) -> httpx.Response:
        events.append(f"used {request.headers['authorization']}")
        return httpx.Response(200, json=ACCOUNT if request.url.path == "/v1/me" else {"items": []})

    store = Noting()
    store._secret = KEPT
    backend = await Scripted(answering).backend(store)
    first = asyncio.ensure_future(backend.account())
    await saving.wait()
    await asyncio.gather(first, backend.billing_periods("c1"))
    assert events == ["kept nothing", "kept refresh-1", "used Bearer access-1", "used Bearer access-1"]


async def test_call_refused_with_fresh_tokens_ends_the_session() -> None:
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


async def test_sign_in_without_remember_stores_nothing(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    await store.save(StoredSession(3, "of somebody else", 2_000_000_000, "sofia@demo.example").encode())
    backend = network.backend(store, clock)
    await sign_in(backend, remember=False)
    assert await store.load() is None
    clock.advance(minutes=6)
    assert (await backend.account()).value.display_name == "Camille Martin"
    assert await store.load() is None


@pytest.mark.parametrize("problem", [each for each in CredentialProblem if each.value != "slow"])
async def test_failing_store_at_sign_in_is_reported_once_and_not_fatal(
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


@pytest.mark.parametrize("problem", CredentialProblem)
@pytest.mark.parametrize(
    ("failing", "spared"),
    [(("load", "save", "clear"), 0), (("load",), 0), (("save",), 0), (("save", "clear"), 1)],
    ids=["all", "load", "save", "second save"],
)
async def test_failing_store_at_renewal_never_keeps_a_used_token(
    network: Network, clock: Clock, problem: CredentialProblem, failing: tuple[str, ...], spared: int
) -> None:
    store = FailingStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    clock.advance(minutes=6)
    store.problem, store.failing, store.spared = problem, failing, spared
    presented = spared == 1
    if presented:
        assert (await backend.account()).value.display_name == "Camille Martin"
        assert backend.credential_problem is problem
    else:
        for _ in range(2):
            with pytest.raises(KeyringUnavailable):
                await backend.account()
        assert network.renewals == []
    assert backend.signed_in
    await backend.close()
    store.problem = None
    clock.advance(minutes=10)
    again = network.backend(store, clock)
    assert (await again.resume()).signed_in is not presented
    if not presented:
        assert (await again.account()).value.security_notice is None
    await sign_in(again)
    assert (await again.account()).value.security_notice is None


async def test_renewal_continues_once_the_store_works_again(network: Network, clock: Clock) -> None:
    store = FailingStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    clock.advance(minutes=6)
    store.problem = CredentialProblem.LOCKED
    with pytest.raises(KeyringUnavailable):
        await backend.account()
    store.problem = None
    assert (await backend.account()).value.display_name == "Camille Martin"
    assert (await kept(store)).rt not in network.renewals


async def test_late_save_at_sign_in_is_used_by_the_next_renewal(network: Network, clock: Clock) -> None:
    class Late(MemoryStore):
        async def save(self, secret: str) -> None:
            first = self._secret is None
            await super().save(secret)
            if first:
                raise CredentialsUnavailable(CredentialProblem.SLOW)

    store = Late()
    backend = network.backend(store, clock)
    challenge = await backend.begin_sign_in("camille@demo.example")
    told = await backend.finish_sign_in(challenge, "Soleil-2026", remember=True)
    assert told is CredentialProblem.SLOW
    clock.advance(minutes=6)
    await backend.account()
    assert backend.credential_problem is None
    assert (await kept(store)).rt not in network.renewals


async def test_process_killed_during_a_renewal_leaves_no_stored_token(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
    clock.advance(minutes=6)
    reading = asyncio.ensure_future(backend.account())
    await network.renewing.wait()
    killed = MemoryStore()
    await killed.save(await store.load() or "")
    await reading
    await backend.close()
    again = network.backend(killed, clock)
    assert await again.resume() == Remembered("camille@demo.example", signed_in=False, problem=None)


@pytest.mark.parametrize("lost", [0, 2])
async def test_renewal_without_an_answer_restores_the_token_only_if_unsent(
    network: Network, clock: Clock, lost: int
) -> None:
    store, backend = await signed_in(network, clock)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    network.down, network.lose_tokens = not lost, lost
    with pytest.raises(Unreachable):
        await backend.account()
    assert (await kept(store)).rt == ("" if lost else first)
    assert backend.signed_in
    network.down = False
    assert (await backend.account()).value.display_name == "Camille Martin"


async def test_start_without_an_answer_keeps_the_stored_token() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("lost", request=request)

    store = MemoryStore()
    await store.save(KEPT)
    backend = Backend(
        HttpClient(IN_PROCESS, httpx.MockTransport(lost), clock=now, timeout=5.0), store, clock=now
    )
    await backend.resume()
    with pytest.raises(Unreachable):
        await backend.account()
    assert await store.load() == KEPT
    await backend.close()


async def test_slow_store_at_renewal_keeps_the_unused_token_for_the_next_start(
    network: Network, clock: Clock
) -> None:
    class SlowStore(MemoryStore):
        slow = False

        async def save(self, secret: str) -> None:
            await super().save(secret)
            if self.slow:
                raise CredentialsUnavailable(CredentialProblem.SLOW)

    store = SlowStore()
    backend = network.backend(store, clock)
    await sign_in(backend)
    first = (await kept(store)).rt
    clock.advance(minutes=6)
    store.slow = True
    with pytest.raises(KeyringUnavailable):
        await backend.account()
    await backend.close()
    assert network.renewals == []
    assert (await kept(store)).rt == first


async def test_concurrent_renewals_of_two_windows_keep_both_sessions(network: Network, clock: Clock) -> None:
    store = MemoryStore()
    one, other = network.backend(store, clock), network.backend(store, clock)
    await sign_in(one)
    await other.resume()
    clock.advance(minutes=6)
    readings = await asyncio.gather(one.account(), other.account())
    assert len(readings) == 2
    for window in (one, other):
        clock.advance(minutes=6)
        assert (await window.account()).value.security_notice is None
        await window.close()


async def test_entry_erased_by_another_window_ends_the_session_without_a_renewal(
    network: Network, clock: Clock
) -> None:
    store, backend = await signed_in(network, clock)
    await store.clear()
    clock.advance(minutes=6)
    with pytest.raises(SessionExpired):
        await backend.account()
    assert network.renewals == []


async def test_sign_out_does_not_wait_for_a_slow_revocation(
    sandbox: Starlette, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.client.oauth.REVOKE_TIMEOUT", 0.1)
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


async def test_renewal_in_flight_at_sign_out_stays_signed_out(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
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


async def test_sign_in_of_another_subscriber_reads_no_cached_answer(network: Network, clock: Clock) -> None:
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


async def test_entry_expired_by_the_local_clock_is_still_sent_to_the_backend() -> None:
    script = Scripted(always(200, ACCOUNT))
    store = MemoryStore()
    await store.save(StoredSession(3, "old", int(NOW.timestamp()), "camille@demo.example").encode())
    backend = Backend(
        HttpClient(IN_PROCESS, httpx.MockTransport(script), clock=now, timeout=5.0), store, clock=now
    )
    assert (await backend.resume()).signed_in
    assert not backend.device.in_use
    script.token_answers = [httpx.Response(400, json={"error": "invalid_grant"})]
    with pytest.raises(SessionExpired):
        await backend.account()
    assert backend.identifier == "camille@demo.example"
    assert await store.load() is None
    await backend.close()


OTHERS = {"id": "sofia@demo.example", "rt": "another", "exp": 2**40, "key": "A" * 43 + "=", "by": "w", "v": 2}


@pytest.mark.parametrize("member", OTHERS)
async def test_entry_changed_by_another_program_is_refused(
    network: Network, clock: Clock, member: str
) -> None:
    """Prevent a prompt for another subscriber's password over Camille's account."""
    store, backend = await signed_in(network, clock)
    await backend.close()
    entry = json.loads(await store.load() or "")
    await store.save(json.dumps(entry | {member: OTHERS[member]}))
    again = network.backend(store, clock)
    assert await again.resume() == Remembered(None, signed_in=False, problem=None)
    assert again.identifier is None
    assert await store.load() is None


@pytest.mark.parametrize("mac", [None, "", "AAAA", "é", "A" * 43 + "="])
def test_entry_without_its_mac_is_refused(mac: str | None) -> None:
    entry = json.loads(KEPT)
    del entry["mac"]
    assert StoredSession.decode(json.dumps(entry if mac is None else entry | {"mac": mac})) is None


async def test_entry_changed_while_the_app_is_open_is_never_followed(network: Network, clock: Clock) -> None:
    store, backend = await signed_in(network, clock)
    entry = json.loads(await store.load() or "")
    await store.save(json.dumps(entry | {"id": "sofia@demo.example"}))
    clock.advance(minutes=6)
    with pytest.raises(SessionExpired):
        await backend.account()
    assert network.renewals == []
    assert backend.identifier == "camille@demo.example"


@given(st.text() | st.sampled_from(["{}", "[]", '{"v":3,"rt":"x","exp":1,"id":"y"}', "\ud800"]))
@example('{"v":3,"rt":"x","exp":1,"id":"y","mac":"\\ud800"}')
@example('{"v":1,"rt":"x","exp":1,"id":"y","password":"z"}')
def test_entry_of_unknown_form_is_refused(text: str) -> None:
    assert StoredSession.decode(text) is None


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
async def test_sign_in_answer_raises_its_error(case: str) -> None:
    status, body, headers, kind = SIGN_IN_ANSWERS[case]

    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=METADATA)
        return httpx.Response(status, json=body, headers=headers)

    wire = HttpClient(IN_PROCESS, httpx.MockTransport(answering), clock=now, timeout=5.0)
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


async def test_sign_in_to_finish_on_the_web_gets_a_url_of_the_backend() -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={**METADATA, "authorization_endpoint": f"{IN_PROCESS}/web"})
        return httpx.Response(400, json={"error": "redirect_to_web", "request_uri": "urn:x&y"})

    wire = HttpClient(IN_PROCESS, httpx.MockTransport(answering), clock=now, timeout=5.0)
    backend = Backend(wire, MemoryStore(), clock=now)
    with pytest.raises(ActionNeeded) as caught:
        await backend.begin_sign_in("camille@demo.example")
    assert caught.value.url == f"{IN_PROCESS}/web?client_id=internetplus-app&request_uri=urn%3Ax%26y"
    await backend.close()


async def test_secrets_of_a_journey_appear_in_no_log_output_or_repr(
    address: str,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run a whole journey at debug level; search logs, output and every `repr` for secrets."""
    secrets: set[str] = set(PASSWORDS.values())
    shown: list[str] = []
    send = HttpClient.send

    async def listening(self: HttpClient, *args: Any, **options: Any) -> Response:
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

    monkeypatch.setattr(HttpClient, "send", listening)
    caplog.set_level(logging.DEBUG)
    store = MemoryStore()
    backend = Backend.at(address, store, clock=clock)
    challenge = await backend.begin_sign_in("camille@demo.example")
    shown.append(repr(challenge))
    with pytest.raises(SignInError) as refused:
        await backend.finish_sign_in(challenge, "Pluie-2026", remember=True)
    await backend.finish_sign_in(challenge, "Soleil-2026", remember=True)
    shown += [repr(refused.value), repr(challenge), repr(backend), repr(vars(backend)), repr(store)]
    shown.append(repr(StoredSession.decode(await store.load() or "")))
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
