"""What the risk department of the sample bank delivers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.sample.conftest import DeliveredBank, MakeBank

SUBJECTS = {
    ("LOAN", "CUSTOMER"): ("loan.customer", "customer_id"),
    ("CARD", "CUSTOMER"): ("card.customer", "customer_id"),
    ("LOAN", "EXPOSURE"): ("loan.loan", "loan_id"),
}


def first_nights(bank: DeliveredBank, feed: str, column: str) -> dict[str, date]:
    nights: dict[str, date] = {}
    for night, row in bank.rows(feed):
        nights.setdefault(row[column], night)
    return nights


def test_who_is_rated_was_delivered_by_the_system_that_numbers_it(bank: DeliveredBank) -> None:
    known = {kind: first_nights(bank, *feed) for kind, feed in SUBJECTS.items()}
    ratings = bank.rows("risk.rating")
    assert {(row["source_system"], row["subject_type"]) for _, row in ratings} == known.keys()
    for night, row in ratings:
        kind = (row["source_system"], row["subject_type"])
        assert known[kind][row["subject_id"]] <= night


def test_only_a_part_of_the_loans_is_rated_and_secured(bank: DeliveredBank) -> None:
    loans = {row["loan_id"] for _, row in bank.rows("loan.loan")}
    rated = {
        row["subject_id"]
        for _, row in bank.rows("risk.rating")
        if row["subject_type"] == "EXPOSURE"
    }
    secured = {row["loan_id"] for _, row in bank.rows("risk.collateral")}
    assert rated < loans
    assert secured < loans


def test_a_worse_rating_has_a_higher_probability_of_default(bank: DeliveredBank) -> None:
    scale = {
        row["rating_code"]: Decimal(row["probability_of_default"])
        for _, row in bank.rows("risk.rating")
    }
    defaults = [scale[code] for code in sorted(scale)]
    assert len(defaults) > 1
    assert defaults == sorted(set(defaults))


def test_the_smallest_bank_has_a_loan_for_every_trigger_of_the_risk_department(
    make_bank: MakeBank,
) -> None:
    rows = [row for _, row in make_bank(customers=20, days=1).rows("risk.rating")]
    assert any(row["risk_grade_code"] == "SUBSTANDARD" for row in rows)
    assert any(row["is_restructured"] == "true" for row in rows)
    assert any(row["is_impaired"] == "true" for row in rows)
