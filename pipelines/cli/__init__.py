"""The command ``bankcrm``: each theme has a module, and this one lists the commands in order.

Commands import what they need when they run, so that none waits for the libraries of another.
"""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from pipelines.cli import (
    asking,
    audit,
    deliver,
    export,
    identity,
    nights,
    pages,
    privacy,
    publishing,
    quarantine,
)

COMMANDS = (
    deliver.sample,
    deliver.berka,
    deliver.check,
    nights.refresh,
    nights.status,
    nights.runs,
    asking.serve,
    asking.token,
    asking.sql,
    publishing.rollback,
    publishing.verify,
    nights.waive,
    nights.revoke,
    publishing.backup,
    publishing.restore,
    nights.deadman,
    deliver.contracts,
    asking.explain,
    pages.docs,
    pages.rollups,
    pages.report,
    export.export,
)
GROUPS = {
    "quarantine": quarantine.app,
    "identity": identity.app,
    "privacy": privacy.app,
    "audit": audit.app,
}

app = typer.Typer(
    help="bankcrm: from a bank's nightly extracts to a published star schema and its cubes.",
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


for command in COMMANDS:
    app.command()(command)
for name, group in GROUPS.items():
    app.add_typer(group, name=name)
