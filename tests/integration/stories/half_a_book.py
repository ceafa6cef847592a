"""Ann Reed looks after Gus and Hal, 40,000 each; in October she hands Hal over to Ben Shaw."""

from __future__ import annotations

from datetime import date

from tests.integration.stories.bank import FIRST, StoryBank

HANDED_OVER = date(2023, 10, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    for customer, name, account in (("GUS", "Gus Lane", "G1"), ("HAL", "Hal Moor", "H1")):
        bank.tell_customer(FIRST, customer, name)
        bank.tell_assignment(FIRST, customer, "M1")
        bank.open_account(FIRST, account, customer)
        bank.post(FIRST, account, "40000.00")
    bank.tell_assignment(HANDED_OVER, "HAL", "M1", valid_from=FIRST, valid_to=HANDED_OVER)
    bank.tell_assignment(HANDED_OVER, "HAL", "M2")
