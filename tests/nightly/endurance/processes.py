"""Processes to kill: the sandbox on a file, and the web app that tells what it holds."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import httpx

from tests.harness.patience import stretched
from tests.harness.ports import free_port
from tests.harness.processes import ROOT, STARTED, Server

CONNECTED = "connected sessions"
"""Key under which `watched` counts sessions with a connection, beside its tasks."""


def plain_client(**options: Any) -> httpx.AsyncClient:
    """An HTTP client for this machine: without the certificates, which take a moment to load."""
    return httpx.AsyncClient(trust_env=False, verify=False, **options)  # noqa: S501


class Forks:
    """Starts sandboxes quickly (`tests.nightly.endurance.forks`); use as `with`."""

    def __enter__(self) -> Forks:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nightly.endurance.forks"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=STARTED)

    def start(self, arguments: list[str]) -> int:
        """The number of a new process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Sandbox:
    """The sandbox on one SQLite file and one port, to be started again and again. `url` is where."""

    def __init__(self, forks: Forks, folder: Path, data: bytes) -> None:
        self.file = folder / "sandbox.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        subscribers = folder / "subscribers.json"
        subscribers.write_bytes(data)
        self._forks = forks
        self._arguments = ["--port", str(self.port), "--database", f"sqlite:///{self.file}"]
        self._arguments += ["--data", str(subscribers)]

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = self._forks.start(self._arguments)
        await answers(self.url + "/healthz", lambda: not self._alive())

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        os.kill(self._process, signal.SIGKILL)
        await asyncio.to_thread(self._gone)

    def _gone(self) -> None:
        while self._alive():
            time.sleep(0.002)

    def _alive(self) -> bool:
        try:
            os.kill(self._process, 0)
        except ProcessLookupError:
            return False
        return True


async def answers(url: str, ended: Callable[[], bool]) -> None:
    """Wait until something answers there, unless the process that should has `ended`."""
    async with plain_client() as client, asyncio.timeout(stretched(STARTED)):
        while True:
            assert not ended(), f"what should answer on {url} has ended"
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return


class Program(Server):
    """`python -m MODULE`, whose standard output is read; killed at the end."""

    def __init__(self, module: str, *options: str, log: Path) -> None:
        port = free_port()
        command = [sys.executable, "-m", module, "--port", str(port), *options]
        super().__init__(command, log, port)

    def _open(self, log: IO[bytes]) -> subprocess.Popen[str]:
        process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        assert process.stdout.readline(), self.said  # the address
        return process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    # Of `tests.nightly.endurance.watched` only:

    async def tasks(self) -> dict[str, int]:
        """Its running tasks by the name of their coroutine."""
        running: dict[str, int] = (await self._asked(signal.SIGUSR1))["tasks"]
        return running

    async def holdings(self) -> dict[str, Any]:
        """Everything it holds: `tests.nightly.endurance.watched.everything`."""
        return await self._asked(signal.SIGUSR2)

    async def _asked(self, question: signal.Signals) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.process.send_signal(question)
        told: dict[str, Any] = json.loads(await asyncio.to_thread(self.process.stdout.readline))
        return told

    async def until(self, condition: Callable[[dict[str, int]], object], missing: str) -> None:
        """Wait until the condition holds of its tasks."""
        deadline = time.monotonic() + stretched(STARTED)
        while not condition(tasks := await self.tasks()):
            assert time.monotonic() < deadline, f"{missing}: {tasks}"
            await asyncio.sleep(0.02)

    async def alone(self) -> None:
        """Wait until it knows that nobody is connected: who comes sooner is another visitor to it."""
        await self.until(lambda tasks: not tasks[CONNECTED], "still connected")

    async def empty(self) -> None:
        """Wait until no session is kept any more, connected or not."""
        await self.alone()
        # Drawing and events are measured (`views/flet_compat/processor_time.py`), and bear that name.
        await self.until(lambda tasks: not any("measured" in name for name in tasks), "still kept")
