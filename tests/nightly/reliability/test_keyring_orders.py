"""A real keyring that locks, stalls and refuses: fifty random orders without a false alarm of theft."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_fifty_random_orders_end_without_a_false_alarm() -> None:
    played = subprocess.run(
        (
            ROOT / "tests" / "secret_service.sh",
            *(sys.executable, "-m", "tests.services.keyring_probe", "orders", "50", "1"),
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert played.returncode == 0, played.stderr[-5000:]
