"""Complaints step by step, satisfaction surveys and referrals."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    Bools,
    Ints,
    Table,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.contacts import draw_of_office
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.entries import Channel
from pipelines.sources.sample.period import Period

COMPLAINT_TYPES = ("SERVICE", "FEE", "PRODUCT", "CARD", "LOAN", "OTHER")
STEPS = ("acknowledged", "answered", "reported")
PARTS = ("opinion", "wish", "options", "recommendation")
CHANNELS = np.array(
    (Channel.COUNTER, Channel.PHONE, Channel.INTERNET, Channel.MOBILE), dtype=np.int64
)
COMPLAINT_SHARE_PER_DAY = 0.0006
SURVEY_SHARE_PER_DAY = 0.001
PART_CHANCE = 0.97
REFERRED_SHARE = 0.5
_STREAM = 131


def make_complaints(seed: int, period: Period, people: People, lead: Ints) -> Table:
    """Complaints, once more on every night on which a step was done.

    Args:
        seed: seed of the bank.
        period: nights of the bank.
        people: everybody.
        lead: manager who answers for each customer, -1 for nobody.

    Returns:
        Rows of day, id, customer, manager, office, kind, channel, received, a day for each of
        STEPS (NO_DAY while open) and 0 or 1 for each of PARTS, known with the report.
    """
    rng = open_stream(seed, _STREAM)
    customer, received = _draw_events(rng, period, people, COMPLAINT_SHARE_PER_DAY)
    size = customer.size
    acknowledged = received + rng.integers(0, 3, size)
    answered = acknowledged + rng.choice(
        np.array((0, 1, 2, 4, 7)), size, p=(0.2, 0.3, 0.3, 0.1, 0.1)
    )
    complaints: Table = {
        "id": np.arange(size),
        "customer": customer,
        "manager": lead[customer],
        "office": people.office[customer],
        "kind": rng.integers(0, len(COMPLAINT_TYPES), size),
        "channel": rng.choice(CHANNELS, size),
        "received": received,
        "acknowledged": acknowledged,
        "answered": answered,
        "reported": answered + rng.integers(0, 3, size),
    }
    complaints |= {part: toss(rng, size, PART_CHANCE).astype(np.int64) for part in PARTS}
    return _deliver_steps(period, complaints)


def make_surveys(seed: int, period: Period, people: People, lead: Ints) -> Table:
    """Answered surveys: rows of day, id, customer, manager, channel and score (1 to 10)."""
    rng = open_stream(seed, _STREAM + 1)
    customer, day = _draw_events(rng, period, people, SURVEY_SHARE_PER_DAY)
    return {
        "day": day,
        "id": np.arange(customer.size),
        "customer": customer,
        "manager": lead[customer],
        "channel": rng.choice(CHANNELS, customer.size),
        "score": np.minimum(1 + (10 * rng.beta(5, 2, customer.size)).astype(np.int64), 10),
    }


def make_referrals(seed: int, period: Period, people: People, lead: Ints) -> Table:
    """Persons who join, brought by another of the same office.

    Returns:
        Rows of day, id, referrer, referred and manager (of the referrer).
    """
    rng = open_stream(seed, _STREAM + 2)
    referred = people.members((people.joined >= 0) & (people.kind == PERSON))
    referred = referred[toss(rng, referred.size, REFERRED_SHARE)]
    old = people.members(people.is_initial & (people.kind == PERSON))
    referrer, exists = draw_of_office(rng, people, old, people.office[referred])
    referrer, referred = referrer[exists], referred[exists]
    rows: Table = {
        "day": people.joined[referred],
        "referrer": referrer,
        "referred": referred,
        "manager": lead[referrer],
    }
    rows = take_rows(rows, np.argsort(rows["day"], kind="stable"))
    return {**rows, "id": np.arange(referred.size)}


def _draw_events(
    rng: np.random.Generator, period: Period, people: People, share_per_day: float
) -> tuple[Ints, Ints]:
    """Customers and days in the order of days; every bank has at least one."""
    customers = people.members(people.is_initial)
    size = max(1, int(rng.poisson(customers.size * period.days * share_per_day)))
    days = np.sort(rng.integers(0, period.days, size))
    return customers[rng.integers(0, customers.size, size)], days


def _deliver_steps(period: Period, complaints: Table) -> Table:
    nights = [complaints["received"], *(complaints[step] for step in STEPS)]
    parts = []
    for place, night in enumerate(nights):
        # Steps of one night are told in one row.
        told: Bools = np.zeros(night.size, dtype=np.bool_)
        for earlier in nights[:place]:
            told |= earlier == night
        parts.append(take_rows(_as_of(complaints, night), ~told & (night < period.days)))
    return stack(parts)


def _as_of(complaints: Table, night: Ints) -> Table:
    rows = {**complaints, "day": night}
    for step in STEPS:
        rows[step] = np.where(complaints[step] <= night, complaints[step], NO_DAY)
    for part in PARTS:
        rows[part] = np.where(rows["reported"] == NO_DAY, 0, complaints[part])
    return rows
