"""What the promises of the nightly refresh cost: each step's share of a run, load against bare SQL.

python -m benchmarks.promises --customers 100000 --nights 3 --runs 3
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from benchmarks import ours
from benchmarks.load_and_build import take_load_turns
from benchmarks.timing import Figure, describe_machine
from pipelines.operations.runs import find_run
from pipelines.refresh.refresh import refresh

JUDGING = "load: verdicts"
STORING = "load: storing"

console = Console()


def main() -> None:
    arguments = _read_arguments()
    home = Settings().home / "bench"
    machine = describe_machine()
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))
    bank = ours.prepare_bank(home, arguments.customers, arguments.nights)
    console.print(f"{len(bank.deliveries)} files, {bank.rows:,} rows, {bank.size / 1e6:,.0f} MB")
    loads = {
        name: time_loads(name, part, arguments.runs) for name, part in _split_feeds(bank).items()
    }
    report: dict[str, Any] = {"machine": machine, "loads": loads}
    if not arguments.loads_only:
        report["steps"] = time_steps(bank, arguments.nights)
    path = home / "promises.json"
    path.write_text(json.dumps(report, indent=2) + "\n")
    console.print(f"Written to {path}.", highlight=False)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3, help="turns of each way to load")
    parser.add_argument("--loads-only", action="store_true", help="leave the refreshes out")
    return parser.parse_args()


def _split_feeds(bank: ours.Bank) -> dict[str, ours.Bank]:
    """All feeds; those without personal columns, whose rows need no tokens; the others."""
    plain = tuple(d for d in bank.deliveries if not d.contract.is_personal)
    personal = tuple(d for d in bank.deliveries if d.contract.is_personal)
    return {
        "all feeds": bank,
        "feeds without personal data": replace(bank, deliveries=plain),
        "feeds with personal data": replace(bank, deliveries=personal),
    }


def time_loads(title: str, bank: ours.Bank, runs: int) -> dict[str, Any]:
    """Load every delivery our way and bare, in turns; print and return medians and ratios."""
    figures = take_load_turns(bank, runs)
    table = Table(title=f"Load of {title}, {bank.rows:,} rows, in turns")
    for heading in ("", "median s", "min s", "max s", "rows/s", "ours / this"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, figure in figures.items():
        seconds = (f"{value:,.2f}" for value in (figure.median, *figure.spread))
        rate = f"{bank.rows / figure.median:,.0f}"
        table.add_row(name, *seconds, rate, f"{_ratio(figures, name):.2f}")
    console.print(table)
    ratios = {name: _ratio(figures, name) for name in figures}
    seconds_of = {name: figure.to_json() for name, figure in figures.items()}
    return {"rows": bank.rows, "seconds": seconds_of, "ratios": ratios}


def _ratio(figures: dict[str, Figure], name: str) -> float:
    """Our median over that of a contestant, wall time to wall time."""
    _, colon, kind = name.partition(": ")
    return figures[ours.LOAD + colon + kind].median / figures[name].median


def time_steps(bank: ours.Bank, nights: int) -> list[dict[str, float]]:
    """Refresh night by night from an empty home; print and return the seconds of every step."""
    home = bank.settings.home.with_name(f"{bank.settings.home.name}-refresh")
    shutil.rmtree(home, ignore_errors=True)
    settings = bank.settings.model_copy(
        update={"home": home, "landing": bank.settings.landing_folder}
    )
    steps = [_refresh_one_night(settings) for _ in range(nights)]
    table = Table(title="Seconds and share of each step")
    table.add_column("step")
    for number in range(1, nights + 1):
        table.add_column(f"night {number}", justify="right")
    for name in steps[-1]:
        table.add_row(name, *(_describe_share(night, name) for night in steps))
    console.print(table)
    return steps


def _refresh_one_night(settings: Settings) -> dict[str, float]:
    report = refresh(settings, one_night=True)
    if report.exit_code:
        raise BankcrmError(f"The refresh ended with {report.exit_code}: {report.problems}")
    run = find_run(settings, report.run_id)
    seconds = {step.name: step.seconds or 0.0 for step in run.steps}
    (load,) = (step for step in run.steps if step.name == "load")
    judging = float(load.detail["seconds_checking"])
    return {
        "receive": seconds.pop("receive"),
        JUDGING: judging,
        STORING: seconds.pop("load") - judging,
        **seconds,
    }


def _describe_share(night: dict[str, float], name: str) -> str:
    return f"{night[name]:,.2f} s {night[name] / sum(night.values()):6.1%}"


if __name__ == "__main__":
    main()
