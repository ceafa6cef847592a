"""fct_fund_flow: every change of balance and every move, by the reason it had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.flows import TYPES, Flow, Flows
from tests.integration.oracle.marts import assert_equal, read_fact

FACT = "fct_fund_flow"
KEY = ("account_system", "account_number", "flow_date", "flow_class_code")


@dataclass(frozen=True)
class FundFlow:
    """A flow of an account on a day."""

    account_type: str
    customer_durable_key: int
    product_id: str
    branch_id: str
    manager_id: str | None
    currency_code: str
    is_growth: bool
    flow_amount: Decimal


def test_every_cell_of_a_flow_follows_from_the_delivered_balances_and_entries(
    bank: OracleBank,
) -> None:
    flows = Flows(bank)
    expected = {_key(flow): _fund_flow(bank, flows, flow) for flow in flows.all()}
    assert_equal(expected, read_fact(bank.published, FACT, KEY, FundFlow))


def test_the_sample_bank_has_flows_of_every_class_but_those_nobody_caused(
    sample: OracleBank,
) -> None:
    codes = {flow.class_code for flow in Flows(sample).all()}
    stock = {"OPENING", "NEW_CUSTOMER", "NEW_ACCOUNT", "ORDINARY_IN", "ORDINARY_OUT"}
    moved = {"OWN_TRANSFER", "BANK_TRANSFER", "BRANCH", "MANAGER"}
    assert stock | {f"{name}_{way}" for name in moved for way in ("IN", "OUT")} <= codes


def test_transfers_inside_the_bank_sum_to_nothing_every_day(sample: OracleBank) -> None:
    rows = sample.published.execute(
        """
        select f.flow_date, c.flow_group
        from marts.fct_fund_flow as f
        join marts.dim_flow_class as c using (flow_class_key)
        where not f.is_growth and c.flow_group <> 'OPENING'
        group by all
        having sum(f.flow_amount) <> 0
        """
    ).fetchall()
    assert rows == []


def _key(flow: Flow) -> tuple[str, str, date, str]:
    return (*flow.account, flow.day, flow.class_code)


def _fund_flow(bank: OracleBank, flows: Flows, flow: Flow) -> FundFlow:
    terms = bank.accounts.terms[flow.account].reaching_back(flow.keys_of)
    people = bank.lead_people(flow.account, flow.keys_of)
    return FundFlow(
        account_type=TYPES[flow.account[0]],
        customer_durable_key=people.customer_durable_key,
        product_id=terms.product_id,
        branch_id=terms.branch_id,
        manager_id=people.manager_id,
        currency_code=terms.currency,
        is_growth=flows.is_growth(flow),
        flow_amount=flow.amount,
    )
