"""Facts carry the versions of dimensions that were valid on their day."""

from __future__ import annotations

import pytest

from tests.integration.oracle.bank import OracleBank

DAYS = {
    "fct_transaction": "f.value_date",
    "fct_account_monthly": "least(f.month_end_date, v.business_date)",
    "fct_loan_monthly": "least(f.month_end_date, v.business_date)",
    "fct_card_monthly": "least(f.month_end_date, v.business_date)",
    "fct_repayment": "least(f.repayment_date, v.business_date)",
    "fct_profit_monthly": "least(f.month_end_date, v.business_date)",
    "fct_activity_cost": "least(f.month_end_date, v.business_date)",
    "fct_gl_balance": "least(f.month_end_date, v.business_date)",
    # What leaves a unit, owner or manager carries those of the day before.
    "fct_fund_flow": """f.flow_date - (
        select cast(c.flow_class_code in ('BRANCH_OUT', 'OWNER_OUT', 'MANAGER_OUT') as integer)
        from marts.dim_flow_class as c where c.flow_class_key = f.flow_class_key
    )""",
    "fct_manager_kpi": "least(f.month_end_date, v.business_date)",
    "fct_manager_score": "least(f.month_end_date, v.business_date)",
    "fct_team_kpi": "least(f.month_end_date, v.business_date)",
}
DIMENSIONS = {
    "fct_transaction": ("account", "customer", "product", "branch"),
    "fct_account_monthly": ("account", "customer", "product", "branch", "manager"),
    "fct_loan_monthly": ("account", "customer", "product", "branch", "manager"),
    "fct_card_monthly": ("account", "customer", "product", "branch", "manager"),
    "fct_repayment": ("account", "customer", "product", "branch", "manager"),
    "fct_profit_monthly": ("account", "customer", "product", "branch", "manager"),
    "fct_activity_cost": ("customer",),
    "fct_gl_balance": ("branch",),
    "fct_fund_flow": ("account", "customer", "product", "branch", "manager"),
    "fct_manager_kpi": ("manager", "branch"),
    "fct_manager_score": ("manager", "branch"),
    "fct_team_kpi": ("branch",),
}
DURABLE = [
    (fact, dimension)
    for fact, names in DIMENSIONS.items()
    for dimension in ("account", "customer")
    if dimension in names
]
DEGENERATE = [
    ("fct_transaction", "account", "account_id", "account_id"),
    ("fct_account_monthly", "account", "account_id", "account_id"),
    ("fct_account_monthly", "account", "source_system", "source_system"),
    ("fct_account_monthly", "account", "account_type", "account_type"),
    ("fct_loan_monthly", "account", "loan_id", "account_id"),
    ("fct_card_monthly", "account", "card_id", "account_id"),
    ("fct_repayment", "account", "loan_id", "account_id"),
    ("fct_gl_balance", "branch", "branch_id", "branch_id"),
    ("fct_gl_balance", "gl_account", "gl_account_code", "gl_account_code"),
]
CASES = [(fact, dimension) for fact, names in DIMENSIONS.items() for dimension in names]


@pytest.mark.parametrize(("fact", "dimension"), CASES)
def test_a_fact_carries_the_version_that_was_valid_on_its_day(
    bank: OracleBank, fact: str, dimension: str
) -> None:
    counted = bank.published.execute(
        f"""
        select count(*), count(*) filter (
            where d.valid_from <= {DAYS[fact]} and {DAYS[fact]} < d.valid_to
        )
        from marts.{fact} as f
        cross join meta.version as v
        left join marts.dim_{dimension} as d using ({dimension}_key)
        """
    ).fetchone()
    assert counted is not None
    assert counted[0] == counted[1]


@pytest.mark.parametrize(("fact", "dimension"), DURABLE)
def test_the_version_and_the_durable_key_of_a_fact_name_the_same_member(
    bank: OracleBank, fact: str, dimension: str
) -> None:
    strangers = bank.published.execute(
        f"""
        select count(*)
        from marts.{fact} as f
        left join marts.dim_{dimension} as d using ({dimension}_key)
        where d.{dimension}_durable_key is distinct from f.{dimension}_durable_key
        """
    ).fetchone()
    assert strangers == (0,)


@pytest.mark.parametrize(("fact", "dimension", "fact_column", "column"), DEGENERATE)
def test_an_id_kept_in_a_fact_is_the_one_of_its_key(
    bank: OracleBank, fact: str, dimension: str, fact_column: str, column: str
) -> None:
    strangers = bank.published.execute(
        f"""
        select count(*)
        from marts.{fact} as f
        left join marts.dim_{dimension} as d using ({dimension}_key)
        where d.{column} is distinct from f.{fact_column}
        """
    ).fetchone()
    assert strangers == (0,)
