"""The profit statement: lines of an account as a whole, and what follows for each owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.figures import half_up, optional_half_up
from tests.integration.oracle.months import AccountMonth
from tests.integration.oracle.parameters import ProfitRates, Seed
from tests.integration.oracle.risk import RiskLines

RATES = ProfitRates()
EXEMPTIONS = Seed("vat_exemption")


@dataclass(frozen=True)
class AccountLines:
    """Measures of an account that its owners share; None is unknown or not applicable."""

    end_balance: Decimal | None
    average_balance: Decimal | None
    interest_income_amount: Decimal | None
    interest_expense_amount: Decimal | None
    ftp_margin_amount: Decimal | None
    fee_income_amount: Decimal | None
    vat_amount: Decimal | None
    surcharge_amount: Decimal | None
    expected_loss_amount: Decimal | None
    capital_amount: Decimal | None
    capital_year_amount: Decimal | None
    capital_charge_amount: Decimal | None


@dataclass(frozen=True)
class OwnerLines(AccountLines):
    """An owner's part of them, and of what the account's activities cost."""

    cost_to_serve_amount: Decimal | None


@dataclass(frozen=True)
class Result:
    """What remains of an owner's part; None where a line before it is unknown."""

    pre_tax_contribution_amount: Decimal | None
    income_tax_amount: Decimal | None
    net_contribution_amount: Decimal | None
    economic_value_added_amount: Decimal | None


def account_lines(row: AccountMonth, risk: RiskLines, day: date) -> AccountLines:
    """Lines of an account, each rounded once; rates are those of the day."""
    vat = _vat(row, day)
    surcharge = None if vat is None else vat * RATES.on(day, "SURCHARGE_RATE")
    return AccountLines(
        row.end_balance,
        row.average_balance,
        row.interest_income_amount,
        row.interest_expense_amount,
        row.ftp_margin_amount,
        row.fee_income_amount,
        optional_half_up(vat),
        optional_half_up(surcharge),
        risk.expected_loss_amount,
        risk.capital_amount,
        risk.capital_year_amount,
        risk.capital_charge_amount,
    )


def owner_result(part: OwnerLines, day: date) -> Result:
    """Contribution of an owner's part before and after tax and capital; rounded lines foot."""
    earned = (part.ftp_margin_amount, part.fee_income_amount)
    taxes = (part.vat_amount, part.surcharge_amount)
    spent = (part.cost_to_serve_amount, part.expected_loss_amount)
    pre_tax = _subtract(_add(*earned), *taxes, *spent)
    tax = None if pre_tax is None else half_up(Fraction(pre_tax) * RATES.on(day, "INCOME_TAX_RATE"))
    net = _subtract(pre_tax, tax)
    return Result(pre_tax, tax, net, _subtract(net, part.capital_charge_amount))


def _vat(row: AccountMonth, day: date) -> Fraction | None:
    """Tax within the price of loan interest and fees; interest paid on deposits bears none."""
    exempt = {kind["income_kind"] for kind in EXEMPTIONS.on(day, product_id=row.product_id)}
    is_untaxed = row.account_type == "DEPOSIT" or "INTEREST" in exempt
    interest = Decimal() if is_untaxed else row.interest_income_amount
    if interest is None:
        return None
    fees = Decimal() if "FEE" in exempt else row.fee_income_amount
    rate = RATES.on(day, "VAT_RATE")
    return Fraction(interest + fees) / (1 + rate) * rate


def _add(*amounts: Decimal | None) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal()) if len(known) == len(amounts) else None


def _subtract(amount: Decimal | None, *others: Decimal | None) -> Decimal | None:
    total = _add(*others)
    return None if amount is None or total is None else amount - total
