"""The status page: what it says of good and bad mornings, and that it runs nothing it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bankcrm.errors import BlockedDate
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.checks.findings import Finding, choose_loads, choose_new, record_findings
from pipelines.cli.screens.status import print_status
from pipelines.loading.raw import open_raw
from pipelines.monitoring.status import FeedStatus, Status, TestStatus, read_status
from pipelines.monitoring.status_page import render_status_page
from pipelines.operations.runs import RunRecord, StepRecord

NOON = datetime(2024, 2, 3, 12, tzinfo=UTC)
FEED = FeedStatus(
    feed="teller.transaction",
    is_mandatory=True,
    files=9,
    last_date=date(2024, 2, 3),
    rows=152,
    last_rows=20,
    quarantined=2,
    rejected_files=1,
    last_sums=(("amount", Decimal("25575.85")),),
    nights_behind=0,
    longest_gap=1,
    loaded_at=NOON,
)


@pytest.fixture
def status(tmp_path: Path) -> Status:
    """The morning after a good night."""
    steps = (StepRecord("load", "done", 1.5, {}), StepRecord("build", "done", 12.0, {}))
    run = RunRecord(7, "refresh", NOON, NOON, "published", {}, steps)
    return replace(
        read_status(Settings(home=tmp_path)),
        version="2024-02-03-001",
        business_date=date(2024, 2, 3),
        feeds=(FEED,),
        runs=(run,),
        tests=(TestStatus("subledger_equals_general_ledger", "pass", 0),),
        ledger_lines=108,
        ledger_months=1,
    )


def test_a_good_morning_shows_feeds_sums_identities_and_run_times(status: Status) -> None:
    page = render_status_page(status)
    for words in (
        "All is well", "2024-02-03-001", "teller.transaction", "25,575.85", "on time", "matches",
        "108 lines of 1 month end", "Subledger equals general ledger", "build: 12.0 s",
    ):  # fmt: skip
        assert words in page, words


def test_a_waiting_night_says_what_to_do(status: Status) -> None:
    blocked = BlockedDate("2024-02-04 waits for teller.transaction", "Deliver `x`.")
    page = render_status_page(replace(status, blocked=blocked, next_step=blocked.remedy))
    assert "2024-02-04 waits for teller.transaction" in page
    assert "Deliver <code>x</code>." in page
    assert '<body class="waiting">' in page


def test_a_refused_rollup_asks_for_somebody_and_says_that_the_figures_are_right(
    status: Status,
) -> None:
    state = RollupState("flow.by_day", "rollup.flow", "d", 0, 0, 0, "refused", "9 <in> the fact")
    page = render_status_page(replace(status, refused_rollups=(state,)))
    assert "Waiting" in page and "All is well" not in page
    assert "Refused rollups: flow.by_day: 9 &lt;in&gt; the fact" in page


def test_entries_of_the_landing_folder_that_are_no_deliveries_are_named(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_raw(settings):
        pass
    stray = settings.landing_folder / "teller" / "teller" / "notes <1>.txt"
    stray.parent.mkdir(parents=True)
    stray.write_text("")
    status = read_status(settings)
    assert "is neither data nor control file" in status.ignored[0]
    assert status.next_step.startswith("Have it delivered again, with the right name")
    page = render_status_page(replace(status, version="2024-02-03-001"))
    assert "Waiting" in page and "notes &lt;1&gt;.txt" in page


def test_warnings_of_the_checks_are_shown_and_wait_for_nobody(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    day, rule = date(2024, 2, 3), "closed_accounts:branch.account"
    with open_raw(settings) as raw:
        for load_id, night in ((1, date(2023, 12, 1)), (2, day)):
            raw.execute(
                "insert into ops.load (load_id, source, feed, file_name, business_date, rerun,"
                " status, rows_accepted, rows_quarantined)"
                " values ($1, 'branch', 'account', 'f', $2, 0, 'loaded', 1, 0)",
                [load_id, night],
            )
        choose_loads(raw, ())
        old = Finding(rule, 1, date(2023, 12, 1), "A0 <has> 7.00", "warn")
        new = Finding(rule, 2, day, "A1 <has> 500.00", "warn")
        waived = Finding("volume:branch.account", 2, day, "many", "hold", is_waived=True)
        assert choose_new(raw, [new]) == (new,)
        record_findings(raw, [old, new, waived])
        assert choose_new(raw, [new]) == ()
    status = read_status(settings)
    assert status.warnings == (new,)
    page = render_status_page(status)
    assert "Warnings of the checks" in page and "A1 &lt;has&gt; 500.00" in page
    console = Console(file=StringIO(), width=200)
    print_status(console, settings)
    assert isinstance(console.file, StringIO)
    assert "Warning 2024-02-03 A1 <has> 500.00" in console.file.getvalue()


def test_a_failed_run_is_reported_first(status: Status) -> None:
    failed = replace(status.runs[0], outcome="failed", detail={"problem": "a test failed"})
    page = render_status_page(replace(status, runs=(failed,)))
    assert "Action required" in page and "a test failed" in page


def test_a_break_of_the_general_ledger_is_counted(status: Status) -> None:
    tests = (TestStatus("subledger_equals_general_ledger", "waived", 3),)
    assert "3 breaks" in render_status_page(replace(status, tests=tests))


@pytest.mark.parametrize(
    ("changes", "is_late"),
    [
        ({"nights_behind": 1}, True),
        ({"nights_behind": 1, "is_mandatory": False}, False),
        ({"nights_behind": 2, "is_mandatory": False}, True),
        ({"nights_behind": 9, "is_mandatory": False, "files": 2}, False),
    ],
)
def test_a_feed_is_late_by_its_own_habit(changes: dict[str, int], is_late: bool) -> None:
    assert replace(FEED, **changes).is_late is is_late  # type: ignore[arg-type]


def test_what_the_page_shows_is_inert_text(status: Status) -> None:
    attack = "<script>alert(1)</script>"
    run = replace(status.runs[0], outcome="failed", detail={"problem": attack})
    page = render_status_page(replace(status, runs=(run,), next_step=attack, version=attack))
    assert attack not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", ""), "nothing is fetched from elsewhere"
