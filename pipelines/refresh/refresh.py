"""The nightly refresh: load what was delivered, build and check the star, publish it.

Named steps, each safe to repeat: receive, load, verify, link, build, rollup, check, publish,
export, clean. Each returns what it found, and the report is folded from that. A file is checked and
stored in one transaction, so its check is part of ``load``; ``verify`` compares what was loaded
with the weeks before; ``link`` finds who is one customer. A run that is cut short leaves the
published version alone, and the next run takes up what is whole: loaded files, and a finished
build.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bankcrm.clock import today
from bankcrm.disk import named_disk_full, require_space
from bankcrm.errors import DiskFull
from bankcrm.settings import Settings
from pipelines.checks.waivers import list_waivers
from pipelines.loading.raw import open_raw
from pipelines.monitoring.alerts import alert_about_error, alert_about_run
from pipelines.monitoring.status_page import write_status_page
from pipelines.operations.last_success import note_success
from pipelines.operations.lock import hold_lock
from pipelines.operations.runs import Run, begin_run
from pipelines.parameters.seeds import SEEDS_FOLDER
from pipelines.parameters.validity import check_parameters
from pipelines.refresh.build_step import Built, build, order_build
from pipelines.refresh.context import RefreshContext
from pipelines.refresh.link_step import link
from pipelines.refresh.load_step import load
from pipelines.refresh.publish_step import Publication, check_build, publish_build, tidy_up
from pipelines.refresh.receive_step import receive
from pipelines.refresh.report import RefreshReport, describe_report, fold_report
from pipelines.refresh.verify_step import verify
from pipelines.refresh.waiting import Clock, MachineClock, wait_for_deliveries
from pipelines.refresh.watcher import NullWatcher, Watcher


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
        wait: wait for the feeds of the business date until their deadlines.
        watcher: receives each delivery and each dbt node.
        clock: the time, for deadlines; that of the machine unless given.

    Returns:
        What happened; rejected deliveries and blocked business dates are in it, not raised.

    Raises:
        Busy: another refresh is at work.
        InvalidParameters: validities of parameters contradict each other; nothing was loaded.
        FailedBuild: a model or a test failed; the published version stays.
        DiskFull: there is no room for the next step; the published version stays.
    """
    watcher, clock = watcher or NullWatcher(), clock or MachineClock()
    if wait:
        wait_for_deliveries(settings, clock, watcher)
    with hold_lock(settings.home), _followed_run(settings) as run:
        check_parameters(SEEDS_FOLDER)
        waivers = tuple(list_waivers(run.journal, today()))
        context = RefreshContext(settings, run, watcher, waivers, clock, has_waited=wait)
        report = _run_steps(context, one_night=one_night)
        run.outcome, run.detail = report.outcome, describe_report(report)
        if report.exit_code == 0:
            note_success(settings, run.run_id, report.version)
        return report


def _run_steps(context: RefreshContext, *, one_night: bool) -> RefreshReport:
    """Every step in order, each given what the steps before it returned."""
    with open_raw(context.settings) as connection:
        received = receive(context, connection, one_night=one_night)
        loaded = load(context, connection, received.plan)
        verified = verify(context, connection, received.plan.blocked)
        is_buildable = verified.business_date is not None
        linked = link(context, connection, verified.base) if is_buildable else None
    order = order_build(verified, linked)
    built: Built | None = None
    publication: Publication | None = None
    if order is not None:
        built = build(context, order)
        version = built.build.version
        check_build(context, version)
        publication = publish_build(context, version, order.business_date, received.ignored)
    tidy_up(context, keeps_build=publication is not None and publication.held is not None)
    return fold_report(
        context.run.run_id,
        received=received,
        loaded=loaded,
        verified=verified,
        linked=linked,
        built=built,
        publication=publication,
    )


@contextmanager
def _followed_run(settings: Settings) -> Iterator[Run]:
    """A run that ends in the journal, on the status page and, where it failed, in an alert."""
    run_id = 0
    try:
        require_space(settings.home, settings.disk_reserve_bytes, "A refresh")
        with named_disk_full("the refresh"), begin_run(settings, "refresh") as run:
            run_id = run.run_id
            yield run
    except DiskFull as error:
        # There may have been no room for the journal either: the alert does without it.
        alert_about_error(settings, error)
        raise
    except Exception:
        alert_about_run(settings, run_id)
        raise
    else:
        alert_about_run(settings, run_id)
    finally:
        write_status_page(settings)
