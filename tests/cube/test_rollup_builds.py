"""Rollups are built inside a version, compared with their facts, and refused where they differ."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from rich.console import Console
from starlette.testclient import TestClient

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.rollup_states import RollupState, read_rollups
from cube.compiler.definition import PreAggregation
from cube.compiler.rollup import Rollup
from cube.rollups.build import (
    build_rollups,
    fill_rollup,
    find_partition,
    judge_rollup,
    list_rollups,
)
from cube.server.app import create_app
from pipelines.cli.screens.rollups import print_rollups

JUNE = date(2024, 6, 28)
MARTS = PROJECT_FOLDER / "models" / "marts" / "facts"
QUERY = {
    "measures": ["transactions.amount", "transactions.transaction_count"],
    "timeDimensions": [{"dimension": "transactions.value_date", "granularity": "month"}],
}


@pytest.fixture(scope="module")
def rollups() -> dict[str, Rollup]:
    return {rollup.name: rollup for rollup in list_rollups()}


@pytest.fixture
def built(home: Settings) -> Path:
    """The file of a version of the test's own, before it has rollups."""
    return home.published_folder / "v1.duckdb"


@pytest.fixture
def open_file(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built)) as connection:
        connection.execute("create schema rollup")
        yield connection


def build(settings: Settings, rollups: dict[str, Rollup], since: date = JUNE) -> list[RollupState]:
    path = settings.published_folder / "v1.duckdb"
    return build_rollups(settings, path, since, rollups.values())


def change(settings: Settings, statement: str) -> None:
    with duckdb.connect(str(settings.published_folder / "v1.duckdb")) as connection:
        connection.execute(statement)


def fingerprints(settings: Settings) -> dict[str, tuple[int, int]]:
    path = settings.published_folder / "v1.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return fingerprint_tables(connection, ("rollup",))


