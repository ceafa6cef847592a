"""Grades of customers, told month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.months import Month
from tests.integration.oracle.parameters import Seed

BANDS = Seed("value_band")
TERMS = Seed("customer_parameter")
WORST_FIRST = "DCBA"


def band_of(kind: str, value: Decimal | int | None, day: date) -> str | None:
    """Band that a value falls into on a day; None for an unknown value."""
    if value is None:
        return None
    (code,) = [
        row["band_code"]
        for row in BANDS.on(day, band_kind=kind)
        if Decimal(row["range_from"]) <= value < Decimal(row["range_to"])
    ]
    return code


def term(code: str, day: date) -> Decimal:
    """A parameter of the customer analytics on a day."""
    (row,) = TERMS.on(day, parameter_code=code)
    return Decimal(row["parameter_value"])


@dataclass(frozen=True)
class Grade:
    """The grade of a customer in a month."""

    grade_code: str
    previous_grade_code: str | None
    grade_move: str
    is_on_watch: bool
    months_below_grade: int


def follow_grades(balances: list[tuple[Month, Decimal]]) -> list[Grade]:
    """Grades of one customer over months in order."""
    told: list[Grade] = []
    held, below = "", list[str]()
    for month, balance in balances:
        reached = band_of("GRADE", balance, month.as_of)
        assert reached is not None
        before, held, below = held, *_next(held, below, reached, month.as_of)
        watched = len(below) > term("GRADE_GRACE_MONTHS", month.as_of)
        told.append(Grade(held, before or None, _move(before, held), watched, len(below)))
    return told


def _next(held: str, below: list[str], reached: str, day: date) -> tuple[str, list[str]]:
    """The grade after a month, and what was reached in the months below it without a break."""
    if not held or _rank(reached) >= _rank(held):
        return reached, []
    patience = term("GRADE_GRACE_MONTHS", day) + term("GRADE_WATCH_MONTHS", day)
    if len(below) < patience:
        return held, [*below, reached]
    best = max([*below, reached], key=_rank)
    return best, [reached] if _rank(reached) < _rank(best) else []


def _rank(grade: str) -> int:
    return WORST_FIRST.index(grade)


def _move(before: str, after: str) -> str:
    if not before:
        return "FIRST"
    change = _rank(after) - _rank(before)
    return "UP" if change > 0 else "DOWN" if change < 0 else "NONE"
