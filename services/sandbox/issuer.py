"""Issuer of the sandbox: the origin in its metadata (RFC 8414)."""

from __future__ import annotations

import re
from http import HTTPStatus

from starlette.requests import Request

from services.domain.origins import is_loopback
from services.sandbox.web import Problem

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::([0-9]{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def issuer_of(request: Request, configured: str | None) -> str:
    """Return the configured issuer, else the origin that the request was sent to.

    A client can send any `Host`. The header is accepted if it names the address that the connection reached.
    On this machine it may name another port, of a tunnel or a local proxy.

    Raises:
        Problem: the header names another server.
    """
    if configured is not None:
        return configured
    scheme = request.scope["scheme"]
    default = _DEFAULT_PORTS.get(scheme)
    server = request.scope.get("server")
    host = request.headers.get("host", "").lower()
    if server is not None and (named := _HOST.fullmatch(host)):
        name, port = named[1] or named[2], int(named[3]) if named[3] else default
        reached, reached_port = server[0].lower(), server[1] or default
        if (name, port) == (reached, reached_port) or (is_loopback(name) and is_loopback(reached)):
            return f"{scheme}://{host}"
    raise Problem(
        HTTPStatus.MISDIRECTED_REQUEST,
        "MISDIRECTED",
        "Host is not the address of this server: --issuer tells the sandbox the address its clients use.",
    )
