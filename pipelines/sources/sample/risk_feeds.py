"""Ratings and securities as rows of the feeds of the risk department, in DuckDB."""

from __future__ import annotations

from pipelines.sources.sample.feeds import FeedTables
from pipelines.sources.sample.formats import (
    CARD_CUSTOMER_ID,
    LOAN_CUSTOMER_ID,
    LOAN_ID,
    MONEY,
    RATE,
)
from pipelines.sources.sample.risk import (
    CLASSES,
    COLLATERAL_TYPES,
    EXPOSURE,
    GUARANTOR_TYPES,
    LOAN_SYSTEM,
    RATINGS,
    SUBJECT_TYPES,
    SYSTEMS,
)
from pipelines.sources.sample.sql import call, code


class RiskFeeds(FeedTables):
    """One DuckDB table per feed of the risk department."""

    schemas = ("risk",)

    def make_all(self) -> None:
        """Make the tables of all feeds of the risk department."""
        self._make_ratings()
        self._make_securities()

    def _make_ratings(self) -> None:
        columns = f"""
            {code(SYSTEMS, "system")} as source_system,
            {code(SUBJECT_TYPES, "subject_type")} as subject_type,
            case when subject_type = {EXPOSURE} then {call(LOAN_ID, "subject")}
                when system = {LOAN_SYSTEM} then {call(LOAN_CUSTOMER_ID, "subject")}
                else {call(CARD_CUSTOMER_ID, "subject")} end as subject_id,
            {code(RATINGS, "rating")} as rating_code,
            {call(RATE, '"default"')} as probability_of_default,
            case when loss >= 0 then {call(RATE, "loss")} end as loss_given_default,
            {code(CLASSES, "grade")} as risk_grade_code,
            restructured = 1 as is_restructured, impaired = 1 as is_impaired"""
        self._make("risk.rating", self._bank.ratings, columns, "system, subject_type, subject")

    def _make_securities(self) -> None:
        columns = f"""
            'S' || lpad(cast(number + 1 as varchar), 8, '0') as collateral_id,
            {call(LOAN_ID, "loan")} as loan_id,
            {code(COLLATERAL_TYPES, "kind")} as collateral_type,
            {call(MONEY, "value")} as value_amount, {self._date("day")} as appraisal_date,
            'PLEDGED' as status"""
        self._make("risk.collateral", self._bank.collateral, columns, "number")
        columns = f"""
            'G' || lpad(cast(number + 1 as varchar), 8, '0') as guarantee_id,
            {call(LOAN_ID, "loan")} as loan_id,
            {code(GUARANTOR_TYPES, "kind")} as guarantor_type,
            {call(MONEY, "amount")} as guaranteed_amount, {self._date("expiry")} as expiry_date,
            case when ended = 1 then 'ENDED' else 'ACTIVE' end as status"""
        self._make("risk.guarantee", self._bank.guarantees, columns, "number")
