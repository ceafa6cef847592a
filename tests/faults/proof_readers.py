"""Twenty readers over fifty publishes: ``make proof-readers``.

Ten processes read as ``bankcrm sql`` does, each query on a connection of its own; ten threads of
another process read as the cube server does. Meanwhile fifty versions are published and the old
ones removed. In every version each of three tables holds the version's own number only, so a mixed
or torn answer shows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.engine.warehouse import Warehouse
from cube.planner.sql import Statement
from pipelines.publishing.publish import next_version, prune, publish, start_build

NIGHT = date(2024, 1, 31)
READERS_OF_EACH_KIND = 10
MOST_ERRORS = 100
TABLES = ("one", "two", "three")
QUESTION = "select " + ", ".join(f"(select [min(n), max(n)] from {table})" for table in TABLES)


@dataclass
class Tally:
    """What one reader saw."""

    answers: int = 0
    versions: int = 0
    mixed: int = 0
    errors: tuple[str, ...] = ()


def main() -> int:
    """Publish, read, print; exit code 1 when a reader saw an error or a mixed answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--publishes", type=int, default=50)
    parser.add_argument("--folder", type=Path, default=Path("var/proof-readers"))
    arguments = parser.parse_args()
    shutil.rmtree(arguments.folder, ignore_errors=True)
    settings = Settings(home=arguments.folder, keep_versions=3)
    publish_number(settings, 0)
    tallies = read_while_publishing(settings, arguments.publishes)
    answers = sum(tally.answers for tally in tallies)
    mixed = sum(tally.mixed for tally in tallies)
    errors = [error for tally in tallies for error in tally.errors]
    print(
        f"{len(tallies)} readers, {arguments.publishes} publishes, {answers:,} answers,"
        f" {min(tally.versions for tally in tallies)} to"
        f" {max(tally.versions for tally in tallies)} versions seen by a reader,"
        f" {mixed} mixed answers, {len(errors)} errors"
    )
    for error in errors[:10]:
        print(f"  {error}")
    return 1 if mixed or errors else 0


def read_while_publishing(settings: Settings, publishes: int) -> list[Tally]:
    """Publish so many versions while every reader reads; returns what each of them saw."""
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    processes = [
        context.Process(target=read_apart, args=(settings.home, stop, results))
        for _ in range(READERS_OF_EACH_KIND)
    ]
    processes.append(context.Process(target=serve_threads, args=(settings.home, stop, results)))
    for process in processes:
        process.start()
    for number in range(1, publishes + 1):
        publish_number(settings, number)
        prune(settings)
    stop.set()
    tallies = [results.get(timeout=120) for _ in range(2 * READERS_OF_EACH_KIND)]
    for process in processes:
        process.join()
    return tallies


def publish_number(settings: Settings, number: int) -> None:
    """Publish a version whose tables hold one number only."""
    build_file, version = start_build(settings, None), next_version(settings, NIGHT)
    with duckdb.connect(str(build_file)) as connection:
        connection.execute("create schema meta")
        connection.execute(f"create table meta.version as select date '{NIGHT}' as business_date")
        for table in TABLES:
            connection.execute(f"create table {table} as select {number} as n from range(50_000)")
    publish(settings, build_file, version)


def read_apart(home: Path, stop: Event, results: Queue[Tally]) -> None:
    """One reader as ``bankcrm sql`` is one."""
    settings = Settings(home=home, threads=1)

    def ask() -> object:
        with open_published(settings) as connection:
            return connection.execute(QUESTION).fetchone()

    results.put(_read_until(stop, ask))


def serve_threads(home: Path, stop: Event, results: Queue[Tally]) -> None:
    """Ten readers as the cube server has them."""
    warehouse = Warehouse(Settings(home=home, threads=1))

    def ask() -> object:
        with warehouse.pin() as version:
            return version.fetch([Statement(QUESTION, ())], 60.0)[0][0]

    threads = [
        threading.Thread(target=lambda: results.put(_read_until(stop, ask)))
        for _ in range(READERS_OF_EACH_KIND)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warehouse.close()


def _read_until(stop: Event, ask: Callable[[], object]) -> Tally:
    tally, seen = Tally(), set()
    while not stop.is_set() or not tally.answers:
        try:
            answer = ask()
        except (BankcrmError, duckdb.Error, OSError) as error:
            tally.errors = (*tally.errors, f"{type(error).__name__}: {error}")
            if len(tally.errors) > MOST_ERRORS:
                break
            continue
        assert isinstance(answer, tuple)
        numbers = {number for pair in answer for number in pair}
        tally.answers += 1
        tally.mixed += len(numbers) != 1
        seen |= numbers
    tally.versions = len(seen)
    return tally


if __name__ == "__main__":
    sys.exit(main())
