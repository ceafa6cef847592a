"""Commands about published versions: roll back, verify, back up, restore."""

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
def rollback(
    home: Home = None,
    to: Annotated[
        str | None, typer.Option(help="Version to return to; else the one before.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    release: Annotated[
        bool, typer.Option("--release", help="End the hold instead: the next refresh publishes.")
    ] = False,
) -> None:
    """Return readers to an earlier version, and hold publishing.

    Publishing is held until it is released. Meanwhile a refresh loads, builds and checks, keeps
    the build, and ends with exit code 14.
    """
    from pipelines.cli.screens.rollback import release_and_print, roll_back_and_print

    if release:
        release_and_print(console, settings_of(home), to, reason)
    else:
        roll_back_and_print(console, settings_of(home), to, reason)


@acts_on_errors
def verify(home: Home = None) -> None:
    """Compare every version with what was published.

    Files are compared byte by byte. Exit code 10: one is damaged.
    """
    from bankcrm.warehouse.versions import verify_versions

    found = verify_versions(settings_of(home))
    for version, problem in found.items():
        console.print(f"{version}: {problem or 'intact'}", markup=False, highlight=False)
    if any(found.values()):
        raise typer.Exit(10)


@acts_on_errors
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    home: Home = None,
    vault: Annotated[
        Path | None,
        typer.Option(help="Also copy the vault, with clear personal values, into this folder."),
    ] = None,
) -> None:
    """Copy raw data, published version and journal, verified.

    Decisions are part of the raw data; every copy is compared with its original.
    """
    from pipelines.recovery.backup import back_up

    manifest = back_up(settings_of(home), folder, vault)
    console.print(f"Backed up {manifest.version} into {folder}.", highlight=False)


@acts_on_errors
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `bankcrm backup` wrote.")],
    home: Home = None,
    vault: Annotated[Path | None, typer.Option(help="Also restore this copy of the vault.")] = None,
) -> None:
    """Restore a backup into an empty home.

    The backup is verified before anything is written.
    """
    from pipelines.recovery.backup import restore as restore_backup

    settings = settings_of(home)
    manifest = restore_backup(settings, folder, vault)
    console.print(
        f"Restored {manifest.version} into {settings.home}. Deliver what came since, and run "
        "`bankcrm refresh`.",
        highlight=False,
    )
