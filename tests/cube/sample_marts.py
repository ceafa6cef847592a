"""A few hundred deterministic rows in the tables of the marts, published as a version.

Built for the traps of balances: accounts that close within a quarter, a branch without rows in the
last month, a joint account, an incomplete last month, texts that look like SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import yaml

from tests.cube.contract_rows import ROWS, Keys, write_table

Columns = Mapping[str, Mapping[str, Any]]

MARTS = Path(__file__).resolve().parents[2] / "models" / "marts"
TABLES = """
create schema marts;
create schema meta;
use marts;

create table dim_date as
select day::date date_key, year(day)::int year_number, quarter(day)::int quarter_number,
    month(day)::int month_number, monthname(day) month_name, isoyear(day)::int iso_year,
    week(day)::int iso_week_number, day(day)::int day_of_month, isodow(day)::int weekday_number,
    dayname(day) weekday_name, last_day(day) month_end_date, day = last_day(day) is_month_end,
    isodow(day) > 5 is_weekend
from range(date '2023-01-01', date '2025-01-01', interval 1 day) days(day);

create table dim_customer as
select i::bigint customer_key, (100 + i)::bigint customer_durable_key,
    case i when -1 then 'Missing' when 1 then 'O''Brien; drop table x' when 2 then '100%_sure'
        when 3 then 'ÉMILE Zola' when 4 then '王小明' else 'Customer ' || i end full_name,
    case when i = -1 then null else ['PERSON', 'CORPORATE',
    'INSTITUTION'][i % 3 + 1] end customer_type,
    case when i % 4 = 0 then null else ['Praha', 'Brno', 'Plzeň'][i % 3 + 1] end city,
    case when i % 3 = 1 then 'C' || i end industry_code, true is_current
from (values (-1), (1), (2), (3), (4), (5), (6), (7), (8)) ids(i);

create table dim_branch as
select i::bigint branch_key, (10 * i)::bigint branch_durable_key,
    (10 * i)::bigint current_branch_durable_key, true is_current, 'B' || i branch_id, case i when -1
    then 'Missing' else 'Branch ' || i end
    branch_name, 'BRANCH' branch_level, 'North' region_name,
    'Main ' || i main_branch_name, 'Head office' head_office_name,
    'Praha' city
from (values (-1), (1), (2), (3)) ids(i);

-- branch 2 stands below branch 1; the missing branch stands nowhere
create table dim_organisation_path as
select * from (values (10::bigint, '/HO/B1/'), (20::bigint, '/HO/B1/B2/'), (30::bigint, '/HO/B3/'))
    rows(branch_durable_key, branch_path);

-- customer 103 is shared, 107 and 108 have no manager
create table dim_customer_book as
select * from (values (101::bigint, '/M1/'), (102::bigint, '/M2/'), (103::bigint, '/M1/M2/'),
    (104::bigint, '/M3/'), (105::bigint, '/M10/'), (106::bigint, '/M1/'))
    rows(customer_durable_key, manager_path);

-- customer 102 moves from one household to another
create table bridge_household_customer as
select *, 'MEMBER' member_role, valid_to > date '9999-01-01' is_current from (values
    (1::bigint, 101::bigint, 'HOUSEHOLD', date '2023-01-01', date '9999-12-31'),
    (1::bigint, 102::bigint, 'HOUSEHOLD', date '2023-01-01', date '2024-03-01'),
    (2::bigint, 102::bigint, 'HOUSEHOLD', date '2024-03-01', date '9999-12-31'),
    (2::bigint, 107::bigint, 'HOUSEHOLD', date '2023-01-01', date '9999-12-31'),
    (3::bigint, 103::bigint, 'GROUP', date '2023-01-01', date '9999-12-31'),
    (3::bigint, 105::bigint, 'GROUP', date '2023-01-01', date '9999-12-31'),
    (4::bigint, 106::bigint, 'GROUP', date '2023-01-01', date '9999-12-31'))
    rows(household_key, customer_durable_key, household_kind, valid_from, valid_to);

