"""The command ``bankcrm``: each theme has a module, and this one lists the commands by reader.

Commands import what they need when they run, so that none waits for the libraries of another.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from pipelines.cli import (
    audit,
    deliveries,
    documents,
    export,
    identity,
    operations,
    privacy,
    publishing,
    quarantine,
    queries,
)

GETTING_STARTED = "Getting started"
ANALYSTS = "Analysts"
BI_TOOLS = "BI tools"
OPERATIONS = "Operations"

COMMANDS = {
    GETTING_STARTED: (deliveries.sample, deliveries.berka, deliveries.check),
    ANALYSTS: (
        documents.report,
        export.export,
        queries.sql,
        queries.explain,
        documents.docs,
    ),
    BI_TOOLS: (queries.serve, queries.token, documents.rollups),
    OPERATIONS: (
        operations.refresh,
        operations.status,
        operations.runs,
        operations.heartbeat,
        operations.waive,
        operations.revoke,
        publishing.verify,
        publishing.rollback,
        publishing.backup,
        publishing.restore,
        deliveries.contracts,
    ),
}
"""Commands of each reader, in the order of the help."""
GROUPS = {
    "quarantine": quarantine.app,
    "identity": identity.app,
    "privacy": privacy.app,
    "audit": audit.app,
}
"""Groups of commands; all of them are for operations."""

app = typer.Typer(
    help="From a bank's nightly extracts to a published star schema and its cubes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to the screen.")] = False,
) -> None:
    """Logging is the same for every command."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


for reader, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=reader)(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name, rich_help_panel=OPERATIONS)
