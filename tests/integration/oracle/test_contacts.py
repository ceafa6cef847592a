"""The facts of customer relations against the delivered contacts and complaints."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.contacts import (
    Kept,
    Relations,
    TeamMonth,
    rule_amount,
    team_months,
)
from tests.integration.oracle.marts import assert_equal, read_fact

NOTHING = Decimal("0.00")
FACTS = (
    "fct_contact",
    "fct_contact_compliance",
    "fct_complaint",
    "fct_campaign_response",
    "fct_survey",
    "fct_referral",
    "fct_reward_penalty",
    "fct_team_target",
)


@dataclass(frozen=True)
class ContactRow:
    """A row of fct_contact."""

    contact_date: date
    customer_durable_key: int
    manager_id: str | None
    branch_id: str | None
    channel_code: str | None
    contact_type_code: str
    direction: str
    outcome_code: str
    keeps_cadence: bool
    has_report: bool
    report_date: date | None
    duration_minutes: int | None
    days_to_report: int | None


@dataclass(frozen=True)
class ComplaintRow:
    """A row of fct_complaint."""

    received_date: date
    due_date: date
    customer_durable_key: int
    manager_id: str | None
    branch_id: str | None
    has_four_parts: bool
    is_closed: bool
    is_within_term: bool | None
    days_until_acknowledged: int | None
    days_until_answered: int | None
    days_until_reported: int | None
    penalty_amount: Decimal | None


@dataclass(frozen=True)
class RewardRow:
    """A row of fct_reward_penalty."""

    is_void: bool
    contact_count: int
    new_account_count: int
    breach_count: int
    missing_report_count: int
    reward_amount: Decimal
    penalty_amount: Decimal


@pytest.fixture(scope="module")
def relations(sample: OracleBank) -> Relations:
    return Relations(sample)


def test_every_cell_of_the_kept_contacts_follows_from_the_contacts_and_the_cadence(
    sample: OracleBank, relations: Relations
) -> None:
    key = ("manager_id", "customer_durable_key", "month_end_date")
    published = read_fact(sample.published, "fct_contact_compliance", key, Kept)
    assert_equal(relations.kept(), published)


def test_contacts_of_a_manager_are_the_sums_of_the_customers(sample: OracleBank) -> None:
    differing = sample.published.execute(
        """
        select m.manager_durable_key, m.month_end_date
        from intermediate.int_contacts__compliance as m
        full join (
            select manager_durable_key, month_end_date, sum(contacts_due) as due,
                sum(contacts_kept) as kept
            from marts.fct_contact_compliance as c
            semi join marts.dim_manager as d using (manager_key, manager_durable_key)
            group by all
        ) as c using (manager_durable_key, month_end_date)
        where (m.contacts_due, m.contacts_kept) is distinct from (c.due, c.kept)
        """
    ).fetchall()
    assert differing == []


def test_every_cell_of_a_contact_is_as_delivered(sample: OracleBank, relations: Relations) -> None:
    expected = {
        (c.number,): ContactRow(
            c.day,
            c.customer,
            c.manager_id,
            c.branch_id,
            c.channel,
            c.kind,
            c.direction,
            c.outcome,
            c.keeps_cadence,
            c.report is not None,
            c.report,
            c.minutes,
            (c.report - c.day).days if c.report else None,
        )
        for c in relations.contacts
    }
    assert_equal(expected, read_fact(sample.published, "fct_contact", ("contact_id",), ContactRow))


def test_every_cell_of_a_complaint_follows_from_its_steps_and_parts(
    sample: OracleBank, relations: Relations
) -> None:
    expected = {}
    for c in relations.complaints:
        days = [(step - c.received).days if step else None for step in c.steps]
        penalty = None if c.is_within_term is None else NOTHING
        if c.is_within_term is False:
            penalty = rule_amount("COMPLAINT_BREACH", c.due)
        expected[c.number,] = ComplaintRow(
            c.received,
            c.due,
            c.customer,
            c.manager_id,
            c.branch_id,
            c.has_four_parts,
            None not in c.steps,
            c.is_within_term,
            days[0],
            days[1],
            days[2],
            penalty,
        )
    published = read_fact(sample.published, "fct_complaint", ("complaint_id",), ComplaintRow)
    assert_equal(expected, published)


def test_every_reward_and_penalty_follows_from_contacts_accounts_and_complaints(
    sample: OracleBank, relations: Relations
) -> None:
    key = ("branch_id", "month_end_date", "rule_code")
    published = read_fact(sample.published, "fct_reward_penalty", key, RewardRow)
    assert_equal(dict(_expected_rewards(sample, relations)), published)


def test_a_bank_without_a_contact_centre_has_no_facts_of_it(berka: OracleBank) -> None:
    for fact in FACTS:
        rows = berka.published.execute(f"select count(*) from marts.{fact}").fetchone()
        assert rows == (0,), fact
    compared = berka.published.execute(
        "select distinct months_compared, share_change from marts.mart_policy_effectiveness"
    ).fetchall()
    assert compared == [(0, None)]


def _expected_rewards(
    bank: OracleBank, relations: Relations
) -> Iterator[tuple[tuple[str, date, str], RewardRow]]:
    teams = team_months(bank, relations)
    for (unit, end), team in teams.items():
        rivals = [other for (_, month), other in teams.items() if month == end]
        rule = _won(team, rivals)
        is_void = team.missing_reports > 0
        if rule is not None:
            amount = NOTHING if is_void else rule_amount(rule, end)
            yield (unit, end, rule), _reward_row(team, is_void, amount, NOTHING)
        if team.breaches:
            fines = [
                rule_amount("COMPLAINT_BREACH", c.due)
                for c in relations.complaints
                if c.branch_id == unit and c.is_within_term is False
                if (c.due.year, c.due.month) == (end.year, end.month)
            ]
            penalty = sum(fines, NOTHING)
            yield (unit, end, "COMPLAINT_BREACH"), _reward_row(team, False, NOTHING, penalty)


def _won(team: TeamMonth, rivals: list[TeamMonth]) -> str | None:
    contacts = 0 < team.contacts == max(rival.contacts for rival in rivals)
    accounts = 0 < team.new_accounts == max(rival.new_accounts for rival in rivals)
    if contacts and accounts:
        return "MOST_OF_BOTH"
    if contacts:
        return "MOST_CONTACTS"
    return "MOST_NEW_ACCOUNTS" if accounts else None


def _reward_row(team: TeamMonth, is_void: bool, reward: Decimal, penalty: Decimal) -> RewardRow:
    return RewardRow(
        is_void,
        team.contacts,
        team.new_accounts,
        team.breaches,
        team.missing_reports,
        reward,
        penalty,
    )
