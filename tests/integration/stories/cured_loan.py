"""Eve misses her instalments from January on, pays in May, and stays a bad debtor till November."""

from __future__ import annotations

from datetime import date, timedelta

from tests.integration.stories.bank import FIRST, StoryBank

MISSED, PAID = date(2023, 1, 10), date(2023, 5, 15)


def tell(bank: StoryBank) -> None:
    """The loan system counts the days past due anew every night."""
    bank.tell_loan_customer(FIRST, "EVE", "Eve Dale")
    bank.tell_loan(FIRST, "L2", "EVE")
    bank.tell_loan_status(FIRST, "L2", "100000.00")
    for late in range(1, (PAID - MISSED).days):
        night = MISSED + timedelta(late)
        bank.tell_loan_status(night, "L2", "100000.00", overdue="8000.00", days=late)
    bank.tell_loan_status(PAID, "L2", "92000.00")
