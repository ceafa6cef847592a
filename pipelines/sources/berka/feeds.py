"""The rows of each feed, each with the business date that delivers it.

A contract column that a query leaves out is delivered empty: the bank does not tell it.
"""

from __future__ import annotations

import duckdb

from pipelines.contracts.contract import Contract
from pipelines.sources.berka import codes

CURRENCY = "CZK"


def make_feed_table(contract: Contract, connection: duckdb.DuckDBPyConnection) -> str:
    """Create the table of one feed, sorted by business date and key.

    Returns:
        Its quoted name. It has ``business_date`` and every column of the contract.
    """
    table = f'"feed.{contract.name}"'
    connection.execute(f"create temp view told as {FEEDS[contract.name]}")
    told = {row[0] for row in connection.execute("describe told").fetchall()}
    columns = ", ".join(
        column.name if column.name in told else f"cast(null as {column.sql_type}) as {column.name}"
        for column in contract.columns
    )
    order = ", ".join(
        f"try_cast(cast({name} as varchar) as hugeint), {name}" for name in contract.key
    )
    connection.execute(
        f"create table {table} as select business_date, {columns} from told "
        f"order by business_date, {order}"
    )
    connection.execute("drop view told")
    return table


def _customers(system: str, contracts: str, date_column: str) -> str:
    """Customers of the card or loan system, numbered by that system, as of their first contract."""
    return f"""
        select
            first.business_date,
            '{system}' || client_id as customer_id,
            'PERSON' as customer_type,
            'Client ' || client_id as full_name,
            'BANK_CLIENT_NUMBER' as document_type,
            client_id as document_number,
            birth_date,
            gender,
            district_name as city
        from bank.client
        join (
            select client_id, min({date_column}) as business_date
            from {contracts}
            group by client_id
        ) as first using (client_id)
    """


def _products() -> str:
    rows = ", ".join(
        f"('{product}', '{name}', '{family}', '{codes.PRODUCT_LINES[pillar]}', '{pillar}')"
        for product, name, family, pillar in codes.PRODUCTS
    )
    names = "product_id, product_name, product_family, product_line, pillar"
    return f"select getvariable('first_date') as business_date, * from (values {rows}) t({names})"


BRANCHES = """
select
    getvariable('first_date') as business_date,
    'HO' as branch_id,
    'Head office' as branch_name,
    'HEAD_OFFICE' as branch_level,
    null as parent_branch_id,
    null as city
union all
select distinct getvariable('first_date'), region_id, region_name, 'REGION', 'HO', null
from bank.district
union all
select getvariable('first_date'), branch_id, district_name, 'BRANCH', region_id, district_name
from bank.district
"""

CUSTOMERS = """
select
    business_date,
    client_id as customer_id,
    'PERSON' as customer_type,
    'Client ' || client_id as full_name,
    'BANK_CLIENT_NUMBER' as document_type,
    client_id as document_number,
    birth_date,
    gender,
    district_name as city,
    branch_id,
    opened_date
from bank.client
"""

ACCOUNTS = f"""
select
    business_date,
    account_id,
    product_id,
    branch_id,
    '{CURRENCY}' as currency_code,
    opened_date,
    'ACTIVE' as status
from bank.account
"""

ACCOUNT_PARTIES = """
select
    business_date,
    account_id,
    client_id as customer_id,
    party_role,
    if(party_role = 'OWNER', 1, 0) as share,
    opened_date as valid_from
from bank.party
"""

BALANCES = """
select posting_date as business_date, account_id, balance
from bank.entry
join bank.posting using (line)
where is_last
"""

TRANSACTIONS = f"""
select
    posting_date as business_date,
    transaction_id,
    account_id,
    posting_date,
    transaction_type_code,
    debit_credit,
    amount,
    0 as fee_amount,
    '{CURRENCY}' as currency_code,
    counterparty_account
from bank.entry
"""

CARDS = f"""
select
    business_date,
    card_id,
    'C' || client_id as customer_id,
    product_id,
    branch_id,
    account_id as settlement_account_id,
    'DEBIT' as card_type,
    '{CURRENCY}' as currency_code,
    issued_date,
    'ACTIVE' as status
from bank.card
"""

# The status of loan.asc is what was known at the end of 1998, so it says nothing about a night
# before: a loan is delivered once, as active.
LOANS = f"""
select
    origination_date as business_date,
    loan_id,
    'L' || client_id as customer_id,
    '{codes.LOAN_PRODUCT}' as product_id,
    branch_id,
    account_id as repayment_account_id,
    '{CURRENCY}' as currency_code,
    amount as principal_amount,
    maturity_date - origination_date as term_days,
    origination_date,
    maturity_date,
    'ACTIVE' as status
from bank.loan
join (
    select loan_id, max(due_date) as maturity_date from bank.instalment group by loan_id
) using (loan_id)
"""

SCHEDULES = """
select
    origination_date as business_date,
    loan_id,
    instalment_number,
    due_date,
    principal_due,
    0 as interest_due
from bank.instalment
"""

REPAYMENTS = """
select
    posting_date as business_date,
    transaction_id as repayment_id,
    loan_id,
    posting_date as paid_date,
    amount as principal_paid,
    0 as interest_paid
from bank.payment
"""

LOAN_POSITIONS = """
select
    position_date as business_date,
    loan_id,
    principal_balance,
    overdue_principal,
    0 as overdue_interest,
    days_past_due
from bank.position
qualify
    row(principal_balance, overdue_principal, days_past_due)
    is distinct from lag(row(principal_balance, overdue_principal, days_past_due))
        over (partition by loan_id order by position_date)
"""

FEEDS = {
    "branch.branch": BRANCHES,
    "branch.product": _products(),
    "branch.customer": CUSTOMERS,
    "branch.account": ACCOUNTS,
    "branch.account_party": ACCOUNT_PARTIES,
    "branch.account_balance": BALANCES,
    "teller.transaction": TRANSACTIONS,
    "card.customer": _customers("C", "bank.card", "business_date"),
    "card.card": CARDS,
    "loan.customer": _customers("L", "bank.loan", "origination_date"),
    "loan.loan": LOANS,
    "loan.schedule": SCHEDULES,
    "loan.repayment": REPAYMENTS,
    "loan.loan_status": LOAN_POSITIONS,
}
"""Query of each feed, in an order in which references look back."""
