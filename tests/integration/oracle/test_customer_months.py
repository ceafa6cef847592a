"""fct_customer_monthly: every cell from the accounts, entries and statements of customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

import pytest

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.behaviour import Behaviour, Behaviours, Scores
from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.customers import LINES, CustomerMonthKey, Customers, Part
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.grades import Grade, band_of, follow_grades
from tests.integration.oracle.marts import Key, assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.parameters import Seed
from tests.integration.oracle.people import ORPHAN_KEY
from tests.integration.oracle.whale import Value, find_values

FACT = "fct_customer_monthly"
KEY = ("customer_durable_key", "month_end_date")
BURDENS = ("COST_TO_SERVE", "FUNDING", "CREDIT_LOSS")
SEGMENTS = Seed("rfm_segment")
INDUSTRIES = {row["industry_code"] for row in read_seed("industry")}


@dataclass(frozen=True)
class Balances:
    """Balances of a customer."""

    aum_end_balance: Decimal
    aum_average_balance: Decimal
    deposit_end_balance: Decimal
    deposit_average_balance: Decimal
    loan_end_balance: Decimal
    loan_average_balance: Decimal
    card_end_balance: Decimal
    card_average_balance: Decimal


@dataclass(frozen=True)
class Statement:
    """Lines of the profit statement of a customer."""

    contribution_before_cost_amount: Decimal | None
    ftp_margin_amount: Decimal | None
    fee_income_amount: Decimal | None
    vat_amount: Decimal | None
    surcharge_amount: Decimal | None
    cost_to_serve_amount: Decimal | None
    expected_loss_amount: Decimal | None
    pre_tax_contribution_amount: Decimal | None
    income_tax_amount: Decimal | None
    net_contribution_amount: Decimal | None
    capital_amount: Decimal | None
    capital_year_amount: Decimal | None
    capital_charge_amount: Decimal | None
    economic_value_added_amount: Decimal | None
    is_below_marginal_cost: bool | None
    below_cost_cause: str | None


@dataclass(frozen=True)
class Standing:
    """Who a customer is, what they hold, and the bands they fall into."""

    branch_id: str | None
    manager_id: str | None
    industry_code: str | None
    risk_grade_code: str | None
    vip_band_code: str | None
    aum_band_code: str | None
    age_band_code: str | None
    income_band_code: str | None
    rfm_segment_code: str | None
    is_complete_month: bool
    is_active: bool
    account_count: int
    product_family_count: int
    external_asset_amount: Decimal | None
    wallet_own_balance: Decimal | None
    wallet_balance: Decimal | None
    share_of_wallet_rate: Decimal | None


class Expectation:
    """Expected customer months of one bank."""

    def __init__(self, bank: OracleBank) -> None:
        self.bank = bank
        self.customers = Customers(bank)
        self.behaviours = Behaviours(self.customers)

    def keys(self) -> Iterator[tuple[int, Month]]:
        """Every customer and month; the orphan where it owns a part of an account."""
        for customer, months in self.customers.months.items():
            for month in months:
                yield customer, month
        for month in self.bank.accounts.months:
            if (ORPHAN_KEY, month.end) in self.customers.parts:
                yield ORPHAN_KEY, month

    def parts(self, customer: int, month: Month) -> list[Part]:
        """Parts of accounts of a customer in a month."""
        return self.customers.parts.get((customer, month.end), [])

    def balances(self) -> dict[CustomerMonthKey, Balances]:
        """Balances of customer months."""
        return {(c, month.end): _balances(self.parts(c, month)) for c, month in self.keys()}

    @cached_property
    def statements(self) -> dict[CustomerMonthKey, Statement]:
        """Profit statements of customer months."""
        return {(c, month.end): _statement(self.parts(c, month)) for c, month in self.keys()}

    def grades(self) -> dict[CustomerMonthKey, Grade]:
        """Grades of customer months."""
        told: dict[CustomerMonthKey, Grade] = {}
        for customer, months in self.customers.months.items():
            path = [(m, _balances(self.parts(customer, m)).aum_average_balance) for m in months]
            ends = [(customer, month.end) for month in months]
            told |= zip(ends, follow_grades(path), strict=True)
        return told

    def values(self) -> dict[CustomerMonthKey, Value]:
        """Values of customer months; the orphan has none."""
        contributions = {
            key: statement.pre_tax_contribution_amount
            for key, statement in self.statements.items()
            if statement.pre_tax_contribution_amount is not None
        }
        known = find_values(self.bank.accounts.months, contributions)
        return {(c, m.end): known.get((c, m.end), Value()) for c, m in self.keys()}

    def standings(self) -> dict[CustomerMonthKey, Standing]:
        """Standings of customer months, the orphan's left out."""
        return {
            (customer, month.end): self._standing(customer, month)
            for customer, month in self.keys()
            if customer != ORPHAN_KEY
        }

    def _standing(self, customer: int, month: Month) -> Standing:
        key, parts = (customer, month.end), self.parts(customer, month)
        person = self.customers.person(customer, month.as_of)
        wealth = self.customers.wealth(customer, month.as_of)
        held = self.customers.holdings.get(key, [])
        balances = _balances(parts)
        is_person = person.customer_type == "PERSON"
        born = person.birth_date if is_person else None
        own = None if wealth.external is None else balances.aum_end_balance
        wallet = None if own is None or wealth.external is None else own + wealth.external
        return Standing(
            branch_id=self._branch(parts, month),
            manager_id=self.bank.managers.lead(customer, month.as_of),
            industry_code=person.industry_code if person.industry_code in INDUSTRIES else None,
            risk_grade_code=self.customers.worst_class.get(key),
            vip_band_code=_band("VIP", balances.deposit_average_balance, month, is_person),
            aum_band_code=_band("AUM", balances.aum_average_balance, month),
            age_band_code=band_of("AGE", _age(born, month.as_of) if born else None, month.as_of),
            income_band_code=band_of("INCOME", wealth.income, month.as_of),
            rfm_segment_code=_segment(self.behaviours.scores.get(key, Scores()), month.as_of),
            is_complete_month=month.is_complete,
            is_active=bool(held),
            account_count=len(held),
            product_family_count=len({h.family for h in held} - {None}),
            external_asset_amount=wealth.external,
            wallet_own_balance=own,
            wallet_balance=wallet,
            share_of_wallet_rate=half_up(Fraction(own or 0) / Fraction(wallet), 8)
            if wallet
            else None,
        )

    def _branch(self, parts: list[Part], month: Month) -> str | None:
        def size(part: Part) -> tuple[Decimal, Decimal, int]:
            return abs(part.average_balance), abs(part.end_balance), -part.account_durable_key

        if not parts:
            return None
        terms = self.bank.accounts.terms[max(parts, key=size).account]
        return terms.reaching_back(month.as_of).branch_id


