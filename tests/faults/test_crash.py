"""Crashes: whatever stops a refresh, readers keep one whole version, and the next run ends as if
nothing had happened."""

from __future__ import annotations

import os
import signal
import time

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, list_versions
from pipelines.loading.raw import open_raw
from pipelines.monitoring.status import read_status
from pipelines.operations.audit_check import check_audit_log
from pipelines.operations.journal import Journal
from pipelines.operations.lock import hold_lock
from pipelines.operations.runs import list_runs
from pipelines.publishing.publish import point_to
from tests.faults.homes import (
    fingerprints,
    is_running,
    run_refresh,
    start_refresh,
    wait_for_dbt,
)

KILLED = -signal.SIGKILL
OLD, NEW = "2024-02-02-001", "2024-02-03-001"
BEFORE_PUBLISHING = (
    "receive:before", "receive:after", "load:before", "load:after", "verify:before",
    "verify:after", "build:before", "build:after", "rollup:built", "check:before", "check:after",
    "publish:before", "publish:described", "publish:moved",
)  # fmt: skip
ONCE_PUBLISHED = ("publish:pointed", "publish:after")
AFTERWARDS = ("export:before", "export:after", "clean:before", "clean:after")


def test_kill_9_at_every_step_boundary_and_between_rename_pointer_and_ledger(
    waiting_bank: Settings, published_bank: Settings, undisturbed: Settings
) -> None:
    """One night, killed at one place after the other; each run goes on where it is whole."""
    old, new = fingerprints(published_bank), fingerprints(undisturbed)
    for place in BEFORE_PUBLISHING:
        kill_at(waiting_bank, place)
        assert (current_version(waiting_bank), fingerprints(waiting_bank)) == (OLD, old), place
    for place in ONCE_PUBLISHED:
        point_to(waiting_bank, OLD)
        kill_at(waiting_bank, place)
        assert (current_version(waiting_bank), fingerprints(waiting_bank)) == (NEW, new), place
    for place in AFTERWARDS:
        kill_at(waiting_bank, place)
        assert (current_version(waiting_bank), fingerprints(waiting_bank)) == (NEW, new), place

    exit_code, screen = run_refresh(waiting_bank)
    assert exit_code == 0, screen
    assert fingerprints(waiting_bank) == new
    assert list_versions(waiting_bank) == [OLD, NEW]
    runs = list_runs(Journal(waiting_bank.home))[1:]
    assert [run.outcome for run in runs] == ["interrupted"] * 20 + ["nothing new"]
    figures = [step.detail for run in runs for step in run.steps if step.name == "build"]
    built = sum(not detail.get("taken_up", True) for detail in figures)
    assert built == 2, "once, and once more because the rollups were half written"


def kill_at(settings: Settings, place: str) -> None:
    exit_code, screen = run_refresh(settings, failpoint=place)
    assert exit_code == KILLED, f"{place}: {screen}"


def test_the_failpoints_are_not_honoured_without_permission(bank: Settings) -> None:
    exit_code, screen = run_refresh(bank, BANKCRM_FAILPOINT="receive:before")
    assert exit_code == 0, screen


def test_the_dbt_child_killed_its_parent_killed_and_sigterm(
    waiting_bank: Settings, published_bank: Settings
) -> None:
    before = fingerprints(published_bank)

    process = start_refresh(waiting_bank)
    os.kill(wait_for_dbt(process), signal.SIGKILL)
    screen, _ = process.communicate()
    assert process.returncode == 5, screen
    assert "dbt build failed" in screen

    process = start_refresh(waiting_bank)
    child = wait_for_dbt(process)
    process.kill()
    process.communicate()
    wait_until_gone(child)
    with open_raw(waiting_bank):
        "nobody holds the raw database any more"

    process = start_refresh(waiting_bank)
    child = wait_for_dbt(process)
    process.terminate()
    screen, _ = process.communicate()
    assert process.returncode == 143, screen
    assert "Stopped by SIGTERM" in screen
    assert not is_running(child)

    assert fingerprints(waiting_bank) == before
    outcomes = [run.outcome for run in list_runs(Journal(waiting_bank.home))[1:]]
    assert outcomes == ["failed", "interrupted", "stopped"]


def wait_until_gone(process_id: int, seconds: float = 10.0) -> None:
    last_moment = time.monotonic() + seconds
    while is_running(process_id):
        assert time.monotonic() < last_moment, "dbt outlived its parent"
        time.sleep(0.05)


def test_with_current_missing_the_next_refresh_builds_and_publishes_again(bank: Settings) -> None:
    """What readers are told meanwhile is in test_published_files."""
    (bank.published_folder / "CURRENT").unlink()
    exit_code, screen = run_refresh(bank, failpoint="build:before:error")
    assert exit_code == 1, screen
    assert "Stopped on purpose at build:before" in screen


def test_two_refreshes_the_second_ends_with_exit_code_6_and_touches_nothing(
    waiting_bank: Settings, published_bank: Settings
) -> None:
    with hold_lock(waiting_bank.home):
        exit_code, screen = run_refresh(waiting_bank)
    assert exit_code == 6, screen
    assert f"is running (process {os.getpid()})" in screen and "Wait for it to finish" in screen
    assert fingerprints(waiting_bank) == fingerprints(published_bank)
    assert len(list_runs(Journal(waiting_bank.home))) == 1, "it is no run of its own"


def test_the_clock_set_back_by_years_changes_no_version_and_no_order_of_runs(
    undisturbed: Settings,
) -> None:
    """The ninth night was refreshed in 2001; every test that compares with it proves its tables."""
    assert current_version(undisturbed) == NEW
    runs = list_runs(Journal(undisturbed.home))
    assert [(run.run_id, run.outcome) for run in runs] == [(1, "published"), (2, "published")]
    assert [run.started_at.year == 2001 for run in runs] == [False, True]
    assert check_audit_log(undisturbed).problem is None
    assert read_status(undisturbed).health == "good"


def test_a_lost_journal_stops_no_refresh(bank: Settings) -> None:
    Journal(bank.home).path.unlink()
    exit_code, screen = run_refresh(bank)
    assert exit_code == 0, screen
    assert "Nothing new to publish" in screen
