"""Entries of the credential store, as compact JSON whose member `mac` authenticates the others.

An entry that another program changed is refused. The key of the MAC is in the entry itself. So the MAC
protects against a program that does not know the layout.
"""

from __future__ import annotations

import base64
import hmac
from typing import Protocol, TypeVar

import msgspec


class Entry(Protocol):
    """msgspec struct with the members that every entry has."""

    @property
    def v(self) -> int:
        """Return the version of the layout."""

    @property
    def key(self) -> str:
        """Return the key of the MAC, in base64."""

    @property
    def mac(self) -> str:
        """Return the HMAC-SHA-256 of all other members, in base64; written by `encode_entry`."""


EntryT = TypeVar("EntryT", bound=Entry)


def encode_entry(entry: Entry) -> str:
    """Return the authenticated entry."""
    return msgspec.json.encode(_replaced(entry, _mac(entry))).decode()


def decode_entry(text: str, kind: type[EntryT], layout: int) -> EntryT | None:
    """Return the entry in `text`; `None` if it is damaged, changed, or of another program or layout."""
    try:
        entry = msgspec.json.decode(text, type=kind)
        genuine = hmac.compare_digest(entry.mac.encode(), _mac(entry).encode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return entry if genuine and entry.v == layout else None


def _mac(entry: Entry) -> str:
    content = msgspec.json.encode(_replaced(entry, ""))
    return base64.b64encode(hmac.digest(entry.key.encode(), content, "sha256")).decode()


def _replaced(entry: Entry, mac: str) -> object:
    return msgspec.structs.replace(entry, mac=mac)  # type: ignore[type-var]  # every entry is a struct
