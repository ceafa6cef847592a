"""Commands of the audit log: list, verify, rotate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import (
    Home,
    Reason,
    acts_on_errors,
    console,
    settings_of,
)

app = typer.Typer(
    help="List and verify the audit log of who did what.",
    no_args_is_help=True,
)


@app.command("list")
@acts_on_errors
def audit_list(
    home: Home = None,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this user did.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most entries shown.")] = 50,
) -> None:
    """List the last entries of the audit log, the newest last."""
    from pipelines.cli.screens.audit import print_entries

    print_entries(console, settings_of(home), action, actor, limit)


@app.command("verify")
@acts_on_errors
def audit_verify(
    home: Home = None,
    head: Annotated[
        list[str] | None, typer.Option(help="Head noted elsewhere, as LOG:ENTRIES:SHA256.")
    ] = None,
    backup_folder: Annotated[
        list[Path] | None, typer.Option("--backup", help="Backup whose note is compared too.")
    ] = None,
) -> None:
    """Verify the chain of hashes of the log.

    Exit code 13: it is broken, and the first broken line is named.
    """
    from pipelines.cli.screens.audit import verify_and_print

    verify_and_print(console, settings_of(home), head or [], backup_folder or [])


@app.command("rotate")
@acts_on_errors
def audit_rotate(reason: Reason, home: Home = None) -> None:
    """Close the log, intact or broken, and begin a new one."""
    from pipelines.operations.audit_check import rotate_audit_log

    closed = rotate_audit_log(settings_of(home), reason)
    console.print(f"Closed {closed.subject} ({closed.details['finding']}); a new log begins.")
