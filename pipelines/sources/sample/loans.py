"""Loans: contracts, arrears, and what happens to them day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.accounts import Accounts
from pipelines.sources.sample.arrays import (
    NO_DAY,
    YUAN,
    Bools,
    Ints,
    Table,
    first_of_each,
    full,
    open_stream,
    stack,
    to_cents,
    toss,
)
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.deposits import DepositDays
from pipelines.sources.sample.entries import CREDIT, DEBIT, ChangeLog, Channel, EntryType
from pipelines.sources.sample.organisation import PRODUCT_INDEX, PRODUCT_RATE
from pipelines.sources.sample.period import Period
from pipelines.sources.sample.schedule import Schedule, make_schedule

ACTIVE, REPAID = 0, 1
STATUSES = ("ACTIVE", "REPAID")
REPRICING_TERM = 365
OLDEST_MONTHS = 70
NEW_SHARE_PER_DAY = 0.0012
NEVER = 1_000_000
PATIENCE = 4
"""Days after which a borrower who means to pay brings the missing money to the counter."""
MISSED = ((1, 2), (5, 8), (10, 11), (13, 20))
"""Unpaid instalments, from and to, of the four classes below normal."""
MISSED_SHARE = (0.025, 0.006, 0.003, 0.003)
ELAPSED_FOR_LOSS = 21
_STREAM = 40


@dataclass
class Loans:
    """Loan contracts by index. ``rate``, ``repriced`` and ``status`` change during the period.

    ``unpaid`` is the position in the schedule of the first instalment that is not paid. From day
    ``stops`` on the borrower does not pay, until day ``resumes``.
    """

    person: Ints
    product: Ints
    office: Ints
    principal: Ints
    rate: Ints
    months: Ints
    is_floating: Bools
    originated: Ints
    repriced: Ints
    status: Ints
    stops: Ints
    resumes: Ints
    schedule: Schedule
    unpaid: Ints

    @property
    def size(self) -> int:
        """Number of loans."""
        return self.person.size

    def position(self, day: int) -> dict[str, Ints]:
        """End-of-day position of every loan: principal, overdue parts and days past due."""
        plan = self.schedule
        due = plan.first[:-1] + _count_due(plan, day)
        due = np.maximum(due, self.unpaid)
        has_arrears = due > self.unpaid
        oldest = plan.due[np.minimum(self.unpaid, plan.due.size - 1)]
        return {
            "principal": plan.principal_between(self.unpaid, plan.last),
            "overdue_principal": plan.principal_between(self.unpaid, due),
            "overdue_interest": plan.interest_between(self.unpaid, due),
            "days_past_due": np.where(has_arrears, day - oldest, 0),
        }


def make_loans(seed: int, period: Period, people: People, accounts: Accounts) -> Loans:
    """Loans of every customer of the loan system; all five risk classes on the first night.

    Borrowers' incomes and opening balances are raised so that they can carry their instalments.
    """
    rng = open_stream(seed, _STREAM)
    person = people.members(people.loan_number >= 0)
    product = _choose_products(rng, people, person)
    months = _draw_months(rng, product)
    elapsed = _draw_elapsed(rng, months)
    is_new = _choose_new(rng, period, person.size)
    is_new[:ELAPSED_FOR_LOSS] = False
    due_day = rng.integers(1, 29, person.size)
    originated = np.where(
        is_new, period.random_days(rng, person.size), _originate(period, elapsed, due_day)
    )
    is_floating = (product != PRODUCT_INDEX["CON01"]) & toss(rng, person.size, 0.7)
    principal = _draw_principals(rng, people, person, product)
    rate = PRODUCT_RATE[product] + 5000 * rng.integers(-80, 81, person.size)
    schedule = make_schedule(
        period=period,
        principal=principal,
        rate=rate,
        months=months,
        originated=originated,
        due_day=due_day,
    )
    unpaid = schedule.first[:-1] + _count_due(schedule, 0)
    missed = _draw_missed(rng, np.where(is_new, 0, unpaid - schedule.first[:-1]))
    stops, resumes = _draw_defaults(rng, period, missed)
    loans = Loans(
        person=person,
        product=product,
        office=people.office[person],
        principal=principal,
        rate=rate,
        months=months,
        is_floating=is_floating,
        originated=originated,
        repriced=np.where(is_floating, _last_repricing(originated), NO_DAY),
        status=full(person.size, ACTIVE),
        stops=stops,
        resumes=resumes,
        schedule=schedule,
        unpaid=unpaid - missed,
    )
    _support_instalments(people, accounts, loans)
    return loans


class LoanDays:
    """Pays out, collects and reprices loans, one day after the other."""

    def __init__(self, seed: int, period: Period, loans: Loans, deposits: DepositDays) -> None:
        self._rng = open_stream(seed, _STREAM + 1)
        self._period, self._loans, self._deposits = period, loans, deposits
        self.contracts = ChangeLog(("office", "rate", "repriced", "status"), loans.size)
        self.positions = ChangeLog(
            ("principal", "overdue_principal", "overdue_interest", "days_past_due"), loans.size
        )
        self.outstanding = np.zeros(loans.size, dtype=np.int64)
        self._instalments: list[Table] = [self._deliver_opening()]
        self._repayments: list[Table] = []

    def run_day(self, day: int) -> None:
        """Reprice, pay out and collect."""
        if day > 0 and self._period.is_month_start(day):
            self._reprice(day)
        self._spend_proceeds(day)
        self._disburse(day)
        self._collect(day)

    def end_day(self, day: int) -> None:
        """Record the contracts and positions that changed."""
        loans = self._loans
        exists = loans.originated <= day
        loans.status = np.where(loans.unpaid == loans.schedule.last, REPAID, ACTIVE)
        self.contracts.observe(
            day,
            exists,
            office=loans.office,
            rate=loans.rate,
            repriced=loans.repriced,
            status=loans.status,
        )
        position = loans.position(day)
        self.positions.observe(day, exists, **position)
        self.outstanding = np.where(exists, position["principal"], 0)

    def instalments(self) -> Table:
        """Delivered instalments: day, loan, number, due, principal, interest."""
        return stack(self._instalments)

    def repayments(self) -> Table:
        """Payments: day, loan, number, principal, interest."""
        return stack([self._pay_rows(0, full(0, 0)), *self._repayments])

    def _deliver_opening(self) -> Table:
        plan, loans = self._loans.schedule, self._loans
        old = loans.originated[plan.loan] < 0
        position = np.flatnonzero(old & (np.arange(plan.due.size) >= loans.unpaid[plan.loan]))
        return self._schedule_rows(0, position)

    def _schedule_rows(self, day: int, position: Ints) -> Table:
        plan = self._loans.schedule
        columns = {name: getattr(plan, name)[position] for name in ("loan", "number", "due")}
        money = {name: getattr(plan, name)[position] for name in ("principal", "interest")}
        return {"day": full(position.size, day), **columns, **money}

    def _pay_rows(self, day: int, position: Ints) -> Table:
        rows = self._schedule_rows(day, position)
        del rows["due"]
        return rows

    def _reprice(self, day: int) -> None:
        loans, plan = self._loans, self._loans.schedule
        aged = loans.is_floating & (day - loans.repriced >= REPRICING_TERM)
        start = np.maximum(plan.first[:-1] + _count_due(plan, day), loans.unpaid)
        loan = np.flatnonzero(aged & (loans.status == ACTIVE) & (start < plan.last))
        if loan.size == 0:
            return
        loans.rate[loan] += 5000 * self._rng.integers(-6, 3, loan.size)
        loans.repriced[loan] = day
        position = plan.reprice(loan, start[loan], loans.rate[loan])
        self._instalments.append(self._schedule_rows(day, position))

    def _disburse(self, day: int) -> None:
        loans = self._loans
        loan = np.flatnonzero(loans.originated == day)
        if loan.size == 0:
            return
        self._deposits.book.post(
            loans.person[loan],
            EntryType.LOAN_DISBURSEMENT,
            Channel.BATCH,
            CREDIT,
            amount=loans.principal[loan],
        )
        plan = loans.schedule
        position = np.flatnonzero(np.isin(plan.loan, loan))
        self._instalments.append(self._schedule_rows(day, position))

    def _spend_proceeds(self, day: int) -> None:
        # What a loan was taken up for is paid the day after: a seller, a supplier, another bank.
        loans = self._loans
        loan = np.flatnonzero((loans.originated == day - 1) & (loans.originated >= 0))
        account = loans.person[loan]
        balance = self._deposits.book.balance[account]
        amount = np.minimum(loans.principal[loan] // 20 * 19, balance)
        self._deposits.pay_out(account[amount > 0], amount[amount > 0])

    def _collect(self, day: int) -> None:
        loans, plan = self._loans, self._loans.schedule
        behind = plan.first[:-1] + _count_due(plan, day + 1)
        is_willing = (day < loans.stops) | (day >= loans.resumes)
        loan = np.flatnonzero(is_willing & (loans.originated < day) & (behind > loans.unpaid))
        loan = loan[first_of_each(loans.person[loan])]
        start, stop, account = loans.unpaid[loan], behind[loan], loans.person[loan]
        amount = plan.principal_between(start, stop) + plan.interest_between(start, stop)
        missing = amount - self._deposits.book.balance[account]
        waits_long = (missing > 0) & (day - plan.due[start] >= PATIENCE)
        self._deposits.top_up(account[waits_long], missing[waits_long])
        paid = (missing <= 0) | waits_long
        self._deposits.book.post(
            account[paid], EntryType.LOAN_PAYMENT, Channel.BATCH, DEBIT, amount=amount[paid]
        )
        count = (stop - start)[paid]
        steps = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        self._repayments.append(self._pay_rows(day, np.repeat(start[paid], count) + steps))
        loans.unpaid[loan[paid]] = stop[paid]


def _count_due(plan: Schedule, day: int) -> Ints:
    """Number of instalments of each loan that fell due before the day."""
    due = np.concatenate([[0], np.cumsum(plan.due < day)])
    counts: Ints = due[plan.first[1:]] - due[plan.first[:-1]]
    return counts


def _choose_products(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    is_mortgage = toss(rng, person.size, 0.45)
    personal = np.where(is_mortgage, PRODUCT_INDEX["MTG01"], PRODUCT_INDEX["CON01"])
    return np.where(people.kind[person] == PERSON, personal, PRODUCT_INDEX["BUS01"])


def _draw_months(rng: np.random.Generator, product: Ints) -> Ints:
    size = product.size
    mortgage = 12 * rng.integers(10, 31, size)
    consumer, business = 12 * rng.integers(2, 6, size), 12 * rng.integers(2, 4, size)
    months = np.where(product == PRODUCT_INDEX["BUS01"], business, consumer)
    months = np.where(product == PRODUCT_INDEX["MTG01"], mortgage, months)
    # The first loans are old enough for every state of arrears, however small the bank.
    months[:ELAPSED_FOR_LOSS] = np.maximum(months[:ELAPSED_FOR_LOSS], 36)
    return months


def _draw_elapsed(rng: np.random.Generator, months: Ints) -> Ints:
    longest = np.minimum(months - 1, OLDEST_MONTHS)
    elapsed = 1 + (rng.random(months.size) * longest).astype(np.int64)
    elapsed[:ELAPSED_FOR_LOSS] = np.maximum(elapsed[:ELAPSED_FOR_LOSS], ELAPSED_FOR_LOSS + 2)
    return np.minimum(elapsed, np.maximum(months - 1, 1))


def _choose_new(rng: np.random.Generator, period: Period, size: int) -> Bools:
    return toss(rng, size, min(0.2, NEW_SHARE_PER_DAY * (period.days - 1)))


def _originate(period: Period, elapsed: Ints, due_day: Ints) -> Ints:
    zero = full(elapsed.size, 0)
    return np.minimum(period.months_after(zero, -elapsed, due_day), -1)


def _draw_principals(rng: np.random.Generator, people: People, person: Ints, product: Ints) -> Ints:
    mortgage = 450_000 * np.exp(rng.normal(0, 0.5, person.size))
    consumer = 60_000 * np.exp(rng.normal(0, 0.6, person.size))
    business = 200_000 + people.wealth[person] * rng.uniform(0.4, 2.5, person.size)
    yuan = np.where(product == PRODUCT_INDEX["MTG01"], mortgage, consumer)
    yuan = np.where(product == PRODUCT_INDEX["BUS01"], business, yuan)
    return to_cents(yuan, 1000 * YUAN)


def _draw_missed(rng: np.random.Generator, elapsed: Ints) -> Ints:
    missed = full(elapsed.size, 0)
    candidates = np.flatnonzero(elapsed >= ELAPSED_FOR_LOSS)
    candidates = candidates[rng.permutation(candidates.size)]
    taken = 0
    for (low, high), share in zip(MISSED, MISSED_SHARE, strict=True):
        count = max(1, round(share * elapsed.size))
        chosen = candidates[taken : taken + count]
        missed[chosen] = rng.integers(low, high + 1, chosen.size)
        taken += count
    return missed


def _draw_defaults(rng: np.random.Generator, period: Period, missed: Ints) -> tuple[Ints, Ints]:
    size = missed.size
    is_late = missed > 0
    turns_bad = ~is_late & toss(rng, size, min(0.2, 0.0007 * period.days))
    start = np.where(turns_bad, rng.integers(0, period.days, size), NEVER)
    stops = np.where(is_late, NO_DAY, start)
    recovers = toss(rng, size, np.where(missed > MISSED[0][1], 0.1, 0.45))
    wait = rng.integers(3, 60, size)
    resumes = np.where(is_late, wait, stops + wait)
    return stops, np.where(recovers & (stops < NEVER), resumes, NEVER)


def _last_repricing(originated: Ints) -> Ints:
    # Once a year on the day of origination; a new loan takes its own first day.
    years: Ints = np.maximum(-originated - 1, 0) // REPRICING_TERM
    return originated + years * REPRICING_TERM


def _support_instalments(people: People, accounts: Accounts, loans: Loans) -> None:
    plan = loans.schedule
    instalment = plan.principal[plan.first[:-1]] + plan.interest[plan.first[:-1]]
    burden = np.zeros(people.size, dtype=np.int64)
    np.add.at(burden, loans.person, instalment)
    main = np.arange(people.size)
    is_salaried = (burden > 0) & (people.kind == PERSON)
    accounts.salary[main] = np.where(
        is_salaried, np.maximum(accounts.salary[main], burden * 5 // 2), accounts.salary[main]
    )
    accounts.is_pension[main] &= ~is_salaried
    accounts.amount[main] = np.maximum(accounts.amount[main], burden * 2)
    needed = burden / YUAN * np.where(people.kind == PERSON, 1.2, 4.0)
    accounts.flow[main] = np.maximum(accounts.flow[main], needed)
