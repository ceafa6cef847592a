"""Ada and Bert own an account in equal parts; from July on, sixty to forty."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

JULY = date(2023, 7, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    for customer, name in (("ADA", "Ada Moss"), ("BERT", "Bert Moss")):
        bank.tell_customer(FIRST, customer, name)
    bank.open_account(FIRST, "J1", "ADA", "BERT")
    bank.post(FIRST, "J1", "100000.00")
    for customer, role, share in (("ADA", "OWNER", "0.6"), ("BERT", "JOINT", "0.4")):
        ended = {"account_id": "J1", "customer_id": customer, "party_role": role}
        bank.tell(
            JULY, "branch.account_party", **ended, share=Decimal("0.5"), valid_from=FIRST,
            valid_to=JULY,
        )  # fmt: skip
        bank.tell(
            JULY, "branch.account_party", **ended, share=Decimal(share), valid_from=JULY
        )  # fmt: skip
