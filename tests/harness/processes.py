"""Programs that tests start, wait for and end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from tests.harness.patience import stretched
from tests.harness.ports import free_port, listens

ROOT = Path(__file__).parents[2]
STARTED = 60.0
"""Timeout in seconds for a program to listen; longer on a busy machine."""


class Server:
    """Program that listens on a local port; use it as a context manager.

    Args:
        command: the program and its arguments.
        log: file to which the program writes.
        port: port of the command; `python` chooses a free one.
        environment: all its variables, instead of those of this process.
    """

    def __init__(
        self, command: Sequence[str], log: Path, port: int, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.log = log
        self._command, self._environment = command, environment

    @classmethod
    def python(
        cls, *arguments: str, log: Path, environment: Mapping[str, str] | None = None, port: int | None = None
    ) -> Self:
        """Return a server of this Python, with `--port` before the options in `arguments`."""
        port = port or free_port()
        taken = next((at for at, one in enumerate(arguments) if one.startswith("--")), len(arguments))
        command = [sys.executable, *arguments[:taken], "--port", str(port), *arguments[taken:]]
        return cls(command, log, port, environment)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the program, again after `stop` if wanted, and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = self._open(log)
        deadline = time.monotonic() + stretched(STARTED)
        while not listens(self.port):
            ended = self.process.poll()
            assert ended is None, f"{self._command} ended with {ended}:\n{self.said}"
            assert time.monotonic() < deadline, f"{self._command} does not listen:\n{self.said}"
            time.sleep(0.02)

    def _open(self, log: IO[bytes]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT, text=True
        )

    def stop(self) -> int:
        """Terminate the program, kill it after 15 s, and return its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(stretched(15))
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    @property
    def said(self) -> str:
        """The output of the program."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def announced(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a program until the block ends; yield it and the address in its first line of output."""
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "http://" in said, (said, *process.communicate())
            yield process, said.split()[-1]
        finally:
            process.kill()
