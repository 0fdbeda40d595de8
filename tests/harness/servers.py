"""ASGI applications served by a thread of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from tests.harness.patience import stretched


@contextmanager
def served(app: ASGIApp, *, web: bool = False) -> Iterator[str]:
    """Serve `app` on a free local port and yield its origin; `web` adds the WebSocket and the lifespan."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            log_config=None,
            lifespan="on" if web else "off",
            ws="websockets-sansio" if web else "none",
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,  # a client left open by a failed test must not block the shutdown
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + stretched(10)
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
