"""Five-tier classes, month after month: triggers, the wait for an upgrade, contagion."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId, Standing, read_standings
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.history import History
from tests.integration.oracle.months import AccountMonths, Month
from tests.integration.oracle.parameters import Seed
from tests.integration.oracle.people import ORPHAN_KEY, CustomerTypes, Owners
from tests.integration.oracle.ratings import Known, Ratings

FLOORS = {"IMPAIRED": "SUBSTANDARD", "RESTRUCTURED": "SPECIAL_MENTION"}
GRADES = ("NORMAL", "SPECIAL_MENTION", "SUBSTANDARD", "DOUBTFUL", "LOSS")
NON_PERFORMING = {"SUBSTANDARD", "DOUBTFUL", "LOSS"}
UPGRADE_MONTHS, UPGRADE_PERIODS = 6, 2
CONTAGION = Fraction(1, 10)
Trigger = tuple[str, str]
"""Class and what set it."""


@dataclass(frozen=True)
class Class:
    """An exposure at the end of a month."""

    grade: str
    trigger: str | None
    standing: Standing
    rating: Known | None
    customer: int

    @property
    def is_non_performing(self) -> bool:
        """Whether the class is one of the last three."""
        return self.grade in NON_PERFORMING


@dataclass
class _Wait:
    """What an exposure waits for since it was last bad."""

    held: str = "NORMAL"
    bad_on: date | None = None
    periods: list[int] = field(default_factory=list)

    def is_over(self, day: date) -> bool:
        if self.bad_on is None:
            return True
        waited = add_months(self.bad_on, UPGRADE_MONTHS) <= day
        return waited and sum(self.periods) >= UPGRADE_PERIODS


class Classes:
    """Classes of one bank's loans and credit cards.

    Args:
        landing: the bank's deliveries.
        accounts: terms of the accounts.
        owners: owners of the accounts.
        customer_types: legal forms of the customers.
        ratings: what the risk department delivered.
    """

    def __init__(
        self,
        landing: Landing,
        accounts: AccountMonths,
        owners: Owners,
        customer_types: CustomerTypes,
        ratings: Ratings,
    ) -> None:
        self._accounts, self._owners, self._ratings = accounts, owners, ratings
        self._customer_types = customer_types
        self._grades = Seed("risk_grade")
        self.schedules = Schedules(landing)
        self.standings = read_standings(landing)
        self._classes = {
            (account, month.end): found
            for account in self.standings
            for month, found in self._path(account)
        }
        self._infect()

    def of(self, account: AccountId, end: date) -> Class | None:
        """Class of an account at the end of a month; None where no position is known."""
        return self._classes.get((account, end))

    def before(self, account: AccountId, end: date) -> Class | None:
        """Class at the end of the month before."""
        ends = [month.end for month in self._accounts.months]
        place = ends.index(end)
        return self._classes.get((account, ends[place - 1])) if place else None

    def _path(self, account: AccountId) -> Iterator[tuple[Month, Class]]:
        wait = _Wait()
        for month in self._accounts.months:
            standing = self.standings[account].known(month.as_of)
            if standing is None:
                continue
            customer = self._owners.lead(account, month.as_of)
            rating = self._ratings.on(account, customer, month.as_of)
            grade, trigger = self._worst(account, standing, rating, month.as_of)
            self._wait(wait, account, month, grade)
            if _rank(wait.held) > _rank(grade):
                grade, trigger = wait.held, "UPGRADE_WAIT"
            shown = trigger if grade != "NORMAL" else None
            yield month, Class(grade, shown, standing, rating, customer)

    def _worst(
        self, account: AccountId, standing: Standing, rating: Known | None, day: date
    ) -> Trigger:
        """The worst class that anything asks for; of equals, the first one named."""
        asked = [(self._by_days(account, standing.days_past_due, day), "DAYS_PAST_DUE")]
        if rating is not None:
            asked += [(grade, "DELIVERED_CLASS") for grade in rating.grades]
            flags = {"IMPAIRED": rating.is_impaired, "RESTRUCTURED": rating.is_restructured}
            asked += [(FLOORS[name], name) for name, is_set in flags.items() if is_set]
        return max(asked, key=lambda trigger: _rank(trigger[0]))

    def _by_days(self, account: AccountId, days_past_due: int, day: date) -> str:
        (grade,) = (
            row["risk_grade_code"]
            for row in self._grades.on(day, asset_kind=account[0].upper())
            if int(row["days_past_due_from"]) <= days_past_due < int(row["days_past_due_to"])
        )
        return grade

    def _wait(self, wait: _Wait, account: AccountId, month: Month, grade: str) -> None:
        bad_days = [day for day in month.days if _is_in_arrears(self.standings[account], day)]
        if grade in NON_PERFORMING:
            bad_days.append(month.as_of)
        if bad_days:
            wait.bad_on, wait.periods = max(bad_days), []
        else:
            wait.periods.append(self.schedules.count_due(account, month))
        if wait.is_over(month.as_of):
            wait.held = "NORMAL"
        elif grade in NON_PERFORMING:
            wait.held = max(wait.held, grade, key=_rank)

    def _infect(self) -> None:
        """A debtor that is no person and of whose claims over a tenth is bad is bad as a whole."""
        claims: dict[tuple[int, date], list[AccountId]] = defaultdict(list)
        days = {month.end: month.as_of for month in self._accounts.months}
        for (account, end), known in self._classes.items():
            if known.customer != ORPHAN_KEY and self._is_no_person(known.customer, days[end]):
                claims[known.customer, end].append(account)
        for (_, end), accounts in claims.items():
            debts = {account: self._classes[account, end] for account in accounts}
            bad = sum(
                (_owed(debt) for debt in debts.values() if debt.is_non_performing), Fraction()
            )
            if bad <= CONTAGION * sum(map(_owed, debts.values()), Fraction()):
                continue
            for account, claim in debts.items():
                if not claim.is_non_performing:
                    self._classes[account, end] = Class(
                        "SUBSTANDARD", "CONTAGION", claim.standing, claim.rating, claim.customer
                    )

    def _is_no_person(self, customer: int, day: date) -> bool:
        return self._customer_types.on(customer, day) in {"CORPORATE", "INSTITUTION"}


class Schedules:
    """Instalments as known on a day.

    Args:
        landing: the bank's deliveries.
    """

    def __init__(self, landing: Landing) -> None:
        self._loans: dict[str, dict[int, History[Row]]] = defaultdict(lambda: defaultdict(History))
        for night, row in landing.rows("loan.schedule"):
            self._loans[row["loan_id"]][int(row["instalment_number"])].put(night, row)

    def dues(self, loan: str, day: date) -> list[tuple[date, Fraction]]:
        """Due date and principal of every instalment known on the day."""
        rows = [history.known(day) for history in self._loans.get(loan, {}).values()]
        return [
            (date.fromisoformat(row["due_date"]), Fraction(row["principal_due"]))
            for row in rows
            if row is not None
        ]

    def count_due(self, account: AccountId, month: Month) -> int:
        """Payment periods of a month: one while no schedule is known."""
        system, number = account
        dues = self.dues(number, month.as_of) if system == "loan" else []
        if not dues:
            return 1
        return sum(month.first <= due <= month.as_of for due, _ in dues)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _is_in_arrears(standings: History[Standing], day: date) -> bool:
    standing = standings.known(day)
    return standing is not None and (standing.days_past_due > 0 or standing.overdue > 0)


def _owed(claim: Class) -> Fraction:
    return max(claim.standing.balance, Fraction())


def _rank(grade: str) -> int:
    return GRADES.index(grade)
