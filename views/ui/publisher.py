"""Reaching a publisher."""

from __future__ import annotations

import flet as ft

from services.models import MerchantContact

from .look import Look, text


def contact_button(look: Look, contact: MerchantContact | None) -> list[ft.Control]:
    """The way to a publisher: its site, else its e-mail, else its phone; nothing when none is known."""
    address = _address(contact)
    if address is None:
        return []
    label = look.words("purchase.contact")
    spoken = look.words("a11y.external", label=label)
    return [ft.OutlinedButton(text(label, look.type.label, spoken=spoken), url=address)]


def _address(contact: MerchantContact | None) -> str | None:
    if contact is None:
        return None
    if contact.url and contact.url.startswith("https://"):
        return contact.url
    if contact.email:
        return f"mailto:{contact.email}"
    return f"tel:{contact.phone}" if contact.phone else None
