"""fct_card_monthly against the delivered positions and entries of credit cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from tests.integration.oracle.accounts import Standing
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.credit_months import CreditMonth, credit_month, owed_before
from tests.integration.oracle.entries import Entry, Number
from tests.integration.oracle.figures import half_up, month_end
from tests.integration.oracle.history import History
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.netting import Net, net_entries
from tests.integration.oracle.people import People

FACT = "fct_card_monthly"
KEY = ("card_id", "month_end_date")
SPENDING = {"PURCHASE", "CARD_WITHDRAWAL"}


@dataclass(frozen=True)
class CardMonth(CreditMonth):
    """A credit card in a month."""

    product_id: str
    branch_id: str
    currency_code: str
    is_complete_month: bool
    credit_limit: Decimal
    end_balance: Decimal
    average_balance: Decimal
    previous_balance: Decimal
    undrawn_amount: Decimal
    utilisation_rate: Decimal
    spend_amount: Decimal
    payment_amount: Decimal
    fee_income_amount: Decimal
    overdue_amount: Decimal
    spend_count: int
    days_past_due: int
    maximum_days_past_due: int


@pytest.fixture(scope="module")
def expected(sample: OracleBank) -> dict[tuple[str, date], CardMonth]:
    return dict(_expected(sample))


def test_every_cell_of_a_card_month_follows_from_positions_and_entries(
    sample: OracleBank, expected: dict[tuple[str, date], CardMonth]
) -> None:
    assert_equal(expected, read_fact(sample.published, FACT, KEY, CardMonth))


def test_a_card_month_belongs_to_the_holder_and_the_holders_manager(
    sample: OracleBank, expected: dict[tuple[str, date], CardMonth]
) -> None:
    months = {month.end: month for month in sample.accounts.months}
    people = {key: sample.lead_people(("card", key[0]), months[key[1]].as_of) for key in expected}
    assert_equal(people, read_fact(sample.published, FACT, KEY, People))


def test_a_bank_of_debit_cards_has_no_card_months(berka: OracleBank) -> None:
    assert berka.published.execute(f"select count(*) from marts.{FACT}").fetchone() == (0,)


def test_the_sample_bank_has_cards_that_spend_pay_and_fall_behind(
    expected: dict[tuple[str, date], CardMonth],
) -> None:
    rows = expected.values()
    assert {row.stage_number for row in rows} == {1, 2, 3}
    assert any(row.is_non_performing for row in rows)
    assert any(row.spend_amount for row in rows)
    assert any(row.payment_amount for row in rows)


def _expected(bank: OracleBank) -> Iterator[tuple[tuple[str, date], CardMonth]]:
    rows = {(account, month.end): row for account, month, row in bank.account_months}
    nets = net_entries(bank.entries)
    for (system, card), standings in bank.classes.standings.items():
        if system != "card":
            continue
        for month in bank.accounts.months:
            if standings.known(month.as_of) is not None:
                entries = _entries(bank, card, month.end)
                row = rows[(system, card), month.end]
                amounts = {
                    "average_balance": row.average_balance,
                    "fee_income_amount": row.fee_income_amount,
                    **_movements(entries, nets),
                }
                yield (card, month.end), _card_month(bank, card, standings, month, amounts)


def _entries(bank: OracleBank, card: str, end: date) -> list[Entry]:
    return [e for e in bank.entries if e.account == ("card", card) and month_end(e.day) == end]


def _movements(entries: list[Entry], nets: dict[Number, Net]) -> dict[str, Decimal]:
    made = [e for e in entries if e.kind in SPENDING and not e.reverses]
    spent = [e.amount for e in made if e.debit_credit == "D"]
    taken_back = [max(e.signed_amount, Decimal()) for e in entries if e.reverses]
    paid = [e.amount for e in entries if e.kind == "CARD_PAYMENT" and e.debit_credit == "C"]
    return {
        "spend_amount": sum(spent, Decimal()) - sum(taken_back, Decimal()),
        "payment_amount": sum(paid, Decimal()),
        "spend_count": Decimal(sum(not nets[e.system, e.number].is_reversed for e in made)),
    }


def _card_month(
    bank: OracleBank,
    card: str,
    standings: History[Standing],
    month: Month,
    amounts: dict[str, Decimal],
) -> CardMonth:
    account = ("card", card)
    terms = bank.accounts.terms[account].reaching_back(month.as_of)
    held = [found for day in month.days if (found := standings.known(day)) is not None]
    last, before, limit = held[-1], owed_before(bank, account, month), terms.credit_limit
    assert limit is not None
    owed = max(last.balance, Fraction())
    return CardMonth(
        **asdict(credit_month(bank, account, month)),
        product_id=terms.product_id,
        branch_id=terms.branch_id,
        currency_code=terms.currency,
        is_complete_month=month.is_complete,
        credit_limit=half_up(limit),
        end_balance=half_up(last.balance),
        average_balance=amounts["average_balance"],
        previous_balance=half_up(before.standing.balance) if before else Decimal(),
        undrawn_amount=half_up(max(limit - owed, Fraction())),
        utilisation_rate=half_up(owed / limit, 8),
        spend_amount=amounts["spend_amount"],
        payment_amount=amounts["payment_amount"],
        fee_income_amount=amounts["fee_income_amount"],
        overdue_amount=half_up(last.overdue),
        spend_count=int(amounts["spend_count"]),
        days_past_due=last.days_past_due,
        maximum_days_past_due=max(standing.days_past_due for standing in held),
    )
