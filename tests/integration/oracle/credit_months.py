"""Columns that a loan month and a card month share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.classes import Class
from tests.integration.oracle.figures import half_up, optional_half_up
from tests.integration.oracle.months import Month
from tests.integration.oracle.parameters import Seed
from tests.integration.oracle.risk import GENERAL_RATE

SCORE_TARGET, TARGET_ODDS, POINTS_TO_DOUBLE = 600, 50, 20


@dataclass(frozen=True)
class CreditMonth:
    """Class, stage, loss and capital of an exposure in a month."""

    risk_grade_code: str
    previous_risk_grade_code: str | None
    risk_trigger_code: str | None
    overdue_bucket_code: str
    previous_overdue_bucket_code: str | None
    rating_code: str | None
    default_source_code: str
    loss_source_code: str
    stage_number: int
    is_non_performing: bool
    probability_of_default: Decimal
    loss_given_default: Decimal
    default_odds_points: int | None
    exposure_at_default_amount: Decimal | None
    general_provision_amount: Decimal
    specific_provision_amount: Decimal
    expected_loss_amount: Decimal | None
    expected_credit_loss_amount: Decimal | None
    risk_weight: Decimal | None
    risk_weighted_amount: Decimal | None
    capital_amount: Decimal | None


def credit_month(bank: OracleBank, account: AccountId, month: Month) -> CreditMonth:
    """What the credit of an account in a month should be."""
    known, before = bank.classes.of(account, month.end), owed_before(bank, account, month)
    exposure = bank.risk.exposure(account, month)
    assert known is not None
    assert exposure is not None
    return CreditMonth(
        risk_grade_code=known.grade,
        previous_risk_grade_code=before.grade if before else None,
        risk_trigger_code=known.trigger,
        overdue_bucket_code=_bucket(known, month),
        previous_overdue_bucket_code=_bucket(before, month) if before else None,
        rating_code=known.rating.code if known.rating else None,
        default_source_code=exposure.default_source,
        loss_source_code=exposure.loss_source,
        stage_number=exposure.stage,
        is_non_performing=known.is_non_performing,
        probability_of_default=half_up(exposure.default, 8),
        loss_given_default=half_up(exposure.loss, 8),
        default_odds_points=_score(exposure.default),
        exposure_at_default_amount=optional_half_up(exposure.at_default),
        general_provision_amount=half_up(exposure.debt * GENERAL_RATE),
        specific_provision_amount=half_up(exposure.provision),
        expected_loss_amount=bank.risk.expected_loss(exposure),
        expected_credit_loss_amount=bank.risk.credit_loss(account, month, exposure),
        risk_weight=optional_half_up(exposure.weight, 8),
        risk_weighted_amount=optional_half_up(bank.risk.weighted(exposure)),
        capital_amount=optional_half_up(bank.risk.capital(exposure, month)),
    )


def owed_before(bank: OracleBank, account: AccountId, month: Month) -> Class | None:
    """The account at the end of the month before; None where it owed nothing then."""
    before = bank.classes.before(account, month.end)
    return before if before is not None and before.standing.balance > 0 else None


def _bucket(known: Class, month: Month) -> str:
    days = known.standing.days_past_due
    (bucket,) = (
        row["overdue_bucket_code"]
        for row in Seed("overdue_bucket").on(month.as_of)
        if int(row["days_past_due_from"]) <= days < int(row["days_past_due_to"])
    )
    return bucket


def _score(default: Fraction) -> int | None:
    if not 0 < default < 1:
        return None
    factor = POINTS_TO_DOUBLE / math.log(2)
    odds = float((1 - default) / default)
    return round(SCORE_TARGET + factor * math.log(odds / TARGET_ODDS))
