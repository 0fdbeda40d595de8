"""Processes that tests kill: the sandbox on a file, and the web app that reports its memory and tasks."""

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
    """Return an HTTP client for this machine, without certificates, which are slow to load."""
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
        """Start a process; return its id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(arguments) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Sandbox:
    """Sandbox on one SQLite file and one port, which can be restarted; `url` is its address."""

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
        """Start the sandbox, and wait until it answers."""
        self._process = self._forks.start(self._arguments)
        await answers(self.url + "/healthz", lambda: not self._alive())

    async def kill(self) -> None:
        """Send SIGKILL, and wait for the end of the process."""
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
    """Wait until `url` answers, or the server process has `ended`."""
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
    """Process of `python -m MODULE`, whose standard output is read; killed at the end."""

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

    # The methods below need `tests.nightly.endurance.watched`.

    async def tasks(self) -> dict[str, int]:
        """Return the number of its running tasks, by coroutine."""
        running: dict[str, int] = (await self._asked(signal.SIGUSR1))["tasks"]
        return running

    async def holdings(self) -> dict[str, Any]:
        """Return the report of `tests.nightly.endurance.watched.everything`."""
        return await self._asked(signal.SIGUSR2)

    async def _asked(self, question: signal.Signals) -> dict[str, Any]:
        assert self.process.stdout is not None
        self.process.send_signal(question)
        told: dict[str, Any] = json.loads(await asyncio.to_thread(self.process.stdout.readline))
        return told

    async def until(self, condition: Callable[[dict[str, int]], object], missing: str) -> None:
        """Wait until `condition` holds for its tasks."""
        deadline = time.monotonic() + stretched(STARTED)
        while not condition(tasks := await self.tasks()):
            assert time.monotonic() < deadline, f"{missing}: {tasks}"
            await asyncio.sleep(0.02)

    async def alone(self) -> None:
        """Wait until the app has noticed all disconnections: until then, no client can return."""
        await self.until(lambda tasks: not tasks[CONNECTED], "still connected")

    async def empty(self) -> None:
        """Wait until no session exists, connected or not."""
        await self.alone()
        # `views/flet_compat/processor_time.py` wraps drawing and events, and gives their tasks this name.
        await self.until(lambda tasks: not any("measured" in name for name in tasks), "still kept")
