"""Sessions: a family of tokens, from the code that starts it to its revocation.

A family starts with the right password. Its refresh tokens rotate: each can be used once, and is replaced.
A second use means that two clients have the token, unless it comes within the grace time and the successor is
unused. The family is then revoked, with all its tokens. Secrets are stored as digests only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from services.sandbox.identity import digest, new_secret
from services.sandbox.schema import Moment, access_token, code, family, refresh_token, subscriber
from services.sandbox.settings import SandboxSettings

OFFLINE = "offline_access"
_REUSED = ("refresh_token_reuse", "code_reuse")
_TOLD_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens for a client; `refresh` if its scope contains `offline_access`."""

    access: str
    refresh: str | None
    scope: str


def start(
    connection: Connection,
    subscriber_id: str,
    scope: str,
    code_challenge: str,
    *,
    now: datetime,
    settings: SandboxSettings,
) -> str:
    """Start a family after the right password; return its authorization code."""
    family_id, secret = new_secret(), new_secret()
    connection.execute(
        family.insert().values(
            family_id=family_id,
            subscriber_id=subscriber_id,
            scope=scope,
            authenticated_at=now,
            expires_at=now + settings.session_time,
        )
    )
    connection.execute(
        code.insert().values(
            code=digest(secret),
            family_id=family_id,
            code_challenge=code_challenge,
            expires_at=now + settings.code_time,
        )
    )
    return secret


def redeem(
    connection: Connection, secret: str, verifier: str, *, now: datetime, settings: SandboxSettings
) -> Tokens | None:
    """Return the first tokens of a family for its code and PKCE verifier; None if these are invalid."""
    row = connection.execute(code.select().where(code.c.code == digest(secret))).first()
    if row is None:
        return None
    if row.used_at is not None:
        revoke(connection, row.family_id, "code_reuse", now)
        return None
    if row.expires_at <= now or not hmac.compare_digest(_challenge(verifier), row.code_challenge):
        return None
    connection.execute(code.update().where(code.c.code == row.code).values(used_at=now))
    return _issue(connection, row.family_id, parent=None, now=now, settings=settings)


def renew(connection: Connection, secret: str, *, now: datetime, settings: SandboxSettings) -> Tokens | None:
    """Return the next tokens of a family; None if this refresh token is invalid."""
    row = connection.execute(refresh_token.select().where(refresh_token.c.token == digest(secret))).first()
    if row is None:
        return None
    if row.used_at is not None:
        successor = connection.execute(
            refresh_token.select().where(refresh_token.c.token == row.replaced_by)
        ).first()
        in_grace = now - row.used_at <= settings.grace_time
        if not in_grace or successor is None or successor.used_at is not None:
            revoke(connection, row.family_id, "refresh_token_reuse", now)
            return None
        # The lost successor must not work: it is marked used without a successor, so that it has no grace
        # time.
        _mark_used(connection, successor.token, now, replaced_by=None)
        return _issue(connection, row.family_id, parent=row.token, now=now, settings=settings)
    if row.expires_at <= now:
        return None
    return _issue(connection, row.family_id, parent=row.token, now=now, settings=settings)


def revoke(connection: Connection, family_id: str, reason: str, now: datetime) -> None:
    """Revoke a family, with every code and token in it; the first reason stays."""
    connection.execute(
        family.update()
        .where(family.c.family_id == family_id, family.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_for=reason)
    )


def sign_out(connection: Connection, secret: str, now: datetime) -> None:
    """Revoke the family of a refresh or access token, if the token exists."""
    for table in (refresh_token, access_token):
        row = connection.execute(table.select().where(table.c.token == digest(secret))).first()
        if row is not None:
            revoke(connection, row.family_id, "signed_out", now)


def sign_out_everywhere(connection: Connection, subscriber_id: str, now: datetime) -> None:
    """Revoke all families of a subscriber."""
    connection.execute(
        family.update()
        .where(family.c.subscriber_id == subscriber_id, family.c.revoked_at.is_(None))
        .values(revoked_at=now, revoked_for="signed_out")
    )


def family_of(connection: Connection, secret: str, now: datetime) -> Row[Any] | None:
    """Return the family of a valid access token, else None."""
    return connection.execute(
        family.select()
        .join(access_token)
        .join(subscriber, subscriber.c.subscriber_id == family.c.subscriber_id)
        .where(
            access_token.c.token == digest(secret),
            access_token.c.expires_at > now,
            family.c.revoked_at.is_(None),
            family.c.expires_at > now,
        )
    ).first()


def reuse_to_tell(
    connection: Connection, subscriber_id: str, authenticated_at: datetime, now: datetime
) -> datetime | None:
    """Return when a session was last revoked because a token was reused; None without a reuse to report.

    The first session that began since (with the password, at `authenticated_at`) reports it, for a day. A
    reuse is not reported after the lifetime of the revoked session.
    """
    theirs = family.c.subscriber_id == subscriber_id
    ended: datetime | None = connection.scalar(
        select(func.max(family.c.revoked_at)).where(
            theirs, family.c.revoked_for.in_(_REUSED), family.c.revoked_at <= authenticated_at
        )
    )
    if ended is None or now - authenticated_at > _TOLD_FOR:
        return None
    signed_in_since = connection.scalar(
        select(func.count()).where(
            theirs, family.c.authenticated_at > ended, family.c.authenticated_at < authenticated_at
        )
    )
    return None if signed_in_since else ended


def forget_expired(connection: Connection, now: datetime) -> None:
    """Delete tokens and families that can no longer be used, nor reveal a reuse."""
    connection.execute(access_token.delete().where(access_token.c.expires_at <= now))
    connection.execute(family.delete().where(family.c.expires_at <= now))


def _issue(
    connection: Connection, family_id: str, *, parent: str | None, now: datetime, settings: SandboxSettings
) -> Tokens | None:
    """Return new tokens of a valid family whose subscriber still exists, else None."""
    row = connection.execute(
        family.select()
        .join(subscriber, subscriber.c.subscriber_id == family.c.subscriber_id)
        .where(family.c.family_id == family_id, family.c.revoked_at.is_(None), family.c.expires_at > now)
    ).first()
    if row is None:
        return None
    tokens = Tokens(new_secret(), new_secret() if OFFLINE in row.scope.split() else None, row.scope)
    connection.execute(
        access_token.insert().values(
            token=digest(tokens.access),
            family_id=family_id,
            expires_at=min(now + settings.access_time, row.expires_at),
        )
    )
    if tokens.refresh is not None:
        connection.execute(
            refresh_token.insert().values(
                token=digest(tokens.refresh),
                family_id=family_id,
                parent=parent,
                expires_at=now + settings.idle_time,
            )
        )
        if parent is not None:
            _mark_used(connection, parent, now, replaced_by=digest(tokens.refresh))
    return tokens


def _mark_used(connection: Connection, token: str, now: datetime, *, replaced_by: str | None) -> None:
    """Mark a refresh token as used; the time of the first use stays, so that its grace time ends."""
    connection.execute(
        refresh_token.update()
        .where(refresh_token.c.token == token)
        .values(used_at=func.coalesce(refresh_token.c.used_at, literal(now, Moment)), replaced_by=replaced_by)
    )


def _challenge(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
