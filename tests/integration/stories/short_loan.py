"""Hal borrows on the 21st for less than three months and repays before the end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

GRANTED, REPAID, MATURITY = date(2023, 3, 21), date(2023, 5, 11), date(2023, 6, 11)


def tell(bank: StoryBank) -> None:
    """365,000 without interest, so that nothing is discounted."""
    bank.tell_loan_customer(FIRST, "HAL", "Hal Bond")
    bank.tell_loan(
        GRANTED, "H1", "HAL", interest_rate=Decimal(0), principal_amount=Decimal(365000),
        origination_date=GRANTED, maturity_date=MATURITY, term_days=82,
    )  # fmt: skip
    bank.tell_loan_status(GRANTED, "H1", "365000.00")
    bank.tell_loan_status(REPAID, "H1", "0.00")
