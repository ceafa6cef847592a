"""Timing in turns: every contestant once, then again, so that noise falls on all of them alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

Contestant = Callable[[], dict[str, float]]
"""Does its work once and returns seconds by the name of what was timed."""


@dataclass
class Stopwatch:
    """Seconds of a ``with measure()`` block, once it has ended: by the wall clock, and of this
    process on all processors."""

    seconds: float = 0.0
    processor_seconds: float = 0.0

    def to_figures(self, name: str) -> dict[str, float]:
        """Both, under a name and ``<name>: processor``."""
        return {name: self.seconds, f"{name}: processor": self.processor_seconds}


@contextmanager
def measure() -> Iterator[Stopwatch]:
    """Time a block."""
    watch = Stopwatch()
    start, busy = time.perf_counter(), time.process_time()
    yield watch
    watch.seconds = time.perf_counter() - start
    watch.processor_seconds = time.process_time() - busy


@dataclass(frozen=True)
class Figure:
    """Seconds of one thing over all runs."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """Middle of the runs, in seconds."""
        return statistics.median(self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """Fastest and slowest run, in seconds."""
        return min(self.runs), max(self.runs)

    def to_json(self) -> dict[str, float | list[float]]:
        """Median, fastest and slowest run, and every run in order."""
        fastest, slowest = self.spread
        return {"median": self.median, "min": fastest, "max": slowest, "runs": list(self.runs)}


def take_turns(runs: int, contestants: Sequence[Contestant]) -> dict[str, Figure]:
    """Let every contestant work once in order (A B C A B C ...), ``runs`` times."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(runs):
        for contestant in contestants:
            for name, value in contestant().items():
                seconds[name].append(value)
    return {name: Figure(tuple(values)) for name, values in seconds.items()}


def describe_machine() -> dict[str, str]:
    """Cores, memory, load before the first run, and the versions that matter."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ("duckdb", "dbt-core", "dbt-duckdb")
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GB",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    } | {package: version(package) for package in packages}
