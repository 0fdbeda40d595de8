"""Proxy between this device and the backend, read from the environment or the system's settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_SCHEMES: Final = {
    "http": "http",
    "https": "https",
    "socks": "socks5",  # the spelling of GNOME's settings
    "socks5": "socks5",
    "socks5h": "socks5h",
}
_NO_PROXY: Final = ("direct", "none", "off")
"""Values that other programs use for a direct connection."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LONGEST_SOCKS_FIELD: Final = 255
"""Bytes of a SOCKS 5 user name or password (RFC 1929)."""
_HOST: Final = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")


def proxy_for(origin: str, proxies: Mapping[str, str] | None = None) -> str | None:
    """Return the URL of the proxy for requests to `origin`; `None` for a direct connection.

    Args:
        origin: `https://host[:port]` of the backend.
        proxies: proxies by scheme, and exceptions as `no`; by default, from the environment or the system.

    Raises:
        ValueError: a sentence about the setting, without its value, which may hold a password.
    """
    # imported late: a server with the sandbox must listen without it
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(origin)
    host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    if proxies is None:
        if proxy_bypass(host):  # on macOS and Windows, the exceptions of the system's own settings
            return None
        proxies = getproxies()
    name = parts.scheme if proxies.get(parts.scheme, "").strip() else "all"
    setting = proxies.get(name, "").strip()
    if not setting or is_exempt(host, port, proxies.get("no", "")):
        return None
    return proxy_url(setting, name)


def proxy_url(setting: str, name: str) -> str:
    """Return `setting` as a URL for httpx; a bare `host:port` is an HTTP proxy.

    Args:
        setting: text written by a user or a program.
        name: name of the setting in the error: `https` for `https_proxy`.

    Raises:
        ValueError: a sentence about the setting, without its value.
    """
    subject = f"The proxy setting {name}_proxy"
    malformed = ValueError(
        f"{subject} is malformed: expected http://host:port or socks5://host:port, "
        "with special characters of a password as %XX."
    )
    text = setting.strip()
    if text.lower() in _NO_PROXY:
        raise ValueError(f"{subject} is not an address: leave it empty to connect without a proxy.")
    if not text.isprintable() or " " in text:
        raise malformed
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError:  # includes UnicodeError
        raise malformed from None
    if parts.scheme in ("socks4", "socks4a"):
        raise ValueError(f"{subject} names a SOCKS 4 proxy, which is not supported: use socks5://host:port.")
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            f"{subject} names a kind of proxy that is not supported: use http://, https:// or socks5://."
        )
    if not _is_host(host) or port == 0 or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise malformed
    if "#" in text or "?" in text:  # also an empty query or fragment
        raise malformed
    scheme = _SCHEMES[parts.scheme]
    user, password = (unquote(part or "") for part in (parts.username, parts.password))
    longest = max(len(part.encode()) for part in (user, password))
    if scheme.startswith("socks") and longest > _LONGEST_SOCKS_FIELD:
        raise malformed
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user or password else ""
    authority = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{login}{authority}" + (f":{port}" if port else "")
    import httpx  # imported late: a server must listen without it

    try:
        httpx.Proxy(url).url.host  # noqa: B018 - httpx decodes the host only on access
    except (httpx.InvalidURL, ValueError):
        raise malformed from None
    return url


def is_exempt(host: str, port: int, exceptions: str) -> bool:
    """Return whether `exceptions` (`no_proxy`) contains `host`: `*`, a domain, an address, a network.

    An entry may begin with `.` or `*.`, end with a dot, hold other `*`, and be limited to one port. As in
    other programs, a domain includes its subdomains.
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    for entry in re.split(r"[,;\s]+", exceptions.lower()):
        name, only_port = _split(entry)
        if only_port and only_port != str(port):
            continue
        if address is not None and _holds(name, address):
            return True
        domain = name.rstrip(".").removeprefix("*").lstrip(".")
        if domain and (host == domain or (address is None and host.endswith(f".{domain}"))):
            return True
        if "*" in name and fnmatchcase(host, name):
            return True
    return False


def _split(entry: str) -> tuple[str, str]:
    """Return the name or network of an entry of `no_proxy`, and its port if it has one."""
    entry = (entry.partition("://")[2] or entry).rstrip("/")
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        return (name, rest[1:]) if rest.startswith(":") else (name + rest, "")
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""  # without brackets, an IPv6 address has no port


def _holds(network: str, address: IPv4Address | IPv6Address) -> bool:
    try:
        return address in ip_network(network, strict=False)
    except ValueError:
        return False


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_host(host: str) -> bool:
    """Return whether `host` can be resolved: a name, or an IPv4 or IPv6 address."""
    if not _HOST.fullmatch(host) or not host.strip("."):
        return False
    return ":" not in host or _address(host) is not None
