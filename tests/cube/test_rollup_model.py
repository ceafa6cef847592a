"""Rollups of a small model: what may stand in one, and what is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cube.compiler.model import Model, load_model
from cube.compiler.rollup import FACT_ROWS
from cube.errors import ModelError

MODEL = """
cubes:
  - name: entry
    sql_table: marts.entry
    public: false
    joins:
      - {name: branch, relationship: many_to_one, sql: "{CUBE}.branch_key = {branch}.branch_key"}
      - {name: part, relationship: one_to_many, sql: "{CUBE}.entry_key = {part}.entry_key"}
    dimensions:
      - {name: entry_key, sql: entry_key, type: number, primary_key: true}
      - {name: day, sql: entry_date, type: time, meta: {precision: day}}
      - {name: posted_at, sql: posted_at, type: time}
      - {name: side, sql: debit_credit, type: string}
      - {name: is_large, sql: "{CUBE}.amount > 100", type: boolean}
    segments:
      - {name: large, sql: "{CUBE}.amount > 100"}
      - {name: northern, sql: "{branch.region} = 'North'"}
    measures:
      - {name: entries, type: count}
      - {name: amount, sql: amount, type: sum}
      - {name: mean, sql: amount, type: avg}
      - {name: users, sql: account_key, type: count_distinct}
      - {name: ratio, sql: "{amount} / NULLIF({entries}, 0)", type: number}
      - {name: recent, sql: amount, type: sum, rolling_window: {trailing: 1 month}}
      - {name: north, sql: amount, type: sum, filters: [{sql: "{branch.region} = 'North'"}]}
      - {name: debit_credit, sql: amount, type: max}
    pre_aggregations:
      - name: by_month
        type: rollup
        measures: [amount, users]
        dimensions: [branch.branch_key, side]
        segments: [large]
        time_dimension: day
        granularity: month
        partition_granularity: quarter
        refresh_key: {every: 1 day}
  - name: branch
    sql_table: marts.branch
    public: false
    dimensions:
      - {name: branch_key, sql: branch_key, type: number, primary_key: true}
      - {name: region, sql: region, type: string}
  - name: part
    sql_table: marts.part
    public: false
    dimensions:
      - {name: part_key, sql: part_key, type: number, primary_key: true}
"""


def load(folder: Path, **keys: object) -> Model:
    """The model, with other keys in its rollup; None takes a key away."""
    content: dict[str, Any] = yaml.safe_load(MODEL)
    rollup = content["cubes"][0]["pre_aggregations"][0] | keys
    kept = {key: value for key, value in rollup.items() if value is not None}
    content["cubes"][0]["pre_aggregations"] = [kept]
    (folder / "bank.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_model(folder)


def test_a_rollup_keeps_keys_segments_and_the_rows_behind_it(tmp_path: Path) -> None:
    (rollup,) = load(tmp_path).rollups["entry"]
    assert (rollup.name, rollup.table) == ("entry.by_month", "rollup.entry__by_month")
    assert (rollup.time, rollup.keys) == ("entry_date", ("branch_key", "debit_credit"))
    assert [*rollup.segments, *rollup.measures] == ["large", FACT_ROWS, "amount", "users"]
    assert (list(rollup.added_up), list(rollup.counted)) == ([FACT_ROWS, "amount"], ["users"])


def test_a_changed_definition_has_another_digest(tmp_path: Path) -> None:
    digests = {
        load(tmp_path, **change).rollups["entry"][0].digest
        for change in (
            {},
            {"dimensions": ["side"]},
            {"measures": ["amount"]},
            {"granularity": "day"},
            {"partition_granularity": "month"},
        )
    }
    assert len(digests) == 5
    (same,) = load(tmp_path, refresh_key=None).rollups["entry"]
    assert same.digest in digests


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"type": "original_sql"}, "pre_aggregations.by_month.type"),
        ({"time_dimension": None}, "pre_aggregations.by_month.time_dimension: Field required"),
        ({"partition_granularity": None}, "partition_granularity: Field required"),
        ({"granularity": "hour"}, "pre_aggregations.by_month.granularity"),
        ({"build_range_start": {"sql": "select 1"}}, "by_month.build_range_start: unknown key"),
        ({"allow_non_strict_date_range_match": True}, "allow_non_strict_date_range_match: unknown"),
        ({"rollups": ["other"]}, "pre_aggregations.by_month.rollups: unknown key"),
        ({"time_dimension": "posted_at"}, "'posted_at' is no column of whole days"),
        ({"time_dimension": "side"}, "'side' is no column of whole days"),
        ({"granularity": "year", "partition_granularity": "month"}, "a partition is shorter"),
        ({"dimensions": ["branch.region"]}, "list 'branch.branch_key', and 'region' is read"),
        ({"dimensions": ["part.part_key"]}, "neither a column of 'entry' nor the key of a cube"),
        ({"dimensions": ["is_large"]}, "'is_large' is neither a column of 'entry'"),
        ({"dimensions": ["sied"]}, "'sied' is not a dimension; did you mean 'side'?"),
        ({"segments": ["northern"]}, "'northern' reads other cubes; list their keys"),
        ({"segments": ["lrage"]}, "not a segment of 'entry'; did you mean 'large'?"),
        ({"measures": ["mean"]}, "'mean' does not add up"),
        ({"measures": ["recent"]}, "'recent' does not add up"),
        ({"measures": ["ratio"]}, "'ratio' is made of other measures; list those"),
        ({"measures": ["north"]}, "'north' reads other cubes; list the measure without"),
        ({"measures": ["amonut"]}, "not a measure of 'entry'; did you mean 'amount'?"),
        ({"measures": ["debit_credit"]}, "two columns would be called 'debit_credit'"),
    ],
)
def test_what_a_rollup_cannot_hold_is_refused_by_name(
    tmp_path: Path, keys: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError) as error:
        load(tmp_path, **keys)
    assert message in str(error.value)
    assert "bank.yml" in str(error.value)
    assert "by_month" in str(error.value)


def test_two_rollups_of_one_name_are_refused(tmp_path: Path) -> None:
    content: dict[str, Any] = yaml.safe_load(MODEL)
    content["cubes"][0]["pre_aggregations"] *= 2
    (tmp_path / "bank.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ModelError, match="two rollups are called 'by_month'"):
        load_model(tmp_path)
