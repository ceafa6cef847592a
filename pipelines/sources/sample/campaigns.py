"""Campaigns of the teams: the plan of a year, whom they address, and how customers respond."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    YUAN,
    Bools,
    Ints,
    Table,
    Texts,
    full,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.contacts import draw_of_office
from pipelines.sources.sample.customers import People
from pipelines.sources.sample.organisation import PRODUCT_INDEX, Units
from pipelines.sources.sample.period import Period

CAMPAIGN_TYPES = ("ACQUISITION", "CROSS_SELL", "RETENTION", "REACTIVATION", "EDUCATION")
EDUCATION = 4
STATUSES = ("PLANNED", "RUNNING", "DONE", "CANCELLED")
PLANNED, RUNNING, DONE, CANCELLED = 0, 1, 2, 3
RESPONSES = ("BOUGHT", "INTERESTED", "DECLINED")
BOUGHT = 0
OFFERED = np.array([PRODUCT_INDEX[code] for code in ("TD06M", "TD01Y", "CON01", "CRD02", "MTG01")])
OFFER_NAMES = ("half-year deposit", "one-year deposit", "consumer loan", "gold card", "mortgage")
FEWEST, MOST = 4, 9
LAST_START = 330
CANCELLED_SHARE = 0.03
TARGETS = 20
ANSWERS = 0.45
_STREAM = 135


def make_campaigns(seed: int, period: Period, units: Units) -> Table:
    """Campaigns of every office and plan year, and once more on each night they move on.

    Returns:
        Rows of day, id, unit, name, kind, product (-1 for none), plan_year, begins, ends, cost
        (cents) and status (index of STATUSES).
    """
    rng = open_stream(seed, _STREAM)
    years = np.arange(period.start.year, period.date_of(period.days - 1).year + 1)
    count = rng.integers(FEWEST, MOST + 1, units.offices.size * years.size)
    unit = np.repeat(np.tile(units.offices, years.size), count)
    plan_year = np.repeat(np.repeat(years, units.offices.size), count)
    starts = {int(year): (date(int(year), 1, 1) - period.start).days for year in years}
    new_year = np.array([starts[int(year)] for year in plan_year], dtype=np.int64)
    begins = new_year + rng.integers(0, LAST_START, unit.size)
    kind = rng.integers(0, len(CAMPAIGN_TYPES), unit.size)
    offer = rng.integers(0, OFFERED.size, unit.size)
    campaigns: Table = {
        "id": np.arange(unit.size),
        "unit": unit,
        "name": _name(kind, offer),
        "kind": kind,
        "product": np.where(kind == EDUCATION, -1, OFFERED[offer]),
        "plan_year": plan_year,
        "begins": begins,
        "ends": begins + rng.integers(14, 46, unit.size),
        "cost": rng.integers(20, 300, unit.size) * 100 * YUAN,
        "planned": np.maximum(new_year, 0),
    }
    is_cancelled = toss(rng, unit.size, CANCELLED_SHARE)
    return _deliver_stages(period, campaigns, is_cancelled)


def make_campaign_targets(
    seed: int, period: Period, people: People, campaigns: Table, lead: Ints
) -> Table:
    """Whom running campaigns address, and once more those who answer on a later night.

    Returns:
        Rows of day, campaign, customer, manager, targeted, response (index of RESPONSES, -1 for
        none), answered (NO_DAY for none) and bought (product, -1 for none).
    """
    rng = open_stream(seed, _STREAM + 1)
    running = take_rows(campaigns, campaigns["status"] == RUNNING)
    rows = _address(rng, people, running)
    size = rows["customer"].size
    targeted = np.maximum(rows["begins"], 0) + rng.integers(0, 5, size)
    answered = targeted + rng.integers(0, 15, size)
    answered = np.where(toss(rng, size, ANSWERS), answered, NO_DAY)
    response = rng.choice(len(RESPONSES), size, p=(0.2, 0.35, 0.45))
    rows |= {"targeted": targeted, "answered": answered, "response": response}
    rows["manager"] = lead[rows["customer"]]
    rows = take_rows(rows, targeted < period.days)
    later = (rows["answered"] > rows["targeted"]) & (rows["answered"] < period.days)
    again = take_rows({**rows, "day": rows["answered"]}, later)
    return stack([_hide_answers({**rows, "day": rows["targeted"]}), _hide_answers(again)])


def _name(kind: Ints, offer: Ints) -> Texts:
    titles = np.array(
        [name.replace("_", " ").capitalize() for name in CAMPAIGN_TYPES], dtype=object
    )
    offers = np.array(OFFER_NAMES, dtype=object)
    with_offer: Texts = titles[kind] + ": " + offers[offer]
    return np.where(kind == EDUCATION, titles[kind], with_offer)


def _deliver_stages(period: Period, campaigns: Table, is_cancelled: Bools) -> Table:
    """A row on the night of the plan, on the first day, and on the day after the last."""
    begins, over = campaigns["begins"], campaigns["ends"] + 1
    planned = campaigns["planned"]
    started = np.where(is_cancelled, CANCELLED, RUNNING)
    status = np.where(begins > planned, PLANNED, np.where(over > planned, started, DONE))
    rows = [{**campaigns, "day": planned, "status": status}]
    for night, stage, exists in (
        (begins, started, begins > planned),
        (over, full(over.size, DONE), (over > planned) & ~is_cancelled),
    ):
        stages = {**campaigns, "day": night, "status": stage}
        rows.append(take_rows(stages, exists & (night < period.days)))
    return stack(rows)


def _address(rng: np.random.Generator, people: People, running: Table) -> Table:
    """Customers of the campaign's office, each at most once in a campaign."""
    campaign = np.repeat(np.arange(running["id"].size), TARGETS)
    customers = people.members(people.is_initial)
    customer, exists = draw_of_office(rng, people, customers, running["unit"][campaign])
    drawn = np.unique(np.stack([campaign, customer])[:, exists], axis=1)
    rows = take_rows(running, drawn[0])
    return {
        "campaign": rows["id"],
        "customer": drawn[1],
        "begins": rows["begins"],
        "product": rows["product"],
    }


def _hide_answers(rows: Table) -> Table:
    """Without the answers that come after the night of the row."""
    known = (rows["answered"] != NO_DAY) & (rows["answered"] <= rows["day"])
    buys = known & (rows["response"] == BOUGHT)
    return {
        **rows,
        "answered": np.where(known, rows["answered"], NO_DAY),
        "response": np.where(known, rows["response"], -1),
        "bought": np.where(buys, rows["product"], -1),
    }
