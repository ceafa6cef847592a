"""Policies of a small model: what they grant together, and which ones are refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cube.compiler.model import Model, load_model
from cube.errors import ModelError, QueryError
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.security.access import AccessControl

MODEL = """
cubes:
  - name: entry
    sql_table: marts.entries
    public: false
    joins:
      - {name: branch, relationship: many_to_one, sql: "{CUBE}.branch_id = {branch}.branch_id"}
    access_policy:
      - group: admin
        row_level: {allow_all: true}
      - groups: [by_branch, by_both]
        row_level:
          filters: [{member: branch_id, operator: equals, values: ["{ securityContext.branch }"]}]
      - groups: [by_city, by_both]
        row_level:
          filters:
            - or:
                - {member: city, operator: equals, values: ["{securityContext.city}"]}
                - and:
                    - {member: branch_id, operator: set}
                    - {member: amount_band, operator: equals, values: ["{ security_context.band }"]}
      - group: by_stranger
        row_level:
          filters: [{member: branch_id, operator: notEquals, values: ["{ securityContext.no }"]}]
    dimensions:
      - {name: entry_id, sql: entry_id, type: number, primary_key: true}
      - {name: branch_id, sql: branch_id, type: string}
      - {name: city, sql: "{branch.city}", type: string, public: false}
      - {name: amount_band, sql: amount_band, type: number}
      - {name: day, sql: day, type: time}
      - {name: payer, sql: payer, type: string, mask: {sql: "LEFT({CUBE}.payer, 1)"}}
      - {name: is_cash, sql: is_cash, type: boolean}
    measures:
      - {name: entries, type: count}
  - name: branch
    sql_table: marts.branches
    public: false
    joins:
      - {name: entry, relationship: one_to_many, sql: "{CUBE}.branch_id = {entry}.branch_id"}
    access_policy:
      - groups: [admin, by_city, by_both, by_stranger, reader]
        row_level: {allow_all: true}
      - group: by_branch
        row_level:
          filters: [{member: city, operator: notEquals, values: ["Brno"]}]
    dimensions:
      - {name: branch_id, sql: branch_id, type: string, primary_key: true}
      - {name: city, sql: city, type: string}
    measures:
      - {name: branches, type: count}
  - name: bare
    sql_table: marts.branches
    public: false
    dimensions:
      - {name: branch_id, sql: branch_id, type: string, primary_key: true}
    measures:
      - {name: bares, type: count}
views:
  - name: entries
    access_policy:
      - groups: [admin, by_branch, by_city, by_both, by_stranger]
      - group: reader
        member_level: {includes: [entries, branches, branch_id]}
        member_masking: {includes: [payer, day, is_cash, amount_band]}
    cubes:
      - {join_path: entry, includes: "*", excludes: [city]}
      - {join_path: entry.branch, includes: [city, branches]}
  - name: branches
    access_policy: [{groups: [admin, by_branch, by_both, reader]}]
    cubes:
      - {join_path: branch, includes: "*"}
      - {join_path: branch.entry, includes: [entries, payer]}
  - name: bares
    access_policy: [{groups: [admin, reader]}]
    cubes:
      - {join_path: bare, includes: "*"}
  - name: unguarded
    cubes:
      - {join_path: entry, includes: [entries]}
