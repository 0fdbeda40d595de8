"""Files that browsers send to their own session, in memory.

A session announces each file: its address is random, and takes one file within a bounded size. The host
writes nothing to its disk.
"""

from __future__ import annotations

import asyncio
import secrets

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from services.settings import LARGEST_ON_THE_WEB

PATH = "/import/"
MOST_AT_ONCE = 8
"""Files that arrive at the same time, from all browsers together."""
LONGEST_ARRIVAL = 60.0
"""Seconds for a file to arrive: a sender that stops would keep its place from all others."""


class Uploads:
    """Files that sessions expect, by the last part of their address."""

    def __init__(self) -> None:
        self._expected: dict[str, asyncio.Future[bytes]] = {}
        self._arriving = 0

    def expect(self) -> tuple[str, asyncio.Future[bytes]]:
        """Return an address that takes one file, and the content of that file.

        Cancelling the content withdraws the address.
        """
        name = secrets.token_urlsafe(32)
        content: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._expected[name] = content
        content.add_done_callback(lambda _: self._expected.pop(name, None))
        return PATH + name, content

    async def receive(self, request: Request) -> Response:
        """Take the file of a request; refuse any other request without reading its body."""
        content = self._expected.pop(request.path_params["name"], None)
        if content is None:
            return _refusal(404, "Not Found")
        if not fits(request.scope):
            content.cancel()
            return _refusal(413, "Content Too Large")
        if self._arriving >= MOST_AT_ONCE:
            content.cancel()
            return _refusal(503, "Service Unavailable")
        self._arriving += 1
        try:
            async with asyncio.timeout(LONGEST_ARRIVAL):
                file = await request.body()
        except (ClientDisconnect, TimeoutError) as error:
            content.cancel()
            late = isinstance(error, TimeoutError)
            return _refusal(408, "Request Timeout") if late else _refusal(400, "Bad Request")
        finally:
            self._arriving -= 1
        if not content.done():
            content.set_result(file)
        return Response(status_code=204)


def fits(scope: Scope) -> bool:
    """Return whether a request announces a body within the bound."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    announced = length.isdigit() and len(length) <= 7 and int(length) <= LARGEST_ON_THE_WEB
    return announced and b"transfer-encoding" not in headers


def _refusal(status: int, reason: str) -> Response:
    return PlainTextResponse(reason, status, {"Connection": "close"})
