"""Deployment of `docs/deploy/`, on loopback: nginx over TLS, app processes, sandboxes, one PostgreSQL.

nginx runs with the files of that folder, and the processes with the commands of the systemd units. Only the
addresses and the certificate differ.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import NamedTuple, Self
from uuid import uuid4

import httpx
import trustme

from tests.harness.patience import stretched
from tests.harness.ports import free_port
from tests.harness.processes import ROOT, STARTED, Server
from tests.harness.wire import WireClient

FILES = ROOT / "docs" / "deploy"
HOST = "conso.example"
COOKIE = "__Host-visitor"

_MAIN = """
pid $folder/nginx.pid;
error_log $folder/nginx.log warn;
$user
events { worker_connections 4096; }
http {
    log_format routes '$$remote_addr|$$request|$$status|$$upstream_addr';
    access_log $folder/access.log routes;
    client_body_temp_path $folder/temporary;
    proxy_temp_path $folder/temporary;
    fastcgi_temp_path $folder/temporary;
    uwsgi_temp_path $folder/temporary;
    scgi_temp_path $folder/temporary;
    include $folder/conso-et-moi.conf;
    include $folder/sandbox.conf;
}
"""


class Unit:
    """Process of a systemd unit, as `unit@port`."""

    def __init__(self, unit: str, folder: Path, environment: dict[str, str], *options: str) -> None:
        self.port = free_port()
        self.log = folder / f"{unit}{self.port}.log"
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
        text = (FILES / "systemd" / f"{unit}.service").read_text("utf-8")
        (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
        command = Template(line).substitute(environment).replace("%i", str(self.port))
        self._command = [sys.executable, *shlex.split(command)[1:], *options]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Start the process without waiting for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=log
            )
        return self

    def listens(self) -> None:
        """Wait until the process reports that it listens."""
        assert self.process.stdout is not None
        assert self.process.stdout.readline(), self.log.read_text("utf-8")

    def kill(self) -> None:
        """Send SIGKILL, and wait for the end of the process."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Routed(NamedTuple):
    """Request that nginx has passed on, with the addresses it tried: several if some did not answer."""

    visitor: str
    request: str
    status: int
    processes: tuple[str, ...]


