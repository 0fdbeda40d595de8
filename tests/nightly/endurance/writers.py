"""Writers of every kind on one sandbox, which record acknowledged writes, and an audit of its database.

A change is acknowledged when its answer has been read to the end. A write in flight at a kill may be done or
not, but never in part.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import msgspec

from services.sandbox.data_file import Contract, Money, Subscriber, Subscription
from services.sandbox.identity import digest
from tests.harness.entries import bought
from tests.nightly.endurance.processes import plain_client

KINDS = ("termination", "switch", "dispute", "feedback", "renewal", "sign-in", "sign-out")
IDENTIFIER, PASSWORD = "ada@demo.example", "Soleil-2026"
SUBSCRIPTIONS = 12
"""Subscriptions of each contract."""
CONTRACTS = 40
PURCHASES = 1_500
"""Purchases of the first contract."""
GRACE = 8.0
"""Seconds during which the sandbox repeats the answer of a cut renewal, with a margin: it has 10."""
_VERIFIER = "v" * 43
_CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"


def subscriber() -> bytes:
    """Return the data file of a subscriber with many subscriptions and purchases."""
    now = datetime.now(UTC)
    purchases = tuple(
        bought(f"p-{number}", now - timedelta(minutes=number), "1.99") for number in range(PURCHASES)
    )
    contracts = tuple(
        Contract(
            contract_id=f"c-{line}",
            kind="internet",
            label="Box",
            masked_number="04 •• •• •• 21",
            purchases=() if line else purchases,
            subscriptions=tuple(
                Subscription(
                    subscription_id=f"s-{line}-{number}",
                    name="Offre",
                    merchant_name="Club Cubéo",
                    price=Money(amount="2.99"),
                    recurring_charge_period="week",
                    start_date=date(2024, 1, 1),
                )
                for number in range(SUBSCRIPTIONS)
            ),
        )
        for line in range(CONTRACTS)
    )
    ada = Subscriber(
        identifier=IDENTIFIER, password=PASSWORD, display_name="Ada Blanchet", contracts=contracts
    )
    return msgspec.json.encode({"subscribers": [ada]})


@dataclass
class Tokens:
    """Tokens of a session; a renewal whose answer was lost may have used the acknowledged `refresh`."""

    access: str
    refresh: str


@dataclass
class Ledger:
    """Acknowledged writes."""

    ended: list[str] = field(default_factory=list)
    """Ids of ended subscriptions."""
    created: dict[str, str] = field(default_factory=dict)
    """Answers to disputes and feedback, by idempotency key."""
    service: dict[str, set[str]] = field(default_factory=dict)
    """Possible states of the service, by contract: the acknowledged one, and one in flight."""
    signed_in: list[Tokens] = field(default_factory=list)
    signed_out: list[Tokens] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Number of acknowledged writes, by kind."""


class Cut(Exception):
    """Missing or incomplete answer."""


