"""SIGKILL of the sandbox while it writes: no acknowledged write is lost, no write is half done."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom

from tests.nightly.endurance.processes import Forks, Sandbox
from tests.nightly.endurance.writers import KINDS, Writers, audit, subscriber

DATABASES, KILLS = 4, 25
"""Sandboxes, and kills of each: 100 kills."""
LONGEST = 0.05
"""Longest delay in seconds between an acknowledged write and the kill; all writers continue meanwhile."""


async def killed_again_and_again(forks: Forks, folder: Path, data: bytes, seed: int) -> Counter[str]:
    """Kill a sandbox again and again; return the number of acknowledged writes of each kind."""
    rng = Random(seed)  # noqa: S311 - chosen moments, no secrets
    sandbox = Sandbox(forks, folder, data)
    await sandbox.start()
    writers = Writers(sandbox.url, rng)
    for kill in range(KILLS):
        writing = await writers.begin(rng.choice(KINDS))
        await asyncio.sleep(rng.uniform(0, LONGEST))
        await sandbox.kill()
        await writing  # each writer has noticed the end of its connection
        await sandbox.start()
        faults = audit(sandbox.file, writers.ledger)
        assert not faults, f"after kill {kill + 1} with the seed {seed}: {faults}"
    await sandbox.kill()
    return writers.ledger.counts


async def test_a_kill_loses_no_acknowledged_write_and_corrupts_no_database(tmp_path: Path) -> None:
    data, seeds = subscriber(), [SystemRandom().getrandbits(32) for _ in range(DATABASES)]
    folders = [tmp_path / str(number) for number in range(DATABASES)]
    for folder in folders:
        folder.mkdir()
    with Forks() as forks:
        counts = await asyncio.gather(
            *(
                killed_again_and_again(forks, folder, data, seed)
                for folder, seed in zip(folders, seeds, strict=True)
            )
        )
    acknowledged = sum(counts, Counter())
    assert set(acknowledged) == set(KINDS), acknowledged  # every kind took part
