"""The traps of cubes, each with figures that can be added up by hand (see tiny/tables.sql)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import connect_hardened

Ask = Callable[[dict[str, Any]], list[tuple[Any, ...]]]
PRAGUE = {"timezone": "Europe/Prague"}
POSTED, DAY = "entries_of_accounts.posted_at", "entries_of_accounts.entry_date"
AMOUNT, ENTRIES = "entries_of_accounts.amount", "entries_of_accounts.entries"


def owners(*names: str) -> list[str]:
    return [f"owners.{name}" for name in names]


def entries(*names: str) -> list[str]:
    return [f"entries_of_accounts.{name}" for name in names]


def by_time(member: str, granularity: str, *dates: str) -> list[dict[str, Any]]:
    time: dict[str, Any] = {"dimension": member, "granularity": granularity}
    return [time | ({"dateRange": list(dates)} if dates else {})]


def test_fan_out_a_customer_with_two_accounts_has_one_limit(ask_tiny: Ask) -> None:
    measures = owners("customers", "credit_limit", "balance", "accounts")
    assert ask_tiny({"measures": measures, "dimensions": owners("region")}) == [
        ("North", 2, Decimal(300), Decimal(60), 3),
        ("South", 2, Decimal(700), Decimal(40), 1),
    ]


def test_fan_out_by_a_member_of_the_many_side_counts_each_customer_once_per_group(
    ask_tiny: Ask,
) -> None:
    measures = owners("customers", "credit_limit", "mean_limit")
    rows = ask_tiny(
        {"measures": measures, "dimensions": owners("branch"), "order": {"owners.branch": "asc"}}
    )
    assert rows == [("A", 3, 600, 200), ("B", 1, 100, 100), (None, 1, 400, 400)]


def test_fan_out_a_filter_on_the_many_side_keeps_each_customer_once(ask_tiny: Ask) -> None:
    some = {"member": "owners.balance", "operator": "measureFilter"}
    above = {"member": "owners.branch", "operator": "in", "values": ["A", "B"]}
    query = {"measures": owners("credit_limit", "customers"), "filters": [some, above]}
    assert ask_tiny(query) == [(Decimal(600), 3)]


def test_chasm_two_facts_of_one_customer_do_not_multiply_each_other(ask_tiny: Ask) -> None:
    measures = owners("balance", "minutes", "credit_limit")
    assert ask_tiny({"measures": measures, "dimensions": owners("region")}) == [
        ("North", Decimal(60), 12, Decimal(300)),
        ("South", Decimal(40), 20, Decimal(700)),
    ]
    assert ask_tiny({"measures": measures}) == [(Decimal(100), 32, Decimal(1000))]


def test_double_counting_a_ratio_over_two_cubes_divides_sums_of_their_own(ask_tiny: Ask) -> None:
    query = {"measures": owners("limit_used"), "dimensions": owners("region")}
    assert sorted(ask_tiny(query)) == [("North", 0.2), ("South", pytest.approx(40 / 700))]


def test_who_has_no_account_counts_no_account(ask_tiny: Ask) -> None:
    none = {"member": "owners.branch", "operator": "notSet"}
    query = {"measures": owners("accounts", "customers"), "filters": [none]}
    assert ask_tiny(query) == [(0, 1)]


def test_distinct_subtotals_are_counted_not_added(ask_tiny: Ask) -> None:
    by_branch = ask_tiny({"measures": owners("owners"), "dimensions": owners("branch")})
    assert sum(row[1] for row in by_branch) == 4
    assert ask_tiny({"measures": owners("owners")}) == [(3,)]


def test_a_measure_of_a_joined_cube_is_not_repeated_per_row_of_the_fact(ask_tiny: Ask) -> None:
    query = {"measures": entries("balance", "accounts", "entries")}
    assert ask_tiny(query) == [(Decimal(100), 4, 12)]


def test_a_view_of_two_facts_shows_them_on_their_shared_members(ask_tiny: Ask) -> None:
    measures = ["side_by_side.balance", "side_by_side.minutes"]
    query = {"measures": measures, "dimensions": ["side_by_side.region"]}
    assert sorted(ask_tiny(query)) == [("North", Decimal(60), 12), ("South", Decimal(40), 20)]


def test_measures_of_two_views_meet_on_the_member_that_both_cubes_reach(ask_tiny: Ask) -> None:
    query = {"measures": ["side_by_side.balance", AMOUNT], "dimensions": entries("branch")}
    rows = {row[0]: row[1:] for row in ask_tiny(query)}
    assert rows["B"] == (Decimal(20), Decimal(1028))


def test_weeks_and_months_start_at_local_midnight_when_summer_time_begins(ask_tiny: Ask) -> None:
    spring = ("2024-03-25", "2024-04-07")
    week = {"measures": [AMOUNT, ENTRIES], "timeDimensions": by_time(POSTED, "week", *spring)}
    assert ask_tiny(week | PRAGUE) == [
        ("2024-03-25T00:00:00", Decimal(7), 3),
        ("2024-04-01T00:00:00", Decimal(8), 1),
    ]
    assert ask_tiny(week) == [("2024-03-25T00:00:00", Decimal(15), 4)]
    month = {"measures": [AMOUNT], "timeDimensions": by_time(POSTED, "month", *spring)}
    assert ask_tiny(month | PRAGUE) == [
        ("2024-03-01T00:00:00", Decimal(7)),
        ("2024-04-01T00:00:00", Decimal(8)),
    ]


def test_a_day_of_23_hours_and_a_day_of_25_hours_are_whole_days(ask_tiny: Ask) -> None:
    for day, amount in (("2024-03-31", 6), ("2024-10-27", 112)):
        time = [{"dimension": POSTED, "dateRange": day}]
        assert ask_tiny({"measures": [AMOUNT], "timeDimensions": time} | PRAGUE) == [(amount,)]


def test_the_hour_that_comes_twice_is_one_hour_of_the_local_clock(ask_tiny: Ask) -> None:
    time = by_time(POSTED, "hour", "2024-10-27", "2024-10-27")
    rows = ask_tiny({"measures": [AMOUNT], "timeDimensions": time} | PRAGUE)
    assert rows == [("2024-10-27T00:00:00", Decimal(16)), ("2024-10-27T02:00:00", Decimal(96))]


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland", "Europe/Prague"])
def test_a_calendar_day_is_the_same_day_in_every_zone(ask_tiny: Ask, zone: str) -> None:
    time = by_time(DAY, "day", "2024-02-01", "2024-02-29")
    rows = ask_tiny({"measures": [AMOUNT], "timeDimensions": time, "timezone": zone})
    assert [row[0][:10] for row in rows] == ["2024-02-01", "2024-02-29"]


def test_leap_day_a_rolling_month_is_a_calendar_month_for_sums_and_distinct_counts(
    ask_tiny: Ask,
) -> None:
    time = by_time(DAY, "month", "2024-01-01", "2024-03-31")
    measures = entries("amount", "amount_month", "users", "users_month")
    assert ask_tiny({"measures": measures, "timeDimensions": time}) == [
        ("2024-01-01T00:00:00", Decimal(512), Decimal(512), 1, 1),
        ("2024-02-01T00:00:00", Decimal(3072), Decimal(3072), 2, 2),
        ("2024-03-01T00:00:00", Decimal(15), Decimal(15), 3, 3),
    ]


def test_leap_day_the_year_before_february_2024_is_the_whole_february_2023(ask_tiny: Ask) -> None:
    time = by_time(DAY, "month", "2024-02-01", "2024-02-29")
    query = {"measures": entries("amount", "amount_year_before"), "timeDimensions": time}
    assert ask_tiny(query) == [("2024-02-01T00:00:00", Decimal(3072), Decimal(256))]


def test_month_ends_the_month_before_february_is_the_whole_january(ask_tiny: Ask) -> None:
    time = by_time(DAY, "month", "2024-02-01", "2024-02-29")
    query = {"measures": entries("amount_month_before"), "timeDimensions": time}
    assert ask_tiny(query) == [("2024-02-01T00:00:00", Decimal(512))]


def test_equal_joins_with_other_arguments_are_not_merged_into_nulls(tmp_path: Path) -> None:
    """DuckDB 1.5.5 answered null for the last sum; versions are opened without that optimizer."""
    path = tmp_path / "version.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create table c as select i k from range(2900) t(i);
            create table m as select i % 2800 k, i % 2 = 0 complete from range(7272) t(i);
            create table e as select i ek, i % 2700 k, i::decimal(18, 2) amount, i % 1000 = 0 rev
            from range(32496) t(i);
            """
        )
    joined = (
        "from c left join m on c.k = m.k left join e on c.k = e.k "
        "where (e.rev <> true or e.rev is null) and (m.complete is null or e.rev = false)"
    )
    query = f"""
        select * from (select count(distinct m.complete) {joined}),
        (select sum(x.k) from (select distinct c.k {joined}) q left join c x on q.k = x.k),
        (select sum(y.amount) from (select distinct e.ek k {joined}) q left join e y on q.k = y.ek)
    """
    expected = sum(i for i in range(32496) if i % 1000)
    with connect_hardened(Settings(home=tmp_path), path) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None and row[2] == Decimal(expected)
