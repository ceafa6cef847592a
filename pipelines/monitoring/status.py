"""Everything an operator asks in the morning, collected once: for the screen and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Literal, NamedTuple

import duckdb

from bankcrm.clock import now, today
from bankcrm.errors import BankcrmError, BlockedDate, Busy, DamagedVersion
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import check_size
from bankcrm.warehouse.rollup_states import REFUSED_REMEDY, RollupState, read_rollups
from bankcrm.warehouse.versions import current_version, list_versions, open_published, version_file
from pipelines.checks.findings import Finding, list_warnings
from pipelines.checks.waivers import Waiver, list_waivers
from pipelines.contracts.contract import load_contracts
from pipelines.landing.folder import IGNORED_REMEDY, find_deliveries
from pipelines.loading.complete_through import explain_incomplete_date
from pipelines.loading.deadlines import StaleFeed, list_stale_feeds
from pipelines.loading.load_plan import plan_loads
from pipelines.loading.quarantine import NulledFields, list_nulled_fields
from pipelines.loading.raw import open_raw
from pipelines.operations.audit_check import AuditCheck, check_audit_log
from pipelines.operations.journal import Journal
from pipelines.operations.last_success import Success, read_success
from pipelines.operations.runs import RunRecord, read_runs
from pipelines.publishing.hold import Hold, read_hold

Health = Literal["good", "waiting", "bad"]
MOST_RUNS = 12
MOST_NULLED = 12
"""Files and rules for which optional fields that were left empty are shown."""
FILES_OF_A_HABIT = 6
FEEDS = """
with delivered as (
    select source || '.' || feed as feed, business_date, rows_accepted, rows_quarantined, load_id,
        business_date - lag(business_date) over (
            partition by source, feed order by business_date
        ) as gap
    from ops.active_load
),
rejected as (
    select source || '.' || feed as feed, count(*) as files
    from ops.load where status = 'rejected' group by all
),
totals as (
    select load_id, list((label, accepted) order by label) as sums from ops.load_total group by all
)
select feed, count(*), max(business_date), sum(rows_accepted)::bigint,
    arg_max(rows_accepted, business_date), sum(rows_quarantined)::bigint,
    any_value(coalesce(rejected.files, 0)), arg_max(sums, business_date),
    (select max(business_date) from ops.active_load) - max(business_date),
    coalesce(max(gap), 0), (select max(loaded_at) from ops.load where load_id = max(d.load_id))
from delivered as d
left join rejected using (feed)
left join totals using (load_id)
group by feed order by feed"""


@dataclass(frozen=True)
class FeedStatus:
    """How one feed stands. ``last_rows`` and ``last_sums`` are those of its last delivery;
    ``nights_behind`` counts business dates since then, ``longest_gap`` its longest pause."""

    feed: str
    is_mandatory: bool
    files: int
    last_date: date
    rows: int
    last_rows: int
    quarantined: int
    rejected_files: int
    last_sums: tuple[tuple[str, Decimal], ...]
    nights_behind: int
    longest_gap: int
    loaded_at: datetime

    @property
    def is_late(self) -> bool:
        """Whether it is due every night, or has been silent for longer than ever before.

        The habit of an optional feed is not known before it was delivered a few times.
        """
        if self.is_mandatory:
            return self.nights_behind > 0
        return self.files >= FILES_OF_A_HABIT and self.nights_behind > self.longest_gap


@dataclass(frozen=True)
class VersionStatus:
    """One version on the disk; ``problem`` says why it cannot be read."""

    name: str
    is_published: bool
    bytes: int
    problem: str | None


@dataclass(frozen=True)
class TestStatus:
    """One identity of the bank as the published version's build found it."""

    __test__ = False
    name: str
    status: str
    failures: int


