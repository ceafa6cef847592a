"""Casts, functions and conditions around members: each means what it means on plain rows.

The judge is a table of the rows of the view, listed one by one, which answers the same statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import psycopg
import pytest

from bankcrm.settings import Settings
from cube.security.auth import make_token
from cube.wire.session.server import WireServer
from tests.wire.test_semantic import CLAIMS, HOUR, normalize

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
Refuse = Callable[..., tuple[str, str]]

MOMENT, DAY, AMOUNT, COUNT = "booked_at", "value_date", "amount", "transaction_count"
TEXT, NUMBER, FLAG = "customer_city", "customer_key", "is_reversal"
COLUMNS = (MOMENT, DAY, AMOUNT, COUNT, TEXT, NUMBER, FLAG)

EXPRESSIONS = [
    f"{MOMENT}::date",
    f"{DAY}::date",
    f"{DAY}::text",
    f"{MOMENT}::text",
    f"date_trunc('month', {MOMENT})",
    f"date_trunc('month', {DAY})::date",
    f"date_trunc('hour', {MOMENT}::date)",
    f"extract(year from {DAY})::int",
    f"extract(month from {DAY})",
    f"{NUMBER}::text",
    f"{NUMBER}::numeric",
    f"({NUMBER} - 104)::boolean",
    f"{NUMBER} % 2",
    f"trunc({NUMBER} / 2.0)",
    f"left({TEXT}, 1)",
    f"upper({TEXT})",
    f"coalesce({TEXT}, 'none')",
    f"{TEXT} || {NUMBER}",
    f"case when {TEXT} is null then 'a' when {NUMBER} > 104 then 'b' end",
    f"{FLAG}::int",
    f"{FLAG} or {NUMBER} = 103",
]
CONDITIONS = [
    f"{MOMENT}::date in ('2024-01-15', '2024-02-15')",
    f"{MOMENT}::date not in ('2024-01-15')",
    f"{MOMENT}::date = '2024-01-15'",
    f"{MOMENT}::date <> date '2024-01-15'",
    f"{MOMENT}::date > '2024-03-01'",
    f"{MOMENT}::date between '2024-01-10' and '2024-02-10'",
    f"{MOMENT}::date = timestamp '2024-01-15 12:00:00'",
    f"date_trunc('month', {MOMENT}) = '2024-02-01'",
    f"date_trunc('month', {DAY}) > '2024-02-10'",
    f"date_trunc('month', {DAY})::text like '2024-02%'",
    f"{NUMBER}::text > '105'",
    f"{NUMBER}::text in ('104', '0105')",
    f"({NUMBER} / 2.0)::int = 52",
    f"{NUMBER} > 1.04e2",
    f"({NUMBER} - 104)::boolean",
    f"not ({NUMBER} - 104)::boolean",
    f"{TEXT} like 'B%'",
    f"{TEXT} like 'b%'",
    f"{TEXT} not like 'B%'",
    f"{TEXT} like '_r%'",
    f"{TEXT} like 'Brno'",
    f"{TEXT} > 'C'",
    f"lower({TEXT}) like 'b%'",
    f"lower({TEXT}) like 'B%'",
    f"lower({TEXT}) = 'brno'",
    f"{TEXT} = 'Brno' or {NUMBER}::text like '%5'",
    f"{TEXT} is distinct from 'Brno'",
    f"not ({TEXT} like 'B%' and {NUMBER} % 2 = 0)",
    f"{FLAG} = 'no'",
    f"extract(day from {DAY}) = 15",
    "1 = 0",
    "null",
]
AGGREGATES = [
    f"sum({AMOUNT}), count(*)",
    f"sum(trunc({AMOUNT})), sum({AMOUNT}), count(*)",
    f"sum({AMOUNT}::int)",
    f"sum({AMOUNT}::numeric), sum({AMOUNT})",
    f"avg({AMOUNT} * 2), max(abs({AMOUNT}))",
    f"sum(case when {FLAG} then 1 else 0 end)",
    f"count(distinct {NUMBER} % 3), max(length({TEXT}))",
    f"sum(case when {TEXT} = 'Brno' then {AMOUNT} end)",
]


@pytest.fixture(scope="module")
def judge(ask: Ask) -> Iterator[Ask]:
    """Answers statements on a table of the rows."""
    rows = ask(f"select {', '.join(COLUMNS)} from transactions")
    with duckdb.connect() as connection:
        connection.execute(
            f"create table transactions ({MOMENT} timestamp, {DAY} date, {AMOUNT} decimal(18, 2), "
            f"{COUNT} bigint, {TEXT} varchar, {NUMBER} bigint, {FLAG} boolean)"
        )
        marks = ", ".join("?" for _ in COLUMNS)
        connection.executemany(f"insert into transactions values ({marks})", rows)
        yield lambda sql: connection.execute(sql).fetchall()


def compare(ask: Ask, judge: Ask, sql: str) -> None:
    assert normalize(ask(sql)) == normalize(judge(sql)), sql


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_groups_and_counts_as_it_does_on_rows(
    ask: Ask, judge: Ask, expression: str
) -> None:
    compare(ask, judge, f"select count(distinct {expression}) from transactions")
    compare(ask, judge, f"select max({expression}) from transactions")
    grouped = f"select {expression} e, sum({AMOUNT}), count(*) from transactions group by"
    compare(ask, judge, f"{grouped} 1")
    compare(ask, judge, f"{grouped} {expression}")
    compare(ask, judge, f"select distinct {expression} from transactions")


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_keeps_the_rows_that_it_keeps_in_sql(
    ask: Ask, judge: Ask, condition: str
) -> None:
    for form in ("{}", "not ({})", "({}) is not true", f"({{}}) or {NUMBER} = 103"):
        where = form.format(condition)
        compare(ask, judge, f"select count(*), sum({AMOUNT}) from transactions where {where}")
        compare(ask, judge, f"select {NUMBER} from transactions where {where}")


@pytest.mark.parametrize("aggregate", AGGREGATES)
@pytest.mark.parametrize("group", ["", TEXT, f"date_trunc('month', {DAY})", f"{NUMBER} % 2"])
def test_aggregates_of_expressions_are_those_of_the_rows(
    ask: Ask, judge: Ask, aggregate: str, group: str
) -> None:
    sql = f"select {group or 1}, {aggregate} from transactions"
    compare(ask, judge, f"{sql} group by {group}" if group else sql)


PERIODS = [
    "measure(deposit_end_balance), measure(deposit_average_balance) from balances where {}",
    f"{TEXT}, measure(deposit_end_balance) from balances where {{}} group by 1",
    f"{TEXT}, measure(deposit_end_balance_share) from balances where {{}} group by 1",
    "measure(deposit_end_balance_year_before) from balances "
    "where {} and month_end_date >= '2024-01-01'",
    f"measure(amount_3_months) from transactions where {{}} and {DAY} between '2024-02-01' and "
    "'2024-03-31'",
    f"date_trunc('month', {DAY}), measure(amount_month_before) from transactions where {{}} "
    "group by 1",
    f"measure(amount_share), measure(amount_rank), {TEXT} from transactions where {{}} group by 3",
]
SAME_ROWS = [
    (f"{TEXT} like 'B%'", f"{TEXT} in ('Brno')"),
    (f"{TEXT} like 'b%'", "1 = 0"),
    (f"{TEXT} not like 'B%'", f"{TEXT} not in ('Brno')"),
    (f"{TEXT} like '_r%'", f"{TEXT} in ('Brno', 'Praha')"),
    (f"{TEXT} > 'C'", f"{TEXT} in ('Praha', 'Plzeň')"),
    (f"{NUMBER} % 2 = 0", f"{NUMBER} in (102, 104, 106, 108)"),
]


@pytest.mark.parametrize("figure", PERIODS)
@pytest.mark.parametrize(("condition", "members"), SAME_ROWS)
def test_balances_windows_and_shares_take_conditions_on_what_is_no_time(
    ask: Ask, figure: str, condition: str, members: str
) -> None:
    """`LIKE` was refused beside balances, where `ILIKE` was answered."""
    expected = ask(f"select {figure.format(members)}")
    assert normalize(ask(f"select {figure.format(condition)}")) == normalize(expected)


def test_balances_are_grouped_by_expressions_of_what_is_no_time(ask: Ask) -> None:
    figures = "measure(deposit_end_balance), measure(deposit_average_balance) from balances"
    by_name = ask(f"select {TEXT}, {figures} group by 1")
    upper = [(name and name.upper(), *rest) for name, *rest in by_name]
    assert len(upper) > 1
    assert normalize(ask(f"select upper({TEXT}), {figures} group by 1")) == normalize(upper)


def test_measures_of_other_periods_take_no_expressions_of_times(refuse: Refuse) -> None:
    for sql in (
        f"select measure(amount_month_before) from transactions where {DAY}::text > '1'",
        f"select measure(amount_month_before) from transactions where {DAY} > '2024-01-01' "
        "and month_name like 'F%'",
        "select measure(deposit_end_balance) from balances where month_end_date::text like '%1'",
        "select measure(deposit_end_balance) from balances where is_complete_month::text = 'true'",
        f"select upper({TEXT}), measure(deposit_end_balance_share) from balances group by 1",
    ):
        state, message = refuse(sql)
        assert state == "0A000", sql
        assert "is computed over other periods or groups" in message, sql
    state, message = refuse("select sum(trunc(deposit_end_balance)) from balances")
    assert state == "0A000"
    assert "'deposit_end_balance' has no value in a single row" in message
    assert refuse(f"select count(*) from transactions where {FLAG} = 'maybe'")[0] == "22P02"
    assert refuse(f"select count(*) from transactions where {TEXT} = 5")[0] == "42883"


def test_expressions_see_the_rows_of_the_user_and_fail_on_no_others(
    guarded: WireServer, settings: Settings, ask: Ask
) -> None:
    token = make_token(settings, ["branch_manager"], HOUR, CLAIMS["branch_manager"])
    count = "select count(*) from transactions where {}"
    with psycopg.connect(
        host="127.0.0.1", port=guarded.port, user="b", dbname="bankcrm", password=token
    ) as connection:
        connection.autocommit = True
        own = connection.execute(count.format(f"{NUMBER}::text > '104'")).fetchall()
        rows = connection.execute(f"select {NUMBER}::text from transactions").fetchall()
        assert own == [(sum(key > "104" for (key,) in rows),)]
        assert 0 < own[0][0] < ask(count.format(f"{NUMBER}::text > '104'"))[0][0]
        for condition in (f"{TEXT}::int = 1", f"lower({TEXT}) = 5", f"10 / ({NUMBER} - 104) > 0"):
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="you may not see"):
                connection.execute(count.format(condition))