@pytest.fixture(scope="session")
def sample_expectation(sample: OracleBank) -> Expectation:
    """Expected customer months of the sample bank, computed once."""
    return Expectation(sample)


@pytest.fixture(scope="session")
def berka_expectation(berka: OracleBank) -> Expectation:
    """Expected customer months of the PKDD'99 bank, computed once."""
    return Expectation(berka)


@pytest.fixture(params=["sample_expectation", "berka_expectation"])
def expectation(request: pytest.FixtureRequest) -> Expectation:
    """Expected customer months of each bank."""
    expected: Expectation = request.getfixturevalue(request.param)
    return expected


def test_balances_and_lines_of_a_customer_are_the_sums_of_the_parts_of_accounts(
    expectation: Expectation,
) -> None:
    bank = expectation.bank
    assert_equal(expectation.balances(), read_fact(bank.published, FACT, KEY, Balances))
    assert_equal(expectation.statements, read_fact(bank.published, FACT, KEY, Statement))


def test_every_grade_follows_from_the_months_before(expectation: Expectation) -> None:
    published = read_fact(expectation.bank.published, FACT, KEY, Grade)
    assert_equal(expectation.grades(), _without_orphan(published))


def test_every_value_follows_from_the_whale_curve(expectation: Expectation) -> None:
    assert_equal(expectation.values(), read_fact(expectation.bank.published, FACT, KEY, Value))


def test_behaviour_and_standing_follow_from_entries_holdings_and_statements(
    expectation: Expectation,
) -> None:
    bank = expectation.bank
    published = _without_orphan(read_fact(bank.published, FACT, KEY, Behaviour))
    assert_equal(expectation.behaviours.rows, published)
    scores = {key: expectation.behaviours.scores.get(key, Scores()) for key in published}
    assert_equal(scores, _without_orphan(read_fact(bank.published, FACT, KEY, Scores)))
    standings = _without_orphan(read_fact(bank.published, FACT, KEY, Standing))
    assert_equal(expectation.standings(), standings)


