"""From the text of the files to typed tables of the bank, cut at the last business date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from bankcrm.errors import BankcrmError, RejectedDelivery
from pipelines.sources.berka import codes
from pipelines.sources.berka.files import REMEDY, birth_date_sql, date_sql, gender_sql


@dataclass(frozen=True)
class Period:
    """First and last business date, both included."""

    first: date
    last: date


def find_period(connection: duckdb.DuckDBPyConnection, until: date | None) -> Period:
    """The business dates of the bank: from the first to the last transaction date, or ``until``.

    Raises:
        BankcrmError: when ``until`` lies before the first transaction.
        RejectedDelivery: when there is no transaction at all.
    """
    found = connection.execute(
        f"select min({date_sql('date')}), max({date_sql('date')}) from file.trans"
    ).fetchone()
    first, last = found if found is not None else (None, None)
    if first is None or last is None:
        raise RejectedDelivery("trans.asc", ["it has no transaction"], REMEDY)
    if until is not None and until < first:
        raise BankcrmError(
            f"trans.asc has no transaction up to {until}",
            f"Choose an until date from {first} onward.",
        )
    return Period(first, last if until is None else min(until, last))


def make_slice(connection: duckdb.DuckDBPyConnection, period: Period) -> None:
    """Create the tables ``bank.*`` of what belongs to the period.

    The slice is: accounts opened by its last date, their parties and entries, loans granted and
    cards issued on them by its last date.

    Raises:
        RejectedDelivery: when entries or loans contradict the accounts or themselves.
    """
    connection.execute(f"set variable first_date = date '{period.first}'")
    connection.execute(f"set variable last_date = date '{period.last}'")
    connection.execute("create schema bank")
    for query in (DISTRICTS, ACCOUNTS, PARTIES, CLIENTS, ENTRIES, LOANS, CARDS):
        connection.execute(query)
    for file, question, problem in CONTRADICTIONS:
        found = connection.execute(question).fetchall()
        if found:
            identifiers = ", ".join(str(row[0]) for row in found[:3])
            raise RejectedDelivery(file, [f"{len(found)} {problem}: {identifiers}"], REMEDY)


DISTRICTS = """
create table bank.district as
select
    'D' || A1 as branch_id,
    A1 as district_id,
    trim(A2) as district_name,
    trim(A3) as region_name,
    'R-' || upper(regexp_replace(trim(A3), '[^A-Za-z0-9]+', '-', 'g')) as region_id
from file.district
"""

ACCOUNTS = f"""
create table bank.account as
select
    account_id,
    'D' || district_id as branch_id,
    {codes.translate_sql("frequency", codes.ACCOUNT_PRODUCTS)} as product_id,
    {date_sql("date")} as opened_date,
    greatest(opened_date, getvariable('first_date')) as business_date
from file.account
where {date_sql("date")} <= getvariable('last_date')
"""

PARTIES = f"""
create table bank.party as
select
    disp_id,
    client_id,
    account_id,
    {codes.translate_sql("type", codes.PARTY_ROLES)} as party_role,
    account.opened_date,
    account.business_date
from file.disp
join bank.account using (account_id)
"""

CLIENTS = f"""
create table bank.client as
select
    client_id,
    {birth_date_sql("birth_number")} as birth_date,
    {gender_sql("birth_number")} as gender,
    branch_id,
    district_name,
    first_account.opened_date,
    first_account.business_date
from file.client
join bank.district using (district_id)
join (
    select client_id, min(opened_date) as opened_date, min(business_date) as business_date
    from bank.party
    group by client_id
) as first_account using (client_id)
"""

ENTRIES = f"""
create table bank.entry as
select
    line,
    trans_id as transaction_id,
    account_id,
    {date_sql("date")} as posting_date,
    {codes.transaction_type_sql("trim(operation)", "trim(k_symbol)")} as transaction_type_code,
    {codes.translate_sql("type", codes.DEBIT_CREDIT)} as debit_credit,
    cast(amount as decimal(18, 2)) as amount,
    cast(balance as decimal(18, 2)) as balance,
    if(trim(bank) = '', null, trim(account) || '/' || trim(bank)) as counterparty_account
from file.trans
where {date_sql("date")} <= getvariable('last_date')
order by line
"""

LOANS = f"""
create table bank.loan as
select
    loan_id,
    account_id,
    party.client_id,
    account.branch_id,
    {date_sql("date")} as origination_date,
    cast(amount as decimal(18, 2)) as amount,
    cast(duration as integer) as duration,
    cast(payments as decimal(18, 2)) as payments
from file.loan
join bank.account using (account_id)
join bank.party using (account_id)
where party.party_role = 'OWNER' and {date_sql("date")} <= getvariable('last_date')
"""

CARDS = f"""
create table bank.card as
select
    card_id,
    party.client_id,
    party.account_id,
    account.branch_id,
    {codes.translate_sql("type", codes.CARD_PRODUCTS)} as product_id,
    {date_sql("issued[1:6]")} as issued_date,
    greatest({date_sql("issued[1:6]")}, account.business_date) as business_date
from file.card
join bank.party using (disp_id)
join bank.account using (account_id)
where {date_sql("issued[1:6]")} <= getvariable('last_date')
"""

CONTRADICTIONS = (
    (
        "disp.asc",
        "select account_id from bank.account left join bank.party using (account_id) "
        "group by account_id having count(*) filter (party_role = 'OWNER') <> 1 order by 1",
        "accounts without exactly one OWNER",
    ),
    (
        "trans.asc",
        "select transaction_id from bank.entry left join bank.account using (account_id) "
        "where (posting_date >= opened_date) is not true order by line",
        "entries posted before their account was opened",
    ),
    (
        "trans.asc",
        "select transaction_id from bank.entry where transaction_type_code is null order by line",
        "entries without operation, interest or fee symbol",
    ),
    (
        "loan.asc",
        "select loan_id from bank.loan join bank.account using (account_id) "
        "where origination_date < business_date order by 1",
        "loans granted before their account was opened or before the first transaction",
    ),
    (
        "loan.asc",
        "select loan_id from bank.loan where payments * duration <> amount or payments < 1 "
        "order by 1",
        "loans whose instalments do not add up to the amount",
    ),
)
"""File, question that returns identifiers, and what is wrong with them."""
