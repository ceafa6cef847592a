"""The delivered general ledger, the published one, and the accounts it must tie to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import fraction, half_up
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import AccountMonth

KEY = ("month_end_date", "branch_id", "gl_account_code", "currency_code")
Ledger = dict[tuple[date, str, str, str], Decimal]
Figure = Callable[[AccountMonth], Decimal | None]


@dataclass(frozen=True)
class GlBalance:
    """A figure of the general ledger."""

    balance_amount: Decimal


def _end_balance_of(account_type: str) -> Figure:
    return lambda row: row.end_balance if row.account_type == account_type else None


FIGURES: dict[str, Figure] = {
    "1301": _end_balance_of("LOAN"),
    "1311": _end_balance_of("CARD"),
    "2011": _end_balance_of("DEPOSIT"),
    "6011": lambda row: row.interest_income_amount,
    "6021": lambda row: row.fee_income_amount,
    "6411": lambda row: row.interest_expense_amount,
}


def test_the_published_general_ledger_is_the_delivered_one(sample: OracleBank) -> None:
    published = read_fact(sample.published, "fct_gl_balance", KEY, GlBalance)
    expected = {key: GlBalance(balance) for key, balance in _delivered(sample).items()}
    assert_equal(expected, published)


def test_account_months_computed_from_the_files_tie_to_the_delivered_general_ledger(
    sample: OracleBank,
) -> None:
    delivered = _delivered(sample)
    closed = {end for end, *_ in delivered}
    computed: Ledger = defaultdict(Decimal)
    for _, month, row in sample.account_months:
        for code, figure in FIGURES.items():
            computed[month.end, row.branch_id, code, row.currency_code] += figure(row) or Decimal()
    ties = {key: amount for key, amount in computed.items() if amount and key[0] in closed}
    assert ties == {key: amount for key, amount in delivered.items() if amount}


def test_profit_of_customers_is_profit_of_accounts_is_the_general_ledgers(
    sample: OracleBank,
) -> None:
    delivered = _delivered(sample)
    for end in {end for end, *_ in delivered}:
        ledger = tuple(
            sum((v for key, v in delivered.items() if key[0] == end and key[2] == code), Decimal())
            for code in ("6011", "6411", "6021")
        )
        by_customer = _published_profit(sample, "fct_profit_monthly", end)
        by_account = _published_profit(sample, "fct_account_monthly", end)
        assert by_customer == by_account
        assert by_customer[:3] == ledger


def test_profit_of_customers_is_profit_of_accounts_in_every_month(bank: OracleBank) -> None:
    for month in bank.accounts.months:
        by_customer = _published_profit(bank, "fct_profit_monthly", month.end)
        assert by_customer == _published_profit(bank, "fct_account_monthly", month.end)


def _delivered(bank: OracleBank) -> Ledger:
    return {
        (
            date.fromisoformat(row["month_end_date"]),
            row["branch_id"],
            row["gl_account_code"],
            row["currency_code"],
        ): half_up(fraction(row["balance"]))
        for _, row in bank.landing.last_rows("finance.gl_balance")
    }


def _published_profit(bank: OracleBank, fact: str, end: date) -> tuple[Decimal, ...]:
    row = bank.published.execute(
        f"""
        select coalesce(sum(interest_income_amount), 0), coalesce(sum(interest_expense_amount), 0),
            sum(fee_income_amount), coalesce(sum(ftp_margin_amount), 0), sum(end_balance)
        from marts.{fact}
        where month_end_date = ?
        """,
        [end],
    ).fetchone()
    assert row is not None
    return row
