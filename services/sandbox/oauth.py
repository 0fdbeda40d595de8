"""Authorization server: OAuth 2.0 for First-Party Applications, PKCE, rotating tokens (A1 to A4).

An unknown identifier is answered like a known one: same steps, same countdown, same lock, and the same work,
a password hash included. Only the right password reveals `Subscriber.locked`.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.domain.identifiers import canonical
from services.sandbox import tokens
from services.sandbox.forms import read_form, required
from services.sandbox.identity import digest, new_secret, nobody, verify_password
from services.sandbox.issuer import issuer_of
from services.sandbox.schema import failure, identifier, sign_in, subscriber
from services.sandbox.settings import Clock, SandboxSettings
from services.sandbox.store import Store
from services.sandbox.web import NO_STORE, OAuthError, json_response

CLIENT_ID = "internetplus-app"
READ = "internetplus:read"
SCOPES = (READ, "internetplus:write", tokens.OFFLINE)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class OAuth:
    """Authorization server of the sandbox."""

    def __init__(
        self, store: Store, clock: Clock, settings: SandboxSettings, *, issuer: str | None = None
    ) -> None:
        self._store, self._clock, self._settings, self._issuer = store, clock, settings, issuer
        self._nobody = nobody(settings.scrypt_log2_cost)

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/oauth-authorization-server", self.metadata, methods=["GET"]),
            Route("/oauth/authorization-challenge", self.challenge, methods=["POST"]),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
        ]

    async def metadata(self, request: Request) -> Response:
        """Answer A1: the endpoints (RFC 8414)."""
        issuer = issuer_of(request, self._issuer)
        return json_response(
            {
                "issuer": issuer,
                "authorization_challenge_endpoint": f"{issuer}/oauth/authorization-challenge",
                "token_endpoint": f"{issuer}/oauth/token",
                "revocation_endpoint": f"{issuer}/oauth/revoke",
                "scopes_supported": SCOPES,
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
            }
        )

    async def challenge(self, request: Request) -> Response:
        """Answer A2: the identifier first, then the password."""
        form = await read_form(request)
        address = digest(f"address {request.client.host if request.client else ''}")
        if "auth_session" not in form:
            return await self._answer(lambda connection: self._identifier_step(connection, form, address))
        _check_client(form)
        return await self._answer(lambda connection: self._password_step(connection, form, address))

    async def token(self, request: Request) -> Response:
        """Answer A3: exchange a code or a refresh token for tokens."""
        form = await read_form(request)
        _check_client(form)
        now = self._clock()
        grant: Callable[[Connection], tokens.Tokens | None]
        match required(form, "grant_type"):
            case "authorization_code":
                secret, verifier = required(form, "code"), required(form, "code_verifier")
                grant = functools.partial(
                    tokens.redeem, secret=secret, verifier=verifier, now=now, settings=self._settings
                )
            case "refresh_token":
                secret = required(form, "refresh_token")
                grant = functools.partial(tokens.renew, secret=secret, now=now, settings=self._settings)
            case _:
                raise OAuthError("unsupported_grant_type", "grant_type is not supported.")
        return await self._answer(lambda connection: self._token_answer(grant(connection)))

    async def revoke(self, request: Request) -> Response:
        """Answer A4: sign out; an unknown token counts as revoked (RFC 7009)."""
        form = await read_form(request)
        if "client_id" in form:
            _check_client(form)
        secret = form.get("token")
        if secret is not None:
            await self._store.run(
                lambda connection: tokens.sign_out(connection, secret, self._clock()), writing=True
            )
        return json_response({}, headers=NO_STORE)

    async def _answer(self, work: Callable[[Connection], Response | OAuthError]) -> Response:
        """Run one transaction; raise a refusal after the commit, so that its changes stay."""
        answer = await self._store.run(work, writing=True)
        if isinstance(answer, OAuthError):
            raise answer
        return answer

    def _identifier_step(self, connection: Connection, form: dict[str, str], address: str) -> OAuthError:
        if required(form, "response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type has to be code.")
        _check_client(form)
        scope = form.get("scope", READ).split()
        if READ not in scope or not set(scope) <= set(SCOPES):
            raise OAuthError("invalid_scope", f"scope has to hold {READ}, and only what the metadata lists.")
        if form.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(
            form.get("code_challenge", "")
        ):
            raise OAuthError("invalid_request", "A PKCE code_challenge is required, by the method S256.")
        name = canonical(required(form, "login_hint"))
        now = self._clock()
        self._forget_expired(connection, now)
        self._make_room(connection, address)
        known = connection.scalar(select(identifier.c.subscriber_id).where(identifier.c.identifier == name))
        session = _open_session(
            connection,
            account=known or digest(name),
            address=address,
            code_challenge=form["code_challenge"],
            scope=" ".join(sorted(set(scope), key=SCOPES.index)),
            expires_at=now + self._settings.sign_in_time,
        )
        return OAuthError(
            "insufficient_authorization", "The password is asked for.", auth_session=session, next="password"
        )

    def _password_step(
        self, connection: Connection, form: dict[str, str], address: str
    ) -> Response | OAuthError:
        password, now = required(form, "password"), self._clock()
        here = sign_in.c.session == digest(form["auth_session"])
        row = connection.execute(sign_in.select().where(here)).first()
        connection.execute(sign_in.delete().where(here))
        if row is None or row.expires_at <= now:
            return OAuthError("invalid_session", "This sign-in is over: start again.")
        again = functools.partial(
            _open_session,
            connection,
            account=row.account,
            address=row.address,
            code_challenge=row.code_challenge,
            scope=row.scope,
            expires_at=row.expires_at,
        )
        person = connection.execute(
            subscriber.select().where(subscriber.c.subscriber_id == row.account)
        ).first()
        counted = digest(f"{row.account} {address}") if self._settings.tries_by_address else row.account
        wait = max(
            self._lock_left(connection, counted, self._settings.tries, now),
            self._lock_left(connection, address, self._settings.address_tries, now),
        )
        if not wait:
            right = verify_password(password, person.password_hash if person else self._nobody)
            holder = person if right else None
            if holder is None:
                _count_failure(connection, address, now)
                left = self._settings.tries - _count_failure(connection, counted, now)
                if left > 0:
                    return OAuthError(
                        "access_denied",
                        "The identifier or the password is wrong.",
                        auth_session=again(),
                        next="password",
                        attempts_left=left,
                    )
            elif not holder.locked:
                connection.execute(failure.delete().where(failure.c.account == counted))
                secret = tokens.start(
                    connection,
                    holder.subscriber_id,
                    row.scope,
                    row.code_challenge,
                    now=now,
                    settings=self._settings,
                )
                return json_response({"authorization_code": secret}, headers=NO_STORE)
            wait = self._settings.lock_time
        return OAuthError(
            "temporarily_locked",
            "Too many tries.",
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers={"Retry-After": str(math.ceil(wait.total_seconds()))},
            auth_session=again(),
            next="password",
        )

    def _make_room(self, connection: Connection, address: str) -> None:
        """Drop the oldest pending sign-ins, so that one more stays within the limits."""
        for pending, most in (
            (
                select(sign_in.c.session).where(sign_in.c.address == address),
                self._settings.sign_ins_per_address,
            ),
            (select(sign_in.c.session), self._settings.sign_ins),
        ):
            oldest = pending.order_by(sign_in.c.expires_at.desc()).offset(most - 1)
            connection.execute(sign_in.delete().where(sign_in.c.session.in_(oldest)))

    def _lock_left(self, connection: Connection, account: str, tries: int, now: datetime) -> timedelta:
        """Return how long an account or an address stays locked; zero if it is not locked."""
        row = connection.execute(failure.select().where(failure.c.account == account)).first()
        if row is None or row.tries < tries:
            return timedelta()
        locked_until: datetime = row.last_at + self._settings.lock_time
        return max(locked_until - now, timedelta())

    def _forget_expired(self, connection: Connection, now: datetime) -> None:
        connection.execute(sign_in.delete().where(sign_in.c.expires_at <= now))
        connection.execute(failure.delete().where(failure.c.last_at <= now - self._settings.lock_time))
        tokens.forget_expired(connection, now)

    def _token_answer(self, granted: tokens.Tokens | None) -> Response | OAuthError:
        if granted is None:
            return OAuthError("invalid_grant", "This grant is unknown, expired, used or revoked.")
        body: dict[str, str | int] = {
            "access_token": granted.access,
            "token_type": "Bearer",
            "expires_in": int(self._settings.access_time.total_seconds()),
            "scope": granted.scope,
        }
        if granted.refresh is not None:
            body["refresh_token"] = granted.refresh
        return json_response(body, headers=NO_STORE)


def _open_session(connection: Connection, **values: Any) -> str:
    """Return a new `auth_session`; each answer has its own."""
    session = new_secret()
    connection.execute(sign_in.insert().values(session=digest(session), **values))
    return session


def _count_failure(connection: Connection, account: str, now: datetime) -> int:
    """Count a wrong password; return the number of wrong passwords."""
    here = failure.c.account == account
    tries: int = (connection.scalar(select(failure.c.tries).where(here)) or 0) + 1
    connection.execute(failure.delete().where(here))
    connection.execute(failure.insert().values(account=account, tries=tries, last_at=now))
    return tries


def _check_client(form: dict[str, str]) -> None:
    """Check that the request names the registered client.

    Raises:
        OAuthError: the request names no client, or an unknown client.
    """
    if required(form, "client_id") != CLIENT_ID:
        raise OAuthError("invalid_client", "client_id is unknown.")
