"""Contacts, the cadence they keep, complaints and rewards, computed from the delivered files."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import DAY, days_between, month_end, optional_date
from tests.integration.oracle.history import History
from tests.integration.oracle.months import Month
from tests.integration.oracle.parameters import Seed

SUNDAY = 6
STEPS = ("acknowledged_date", "answered_date", "reported_date")
PARTS = ("has_opinion", "has_wish", "has_options", "has_recommendation")


@dataclass(frozen=True)
class Contact:
    """One contact as last delivered."""

    number: str
    customer: int
    manager_id: str | None
    branch_id: str | None
    day: date
    kind: str
    channel: str | None
    direction: str
    outcome: str
    keeps_cadence: bool
    minutes: int | None
    report: date | None


@dataclass(frozen=True)
class Complaint:
    """One complaint, judged on the last night."""

    number: str
    customer: int
    manager_id: str | None
    branch_id: str | None
    received: date
    due: date
    steps: tuple[date | None, ...]
    has_four_parts: bool
    is_within_term: bool | None


@dataclass(frozen=True)
class Kept:
    """What was due and done for a customer of a manager in a month."""

    branch_id: str | None
    grade_code: str
    is_complete_month: bool
    contacts_due: int
    contacts_kept: int
    contacts_made: int


class Relations:
    """Customer relations of a bank.

    Args:
        bank: its deliveries; grades are taken as published, they have an oracle of their own.
    """

    def __init__(self, bank: OracleBank) -> None:
        self._bank = bank
        self._units = _units_of_managers(bank.landing)
        self._kinds = Seed("contact_type")
        self.contacts = [self._contact(row) for _, row in self._last_rows("contact")]
        self.complaints = [self._complaint(row) for _, row in self._last_rows("complaint")]

    @property
    def last_night(self) -> date:
        """The last business date."""
        return self._bank.landing.business_dates()[-1]

    def unit_of(self, manager_id: str | None, day: date) -> str | None:
        """Unit of a manager on a day."""
        if manager_id is None or manager_id not in self._units:
            return None
        return self._units[manager_id].reaching_back(day)

    def kept(self) -> dict[tuple[str, int, date], Kept]:
        """Cadence by manager, customer and month: one day after the other, one customer after
        the other, with a look back wherever a week or a month ends."""
        made = _dates_by_customer(self.contacts)
        grades = _Grades(self._bank)
        sums: dict[tuple[str, int, date, str], Counter[str]] = defaultdict(Counter)
        first = min(contact.day for contact in self.contacts)
        for last in days_between(first, self.last_night + DAY):
            for kind, start in _periods_ending(last, first):
                for customer, grade in grades.owed(month_end(last)):
                    manager = self._bank.managers.lead(customer, last)
                    due = _contacts_due(kind, grade, last)
                    if manager is None or due == 0:
                        continue
                    count = sum(made[customer][day] for day in days_between(start, last + DAY))
                    total = sums[manager, customer, month_end(last), grade]
                    total.update(due=due, kept=min(count, due), made=count)
        return dict(self._kept_rows(sums))

    def _kept_rows(
        self, sums: dict[tuple[str, int, date, str], Counter[str]]
    ) -> Iterator[tuple[tuple[str, int, date], Kept]]:
        months: dict[date, Month] = {month.end: month for month in self._bank.accounts.months}
        for (manager, customer, end, grade), total in sums.items():
            yield (
                (manager, customer, end),
                Kept(
                    self.unit_of(manager, months[end].as_of),
                    grade,
                    months[end].is_complete,
                    total["due"],
                    total["kept"],
                    total["made"],
                ),
            )

    def _last_rows(self, feed: str) -> list[tuple[date, Row]]:
        return self._bank.landing.last_rows(f"contact.{feed}")

    def _contact(self, row: Row) -> Contact:
        day = date.fromisoformat(row["contact_date"])
        (kind,) = self._kinds.on(day, contact_type_code=row["contact_type"])
        return Contact(
            number=row["contact_id"],
            customer=self._bank.keys["branch", row["customer_id"]],
            manager_id=row["manager_id"] or None,
            branch_id=self.unit_of(row["manager_id"] or None, day),
            day=day,
            kind=row["contact_type"],
            channel=row["channel_code"] or None,
            direction=row["direction"],
            outcome=row["outcome"],
            keeps_cadence=kind["keeps_cadence"] == "true" and row["outcome"] == "REACHED",
            minutes=int(row["duration_minutes"]) if row["duration_minutes"] else None,
            report=optional_date(row["report_date"]),
        )

    def _complaint(self, row: Row) -> Complaint:
        received = date.fromisoformat(row["received_date"])
        (term,) = Seed("contact_parameter").on(received, parameter_code="COMPLAINT_TERM_DAYS")
        due = received + int(term["parameter_value"]) * DAY
        steps = tuple(optional_date(row[step]) for step in STEPS)
        four_parts = all(row[part] == "true" for part in PARTS)
        is_kept = four_parts and all(step is not None and step <= due for step in steps)
        return Complaint(
            number=row["complaint_id"],
            customer=self._bank.keys["branch", row["customer_id"]],
            manager_id=row["manager_id"] or None,
            branch_id=row["branch_id"] or self.unit_of(row["manager_id"] or None, received),
            received=received,
            due=due,
            steps=steps,
            has_four_parts=four_parts,
            is_within_term=True if is_kept else (False if self.last_night > due else None),
        )


@dataclass(frozen=True)
class TeamMonth:
    """What a team did in a month."""

    contacts: int
    new_accounts: int
    breaches: int
    missing_reports: int


def team_months(bank: OracleBank, relations: Relations) -> dict[tuple[str, date], TeamMonth]:
    """Units in months that have ended, with at least one event."""
    counts: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    for contact in relations.contacts:
        if contact.branch_id:
            counts[contact.branch_id, month_end(contact.day)].update(
                contacts=int(contact.keeps_cadence), missing=int(contact.report is None)
            )
    for complaint in relations.complaints:
        if complaint.branch_id and complaint.is_within_term is not None:
            counts[complaint.branch_id, month_end(complaint.due)].update(
                breaches=int(not complaint.is_within_term), missing=int(complaint.steps[-1] is None)
            )
    for unit, end in _opened_accounts(bank, relations):
        counts[unit, end].update(accounts=1)
    ended = {m.end for m in bank.accounts.months if m.as_of == m.end}
    return {
        key: TeamMonth(count["contacts"], count["accounts"], count["breaches"], count["missing"])
        for key, count in counts.items()
        if key[1] in ended
    }


def _opened_accounts(bank: OracleBank, relations: Relations) -> Iterator[tuple[str, date]]:
    for account, terms in bank.accounts.terms.items():
        opened = terms.reaching_back(relations.last_night).started
        unit = relations.unit_of(bank.lead_people(account, opened).manager_id, opened)
        if unit is not None:
            yield unit, month_end(opened)


def rule_amount(code: str, day: date) -> Decimal:
    """Amount of a rule on a day."""
    (rule,) = Seed("reward_rule").on(day, rule_code=code)
    return Decimal(rule["amount"])


class _Grades:
    def __init__(self, bank: OracleBank) -> None:
        rows = bank.published.execute(
            "select customer_durable_key, month_end_date, grade_code, is_active"
            " from intermediate.int_customers__grades"
        ).fetchall()
        self._grades = {(customer, end): (grade, active) for customer, end, grade, active in rows}
        self._customers = sorted({customer for customer, *_ in rows})

    def owed(self, end: date) -> Iterator[tuple[int, str]]:
        """Customers with an account and the grade that sets the cadence of a month."""
        before = end.replace(day=1) - DAY
        for customer in self._customers:
            known = self._grades.get((customer, before)) or self._grades.get((customer, end))
            if known is not None and known[1]:
                yield customer, known[0]


def _units_of_managers(landing: Landing) -> dict[str, History[str]]:
    units: dict[str, History[str]] = defaultdict(History)
    for night, row in landing.rows("branch.manager"):
        units[row["manager_id"]].put(night, row["branch_id"])
    return dict(units)


def _dates_by_customer(contacts: list[Contact]) -> dict[int, Counter[date]]:
    made: dict[int, Counter[date]] = defaultdict(Counter)
    for contact in contacts:
        if contact.keeps_cadence:
            made[contact.customer][contact.day] += 1
    return made


def _periods_ending(last: date, first: date) -> Iterator[tuple[str, date]]:
    """Weeks and months that end on a day and began on the first contact's day or later."""
    monday = last - SUNDAY * DAY
    if last.weekday() == SUNDAY and monday >= first:
        yield "WEEK", monday
    if last == month_end(last) and last.replace(day=1) >= first:
        yield "MONTH", last.replace(day=1)


def _contacts_due(kind: str, grade: str, day: date) -> int:
    cadences = Seed("contact_cadence").on(day, grade_code=grade, period_type=kind)
    return sum(int(row["contacts_per_period"]) for row in cadences)
