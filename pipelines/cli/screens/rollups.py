"""What ``bankcrm rollups`` prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import Progress
from rich.syntax import Syntax

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState, read_rollups
from bankcrm.warehouse.versions import open_published
from cube.compiler.model import load_model
from cube.compiler.rollup import Rollup
from cube.engine.warehouse import Warehouse
from cube.rollups.advice import LARGEST_SHARE, Advice, advise, read_slow_requests, suggest
from cube.rollups.build import list_rollups
from pipelines.cli.screens.tables import print_rows

COLUMNS = ("rollup", "period", "partitions", "rows", "rows of its fact", "state")
ADVICE_COLUMNS = ("cube", "rollup", "slow queries", "seconds", "rows", "rows of its fact")
STANDARD_INPUT = Path("-")


def print_rollups(console: Console, settings: Settings) -> None:
    """Print every rollup of the model as the published version holds it.

    Raises:
        NothingPublished: there is no version.
    """
    with open_published(settings) as connection:
        states = read_rollups(connection)
    rollups = list_rollups()
    rows = [_describe(rollup, states.get(rollup.name)) for rollup in rollups]
    print_rows(console, COLUMNS, rows, "Rollups of the published version")
    for state in states.values():
        if state.state == "refused":
            console.print(f"\n[bold red]Refused[/bold red] {state.name}: ", end="")
            console.print(state.reason, markup=False)


def _describe(rollup: Rollup, state: RollupState | None) -> tuple[object, ...]:
    period = rollup.definition.granularity
    if state is None or state.digest != rollup.digest:
        # The model is newer than the version: the next refresh that publishes builds it.
        return (rollup.name, period, None, None, None, "not built yet")
    counts = (state.partitions, state.rows, state.fact_rows)
    shown = counts if state.state == "ready" else (None, None, None)
    return (rollup.name, period, *shown, state.state)


def print_advice(console: Console, settings: Settings, log: Path) -> None:
    """Print the rollups that would have saved most of the time of the slow queries of a log.

    Args:
        console: where to.
        settings: the home whose published version a rollup is sized by.
        log: the access log of the cube server; ``-`` is standard input.

    Raises:
        BankcrmError: the log cannot be read.
        NothingPublished: there is no version.
    """
    requests = read_slow_requests(_read_lines(log))
    model = load_model()
    with (
        closing(Warehouse(settings)) as warehouse,
        warehouse.pin() as version,
        Progress(console=console, transient=True) as bar,
    ):
        task = bar.add_task("Counting", total=None)
        suggestions = suggest(requests, model, version.business_date, version.rollups)
        advised = advise(
            suggestions,
            model,
            version.connection,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    queries = sum(demand.queries for demand in suggestions.values())
    seconds = sum(demand.milliseconds for demand in suggestions.values()) / 1000
    console.print(f"{queries:,} slow queries without a rollup, {seconds:,.1f} seconds.")
    if not advised:
        console.print(
            "No rollup to advise: those that would serve are there by now, would save little, or "
            f"would have more than {LARGEST_SHARE:.0%} of the rows of their fact."
        )
        return
    rows = [_describe_advice(advice) for advice in advised]
    print_rows(console, ADVICE_COLUMNS, rows, "Rollups that would have saved most")
    for advice in advised:
        console.print(
            f"\nUnder [bold]pre_aggregations[/bold] of the cube {advice.suggestion.cube}:"
        )
        console.print(Syntax(_write_yaml(advice), "yaml", background_color="default"))


def _read_lines(log: Path) -> Iterable[str]:
    if log == STANDARD_INPUT:
        return sys.stdin
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise BankcrmError(
            f"The log {log} cannot be read: {error.strerror}",
            "Name the file that holds what `bankcrm serve` writes, or - for standard input.",
        ) from error


def _describe_advice(advice: Advice) -> tuple[object, ...]:
    seconds = round(advice.milliseconds / 1000, 1)
    counts = (advice.queries, seconds, advice.rows, advice.fact_rows)
    return (advice.suggestion.cube, advice.name, *counts)


def _write_yaml(advice: Advice) -> str:
    """The rollup as the model file declares it."""
    declared = advice.suggestion.define(advice.name).model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump([declared], sort_keys=False, allow_unicode=True, default_flow_style=None)
