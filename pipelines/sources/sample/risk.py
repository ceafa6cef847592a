"""Ratings, collateral and guarantees: what the risk department knows of a part of the borrowers."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import (
    YUAN,
    Bools,
    Floats,
    Ints,
    Table,
    full,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.cards import Cards
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.loans import Loans
from pipelines.sources.sample.organisation import PRODUCT_INDEX
from pipelines.sources.sample.period import Period

SYSTEMS = ("LOAN", "CARD")
LOAN_SYSTEM, CARD_SYSTEM = 0, 1
SUBJECT_TYPES = ("CUSTOMER", "EXPOSURE")
CUSTOMER, EXPOSURE = 0, 1
RATINGS = tuple(f"R{number:02}" for number in range(1, 11))
RATING_DEFAULTS = np.array([3, 8, 15, 30, 60, 120, 250, 500, 1000, 2000], dtype=np.int64)
"""Probability of default of each rating, in units of 1e-4."""
DEFAULT_UNIT = 10_000
CLASSES = ("NORMAL", "SPECIAL_MENTION", "SUBSTANDARD", "DOUBTFUL", "LOSS")
NORMAL, SUBSTANDARD = 0, 2
COLLATERAL_TYPES = ("REAL_ESTATE", "RECEIVABLE")
GUARANTOR_TYPES = ("PERSON", "CORPORATE")
NOT_TOLD = -1
LOAN_SHARE, CARD_SHARE, COMPANY_SHARE = 0.5, 0.3, 0.7
RATED_AGAIN = 0.35
GUARANTEED_BUSINESS, GUARANTEED_CONSUMER = 0.6, 0.2
CERTAIN = 4
"""So many of the first loans are rated: every trigger beside days past due, and a plain one."""
_STREAM = 150


def make_ratings(seed: int, period: Period, people: People, loans: Loans, cards: Cards) -> Table:
    """Ratings of companies, of single loans and of card holders, and how they change.

    Returns:
        Rows of day, system, subject_type, subject (index of the loan, or customer number of the
        system), rating (index of RATINGS), default and loss (units of 1e-8; loss may be NOT_TOLD),
        grade (index of CLASSES), restructured and impaired (0, 1; NOT_TOLD where nothing is told).
    """
    rng = open_stream(seed, _STREAM)
    rated = stack([_rate_loans(rng, people, loans), _rate_holders(rng, people, cards)])
    rated["rating"] = np.clip(np.rint(rng.normal(4.5, 1.6, rated["day"].size)), 0, 8).astype(
        np.int64
    )
    return _add_defaults(stack([rated, _rate_again(rng, period, rated)]))


def make_collateral(seed: int, period: Period, loans: Loans) -> Table:
    """Homes behind mortgages, receivables behind half of the business loans, and new appraisals.

    Returns:
        Rows of day, number, loan, kind (index of COLLATERAL_TYPES) and value in cents.
    """
    rng = open_stream(seed, _STREAM + 1)
    is_home = loans.product == PRODUCT_INDEX["MTG01"]
    is_business = loans.product == PRODUCT_INDEX["BUS01"]
    loan = _existing(period, loans, is_home | (is_business & toss(rng, loans.size, 0.5)))
    part = rng.uniform(0.6, 1.9, loan.size)
    rows = {
        "day": np.maximum(loans.originated[loan], 0),
        "number": np.arange(loan.size),
        "loan": loan,
        "kind": np.where(is_home[loan], 0, 1),
        "value": _round_up(loans.principal[loan] * part),
    }
    later = _follow_up(rng, period, rows, 0.15)
    later["value"] = _round_up(later["value"] * rng.uniform(0.85, 1.1, later["value"].size))
    return stack([rows, later])


def make_guarantees(seed: int, period: Period, loans: Loans) -> Table:
    """Guarantees of business loans and of some consumer loans; a few end early.

    Returns:
        Rows of day, number, loan, kind (index of GUARANTOR_TYPES), amount in cents, expiry (day)
        and ended (0 or 1).
    """
    rng = open_stream(seed, _STREAM + 2)
    is_business = loans.product == PRODUCT_INDEX["BUS01"]
    is_consumer = loans.product == PRODUCT_INDEX["CON01"]
    luck = rng.random(loans.size)
    luck[:CERTAIN] = 0
    guaranteed = (is_business & (luck < GUARANTEED_BUSINESS)) | (
        is_consumer & (luck < GUARANTEED_CONSUMER)
    )
    loan = _existing(period, loans, guaranteed)
    rows = {
        "day": np.maximum(loans.originated[loan], 0),
        "number": np.arange(loan.size),
        "loan": loan,
        "kind": is_business[loan].astype(np.int64),
        "amount": _round_up(loans.principal[loan] * rng.uniform(0.3, 1.0, loan.size)),
        "expiry": loans.originated[loan] + 31 * loans.months[loan],
        "ended": full(loan.size, 0),
    }
    ended = _follow_up(rng, period, rows, 0.1)
    ended["ended"] = full(ended["day"].size, 1)
    return stack([rows, ended])


def _rate_loans(rng: np.random.Generator, people: People, loans: Loans) -> Table:
    """Companies are rated as borrowers, persons loan by loan."""
    is_company = people.kind[loans.person] != PERSON
    luck = rng.random(loans.size)
    luck[:CERTAIN] = 0
    chosen = luck < np.where(is_company, COMPANY_SHARE, LOAN_SHARE)
    loan = np.flatnonzero(chosen & (loans.originated < 0))
    by_customer = is_company[loan]
    number = people.loan_number[loans.person[loan]]
    rows = _rows(LOAN_SYSTEM, np.where(by_customer, number, loan))
    rows["subject_type"] = np.where(by_customer, CUSTOMER, EXPOSURE)
    rows["loss"] = np.where(
        loans.product[loan] == PRODUCT_INDEX["MTG01"], 20_000_000, full(loan.size, NOT_TOLD)
    )
    rows["loss"][by_customer] = 40_000_000
    for place, (column, value) in enumerate(
        (("grade", SUBSTANDARD), ("restructured", 1), ("impaired", 1))
    ):
        rows[column][place : place + 1] = value
    return rows


def _rate_holders(rng: np.random.Generator, people: People, cards: Cards) -> Table:
    credit = np.arange(cards.size) < cards.credit_count
    card = np.flatnonzero(credit & (cards.issued < 0) & toss(rng, cards.size, CARD_SHARE))
    return _rows(CARD_SYSTEM, people.card_number[np.unique(cards.person[card])])


def _rows(system: int, subject: Ints) -> Table:
    size = subject.size
    return {
        "day": full(size, 0),
        "system": full(size, system),
        "subject_type": full(size, CUSTOMER),
        "subject": subject,
        "loss": full(size, NOT_TOLD),
        "grade": full(size, NORMAL),
        "restructured": full(size, 0),
        "impaired": full(size, 0),
    }


def _rate_again(rng: np.random.Generator, period: Period, rated: Table) -> Table:
    """Some are rated a second time, more often worse than better."""
    again = _follow_up(rng, period, rated, RATED_AGAIN)
    moved = again["rating"] + rng.choice(np.array([-1, 1, 1, 2, 3]), again["rating"].size)
    again["rating"] = np.clip(moved, 0, len(RATINGS) - 1)
    return again


def _add_defaults(rows: Table) -> Table:
    return {**rows, "default": RATING_DEFAULTS[rows["rating"]] * DEFAULT_UNIT}


def _follow_up(rng: np.random.Generator, period: Period, rows: Table, chance: float) -> Table:
    """Copies of some rows on a later night; none when the period has one night only."""
    size = rows["day"].size
    day = period.random_days(rng, size)
    return take_rows({**rows, "day": day}, toss(rng, size, chance) & (day > rows["day"]))


def _existing(period: Period, loans: Loans, chosen: Bools) -> Ints:
    return np.flatnonzero(chosen & (loans.originated < period.days))


def _round_up(cents: Floats) -> Ints:
    step = 1000 * YUAN
    return (np.ceil(cents / step) * step).astype(np.int64)
