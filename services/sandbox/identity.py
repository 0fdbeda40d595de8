"""Passwords, and secrets stored only as digests."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from datetime import date


def new_secret() -> str:
    """Return 256 random bits, safe in a URL: an `auth_session`, a code, a token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the stored form of a random secret: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def reference(prefix: str, day: date, what: str) -> str:
    """Return a receipt number short enough to read out: equal for the same `what` and day."""
    return f"{prefix}-{day:%y%m%d}-{int(digest(what), 16) % 1_000_000:06}"


def hash_password(password: str, log2_cost: int) -> str:
    """Return a salted scrypt hash, as `cost$salt$hash`."""
    salt = secrets.token_bytes(16)
    return f"{log2_cost}${salt.hex()}${_scrypt(password, salt, log2_cost).hex()}"


def nobody(log2_cost: int) -> str:
    """Return a dummy hash.

    It is verified for unknown accounts, so that timing does not reveal whether an account exists.
    """
    return f"{log2_cost}${secrets.token_hex(16)}${secrets.token_hex(32)}"


def verify_password(password: str, hashed: str) -> bool:
    """Return whether a hash of `hash_password` is this password's; the time does not depend on the result."""
    log2_cost, salt, expected = hashed.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(log2_cost))
    return hmac.compare_digest(found, bytes.fromhex(expected))


def _scrypt(password: str, salt: bytes, log2_cost: int) -> bytes:
    text = unicodedata.normalize("NFC", password)
    return hashlib.scrypt(
        text.encode(), salt=salt, n=2**log2_cost, r=8, p=1, maxmem=2 ** (log2_cost + 11), dklen=32
    )
