"""The sandbox killed with SIGKILL while it writes: nothing acknowledged is lost, nothing is half done."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random, SystemRandom

from tests.nightly.endurance.processes import Forks, Sandbox
from tests.nightly.endurance.writers import KINDS, Writers, audit, subscriber

DATABASES, KILLS = 4, 25
"""So many sandboxes, each killed so often: 100 kills."""
LONGEST = 0.05
"""Seconds a kill comes, at most, after a write of some kind was acknowledged; all kinds go on meanwhile."""


async def killed_again_and_again(forks: Forks, folder: Path, data: bytes, seed: int) -> Counter[str]:
    """How many writes of each kind were acknowledged, none of them lost."""
    rng = Random(seed)  # noqa: S311 - chosen moments, no secrets
    sandbox = Sandbox(forks, folder, data)
    await sandbox.start()
    writers = Writers(sandbox.url, rng)
    for kill in range(KILLS):
        writing = await writers.begin(rng.choice(KINDS))
        await asyncio.sleep(rng.uniform(0, LONGEST))
        await sandbox.kill()
        await writing  # each has seen its connection end
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
