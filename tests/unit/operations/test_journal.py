"""The journal: every run leaves its trace, and no trace is ever changed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from bankcrm.errors import FailedBuild
from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached, reach
from bankcrm.settings import Settings
from pipelines.operations.journal import Journal
from pipelines.operations.runs import begin_run, find_run, list_runs, run_log


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_a_run_keeps_its_steps_figures_and_seconds(settings: Settings) -> None:
    with begin_run(settings, "refresh") as run:
        with run.step("load") as figures:
            figures["files"] = 3
        run.outcome = "published"
        run.detail = {"version": "v1"}
    (record,) = list_runs(Journal(settings.home))
    assert (record.run_id, record.outcome, record.detail) == (1, "published", {"version": "v1"})
    (step,) = record.steps
    assert (step.name, step.outcome, step.detail) == ("load", "done", {"files": 3})
    assert step.seconds is not None
    lines = [json.loads(line) for line in run_log(settings, 1).read_text().splitlines()]
    assert [line["event"] for line in lines] == [
        "run_started", "step_started", "step_finished", "run_finished",
    ]  # fmt: skip


def test_a_failed_step_keeps_problem_and_remedy(settings: Settings) -> None:
    with (
        pytest.raises(FailedBuild),
        begin_run(settings, "refresh") as run,
        run.step("build"),
    ):
        raise FailedBuild("a test failed", "fix it")
    record = find_run(settings, 1)
    assert (record.outcome, record.detail["remedy"]) == ("failed", "fix it")
    assert record.detail["exit_code"] == 5
    assert record.steps[0].outcome == "failed"


def test_a_run_that_was_killed_is_called_interrupted_by_the_next_one(settings: Settings) -> None:
    journal = Journal(settings.home)
    journal.append("run_started", "refresh", 1)
    journal.append("step_started", "build", 1)
    with begin_run(settings, "refresh"):
        pass
    first, second = list_runs(journal)
    assert (first.outcome, first.steps[0].outcome) == ("interrupted", "cut short")
    assert (second.run_id, second.outcome) == (2, "done")


@pytest.mark.parametrize(
    "statement",
    ["update event set name = 'other'", "delete from event", "delete from event where 1"],
)
def test_the_journal_is_append_only(settings: Settings, statement: str) -> None:
    journal = Journal(settings.home)
    journal.append("rolled_back", "v1")
    with (
        sqlite3.connect(journal.path) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(statement)
    assert [event.name for event in journal.read()] == ["v1"]


def test_a_failpoint_stops_only_at_its_place_and_only_with_permission(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PLACE, "publish:before:error")
    reach("publish:before")
    monkeypatch.setenv(PERMISSION, "1")
    reach("publish:after")
    with pytest.raises(FailpointReached):
        reach("publish:before")