@dataclass
class Deployment:
    """Running deployment; `url` is its address for browsers."""

    url: str
    plain: str
    """Address without TLS."""
    tls: ssl.SSLContext
    apps: list[Unit]
    sandboxes: list[Unit]
    folder: Path

    @property
    def routed(self) -> list[Routed]:
        """Return the ended requests so far; that of a WebSocket ends with its connection."""
        found = []
        for line in (self.folder / "access.log").read_text("utf-8").splitlines():
            visitor, request, status, processes = line.split("|")
            found.append(Routed(visitor, request, int(status), tuple(re.findall(r"[\d.]+:\d+", processes))))
        return found

    async def ask(self, path: str, visitor: str, **headers: str) -> httpx.Response:
        """Send a GET as a browser whose address is `visitor`."""
        connection = httpx.AsyncHTTPTransport(local_address=visitor, verify=self.tls)
        port = httpx.URL(self.url).port
        async with httpx.AsyncClient(transport=connection, timeout=STARTED) as client:
            return await client.get(
                f"https://127.0.0.1:{port}{path}",
                headers={"Host": f"{HOST}:{port}"} | headers,
                extensions={"sni_hostname": HOST},
            )

    async def ask_plainly(self, path: str) -> httpx.Response:
        """Send a GET without TLS; do not follow its redirect."""
        async with httpx.AsyncClient(trust_env=False, verify=self.tls, timeout=STARTED) as client:
            return await client.get(self.plain + path, headers={"Host": HOST})

    async def lead(self, client: WireClient, visitor: str) -> None:
        """Load the page for `client`, whose address is `visitor`, and prepare its WebSocket."""
        page = await self.ask("/", visitor, accept="text/html")
        client.headers = {"Cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
        client.options = {"ssl": self.tls, "host": "127.0.0.1", "local_addr": (visitor, 0)}

    async def process_of(self, visitor: str) -> Unit:
        """Return the app process that now serves the address `visitor`."""
        path = f"/{uuid4().hex}"
        await self.ask(path, visitor)
        async with asyncio.timeout(stretched(STARTED)):
            while not (found := [one for one in self.routed if path in one.request]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return next(app for app in self.apps if app.address == found[0].processes[-1])


@contextmanager
def deployed(
    folder: Path,
    database: str,
    *sandbox_options: str,
    apps: int = 2,
    sandboxes: int = 2,
) -> Iterator[Deployment]:
    """Start the deployment on an empty database."""
    backend, plain, secure = free_port(), free_port(), free_port()
    environment = {
        "CONSO_BACKEND_URL": f"http://127.0.0.1:{backend}",
        "CONSO_HOST": HOST,
        "CONSO_SANDBOX_DATABASE": database,
    }
    given = set(re.findall(r"^(\w+)=", (FILES / "conso-et-moi.env").read_text("utf-8"), re.MULTILINE))
    assert given == set(environment)
    authority = trustme.CA()
    certificate = authority.issue_cert(HOST)
    chain, key = folder / "chain.pem", folder / "key.pem"
    for part in certificate.cert_chain_pems:
        part.write_to_path(chain, append=True)
    certificate.private_key_pem.write_to_path(key)
    tls = ssl.create_default_context()
    authority.configure_trust(tls)

    with ExitStack() as running:

        def start(unit: str, number: int, *options: str) -> list[Unit]:
            units = [Unit(unit, folder, environment, *options) for _ in range(number)]
            for each in units:
                running.callback(each.start().kill)
            return units

        served = start("conso-sandbox@", sandboxes, *sandbox_options)
        shown = start("conso-et-moi@", apps)
        for each in (*served, *shown):
            each.listens()
        _write(
            folder,
            "conso-et-moi.conf",
            (
                (r"    server 127\.0\.0\.1:8551(.*)\n    server 127\.0\.0\.1:8552\1\n", _servers(shown)),
                (r"    listen \[::\].*\n", ""),  # not every machine has IPv6
                (r"listen 80;", f"listen 127.0.0.1:{plain};"),
                (r"listen 443 ", f"listen 127.0.0.1:{secure} "),
                (r"/etc/ssl/conso\.example/fullchain\.pem", str(chain)),
                (r"/etc/ssl/conso\.example/privkey\.pem", str(key)),
            ),
        )
        _write(
            folder,
            "sandbox.conf",
            (
                (r"    server 127\.0\.0\.1:8601(.*)\n    server 127\.0\.0\.1:8602\1\n", _servers(served)),
                (r"listen 127\.0\.0\.1:8600;", f"listen 127.0.0.1:{backend};"),
            ),
        )
        running.enter_context(_nginx(folder, secure))
        yield Deployment(f"https://{HOST}:{secure}", f"http://127.0.0.1:{plain}", tls, shown, served, folder)


def _servers(units: Sequence[Unit]) -> str:
    return "".join(rf"    server {each.address}\1" + "\n" for each in units)


def _write(folder: Path, name: str, changes: Sequence[tuple[str, str]]) -> None:
    """Write a file of nginx with changes for this machine; each change must match."""
    text = (FILES / "nginx" / name).read_text("utf-8")
    for pattern, replacement in changes:
        text, times = re.subn(pattern, replacement, text)
        assert times, f"{name} has no {pattern}"
    (folder / name).write_text(text, "utf-8")


def nginx(folder: Path) -> list[str]:
    """Return the command that runs nginx on the files in `folder`."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "nginx is not installed: see tests/setup.sh"
    return [program, "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf")]


@contextmanager
def _nginx(folder: Path, port: int) -> Iterator[None]:
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not read this folder
    (folder / "nginx.conf").write_text(Template(_MAIN).substitute(folder=folder, user=user), "utf-8")
    command = [*nginx(folder), "-g", "daemon off;"]
    with Server(command, folder / "nginx.log", port):
        yield
