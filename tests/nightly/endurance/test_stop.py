"""SIGTERM: a process ends within seconds, with exit code 0 and without output, in any situation."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, closing
from pathlib import Path
from random import Random

from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program, answers
from tests.nightly.endurance.test_return import signed_in
from tests.nightly.endurance.writers import Writers, audit, subscriber

HALF_A_QUESTION = (
    b"POST /oauth/token HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n"
    b"content-length: 99\r\n\r\ngrant_type="
)


async def test_the_web_app_ends_cleanly_with_visitors_and_what_they_asked_for(tmp_path: Path) -> None:
    with Program("main", log=tmp_path / "log") as app:
        async with AsyncExitStack() as visits:
            for number in range(4):
                visitor = await visits.enter_async_context(await signed_in(app))
                if number:  # the others are still signing in
                    await visitor.see("Filtrer les achats")
            silent = WireClient(app.url)
            await silent.connect()
            visits.push_async_callback(silent.close)
            begun = visits.enter_context(closing(socket.create_connection(("127.0.0.1", app.port))))
            begun.send(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n")  # the rest of the request never comes
            assert await asyncio.to_thread(app.stop) == 0
        assert app.process.communicate()[0] == ""
        assert not app.said


async def test_the_sandbox_ends_cleanly_between_writes(tmp_path: Path) -> None:
    data = tmp_path / "subscribers.json"
    data.write_bytes(subscriber())
    for half_a_question in (False, True):
        file, log = tmp_path / f"{half_a_question}.sqlite3", tmp_path / f"{half_a_question}.log"
        options = ("--database", f"sqlite:///{file}", "--data", str(data))
        with Program("services.sandbox", *options, log=log) as sandbox:
            await answers(sandbox.url + "/healthz", lambda: sandbox.process.poll() is not None)
            writers = Writers(sandbox.url, Random(1))  # noqa: S311 - keys of a test, no secrets
            writing = await writers.begin("dispute")
            with closing(socket.create_connection(("127.0.0.1", sandbox.port))) as begun:
                if half_a_question:
                    begun.send(HALF_A_QUESTION)
                assert await asyncio.to_thread(sandbox.stop) == 0
            await writing
            # An incomplete request is aborted after two seconds and reported, unless the signal came first.
            assert half_a_question or not sandbox.said, sandbox.said
        assert writers.ledger.counts["dispute"]
        assert audit(file, writers.ledger) == []
