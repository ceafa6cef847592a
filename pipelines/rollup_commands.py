"""What ``bankcrm rollups`` prints."""

from __future__ import annotations

from rich.console import Console

from cube.server.rollup import Rollup
from cube.server.rollup_state import RollupState, read_rollups
from pipelines.rollups import list_rollups
from pipelines.settings import Settings
from pipelines.summary import print_rows
from pipelines.versions import open_published

COLUMNS = ("rollup", "period", "partitions", "rows", "rows of its fact", "state")


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
