"""Settings of the app: address of the backend, kind of process, folder of its files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_data_path

from services.client.proxies import proxy_for
from services.client.trust import create_ssl_context
from services.domain.origins import HOST, backend_origin, is_loopback

VERSION = "0.1.0"
"""Version of the app; equal to that of `pyproject.toml`."""

APP_NAME = "conso-et-moi"
"""Name of the app's folder in the user's data folder."""

BACKEND_VARIABLE = "CONSO_BACKEND_URL"
CA_VARIABLE = "CONSO_CA_FILE"
STORAGE_VARIABLE = "FLET_APP_STORAGE_DATA"
"""Variable set by the Flet runtime of a phone: the only folder in which an app may write."""

SESSION_TIMEOUT = 1800
"""Default of `Settings.session_timeout`: seconds after which a web session without a connection expires."""

SESSIONS_PER_ADDRESS = 100
"""Default of `Settings.sessions_per_address`; offices and mobile networks share one address among many users.
"""

LARGEST_ON_THE_WEB = 1_000_000
"""Bytes of a file that a visitor sends: all visitors share the memory of one process."""

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Runtime(StrEnum):
    """Kind of process that runs the app, known before any client connects."""

    WEB = "web"
    """Web host: one process, many visitors, nothing stored on this machine."""
    BROWSER = "browser"
    """Visitor's browser, which runs Python itself: the static demo. A reload starts over."""
    DESKTOP = "desktop"
    PHONE = "phone"

    @property
    def on_the_web(self) -> bool:
        """Whether a browser shows the app, wherever Python runs."""
        return self in (Runtime.WEB, Runtime.BROWSER)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings from the command line and the environment, checked once at start."""

    data_folder: Path
    """Folder for the app's files: the demonstration's database, and the encrypted cache."""

    backend: str | None = None
    """Origin of the backend, or `None` for the demonstration embedded in the app."""

    ca_file: Path | None = None
    """PEM file of the only authorities trusted for the backend; `None` for the system's."""

    runtime: Runtime = Runtime.DESKTOP
    """Kind of this process. It alone decides which stores exist, whatever a client claims."""

    host: str = "127.0.0.1"
    """Address on which the web app listens."""

    port: int = 8550
    """Port on which the web app listens, 1 to 65535."""

    session_timeout: int = SESSION_TIMEOUT
    """Seconds (1 to 86400) after which a web session without a connection expires; freed within ten more."""

    sessions_per_address: int = SESSIONS_PER_ADDRESS
    """Web sessions of one address at the same time; loopback addresses are exempt."""

    allowed_hosts: tuple[str, ...] = ()
    """Host names of the web app for browsers.

    By default, a loopback `host` allows only this machine's names, so that no other site can use them (DNS
    rebinding). Any other `host` allows every name.
    """

    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of the proxies trusted to name the visitor's address and scheme."""

    def __post_init__(self) -> None:
        if self.backend is not None:
            object.__setattr__(self, "backend", backend_origin(self.backend))
        if self.ca_file is not None:
            create_ssl_context(self.ca_file, environment={})
        if not 1 <= self.port <= 65535:
            raise ValueError(f"The port must be between 1 and 65535, not {self.port}.")
        if not 1 <= self.session_timeout <= 86_400:
            raise ValueError(
                f"The session time-out must be between 1 and 86400 seconds, not {self.session_timeout}."
            )
        if self.sessions_per_address < 1:
            raise ValueError("An address must be allowed at least one session.")
        for name in self.allowed_hosts:
            if not HOST.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a host: expected a name alone, in lower case.")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(f"{proxy!r} is not the address of a proxy, nor a network.") from None

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        backend: str | None = None,
        ca_file: str | None = None,
        runtime: Runtime = Runtime.DESKTOP,
        host: str = "127.0.0.1",
        port: int = 8550,
        session_timeout: int = SESSION_TIMEOUT,
        sessions_per_address: int = SESSIONS_PER_ADDRESS,
        allowed_hosts: Sequence[str] = (),
        trusted_proxies: Sequence[str] = (),
    ) -> Settings:
        """Return the settings of the command line, completed by the environment.

        An empty `CONSO_BACKEND_URL` or `CONSO_CA_FILE` counts as absent.

        Raises:
            ValueError: a sentence that says what is wrong.
        """
        storage = environment.get(STORAGE_VARIABLE)
        authorities = ca_file if ca_file is not None else environment.get(CA_VARIABLE)
        return cls(
            ca_file=Path(authorities) if authorities else None,
            backend=backend if backend is not None else environment.get(BACKEND_VARIABLE) or None,
            data_folder=Path(storage) if storage else user_data_path(APP_NAME, appauthor=False),
            runtime=runtime,
            host=host,
            port=port,
            session_timeout=session_timeout,
            sessions_per_address=sessions_per_address,
            allowed_hosts=tuple(allowed_hosts),
            trusted_proxies=tuple(trusted_proxies),
        )

    def check_network(self) -> None:
        """Check that the device's proxy and certificates can be used to reach the backend.

        Raises:
            ValueError: a sentence that says what is wrong.
        """
        parts = urlsplit(self.backend or "")
        if self.backend is None:
            return
        if not is_loopback(parts.hostname or ""):
            proxy_for(self.backend)
        if parts.scheme == "https":
            create_ssl_context(self.ca_file)

    @property
    def served_names(self) -> tuple[str, ...]:
        """Host names that a browser may request; `*` is any."""
        if self.allowed_hosts:
            return (*self.allowed_hosts, *_LOOPBACK_NAMES)
        return (self.host, *_LOOPBACK_NAMES) if is_loopback(self.host) else ("*",)

    @property
    def demo(self) -> bool:
        """Whether the backend is the demonstration embedded in the app."""
        return self.backend is None
