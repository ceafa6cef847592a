"""Every rule of a row, on a contract that has all kinds of columns."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.contracts.contract import Column, Contract, load_contracts
from pipelines.validation import dispositions, row_rules
from pipelines.validation.figures import figures_sql

FREE: dict[str, object] = {"nullable": True}
COLUMNS: dict[str, tuple[str, dict[str, object]]] = {
    "id": ("id", {}),
    "name": ("text", FREE),
    "kind": ("code", FREE),
    "status": ("code", FREE | {"accepted": ["OPEN", "SHUT"]}),
    "day": ("date", FREE),
    "due": ("date", FREE),
    "moment": ("timestamp", FREE),
    "number": ("integer", FREE | {"minimum": 1, "maximum": 10}),
    "amount": ("amount", FREE),
    "rate": ("rate", FREE | {"minimum": -1}),
    "share": ("share", FREE),
    "flag": ("boolean", FREE),
}
CONTRACT = Contract.model_validate(
    {
        "source": "branch",
        "feed": "sample",
        "title": "Sample",
        "description": "Every kind of column.",
        "delivery": "full",
        "grain": "one row",
        "key": ["id"],
        "columns": [
            {"name": name, "type": kind, "description": name, "needed_by": ["x"]} | more
            for name, (kind, more) in COLUMNS.items()
        ],
        "rules": [
            {"name": "due_before_day", "sql": "due >= day", "remedy": "Swap them."},
            {"name": "in_the_future", "sql": "day <= business_date", "remedy": "Wait."},
        ],
    }
)
BUSINESS_DATE = date(2024, 1, 31)


def check(*rows: dict[str, str | None]) -> list[tuple[Any, ...]]:
    """Typed columns, raw_row and rules of every row, in order."""
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" varchar' for name in CONTRACT.column_names)
        connection.execute(f"create table delivered ({columns})")
        for position, row in enumerate(rows):
            values = [({"id": f"A{position}"} | row).get(name) for name in CONTRACT.column_names]
            connection.execute(f"insert into delivered values ({', '.join('?' * 12)})", values)
        connection.execute(dispositions.checked_rows_sql(CONTRACT, "delivered", BUSINESS_DATE))
        connection.execute(dispositions.dispositions_sql(CONTRACT, BUSINESS_DATE))
        return connection.execute(
            "select checked_row.* exclude (raw_row), row_rules from checked_row"
            " left join disposition on checked_row.rowid = disposition.row_id"
            " order by checked_row.rowid"
        ).fetchall()


def rules_of(column: str, text: str | None) -> list[str]:
    (row,) = check({column: text})
    return list(row[-1] or [])


def value_of(column: str, text: str | None) -> object:
    (row,) = check({column: text})
    assert row[-1] is None, row[-1]
    return row[CONTRACT.column_names.index(column)]


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("id", " 007 ", "007"),
        ("id", "12E5", "12E5"),
        ("id", "\u5ba2\u62371", "\u5ba2\u62371"),
        ("name", "  ", None),
        ("name", "Zoe\u0301", "Zo\u00e9"),
        ("name", "1.2E+10", "1.2E+10"),
        ("kind", " usd", "USD"),
        ("status", "open", "OPEN"),
        ("day", "2024-01-31", date(2024, 1, 31)),
        ("day", "1850-01-01", date(1850, 1, 1)),
        ("due", "9999-12-31", None),
        ("moment", "2024-01-31 23:59:59.5", datetime(2024, 1, 31, 23, 59, 59, 500000)),
        ("moment", "2024-01-31T23:59:59", datetime(2024, 1, 31, 23, 59, 59)),
        ("number", "10", 10),
        ("day", " 2024-01-31 ", date(2024, 1, 31)),
        ("number", " 7", 7),
        ("number", "007", 7),
        ("amount", " 1.5 ", Decimal("1.50")),
        ("amount", "   ", None),
        ("amount", "-0.5", Decimal("-0.50")),
        ("amount", "9999999999999999.99", Decimal("9999999999999999.99")),
        ("rate", "0.04350001", Decimal("0.04350001")),
        ("share", "1", Decimal("1.000000")),
        ("flag", "y", True),
        ("flag", "false", False),
    ],
)
def test_a_good_text_becomes_a_value(column: str, text: str, value: object) -> None:
    assert value_of(column, text) == value


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("id", None, "id: null_not_allowed"),
        ("id", "   ", "id: null_not_allowed"),
        ("id", "1.2E+10", "id: bad_id"),
        ("id", "1E-5", "id: bad_id"),
        ("id", "A\u200b1", "id: bad_id"),
        ("id", "A\t1", "id: bad_id"),
        ("id", "\ufeffA1", "id: bad_id"),
        ("id", "A\uff11", "id: bad_id"),
        ("kind", "US\u200bD", "kind: bad_code"),
        ("status", "AJAR", "status: not_accepted"),
        *[("amount", text, "amount: bad_decimal") for text in (
            "1,234.56", "$5", "(554.33)", "554.33-", "5.5E2", "NaN", "inf", "1.005", "+1",
            "1.", ".", "\uff15", "\u0665", "1 000", "1_0", "0x10", "99999999999999999.00", "--1",
        )],
        ("rate", "0.123456789", "rate: bad_decimal"),
        ("rate", "12345", "rate: bad_decimal"),
        ("rate", "-1.5", "rate: below_minimum"),
        ("share", "0.1234567", "share: bad_decimal"),
        *[("day", text, "day: bad_date") for text in (
            "2023-02-30", "0000-00-00", "99991231", "45322", "31.01.2024", "24-01-31", "2024-1-31",
            "1849-12-31", "2201-01-01", "2024-01-31 00:00:00", "infinity", "\u0662024-01-31",
            "1900-01-01 (BC)", "epoch", "2024-01-31T00:00:00",
        )],
        ("name", "Zo\ufffd", "name: bad_text"),
        ("name", "Zo\x8a", "name: bad_text"),
        ("id", "Zo\ufffd", "id: bad_id"),
        ("moment", "2024-01-31", "moment: bad_timestamp"),
        ("moment", "infinity", "moment: bad_timestamp"),
        ("moment", "1900-01-01 00:00:00 (BC)", "moment: bad_timestamp"),
        ("moment", "2024-01-31 25:00:00", "moment: bad_timestamp"),
        ("moment", "2024-01-31 10:00:00+08", "moment: bad_timestamp"),
        ("number", "1.0", "number: bad_integer"),
        ("number", "9999999999", "number: bad_integer"),
        ("number", "0", "number: below_minimum"),
        ("number", "11", "number: above_maximum"),
        ("flag", "maybe", "flag: bad_boolean"),
        ("day", "2024-02-01", "row: in_the_future"),
    ],
)  # fmt: skip
def test_a_bad_text_breaks_a_rule_by_name(column: str, text: str | None, rule: str) -> None:
    assert rules_of(column, text) == [rule]


@pytest.mark.parametrize("nullable", [True, False])
def test_an_open_date_is_bad_only_where_a_date_must_be_given(nullable: bool) -> None:
    column = Column(name="day", type="date", description="", needed_by=(), nullable=nullable)
    conditions = {rule.label: rule.broken for rule in row_rules.column_rules(column)}
    query = f"select {conditions['day: bad_date']} from (select null as day, ? as day__text)"
    assert duckdb.execute(query, [row_rules.OPEN_DATE]).fetchone() == (not nullable,)


def test_a_row_can_break_several_rules() -> None:
    (row,) = check({"id": None, "amount": "x", "day": "2024-01-02", "due": "2024-01-01"})
    assert row[-1] == ["id: null_not_allowed", "amount: bad_decimal", "row: due_before_day"]


def test_a_rule_over_several_columns_is_silent_where_it_cannot_be_decided() -> None:
    assert rules_of("due", "2024-01-01") == []


def test_the_header_line_among_the_rows_is_recognised() -> None:
    assert "row: second_header" in check({"id": "ID", "name": "name"})[0][-1]


def test_good_rows_break_no_rule() -> None:
    assert [row[-1] for row in check({}, {"name": "x"})] == [None, None]


def test_the_sql_of_every_contract_runs() -> None:
    for contract in load_contracts().values():
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{name}" varchar' for name in contract.column_names)
            connection.execute(f"create table delivered ({columns})")
            numbered = "(select *, rowid as row_id, rowid + 2 as file_line from checked_row)"
            relation = dispositions.relation_sql(numbered, is_clean=False)
            for statement in (
                dispositions.checked_rows_sql(contract, "delivered", BUSINESS_DATE),
                dispositions.defects_sql(contract),
                dispositions.dispositions_sql(contract, BUSINESS_DATE),
                dispositions.duplicate_keys_sql(contract),
                dispositions.ADD_DUPLICATE_KEYS,
                figures_sql(contract, relation, is_clean=False),
                dispositions.quarantined_rows_sql(relation),
            ):
                connection.execute(statement)


def test_identifiers_and_texts_are_quoted() -> None:
    column = Column(name="order", type="code", description="", needed_by=(), accepted=("O'BRIEN",))
    (rule,) = [r for r in row_rules.column_rules(column) if r.label == "order: not_accepted"]
    assert rule.broken == "not list_contains(['O''BRIEN'], \"order\")"
