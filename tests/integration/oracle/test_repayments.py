"""fct_repayment against the delivered schedules and payments of loans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.deliveries import Row
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.marts import assert_equal, read_fact

FACT = "fct_repayment"
KEY = ("loan_id", "instalment_number")
TOLERANCE = Fraction(1, 2)
Key = tuple[str, int | None]


@dataclass(frozen=True)
class Repayment:
    """An instalment and what was paid for it."""

    due_date: date | None
    first_paid_date: date | None
    met_date: date | None
    is_met: bool
    is_overdue: bool | None
    due_amount: Decimal | None
    paid_amount: Decimal
    days_late: int | None


@dataclass
class _Purse:
    """What was paid for an instalment, payment by payment."""

    payments: list[tuple[date, Fraction]]

    @property
    def total(self) -> Fraction:
        return sum((amount for _, amount in self.payments), Fraction())

    def reached(self, amount: Fraction) -> date | None:
        total = Fraction()
        for day, paid in self.payments:
            total += paid
            if total >= amount:
                return day
        return None


def test_every_instalment_is_matched_with_the_payments_that_pay_it(bank: OracleBank) -> None:
    published = read_fact(bank.published, FACT, KEY, Repayment)
    assert_equal(dict(_expected(bank)), published)


def test_payments_of_instalments_add_up_to_the_delivered_payments(bank: OracleBank) -> None:
    rows = bank.published.execute(
        f"""select loan_id, sum(paid_amount) from marts.{FACT}
        group by all having sum(paid_amount) > 0"""
    ).fetchall()
    delivered: dict[str, Decimal] = defaultdict(Decimal)
    for _, row in bank.landing.rows("loan.repayment"):
        delivered[row["loan_id"]] += Decimal(row["principal_paid"]) + Decimal(row["interest_paid"])
    assert dict(rows) == delivered


def test_the_banks_have_late_and_unpaid_instalments_and_nameless_payments(
    sample: OracleBank, berka: OracleBank
) -> None:
    for oracle in (sample, berka):
        rows = [row for _, row in _expected(oracle)]
        assert any(row.is_overdue for row in rows)
        assert any(row.is_met and (row.days_late or 0) > 0 for row in rows)
    payments = [row for _, row in berka.landing.rows("loan.repayment")]
    assert not any(row["instalment_number"] for row in payments)


def _expected(bank: OracleBank) -> Iterator[tuple[Key, Repayment]]:
    schedules: dict[str, dict[int, Row]] = defaultdict(dict)
    for _, row in bank.landing.last_rows("loan.schedule"):
        schedules[row["loan_id"]][int(row["instalment_number"])] = row
    payments: dict[str, list[Row]] = defaultdict(list)
    for _, row in bank.landing.rows("loan.repayment"):
        payments[row["loan_id"]].append(row)
    last = bank.accounts.months[-1].as_of
    for loan in sorted(schedules.keys() | payments.keys()):
        for number, repayment in _repayments(schedules[loan], payments[loan], last):
            if repayment.paid_amount or (repayment.due_date and repayment.due_date <= last):
                yield (loan, number), repayment


def _repayments(
    schedule: dict[int, Row], payments: list[Row], last: date
) -> Iterator[tuple[int | None, Repayment]]:
    ordered = sorted(payments, key=lambda row: (row["paid_date"], row["repayment_id"]))
    named: dict[int, _Purse] = defaultdict(lambda: _Purse([]))
    nameless = _Purse([])
    for row in ordered:
        purse = named[int(row["instalment_number"])] if row["instalment_number"] else nameless
        purse.payments.append((date.fromisoformat(row["paid_date"]), _paid(row)))
    assert not (named and nameless.payments), "no delivered loan mixes both kinds of payments"
    filled_until = Fraction()
    for place, number in enumerate(sorted(schedule), start=1):
        due = Fraction(schedule[number]["principal_due"]) + Fraction(
            schedule[number]["interest_due"]
        )
        if nameless.payments:
            purse, met = _fill(nameless, filled_until, due, place)
        else:
            purse = named[number]
            met = purse.reached(due - TOLERANCE)
        filled_until += due
        yield (
            number,
            _repayment(date.fromisoformat(schedule[number]["due_date"]), due, purse, met, last),
        )
    for number in named.keys() - schedule.keys():
        first = named[number].payments[0][0]
        yield number, _repayment(None, None, named[number], first, last)
    if nameless.total > filled_until:
        rest = nameless.total - filled_until
        day = nameless.reached(filled_until + Fraction(1, 100)) or last
        yield None, _repayment(None, None, _Purse([(day, rest)]), day, last)


def _fill(
    nameless: _Purse, start: Fraction, due: Fraction, place: int
) -> tuple[_Purse, date | None]:
    """The part of a stream of payments that pays one instalment, and the day it is met."""
    purse, paid = _Purse([]), Fraction()
    for day, amount in nameless.payments:
        part = min(paid + amount, start + due) - max(paid, start)
        if part > 0:
            purse.payments.append((day, part))
        paid += amount
    return purse, nameless.reached(start + due - place * TOLERANCE)


def _repayment(
    due_date: date | None, due: Fraction | None, purse: _Purse, met: date | None, last: date
) -> Repayment:
    late = (met or last) - due_date if due_date and (met or due_date <= last) else None
    return Repayment(
        due_date=due_date,
        first_paid_date=purse.payments[0][0] if purse.payments else None,
        met_date=met,
        is_met=met is not None,
        is_overdue=met is None and (due_date < last if due_date else None),
        due_amount=None if due is None else half_up(due),
        paid_amount=half_up(purse.total),
        days_late=late.days if late is not None else None,
    )


def _paid(row: Row) -> Fraction:
    return Fraction(row["principal_paid"]) + Fraction(row["interest_paid"])
