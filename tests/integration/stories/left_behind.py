"""On 1 July a manager is missing in the snapshot, and an account is closed with 36,000 on it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

JULY = date(2023, 7, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    bank.tell_customer(FIRST, "LEO", "Leo Hart")
    bank.tell_assignment(FIRST, "LEO", "M6")
    rate = Decimal("0.01")
    bank.open_account(FIRST, "N1", "LEO", interest_rate=rate)
    bank.post(FIRST, "N1", "36000.00")
    bank.open_account(
        JULY, "N1", opened_date=FIRST, interest_rate=rate, status="CLOSED", closed_date=JULY
    )
    bank.drop(JULY, "branch.manager", "M6")
