"""fct_loan_monthly against the delivered positions of loans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.accounts import Position, read_positions
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.credit_months import CreditMonth, credit_month, owed_before
from tests.integration.oracle.figures import half_up, optional_half_up
from tests.integration.oracle.history import History
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.people import People

FACT = "fct_loan_monthly"
KEY = ("loan_id", "month_end_date")


@dataclass(frozen=True)
class LoanMonth(CreditMonth):
    """A loan in a month."""

    product_id: str
    branch_id: str
    currency_code: str
    is_complete_month: bool
    vintage_month_date: date
    months_on_book: int
    principal_balance: Decimal
    previous_principal_balance: Decimal
    overdue_principal_amount: Decimal
    overdue_interest_amount: Decimal
    days_past_due: int
    maximum_days_past_due: int
    collateral_amount: Decimal | None
    guarantee_amount: Decimal | None


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


def test_the_sample_bank_has_loans_of_every_trigger_stage_and_source(sample: OracleBank) -> None:
    rows = [row for _, row in _expected(sample)]
    assert len({row.risk_grade_code for row in rows}) > 1
    assert {row.risk_trigger_code for row in rows} >= {
        "DAYS_PAST_DUE",
        "DELIVERED_CLASS",
        "IMPAIRED",
        "RESTRUCTURED",
    }
    assert {row.stage_number for row in rows} == {1, 2, 3}
    sources = {"EXPOSURE_RATING", "CUSTOMER_RATING", "FALLBACK"}
    assert {row.default_source_code for row in rows} == sources | {"CLASS"}
    assert {row.loss_source_code for row in rows} == sources
    assert any(row.collateral_amount for row in rows)
    assert any(row.guarantee_amount for row in rows)


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
    account = ("loan", loan)
    terms = bank.accounts.terms[account].reaching_back(month.as_of)
    held = [position for day in month.days if (position := positions.known(day)) is not None]
    last, before = held[-1], owed_before(bank, account, month)
    months = 12 * (month.end.year - terms.started.year) + month.end.month - terms.started.month
    return LoanMonth(
        **asdict(credit_month(bank, account, month)),
        product_id=terms.product_id,
        branch_id=terms.branch_id,
        currency_code=terms.currency,
        is_complete_month=month.is_complete,
        vintage_month_date=terms.started.replace(day=1),
        months_on_book=months,
        principal_balance=half_up(last.principal),
        previous_principal_balance=half_up(before.standing.balance) if before else Decimal(),
        overdue_principal_amount=half_up(last.overdue_principal),
        overdue_interest_amount=half_up(last.overdue_interest),
        days_past_due=last.days_past_due,
        maximum_days_past_due=max(position.days_past_due for position in held),
        collateral_amount=optional_half_up(bank.risk.collateral.of(loan, month.as_of)),
        guarantee_amount=optional_half_up(bank.risk.guarantees.of(loan, month.as_of)),
    )
