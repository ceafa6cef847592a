"""Contacts of managers with their customers, week by week, and their reports."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    SHARE_UNIT,
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
from pipelines.sources.sample.books import Books
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.entries import HOUR, Channel
from pipelines.sources.sample.organisation import Managers
from pipelines.sources.sample.period import Period

CONTACT_TYPES = ("VISIT", "MEETING", "CALL", "VIDEO", "MESSAGE", "EMAIL")
TYPE_CHANNEL = np.array(
    (-1, Channel.COUNTER, Channel.PHONE, Channel.MOBILE, Channel.MOBILE, Channel.INTERNET),
    dtype=np.int64,
)
"""Channel of each kind of contact; a visit goes through none."""
TYPE_SHARE = (0.14, 0.16, 0.5, 0.07, 0.09, 0.04)
DIRECTIONS = ("OUT", "IN")
OUTCOMES = ("REACHED", "NOT_REACHED", "REFUSED")
REACHED = 0
WEALTH_STEPS = np.array((0.4, 0.7, 0.9))
WEEKLY_CHANCE = np.array((0.4, 0.65, 0.95, 0.99))
"""Chance of a contact in a week, by the wealth of the customer among those of the same kind."""
LEAST_DILIGENCE = 0.8
SECOND_CONTACT = 0.25
LATE_REPORT = 0.02
CARELESS_MANAGER = 0.1
FORGOTTEN_REPORT = 0.1
WEEK = 7
FAR_AWAY = 1_000_000
WORK_DAYS = 6
_STREAM = 130


def make_contacts(
    seed: int, period: Period, people: People, managers: Managers, books: Books
) -> Table:
    """Contacts, and once more those whose report is handed in on a later night.

    Returns:
        Rows of day (of delivery), id, customer, manager, contact_day, second (of the day), kind,
        channel, direction, outcome, minutes (-1 where nobody was reached) and report_day.
    """
    rng = open_stream(seed, _STREAM)
    contacts = _draw_contacts(rng, period, people, managers, lead_assignments(books))
    size = contacts["customer"].size
    contacts = take_rows(contacts, np.argsort(contacts["contact_day"], kind="stable"))
    contacts |= {"id": np.arange(size), **_describe(rng, size)}
    contacts["report_day"] = _draw_reports(rng, managers, contacts)
    return _deliver(period, contacts)


def lead_assignments(books: Books) -> Table:
    """Assignments of at least half a customer, each as last delivered; open ends lie far away."""
    rows = books.assignments
    key = ("customer", "manager", "valid_from")
    rows = take_rows(rows, np.lexsort((rows["day"], *(rows[name] for name in key))))
    differs = [rows[name][1:] != rows[name][:-1] for name in key]
    is_last = np.append(np.logical_or.reduce(differs), True)
    rows = take_rows(rows, is_last & (2 * rows["share"] >= SHARE_UNIT))
    return {**rows, "valid_to": np.where(rows["valid_to"] == NO_DAY, FAR_AWAY, rows["valid_to"])}


def find_leads(people: People, leads: Table) -> Ints:
    """The manager who answers for each customer in the end; -1 for nobody."""
    order = np.argsort(leads["valid_from"], kind="stable")
    lead = full(people.size, -1)
    lead[leads["customer"][order]] = leads["manager"][order]
    return lead


def draw_of_office(
    rng: np.random.Generator, people: People, pool: Ints, office: Ints
) -> tuple[Ints, Bools]:
    """A member of the pool from each office.

    Returns:
        The members, and whether the office has any; where it has none, the member means nothing.
    """
    pool = pool[np.argsort(people.office[pool], kind="stable")]
    first = np.searchsorted(people.office[pool], office, side="left")
    count = np.searchsorted(people.office[pool], office, side="right") - first
    place = first + (rng.random(office.size) * count).astype(np.int64)
    return np.append(pool, -1)[place], count > 0


def _draw_contacts(
    rng: np.random.Generator, period: Period, people: People, managers: Managers, leads: Table
) -> Table:
    """Who is contacted by whom on which day: one draw for each assignment and week."""
    monday = -period.start.weekday()
    weeks = np.arange(monday, period.days, WEEK)
    row, week = (grid.ravel() for grid in np.indices((leads["customer"].size, weeks.size)))
    diligence = rng.uniform(LEAST_DILIGENCE, 1.0, managers.unit.size)
    chance = _weekly_chance(people)[leads["customer"]] * diligence[leads["manager"]]
    happens = toss(rng, row.size, chance[row])
    again = happens & toss(rng, row.size, SECOND_CONTACT)
    row, week = (np.concatenate([grid[happens], grid[again]]) for grid in (row, week))
    day = weeks[week] + rng.integers(0, WORK_DAYS, week.size)
    begins = np.maximum(leads["valid_from"], 0)[row]
    known = (day >= begins) & (day < leads["valid_to"][row]) & (day < period.days)
    return {
        "customer": leads["customer"][row][known],
        "manager": leads["manager"][row][known],
        "contact_day": day[known],
    }


def _weekly_chance(people: People) -> Floats:
    chance = np.zeros(people.size)
    for is_kind in (people.kind == PERSON, people.kind != PERSON):
        steps = np.quantile(people.wealth[is_kind], WEALTH_STEPS) if is_kind.any() else WEALTH_STEPS
        chance[is_kind] = WEEKLY_CHANCE[np.searchsorted(steps, people.wealth[is_kind])]
    return chance


def _describe(rng: np.random.Generator, size: int) -> Table:
    kind = rng.choice(len(CONTACT_TYPES), size, p=TYPE_SHARE)
    outcome = rng.choice(len(OUTCOMES), size, p=(0.9, 0.08, 0.02))
    minutes = rng.integers(3, 60, size)
    return {
        "second": (rng.triangular(8.5, 10.5, 18, size) * HOUR).astype(np.int64),
        "kind": kind,
        "channel": TYPE_CHANNEL[kind],
        "direction": toss(rng, size, 0.15).astype(np.int64),
        "outcome": outcome,
        "minutes": np.where(outcome == REACHED, minutes, -1),
    }


def _draw_reports(rng: np.random.Generator, managers: Managers, contacts: Table) -> Ints:
    """Most reports come the same night, a few some nights later, those of careless managers
    now and then never."""
    size = contacts["id"].size
    is_careless = toss(rng, managers.unit.size, CARELESS_MANAGER)[contacts["manager"]]
    forgotten = is_careless & toss(rng, size, FORGOTTEN_REPORT)
    delay = np.where(toss(rng, size, LATE_REPORT), rng.integers(1, 4, size), 0)
    return np.where(forgotten, NO_DAY, contacts["contact_day"] + delay)


def _deliver(period: Period, contacts: Table) -> Table:
    day, report = contacts["contact_day"], contacts["report_day"]
    first = {**contacts, "day": day, "report_day": np.where(report == day, report, NO_DAY)}
    comes_again = (report > day) & (report < period.days)
    later = take_rows({**contacts, "day": report}, comes_again)
    return stack([first, later])