@dataclass(frozen=True)
class Status:
    """The state of a home at one moment.

    ``feeds`` is None while a refresh holds the raw database; ``ledger_lines`` and
    ``ledger_months`` state how much of the general ledger the subledger was compared with;
    ``ignored`` are entries of the landing folder that are no deliveries, and why; ``warnings`` are
    recent findings of the checks that hold nothing back; ``nulled_fields`` are optional fields
    that were left empty, of the newest files.
    """

    asked_at: datetime
    version: str | None
    business_date: date | None
    problem: str | None
    versions: tuple[VersionStatus, ...]
    tests: tuple[TestStatus, ...]
    ledger_lines: int
    ledger_months: int
    refused_rollups: tuple[RollupState, ...]
    feeds: tuple[FeedStatus, ...] | None
    stale: tuple[StaleFeed, ...]
    waiting_nights: int
    blocked: BlockedDate | None
    ignored: tuple[str, ...]
    warnings: tuple[Finding, ...]
    nulled_fields: tuple[NulledFields, ...]
    runs: tuple[RunRecord, ...]
    waivers: tuple[Waiver, ...]
    last_success: Success | None
    hold: Hold | None
    audit: AuditCheck
    next_step: str

    @property
    def health(self) -> Health:
        """``good``, ``waiting`` (a person or a file is awaited) or ``bad``."""
        last = self.runs[0].outcome if self.runs else "done"
        if self.problem or self.audit.problem or last in ("failed", "interrupted", "stopped"):
            return "bad"
        waits = self.blocked or self.hold or self.stale or self.refused_rollups or self.ignored
        return "waiting" if waits or self.version is None else "good"


class _Raw(NamedTuple):
    """What landing folder and raw database say; ``feeds`` is None while a refresh holds them."""

    feeds: tuple[FeedStatus, ...] | None
    stale: tuple[StaleFeed, ...]
    waiting_nights: int
    blocked: BlockedDate | None
    ignored: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()
    nulled_fields: tuple[NulledFields, ...] = ()


def read_status(settings: Settings, wait_seconds: float = 0.0) -> Status:
    """Collect the state of a home.

    Args:
        settings: where everything lies.
        wait_seconds: how long to wait for the raw database when another process holds it.
    """
    journal = Journal(settings.home)
    version, problem = _find_version(settings)
    business_date, tests, ledger, refused = _read_version(settings, version)
    versions = _read_versions(settings, version)
    feeds, stale, waiting, blocked, ignored, warnings, nulled = _read_raw(settings, wait_seconds)
    runs = tuple(reversed(read_runs(settings, MOST_RUNS)))
    hold, audit = read_hold(settings), check_audit_log(settings)
    return Status(
        asked_at=now(),
        version=version,
        business_date=business_date,
        problem=problem.problem if problem else None,
        versions=tuple(versions),
        tests=tests,
        ledger_lines=ledger[0],
        ledger_months=ledger[1],
        refused_rollups=refused,
        feeds=feeds,
        stale=stale,
        waiting_nights=waiting,
        blocked=blocked,
        ignored=ignored,
        warnings=warnings,
        nulled_fields=nulled,
        runs=runs,
        waivers=tuple(list_waivers(journal, today())),
        last_success=read_success(settings),
        hold=hold,
        audit=audit,
        next_step=next(
            chain(
                _find_step_now(problem, feeds),
                _find_step_after(runs[0]) if runs else (),
                [audit.remedy] if audit.problem else (),
                _find_step_for_nights(blocked, waiting),
                _find_step_after_rollback(versions, hold),
                _find_step_for_stale_feeds(stale),
                [IGNORED_REMEDY] if ignored else (),
                [REFUSED_REMEDY] if refused else (),
            ),
            "Nothing: every delivery is loaded.",
        ),
    )


def _find_version(settings: Settings) -> tuple[str | None, DamagedVersion | None]:
    try:
        version = current_version(settings)
        if version is not None:
            check_size(version_file(settings, version))
    except DamagedVersion as error:
        return None, error
    return version, None


def _read_version(
    settings: Settings, version: str | None
) -> tuple[date | None, tuple[TestStatus, ...], tuple[int, int], tuple[RollupState, ...]]:
    """Business date, identities, extent of the general ledger and refused rollups of a version."""
    if version is None:
        return None, (), (0, 0), ()
    with open_published(settings, version) as connection:
        row = connection.execute("select business_date from meta.version").fetchone()
        tests = _query(connection, "test", "select name, status, failures from meta.test")
        query = "select count(*), count(distinct month_end_date) from marts.fct_gl_balance"
        ledger = _query(connection, "fct_gl_balance", query) or [(0, 0)]
        rollups = read_rollups(connection).values()
    found = tuple(TestStatus(*test) for test in sorted(tests))
    refused = tuple(state for state in rollups if state.state == "refused")
    return (row[0] if row else None), found, ledger[0], refused


