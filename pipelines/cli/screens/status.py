"""``bankcrm status`` and ``bankcrm runs``: what operations read on the screen."""

from __future__ import annotations

from rich.console import Console

from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import describe_refused
from pipelines.cli.screens.quarantine import print_nulled_fields
from pipelines.cli.screens.tables import print_rows
from pipelines.monitoring.status import Status, read_status
from pipelines.operations.runs import RunRecord, find_run, read_runs, run_log

MOST_RUNS = 20


def print_status(console: Console, settings: Settings) -> None:
    """Print the published version, the versions kept, the feeds, and the next step."""
    status = read_status(settings)
    _print_versions(console, status)
    _print_feeds(console, status)
    print_nulled_fields(console, status.nulled_fields)
    _print_waivers(console, status)
    if status.runs:
        last = status.runs[0]
        console.print(f"\nLast run: {last.run_id}, {last.outcome}, {last.started_at:%F %H:%M} UTC.")
    for stale in status.stale:
        console.print(f"\n[yellow]Stale[/yellow] {stale.describe()}.", highlight=False)
    for warning in status.warnings:
        console.print("\n[yellow]Warning[/yellow] ", end="")
        message = f"{warning.business_date} {warning.message}"
        console.print(message, markup=False, highlight=False)
    for ignored in status.ignored:
        console.print("\n[yellow]Ignored[/yellow] ", end="")
        console.print(ignored, markup=False, highlight=False)
    if status.refused_rollups:
        console.print("\n[yellow]Slower[/yellow] ", end="")
        console.print(describe_refused(status.refused_rollups), markup=False, highlight=False)
    if status.hold is not None:
        console.print("\n[bold red]Held[/bold red] ", end="")
        console.print(status.hold.describe(), markup=False, highlight=False)
    if status.audit.problem is not None:
        console.print("\n[bold red]Audit log broken[/bold red] ", end="")
        console.print(status.audit.problem, markup=False, highlight=False)
    if status.blocked is not None:
        console.print("\n[bold red]Waiting[/bold red] ", end="")
        console.print(status.blocked.problem, markup=False, highlight=False)
    console.print("[bold]Next[/bold]  ", end="")
    console.print(status.next_step, markup=False, highlight=False)


def _print_versions(console: Console, status: Status) -> None:
    if status.problem is not None:
        console.print("[bold red]Damaged[/bold red] ", end="")
        console.print(status.problem, markup=False)
    elif status.version is None:
        console.print("Nothing is published yet.")
    else:
        console.print(
            f"Published: [bold]{status.version}[/bold],"
            f" business date [bold]{status.business_date}[/bold]."
        )
    rows = [
        (v.name, v.problem or ("published" if v.is_published else "kept"), v.bytes)
        for v in status.versions
    ]
    if rows:
        print_rows(console, ("version", "state", "bytes"), rows, "Versions")


def _print_feeds(console: Console, status: Status) -> None:
    if status.feeds is None:
        console.print("\nA refresh is running: the feeds are shown when it has finished.")
    elif status.feeds:
        columns = ("feed", "files", "last", "rows", "quarantined", "rejected", "nights_behind")
        rows = [
            (f.feed, f.files, f.last_date, f.rows, f.quarantined, f.rejected_files, f.nights_behind)
            for f in status.feeds
        ]
        print_rows(console, columns, rows, "Feeds")


def _print_waivers(console: Console, status: Status) -> None:
    rows = [(w.rule, w.business_date, w.until, w.decided_by, w.reason) for w in status.waivers]
    if rows:
        columns = ("rule", "business_date", "until", "decided_by", "reason")
        print_rows(console, columns, rows, "Waivers in force")


def print_runs(console: Console, settings: Settings) -> None:
    """Print the last runs, newest first."""
    runs = read_runs(settings, MOST_RUNS)
    if not runs:
        console.print("No run yet.")
        return
    rows = [
        (r.run_id, f"{r.started_at:%F %H:%M}", r.seconds, r.outcome, r.detail.get("version"))
        for r in reversed(runs)
    ]
    columns = ("run", "started_UTC", "seconds", "outcome", "version")
    print_rows(console, columns, rows, "Runs")


def print_run(console: Console, settings: Settings, run_id: int) -> None:
    """Print one run with its steps, and where its log lies."""
    run = find_run(settings, run_id)
    console.print(
        f"Run [bold]{run.run_id}[/bold] ({run.command}), started {run.started_at:%F %H:%M:%S} UTC: "
        f"[bold]{run.outcome}[/bold]"
    )
    rows = [(s.name, s.outcome, _seconds(s.seconds), _describe(s.detail)) for s in run.steps]
    print_rows(console, ("step", "outcome", "seconds", "figures"), rows, "Steps")
    _print_problem(console, run)
    console.print(f"Log: {run_log(settings, run_id)}", highlight=False)


def _print_problem(console: Console, run: RunRecord) -> None:
    for word, key in (("Problem", "problem"), ("Next", "remedy")):
        if run.detail.get(key):
            console.print(f"[bold]{word}[/bold]  ", end="")
            console.print(str(run.detail[key]), markup=False, highlight=False)


def _describe(detail: dict[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in detail.items())


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:,.1f}"
