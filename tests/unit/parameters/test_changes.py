"""From which day on changed parameters matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.parameters.changes import (
    ParameterChange,
    Row,
    find_first_difference,
    find_parameter_changes,
)

BEGIN, END = date(1900, 1, 1), date(9999, 12, 31)
FIRST = date(2024, 1, 1)
COLUMNS = ("code", "value", "valid_from", "valid_to")
PROPERTIES = """
seeds:
  - name: rate
    config: {meta: {validity_key: [code]}}
  - name: channel
"""
RATES = "code,value,valid_from,valid_to\nVAT,0.06,1900-01-01,9999-12-31\n"
CHANGED = (
    "code,value,valid_from,valid_to\n"
    "VAT,0.06,1900-01-01,2024-02-01\nVAT,0.09,2024-02-01,9999-12-31\n"
)
CHANNELS = "channel_code,is_electronic\nATM,true\n"


class Project:
    """A folder of seeds beside the version that was built from them."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.connection = folder, connection
        (folder / "_seeds.yml").write_text(PROPERTIES)
        self.write("rate", RATES)
        self.write("channel", CHANNELS)
        connection.execute("create schema parameters")
        connection.execute(
            "create table parameters.rate "
            "(code varchar, value decimal(12,8), valid_from date, valid_to date)"
        )
        connection.execute("insert into parameters.rate values ('VAT', 0.06, $1, $2)", [BEGIN, END])
        connection.execute(
            "create table parameters.channel as select 'ATM' as channel_code, true as is_electronic"
        )

    def write(self, seed: str, text: str) -> None:
        (self.folder / f"{seed}.csv").write_text(text)

    def changes(self) -> list[ParameterChange]:
        return find_parameter_changes(self.connection, self.folder)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with duckdb.connect() as connection:
        yield Project(tmp_path, connection)


def test_the_seeds_of_the_version_are_no_change(project: Project) -> None:
    assert project.changes() == []


def test_the_same_values_written_otherwise_or_in_another_order_are_no_change(
    project: Project,
) -> None:
    project.write("rate", RATES.replace("0.06", "0.0600000000001"))
    project.write("channel", CHANNELS.replace("true", "True"))
    assert project.changes() == []


def test_a_rate_changed_from_a_day_matters_from_that_day(project: Project) -> None:
    project.write("rate", CHANGED)
    assert project.changes() == [ParameterChange("rate", date(2024, 2, 1))]


def test_a_rate_changed_for_all_time_matters_from_the_beginning(project: Project) -> None:
    project.write("rate", RATES.replace("0.06", "0.07"))
    assert project.changes() == [ParameterChange("rate", BEGIN)]


def test_a_parameter_that_expires_matters_from_the_day_it_no_longer_holds(
    project: Project,
) -> None:
    project.write("rate", RATES.replace("9999-12-31", "2024-03-01"))
    assert project.changes() == [ParameterChange("rate", date(2024, 3, 1))]


@pytest.mark.parametrize(
    ("seed", "text"),
    [
        ("channel", CHANNELS.replace("true", "false")),
        ("rate", RATES.replace("value", "percentage")),
        ("rate", RATES.replace("0.06", "six")),
        ("channel", CHANNELS.replace("true", "maybe")),
        ("brand_new", "code\nX\n"),
    ],
    ids=["no validity", "other column", "no number", "no boolean", "new seed"],
)
def test_a_change_without_a_day_rebuilds_everything(project: Project, seed: str, text: str) -> None:
    project.write(seed, text)
    assert project.changes() == [ParameterChange(seed, None)]


def test_a_seed_that_is_gone_rebuilds_everything(project: Project) -> None:
    (project.folder / "channel.csv").unlink()
    assert project.changes() == [ParameterChange("channel", None)]


days = st.integers(0, 12).map(lambda number: FIRST + timedelta(days=number))
spans = st.tuples(days, days).filter(lambda span: span[0] < span[1])
rows = st.builds(
    lambda code, value, span: (code, Decimal(value), *span),
    st.sampled_from("AB"), st.integers(1, 2), spans,
)  # fmt: skip
histories = st.lists(rows, max_size=5)


def tell(history: list[Row], day: date) -> list[Counter[object]]:
    """What a history says about one day: the rows that hold, begin and end on it."""
    return [
        Counter(row[:2] for row in history if row[2] <= day < row[3]),  # type: ignore[operator]
        Counter(row[:2] for row in history if row[2] == day),
        Counter(row[:2] for row in history if row[3] == day),
    ]


@given(histories, histories)
def test_the_first_difference_is_the_earliest_day_of_which_two_histories_tell_otherwise(
    before: list[Row], after: list[Row]
) -> None:
    every_day = [FIRST + timedelta(days=number) for number in range(13)]
    differing = [day for day in every_day if tell(before, day) != tell(after, day)]
    assert find_first_difference(COLUMNS, before, after) == min(differing, default=None)
