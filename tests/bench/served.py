"""Served app with its backend, and a subscriber whose periods have any number of purchases."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

from services.domain.periods import latest_periods
from tests.harness.wire import WireClient
from tests.nightly.endurance.processes import Program
from tests.services.sandbox.factories import contract, data_file, purchase, subscriber
from tests.services.sandbox.many import OWNER
from tests.services.sandbox.visitor import PASSWORD

TODAY = date(2024, 3, 10)
PERIODS = latest_periods(TODAY)
"""Billing periods, newest first."""
SIZES = (50, 50, 8, 500, 10_000, 50)
"""Purchases in each period."""
ORDINARY = (50,) * len(PERIODS)
"""Purchases in each period of a subscriber who buys three times a day."""
MERCHANTS = ("Gazette des Deux Rives", "Club Cubéo", "Ciné Lanterne", "Studio Pixelune", "Les Mains Ouvertes")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
PLAIN = "tests.bench.plain_purchases"
ONE_THREAD = "Object.defineProperty(window, 'crossOriginIsolated', { value: false });"
"""Script to run before the page loads: Flutter then draws plain Flet on the page's thread, like the app."""
SECONDS_A_TICK = 1 / os.sysconf("SC_CLK_TCK")


def text_of(period: int, rank: int) -> str:
    """Return the text that identifies the row `rank` of a period; period 0 is the newest, rank 0 the top."""
    return f"{MERCHANTS[rank % len(MERCHANTS)]} {period}-{rank}"


def month_of(period: int) -> str:
    """Return the name of the month of the period's bill."""
    return MONTHS[int(PERIODS[period].bill_month[-2:]) - 1]


def button_of(period: int) -> str:
    """Return the beginning of the name of the period's bar."""
    name = month_of(period)
    return f"Facture d’{name}" if name[0] in "ao" else f"Facture de {name}"


def subscribers(sizes: Sequence[int] = SIZES) -> bytes:
    """Return a data file with `sizes` purchases in each period, at least three a day, the latest first."""
    bought = []
    for number, (period, size) in enumerate(zip(PERIODS, sizes, strict=True)):
        last = min(period.end, TODAY - timedelta(days=1))
        until = datetime.fromisoformat(f"{last}T20:00:00+01:00")
        apart = min(timedelta(hours=8), (last - period.start) / size)
        for rank in range(size):
            paid_at = (until - rank * apart).isoformat()
            kind = {"kind": "subscription"} if rank % 6 == 5 else {}
            merchant = text_of(number, rank)
            bought.append(
                purchase(
                    f"p{number}-{rank}", paid_at, f"{1 + rank % 9}.{number}9", merchantName=merchant, **kind
                )
            )
    return data_file(subscriber("camille", contract("box", *bought)))


@contextmanager
def serving(
    folder: Path, *of_app: str, module: str = "main", sizes: Sequence[int] = SIZES
) -> Iterator[Program]:
    """Serve the web app, with a sandbox in a separate process."""
    data, log = folder / "subscribers.json", folder / "log"
    data.write_bytes(subscribers(sizes))
    options = ["--data", str(data), "--now", f"{TODAY}T12:00:00+01:00"]
    options += ["--database", f"sqlite:///{folder / 'sandbox.sqlite3'}"]
    with (
        Program("services.sandbox", *options, log=log) as sandbox,
        Program(module, "--web", "--backend", sandbox.url, *of_app, log=log) as app,
    ):
        yield app
    assert "Traceback" not in log.read_text("utf-8"), log.read_text("utf-8")


@contextmanager
def plain(rows: int, folder: Path, *, module: str = PLAIN) -> Iterator[Program]:
    """Serve the baseline: the same screen in plain Flet, with `rows` purchases."""
    options = ["--rows", str(rows), *(["--of", PLAIN] if module != PLAIN else [])]
    with Program(module, *options, log=folder / "plain") as app:
        yield app


async def sign_in(client: WireClient) -> None:
    """Sign in, and wait for the purchases."""
    await client.enter("Identifiant", OWNER)
    await client.tap("Continuer")
    await client.see("Votre mot de passe")
    await client.enter("Mot de passe", PASSWORD)
    await client.tap("Se connecter")
    await client.see(text_of(0, 0))


def processor_time(process: int) -> float:
    """Return the processor time of a process, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * SECONDS_A_TICK


def memory(process: int) -> float:
    """Return the resident memory of a process, in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
