"""What ``bankcrm check`` prints about a file before it is delivered."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from pipelines.cli.screens.tables import print_rows
from pipelines.contracts.contract import get_contract
from pipelines.validation.check import BadRow, CheckReport, check_file
from pipelines.validation.remedies import remedy_of


def check_and_print(console: Console, file: Path, feed: str | None, docs: Path | None) -> bool:
    """Check a file and print everything that is wrong with it.

    Args:
        console: where to print.
        file: data file, with or without its control file beside it.
        feed: ``source.feed``, where neither control file nor name states it.
        docs: folder for a page about the delivery, or None.

    Returns:
        Whether the file would be loaded with every row.
    """
    report = check_file(file, get_contract(feed) if feed else None)
    _print_verdict(console, file, report)
    _print_bad_rows(console, report)
    if docs is not None:
        # Great Expectations takes seconds to import.
        from pipelines.validation.expectations import write_data_docs

        page = write_data_docs(file, report.contract, docs)
        console.print(f"Page about the file: {page}", highlight=False)
    return report.is_fit


def _print_verdict(console: Console, file: Path, report: CheckReport) -> None:
    console.print(f"{file.name} as {report.contract.name} of {report.business_date}")
    for warning in report.warnings:
        console.print("[yellow]Note[/yellow]    ", end="")
        console.print(warning, markup=False)
    for problem in report.problems:
        console.print("[bold red]Reject[/bold red]  ", end="")
        console.print(problem, markup=False)
    if report.rows is not None:
        rows = report.rows
        console.print(
            f"{rows.delivered:,} rows: {rows.accepted:,} good, {rows.quarantined:,} for "
            f"quarantine, {rows.collapsed:,} exact duplicates"
        )
    if report.is_fit:
        console.print("[bold green]Fit to deliver.[/bold green]")


def _print_bad_rows(console: Console, report: CheckReport) -> None:
    if report.rules:
        rules = [
            (rule, count, remedy_of(report.contract, rule))
            for rule, count in sorted(report.rules.items())
        ]
        print_rows(console, ("rule", "rows", "what to change"), rules, "Broken rules")
    if report.bad_rows:
        rows = [
            (row.file_line, ", ".join(row.rules), _show_fields(report, row))
            for row in report.bad_rows
        ]
        print_rows(console, ("line", "rules", "row"), rows, f"First {len(rows)} rows of them")


def _show_fields(report: CheckReport, row: BadRow) -> str:
    """The fields of a bad row; of a feed with personal columns none, wherever they slipped to."""
    if report.contract.is_personal:
        return "not shown: personal data"
    return " | ".join(value or "" for value in row.fields.values())
