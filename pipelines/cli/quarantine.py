"""Commands of the quarantine: see the quarantined rows, deliver corrected ones again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import (
    Feed,
    Home,
    Night,
    acts_on_errors,
    console,
    settings_of,
)

app = typer.Typer(
    help="Show quarantined rows, and deliver corrected ones again.", no_args_is_help=True
)


@app.command("list")
@acts_on_errors
def list_quarantine(
    home: Home = None,
    feed: Annotated[str | None, typer.Option(help="Only this source.feed.")] = None,
    limit: Annotated[int, typer.Option(help="Most rows to show.")] = 50,
) -> None:
    """List the rows in quarantine, newest first."""
    from pipelines.cli.screens.quarantine import print_quarantine

    print_quarantine(console, settings_of(home), feed, limit)


@app.command("show")
@acts_on_errors
def show_quarantine(
    feed: Feed,
    night: Night,
    home: Home = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the rows here, to be corrected.")
    ] = None,
) -> None:
    """Show the quarantined rows of a night, or write them as CSV."""
    from pipelines.cli.screens.quarantine import print_quarantined_rows

    print_quarantined_rows(console, settings_of(home), feed, night, csv_file)


@app.command("release")
@acts_on_errors
def release_quarantine(
    feed: Feed,
    night: Night,
    corrections: Annotated[Path, typer.Option("--with", help="The corrected CSV file.")],
    home: Home = None,
) -> None:
    """Deliver a night's file again with corrected rows.

    The next refresh checks it like any other delivery.
    """
    from pipelines.cli.screens.quarantine import release_quarantined_rows

    release_quarantined_rows(console, settings_of(home), feed, night, corrections)
