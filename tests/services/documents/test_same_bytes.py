"""Documents made twice, in processes that differ in hash seed, time zone and locale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MAKE = """
from hashlib import sha256
from tests.services.documents import test_dossier as dossier, test_year as year
files = {
    "dossier": dossier.pdf(dossier.DOSSIER),
    "year": year.pdf_file(year.page(), fonts=year.FONTS, mark=year.MARK),
    "picture": year.png_file(year.page(), fonts=year.FONTS),
}
for name, content in files.items():
    print(name, sha256(content).hexdigest())
"""


def made(**environment: str) -> list[str]:
    """Return the name and the digest of each document."""
    process = subprocess.run(
        (sys.executable, "-c", MAKE),
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.splitlines()


def test_same_input_gives_the_same_bytes_in_another_process() -> None:
    first = made(PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8")
    second = made(PYTHONHASHSEED="2", TZ="Pacific/Auckland", LC_ALL="C")
    assert len(first) == 3
    assert first == second
