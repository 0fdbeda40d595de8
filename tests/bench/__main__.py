"""Command `python -m tests.bench [--write] [name...]`, or `make bench ARGS='month_switch'`.

It runs the named benchmarks, or all, and prints their figures. `build/bench.json` gets the figures and a
description of the machine. `--write` also replaces the tables in `docs/performance.md`, between
`<!-- bench: name -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

import tests.bench
from tests.bench.figures import Row, quartiles

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench.json"
DOCUMENT = ROOT / "docs" / "performance.md"
VERDICTS = {True: "pass", False: "**miss**", None: ""}


@dataclass(frozen=True)
class Benchmark:
    """Module of this folder that yields figures."""

    name: str
    title: str
    run: Callable[[], Iterable[Row]]
    on_request: bool
    """Whether the benchmark runs only if it is named."""


def benchmarks() -> list[Benchmark]:
    """Return all benchmarks, ordered by title."""
    found = []
    for module in pkgutil.iter_modules(tests.bench.__path__):
        # a peer runs in its own environment
        if module.name != "__main__" and not module.name.startswith("peer_"):
            held = vars(importlib.import_module(f"tests.bench.{module.name}"))
            if "TITLE" in held:
                found.append(Benchmark(module.name, held["TITLE"], held["run"], "ON_REQUEST" in held))
    return sorted(found, key=lambda each: each.title)


def machine() -> dict[str, str]:
    """Return a description of this machine and of the measured versions."""
    processor = re.search(r"model name\s*: (.*)", _output("cat", "/proc/cpuinfo"))
    return {
        "processor": processor.group(1) if processor else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "system": platform.platform(aliased=True, terse=True),
        "Python": platform.python_version(),
        "Flet": version("flet"),
        "browser": _output("chromium", "--version").partition(" built")[0].strip(),
    }


def table(rows: Iterable[Row]) -> str:
    """Return the figures as a Markdown table: median, quartiles in brackets, number of samples."""
    lines = ["| Figure | Median | Baseline | Ratio | Goal | |", "|---|---|---|---|---|---|"]
    for row in rows:
        baseline = f"{_measured(row.baseline_samples, row.unit)}: {row.baseline}" if row.baseline else ""
        ratio = f"{row.ratio:.2f} ×" if row.ratio is not None else ""
        if row.unfinished:
            baseline, ratio = f"over {baseline}", f"< {ratio}"
        cells = (
            row.name,
            _measured(row.samples, row.unit),
            baseline,
            ratio,
            _goal(row),
            VERDICTS[row.passes],
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def keep(results: dict[str, list[Row]], on: dict[str, str]) -> None:
    """Write the figures of this run to `RESULTS`, as JSON."""
    figures = {
        name: [asdict(row) | {"value": row.value, "ratio": row.ratio, "passes": row.passes} for row in rows]
        for name, rows in results.items()
    }
    RESULTS.parent.mkdir(exist_ok=True)
    found = {"at": datetime.now(UTC), "machine": on, "figures": figures}
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def put_into(document: str, name: str, text: str) -> str:
    """Return the document with `text` between the marks of `name`.

    Raises:
        ValueError: the document has no such marks.
    """
    place = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, times = place.subn(lambda marks: f"{marks[1]}{text}\n{marks[2]}", document)
    if times != 1:
        raise ValueError(f"{DOCUMENT.name} has no place for {name!r}")
    return changed


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks, print and store the figures. A missed goal is no failure: the exit code is 0."""
    known = {each.name: each for each in benchmarks()}
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="How fast the app is.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which, else all: {', '.join(known)}")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    on = machine()
    described = " · ".join(f"{name} {value}" for name, value in on.items())
    _say(described)
    results: dict[str, list[Row]] = {}
    for benchmark in known.values():
        if benchmark.name not in options.names and (options.names or benchmark.on_request):
            continue
        began = time.perf_counter()
        results[benchmark.name] = list(benchmark.run())
        _say(f"\n## {benchmark.title}\n\n{table(results[benchmark.name])}")
        _say(f"\n({time.perf_counter() - began:.0f} s)")
        keep(results, on)
        if options.write:  # after each one: a later benchmark may fail
            document = put_into(DOCUMENT.read_text("utf-8"), "machine", described)
            DOCUMENT.write_text(put_into(document, benchmark.name, table(results[benchmark.name])), "utf-8")


def _measured(samples: tuple[float, ...], unit: str) -> str:
    middle = f"{_number(statistics.median(samples))} {unit}".strip()
    if len(samples) == 1:
        return middle
    low, high = quartiles(samples)
    return f"{middle} [{_number(low)}-{_number(high)}], n = {len(samples)}"


def _number(value: float) -> str:
    """Return a number with three significant digits; integers and numbers from 1,000 are not shortened."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}"


def _goal(row: Row) -> str:
    goals = [] if row.at_most is None else [f"≤ {_number(row.at_most)} {row.unit}".strip()]
    return " and ".join(goals + ([] if row.at_most_times is None else [f"≤ {row.at_most_times:g} ×"]))


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
