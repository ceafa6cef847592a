"""The command ``bankcrm export``: its options, whose rights they name, what it prints."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bankcrm.errors import BankcrmError
from pipelines.cli.common import (
    Branch,
    Home,
    Manager,
    acts_on_errors,
    claims_of,
    console,
    settings_of,
)

if TYPE_CHECKING:
    from bankcrm.settings import Settings
    from cube.export import Export
    from cube.security.auth import SecurityContext


@acts_on_errors
def export(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; bankcrm-<business date>.xlsx here."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="BANKCRM_TOKEN", help="Token of the cube API: its rights."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="Instead of a token: a group; may be given again.")
    ] = None,
    branch: Branch = None,
    manager: Manager = None,
    user: Annotated[
        str | None, typer.Option(help="Name of the reader, beside --group; your own unless given.")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day; 24 months unless given."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; the running month's end."),
    ] = None,
    view: Annotated[
        str | None, typer.Option(help="One table of your own, of this view of the cubes.")
    ] = None,
    measures: Annotated[
        str, typer.Option(help="Its measures, with commas: end_balance,account_count.")
    ] = "",
    dimensions: Annotated[
        str, typer.Option(help="Its dimensions, with commas: date.month,region_name.")
    ] = "",
    link: Annotated[
        str | None, typer.Option(help="Or the table of a pivot: the explorer's 'Copy link'.")
    ] = None,
    language: Annotated[
        Literal["en", "zh"], typer.Option(help="Language of titles and words.")
    ] = "en",
    server: Annotated[
        str | None,
        typer.Option(help="Address that the Power Query recipes ask; that of the settings."),
    ] = None,
    home: Home = None,
) -> None:
    """Write an Excel workbook for pivots, with the rights of a role.

    Profit, customer segments, balances, credit quality, transactions and the
    scorecard of the managers by month, a sheet each; or one table of your own.
    The figures are those of the cubes, personal data is masked as for the role,
    and the export is entered in the audit log. The last sheet has the Power Query
    recipe that lets Excel refresh each table from the server.

    Whose rights: --token, or --group with --branch or --manager. Without a secret
    of the API (BANKCRM_API_SECRET) those of an administrator, as of the server.
    """
    from cube.export import Order, export_workbook

    settings = settings_of(home)
    context = _choose_rights(settings, token, group or [], branch, manager, user)
    order = Order(
        output=output,
        first=first.date() if first else None,
        last=last.date() if last else None,
        link=link,
        view=view,
        measures=_split(measures),
        dimensions=_split(dimensions),
        language=language,
        server=server,
    )
    _print(export_workbook(settings, context, order))


def _split(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _choose_rights(
    settings: Settings,
    token: str | None,
    groups: list[str],
    branch: str | None,
    manager: str | None,
    user: str | None,
) -> SecurityContext:
    """Claims of the reader. Who may read the home may take any group, as with `bankcrm token`."""
    from bankcrm.audit import acting_user
    from cube.compiler.model import load_model
    from cube.security.access import AccessControl
    from cube.security.auth import DEVELOPER, authenticate

    if token is not None and groups:
        raise BankcrmError("--token and --group both say whose rights", "Give one of them.")
    if token is not None:
        if settings.api_secret is None:
            raise BankcrmError(
                "a token cannot be checked without the secret of the API",
                "Set BANKCRM_API_SECRET, or give --group.",
            )
        return authenticate(token, settings)
    if not groups and settings.api_secret is not None:
        raise BankcrmError(
            "nothing names the rights of the workbook",
            "Give --token, or --group with --branch or --manager.",
        )
    AccessControl(load_model()).require_known(groups)
    claims = claims_of(user or acting_user(), branch, manager)
    return {**claims, "groups": groups or DEVELOPER["groups"]}


def _print(written: Export) -> None:
    filled = written.filled
    for table in filled.tables:
        console.print(f"{table.table.title}: {table.rows.num_rows:,} rows", highlight=False)
        if table.left_out:
            console.print(f"  left out, beyond these rights: {', '.join(table.left_out)}")
    if filled.unseen:
        names = ", ".join(table.title for table in filled.unseen)
        console.print(f"Not there, beyond these rights: {names}")
    console.print(
        f"written {written.path}, version {filled.version}", highlight=False, soft_wrap=True
    )
