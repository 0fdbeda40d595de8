"""Temporary PostgreSQL server of the tests, in its own folder and on a Unix socket."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

_OPTIONS = "-c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
"""Server options that trade durability for speed."""


class Cluster:
    """PostgreSQL server that creates one database per test."""

    def __init__(self, folder: Path, control: Callable[..., None]) -> None:
        self._folder, self._control = folder, control

    def database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        name = f"sandbox_{uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return f"postgresql+psycopg://tests@/{name}?host={self._folder}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        log = str(self._folder / "server.log")
        self._control("-w", "-l", log, "-o", f"{_OPTIONS} -k {self._folder}", "start")

    def stop(self) -> None:
        """Stop the server: connections end, and transactions in flight with them."""
        self._control("-w", "-m", "fast", "stop")

    def _address(self, database: str) -> str:
        return f"host={self._folder} user=tests dbname={database}"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a server until the block ends; under root, as the user `postgres`."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # in /tmp, because socket paths must be short
    as_owner: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_owner, str(programs / program), "-D", str(folder / "data"), *arguments]
        log = folder / "commands.log"
        with log.open("ab") as output:  # not a pipe: the server would keep it open
            done = subprocess.run(command, cwd="/", stdout=output, stderr=output, check=False)
        assert done.returncode == 0, log.read_text("utf-8")

    try:
        run("initdb", "-A", "trust", "-U", "tests", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        server = Cluster(folder, functools.partial(run, "pg_ctl"))
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Return the folder of `initdb`: on the path, or the newest version of Debian's folder."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert places, "PostgreSQL is not installed: see tests/setup.sh"
    return places[-1]
