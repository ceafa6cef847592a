"""Time load, build and publishing of sample banks against DuckDB alone, in turns, in one run.

python -m benchmarks.load_and_build --customers 10000 100000 --days 60 --runs 3
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import version_file
from benchmarks import bare, ours
from benchmarks.timing import Contestant, Figure, describe_machine, measure, take_turns

BY_FEED, BY_FILE = "bare load, by feed", "bare load, by file"
TABLES, CONTRACTS, TESTS = "bare tables", "bare tables with contracts", "bare tests"
CHECKED = "bare tables with contracts and tests"
RATIOS = (
    (ours.LOAD, BY_FEED),
    (ours.LOAD, BY_FILE),
    (ours.FULL, TABLES),
    (ours.FULL, CHECKED),
    (ours.NIGHT, ours.FULL),
)
LOADS = (ours.LOAD, BY_FEED, BY_FILE)

console = Console()


def main() -> None:
    arguments = _read_arguments()
    home = Settings().home / "bench"
    machine = describe_machine()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    sizes = []
    for customers in arguments.customers:
        sizes.append(time_bank(home, customers, arguments.days, arguments.runs))
        report = {"machine": machine, "runs": arguments.runs, "sizes": sizes}
        (home / "results.json").write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"Written to {home / 'results.json'}.", highlight=False)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--days", type=int, default=60, help="business dates of each bank")
    parser.add_argument("--runs", type=int, default=3, help="turns of each contestant")
    return parser.parse_args()


def time_bank(home: Path, customers: int, days: int, runs: int) -> dict[str, Any]:
    """Time one size of bank, print its table, and return its figures for the report."""
    console.print(f"\nMaking or finding a bank of {customers:,} customers, {days} nights")
    bank = ours.prepare_bank(home, customers, days)
    rival = bank.settings.home / "rival"
    console.print(f"Loading in turns: {len(bank.deliveries):,} files, {bank.rows:,} rows")
    figures = take_load_turns(bank, runs)
    console.print("Building in turns")
    stage = ours.prepare_builds(bank)
    figures |= take_turns(runs, _builders(bank, stage, rival))
    size = {
        "customers": customers,
        "days": days,
        "files": len(bank.deliveries),
        "rows": bank.rows,
        "delivered_bytes": bank.size,
        "version_bytes": version_file(bank.settings, stage.full).stat().st_size,
    }
    _print_table(size, figures)
    return size | {
        "seconds": {name: figure.to_json() for name, figure in figures.items()},
        "ratios": _compare(figures),
    }


def take_load_turns(bank: ours.Bank, runs: int) -> dict[str, Figure]:
    """Load the bank our way, bare by feed and bare by file, in turns."""
    return take_turns(runs, _loaders(bank, bank.settings.home / "rival"))


def _loaders(bank: ours.Bank, rival: Path) -> list[Contestant]:
    def load_bare(name: str, contender: Callable[..., None]) -> dict[str, float]:
        database = rival / "raw.duckdb"
        shutil.rmtree(rival, ignore_errors=True)
        with measure() as watch:
            contender(bank.deliveries, database, bank.settings)
        if sum(bare.count_rows(database).values()) != bank.rows:
            raise BankcrmError(f"{name} holds other rows than were delivered")
        return watch.to_figures(name)

    return [
        lambda: ours.load(bank),
        lambda: load_bare(BY_FEED, bare.load_by_feed),
        lambda: load_bare(BY_FILE, bare.load_by_file),
    ]


def _builders(bank: ours.Bank, stage: ours.Stage, rival: Path) -> list[Contestant]:
    def build_bare(name: str, contracts: bool) -> dict[str, float]:
        shutil.rmtree(rival, ignore_errors=True)
        with measure() as watch:
            database = bare.build_tables(stage.nodes, rival, bank.settings, contracts=contracts)
        ours.compare_tables(bank, stage, database)
        return {name: watch.seconds}

    def build_and_test_bare() -> dict[str, float]:
        building = build_bare(CONTRACTS, contracts=True)
        with measure() as testing:
            bare.run_tests(stage.nodes, rival, bank.settings)
        return building | {
            TESTS: testing.seconds,
            CHECKED: building[CONTRACTS] + testing.seconds,
        }

    return [
        lambda: ours.build_full(bank, stage),
        lambda: build_bare(TABLES, contracts=False),
        build_and_test_bare,
        lambda: ours.build_night(bank, stage),
    ]


def _print_table(size: dict[str, int], figures: dict[str, Figure]) -> None:
    table = Table(
        title=f"{size['customers']:,} customers, {size['days']} nights, {size['files']:,} files, "
        f"{size['rows']:,} rows; published file {size['version_bytes'] / 1e6:,.0f} MB"
    )
    for column in ("", "median s", "min s", "max s", "rows/s"):
        table.add_column(column, justify="right" if column else "left")
    for name, figure in figures.items():
        _, colon, part = name.partition(": ")
        seconds = (f"{value:,.2f}" for value in (figure.median, *figure.spread))
        rate = f"{size['rows'] / figure.median:,.0f}" if name in LOADS else ""
        table.add_row(f"  {part}" if colon else name, *seconds, rate)
    console.print(table)
    for ratio, value in _compare(figures).items():
        console.print(f"  {value:6.2f}  {ratio}")


def _compare(figures: dict[str, Figure]) -> dict[str, float]:
    """Ratios of the medians, ours over the rival's."""
    return {f"{a} / {b}": figures[a].median / figures[b].median for a, b in RATIOS}


if __name__ == "__main__":
    main()
