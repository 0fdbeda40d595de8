"""Origins of backends: scheme, host and port."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")
"""Name or address of a host, in lower case."""


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine, whose traffic never leaves it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def backend_origin(address: str) -> str:
    """Return the origin (`https://host[:port]`) of a backend's address.

    Raises:
        ValueError: a sentence for the user; it never repeats a password of the address.
    """
    malformed = "The backend address is malformed: expected https://host or https://host:port."
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(malformed) from None
    if parts.scheme not in ("http", "https") or not host or not HOST.fullmatch(host) or port == 0:
        raise ValueError(malformed)
    if parts.username is not None or parts.password is not None:
        raise ValueError("The backend address must not hold a user name or a password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("The backend address must stop after the host and port: https://host:port.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"The backend {host} must be reached by https://; http:// is only for this machine.")
    authority = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{authority}" + (f":{port}" if port else "")
