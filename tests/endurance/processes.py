"""Processes to kill: the sandbox on a file, and the web app that tells what it holds."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
STARTED = 60.0
"""Seconds a process has to answer."""
PORTS = range(20_000, 30_000)

# Forked from a process that has everything imported, a sandbox starts in a fifth of the time.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["services.sandbox.__main__"])


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


def _sandbox(arguments: list[str]) -> None:
    """`python -m services.sandbox` with these arguments, its output thrown away."""
    from services.sandbox.__main__ import main

    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        main(arguments)


class Sandbox:
    """The sandbox on one SQLite file and one port, to be started again and again. `url` is where."""

    def __init__(self, folder: Path, data: bytes | None = None) -> None:
        self.file = folder / "sandbox.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._arguments = ["--port", str(self.port), "--database", f"sqlite:///{self.file}"]
        if data is not None:
            subscribers = folder / "subscribers.json"
            subscribers.write_bytes(data)
            self._arguments += ["--data", str(subscribers)]

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = _FORKS.Process(target=_sandbox, args=(self._arguments,), daemon=True)
        await asyncio.to_thread(self._process.start)
        await answers(self.url + "/healthz", lambda: self._process.exitcode)

    async def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        assert self._process.exitcode == -signal.SIGKILL, self._process.exitcode
        self._process.close()


async def answers(url: str, ended: Any) -> None:
    """Wait until something answers there; `ended` gives the exit code of a process that has ended."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(STARTED):
        while True:
            assert ended() is None, f"it ended with {ended()}"
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.01)
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
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
            )
        await answers(self.url, self.process.poll)
        await asyncio.to_thread(self._line)  # where it listens
        return self

    async def __aexit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

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
