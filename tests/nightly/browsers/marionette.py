"""Client of Marionette, the remote control inside Firefox: JSON messages over a local socket."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.patience import stretched
from tests.harness.ports import free_port, listens

STARTED = 60.0
"""Seconds Firefox has to start."""


class Firefox:
    """A headless Firefox with a profile of its own, which speaks French.

    Args:
        profile: an empty folder.
        preferences: of `about:config`, beside those that every test needs.
    """

    def __init__(self, profile: Path, **preferences: Any) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        assert program is not None, "This test needs Firefox: run make test-all, or install firefox-esr."
        self._port, self._number = free_port(), 0
        wanted = {
            "marionette.port": self._port,
            "intl.accept_languages": "fr-FR, fr",
            "datareporting.policy.dataSubmissionEnabled": False,
            "network.captive-portal-service.enabled": False,
            **preferences,
        }
        lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items())
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + stretched(STARTED)
        while not listens(self._port):
            assert self._process.poll() is None, "Firefox ended"
            assert time.monotonic() < deadline, "Firefox does not listen"
            time.sleep(0.1)
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=STARTED)
        self._stream = self._socket.makefile("rb")
        self._read()  # it greets
        self.send("WebDriver:NewSession", capabilities={"alwaysMatch": {}})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> Any:
        length = b""
        while (sign := self._stream.read(1)) != b":":
            assert sign, "Firefox hung up"
            length += sign
        return json.loads(self._stream.read(int(length)))

    def send(self, command: str, **parameters: Any) -> Any:
        """Send a command of WebDriver and return its result."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page and return what it returns."""
        return self.send("WebDriver:ExecuteScript", script=script, args=list(arguments))["value"]

    def type(self, text: str) -> None:
        """Strike the keys of a text, one after the other."""
        keys = [
            {"type": action, "value": sign} if action else {"type": "pause", "duration": 30}
            for sign in text
            for action in ("keyDown", "keyUp", "")
        ]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def click(self, left: float, top: float) -> None:
        """Click at a point of the window."""
        moves = [
            {"type": "pointerMove", "x": int(left), "y": int(top), "duration": 0},
            {"type": "pointerDown", "button": 0},
            {"type": "pause", "duration": 60},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def _act(self, actions: dict[str, Any]) -> None:
        self.send("WebDriver:PerformActions", actions=[actions])
