"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# The same examples at each run, however slow the machine: what was found once is found again. Others are
# looked for by `pytest --hypothesis-profile=explore`.
settings.register_profile(
    "same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile("same")