"""
TABLES = """
create schema marts;
create table marts.branches as
select * from (values ('A', 'Praha'), ('B', 'Brno'), ('C', 'Praha')) rows(branch_id, city);
create table marts.entries as
select * from (values
    (1, 'A', 1, 'Ann', true), (2, 'A', 2, 'Bob', false), (3, 'B', 1, 'Cyd', true),
    (4, 'C', 3, 'Dan', false), (5, null, 1, 'Eve', true)
) rows(entry_id, branch_id, amount_band, payer, is_cash), (select date '2024-01-31' as day);
"""
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    (folder / "bank.yml").write_text(MODEL, encoding="utf-8")
    return load_model(folder)


@pytest.fixture(scope="module")
def bank() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(TABLES)
    return connection


def ask(model: Model, bank: duckdb.DuckDBPyConnection, query: Any, **claims: Any) -> Rows:
    groups = claims.pop("group", "admin").split()
    access = AccessControl(model).grant({"groups": groups, **claims})
    statement = write_statement(
        plan_query(parse_query(query), model, date(2024, 6, 28), access), model
    )
    return bank.execute(statement.sql, list(statement.parameters)).fetchall()


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"group": "admin"}, [1, 2, 3, 4, 5]),
        ({"group": "by_branch", "branch": "A"}, [1, 2]),
        ({"group": "by_branch", "branch": ["A", "C"]}, [1, 2, 4]),
        ({"group": "by_branch"}, []),
        ({"group": "by_branch", "branch": ["A", {}]}, []),
        ({"group": "by_city", "city": "Praha"}, [1, 2, 4]),
        ({"group": "by_city", "band": 1}, [1, 3]),
        ({"group": "by_city", "band": "one"}, []),
        ({"group": "by_city", "band": "nan"}, []),
        ({"group": "by_city", "city": "Brno", "band": "3"}, [3, 4]),
        ({"group": "by_both", "branch": "B", "city": "Praha"}, [1, 2, 3, 4]),
        ({"group": "by_both", "branch": "B"}, [3]),
        ({"group": "by_branch by_city", "branch": "B", "city": "Praha"}, [1, 2, 3, 4]),
        ({"group": "by_branch admin", "branch": "B"}, [1, 2, 3, 4, 5]),
        ({"group": "by_stranger"}, []),
        ({"group": "by_stranger", "no": "A"}, [3, 4, 5]),
    ],
)
def test_a_row_is_granted_by_any_policy_of_the_users_groups(
    model: Model, bank: duckdb.DuckDBPyConnection, claims: Any, expected: list[int]
) -> None:
    query = {"dimensions": ["entries.entry_id"], "order": {"entries.entry_id": "asc"}}
    assert [row[0] for row in ask(model, bank, query, **claims)] == expected


def test_a_row_must_be_granted_by_every_cube_that_the_query_reads(
    model: Model, bank: duckdb.DuckDBPyConnection
) -> None:
    """The rule of entries leaves A and B, that of branches leaves Praha: together A."""
    claims = {"group": "by_branch", "branch": ["A", "B"]}
    entries: Any = {"measures": ["entries.entries"]}
    assert ask(model, bank, entries, **claims) == [(3,)]
    by_city = {**entries, "dimensions": ["entries.city"]}
    assert ask(model, bank, by_city, **claims) == [("Praha", 2)]


def test_the_rule_of_a_counted_cube_holds_from_whichever_cube_the_view_starts(
    model: Model, bank: duckdb.DuckDBPyConnection
) -> None:
    query = {"measures": ["branches.entries"], "dimensions": ["branches.branch_id"]}
    assert ask(model, bank, query, group="by_branch", branch=["A", "B"]) == [("A", 2)]
    assert ask(model, bank, query, group="reader") == []
    assert ask(model, bank, {"measures": ["branches.branches"]}, group="reader") == [(3,)]


def test_a_cube_without_policies_is_counted_and_listed_by_administrators_only(
    model: Model, bank: duckdb.DuckDBPyConnection
) -> None:
    counted, listed = {"measures": ["bares.bares"]}, {"dimensions": ["bares.branch_id"]}
    assert ask(model, bank, counted) == [(3,)]
    assert len(ask(model, bank, listed)) == 3
    assert ask(model, bank, counted, group="reader") == [(0,)]
    with pytest.raises(QueryError, match="add a measure"):
        ask(model, bank, listed, group="reader")


def test_a_view_without_policies_is_known_to_administrators_only(
    model: Model, bank: duckdb.DuckDBPyConnection
) -> None:
    query = {"measures": ["unguarded.entries"]}
    assert ask(model, bank, query) == [(5,)]
    for group in ("by_branch", "by_both", "reader", "someone"):
        with pytest.raises(QueryError, match=r"'unguarded.entries' is not a member"):
            ask(model, bank, query, group=group)


def test_masks_keep_the_type_of_the_member_and_show_no_value(model: Model) -> None:
    view = AccessControl(model).grant({"groups": ["reader"]}).views["entries"]
    trees = {
        name.split(".")[1]: member.source.tree.sql("duckdb")
        for name, member in view.members.items()
        if member.kind == "dimension"
    }
    assert trees == {
        "branch_id": '"entry"."branch_id"',
        "payer": 'CAST(LEFT("entry"."payer", 1) AS TEXT)',
        "day": "CAST(NULL AS TIMESTAMP)",
        "is_cash": "CAST(NULL AS BOOLEAN)",
        "amount_band": "CAST(NULL AS DECIMAL)",
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("member: branch_id, operator: equals", "member: brnch, operator: equals", "no such dim"),
        ("member: amount_band, operator", "member: day, operator", "does not compare times"),
        ("operator: equals, values", "operator: gte, values", "does not fit"),
        ('values: ["{ securityContext.branch }"]', 'values: ["{ branch }"]', "securityContext"),
        ('values: ["{ securityContext.branch }"]', 'values: ["{securityContext.a"]', "securityC"),
        ('values: ["{ securityContext.branch }"]', "values: []", "needs values"),
        ("{allow_all: true}", "{allow_all: false}", "allow_all"),
        ("{allow_all: true}", "{}", "either filters or allow_all"),
        ("group: by_stranger", "groups: []", "either a group or groups"),
        ("group: by_stranger", "group: a\n        groups: [b]", "either a group or groups"),
        ("group: by_stranger", "role: a", "role"),
        ("includes: [entries, branches, branch_id]", "includes: [entires]", "did you mean 'ent"),
        ("includes: [payer, day", "includes: [entries, day", "only dimensions are masked"),
        ('"LEFT({CUBE}.payer, 1)"', '"{branch.city}"', "a mask is a constant or reads columns"),
    ],
)
def test_a_policy_that_cannot_hold_is_refused_when_the_model_is_read(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in MODEL
    (tmp_path / "bank.yml").write_text(MODEL.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError, match=r"bank\.yml") as caught:
        load_model(tmp_path)
    assert expected in caught.value.problem
