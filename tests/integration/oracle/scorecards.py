"""Measures of managers: what they achieved, what was asked, what it counts.

Facts that other tests here prove cell by cell (profit and loan months) are read as published; whose
they are, and everything else, comes from the delivered files.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.contacts import Relations
from tests.integration.oracle.deliveries import Row
from tests.integration.oracle.figures import half_up, month_end, optional_date, optional_half_up
from tests.integration.oracle.flows import Flows
from tests.integration.oracle.history import History
from tests.integration.oracle.months import Month
from tests.integration.oracle.parameters import Seed

ANY = "*"
ManagerMonth = tuple[str, date]
Sums = dict[ManagerMonth, Fraction]


@dataclass(frozen=True)
class Actual:
    """Numerator and, of a ratio, denominator; None is unknown."""

    numerator: Decimal | None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Kpi:
    """A measure of a manager in a month."""

    manager_id: str
    branch_id: str
    is_complete_month: bool
    numerator_value: Decimal | None
    denominator_value: Decimal | None
    target_value: Decimal | None
    attainment_rate: Decimal | None
    weight: Decimal
    score_contribution: Decimal | None


UNKNOWN = Actual(None)


class Scorecards:
    """Scorecards of one bank's managers.

    Args:
        bank: the bank beside its published version.
    """

    def __init__(self, bank: OracleBank) -> None:
        self._bank, self._flows = bank, Flows(bank)
        self._measures, self._targets = Seed("manager_measure"), Seed("manager_target")
        self._coefficients = Seed("deposit_coefficient")
        self._managers: dict[str, History[Row]] = defaultdict(History)
        for night, row in bank.landing.rows("branch.manager"):
            self._managers[row["manager_id"]].put(night, row)
        self._levels: dict[str, History[str]] = defaultdict(History)
        for night, row in bank.landing.rows("branch.branch"):
            self._levels[row["branch_id"]].put(night, row["branch_level"])
        self._months = {month.end: month for month in bank.accounts.months}
        self._shares = {
            (month.end, customer): bank.managers.shares(customer, month.as_of)
            for month in bank.accounts.months
            for customer in bank.managers.customers()
        }
        self._book = self._sum_book()
        self._credit = self._sum_credit()
        self._growth = self._sum_growth()
        self._newcomers = self._count_newcomers()
        self._deposits = self._sum_deposits()
        self._contacts = self._count_contacts()

    def rows(self) -> Iterator[tuple[tuple[str, str, date], Kpi]]:
        """Every measure of every manager in every month, by manager, measure and month."""
        for month in self._months.values():
            for manager in sorted(self._managers):
                if self._is_in_office(manager, month):
                    for measure in self._measures.on(month.as_of):
                        key = (manager, measure["measure_code"], month.end)
                        yield key, self._kpi(manager, month, measure)

    def _row(self, manager: str, month: Month) -> Row:
        return self._managers[manager].reaching_back(month.as_of)

    def _is_in_office(self, manager: str, month: Month) -> bool:
        row = self._row(manager, month)
        hired, left = optional_date(row["hired_date"]), optional_date(row["left_date"])
        is_there = (hired or month.as_of) <= month.as_of and (left or month.end) >= month.first
        customers = self._bank.managers.customers()
        return is_there or any(manager in self._shares[month.end, c] for c in customers)

    def _kpi(self, manager: str, month: Month, measure: Row) -> Kpi:
        actual = self._actual(manager, month, measure["measure_code"])
        target = self._target(manager, month, measure, actual)
        attained = attain(actual.numerator, target, int(measure["sign"]))
        weight = Decimal(measure["weight"])
        return Kpi(
            manager_id=manager,
            branch_id=self._row(manager, month)["branch_id"],
            is_complete_month=month.is_complete,
            numerator_value=actual.numerator,
            denominator_value=actual.denominator,
            target_value=target,
            attainment_rate=attained,
            weight=weight,
            score_contribution=None if attained is None else weight * attained,
        )

    def _target_row(self, manager: str, month: Month, code: str) -> Row | None:
        """The row that fits best: a named type of manager first, then a named level of the unit."""
        row = self._row(manager, month)
        level = self._levels[row["branch_id"]].reaching_back(month.as_of)
        fitting = {
            (target["manager_type"] != ANY, target["branch_level"] != ANY): target
            for target in self._targets.on(month.as_of, measure_code=code)
            if target["manager_type"] in {row["manager_type"], ANY}
            and target["branch_level"] in {level, ANY}
        }
        return fitting[max(fitting)] if fitting else None

    def _target(self, manager: str, month: Month, measure: Row, actual: Actual) -> Decimal | None:
        row = self._target_row(manager, month, measure["measure_code"])
        if row is None:
            return None
        value = Fraction(row["target_value"])
        if measure["measure_kind"] == "AMOUNT":
            return half_up(value, 6)
        base = actual.denominator
        return None if base is None else half_up(value * Fraction(base), 6)

    def _actual(self, manager: str, month: Month, code: str) -> Actual:
        key = (manager, month.end)
        bad = {"BAD_LOANS": "bad", "OVERDUE_LOANS": "overdue", "NON_PERFORMING_LOANS": "npl"}
        if code in bad:
            loans = half_up(self._credit["principal"][key])
            return Actual(half_up(self._credit[bad[code]][key]), loans)
        if code == "CONTACTS_KEPT":
            return self._contacts.get(key, UNKNOWN)
        if code == "DEPOSIT_INCREMENT":
            return self._increment(manager, month)
        return self._amount(code, key)

    def _amount(self, code: str, key: ManagerMonth) -> Actual:
        if code in self._book:
            return Actual(optional_half_up(self._book[code][key]))
        if code in self._growth:
            return Actual(half_up(self._growth[code][key]))
        if code == "NEW_CUSTOMERS":
            return Actual(half_up(self._newcomers[key], 6))
        return UNKNOWN

    def _increment(self, manager: str, month: Month) -> Actual:
        row = self._target_row(manager, month, "DEPOSIT_INCREMENT")
        if row is None:
            return UNKNOWN
        counted = self._deposits[manager, month.end] / len(month.days)
        return Actual(half_up(counted - Fraction(row["base_value"])))

    def _count_contacts(self) -> dict[ManagerMonth, Actual]:
        """Contacts due and kept of a manager's customers; none where no contact was due."""
        counts: dict[ManagerMonth, Counter[str]] = defaultdict(Counter)
        for (manager, _, end), kept in Relations(self._bank).kept().items():
            counts[manager, end].update(due=kept.contacts_due, kept=kept.contacts_kept)
        return {k: Actual(Decimal(c["kept"]), Decimal(c["due"])) for k, c in counts.items()}

    def _sum_book(self) -> dict[str, dict[ManagerMonth, Fraction | None]]:
        """Stocks and income by the book at the month's end; a part unknown makes all unknown."""
        codes = ("DEPOSIT_STOCK", "LOAN_STOCK", "INTERMEDIARY_INCOME", "ECONOMIC_VALUE_ADDED")
        sums: dict[str, dict[ManagerMonth, Fraction | None]] = {
            code: defaultdict(Fraction) for code in codes
        }
        rows = self._bank.published.execute(
            """
            select p.month_end_date, p.customer_durable_key,
                case when a.account_type = 'DEPOSIT' then p.end_balance else 0 end,
                case when a.account_type = 'LOAN' then p.end_balance else 0 end,
                p.fee_income_amount, p.economic_value_added_amount
            from marts.fct_profit_monthly as p
            join marts.dim_account as a using (account_key)
            """
        ).fetchall()
        for end, customer, *amounts in rows:
            for manager, share in self._shares.get((end, customer), {}).items():
                for code, amount in zip(codes, amounts, strict=True):
                    before = sums[code][manager, end]
                    is_known = before is not None and amount is not None
                    sums[code][manager, end] = (
                        before + Fraction(amount) * share
                        if is_known and before is not None
                        else None
                    )
        return sums

    def _sum_credit(self) -> dict[str, Sums]:
        sums: dict[str, Sums] = defaultdict(lambda: defaultdict(Fraction))
        rows = self._bank.published.execute(
            """
            select loan_id, month_end_date, principal_balance, overdue_principal_amount,
                days_past_due, is_non_performing
            from marts.fct_loan_monthly
            """
        ).fetchall()
        for loan, end, principal, overdue, days_past_due, is_non_performing in rows:
            parts = {"principal": principal, "overdue": overdue}
            if is_non_performing:
                parts["npl"] = principal
            if is_non_performing or days_past_due > 0:
                parts["bad"] = principal
            for manager, part in self._owned(("loan", loan), self._months[end]):
                for name, amount in parts.items():
                    sums[name][manager, end] += Fraction(amount) * part
        return sums

    def _owned(self, account: AccountId, month: Month) -> Iterator[tuple[str, Fraction]]:
        """Managers' parts of an account at the end of a month."""
        for owner in self._bank.owners.on(account, month.as_of):
            for manager, share in self._shares.get((month.end, owner.customer), {}).items():
                yield manager, owner.weight * share

    def _sum_growth(self) -> dict[str, Sums]:
        """Flows that count, by the owners and managers of the day."""
        sums: dict[str, Sums] = {
            "DEPOSIT_GROWTH": defaultdict(Fraction),
            "LOAN_GROWTH": defaultdict(Fraction),
        }
        for flow in self._flows.all():
            if not self._flows.is_growth(flow):
                continue
            code = "LOAN_GROWTH" if flow.account[0] == "loan" else "DEPOSIT_GROWTH"
            for owner in self._bank.owners.on(flow.account, flow.day):
                shares = self._bank.managers.shares(owner.customer, flow.day)
                for manager, share in shares.items():
                    amount = Fraction(flow.amount) * owner.weight * share
                    sums[code][manager, month_end(flow.day)] += amount
        return sums

    def _count_newcomers(self) -> Sums:
        counts: Sums = defaultdict(Fraction)
        for customer, contracts in self._flows.contracts.items():
            for month in self._months.values():
                told = [c.started for c in contracts.values() if c.known_from <= month.as_of]
                if told and month.first <= min(told) <= month.as_of:
                    for manager, share in self._shares.get((month.end, customer), {}).items():
                        counts[manager, month.end] += share
        return counts

    def _sum_deposits(self) -> Sums:
        """Daily balances times the coefficient of their product, summed over the month."""
        sums: Sums = defaultdict(Fraction)
        for account, month, row in self._bank.account_months:
            if row.account_type == "DEPOSIT":
                family = (
                    self._bank.accounts.products[row.product_id].reaching_back(month.as_of).family
                )
                counted = Fraction(row.balance_days) * self._coefficient(family, month.as_of)
                for manager, part in self._owned(account, month):
                    sums[manager, month.end] += counted * part
        return sums

    def _coefficient(self, family: str, day: date) -> Fraction:
        rows = {row["product_family"]: row["coefficient"] for row in self._coefficients.on(day)}
        return Fraction(rows.get(family, rows[ANY]))


def attain(actual: Decimal | None, target: Decimal | None, sign: int) -> Decimal | None:
    """Part of a target that was reached; None where unknown or nothing was to be reached."""
    if actual is None or target is None or target <= 0:
        return None
    return half_up(1 + sign * (Fraction(actual) / Fraction(target) - 1), 6)
