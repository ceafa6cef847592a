"""Whatever a client sends, it is answered or refused with a reason, never broken."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import psycopg

SEED, COUNT = 5, 350
SEEDS = [
    "select region_name, measure(deposit_end_balance) from balances where month_end_date >= "
    "'2024-01-01' "
    "and region_name in ('North', 'x') group by 1 having measure(deposit_end_balance) > 0 "
    "order by 2 "
    "limit 3",
    "select * from (select date_trunc('month', value_date) m, count(*) c from transactions "
    "group by 1) t where c between 1 and 5 or m is null",
    "with a as (select distinct customer_city from customers) select count(*) from a union all "
    "select 1",
    "select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid limit 5",
    "select case when quantity > 1 then 'a' else upper('b') end, cast(1 as numeric(5, 2))",
    "declare c cursor for select 1; fetch 2 from c; close c",
    "set search_path to marts; show search_path; reset search_path",
    "select max(date_key), count(distinct year_number) from marts.dim_date d group by d.iso_year",
]
WORDS = [
    "select",
    "from",
    "where",
    "group",
    "by",
    "having",
    "order",
    "limit",
    "offset",
    "and",
    "or",
    "not",
    "null",
    "is",
    "in",
    "like",
    "ilike",
    "between",
    "(",
    ")",
    ",",
    "*",
    "=",
    "<>",
    "<",
    ">",
    "+",
    "-",
    "/",
    "||",
    "::",
    ".",
    ";",
    "'x'",
    '"x"',
    "$1",
    "1",
    "0",
    "-1",
    "1.5e400",
    "true",
    "balances",
    "loans",
    "pg_class",
    "marts",
    "deposit_end_balance",
    "region_name",
    "month_end_date",
    "count",
    "sum",
    "measure",
    "over",
    "partition",
    "distinct",
    "case",
    "end",
    "as",
    "on",
    "join",
    "left",
    "lateral",
    "union",
    "except",
    "intersect",
    "values",
    "array[1]",
    "row(1)",
    "interval",
    "'1",
    "day'",
    "date",
    "current_date",
    "filter",
    "within",
    "exists",
    "any",
    "all",
    "cast",
    "extract",
    "with",
    "recursive",
    "unnest",
    "{x}",
    "[0]",
    "E'",
    "'",
    "$$a$$",
]


def mutate(text: str, pick: random.Random) -> str:
    """A statement with words left out, repeated, swapped or put in."""
    words = text.split(" ")
    for _ in range(pick.choice([0, 1, 1, 2])):
        place = pick.randrange(len(words))
        match pick.randrange(4):
            case 0:
                del words[place : place + pick.randint(1, 2)]
            case 1:
                words.insert(place, pick.choice(WORDS))
            case 2:
                words[place] = pick.choice(WORDS)
            case _:
                other = pick.randrange(len(words))
                words[place], words[other] = words[other], words[place]
        words = words or ["select"]
    return " ".join(words)


def test_any_statement_is_answered_or_refused(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    connection = connect(options="-c statement_timeout=3s")
    pick = random.Random(SEED)
    answered = 0
    for _ in range(COUNT):
        sql = mutate(pick.choice(SEEDS), pick)
        try:
            connection.execute(sql, prepare=False)
            answered += 1
        except psycopg.Error as error:
            assert error.sqlstate not in (None, "XX000", "57014"), (sql, error)
            assert str(error).strip(), sql
    assert answered > COUNT / 20
    assert connection.execute("select 1").fetchone() == (1,)


def test_deep_and_long_statements_are_refused(
    connect: Callable[..., psycopg.Connection[Any]],
) -> None:
    connection = connect()
    for sql in ("select " + "(" * 5000 + "1" + ")" * 5000, "select '" + "x" * 300_000 + "'"):
        try:
            connection.execute(sql)
        except psycopg.Error as error:
            assert error.sqlstate in ("54001", "42601"), error
        else:
            raise AssertionError("the statement was answered")
    assert connection.execute("select 1").fetchone() == (1,)
