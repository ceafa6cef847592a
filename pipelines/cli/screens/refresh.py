"""What people read after a refresh: what was loaded, rejected or quarantined, what was built, and
the first three answers a banker asks for."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
from rich.console import Console
from rich.markup import escape

from bankcrm.errors import BlockedDate, PublishingHeld
from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import open_published
from pipelines.cli.screens.tables import print_query, print_rows
from pipelines.loading.load import LoadResult
from pipelines.refresh.report import RefreshReport

ANALYSES_FOLDER = PROJECT_FOLDER / "analyses"
FIRST_ANSWERS = (
    "profit_contribution_by_branch",
    "balances_by_product",
    "transactions_by_channel",
)


def print_report(console: Console, settings: Settings, report: RefreshReport) -> None:
    """Print a refresh report; with a published version also its tables and first answers."""
    _print_deliveries(console, report.results)
    _print_rejected(console, report)
    _print_links(console, report)
    _print_parameters(console, report)
    if report.version is None:
        if not (report.blocked or report.held):
            console.print("\n[bold]Nothing new to publish.[/bold]")
    else:
        with open_published(settings, report.version) as connection:
            _print_built(console, connection, report)
            print_first_answers(console, connection)
    for state in report.refused_rollups:
        console.print(f"\n[bold red]Rollup refused[/bold red] {state.name}: ", end="")
        console.print(state.reason, markup=False)
        console.print("Its fact answers in its place: the figures are right, only slower.")
    if report.blocked is not None:
        _print_blocked(console, report.blocked, is_brief=bool(report.rejected))
    for warning in report.warnings:
        console.print("\n[yellow]Warning[/yellow] ", end="")
        console.print(f"{warning.business_date} {warning.message}", markup=False, highlight=False)
    for stale in report.stale:
        console.print(f"\n[yellow]Stale[/yellow] {escape(stale.describe())}.", highlight=False)
    for notice in report.notices:
        word = "Held" if isinstance(notice, PublishingHeld) else "Error"
        console.print(f"\n[bold red]{word}[/bold red] ", end="")
        console.print(str(notice), markup=False, highlight=False)


def _print_blocked(console: Console, blocked: BlockedDate, *, is_brief: bool) -> None:
    """Why a date waits, and the next step; in brief where rejected files are listed above."""
    console.print("\n[bold red]Waiting[/bold red] ", end="")
    problem = blocked.brief if is_brief else blocked.problem
    console.print(problem, markup=False, highlight=False)
    if blocked.remedy:
        console.print("[bold]Next[/bold]  ", end="")
        console.print(blocked.remedy, markup=False, highlight=False)


def print_first_answers(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Print the three answers a banker would ask for first."""
    for name in FIRST_ANSWERS:
        query = (ANALYSES_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        title = query.partition("\n")[0].removeprefix("-- ")
        print_query(console, connection, query, title)


def _print_links(console: Console, report: RefreshReport) -> None:
    links = report.links
    if links is None or not (report.version or links.records_compared):
        return
    console.print(
        f"\n{links.source_customers:,} customers of the systems are {links.unified_customers:,}"
        f" customers of the bank; {links.records_compared:,} records were new."
    )
    if links.pairs_waiting:
        pairs = "pairs wait" if links.pairs_waiting > 1 else "pair waits"
        console.print(f"{links.pairs_waiting:,} {pairs} for `bankcrm identity review`.")


def _print_deliveries(console: Console, results: Sequence[LoadResult]) -> None:
    loaded = [result for result in results if result.status == "loaded"]
    repeated = sum(result.status == "already loaded" for result in results)
    if repeated:
        console.print(f"{repeated} deliveries were loaded before: nothing to do for them.")
    if not loaded:
        console.print("No new delivery was loaded.")
        return
    feeds = sorted({f"{result.source}.{result.feed}" for result in loaded})
    rows = []
    for feed in feeds:
        mine = [r for r in loaded if f"{r.source}.{r.feed}" == feed]
        rows.append(
            (
                feed,
                len(mine),
                min(r.business_date for r in mine),
                max(r.business_date for r in mine),
                sum(r.rows_delivered for r in mine),
                sum(r.rows_accepted for r in mine),
                sum(r.rows_quarantined for r in mine),
                sum(r.rows_collapsed for r in mine),
            )
        )
    columns = ("feed", "files", "from", "to", "delivered", "accepted", "quarantined", "duplicates")
    print_rows(console, columns, rows, "Deliveries loaded")


def _print_rejected(console: Console, report: RefreshReport) -> None:
    if report.quarantined:
        rows = [(row.file_name, row.file_line, ", ".join(row.rules)) for row in report.quarantined]
        total = sum(result.rows_quarantined for result in report.results)
        title = f"Rows in quarantine: {total}" + (", the first:" if total > len(rows) else "")
        print_rows(console, ("file", "line", "rules"), rows, title)
        console.print("`bankcrm check FILE` shows them with their fields.")
    for result in report.rejected:
        console.print(f"\n[bold red]Rejected[/bold red] {escape(result.file_name)}")
        for problem in result.problems:
            console.print(f"  - {problem}", markup=False, highlight=False)
    for problem in report.problems:
        console.print(f"[yellow]Ignored[/yellow] {escape(problem)}", highlight=False)
    if not (report.quarantined or report.rejected or report.problems) and report.results:
        console.print("Nothing was rejected or quarantined.")


def _print_parameters(console: Console, report: RefreshReport) -> None:
    for change in report.parameter_changes:
        when = f"from {change.changed_from}" if change.changed_from else "altogether"
        console.print(f"Parameter {change.seed} changed {when}.", highlight=False)


def _print_built(
    console: Console, connection: duckdb.DuckDBPyConnection, report: RefreshReport
) -> None:
    rows = connection.execute(
        """select table_name, estimated_size, comment from duckdb_tables()
        where schema_name = 'marts' order by table_name"""
    ).fetchall()
    assert report.build is not None
    title = (
        f"What was built: version {report.version}, {report.build.nodes} models and checks passed"
    )
    print_rows(
        console,
        ("table", "rows", "grain"),
        [(name, size, _grain(comment)) for name, size, comment in rows],
        title,
    )


def _grain(comment: str | None) -> str:
    _, _, after = (comment or "").partition("Grain: ")
    return after.partition(". ")[0].rstrip(".\n ")