create table dim_product as
select i::bigint product_key, 'P' || i product_id, 'Product ' || i product_name,
    ['Demand', 'Loan'][i] product_family, ['Retail', 'Credit'][i] product_line,
    ['LIABILITY', 'ASSET'][i] pillar
from range(1, 3) ids(i);

create table dim_manager as
select i::bigint manager_key, (70 + i)::bigint manager_durable_key, true is_current,
    'M' || i manager_id, 'Manager ' || i manager_name,
    'RETAIL' manager_type
from range(1, 4) ids(i);

create table dim_teller as
select i::bigint teller_key, 'T' || i teller_id, 'Teller ' || i teller_name from range(1, 4) ids(i);

create table dim_currency as
select * from (values (1::bigint, 'CZK', 'Czech koruna'), (2::bigint, 'EUR', 'Euro'))
    rows(currency_key, currency_code, currency_name);

create table dim_channel as
select * from (values (-3::bigint, 'NA', 'Not applicable', '不适用', 'None', null),
    (1::bigint, 'COUNTER', 'Branch counter', '柜面', 'Counter', false),
    (2::bigint, 'ATM', 'Cash machine', '自助设备', 'Electronic', true))
    rows(channel_key, channel_code, channel_name, channel_name_zh, channel_group, is_electronic);

create table dim_transaction_type as
select * from (values (1::bigint, 'CASH_DEPOSIT', 'Cash deposit', '现金存款', 'Cash', true),
    (2::bigint, 'FEE', 'Fee', '手续费', 'Fee', false)) rows(transaction_type_key,
    transaction_type_code, transaction_type_name, transaction_type_name_zh, transaction_group,
    is_customer_made);

create table dim_risk_grade as
select * from (values (1::bigint, 'NORMAL', 'Normal', '正常', 1, false),
    (2::bigint, 'SUBSTANDARD', 'Substandard', '次级', 3, true)) rows(risk_grade_key,
    risk_grade_code, risk_grade_name, risk_grade_name_zh, ordinal, is_non_performing);

create table dim_account as
select i::bigint account_key, (1000 + i)::bigint account_durable_key, 'A' || i account_id,
    case when i > 14 then 'LOAN' else 'DEPOSIT' end account_type, null::varchar card_type,
    'FIXED' rate_type, 'OPEN' status, date '2022-01-01' + i::int opened_date,
    null::date maturity_date
from range(1, 21) ids(i);

create table fct_transaction as
select i::bigint transaction_key, date '2023-11-01' + (i * 7 % 240)::int value_date,
    (1 + i % 20)::bigint account_key, (1001 + i % 20)::bigint account_durable_key,
    case when i % 50 = 0 then -1 else 1 + i % 8 end::bigint customer_key,
    case when i % 50 = 0 then 99 else 101 + i % 8 end::bigint customer_durable_key,
    (1 + i % 2)::bigint product_key, case when i % 25 = 0
    then -1 else 1 + i % 3 end::bigint branch_key,
    (1 + i % 3)::bigint teller_key, case when i % 10 = 0
    then -3 else 1 + i % 2 end::bigint channel_key,
    (1 + i % 2)::bigint transaction_type_key, (1 + i % 2)::bigint currency_key,
    case when i % 3 = 0 then 'card' else 'teller' end source_system, 'X' || i transaction_id,
    case when i % 3 = 0 then 'D' else 'C' end debit_credit, i % 40 = 0 is_reversal,
    (date '2023-11-01' + (i * 7 % 240)::int)::timestamp + to_seconds(i * 431 % 86400) booked_at,
    (i * 37 % 1000 + i / 100)::decimal(18, 2) amount,
    case when i % 3 = 0 then -1 else 1 end * (i * 37 % 1000 + i / 100)::decimal(18,
    2) signed_amount,
    case when i % 2 = 1 then 1.25 else 0 end::decimal(18, 2) fee_amount,
    case when i % 2 = 1 then 1.10 else 0 end::decimal(18, 2) fee_income_amount
from range(1, 401) ids(i);

create table months as
select last_day(month)::date month_end_date, row_number() over (order by month) m
from range(date '2023-11-01', date '2024-07-01', interval 1 month) days(month);

