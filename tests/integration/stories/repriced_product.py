"""A floating loan of Dan is repriced in July, when the market has fallen by 20 basis points."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

REPRICED = date(2023, 7, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the loan system delivers it."""
    bank.tell_loan_customer(FIRST, "DAN", "Dan Webb")
    for night, rate in ((FIRST, "0.0435"), (REPRICED, "0.0410")):
        bank.tell_loan(
            night, "L1", "DAN", rate_type="FLOATING", interest_rate=Decimal(rate),
            repricing_date=night,
        )  # fmt: skip
    bank.tell_loan_status(FIRST, "L1", "100000.00")
