"""Organisation units, managers, tellers and the product catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipelines.sources.sample.arrays import NO_DAY, Floats, Ints, Texts, full, open_stream, toss
from pipelines.sources.sample.names import CITIES, CITY_NAMES, draw_person_names

REGIONS = ("North", "East", "South", "West")
LEVELS = ("HEAD_OFFICE", "REGION", "BRANCH", "SUB_BRANCH")
FIRST_BRANCH = 1 + len(REGIONS)
MERGED_UNIT = FIRST_BRANCH + len(CITIES)
FIRST_SUB_BRANCH = MERGED_UNIT + 1
MERGED_CITY = 7
PERSONAL, CORPORATE = 0, 1
TELLERS_PER_OFFICE = 3
CUSTOMERS_PER_SUB_BRANCH = 120
CUSTOMERS_PER_MANAGER = 130
_STREAM = 1


@dataclass(frozen=True)
class Units:
    """Organisation units by index: head office, regions, branches, a merged branch, the rest."""

    name: Texts
    level: Ints
    parent: Ints
    successor: Ints
    city: Ints
    opened: Ints
    closed: Ints
    offices: Ints
    """Units that keep customers: branches and sub-branches in business."""
    weight: Floats
    """Share of the customers of each office."""


@dataclass(frozen=True)
class Managers:
    """Managers by index; those of one type and unit stand together."""

    name: Texts
    unit: Ints
    kind: Ints
    hired: Ints
    first: Ints
    """First manager of each kind (row) and unit (column)."""
    count: Ints
    """Number of managers of each kind (row) and unit (column)."""


@dataclass(frozen=True)
class Tellers:
    """Tellers by index; ``first[unit]`` and the following ones serve an office."""

    name: Texts
    unit: Ints
    first: Ints


class Product(NamedTuple):
    """One product; ``rate`` per year in units of 1e-8, ``term_days`` 0 without a term."""

    product_id: str
    name: str
    family: str
    line: str
    pillar: str
    day_basis: str | None
    ftp_method: str | None
    ftp_profile_code: str | None
    rate: int = 0
    term_days: int = 0


def _term(code: str, name: str, basis: str, rate: int, days: int) -> Product:
    return Product(
        code, name, "Term deposits", "Personal deposits", "LIABILITY", basis, "MATCHED", None,
        rate, days,
    )  # fmt: skip


# fmt: off
PRODUCTS: tuple[Product, ...] = (
    Product("SAV01", "Personal savings", "Savings", "Personal deposits", "LIABILITY",
            "ACT/360", "DEMAND", "SAVINGS", 200_000),
    Product("CUR01", "Personal current account", "Demand deposits", "Personal deposits",
            "LIABILITY", "ACT/360", "DEMAND", "CURRENT", 200_000),
    Product("CCU01", "Corporate current account", "Demand deposits", "Corporate deposits",
            "LIABILITY", "ACT/360", "DEMAND", "CURRENT", 350_000),
    _term("TD03M", "Term deposit 3 months", "ACT/365", 1_150_000, 91),
    _term("TD06M", "Term deposit 6 months", "ACT/365", 1_350_000, 182),
    _term("TD01Y", "Term deposit 1 year", "30/360", 1_550_000, 365),
    _term("TD03Y", "Term deposit 3 years", "30/360", 2_000_000, 1095),
    Product("CTD1Y", "Corporate term deposit 1 year", "Term deposits", "Corporate deposits",
            "LIABILITY", "ACT/360", "MATCHED", None, 1_650_000, 365),
    Product("MTG01", "Home mortgage", "Mortgages", "Personal loans", "ASSET",
            "30/360", "MATCHED", None, 3_950_000),
    Product("CON01", "Consumer loan", "Consumer loans", "Personal loans", "ASSET",
            "ACT/365", "MATCHED", None, 5_200_000),
    Product("BUS01", "Business loan", "Business loans", "Corporate loans", "ASSET",
            "ACT/360", "MATCHED", None, 4_350_000),
    Product("CRD01", "Classic credit card", "Credit cards", "Cards", "ASSET",
            "ACT/365", "DEMAND", "CARD", 18_250_000),
    Product("CRD02", "Gold credit card", "Credit cards", "Cards", "ASSET",
            "ACT/365", "DEMAND", "CARD", 14_600_000),
    Product("DBT01", "Debit card", "Debit cards", "Cards", "INTERMEDIARY", None, None, None),
)
# fmt: on
PRODUCT_INDEX = {product.product_id: index for index, product in enumerate(PRODUCTS)}
PRODUCT_RATE = np.array([product.rate for product in PRODUCTS], dtype=np.int64)
PRODUCT_TERM = np.array([product.term_days for product in PRODUCTS], dtype=np.int64)
IS_THIRTY_360 = np.array([product.day_basis == "30/360" for product in PRODUCTS])
YEAR_DAYS = np.array(
    [365 if product.day_basis == "ACT/365" else 360 for product in PRODUCTS], dtype=np.int64
)


def make_units(seed: int, customers: int) -> Units:
    """The tree: head office, four regions, sixteen branches, sub-branches by size."""
    rng = open_stream(seed, _STREAM)
    subs = int(np.clip(customers // CUSTOMERS_PER_SUB_BRANCH, 4, 160))
    level = np.repeat(np.arange(4), [1, len(REGIONS), len(CITIES) + 1, subs]).astype(np.int64)
    branch_city = np.append(np.arange(len(CITIES)), MERGED_CITY)
    city = np.concatenate([full(FIRST_BRANCH, 0), branch_city, np.arange(subs) % len(CITIES)])
    parent = _find_parents(branch_city, subs)
    successor, closed = full(level.size, -1), full(level.size, NO_DAY)
    successor[MERGED_UNIT], closed[MERGED_UNIT] = FIRST_BRANCH + MERGED_CITY, -62
    offices = np.delete(np.arange(FIRST_BRANCH, level.size), len(CITIES))
    weight = np.exp(rng.normal(0, 0.4, offices.size)) * np.where(offices < MERGED_UNIT, 1.5, 1.0)
    opened = -rng.integers(1500, 9000, level.size)
    names = _name_units(city, subs)
    return Units(
        names, level, parent, successor, city, opened, closed, offices, weight / weight.sum()
    )


def make_managers(seed: int, units: Units, customers: int) -> Managers:
    """Personal managers in every office by its size, one or more corporate ones in a branch."""
    rng = open_stream(seed, _STREAM + 1)
    count = np.zeros((2, units.level.size), dtype=np.int64)
    count[PERSONAL, units.offices] = np.maximum(
        1, np.rint(customers * units.weight / CUSTOMERS_PER_MANAGER)
    )
    count[CORPORATE, FIRST_BRANCH:MERGED_UNIT] = max(1, customers // 4000)
    flat = count.ravel()
    kind = np.repeat(np.repeat([PERSONAL, CORPORATE], units.level.size), flat)
    unit = np.repeat(np.tile(np.arange(units.level.size), 2), flat)
    names = draw_person_names(rng, toss(rng, unit.size, 0.5))
    first = (np.cumsum(flat) - flat).reshape(count.shape)
    return Managers(names, unit, kind, -rng.integers(1000, 3600, unit.size), first, count)


def make_tellers(seed: int, units: Units) -> Tellers:
    """Three tellers at the counter of every office."""
    rng = open_stream(seed, _STREAM + 2)
    unit = np.repeat(units.offices, TELLERS_PER_OFFICE)
    first = full(units.level.size, -1)
    first[units.offices] = np.arange(units.offices.size) * TELLERS_PER_OFFICE
    return Tellers(draw_person_names(rng, toss(rng, unit.size, 0.4)), unit, first)


def _find_parents(branch_city: Ints, subs: int) -> Ints:
    cities_per_region = len(CITIES) // len(REGIONS)
    regions = 1 + branch_city // cities_per_region
    sub_parents = FIRST_BRANCH + np.arange(subs) % len(CITIES)
    head = np.array([-1] + [0] * len(REGIONS), dtype=np.int64)
    return np.concatenate([head, regions, sub_parents])


def _name_units(city: Ints, subs: int) -> Texts:
    head = ["Head Office", *(f"{region} Region" for region in REGIONS)]
    branches = [f"{name} Branch" for name in CITY_NAMES]
    numbers = [1 + number // len(CITIES) for number in range(subs)]
    sub_cities = CITY_NAMES[city[FIRST_SUB_BRANCH:]]
    parts = [f"{name} Sub-branch {n}" for name, n in zip(sub_cities, numbers, strict=True)]
    return np.array([*head, *branches, "Wuxi Branch (merged)", *parts], dtype=object)