def _query(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> list[tuple]:  # type: ignore[type-arg]
    """Rows of a query on a table that versions of an earlier project may lack."""
    known = connection.execute(
        "select 1 from duckdb_tables() where table_name = $1", [table]
    ).fetchone()
    return connection.execute(query).fetchall() if known else []


def _read_versions(settings: Settings, published: str | None) -> list[VersionStatus]:
    found = []
    for name in reversed(list_versions(settings)):
        path, problem = version_file(settings, name), None
        try:
            check_size(path)
        except DamagedVersion as error:
            problem = error.problem
        found.append(VersionStatus(name, name == published, path.stat().st_size, problem))
    return found


def _read_raw(settings: Settings, wait_seconds: float) -> _Raw:
    if not settings.raw_file.exists():
        return _Raw((), (), 0, None, ())
    found = find_deliveries(settings)
    try:
        with open_raw(settings, wait_seconds, with_vault=False) as connection:
            rows = connection.execute(FEEDS).fetchall()
            plan = plan_loads(connection, found.deliveries)
            blocked = plan.blocked or explain_incomplete_date(connection)
            stale = tuple(list_stale_feeds(connection))
            warnings = tuple(list_warnings(connection))
            nulled = tuple(list_nulled_fields(connection, limit=MOST_NULLED))
    except Busy:
        return _Raw(None, (), 0, None, ())
    contracts = load_contracts()
    feeds = [_read_feed(row, contracts[row[0]].mandatory) for row in rows if row[0] in contracts]
    return _Raw(tuple(feeds), stale, len(plan.dates), blocked, found.problems, warnings, nulled)


def _read_feed(row: Sequence, is_mandatory: bool) -> FeedStatus:  # type: ignore[type-arg]
    feed, files, last, rows, last_rows, quarantined, rejected, sums, behind, gap, loaded_at = row
    return FeedStatus(
        feed=feed,
        is_mandatory=is_mandatory,
        files=files,
        last_date=last,
        rows=rows,
        last_rows=last_rows,
        quarantined=quarantined,
        rejected_files=rejected,
        last_sums=tuple((label, amount) for label, amount in sums or ()),
        nights_behind=behind,
        longest_gap=gap,
        loaded_at=loaded_at,
    )


def _find_step_now(
    problem: BankcrmError | None, feeds: Sequence[FeedStatus] | None
) -> Iterator[str]:
    """What cannot wait: readers without an intact version, or a refresh that is running."""
    if problem is not None:
        yield problem.remedy
    if feeds is None:
        yield "A refresh is running: wait until it has finished."


def _find_step_after(run: RunRecord) -> Iterator[str]:
    """What a run that did not come to its end asks for."""
    if run.outcome == "failed":
        yield str(run.detail.get("remedy") or "Read the log of the last run.")
    if run.outcome in ("interrupted", "stopped"):
        yield "The last run was cut short. Run `bankcrm refresh`: it goes on from what is whole."


def _find_step_for_nights(blocked: BlockedDate | None, waiting: int) -> Iterator[str]:
    """What nights that are not published yet ask for."""
    if blocked is not None:
        yield blocked.remedy
    if waiting:
        yield f"Business dates that wait: {waiting}. Run `bankcrm refresh`."


def _find_step_for_stale_feeds(stale: Sequence[StaleFeed]) -> Iterator[str]:
    """What feeds ask for that nights were built without."""
    for feed in stale:
        yield f"Have {feed.feed} delivered from {feed.since} on, then run `bankcrm refresh`."


def _find_step_after_rollback(
    versions: Sequence[VersionStatus], hold: Hold | None
) -> Iterator[str]:
    """What a published version that is not the newest asks for; versions come newest first."""
    if hold is not None:
        yield (
            "Fix what was wrong with the newer version, or prove it right. Then"
            " `bankcrm rollback --release --reason WHY` and `bankcrm refresh`."
        )
    if versions and not versions[0].is_published:
        yield (
            f"Readers are back on an earlier version than {versions[0].name}. Fix what was wrong"
            " with it; the next `bankcrm refresh` builds upon the earlier one."
        )
