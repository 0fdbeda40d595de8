"""Address behind « Contacter l’éditeur », from untrusted contact data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.models import MerchantContact
from views.publishers.contact import contact_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://club.example", "https://club.example"),
        ("https://club.example/aide?a=1#b", "https://club.example/aide?a=1#b"),
        ("HTTPS://Club.Example/Aide", "https://club.example/Aide"),
        ("http://club.example", "https://club.example"),
        ("http://club.example:80/x", "https://club.example/x"),
        ("https://club.example:8443/x", "https://club.example:8443/x"),
        ("www.club.example", "https://www.club.example"),
        ("club.example/contact", "https://club.example/contact"),
        ("club.example:443", "https://club.example"),
        ("//club.example", "https://club.example"),
        (" \u200bhttps://club.example\ufeff\n", "https://club.example"),
        ("https://éditions.example/é", "https://éditions.example/é"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("ftp://club.example", None),
        ("intent://club.example", None),
        ("https://user:pass@club.example", None),
        ("https://club.example@evil.example", None),
        ("https:\\\\evil.example", None),
        ("https://club .example", None),
        ("https://club", None),
        ("https://", None),
        ("https://[::1", None),
        ("https://club.example:99999", None),
        ("bonjour", None),
        ("", None),
    ],
)
def test_contact_url_is_https_or_none(url: str, address: str | None) -> None:
    assert contact_address(MerchantContact(url=url)) == address


@pytest.mark.parametrize(
    ("email", "address"),
    [
        ("aide@club.example", "mailto:aide@club.example"),
        ("aide@club.example?bcc=stranger@x.example&body=Bonjour", "mailto:aide@club.example"),
        ("MAILTO:aide@club.example?subject=x", "mailto:aide@club.example"),
        ("<aide@club.example>", "mailto:aide@club.example"),
        ("\u202aaide@club.example\u202c ", "mailto:aide@club.example"),
        ("aide+internet@club.example", "mailto:aide+internet@club.example"),
        ("aide%0Abcc:x@club.example", None),
        ("aide&cc=x@club.example", "mailto:aide%26cc%3Dx@club.example"),
        ("a@club.example,b@x.example", None),
        ("a@club.example;b@x.example", None),
        ("aide", None),
        (" ", None),
    ],
)
def test_contact_email_has_one_recipient_and_no_headers(email: str, address: str | None) -> None:
    assert contact_address(MerchantContact(email=email)) == address


@pytest.mark.parametrize(
    ("phone", "address"),
    [
        ("01 99 00 12 34", "tel:0199001234"),
        ("tel:+33-1-99-00-12-34;ext=5", "tel:+33199001234"),
        ("+33 (0)1 99 00 12 34", "tel:+33199001234"),
        ("\u202a01\u201199\u00a000.12.34\u202c", "tel:0199001234"),
        ("3900", "tel:3900"),
        ("*#21#", None),
        ("appelez-nous", None),
        ("", None),
    ],
)
def test_contact_phone_is_a_plain_number_or_none(phone: str, address: str | None) -> None:
    assert contact_address(MerchantContact(phone=phone)) == address


def test_contact_address_is_the_first_usable_one() -> None:
    contact = MerchantContact(url="javascript:x", email="aide@club.example", phone="3900")
    assert contact_address(contact) == "mailto:aide@club.example"
    assert contact_address(MerchantContact(url="x", email="x", phone="3900")) == "tel:3900"
    assert contact_address(None) is None


@given(st.text(), st.text(), st.text())
def test_contact_address_of_random_text_is_safe_or_none(url: str, email: str, phone: str) -> None:
    address = contact_address(MerchantContact(url=url, email=email, phone=phone))
    assert address is None or address.startswith(("https://", "mailto:", "tel:"))
