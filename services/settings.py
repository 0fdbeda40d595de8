"""Every setting of the app: where the backend is, where the app is shown, where its files go."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path

VERSION = "0.1.0"
"""Of the app; the one `pyproject.toml` declares."""

APP_NAME = "conso-et-moi"
"""The name of the app's folder in the user's data folder."""

BACKEND_VARIABLE = "CONSO_BACKEND_URL"
STORAGE_VARIABLE = "FLET_APP_STORAGE_DATA"
"""Set by the Flet runtime of a phone, where an app may only write in that folder."""

_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")


def is_loopback(host: str) -> bool:
    """Whether `host` is this very machine, whose traffic never meets a network."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def backend_origin(address: str) -> str:
    """The origin (`https://host[:port]`) of a backend's address.

    Raises:
        ValueError: a sentence for whoever typed the address; it never repeats a password put in it.
    """
    malformed = "The backend address is malformed: expected https://host or https://host:port."
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(
            "The backend address is malformed: expected https://host or https://host:port."
        ) from None
    if parts.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host) or port == 0:
        raise ValueError(malformed)
    if parts.username is not None or parts.password is not None:
        raise ValueError("The backend address must not hold a user name or a password.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("The backend address must stop after the host and port: https://host:port.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError(f"The backend {host} must be reached by https://; http:// is only for this machine.")
    authority = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{authority}" + (f":{port}" if port else "")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the command line and the environment decide, checked once at start."""

    data_folder: Path
    """Where the app may write: the demonstration's database, nothing secret."""

    backend: str | None = None
    """The origin of the backend, or `None` for the demonstration embedded in the app."""

    web: bool = False
    """Serve the app to browsers instead of opening a window."""

    host: str = "127.0.0.1"
    """The address the web app listens on."""

    port: int = 8550
    """The port the web app listens on, 1 to 65535."""

    def __post_init__(self) -> None:
        if self.backend is not None:
            object.__setattr__(self, "backend", backend_origin(self.backend))
        if not 1 <= self.port <= 65535:
            raise ValueError(f"The port must be between 1 and 65535, not {self.port}.")

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        backend: str | None = None,
        web: bool = False,
        host: str = "127.0.0.1",
        port: int = 8550,
    ) -> Settings:
        """The settings of this run: what the command line says, completed by the environment.

        An empty `CONSO_BACKEND_URL` counts as absent.

        Raises:
            ValueError: a sentence that says what is wrong.
        """
        storage = environment.get(STORAGE_VARIABLE)
        return cls(
            backend=backend if backend is not None else environment.get(BACKEND_VARIABLE) or None,
            data_folder=Path(storage) if storage else user_data_path(APP_NAME, appauthor=False),
            web=web,
            host=host,
            port=port,
        )

    @property
    def demo(self) -> bool:
        """Whether the backend is the demonstration embedded in the app."""
        return self.backend is None
