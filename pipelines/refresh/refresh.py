"""The nightly refresh: load what was delivered, build and check the star, publish it.

Named steps, each safe to repeat: receive, load, verify, link, build, rollup, check, publish,
export, clean. A file is judged and stored in one transaction, so its verdict is part of ``load``;
``verify`` is about what was loaded, next to the weeks before; ``link`` finds who is one customer. A
run that is cut short leaves the published version alone, and the next run takes up what is whole:
loaded files, and a finished build.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bankcrm.clock import today
from bankcrm.disk import named_disk_full, require_space
from bankcrm.errors import DiskFull
from bankcrm.settings import Settings
from pipelines.checks.waivers import list_waivers
from pipelines.monitoring.alerts import (
    alert_about_error,
    alert_about_run,
)
from pipelines.monitoring.status_page import write_status_page
from pipelines.operations.last_success import note_success
from pipelines.operations.lock import hold_lock
from pipelines.operations.runs import Run, begin_run
from pipelines.parameters.seeds import SEEDS_FOLDER
from pipelines.parameters.validity import check_parameters
from pipelines.publishing.parquet import write_exports
from pipelines.publishing.publish import (
    prune,
    remove_build,
)
from pipelines.refresh.build_and_publish import build_and_publish
from pipelines.refresh.report import (
    Nobody,
    RefreshReport,
    Watcher,
    describe_report,
)
from pipelines.refresh.run import Refresh
from pipelines.refresh.take_in import take_in
from pipelines.refresh.waiting import Clock, MachineClock, wait_for_deliveries


def refresh(
    settings: Settings,
    *,
    one_night: bool = False,
    wait: bool = False,
    watcher: Watcher | None = None,
    clock: Clock | None = None,
) -> RefreshReport:
    """Take every waiting business date from the landing folder to a published version.

    Args:
        settings: where everything lies.
        one_night: stop after the next waiting business date.
        wait: wait for the feeds of the night until their deadlines.
        watcher: told of each delivery and each dbt node.
        clock: the time, for deadlines; that of the machine unless given.

    Returns:
        What happened; rejected deliveries and blocked nights are in it, not raised.

    Raises:
        Busy: another refresh is at work.
        InvalidParameters: validities of parameters contradict each other; nothing was loaded.
        FailedBuild: a model or a test failed; the published version stays.
        DiskFull: there is no room for the next step; the published version stays.
    """
    report, watcher, clock = RefreshReport(), watcher or Nobody(), clock or MachineClock()
    if wait:
        wait_for_deliveries(settings, clock, watcher)
    with hold_lock(settings.home), _followed_run(settings, report) as run:
        check_parameters(SEEDS_FOLDER)
        waivers = list_waivers(run.journal, today())
        work = Refresh(settings, run, report, watcher, waivers, clock, wait)
        base = take_in(work, one_night)
        if report.refresh_from is not None:
            build_and_publish(work, base)
        _tidy_up(work)
    return report


@contextmanager
def _followed_run(settings: Settings, report: RefreshReport) -> Iterator[Run]:
    """A run that ends in the journal, on the status page and, where it failed, in an alert."""
    try:
        require_space(settings.home, settings.disk_reserve_bytes, "A refresh")
        with named_disk_full("the refresh"), begin_run(settings, "refresh") as run:
            report.run_id = run.run_id
            yield run
            run.outcome = report.outcome
            run.detail = describe_report(report)
            if report.exit_code == 0:
                note_success(settings, run.run_id, report.version)
    except DiskFull as error:
        # There may have been no room for the journal either: this is told without it.
        alert_about_error(settings, error)
        raise
    except Exception:
        alert_about_run(settings, report.run_id)
        raise
    else:
        alert_about_run(settings, report.run_id)
    finally:
        write_status_page(settings)


def _tidy_up(work: Refresh) -> None:
    """Steps export and clean: what others read of the run, and what nobody needs any more."""
    with work.run.step("export") as figures:
        figures["tables"] = write_exports(work.settings)
    with work.run.step("clean") as figures:
        if work.report.held is None:
            remove_build(work.settings)
        figures["removed"] = prune(work.settings)
