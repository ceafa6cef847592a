"""Statements on views: expressions, joins, aggregates, lists, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
Refuse = Callable[..., tuple[str, str]]


def test_expressions_are_computed_from_groups_and_measures(ask: Ask) -> None:
    rows = ask(
        "select date_trunc('month', month_end_date)::date as month, "
        "round(measure(deposit_end_balance) / 1000, 1) as thousands, "
        "sum(measure(deposit_end_balance)) over (order by date_trunc('month', month_end_date)) "
        "as running "
        "from balances where month_end_date between '2024-01-01' and '2024-02-29' "
        "group by 1 having measure(deposit_end_balance) > 0 order by month desc"
    )
    (february, _, running), (january, _, first) = rows
    assert (february, january) == (date(2024, 2, 1), date(2024, 1, 1))
    totals: dict[Any, Any] = dict(
        ask("select month_end_date, measure(deposit_end_balance) from balances group by 1")
    )
    assert running - first == totals[date(2024, 2, 29)]


def test_outer_queries_join_and_aggregate_semantic_ones(ask: Ask) -> None:
    (count, total), *_ = ask(
        "with months as (select month_end_date m, measure(deposit_end_balance) b from balances "
        "group by 1) "
        "select count(*), sum(x.b - y.b) from months x join months y on x.m = y.m"
    )
    assert (count, total) == (8, 0)
    parts = "select branch_name, measure(deposit_end_balance) b from balances group by 1"
    assert ask(f"select sum(b) from ({parts}) t") == ask(
        "select measure(deposit_end_balance) from balances"
    )


BEST = (
    "select region_name as best, measure(deposit_end_balance) as m from balances group by 1 "
    "limit {}"
)
JOIN = "select region_name, measure(deposit_end_balance) from balances join ({}) t on {} group by 1"


def test_a_sub_select_that_picks_groups_limits_the_series_of_a_chart(ask: Ask) -> None:
    all_of_them = (
        "select region_name, date_trunc('month', month_end_date), measure(deposit_end_balance) "
    )
    all_of_them += "from balances {} group by 1, 2 order by 1, 2"
    everything = ask(all_of_them.format(""))
    (best,) = ask("select max(region_name) from balances")[0]
    wanted = [row for row in everything if row[0] == best]
    pick = f"select region_name as best from balances where region_name = '{best}' group by 1"
    assert len(wanted) > 0
    for condition in (
        "region_name = best",
        "best = balances.region_name",
        "(t.best = region_name)",
        "not (balances.region_name is distinct from t.best)",
    ):
        assert ask(all_of_them.format(f"join ({pick}) t on {condition}")) == wanted
    nobody = pick.replace(f"'{best}'", "'nobody'")
    assert ask(all_of_them.format(f"join ({nobody}) t on region_name = best")) == []
    distinct = "select distinct region_name best from balances"
    known = [row for row in everything if row[0] is not None]
    assert ask(all_of_them.format(f"join ({distinct}) t on region_name = best")) == known


@pytest.mark.parametrize(
    "sql",
    [
        JOIN.format(BEST.format(2), "region_name = best and m > 3"),
        JOIN.format("select region_name as best from balances", "region_name = best"),
        JOIN.format(
            "select region_name b, branch_name c from balances group by 1, 2", "region_name = b"
        ),
        JOIN.replace(" join ", " left join ").format(BEST.format(2), "region_name = best"),
        JOIN.format(BEST.format(2), "region_name <> best"),
        JOIN.replace("group by 1", "")
        .replace("measure(deposit_end_balance)", "account_id")
        .format(BEST.format(2), "region_name = best"),
        "select * from balances join loans on true",
    ],
)
def test_a_join_that_does_more_is_refused(refuse: Refuse, sql: str) -> None:
    state, message = refuse(sql)
    assert state == "0A000"
    assert "cannot be joined" in message


def test_a_join_needs_the_groups_that_it_picks(refuse: Refuse) -> None:
    joined = f"join ({BEST.format(2)}) t on region_name = best"
    sql = f"select measure(deposit_end_balance) from balances {joined}"
    assert refuse(sql)[0] == "42803"
    assert refuse(
        JOIN.format(BEST.replace(" as best", "").format(2), "region_name = region_name")
    ) == (
        "42702",
        'column reference "region_name" is ambiguous',
    )


def test_aggregates_around_a_list_of_columns_are_the_views(ask: Ask, refuse: Refuse) -> None:
    expected = ask(
        "select region_name, measure(deposit_end_balance) from balances group by 1 order by 1"
    )
    assert any(balance for _, balance in expected)
    layers = "(select region_name as r, deposit_end_balance as e from balances {}) t"
    sql = f"select t.r, sum(t.e) from {layers} group by t.r order by 1"
    assert ask(sql.format("")) == expected
    again = f"(select r, e from {layers.format('')} where r <> 'nowhere') u"
    known = [row for row in expected if row[0] is not None]
    assert ask(f"select u.r, sum(u.e) from {again} group by 1 order by 1") == known
    one = f"where region_name = '{known[0][0]}'"
    assert ask(sql.format(one)) == known[:1]
    assert refuse(f"select max(e) from {layers.format('')}")[0] == "42803"
    rows = ask("select avg(a) from (select amount as a, account_id from transactions) t")
    values = ask("select amount, account_id from transactions")
    assert float(rows[0][0]) == pytest.approx(sum(float(row[0]) for row in values) / len(values))


LAYERS = [
    "(select * from {view}) t",
    "(select * from (select *, 1 as one from {view} order by 1) u) t",
    "(select {group}, {measure} from {view} order by {group} desc) t",
    "(select {group}, {measure}, upper({group}) as big from {view}) t",
    "(select b.{group}, b.{measure} from {view} b) t",
    "(select {group}, {measure} from {view}) t(g, m)",
]
TABLES = ["a", "a as t", "(select * from a) t"]


@pytest.mark.parametrize(
    ("view", "measure", "aggregate"),
    [
        ("balances", "deposit_end_balance", "sum({})"),
        ("transactions", "customer_count", "count(distinct {})"),
        ("transactions", "amount", "sum({})"),
    ],
)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_measure_around_any_list_is_the_measure(
    ask: Ask, layer: str, view: str, measure: str, aggregate: str
) -> None:
    group = "customer_city"
    expected = ask(f"select {group}, measure({measure}) from {view} group by 1 order by 1")
    assert len(expected) > 2
    names = ("g", "m") if layer.endswith("(g, m)") else (group, measure)
    outer = f"select {names[0]}, {aggregate.format(names[1])} x from {{}} group by 1 order by 1"
    source = layer.format(view=view, group=group, measure=measure)
    assert ask(outer.format(source)) == expected
    if names[0] == group:
        for table in TABLES:
            cte = f"with a as (select * from {source}) {outer.format(table)}"
            assert ask(cte) == expected
    by_size = ask(outer.format(source).replace("order by 1", "order by x desc nulls last, 1"))
    assert sorted(by_size, key=str) == sorted(expected, key=str)
    total = ask(f"select {aggregate.format(names[1])} from {source}")
    assert total == ask(f"select measure({measure}) from {view}")


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        (
            "select sum(deposit_end_balance) from (select * from balances limit 3) t",
            "0A000",
            "single row",
        ),
        (
            "select sum(t.deposit_end_balance) from (select * from balances) t "
            "join (select 1 as one) u on true",
            "0A000",
            "single row",
        ),
        (
            "with a as (select distinct deposit_end_balance, region_name from balances) "
            "select sum(deposit_end_balance) from a",
            "0A000",
            "single row",
        ),
        (
            "select sum(twice) from "
            "(select deposit_end_balance * 2 as twice, region_name from balances) t",
            "0A000",
            "single row",
        ),
        ("select sum(customer_count) from (select * from balances) t", "42803", "MEASURE"),
    ],
)
def test_a_measure_that_a_list_does_not_have_is_refused(
    refuse: Refuse, sql: str, state: str, words: str
) -> None:
    found, message = refuse(sql)
    assert (found, words in message) == (state, True), message


def test_a_test_for_rows_beside_an_aggregate_holds(ask: Ask) -> None:
    sql = "select region_name, measure(deposit_end_balance) from balances group by 1"
    assert sorted(ask(f"{sql} having (count(1) > 0)"), key=str) == sorted(ask(sql), key=str)


def test_administrators_join_marts_with_views(ask: Ask) -> None:
    rows = ask(
        "select d.year_number, sum(t.b) from "
        "(select month_end_date m, measure(deposit_end_balance) b "
        "from balances group by 1) t join marts.dim_date d on d.date_key = t.m "
        "group by 1 order by 1"
    )
    assert [year for year, _ in rows] == [2023, 2024]


def test_dimensions_have_extremes_and_distinct_counts(ask: Ask) -> None:
    assert ask("select max(month_end_date), count(distinct region_name) from balances") == [
        (date(2024, 6, 30), 1)
    ]
    assert ask("select region_name, min(month_end_date) from balances group by 1")[0][0] == "North"


def test_rows_are_counted(ask: Ask, refuse: Refuse) -> None:
    rows = ask("select region_name, month_end_date from balances")
    assert ask("select count(*), count(1) from balances") == [(len(rows), len(rows))]
    by_month: dict[Any, Any] = dict(ask("select month_end_date, count(*) from balances group by 1"))
    assert sum(by_month.values()) == len(rows)
    assert all(sum(day == month for _, day in rows) == n for month, n in by_month.items())
    assert ask("select region_name from balances group by 1 having count(*) > 3") == [("North",)]
    assert ask("select 1 from balances limit 2") == [(1,), (1,)]
    assert refuse("select count(*), measure(deposit_end_balance) from balances")[0] == "42803"
    assert refuse("select count(*) from bank_overview")[0] == "42803"


def test_rows_are_listed_one_by_one(connect: Callable[..., Any], ask: Ask) -> None:
    connection = connect()
    notices: list[str] = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    cursor = connection.execute("select * from balances limit 3")
    names = [column.name for column in cursor.description]
    assert cursor.rowcount == 3
    assert {"region_name", "deposit_end_balance", "deposits"} <= set(names)
    row = dict(zip(names, cursor.fetchone(), strict=True))
    assert row["region_name"] is not None
    assert row["deposit_end_balance"] is None
    assert "deposit_end_balance" in notices[0]
    assert ask("select count(*) from balances")[0][0] == len(ask("select account_id from balances"))


def test_sql_compares_unknown_values_as_sql_does(ask: Ask) -> None:
    total = "select count(*) from (select account_id, customer_city from balances{}) t"
    everything = ask(total.format(""))[0][0]
    known = ask(total.format(" where customer_city is not null"))[0][0]
    prague = ask(total.format(" where customer_city = 'Praha'"))[0][0]
    others = ask(total.format(" where customer_city <> 'Praha'"))[0][0]
    negated = ask(total.format(" where not (customer_city = 'Praha')"))[0][0]
    assert 0 < prague < known < everything
    assert prague + others == known
    assert negated == others
    assert ask(total.format(" where customer_city = null"))[0][0] == 0
    assert ask(total.format(" where 1 = 0"))[0][0] == 0


def test_periods_are_compared_by_their_days(ask: Ask) -> None:
    count = "select count(*) from (select account_id from balances where {}) t"
    march = ask(count.format("month_end_date between '2024-03-01' and '2024-03-31'"))
    assert ask(count.format("date_trunc('month', month_end_date) = '2024-03-01'")) == march
    assert ask(count.format("cast(month_end_date as date) = date '2024-03-31'")) == march
    later = ask(count.format("month_end_date > '2024-03-31'"))
    assert ask(count.format("month_end_date >= date '2024-03-31' + interval '1 day'")) == later


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("select sum(npl_ratio) from loans", "42803", "MEASURE(npl_ratio)"),
        ("select avg(deposit_end_balance) from balances", "42803", "SUM(deposit_end_balance)"),
        ("select count(customer_count) from balances", "42803", "COUNT(DISTINCT customer_count)"),
        ("select sum(customer_key) from balances", "42803", "is a dimension"),
        ("select region_name, measure(deposit_end_balance) from balances", "42803", "GROUP BY"),
        (
            "select deposit_end_balance from balances group by 1",
            "42803",
            "MEASURE(deposit_end_balance)",
        ),
        ("select region_nam from balances", "42703", "did you mean 'region_name'"),
        ("select * from balance", "42P01", "did you mean 'balances'"),
        ("select 1 from balances b join loans l on true", "0A000", "cannot be joined"),
        (
            "select region_name from balances where deposit_end_balance > 1",
            "42803",
            "HAVING",
        ),
        (
            "select month_end_date::text, measure(deposit_end_balance_share) from balances "
            "where left(month_name, 1) = 'F' group by 1",
            "0A000",
            "expressions of times, and of groups of a share or rank, do not go with it",
        ),
        (
            "select measure(deposit_end_balance) filter (where true) from balances",
            "0A000",
            "its own filters",
        ),
        ("select date_trunc('decade', month_end_date) from balances group by 1", "0A000", "decade"),
        ("select region_name from balances group by rollup(1)", "0A000", "ROLLUP"),
        ("select measure(1) from marts.dim_date", "0A000", "on a view"),
        ("select nothing(1) from balances", "42883", "nothing()"),
    ],
)
def test_what_is_not_supported_is_named(refuse: Refuse, sql: str, state: str, words: str) -> None:
    found, message = refuse(sql)
    assert found == state, message
    assert words in message
