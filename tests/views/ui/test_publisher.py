"""The address behind « Contacter l’éditeur », whatever the publisher gave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.models import MerchantContact
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
def test_a_site_is_opened_over_https_or_not_at_all(url: str, address: str | None) -> None:
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
def test_a_mail_goes_to_the_publisher_alone(email: str, address: str | None) -> None:
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
def test_a_call_dials_a_number_alone(phone: str, address: str | None) -> None:
    assert contact_address(MerchantContact(phone=phone)) == address


def test_the_first_way_that_can_be_used_is_used() -> None:
    contact = MerchantContact(url="javascript:x", email="aide@club.example", phone="3900")
    assert contact_address(contact) == "mailto:aide@club.example"
    assert contact_address(MerchantContact(url="x", email="x", phone="3900")) == "tel:3900"
    assert contact_address(None) is None


@given(st.text(), st.text(), st.text())
def test_any_text_gives_a_safe_address_or_none(url: str, email: str, phone: str) -> None:
    address = contact_address(MerchantContact(url=url, email=email, phone=phone))
    assert address is None or address.startswith(("https://", "mailto:", "tel:"))
