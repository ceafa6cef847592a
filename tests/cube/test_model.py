"""The data model: what compiles, what is refused, and that a refusal names file and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from sqlglot import exp

from cube.compiler.model import MODEL_FOLDER, load_model
from cube.errors import ModelError
from cube.planner.explanation import list_columns

PROJECT = Path(__file__).resolve().parents[2]
MODEL = """
cubes:
  - name: entry
    sql_table: marts.fct_transaction
    public: false
    joins:
      - {name: branch, relationship: many_to_one, sql: "{CUBE}.branch_key = {branch}.branch_key"}
    dimensions:
      - {name: entry_key, sql: transaction_key, type: number, primary_key: true}
      - {name: day, sql: value_date, type: time}
    measures:
      - {name: amount, sql: amount, type: sum}
      - {name: entries, type: count}
  - name: branch
    sql_table: marts.dim_branch
    public: false
    dimensions:
      - {name: branch_key, sql: branch_key, type: number, primary_key: true}
      - {name: branch_name, sql: branch_name, type: string}
    measures:
      - {name: branches, type: count}
views:
  - name: entries
    cubes:
      - {join_path: entry, includes: "*"}
      - {join_path: entry.branch, includes: [branch_name], prefix: true}
"""


def load(folder: Path, text: str) -> object:
    (folder / "bank.yml").write_text(text, encoding="utf-8")
    return load_model(folder)


def test_the_shipped_model_compiles_into_public_views_only() -> None:
    model = load_model(MODEL_FOLDER)
    assert set(model.views) == {
        "balances",
        "bank_overview",
        "campaigns",
        "cards",
        "complaints",
        "contact_compliance",
        "contacts",
        "cost_to_serve",
        "credit",
        "credit_migration",
        "customers",
        "fund_flow",
        "loans",
        "managers",
        "profit_contribution",
        "referrals",
        "repayments",
        "rewards",
        "surveys",
        "teams",
        "transactions",
    }
    assert not any(cube.definition.public for cube in model.cubes.values())


def test_every_view_and_member_is_described_in_both_languages() -> None:
    for view in load_model(MODEL_FOLDER).views.values():
        assert view.definition.title and view.definition.description
        assert_chinese(view.definition.name, view.definition.meta)
        for member in view.members.values():
            assert member.title and member.description, member.name
            assert_chinese(member.name, member.meta)


def assert_chinese(name: str, meta: Mapping[str, object]) -> None:
    for key in ("title_zh", "description_zh"):
        assert re.search(r"[\u4e00-\u9fff]", str(meta[key])), (name, key)


def test_view_members_carry_the_prefix_of_their_cube(tmp_path: Path) -> None:
    (tmp_path / "bank.yml").write_text(MODEL, encoding="utf-8")
    members = load_model(tmp_path).views["entries"].members
    assert "entries.branch_branch_name" in members
    assert "entries.amount" in members


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("type: sum}", "type: sum, fromat: percent}", "cubes.entry.measures.amount.fromat"),
        ("type: sum}", "type: median}", "cubes.entry.measures.amount.type"),
        ("many_to_one", "many_to_many", "cubes.entry.joins.branch.relationship"),
        ("sql: amount", 'sql: "{amuont}"', "did you mean 'amount'"),
        ("sql: amount", 'sql: "amount * 2"', "write {CUBE}.amount"),
        ("sql: amount", 'sql: "{CUBE}.amount +"', "does not parse"),
        ("includes: [branch_name]", "includes: [branch_nmae]", "did you mean 'branch_name'"),
        ("join_path: entry.branch", "join_path: entry.brnach", "did you mean 'branch'"),
        ("join_path: entry.branch", "join_path: branch.entry", "'branch' has no join to 'entry'"),
        ("prefix: true", "prefix: false, alias: x, excludes: [y]", "has no member 'y'"),
        ("name: entries, type", "name: amount, type", "two members are called"),
        ("primary_key: true}\n      - {name: day", "public: false}\n      - {name: day", "primary"),
        ("name: branch\n", "name: entry\n", "taken by bank.yml"),
        ("sql_table: marts.dim_branch", "sql: select 1", "cubes.branch.sql"),
        ("public: false", "public: false\n    public: true", "twice"),
    ],
)
def test_a_broken_model_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(ModelError) as caught:
        load(tmp_path, MODEL.replace(old, new, 1))
    assert "bank.yml" in caught.value.problem
    assert expected in caught.value.problem


def test_a_measure_that_refers_to_itself_is_refused(tmp_path: Path) -> None:
    text = MODEL.replace("{name: entries, type: count}", '{name: a, sql: "{a} + 1", type: number}')
    with pytest.raises(ModelError, match="refers to itself"):
        load(tmp_path, text)


def test_a_multi_stage_measure_of_another_shape_is_refused(tmp_path: Path) -> None:
    measure = '{name: a, sql: "{amount}", type: avg, multi_stage: true}'
    with pytest.raises(ModelError, match="a multi-stage aggregate says its grain"):
        load(tmp_path, MODEL.replace("{name: entries, type: count}", measure))


def test_a_multi_stage_sum_must_say_which_members_are_time(tmp_path: Path) -> None:
    measure = '{name: a, sql: "{amount}", type: sum, multi_stage: true, '
    measure += "grain: {include: [day], keep_only: []}}"
    with pytest.raises(ModelError, match="keep_only lists the members of time"):
        load(tmp_path, MODEL.replace("{name: entries, type: count}", measure))


def test_an_empty_model_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model files"):
        load_model(tmp_path)


def test_every_column_that_the_cubes_read_is_a_column_of_the_marts() -> None:
    marts: dict[str, set[str]] = {}
    for path in (PROJECT / "models" / "marts").rglob("*.yml"):
        for table in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            marts[f"marts.{table['name']}"] = {column["name"] for column in table["columns"]}
    model = load_model(MODEL_FOLDER)
    cubes = model.cubes
    for cube in cubes.values():
        for edge in cube.joins.values():
            for column in edge.condition.find_all(exp.Column):
                table = cubes[column.table].definition.sql_table
                assert column.name in marts[table], f"{table}.{column.name}"
        for name, source in cube.members.items():
            for read in list_columns(source, model):
                table, _, column_name = read.rpartition(".")
                assert column_name in marts[table], f"{cube.definition.name}.{name}: {read}"