def load(settings: Settings) -> dict[str, Any]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as http:
        answer = http.post("/cubejs-api/v1/load", json={"query": QUERY})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_touched_partitions_built_anew_equal_a_build_from_nothing(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    build(home, rollups)
    before = fingerprints(home)
    assert set(before) == {rollup.table for rollup in rollups.values()}
    for statement in (
        "update marts.fct_transaction set amount = amount + 1.01, branch_key = 2 "
        "where value_date >= '2024-05-20'",
        "delete from marts.fct_transaction where value_date = '2024-06-01'",
        "update marts.fct_account_monthly set end_balance = 0 where month_end_date = '2024-06-30'",
    ):
        change(home, statement)
    states = build(home, rollups, since=date(2024, 5, 20))
    assert {state.state for state in states} == {"ready"}
    incremental = fingerprints(home)
    change(home, "drop schema rollup cascade; drop table meta.rollup")
    build(home, rollups, since=date(2024, 5, 20))
    assert incremental == fingerprints(home) != before


def test_a_partition_that_the_night_did_not_touch_is_kept(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    build(home, rollups)
    change(home, "update rollup.transaction__by_month set debit_credit = 'kept'")
    build(home, rollups, since=JUNE)
    with duckdb.connect(str(home.published_folder / "v1.duckdb"), read_only=True) as connection:
        kept = connection.execute(
            "select max(value_date) from rollup.transaction__by_month where debit_credit = 'kept'"
        ).fetchone()
    assert kept == (date(2024, 5, 1),)


def amount_type(settings: Settings) -> str:
    with duckdb.connect(str(settings.published_folder / "v1.duckdb"), read_only=True) as connection:
        kinds = connection.execute("describe rollup.transaction__by_month").fetchall()
    return next(str(kind) for name, kind, *_ in kinds if name == "amount")


@pytest.mark.parametrize("is_built_before", [True, False])
def test_sums_are_stored_in_64_bits_unless_one_does_not_fit(
    home: Settings, rollups: dict[str, Rollup], is_built_before: bool
) -> None:
    if is_built_before:
        build(home, rollups)
        assert amount_type(home) == "DECIMAL(18,2)"
    change(
        home,
        "update marts.fct_transaction set amount = 9000000000000000.01, net_amount = amount "
        "where value_date = '2024-06-03'",
    )
    states = build(home, rollups, since=date(2024, 6, 1))
    assert {state.state for state in states} == {"ready"}
    assert amount_type(home) == "DECIMAL(38,2)"
    used = load(home)
    assert used["usedPreAggregations"]
    change(home, "drop schema rollup cascade; drop table meta.rollup")
    assert load(home)["data"] == used["data"]


@pytest.mark.parametrize(
    ("harm", "reported"),
    [
        ("update {table} set amount = amount + 0.01 where value_date = '2024-03-01' "
         "and amount = (select max(amount) from {table} where value_date = '2024-03-01')",
         "amount of 2024-03-01: "),
        ("update {table} set fact_rows = fact_rows + 1 where value_date = '2024-03-01'",
         "rows of 2024-03-01: "),
        ("delete from {table} where value_date = '2024-02-01'", "in the fact, None in the"),
        ("insert into {table} (value_date, fact_rows) values ('2025-01-01', 1)",
         "rows of 2025-01-01: None in the fact, 1 in the rollup"),
        ("delete from {table}", "it is empty, its fact holds 400 rows"),
        ("update {table} set largest_amount = 0 where value_date = '2024-03-01'",
         "largest_amount of 2024-03-01: "),
        ("alter table {table} alter amount type double", "amount is a double"),
    ],
)  # fmt: skip
def test_a_rollup_with_a_changed_number_is_refused_with_the_reason(
    open_file: duckdb.DuckDBPyConnection, rollups: dict[str, Rollup], harm: str, reported: str
) -> None:
    rollup = rollups["transaction.by_month"]
    fill_rollup(open_file, rollup, None)
    assert judge_rollup(open_file, rollup).state == "ready"
    open_file.execute(harm.format(table=rollup.table))
    state = judge_rollup(open_file, rollup)
    assert state.state == "refused"
    assert reported in str(state.reason)


def test_a_changed_distinct_count_is_refused(
    open_file: duckdb.DuckDBPyConnection, rollups: dict[str, Rollup]
) -> None:
    rollup = rollups["transaction.customers_by_month"]
    fill_rollup(open_file, rollup, None)
    open_file.execute(
        f"update {rollup.table} set customer_count = 5 where value_date = '2024-03-01'"
    )
    assert "1 groups are counted otherwise" in str(judge_rollup(open_file, rollup).reason)


def test_a_refused_rollup_is_gone_told_and_answered_for_by_its_fact(
    home: Settings, rollups: dict[str, Rollup], caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody touched must be as it was: an old number that changed is found every night."""
    build(home, rollups)
    expected = load(home)["data"]
    change(home, "update rollup.transaction__by_month set amount = 7 "
                 "where value_date = '2024-02-01'")  # fmt: skip
    with caplog.at_level(logging.ERROR):
        states = {state.name: state for state in build(home, rollups)}
    assert states["transaction.by_month"].state == "refused"
    assert "rollup transaction.by_month is refused" in caplog.text
    assert rollups["transaction.by_month"].table not in fingerprints(home)
    answer = load(home)
    assert rollups["transaction.by_month"].table not in answer["usedPreAggregations"]
    assert answer["data"] == expected

    assert {state.state for state in build(home, rollups)} == {"ready"}, "built anew"
    assert load(home)["data"] == expected


def test_an_empty_fact_has_an_empty_rollup_and_the_answer_of_the_fact(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    change(home, "delete from marts.fct_transaction")
    states = {state.name: state for state in build(home, rollups)}
    state = states["transaction.by_month"]
    assert (state.state, state.rows, state.fact_rows) == ("ready", 0, 0)
    assert load(home)["data"] == []


def test_a_rollup_of_another_definition_answers_nothing_and_is_built_anew(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    build(home, rollups)
    change(home, "update meta.rollup set digest = 'older' where name = 'transaction.by_month'; "
                 "update rollup.transaction__by_month set debit_credit = 'older'")  # fmt: skip
    assert rollups["transaction.by_month"].table not in load(home)["usedPreAggregations"]
    build(home, rollups)
    with duckdb.connect(str(home.published_folder / "v1.duckdb"), read_only=True) as connection:
        old = "select count(*) from rollup.transaction__by_month where debit_credit = 'older'"
        assert connection.execute(old).fetchone() == (0,)


def test_a_rollup_that_left_the_model_leaves_the_version(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    build(home, rollups)
    build(home, {"flow.by_day": rollups["flow.by_day"]})
    assert set(fingerprints(home)) == {"rollup.flow__by_day"}
    with duckdb.connect(str(home.published_folder / "v1.duckdb"), read_only=True) as connection:
        assert set(read_rollups(connection)) == {"flow.by_day"}


def test_a_rollup_that_cannot_be_built_stops_no_other(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    broken = replace(rollups["flow.by_day"], fact="marts.gone")
    states = build(home, {**rollups, "flow.by_day": broken})
    refused = [(s.name, s.reason) for s in states if s.state == "refused"]
    assert [name for name, _ in refused] == ["flow.by_day"]
    assert "it could not be built" in str(refused[0][1])


def test_a_version_without_rollups_is_answered_from_its_facts(home: Settings) -> None:
    """Such as one that an analyst built with dbt alone."""
    answer = load(home)
    assert "usedPreAggregations" not in answer
    assert len(answer["data"]) == 8


def test_the_command_tells_the_state_of_every_rollup(
    home: Settings, rollups: dict[str, Rollup]
) -> None:
    change(home, "drop table marts.fct_fund_flow")
    build(home, rollups)
    change(home, "delete from meta.rollup where name = 'transaction.by_day'")
    console = Console(record=True, width=200, file=StringIO())
    print_rollups(console, home)
    lines = [line.split() for line in console.export_text().replace("│", "").splitlines()]
    reported = {line[0]: line[1:] for line in lines if line and "." in line[0]}
    assert reported["transaction.customers_by_month"] == ["month", "8", "8", "400", "ready"]
    assert reported["transaction.by_day"] == ["day", "not", "built", "yet"]
    assert reported["flow.by_day"] == ["day", "refused"]
    assert ["Refused", "flow.by_day:", "it", "could"] in [line[:4] for line in lines]


@pytest.mark.parametrize(("unit", "first"), [("month", 5), ("quarter", 4), ("year", 1)])
def test_a_day_lies_in_its_partition(rollups: dict[str, Rollup], unit: str, first: int) -> None:
    rollup = rollups["transaction.by_day"]
    item = PreAggregation.model_validate(
        {**rollup.definition.model_dump(), "partition_granularity": unit}
    )
    other = replace(rollup, definition=item)
    assert find_partition(other, date(2024, 5, 31)) == date(2024, first, 1)


def test_the_fact_of_every_rollup_is_rebuilt_by_the_time_of_the_rollup(
    rollups: dict[str, Rollup],
) -> None:
    """Else a night could change a partition that the rollup keeps."""
    project = yaml.safe_load((PROJECT_FOLDER / "dbt_project.yml").read_text())
    default = project["models"]["bankcrm"]["+meta"]["rebuild_column"]
    for rollup in rollups.values():
        model = (MARTS / f"{rollup.fact.partition('.')[2]}.sql").read_text()
        assert "materialized='incremental'" in model, rollup.fact
        found = re.search(r"'rebuild_column': '(\w+)'", model)
        assert (found.group(1) if found else default) == rollup.time
