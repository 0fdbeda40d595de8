"""Served program that counts its work. It writes the counts as a line of JSON for each SIGUSR2.

    python -m tests.bench.counted --of MODULE --port P ...

`controls` is the number of controls made, `calls` of Python functions called. Unlike times, the counts do not
depend on the load of the machine. The profiler makes the program slower.
"""

from __future__ import annotations

import argparse
import json
import runpy
import signal
import sys
from types import FrameType
from typing import Any

from flet.controls.base_control import BaseControl

done = {"controls": 0, "calls": 0}


def count(frame: FrameType, event: str, _: Any) -> None:
    """Count a function call (a profiler)."""
    if event == "call":
        done["calls"] += 1
        if frame.f_code is BaseControl.__post_init__.__code__:
            done["controls"] += 1


def tell(_signal: int, _frame: FrameType | None) -> None:
    sys.stdout.write(json.dumps(done) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", required=True)
    options, sys.argv[1:] = parser.parse_known_args()
    signal.signal(signal.SIGUSR2, tell)
    sys.setprofile(count)
    runpy.run_module(options.of, run_name="__main__", alter_sys=True)
