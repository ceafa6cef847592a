"""fct_profit_monthly: accounts split among their owners, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import AccountMonth, Month
from tests.integration.oracle.people import ORPHAN_KEY, Owner

FACT = "fct_profit_monthly"
KEY = ("account_system", "account_number", "month_end_date", "customer_durable_key")
ProfitKey = tuple[str, str, date, int]


@dataclass(frozen=True)
class Shares:
    """What is split among owners."""

    end_balance: Decimal
    average_balance: Decimal
    interest_income_amount: Decimal | None
    interest_expense_amount: Decimal | None
    ftp_margin_amount: Decimal | None
    fee_income_amount: Decimal


@dataclass(frozen=True)
class ProfitMonth(Shares):
    """An owner's part of an account in a month."""

    product_id: str
    branch_id: str
    currency_code: str
    manager_id: str | None
    is_complete_month: bool
    has_ftp_margin: bool
    weight: Decimal
    contribution_before_cost_amount: Decimal
    vat_amount: None = None
    surcharge_amount: None = None
    cost_to_serve_amount: None = None
    expected_loss_amount: None = None
    pre_tax_contribution_amount: None = None
    income_tax_amount: None = None
    net_contribution_amount: None = None
    capital_charge_amount: None = None
    economic_value_added_amount: None = None


def test_every_cell_of_a_profit_month_follows_from_the_account_and_its_owners(
    bank: OracleBank,
) -> None:
    published = read_fact(bank.published, FACT, KEY, ProfitMonth)
    assert_equal(dict(_expected(bank)), published)


def test_the_sample_bank_has_joint_accounts_that_do_not_split_into_whole_cents(
    sample: OracleBank,
) -> None:
    by_account: dict[tuple[str, str, date], list[Decimal]] = defaultdict(list)
    for (system, number, end, _), row in _expected(sample):
        by_account[system, number, end].append(row.end_balance)
    assert any(len(set(parts)) > 1 for parts in by_account.values())


def _expected(bank: OracleBank) -> Iterator[tuple[ProfitKey, ProfitMonth]]:
    for account, month, row in bank.account_months:
        owners = bank.owners.on(account, month.as_of)
        owners = owners or [Owner(ORPHAN_KEY, "OWNER", Fraction(1))]
        for owner, shares in zip(owners, _split(row, owners), strict=True):
            key = (*account, month.end, owner.customer)
            yield key, _profit_month(bank, month, row, owner, shares)


def _profit_month(
    bank: OracleBank, month: Month, row: AccountMonth, owner: Owner, shares: Shares
) -> ProfitMonth:
    margin = shares.ftp_margin_amount or Decimal()
    return ProfitMonth(
        **{field.name: getattr(shares, field.name) for field in fields(Shares)},
        product_id=row.product_id,
        branch_id=row.branch_id,
        currency_code=row.currency_code,
        manager_id=bank.managers.lead(owner.customer, month.as_of),
        is_complete_month=row.is_complete_month,
        has_ftp_margin=row.has_ftp_margin,
        weight=half_up(owner.weight, 6),
        contribution_before_cost_amount=margin + shares.fee_income_amount,
    )


def _split(row: AccountMonth, owners: list[Owner]) -> list[Shares]:
    """Each owner gets the growth of the rounded running share, in order of durable keys."""
    running = [sum((o.weight for o in owners[: n + 1]), Fraction()) for n in range(len(owners))]
    columns = [_split_amount(getattr(row, field.name), running) for field in fields(Shares)]
    return [Shares(*parts) for parts in zip(*columns, strict=True)]


def _split_amount(amount: Decimal | None, running: list[Fraction]) -> list[Decimal | None]:
    if amount is None:
        return [None] * len(running)
    reached = [Decimal(), *(half_up(Fraction(amount) * weight) for weight in running)]
    return [after - before for before, after in pairwise(reached)]
