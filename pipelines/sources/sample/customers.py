"""The people and companies behind the customers, and who is in which system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import Bools, Floats, Ints, Texts, full, open_stream, toss
from pipelines.sources.sample.documents import make_id_cards, make_licences, make_passports
from pipelines.sources.sample.names import (
    AREA_CODES,
    COMPANY_TRADES,
    OCCUPATIONS,
    TRADE_INDUSTRY,
    draw_company_names,
    draw_institution_names,
    draw_person_names,
)
from pipelines.sources.sample.organisation import Units
from pipelines.sources.sample.period import Period

PERSON, COMPANY, INSTITUTION = 0, 1, 2
CUSTOMER_TYPES = ("PERSON", "CORPORATE", "INSTITUTION")
DOCUMENT_TYPES = ("ID_CARD", "PASSPORT", "BUSINESS_LICENCE")
ID_CARD, PASSPORT, LICENCE = 0, 1, 2
PERSON_SHARE = 0.92
CARD_SHARE = 0.35
LOAN_SHARE = 0.12
COMPANY_LOAN_SHARE = 0.35
LEAST_MEMBERS = 8
NEW_SHARE_PER_DAY = 0.0006
MEDIAN_WEALTH = 30_000
"""Deposits in yuan that half of the persons exceed."""
YEAR = 365.25
_STREAM = 10


@dataclass(frozen=True)
class People:
    """Everybody who is or becomes a customer, by index.

    ``joined`` is the day of the first relationship (negative before the first night); wealth is
    in yuan; ``card_number`` and ``loan_number`` are the ids of the other systems, -1 for none.
    """

    kind: Ints
    is_male: Bools
    name: Texts
    birth: Ints
    document_type: Ints
    document_number: Texts
    passport_number: Texts
    city: Ints
    industry: Texts
    office: Ints
    joined: Ints
    wealth: Floats
    card_number: Ints
    loan_number: Ints

    @property
    def size(self) -> int:
        """Number of people and companies."""
        return self.kind.size

    @property
    def is_initial(self) -> Bools:
        """Who is a customer on the first night."""
        return self.joined < 0

    def members(self, condition: Bools) -> Ints:
        """Indexes where the condition holds."""
        return np.flatnonzero(condition)


def make_people(seed: int, units: Units, period: Period, customers: int) -> People:
    """Draw all customers of the bank, those who join during the period included."""
    rng = open_stream(seed, _STREAM)
    kind = _draw_kinds(rng, customers)
    office = rng.choice(units.offices, customers, p=units.weight)
    city = units.city[office]
    is_person, is_male = kind == PERSON, toss(rng, customers, 0.5)
    trade = rng.integers(0, COMPANY_TRADES.size, customers)
    joined = _draw_joined(rng, period, customers)
    # However small the bank, a few persons are in every system: all risk classes need somebody.
    in_all = is_person & (joined < 0)
    in_all &= np.cumsum(in_all) <= LEAST_MEMBERS
    in_loan = in_all | (
        (joined < 0) & toss(rng, customers, np.where(is_person, LOAN_SHARE, COMPANY_LOAN_SHARE))
    )
    # Borrowers have banked here since before the oldest loan.
    joined = np.where(in_loan, -2400 - rng.integers(0, 2000, customers), joined)
    in_card = in_all | (is_person & (joined < 0) & toss(rng, customers, CARD_SHARE))
    birth = _draw_births(rng, is_person, joined)
    document_type = np.where(is_person, np.where(toss(rng, customers, 0.02), 1, 0), LICENCE)
    passport = make_passports(rng.permutation(customers))
    return People(
        kind=kind,
        is_male=is_male,
        name=_draw_names(rng, kind, is_male, city, trade),
        birth=birth,
        document_type=document_type,
        document_number=_draw_documents(
            rng=rng,
            period=period,
            kind=document_type,
            area=AREA_CODES[city],
            birth=birth,
            is_male=is_male,
            passport=passport,
        ),
        passport_number=passport,
        city=city,
        industry=np.where(is_person, _draw_occupations(rng, customers), TRADE_INDUSTRY[trade]),
        office=office,
        joined=joined,
        wealth=_draw_wealth(rng, is_person),
        card_number=_number(rng, in_card, 7_000_000),
        loan_number=_number(rng, in_loan, 30_000),
    )


def _draw_kinds(rng: np.random.Generator, size: int) -> Ints:
    luck = rng.permutation(size) / size
    return (luck >= PERSON_SHARE).astype(np.int64) + (luck >= PERSON_SHARE + 0.07)


def _draw_joined(rng: np.random.Generator, period: Period, size: int) -> Ints:
    past = -rng.integers(1, 3650, size)
    joins = toss(rng, size, min(0.3, NEW_SHARE_PER_DAY * (period.days - 1)))
    return np.where(joins, period.random_days(rng, size), past)


def _draw_births(rng: np.random.Generator, is_person: Bools, joined: Ints) -> Ints:
    ages = np.clip(rng.normal(44, 14, is_person.size), 19, 88)
    person = -(ages * YEAR).astype(np.int64)
    company = np.minimum(joined, -1) - rng.integers(30, 5000, is_person.size)
    # Nobody opens an account before the age of sixteen.
    return np.where(is_person, np.minimum(person, joined - int(16 * YEAR)), company)


def _draw_documents(
    *,
    rng: np.random.Generator,
    period: Period,
    kind: Ints,
    area: Ints,
    birth: Ints,
    is_male: Bools,
    passport: Texts,
) -> Texts:
    size = kind.size
    serial = 2 * rng.integers(0, 500, size) + is_male
    dates = np.datetime64(period.start, "D") + birth.astype("timedelta64[D]")
    licence = make_licences(area, 10**9 + rng.permutation(size) * 7919)
    cards = make_id_cards(area, dates, serial)
    return np.where(kind == ID_CARD, cards, np.where(kind == PASSPORT, passport, licence))


def _draw_names(
    rng: np.random.Generator, kind: Ints, is_male: Bools, city: Ints, trade: Ints
) -> Texts:
    persons = draw_person_names(rng, is_male)
    companies = draw_company_names(rng, city, trade)
    institutions = draw_institution_names(rng, city)
    return np.where(kind == PERSON, persons, np.where(kind == COMPANY, companies, institutions))


def _draw_occupations(rng: np.random.Generator, size: int) -> Texts:
    return OCCUPATIONS[rng.integers(0, OCCUPATIONS.size, size)]


def _draw_wealth(rng: np.random.Generator, is_person: Bools) -> Floats:
    # A log-normal law of this spread gives the best fifth about four fifths of the deposits.
    person = MEDIAN_WEALTH * np.exp(rng.normal(0, 1.45, is_person.size))
    company = 10 * MEDIAN_WEALTH * np.exp(rng.normal(0, 1.2, is_person.size))
    return np.where(is_person, person, company)


def _number(rng: np.random.Generator, member: Bools, base: int) -> Ints:
    numbers = base + 3 * rng.permutation(member.size)
    return np.where(member, numbers, full(member.size, -1))
