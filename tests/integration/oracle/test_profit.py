"""fct_profit_monthly: the whole statement, split among the owners of accounts, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.costs import ActivityCost
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import AccountMonth, Month
from tests.integration.oracle.people import Owner
from tests.integration.oracle.splits import running_weights, split_amount, split_known
from tests.integration.oracle.statement import (
    AccountLines,
    OwnerLines,
    Result,
    account_lines,
    owner_result,
)

FACT = "fct_profit_monthly"
KEY = ("account_system", "account_number", "month_end_date", "customer_durable_key")
ProfitKey = tuple[str, str, date, int]


@dataclass(frozen=True)
class ProfitMonth(Result, OwnerLines):
    """An owner's part of an account in a month."""

    product_id: str
    branch_id: str
    currency_code: str
    manager_id: str | None
    is_complete_month: bool
    has_ftp_margin: bool
    weight: Decimal
    contribution_before_cost_amount: Decimal


def test_every_cell_of_a_profit_month_follows_from_the_account_and_its_owners(
    bank: OracleBank,
) -> None:
    published = read_fact(bank.published, FACT, KEY, ProfitMonth)
    assert_equal(dict(_expected(bank)), published)


def test_a_month_without_cost_pools_has_no_cost_and_nothing_that_follows_from_it(
    bank: OracleBank,
) -> None:
    months = [month.end for month in bank.accounts.months if not bank.costs.pools(month.end)]
    assert months, "every month has pools: nothing shows that an unknown cost stays unknown"
    row = bank.published.execute(
        """
        select count(*) > 0, count(cost_to_serve_amount), count(pre_tax_contribution_amount),
            count(income_tax_amount), count(net_contribution_amount),
            count(economic_value_added_amount)
        from marts.fct_profit_monthly
        where month_end_date in ?
        """,
        [months],
    ).fetchone()
    assert row == (True, 0, 0, 0, 0, 0)


def test_the_sample_bank_has_joint_accounts_that_do_not_split_into_whole_cents(
    sample: OracleBank,
) -> None:
    by_account: dict[tuple[str, str, date], list[Decimal | None]] = defaultdict(list)
    for (system, number, end, _), row in _expected(sample):
        by_account[system, number, end].append(row.end_balance)
    assert any(len(set(parts)) > 1 for parts in by_account.values())


def test_the_sample_bank_has_every_kind_of_line(sample: OracleBank) -> None:
    rows = [row for _, row in _expected(sample)]
    for field in fields(Result):
        values = [getattr(row, field.name) for row in rows]
        assert None in values, f"{field.name} is always known"
        assert min(value for value in values if value is not None) < 0, field.name
    for name in ("vat_amount", "surcharge_amount", "expected_loss_amount", "capital_charge_amount"):
        assert any(getattr(row, name) for row in rows), f"{name} is always zero"


def test_the_sample_bank_has_risks_of_several_kinds(sample: OracleBank) -> None:
    exposures = [
        (row, exposure)
        for account, month, row in sample.account_months
        if row.account_type != "DEPOSIT"
        and (exposure := sample.risk.exposure(account, month)) is not None
    ]
    grades = {(row.account_type, exposure.grade) for row, exposure in exposures}
    assert {kind for kind, _ in grades} == {"LOAN", "CARD"}
    assert len({grade for _, grade in grades}) > 1
    assert any(exposure.provision for _, exposure in exposures)
    assert any(
        (exposure.at_default or Fraction()) > max(Fraction(row.end_balance), Fraction())
        for row, exposure in exposures
    )


def _expected(bank: OracleBank) -> Iterator[tuple[ProfitKey, ProfitMonth]]:
    for account, month, row in bank.account_months:
        owners = bank.owners_of(account, month)
        risk = bank.risk.lines(account, month, row)
        lines = account_lines(row, risk, month.as_of)
        parts = _split(lines, bank.costs.of(account, month), owners)
        for owner, part in zip(owners, parts, strict=True):
            key = (*account, month.end, owner.customer)
            yield key, _profit_month(bank, month, row, owner, part)


def _profit_month(
    bank: OracleBank, month: Month, row: AccountMonth, owner: Owner, part: OwnerLines
) -> ProfitMonth:
    margin, fees = part.ftp_margin_amount or Decimal(), part.fee_income_amount or Decimal()
    return ProfitMonth(
        **asdict(part),
        **asdict(owner_result(part, month.as_of)),
        product_id=row.product_id,
        branch_id=row.branch_id,
        currency_code=row.currency_code,
        manager_id=bank.managers.lead(owner.customer, month.as_of),
        is_complete_month=row.is_complete_month,
        has_ftp_margin=row.has_ftp_margin,
        weight=half_up(owner.weight, 6),
        contribution_before_cost_amount=margin + fees,
    )


def _split(
    lines: AccountLines, costs: list[ActivityCost] | None, owners: list[Owner]
) -> list[OwnerLines]:
    running = running_weights(owners)
    columns = [split_amount(getattr(lines, field.name), running) for field in fields(lines)]
    columns.append(_split_costs(costs, running))
    return [OwnerLines(*parts) for parts in zip(*columns, strict=True)]


def _split_costs(costs: list[ActivityCost] | None, running: list[Fraction]) -> list[Decimal | None]:
    """Each activity is split on its own, so that owners sum to activities and to accounts."""
    if costs is None:
        return [None] * len(running)
    parts = [split_known(cost.cost_amount, running) for cost in costs]
    return [sum((part[n] for part in parts), Decimal()) for n in range(len(running))]