create table fct_account_monthly as
select (a * 100 + m)::bigint account_monthly_key, month_end_date, a::bigint account_key,
    (1000 + a)::bigint account_durable_key, (1 + a % 8)::bigint customer_key,
    (101 + a % 8)::bigint customer_durable_key, case when a > 14
    then 2 else 1 end::bigint product_key,
    (1 + a % 3)::bigint branch_key, (1 + a % 3)::bigint manager_key, 1::bigint currency_key,
    'branch' source_system, case when a > 14 then 'LOAN' else 'DEPOSIT' end account_type,
    m < 8 is_complete_month, a % 5 <> 0 has_ftp_margin, a % 6 <> m % 6 is_open,
    day(month_end_date)::int period_days,
    (a * 1000 + (m - 1) * 10 + a / 100)::decimal(18, 2) opening_balance,
    (a * 1000 + m * 10 + a / 100)::decimal(18, 2) end_balance,
    (a * 1000 + m * 10 + a / 100)::decimal(18, 2) average_balance,
    ((a * 1000 + m * 10 + a / 100)::decimal(18, 2) * day(month_end_date))::decimal(38,
    2) balance_days,
    case when a > 14 then a * 3 + m end::decimal(18, 2) interest_income_amount,
    case when a <= 14 then a + m end::decimal(18, 2) interest_expense_amount,
    case when a % 5 <> 0 then a * 2.5 end::decimal(18, 2) ftp_margin_amount,
    (a % 4)::decimal(18, 2) fee_income_amount, (a % 7)::bigint transaction_count
from range(1, 21) accounts(a), months
-- account 4 closes in February, accounts of branch 3 have no row in May and June, 20 opens in March
where not (a = 4 and m > 3) and not (a % 3 = 2 and m > 6) and not (a = 20 and m < 5);

create table fct_loan_monthly as
select account_monthly_key loan_monthly_key, month_end_date, account_key, account_durable_key,
    customer_key, customer_durable_key, product_key, branch_key, manager_key, currency_key,
    case when account_key % 4 = 0 then 2 else 1 end::bigint risk_grade_key,
    'L' || account_key loan_id,
    is_complete_month, account_key % 4 = 0 is_non_performing, end_balance principal_balance,
    case when account_key % 4 = 0 then 150.25 else 0 end::decimal(18, 2) overdue_principal_amount,
    case when account_key % 4 = 0 then 10.50 else 0 end::decimal(18, 2) overdue_interest_amount,
    case when account_key % 4 = 0 then 120 else 0 end::int days_past_due,
    case when account_key % 4 = 0 then 121 else 0 end::int maximum_days_past_due
from fct_account_monthly where account_key > 14;

create table fct_profit_monthly as
select (account_monthly_key * 10 + side)::bigint profit_monthly_key, month_end_date, account_key,
    account_durable_key, customer_key + side customer_key,
    customer_durable_key + side customer_durable_key, product_key, branch_key, manager_key,
    currency_key, account_type, is_complete_month, has_ftp_margin, 0.5::decimal(9, 6) weight,
    (end_balance / 2)::decimal(18, 2) end_balance, interest_income_amount, interest_expense_amount,
    ftp_margin_amount, fee_income_amount, 0.06::decimal(18, 2) vat_amount,
    0.01::decimal(18, 2) surcharge_amount, 2.00::decimal(18, 2) cost_to_serve_amount,
    0.50::decimal(18, 2) expected_loss_amount,
    (ftp_margin_amount + fee_income_amount - 2.57)::decimal(18, 2) pre_tax_contribution_amount,
    1.00::decimal(18, 2) income_tax_amount,
    (ftp_margin_amount + fee_income_amount - 3.57)::decimal(18, 2) net_contribution_amount,
    10.00::decimal(18, 2) capital_amount, 0.85::decimal(18, 2) capital_year_amount,
    0.09::decimal(18, 2) capital_charge_amount,
    (ftp_margin_amount + fee_income_amount - 3.66)::decimal(18, 2) economic_value_added_amount,
    (coalesce(ftp_margin_amount, 0) + fee_income_amount)::decimal(18,
    2) contribution_before_cost_amount
