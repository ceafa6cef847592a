"""What is published, how each feed stands, and what to do next."""

from __future__ import annotations

import duckdb
from rich.console import Console

from pipelines.loading.horizon import explain_horizon
from pipelines.loading.landing import find_deliveries
from pipelines.loading.ledger import plan_nights
from pipelines.loading.load import open_raw
from pipelines.settings import Settings
from pipelines.summary import print_query, print_rows
from pipelines.versions import current_version, list_versions, open_published

FEEDS = """
    select source || '.' || feed as feed,
        count(*) filter (where status = 'loaded') as loads,
        max(business_date) filter (where status = 'loaded') as last,
        sum(rows_accepted) filter (where superseded_by is null) as rows,
        sum(rows_quarantined) filter (where superseded_by is null) as quarantined,
        count(*) filter (where status = 'rejected') as rejected
    from ops.load group by all order by all"""


def print_status(console: Console, settings: Settings) -> None:
    """Print the published version, the versions kept, the feeds, and the next step."""
    current = current_version(settings)
    if current is None:
        console.print("Nothing is published yet. Run `bankcrm refresh`.")
    else:
        _print_versions(console, settings, current)
    if settings.raw_file.exists():
        try:
            _print_feeds(console, settings)
        except duckdb.IOException:
            console.print("\nA refresh is at work: the feeds are shown when it has finished.")


def _print_versions(console: Console, settings: Settings, current: str) -> None:
    with open_published(settings) as connection:
        row = connection.execute("select business_date from meta.version").fetchone()
    assert row is not None
    console.print(f"Published: [bold]{current}[/bold], business date [bold]{row[0]}[/bold].")
    rows = [(v, "published" if v == current else "kept") for v in reversed(list_versions(settings))]
    print_rows(console, ("version", "state"), rows, "Versions")


def _print_feeds(console: Console, settings: Settings) -> None:
    with open_raw(settings) as connection:
        print_query(console, connection, FEEDS, "Feeds")
        plan = plan_nights(connection, find_deliveries(settings).deliveries)
        blocked = plan.blocked or explain_horizon(connection)
    if blocked is not None:
        console.print(f"\n[bold red]Waiting[/bold red] {blocked}")
    elif plan.nights:
        nights = len(plan.nights)
        console.print(f"\nBusiness dates that wait: {nights}. Run `bankcrm refresh`.")
    else:
        console.print("\nEvery delivery is loaded.")