def test_the_columns_of_a_customer_month_are_all_checked(sample: OracleBank) -> None:
    checked = {
        field.name
        for part in (Balances, Statement, Grade, Value, Behaviour, Scores, Standing)
        for field in fields(part)
    }
    columns = sample.published.execute(f"describe marts.{FACT}").fetchall()
    unchecked = {column[0] for column in columns} - checked - set(KEY)
    assert {name for name in unchecked if not name.endswith("_key")} == set()


def test_the_sample_bank_exercises_what_the_oracle_tells_apart(
    sample_expectation: Expectation,
) -> None:
    expectation = sample_expectation
    grades = {grade.grade_code for grade in expectation.grades().values()}
    classes = {value.value_class_code for value in expectation.values().values()}
    causes = {s.below_cost_cause for s in expectation.statements.values()}
    standings = [asdict(row) for row in expectation.standings().values()]
    assert grades == {"A", "B", "C", "D"}
    assert classes == {None, "TOP", "MIDDLE", "SMALL", "NEGATIVE"}
    assert {"CREDIT_LOSS", "COST_TO_SERVE"} <= causes
    for name in ("vip_band_code", "income_band_code", "share_of_wallet_rate", "risk_grade_code"):
        assert len({row[name] for row in standings}) > 2, f"{name} is nearly constant"


def test_berka_has_customers_who_decline_and_grades_that_are_watched(
    berka_expectation: Expectation,
) -> None:
    labels = {row.activity_sign for row in berka_expectation.behaviours.rows.values()}
    assert {None, "STABLE", "DECLINING"} <= labels
    grades = berka_expectation.grades().values()
    assert any(grade.is_on_watch for grade in grades)
    assert {"UP", "NONE", "FIRST"} <= {grade.grade_move for grade in grades}


def _balances(parts: list[Part]) -> Balances:
    def total(kind: str, period: str) -> Decimal:
        amounts = (getattr(p, f"{period}_balance") for p in parts if p.account_type == kind)
        return sum(amounts, Decimal())

    def kept(period: str) -> Decimal:
        amounts = (getattr(p, f"{period}_balance") for p in parts if p.account_type == "DEPOSIT")
        return sum((max(amount, Decimal()) for amount in amounts), Decimal())

    kinds = ("DEPOSIT", "LOAN", "CARD")
    return Balances(
        kept("end"), kept("average"), *(total(k, p) for k in kinds for p in ("end", "average"))
    )


def _statement(parts: list[Part]) -> Statement:
    lines = {line: _sum([part.lines[line] for part in parts]) for line in LINES}
    contribution = lines["pre_tax_contribution_amount"]
    below = None if contribution is None else contribution < 0
    return Statement(**lines, is_below_marginal_cost=below, below_cost_cause=_cause(lines, below))


def _cause(lines: dict[str, Decimal | None], is_below: bool | None) -> str | None:
    if not is_below:
        return None
    margin, cost, loss = (
        lines[name] or Decimal()
        for name in ("ftp_margin_amount", "cost_to_serve_amount", "expected_loss_amount")
    )
    burdens = dict(zip(BURDENS, (cost, -margin, loss), strict=True))
    return max(BURDENS, key=lambda name: (burdens[name], BURDENS.index(name)))


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal()) if known and len(known) == len(amounts) else None


def _band(kind: str, value: Decimal, month: Month, applies: bool = True) -> str | None:
    return band_of(kind, value, month.as_of) if applies else None


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _segment(scores: Scores, day: date) -> str | None:
    if scores.recency_score is None:
        return None
    value = -(-((scores.frequency_score or 0) + (scores.monetary_score or 0)) // 2)
    (code,) = [
        row["segment_code"]
        for row in SEGMENTS.on(day)
        if int(row["recency_from"]) <= scores.recency_score < int(row["recency_to"])
        and int(row["value_from"]) <= value < int(row["value_to"])
    ]
    return code


def _without_orphan(rows: dict[Key, Any]) -> dict[Key, Any]:
    return {key: row for key, row in rows.items() if key[0] != ORPHAN_KEY}
