"""Three heirs own T1 in thirds, written to a millionth; W1 was delivered with two whole owners."""

from __future__ import annotations

from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

THIRD = Decimal("0.333333")
HEIRS = (("IDA", "Ida West"), ("JON", "Jon West"), ("KIM", "Kim West"))


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    for customer, name in HEIRS:
        bank.tell_customer(FIRST, customer, name)
    shares = {"T1": [THIRD, THIRD, THIRD], "W1": [Decimal(1), Decimal(1)]}
    for account, owned in shares.items():
        bank.open_account(FIRST, account)
        bank.post(FIRST, account, "90000.00")
        for (customer, _), share in zip(HEIRS, owned, strict=False):
            bank.tell(
                FIRST, "branch.account_party", account_id=account, customer_id=customer,
                party_role="JOINT", share=share, valid_from=FIRST,
            )  # fmt: skip
