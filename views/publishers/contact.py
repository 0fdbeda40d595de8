"""Contact button of a publisher, and the check of its address."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import flet as ft

from services.domain.identifiers import cleaned
from services.domain.models import MerchantContact
from views.kit.buttons import external_button
from views.kit.design import Design

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9])", re.IGNORECASE)
_HOST: Final = re.compile(r"([\w-]+\.)+[\w-]{2,}\.?")
_EMAIL: Final = re.compile(r"[^@\s,;:<>()\[\]\"\\]+@([\w-]+\.)+[\w-]{2,}")
_PHONE: Final = re.compile(r"\+?[0-9]{3,15}")


def contact_button(design: Design, contact: MerchantContact | None) -> list[ft.Control]:
    """Return a button to the publisher's site, e-mail or phone, in this order; nothing without any."""
    address = contact_address(contact)
    return [] if address is None else [external_button(design, design.words("purchase.contact"), address)]


def contact_address(contact: MerchantContact | None) -> str | None:
    """Return the URL of the publisher's site, e-mail or phone, in this order; None without any."""
    if contact is None:
        return None
    return _site(contact.url or "") or _mail(contact.email or "") or _call(contact.phone or "")


def _site(given: str) -> str | None:
    """Return the site as an `https` URL; None if it is no web address.

    The scheme may be missing. User names, spaces and backslashes are refused.
    """
    address = "".join(letter for letter in given if unicodedata.category(letter) not in ("Cc", "Cf")).strip()
    if "://" not in address and not address.startswith("//"):
        if _SCHEME.match(address):
            return None
        address = f"//{address}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    if any(letter.isspace() or letter == "\\" for letter in address):
        return None
    place = host if port in (None, 80, 443) else f"{host}:{port}"
    return urlunsplit(("https", place, parts.path, parts.query, parts.fragment))


def _mail(given: str) -> str | None:
    """Return a `mailto` URL; its parameters are dropped, since they could add recipients or text."""
    address = cleaned(given).partition("?")[0]
    return f"mailto:{quote(address, safe='@+')}" if _EMAIL.fullmatch(address) else None


def _call(given: str) -> str | None:
    number = re.sub(r"[\s.()/-]", "", cleaned(given).replace("(0)", ""))
    return f"tel:{number}" if _PHONE.fullmatch(number) else None