from fct_account_monthly, range(0, 2) sides(side) where customer_key < 8;

create table dim_activity as
select * from (values (1::bigint, 'COUNTER_CASH', 'Cash', '现金', 'COUNTER', false),
    (2::bigint, 'IDLE_COUNTER', 'Unused', '闲置', 'COUNTER', true)) rows(activity_key,
    activity_code, activity_name, activity_name_zh, cost_pool_code, is_idle);

create table fct_activity_cost as
select m * 10 + c activity_cost_key, month_end_date, c::bigint customer_key,
    (100 + c)::bigint customer_durable_key, case when c = 8 then 2 else 1 end::bigint activity_key,
    case when c = 8 then -3 else 1 end::bigint channel_key, c = 8 is_idle,
    case when c = 8 then 0 else m + c end::decimal(20, 8) event_count,
    (c * 12)::decimal(20, 8) used_minutes, (c * 3 + m)::decimal(18, 2) cost_amount
from months, range(1, 9) customers(c);

drop table months;
"""


@cache
def list_missing() -> str:
    """SQL for what the contracts of the marts have and TABLES has not.

    Dimensions and facts get rows, other tables and columns stay empty.
    """
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        query = "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
        known = set(connection.execute(query).fetchall())
        contracts = dict(_read_contracts())
        keys = _count_members(connection, contracts, {table for table, _ in known})
    statements = []
    for name, columns in contracts.items():
        typed = {column: f"{column} {c['data_type']}" for column, c in columns.items()}
        if any(table == name for table, _ in known):
            missing = [typed[column] for column in typed if (name, column) not in known]
            statements += [f"alter table marts.{name} add column {column}" for column in missing]
        elif name.startswith(("dim_", "fct_")):
            statements.append(write_table(name, columns, keys))
        else:
            statements.append(f"create table marts.{name} ({', '.join(typed.values())})")
    return "; ".join(statements)


def empty_made_facts() -> str:
    """SQL that takes the rows out of the facts that are made of their contracts alone."""
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    written = {name for (name,) in tables}
    made = (name for name, _ in _read_contracts() if name.startswith("fct_"))
    return "; ".join(f"delete from marts.{name}" for name in made if name not in written)


def _read_contracts() -> Iterator[tuple[str, Columns]]:
    for path in sorted(MARTS.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            yield model["name"], {column["name"]: column for column in model["columns"]}


def _count_members(
    connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, Columns], known: set[str]
) -> Keys:
    """Members of every dimension, of those written by hand and of those made of contracts."""
    counts: dict[str, int] = {}
    missing: set[str] = set()
    for table, columns in contracts.items():
        key = next(iter(columns))
        if not table.startswith("dim_") or not key.endswith("_key") or "_durable_" in key:
            continue
        counts[key] = ROWS["dim"]
        if table in known and columns[key]["data_type"] == "bigint":
            query = f"select count(*) filter ({key} > 0), bool_or({key} = -1) from marts.{table}"
            ((counts[key], has_missing),) = connection.execute(query).fetchall()
            missing.update({key} if has_missing else ())
    return Keys(counts, frozenset(missing))


@cache
def build_marts() -> bytes:
    """A database file with every mart, made once per process."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute("begin")
            connection.execute(TABLES)
            connection.execute(list_missing())
            connection.execute("commit")
        return path.read_bytes()


def publish_version(
    folder: Path, version: str, business_date: date, extra_sql: str = "select 1"
) -> Path:
    """Build ``<version>.duckdb`` in the published folder and point CURRENT to it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{version}.duckdb"
    path.write_bytes(build_marts())
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table meta.version as select ? as version, ?::date as business_date, "
            "1::bigint as built_through_load",
            [version, business_date],
        )
        connection.execute("use marts")
        connection.execute(extra_sql)
    pointer = folder / "CURRENT.tmp"
    pointer.write_text(f"{path.name}\n", encoding="utf-8")
    pointer.replace(folder / "CURRENT")
    return path
