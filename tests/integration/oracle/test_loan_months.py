"""fct_loan_monthly against the delivered positions of loans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.accounts import Position, read_positions
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.history import History
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.people import People

FACT = "fct_loan_monthly"
KEY = ("loan_id", "month_end_date")
FIRST_DAY_OF_CLASS = {
    "NORMAL": 0,
    "SPECIAL_MENTION": 1,
    "SUBSTANDARD": 91,
    "DOUBTFUL": 271,
    "LOSS": 361,
}
NON_PERFORMING = {"SUBSTANDARD", "DOUBTFUL", "LOSS"}


@dataclass(frozen=True)
class LoanMonth:
    """A loan in a month."""

    product_id: str
    branch_id: str
    currency_code: str
    risk_grade_code: str
    is_complete_month: bool
    is_non_performing: bool
    principal_balance: Decimal
    overdue_principal_amount: Decimal
    overdue_interest_amount: Decimal
    days_past_due: int
    maximum_days_past_due: int


def test_every_cell_of_a_loan_month_follows_from_the_delivered_positions(bank: OracleBank) -> None:
    published = read_fact(bank.published, FACT, KEY, LoanMonth)
    assert_equal(dict(_expected(bank)), published)


def test_a_loan_month_belongs_to_the_borrower_and_the_borrowers_manager(bank: OracleBank) -> None:
    months = {month.end: month for month in bank.accounts.months}
    expected = {
        (loan, end): bank.lead_people(("loan", loan), months[end].as_of)
        for (loan, end), _ in _expected(bank)
    }
    assert_equal(expected, read_fact(bank.published, FACT, KEY, People))


def test_the_sample_bank_has_loans_in_arrears(sample: OracleBank) -> None:
    classes = {row.risk_grade_code for _, row in _expected(sample)}
    assert len(classes) > 1, f"all loans are {classes}: the classes prove nothing"


def _expected(bank: OracleBank) -> Iterator[tuple[tuple[str, date], LoanMonth]]:
    for loan, positions in read_positions(bank.landing).items():
        for month in bank.accounts.months:
            held = [p for day in month.days if (p := positions.known(day)) is not None]
            # A loan that owed nothing all month has no row; one repaid in the month has.
            if any(p.principal for p in held) or (held and held[-1].overdue_interest):
                yield (loan, month.end), _loan_month(bank, loan, positions, month)


def _loan_month(
    bank: OracleBank, loan: str, positions: History[Position], month: Month
) -> LoanMonth:
    terms = bank.accounts.terms["loan", loan].reaching_back(month.as_of)
    held = [position for day in month.days if (position := positions.known(day)) is not None]
    last = held[-1]
    grade = _class(last.days_past_due)
    return LoanMonth(
        product_id=terms.product_id,
        branch_id=terms.branch_id,
        currency_code=terms.currency,
        risk_grade_code=grade,
        is_complete_month=month.is_complete,
        is_non_performing=grade in NON_PERFORMING,
        principal_balance=half_up(last.principal),
        overdue_principal_amount=half_up(last.overdue_principal),
        overdue_interest_amount=half_up(last.overdue_interest),
        days_past_due=last.days_past_due,
        maximum_days_past_due=max(position.days_past_due for position in held),
    )


def _class(days_past_due: int) -> str:
    reached = [name for name, first in FIRST_DAY_OF_CLASS.items() if first <= days_past_due]
    return reached[-1]
