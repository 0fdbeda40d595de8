"""Mock server that Prism makes from the contract: it draws each answer from the schemas, by a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.harness.ports import free_port
from tests.harness.processes import Server
from tests.nightly.contract.node import ENVIRONMENT, PRISM, command


@contextmanager
def mocked(contract: Path, log: Path) -> Iterator[str]:
    """Serve a mock of the contract on a free port; yield its origin."""
    port = free_port()
    arguments = ("mock", "--dynamic", "--host", "127.0.0.1", "--port", str(port), str(contract))
    with Server(command(PRISM, *arguments), log, port, ENVIRONMENT) as prism:
        yield prism.url


class Draw(httpx.AsyncBaseTransport):
    """Transport to the mock that asks for the answers of one seed.

    Args:
        changed: status to ask for where something is sent; the contract's first one by default.

    Attributes:
        statuses: of the answers so far.
        body: of the last answer.
    """

    def __init__(self, seed: int, changed: int | None = None) -> None:
        self.statuses: list[int] = []
        self.body = b""
        self._seed, self._changed = seed, changed
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        preferences = [f"seed={self._seed}"]
        if self._changed is not None and request.method != "GET":
            preferences.append(f"code={self._changed}")
        request.headers["Prefer"] = ", ".join(preferences)
        response = await self._inner.handle_async_request(request)
        self.body = await response.aread()
        self.statuses.append(response.status_code)
        if request.url.path.startswith("/.well-known/"):
            # No schema can know where a server listens: the mock gets its own address, as any deployment.
            origin = f"{request.url.scheme}://{request.url.netloc.decode()}"
            self.body = re.sub(rb'"https?://[^/"]+', b'"' + origin.encode(), self.body)
        headers = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=headers, content=self.body)

    async def aclose(self) -> None:
        await self._inner.aclose()
