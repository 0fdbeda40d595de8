"""Processes to kill: the sandbox on a file, and the web app that tells what it holds."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
STARTED = 60.0
"""Seconds a process has to answer."""
PORTS = range(20_000, 30_000)


def plain_client(**options: Any) -> httpx.AsyncClient:
    """An HTTP client for this machine: without the certificates, which take a moment to load."""
    return httpx.AsyncClient(trust_env=False, verify=False, **options)  # noqa: S501


def free_port() -> int:
    """A port nobody listens on, outside what systems give to outgoing connections."""
    for port in random.sample(PORTS, 50):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"50 ports of {PORTS} are in use")


class Forks:
    """Starts sandboxes quickly (`tests.endurance.forks`); use as `with`."""

    def __enter__(self) -> Forks:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.endurance.forks"],
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
    async with plain_client() as client, asyncio.timeout(STARTED):
        while True:
            assert not ended(), f"what should answer on {url} has ended"
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
            else:
                return


class Program:
    """`python -m MODULE` on a port of its own, as people start it. `url` is where; use as `async with`."""

    def __init__(self, module: str, *options: str, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", module, "--port", str(self.port), *options]
        self._log = log

    async def __aenter__(self) -> Program:
        self.process = await asyncio.to_thread(self._start)
        await answers(self.url, lambda: self.process.poll() is not None)
        await asyncio.to_thread(self._line)  # where it listens
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _start(self) -> subprocess.Popen[str]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    async def holdings(self) -> dict[str, Any]:
        """What it holds, if it is `tests.endurance.watched`."""
        self.process.send_signal(signal.SIGUSR1)
        told: dict[str, Any] = json.loads(await asyncio.to_thread(self._line))
        return told

    async def stop(self, within: float = 20.0) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return await asyncio.to_thread(self.process.wait, within)

    @property
    def complaints(self) -> str:
        """What it wrote on stderr."""
        return self._log.read_text(errors="replace")
