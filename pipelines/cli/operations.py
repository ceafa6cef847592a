"""Commands of operations: refresh, status, heartbeat, and waivers of what checks found."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pipelines.cli.common import (
    Home,
    acts_on_errors,
    console,
    settings_of,
)


@acts_on_errors
def refresh(
    home: Home = None,
    one_night: Annotated[
        bool, typer.Option("--one-night", help="Stop after the next waiting business date.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the night's feeds until their deadlines.")
    ] = False,
) -> None:
    """Load the deliveries, build and check the marts, publish them.

    Exit codes: 0 published or nothing to do; 3 a file was rejected; 4 a business date waits;
    5 the build failed; 6 another refresh is running; 8 a check holds a business date back; 9 the
    disk is full; 12 parameters contradict each other; 13 the audit log is broken; 14 publishing is
    held after a rollback; 15 a feed missed its deadline; 143 stopped by SIGTERM.
    """
    from pipelines.cli.screens.progress import ProgressWatcher
    from pipelines.cli.screens.refresh import print_report
    from pipelines.operations.signals import stop_on_sigterm
    from pipelines.refresh.refresh import refresh as run_refresh

    settings = settings_of(home)
    with stop_on_sigterm(), ProgressWatcher(console) as watcher:
        report = run_refresh(settings, one_night=one_night, wait=wait, watcher=watcher)
    print_report(console, settings, report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


@acts_on_errors
def status(home: Home = None) -> None:
    """Show what is published, the feeds, and what to do next."""
    from pipelines.cli.screens.status import print_status

    print_status(console, settings_of(home))


@acts_on_errors
def runs(
    run: Annotated[int | None, typer.Argument(help="Number of a run, to see its steps.")] = None,
    home: Home = None,
) -> None:
    """List the runs of the refresh, or the steps of one."""
    from pipelines.cli.screens.status import print_run, print_runs

    settings = settings_of(home)
    if run is None:
        print_runs(console, settings)
    else:
        print_run(console, settings, run)


@acts_on_errors
def heartbeat(
    home: Home = None,
    by: Annotated[
        datetime,
        typer.Option(formats=["%H:%M"], help="Time by which a refresh has succeeded."),
    ] = datetime(1900, 1, 1, 6),
) -> None:
    """Alert and fail unless a refresh succeeded by a time of day.

    Exit code 11: none succeeded in time.
    """
    from bankcrm.errors import NoSuccess
    from pipelines.monitoring.alerts import alert_about_error
    from pipelines.operations.last_success import require_success

    settings = settings_of(home)
    try:
        last = require_success(settings, by.time())
    except NoSuccess as error:
        alert_about_error(settings, error)
        raise
    console.print(f"Run {last.run_id} succeeded at {last.at:%Y-%m-%d %H:%M} UTC.")


@acts_on_errors
def waive(
    rule: Annotated[str, typer.Argument(help="A test under tests/dbt, or CHECK:SOURCE.FEED.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date of the finding.")
    ],
    reason: Annotated[str, typer.Option(help="Why it is right to publish all the same.")],
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day on which the waiver counts.")
    ],
    home: Home = None,
) -> None:
    """Record the decision to publish despite a finding."""
    from bankcrm.clock import today
    from pipelines.checks.waivers import waive as record_waiver

    settings = settings_of(home)
    waiver = record_waiver(settings, rule, day.date(), reason, until=until.date(), today=today())
    console.print(
        f"Waived until {waiver.until}: {waiver.rule} of {waiver.business_date}, decided by "
        f"{waiver.decided_by}. Run `bankcrm refresh`.",
        markup=False,
        highlight=False,
    )


@acts_on_errors
def revoke(
    rule: Annotated[str, typer.Argument(help="The rule that was waived.")],
    day: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date of the finding.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    home: Home = None,
) -> None:
    """End a waiver before its day.

    The finding holds back again from the next refresh on.
    """
    from bankcrm.clock import today
    from pipelines.checks.waivers import revoke as revoke_waiver

    revoke_waiver(settings_of(home), rule, day.date(), reason, today())
    console.print(f"Revoked: {rule} of {day.date()}.", markup=False, highlight=False)
