"""Instalments, payments and daily positions of the loans.

The files give a loan's amount, number and size of instalments, but no due dates: payments fall on
the 12th of a month, the first one on the first 12th after the loan was granted.
"""

from __future__ import annotations

import duckdb

INSTALMENT_DAY = 12
"""Day of the month on which instalments fall due."""

ROUNDING_HALER = 50
"""loan.asc rounds the instalment to whole koruna; the payments are exact to 0.10."""


def make_loan_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``bank.instalment``, ``bank.payment`` and ``bank.position`` from ``bank.loan``."""
    for query in (INSTALMENTS, PAYMENTS, POSITIONS):
        connection.execute(query)


INSTALMENTS = f"""
create table bank.instalment as
with loans as (
    select
        *,
        cast(
            date_trunc('month', origination_date)
            + to_days({INSTALMENT_DAY - 1})
            + to_months(if(day(origination_date) < {INSTALMENT_DAY}, 0, 1))
            as date
        ) as first_due_date
    from bank.loan
)
select
    loan_id,
    cast(unnest(generate_series(1, duration)) as integer) as instalment_number,
    cast(first_due_date + to_months(instalment_number - 1) as date) as due_date,
    payments as principal_due,
    origination_date
from loans
"""

PAYMENTS = """
create table bank.payment as
select loan.loan_id, entry.transaction_id, entry.posting_date, entry.amount
from bank.entry
asof join bank.loan
    on entry.account_id = loan.account_id and entry.posting_date >= loan.origination_date
where entry.transaction_type_code = 'LOAN_PAYMENT'
"""

# An instalment counts as met when what was paid so far reaches the instalments up to it, each
# less the half koruna that loan.asc rounds away. Due is what fell due before the business date.
POSITIONS = f"""
create table bank.position as
with days as (
    select
        *,
        cast(unnest(generate_series(
            origination_date, getvariable('last_date'), interval 1 day
        )) as date) as position_date
    from bank.loan
),

movements as (
    select
        days.*,
        sum(coalesce(paid.amount, 0)) over so_far as paid_amount,
        count(instalment.loan_id) over so_far as due_count
    from days
    left join (
        select loan_id, posting_date, sum(amount) as amount from bank.payment group by all
    ) as paid
        on days.loan_id = paid.loan_id and days.position_date = paid.posting_date
    left join bank.instalment
        on days.loan_id = instalment.loan_id and days.position_date = instalment.due_date + 1
    window so_far as (partition by days.loan_id order by position_date)
),

met_instalments as (
    select
        *,
        cast(paid_amount * 100 as bigint)
        // (cast(payments * 100 as bigint) - {ROUNDING_HALER}) as met_count
    from movements
)

select
    met_instalments.loan_id,
    position_date,
    greatest(amount - paid_amount, 0) as principal_balance,
    if(due_count > met_count, due_count * payments - paid_amount, 0) as overdue_principal,
    if(due_count > met_count, position_date - oldest.due_date, 0) as days_past_due
from met_instalments
left join (select loan_id, instalment_number, due_date from bank.instalment) as oldest
    on met_instalments.loan_id = oldest.loan_id
    and oldest.instalment_number = met_count + 1
"""