class Writers:
    """Six parallel writers on one sandbox; each repeats one kind of write without a pause."""

    def __init__(self, url: str, rng: Random) -> None:
        self.ledger = Ledger()
        self._awaited = (next(iter(KINDS)), asyncio.Event())
        self._url, self._rng = url, rng
        self._tokens: dict[str, Tokens] = {}
        self._next: dict[str, int] = {}
        self._renewing = math.inf
        """Start time of the unanswered renewal."""

    async def write(self) -> None:
        """Run all writers until each is cut."""
        kinds: list[Callable[[httpx.AsyncClient], Awaitable[None]]] = [
            self._terminate, self._switch, self._dispute, self._opine, self._renew, self._come_and_go,
        ]  # fmt: skip

        async def keep_on(act: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
            with suppress(Cut):
                while True:
                    await act(client)

        async with plain_client(base_url=self._url, timeout=30) as client:
            with suppress(Cut):
                if "write" not in self._tokens:
                    self._tokens["write"] = await self._sign_in(client)
                await asyncio.gather(*(keep_on(act) for act in kinds))

    async def begin(self, kind: str) -> asyncio.Task[None]:
        """Return `write` as a task, after a write of that kind is acknowledged."""
        self._awaited = (kind, asyncio.Event())
        acknowledged = asyncio.create_task(self._awaited[1].wait())
        writing = asyncio.create_task(self.write())
        await asyncio.wait({writing, acknowledged}, return_when=asyncio.FIRST_COMPLETED)
        if not acknowledged.done():
            acknowledged.cancel()
            await writing
            raise AssertionError(f"nobody writes, and no {kind} was acknowledged")
        return writing

    # Each method does one write, and raises `Cut` if its outcome is unknown.

    async def _terminate(self, client: httpx.AsyncClient) -> None:
        number = self._number("terminate")
        line, name = f"c-{1 + number % (CONTRACTS - 1)}", number // (CONTRACTS - 1)
        if name >= SUBSCRIPTIONS:
            await asyncio.sleep(3600)
        here = f"/v1/contracts/{line}/subscriptions"
        listed = await self._send(client, "GET", here)
        one = f"s-{line[2:]}-{name}"
        await self._send(
            client, "PUT", f"{here}/{one}/termination", json={}, headers={"If-Match": listed.headers["etag"]}
        )
        self.ledger.ended.append(one)
        self._count("termination")

    async def _switch(self, client: httpx.AsyncClient) -> None:
        here = "/v1/contracts/c-0/service"
        seen = await self._send(client, "GET", here)
        held = self.ledger.service.get("c-0", {"active"})
        assert seen.json()["status"] in held, f"the service is {seen.json()['status']}, not of {held}"
        wanted = "suspended" if seen.json()["status"] == "active" else "active"
        self.ledger.service["c-0"] = {seen.json()["status"], wanted}
        await self._send(
            client, "PUT", here, json={"status": wanted}, headers={"If-Match": seen.headers["etag"]}
        )
        self.ledger.service["c-0"] = {wanted}
        self._count("switch")

    async def _dispute(self, client: httpx.AsyncClient) -> None:
        number = self._number("dispute")
        if number >= PURCHASES:
            await asyncio.sleep(3600)
        body = {"reason": "unrecognised", "comment": f"dispute {number}"}
        await self._create(client, f"/v1/contracts/c-0/purchases/p-{number}/disputes", body, "dispute")

    async def _opine(self, client: httpx.AsyncClient) -> None:
        body = {"articleId": "article", "useful": True, "liked": "all of it"}
        await self._create(client, "/v1/feedback", body, "feedback")

    async def _create(self, client: httpx.AsyncClient, url: str, body: object, kind: str) -> None:
        key = f"{self._rng.getrandbits(128):032x}"
        answer = await self._send(client, "POST", url, json=body, headers={"Idempotency-Key": key})
        self.ledger.created[key] = answer.text
        self._count(kind)

    async def _renew(self, client: httpx.AsyncClient) -> None:
        """Renew one session for the whole test; repeat a cut renewal within the grace period."""
        own = self._tokens.get("renew")
        if own is None or time.monotonic() - self._renewing > GRACE:
            self._tokens["renew"] = await self._sign_in(client)
            self._renewing = math.inf
            return
        self._renewing = min(self._renewing, time.monotonic())
        answer = await self._post(
            client, "/oauth/token", grant_type="refresh_token", refresh_token=own.refresh
        )
        assert answer.status_code == 200, f"signed out by a lost answer: {answer.text}"
        self._renewing = math.inf
        given = answer.json()
        self._tokens["renew"] = Tokens(given["access_token"], given["refresh_token"])
        self.ledger.signed_in.append(self._tokens["renew"])
        self._count("renewal")

    async def _come_and_go(self, client: httpx.AsyncClient) -> None:
        """Sign in, then sign out the previous session."""
        came = await self._sign_in(client)
        before = self._tokens.get("come and go")
        self._tokens["come and go"] = came
        if before is not None:
            self.ledger.signed_in.remove(before)  # during the sign-out, both states are possible
            await self._post(client, "/oauth/revoke", token=before.refresh)
            self.ledger.signed_out.append(before)
            self._count("sign-out")

    async def _sign_in(self, client: httpx.AsyncClient) -> Tokens:
        answer = await self._post(
            client,
            "/oauth/authorization-challenge",
            response_type="code",
            scope="internetplus:read internetplus:write offline_access",
            code_challenge=_CHALLENGE,
            code_challenge_method="S256",
            login_hint=IDENTIFIER,
        )
        answer = await self._post(
            client,
            "/oauth/authorization-challenge",
            response_type="code",
            auth_session=answer.json()["auth_session"],
            password=PASSWORD,
        )
        code = answer.json()["authorization_code"]
        answer = await self._post(
            client, "/oauth/token", grant_type="authorization_code", code=code, code_verifier=_VERIFIER
        )
        given = answer.json()
        tokens = Tokens(given["access_token"], given["refresh_token"])
        self.ledger.signed_in.append(tokens)
        self._count("sign-in")
        return tokens

    async def _send(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        *,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self._tokens['write'].access}"}
        try:
            answer = await client.request(method, url, json=json, headers=bearer | (headers or {}))
        except httpx.TransportError as error:
            raise Cut from error
        assert answer.status_code < 300, f"{method} {url}: {answer.status_code} {answer.text}"
        return answer

    async def _post(self, client: httpx.AsyncClient, url: str, **form: str) -> httpx.Response:
        try:
            return await client.post(url, data={"client_id": "internetplus-app", **form})
        except httpx.TransportError as error:
            raise Cut from error

    def _count(self, kind: str) -> None:
        self.ledger.counts[kind] += 1
        if kind == self._awaited[0]:
            self._awaited[1].set()

    def _number(self, kind: str) -> int:
        self._next[kind] = self._next.get(kind, -1) + 1
        return self._next[kind]


def audit(file: Path, ledger: Ledger) -> list[str]:
    """Return the acknowledged writes that are missing in the database or incomplete."""
    faults: list[str] = []

    def ask(question: str, *values: Any) -> list[tuple[Any, ...]]:
        return database.execute(question, values).fetchall()

    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
        if (state := ask("PRAGMA integrity_check")) != [("ok",)]:
            faults.append(f"corrupt: {state}")
        if broken := ask("PRAGMA foreign_key_check"):
            faults.append(f"dangling: {broken}")

        over = {name for (name,) in ask("SELECT subscription_id FROM subscription WHERE status != 'active'")}
        faults += [f"termination of {name} lost" for name in ledger.ended if name not in over]

        answers = dict(ask("SELECT key, answer FROM creation"))
        faults += [f"creation {key} lost" for key, text in ledger.created.items() if answers.get(key) != text]
        for table, name in (("dispute", "disputeId"), ("feedback", "feedbackId")):
            [(made,)] = ask(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of this file
            answered = sum(name in text for text in answers.values())
            if made != answered:
                faults.append(f"{made} rows of {table} for {answered} answers")

        states = {
            line: waiting or status
            for line, status, waiting in ask(
                "SELECT contract_id, service_status, service_pending FROM contract"
            )
        }
        faults += [
            f"service of {line} is {states[line]}, not of {held}"
            for line, held in ledger.service.items()
            if states[line] not in held
        ]

        alive = {
            token: revoked is None
            for table in ("access_token", "refresh_token")
            for token, revoked in ask(
                f"SELECT token, revoked_at FROM {table} JOIN family USING (family_id)"  # noqa: S608
            )
        }
        for tokens in ledger.signed_in:
            if not (alive.get(digest(tokens.access)) and alive.get(digest(tokens.refresh))):
                faults.append("a session lost")
        faults += ["a sign-out lost" for tokens in ledger.signed_out if alive.get(digest(tokens.refresh))]
        return faults
