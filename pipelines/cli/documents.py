"""Commands that write or print documents: dictionary, rollups, management report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import (
    Home,
    acts_on_errors,
    console,
    settings_of,
)


@acts_on_errors
def docs(home: Home = None) -> None:
    """Write the data dictionary and dbt's documentation.

    The pages can be read offline.
    """
    from pipelines.documents.dictionary import write_dictionary

    path = write_dictionary(settings_of(home))
    console.print(f"written {path}", highlight=False, soft_wrap=True)


@acts_on_errors
def rollups(
    home: Home = None,
    suggest: Annotated[
        Path | None,
        typer.Option(
            "--suggest",
            metavar="LOG",
            help="Propose rollups for the slow queries of a log of `bankcrm serve`; - is standard "
            "input.",
        ),
    ] = None,
) -> None:
    """List the rollups of the published version, or suggest some."""
    from pipelines.cli.screens.rollups import print_advice, print_rollups

    if suggest is None:
        print_rollups(console, settings_of(home))
    else:
        print_advice(console, settings_of(home), suggest)


@acts_on_errors
def report(
    home: Home = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Page to write; <home>/reports/<version>.html unless given."),
    ] = None,
    version: Annotated[str | None, typer.Option(help="Version to report on.")] = None,
) -> None:
    """Write the management report, one page with charts.

    The page can be read offline or printed.
    """
    from pipelines.documents.report import write_report

    path = write_report(settings_of(home), output, version)
    console.print(f"written {path}", highlight=False, soft_wrap=True)
