"""Tests of the proxy settings of a device: every form in which users and programs write them."""

from __future__ import annotations

import os

import pytest

from services.client.proxies import is_exempt, proxy_for, proxy_url

BACKEND = "https://backend.example"


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Remove the proxy variables from the environment."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example", "http://proxy.example"),
        ("  http://proxy.example:3128\t", "http://proxy.example:3128"),
        ("HTTP://Proxy.Example:3128/", "http://proxy.example:3128"),
        ("https://proxy.example", "https://proxy.example"),
        ("socks://127.0.0.1:7891/", "socks5://127.0.0.1:7891"),
        ("socks5://127.0.0.1:1080", "socks5://127.0.0.1:1080"),
        ("SOCKS5H://camille:secret@proxy.example:1080", "socks5h://camille:secret@proxy.example:1080"),
        ("[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
        ("http://[::1]", "http://[::1]"),
        ("camille@proxy.example:1", "http://camille:@proxy.example:1"),
        ("http://camille:p@ss@proxy.example:1", "http://camille:p%40ss@proxy.example:1"),
        ("http://camille:p%23ss@proxy.example:1", "http://camille:p%23ss@proxy.example:1"),
        ("http://camille:pä@proxy.example:1", "http://camille:p%C3%A4@proxy.example:1"),
        ("http://pröxy.example:1", "http://xn--prxy-6qa.example:1"),
        (f"https://camille:{'p' * 300}@proxy.example", f"https://camille:{'p' * 300}@proxy.example"),
    ],
)
def test_proxy_setting_in_any_form_gives_a_url(setting: str, url: str) -> None:
    assert proxy_url(setting, "https") == url


@pytest.mark.parametrize(
    "setting",
    [
        "http://",
        "http://:80",
        "http:///proxy.example",
        "http:proxy.example:1",
        "http://proxy.example:port",
        "http://proxy.example:0",
        "http://proxy.example:99999",
        "http://proxy.example:-1",
        "http://proxy.example:3128/path",
        "http://[::1:3128",
        "http://[v6]:3128",
        "::1",
        "999.999.1.1:3128",
        "http://xn--:80",
        "http://a..b:80",
        "http://camille:Soleil#2026@proxy.example:3128",
        "http://camille:Soleil?2026@proxy.example:3128",
        "http://camille:Soleil/2026@proxy.example:3128",
        "http://camille:Soleil 2026@proxy.example:3128",
        f"socks5://camille:{'Soleil' * 50}@proxy.example:1080",
        "socks4://camille:Soleil@127.0.0.1:1",
        "ftp://camille:Soleil@proxy.example",
        "PROXY proxy.example:3128; DIRECT",
        "'http://camille:Soleil@proxy.example:3128'",
        "http=proxy.example:1;https=proxy.example:2",
        "DIRECT",
        "direct://",
        "none",
        "\udcff",
    ],
)
def test_proxy_setting_that_cannot_be_used_is_refused_in_one_sentence(setting: str) -> None:
    with pytest.raises(ValueError, match=r"^The proxy setting https_proxy .+\.$") as refused:
        proxy_url(setting, "https")
    assert "Soleil" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "proxy"),
    [
        ({"https_proxy": "a:1"}, "http://a:1"),
        ({"HTTPS_PROXY": "a:1"}, "http://a:1"),
        ({"HTTPS_PROXY": "a:1", "https_proxy": "b:1"}, "http://b:1"),
        ({"ALL_PROXY": "a:1"}, "http://a:1"),
        ({"all_proxy": "a:1", "https_proxy": "b:1"}, "http://b:1"),
        ({"all_proxy": "a:1", "https_proxy": "  "}, "http://a:1"),
        ({"http_proxy": "a:1"}, None),
        ({"https_proxy": ""}, None),
        ({"https_proxy": " \t"}, None),
        ({"HTTPS_PROXY": "a:1", "https_proxy": ""}, None),
        ({"https_proxy": "DIRECT", "no_proxy": "backend.example"}, None),
        ({"https_proxy": "a:1", "NO_PROXY": ".example"}, None),
        ({"https_proxy": "a:1", "no_proxy": "*"}, None),
        ({"https_proxy": "a:1", "no_proxy": "other.example"}, "http://a:1"),
    ],
)
def test_proxy_variables_decide_in_either_case(
    settings: dict[str, str], proxy: str | None, variables: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        variables.setenv(name, value)
    assert proxy_for(BACKEND) == proxy


@pytest.mark.parametrize(
    ("exceptions", "host", "port"),
    [
        ("backend.example", "backend.example", 443),
        ("BACKEND.example", "backend.example", 443),
        ("backend.example:8443", "backend.example", 8443),
        ("x, backend.example ,y", "backend.example", 443),
        ("x;backend.example", "backend.example", 443),
        ("x backend.example", "backend.example", 443),
        (".example", "backend.example", 443),
        ("*.example", "backend.example", 443),
        ("*.example:443", "backend.example", 443),
        ("example", "backend.example", 443),
        ("backend.example.", "backend.example", 443),
        ("backend.example", "backend.example.", 443),
        ("back*.example", "backend.example", 443),
        ("https://backend.example/", "backend.example", 443),
        ("*", "backend.example", 443),
        ("10.1.2.3", "10.1.2.3", 443),
        ("10.0.0.0/8", "10.1.2.3", 443),
        ("10.*", "10.1.2.3", 443),
        ("[2001:db8::1]", "2001:db8::1", 443),
        ("[2001:DB8:0::1]:8443", "2001:db8::1", 8443),
        ("2001:db8::1", "2001:db8::1", 443),
        ("2001:db8::/32", "2001:db8::1", 443),
    ],
)
def test_exempt_host_is_reached_without_the_proxy(exceptions: str, host: str, port: int) -> None:
    assert is_exempt(host, port, exceptions)


@pytest.mark.parametrize(
    ("exceptions", "host", "port"),
    [
        ("", "backend.example", 443),
        (" , ;", "backend.example", 443),
        ("backend.example:8443", "backend.example", 443),
        ("backend.example:", "other.example", 443),
        ("kend.example", "backend.example", 443),
        ("x.backend.example", "backend.example", 443),
        ("10.0.0.0/8", "11.1.2.3", 443),
        ("2.3", "10.1.2.3", 443),
        ("[2001:db8::1]:8443", "2001:db8::1", 443),
        ("[", "backend.example", 443),
        ("10.0.0.0/99", "10.1.2.3", 443),
    ],
)
def test_other_host_is_reached_through_the_proxy(exceptions: str, host: str, port: int) -> None:
    assert not is_exempt(host, port, exceptions)
