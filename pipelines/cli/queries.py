"""Commands for queries: the cube server, its tokens, SQL, what a query means."""

from __future__ import annotations

import csv
import logging
import sys
from typing import TYPE_CHECKING, Annotated

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
    import duckdb


@acts_on_errors
def serve(home: Home = None) -> None:
    """Serve the cubes over HTTP, and to PostgreSQL clients.

    The published version answers until the command is stopped; PostgreSQL clients connect where
    BANKCRM_WIRE_PORT is set.
    """
    from cube.serve import run
    from pipelines.loading.deadlines import newest_due_date

    settings = settings_of(home)
    logging.getLogger().setLevel(logging.INFO)
    console.print(f"Cube API on http://{settings.host}:{settings.port}/cubejs-api/v1/meta")
    if settings.wire_port is not None:
        console.print(f"PostgreSQL clients on {settings.host}:{settings.wire_port}")
    run(settings, newest_due=newest_due_date)


@acts_on_errors
def token(
    group: Annotated[list[str], typer.Option(help="Group of the user; may be given again.")],
    branch: Branch = None,
    manager: Manager = None,
    user: Annotated[str, typer.Option(help="Name of the user.")] = "developer",
    hours: Annotated[float, typer.Option(help="How long the token holds.")] = 8,
    home: Home = None,
) -> None:
    """Print a token of the cube API, for development.

    It is signed with BANKCRM_API_SECRET.
    """
    from datetime import timedelta

    from cube.compiler.model import load_model
    from cube.security.access import AccessControl
    from cube.security.auth import make_token

    AccessControl(load_model()).require_known(group)
    claims = claims_of(user, branch, manager)
    typer.echo(make_token(settings_of(home), group, timedelta(hours=hours), claims))


@acts_on_errors
def sql(
    query: Annotated[str, typer.Argument(help="One SQL query; - reads it from standard input.")],
    home: Home = None,
    version: Annotated[str | None, typer.Option(help="Version to read.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Run a read-only SQL query on the published version.

    The query reaches neither files nor network.
    """
    import duckdb

    from bankcrm.warehouse.versions import open_published
    from pipelines.cli.screens.tables import print_query

    text = sys.stdin.read() if query == "-" else query
    with open_published(settings_of(home), version) as connection:
        try:
            if as_csv:
                _write_csv(connection.execute(text))
            else:
                print_query(console, connection, text)
        except duckdb.Error as error:
            raise BankcrmError(
                str(error), "Correct the query; `show all tables` lists what there is."
            ) from error


@acts_on_errors
def explain(
    query: Annotated[
        str, typer.Argument(help="One cube query as JSON; - reads it from standard input.")
    ],
    home: Home = None,
    as_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL only.")] = False,
) -> None:
    """Show the plan, the SQL and the lineage of a cube query."""
    from cube.explain import explain_text

    text = sys.stdin.read() if query == "-" else query
    explained = explain_text(text, settings_of(home))
    for number, one in enumerate(explained):
        if number:
            console.print()
        if not as_sql:
            console.print_json(data={key: one[key] for key in ("plan", "parameters", "lineage")})
        console.print(one["sql"], markup=False, highlight=False, soft_wrap=True)


def _write_csv(result: duckdb.DuckDBPyConnection) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow([column[0] for column in result.description or []])
    while rows := result.fetchmany(10_000):
        writer.writerows(rows)
