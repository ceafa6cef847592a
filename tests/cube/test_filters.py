"""Every operator against hand-written SQL; values stay values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

FACT = "fct_transaction f left join dim_customer c using (customer_key)"
NAME = "transactions.customer_name"
COUNT = "transactions.transaction_count"
CITY = "transactions.customer_city"
DAY = "transactions.value_date"
POSTED = "transactions.booked_at"
KEY = "transactions.customer_key"
REVERSAL = "transactions.is_reversal"

Load = Callable[..., dict[str, Any]]
Sql = Callable[..., list[tuple[Any, ...]]]


def count(load: Load, *filters: dict[str, Any]) -> int:
    query = {"measures": ["transactions.transaction_count"], "filters": list(filters)}
    return int(load(query)["data"][0]["transactions.transaction_count"])


def condition(member: str, operator: str, *values: object) -> dict[str, Any]:
    return {"member": member, "operator": operator} | ({"values": list(values)} if values else {})


CASES = [
    (CITY, "equals", ["Brno"], "city = 'Brno'"),
    (CITY, "equals", ["Brno", "Praha"], "city in ('Brno', 'Praha')"),
    (CITY, "equals", [None], "city is null"),
    (CITY, "equals", ["Brno", None], "city = 'Brno' or city is null"),
    (CITY, "in", ["Brno", "Praha"], "city in ('Brno', 'Praha')"),
    (CITY, "notEquals", ["Brno"], "city <> 'Brno' or city is null"),
    (CITY, "notEquals", [None], "city is not null"),
    (CITY, "notEquals", ["Brno", None], "city <> 'Brno'"),
    (CITY, "notIn", ["Brno", "Praha"], "city not in ('Brno', 'Praha') or city is null"),
    (CITY, "set", [], "city is not null"),
    (CITY, "notSet", [], "city is null"),
    (CITY, "contains", ["RN"], "city = 'Brno'"),
    (CITY, "contains", ["rn", "ze"], "city in ('Brno', 'Plzeň')"),
    (CITY, "notContains", ["rn"], "city <> 'Brno' or city is null"),
    (CITY, "notContains", ["rn", "ra"], "city = 'Plzeň' or city is null"),
    (CITY, "startsWith", ["p"], "city in ('Praha', 'Plzeň')"),
    (CITY, "notStartsWith", ["p"], "city = 'Brno' or city is null"),
    (CITY, "endsWith", ["Ň"], "city = 'Plzeň'"),
    (CITY, "notEndsWith", ["Ň"], "city <> 'Plzeň' or city is null"),
    (NAME, "contains", ["%"], "full_name = '100%_sure'"),
    (NAME, "contains", ["_"], "full_name = '100%_sure'"),
    (NAME, "contains", ["émile"], "full_name = 'ÉMILE Zola'"),
    (NAME, "equals", ["王小明"], "full_name = '王小明'"),
    (KEY, "gt", ["104"], "c.customer_durable_key > 104"),
    (KEY, "gte", [104], "c.customer_durable_key >= 104"),
    (KEY, "lt", ["104.0"], "c.customer_durable_key < 104"),
    (KEY, "lte", ["104"], "c.customer_durable_key <= 104"),
    (KEY, "equals", ["104", "105"], "c.customer_durable_key in (104, 105)"),
    (KEY, "gt", ["1.04e2"], "c.customer_durable_key > 104"),
    (KEY, "gt", ["0.104E+3"], "c.customer_durable_key > 104"),
    (KEY, "lt", ["1050e-1"], "c.customer_durable_key < 105"),
    (REVERSAL, "equals", ["true"], "is_reversal"),
    (REVERSAL, "notEquals", [True], "not is_reversal"),
    (
        DAY,
        "inDateRange",
        ["2024-01-01", "2024-01-31"],
        "strftime(value_date, '%Y%m') = '202401'",
    ),
    (DAY, "inDateRange", ["2024-01-15"], "value_date = date '2024-01-15'"),
    (DAY, "inDateRange", ["last month"], "strftime(value_date, '%Y%m') = '202405'"),
    (
        DAY,
        "notInDateRange",
        ["2024-01-01", "2024-01-31"],
        "strftime(value_date, '%Y%m') <> '202401'",
    ),
    (DAY, "onTheDate", ["2024-01-15"], "value_date = date '2024-01-15'"),
    (DAY, "beforeDate", ["2024-01-15"], "value_date < date '2024-01-15'"),
    (DAY, "beforeOrOnDate", ["2024-01-15"], "value_date <= date '2024-01-15'"),
    (DAY, "afterDate", ["2024-01-15"], "value_date > date '2024-01-15'"),
    (DAY, "afterOrOnDate", ["2024-01-15"], "value_date >= date '2024-01-15'"),
    (DAY, "equals", ["2024-01-15"], "value_date = date '2024-01-15'"),
    (POSTED, "onTheDate", ["2024-01-15"], "booked_at::date = date '2024-01-15'"),
    (POSTED, "beforeOrOnDate", ["2024-01-15"], "booked_at::date <= date '2024-01-15'"),
    (POSTED, "afterDate", ["2024-01-15"], "booked_at::date > date '2024-01-15'"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[1]}-{case[3]}")
def test_an_operator_selects_the_rows_of_hand_written_sql(
    load: Load, sql: Sql, case: tuple[str, str, list[object], str]
) -> None:
    member, operator, values, where = case
    expected = sql(f"select count(*) from {FACT} where {where}")[0][0]
    assert 0 < expected < 400
    assert count(load, condition(member, operator, *values)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("4e2", True),
        ("4E+2", True),
        ("0.4e3", True),
        ("400", True),
        (400.0, True),
        ("4.01e2", False),
        (1e16, False),
        ("1e16", False),
        ("1e27", False),
    ],
)
def test_a_number_with_an_exponent_is_the_number(load: Load, value: object, expected: bool) -> None:
    query = {"measures": [COUNT], "filters": [condition(COUNT, "gte", value)]}
    assert bool(load(query)["data"]) is expected


def test_and_and_or_nest(load: Load, sql: Sql) -> None:
    nested = {
        "or": [
            condition(CITY, "equals", "Brno"),
            {"and": [condition(CITY, "notSet"), condition(REVERSAL, "equals", False)]},
        ]
    }
    where = "(city = 'Brno' or (city is null and not is_reversal)) and value_date > '2024-01-15'"
    expected = sql(f"select count(*) from {FACT} where {where}")[0][0]
    assert count(load, nested, condition(DAY, "afterDate", "2024-01-15")) == expected


def test_a_filter_on_a_measure_chooses_among_the_groups(load: Load, sql: Sql) -> None:
    query = {
        "measures": ["transactions.amount"],
        "dimensions": [CITY],
        "filters": [
            condition("transactions.amount", "gt", "50000"),
            condition("transactions.fee_income_per_transaction", "set"),
        ],
        "total": True,
    }
    rows = sql(
        f"select city, sum(amount) from {FACT} group by 1 "
        "having sum(amount) > 50000 order by 2 desc"
    )
    body = load(query)
    assert 0 < len(rows) < 4
    assert [(r[CITY], r["transactions.amount"]) for r in body["data"]] == [
        (city, str(amount)) for city, amount in rows
    ]
    assert body["total"] == len(rows)


@pytest.mark.parametrize(
    "text",
    [
        "'; drop table marts.dim_customer; --",
        "' or 1=1 --",
        "$1",
        "?",
        "{CUBE}.amount",
        '" union select 1 --',
        "\\",
        "\x00",
        "{{ jinja }}",
        "=HYPERLINK()",
    ],
)
@pytest.mark.parametrize("operator", ["equals", "contains", "startsWith"])
def test_text_that_looks_like_code_stays_a_value(load: Load, operator: str, text: str) -> None:
    assert count(load, condition(NAME, operator, text)) == 0
    assert count(load) == 400


def test_a_name_that_looks_like_code_is_found(load: Load, sql: Sql) -> None:
    name = "O'Brien; drop table x"
    expected = sql(f"select count(*) from {FACT} where full_name = ?", name)[0][0]
    assert count(load, condition(NAME, "equals", name)) == expected > 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([condition(NAME, "gt", "x")], "the operator 'gt' does not fit"),
        ([condition(KEY, "contains", "1")], "the operator 'contains' does not fit"),
        ([condition("transactions.amount", "contains", "1")], "a measure of type number"),
        ([condition(KEY, "equals", "one")], "'one' is not a number"),
        ([condition(KEY, "equals", True)], "True is not a number"),
        ([condition(KEY, "equals", "NaN")], "'NaN' is not a number"),
        ([condition(KEY, "equals", "Infinity")], "'Infinity' is not a number"),
        ([condition(KEY, "equals", "1e40")], "more than 38 digits"),
        ([condition(KEY, "gt", "1", "2")], "takes one value"),
        ([condition(KEY, "gt", None)], "takes one value"),
        ([condition(CITY, "equals")], "needs values"),
        ([condition(CITY, "set", "x")], "takes no values"),
        ([condition(CITY, "contains", None)], "takes no null"),
        ([condition(REVERSAL, "equals", "maybe")], "'maybe' is not true or false"),
        ([condition(DAY, "inDateRange", "a", "b")], "'a' is not a date"),
        ([condition(DAY, "beforeDate", "2024-02-30")], "'2024-02-30' is not a date"),
        ([condition(CITY, "equalz", "x")], "did you mean 'equals'"),
        ([condition("transactions.customer_citi", "set")], f"did you mean '{CITY}'"),
        ([{"member": CITY}], "operator"),
        ([{"dimenson": CITY, "operator": "set"}], "'filters.0.dimenson' is not supported"),
        ([{"or": []}], "filters.0.or"),
        ([condition(CITY, "measureFilter")], "'measureFilter' needs a measure"),
        ([condition(COUNT, "measureFilter", "1")], "'measureFilter' takes no values"),
        (
            [{"or": [condition(CITY, "set"), condition("transactions.amount", "gt", "1")]}],
            "cannot mix measures and dimensions",
        ),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(
    refuse: Callable[..., str], filters: list[dict[str, Any]], expected: str
) -> None:
    message = refuse({"measures": ["transactions.transaction_count"], "filters": filters})
    assert expected in message


def test_filters_nested_too_deep_are_refused(refuse: Callable[..., str]) -> None:
    item = condition(CITY, "set")
    for _ in range(200):
        item = {"and": [item]}
    message = refuse({"measures": ["transactions.transaction_count"], "filters": [item]})
    assert "nested more than" in message


def test_text_that_is_not_unicode_is_refused(client: TestClient) -> None:
    query = (
        '{"query": {"measures": ["transactions.amount"], "filters": [{"member": '
        f'"{NAME}", "operator": "equals", "values": ["\\ud800"]}}]}}}}'
    )
    answer = client.post("/cubejs-api/v1/load", content=query)
    assert (answer.status_code, "not valid Unicode" in answer.text) == (400, True)
