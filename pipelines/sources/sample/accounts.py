"""Deposit accounts and who owns them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    SHARE_UNIT,
    YUAN,
    Bools,
    Floats,
    Ints,
    Table,
    between,
    full,
    open_stream,
    stack,
    to_cents,
    toss,
)
from pipelines.sources.sample.customers import MEDIAN_WEALTH, PERSON, YEAR, People
from pipelines.sources.sample.organisation import PRODUCT_INDEX, PRODUCT_RATE, PRODUCT_TERM
from pipelines.sources.sample.period import Period

OWNER, JOINT, AUTHORISED = 0, 1, 2
PARTY_ROLES = ("OWNER", "JOINT", "AUTHORISED")
PERSON_TERMS = np.array([PRODUCT_INDEX[code] for code in ("TD03M", "TD06M", "TD01Y", "TD03Y")])
HUNDRED_YUAN = 100 * YUAN
PERSON_AGE_OF_PENSION = 60
NEW_TERM_SHARE_PER_DAY = 0.0005
THREE_OWNERS, TWO_OWNERS, USERS = 0.004, 0.04, 0.03
_STREAM = 20


@dataclass
class Accounts:
    """Deposit accounts by index; account ``i`` is the main account of customer ``i``.

    ``amount`` is the opening balance of the first night, or the first deposit of an account that
    is opened later (cents). ``source`` is the account a new term deposit is funded from, and
    ``is_renewal`` says that the source is a term deposit that falls due that day. ``rate`` and
    ``closed`` change as the period goes on.
    """

    person: Ints
    product: Ints
    office: Ints
    opened: Ints
    maturity: Ints
    amount: Ints
    rate: Ints
    source: Ints
    is_renewal: Bools
    is_dormant: Bools
    salary: Ints
    salary_day: Ints
    is_pension: Bools
    flow: Floats
    closed: Ints

    @property
    def size(self) -> int:
        """Number of accounts."""
        return self.person.size

    @property
    def is_term(self) -> Bools:
        """Accounts with a maturity date."""
        has_maturity: Bools = self.maturity != NO_DAY
        return has_maturity


def make_accounts(seed: int, period: Period, people: People) -> Accounts:
    """Main accounts of everybody, second accounts, term deposits old, new and renewed."""
    rng = open_stream(seed, _STREAM)
    terms = _plan_terms(rng, people)
    second = _plan_second(rng, people)
    main = _plan_main(people)
    fresh = _plan_new_terms(rng, period, people)
    planned = stack([main, second, terms, fresh])
    renewals = _plan_renewals(rng, period, planned)
    return _finish(rng, people, stack([planned, renewals]))


def make_parties(seed: int, period: Period, people: People, accounts: Accounts) -> Table:
    """Owners, joint owners and authorised users of every account.

    Returns:
        Rows of account, customer, role, share (units of 1e-6), valid_from, valid_to (days) and
        ``day`` of delivery. Shares of an account on a date sum to one.
    """
    rng = open_stream(seed, _STREAM + 1)
    is_person = people.kind[accounts.person] == PERSON
    luck = np.where(is_person & (accounts.opened < 0), rng.random(accounts.size), 1.0)
    # A joint account begins when the last of its owners is a customer.
    partners = _find_partners(people, accounts.person)
    known = np.max(people.joined[partners], axis=0) <= accounts.opened
    # Every bank has an account of three owners, however small it is.
    luck[np.flatnonzero(known & (luck < 1))[:1]] = 0
    owners = np.where(known & (luck < THREE_OWNERS), 3, np.where(known & (luck < TWO_OWNERS), 2, 1))
    parts = [_share_out(accounts, partners[:count], owners == count) for count in (1, 2, 3)]
    # Users join accounts that nobody shares: their stretch of luck begins behind that of owners.
    users = known & between(luck, TWO_OWNERS, TWO_OWNERS + USERS)
    parts.append(
        _authorise(rng=rng, period=period, accounts=accounts, partner=partners[1], users=users)
    )
    return stack(parts)


def _plan(
    person: Ints, product: Ints, opened: Ints, amount: Ints, source: Ints, *, renewal: bool = False
) -> Table:
    return {
        "person": person,
        "product": product,
        "opened": opened,
        "amount": amount,
        "source": source,
        "is_renewal": np.full(person.size, renewal),
    }


def _plan_main(people: People) -> Table:
    is_person = people.kind == PERSON
    product = np.where(is_person, PRODUCT_INDEX["SAV01"], PRODUCT_INDEX["CCU01"])
    amount = np.maximum(to_cents(people.wealth * 0.55), 50 * YUAN)
    new = people.joined >= 0
    amount[new] = np.maximum(amount[new] // HUNDRED_YUAN, 1) * HUNDRED_YUAN
    return _plan(
        np.arange(people.size), product, people.joined.copy(), amount, full(people.size, -1)
    )


def _plan_second(rng: np.random.Generator, people: People) -> Table:
    chance = np.where(people.kind == PERSON, 0.22, 0.15)
    person = people.members(people.is_initial & toss(rng, people.size, chance))
    is_person = people.kind[person] == PERSON
    product = np.where(is_person, PRODUCT_INDEX["CUR01"], PRODUCT_INDEX["CCU01"])
    amount = to_cents(people.wealth[person] * rng.uniform(0.05, 0.3, person.size))
    return _plan(person, product, _after_joining(rng, people, person), amount, person)


def _plan_terms(rng: np.random.Generator, people: People) -> Table:
    chance = np.where(people.kind == PERSON, 0.22, 0.15)
    person = people.members(people.is_initial & toss(rng, people.size, chance))
    product = _choose_terms(rng, people, person)
    age = (rng.random(person.size) * (PRODUCT_TERM[product] - 1)).astype(np.int64) + 1
    opened = np.maximum(-age, people.joined[person])
    amount = to_cents(people.wealth[person] * rng.uniform(0.4, 0.9, person.size), HUNDRED_YUAN)
    return _plan(person, product, opened, np.maximum(amount, 1000 * YUAN), full(person.size, -1))


def _plan_new_terms(rng: np.random.Generator, period: Period, people: People) -> Table:
    chance = NEW_TERM_SHARE_PER_DAY * (period.days - 1)
    person = people.members(people.is_initial & toss(rng, people.size, chance))
    product = _choose_terms(rng, people, person)
    amount = to_cents(people.wealth[person] * rng.uniform(0.2, 0.5, person.size), HUNDRED_YUAN)
    opened = period.random_days(rng, person.size)
    return _plan(person, product, opened, np.maximum(amount, 1000 * YUAN), person)


def _plan_renewals(rng: np.random.Generator, period: Period, planned: Table) -> Table:
    maturity = planned["opened"] + PRODUCT_TERM[planned["product"]]
    due = (PRODUCT_TERM[planned["product"]] > 0) & (maturity >= 0) & (maturity < period.days)
    source = np.flatnonzero(due & toss(rng, maturity.size, 0.5))
    return _plan(
        planned["person"][source],
        planned["product"][source],
        maturity[source],
        planned["amount"][source],
        source,
        renewal=True,
    )


def _choose_terms(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    drawn = PERSON_TERMS[rng.choice(4, person.size, p=[0.25, 0.2, 0.35, 0.2])]
    return np.where(people.kind[person] == PERSON, drawn, PRODUCT_INDEX["CTD1Y"])


def _after_joining(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    joined = people.joined[person]
    return joined + (rng.random(person.size) * -joined).astype(np.int64)


def _finish(rng: np.random.Generator, people: People, plan: Table) -> Accounts:
    person, product, opened = plan["person"], plan["product"], plan["opened"]
    term = PRODUCT_TERM[product]
    is_main = np.arange(person.size) < people.size
    salary, is_pension = _draw_income(rng, people)
    salary = np.concatenate([salary, full(person.size - people.size, 0)])
    main_flow = _draw_flow(people, salary[: people.size])
    flow = main_flow[person] * np.where(is_main, 1.0, 0.4)
    salary_day = rng.choice(np.array([5, 8, 10, 15, 25]), person.size)
    is_dormant = (term == 0) & ~is_main & toss(rng, person.size, 0.06)
    return Accounts(
        person=person,
        product=product,
        office=people.office[person],
        opened=opened,
        maturity=np.where(term > 0, opened + term, NO_DAY),
        amount=plan["amount"],
        rate=_draw_rates(rng, product),
        source=plan["source"],
        is_renewal=plan["is_renewal"],
        is_dormant=is_dormant,
        salary=salary,
        salary_day=salary_day,
        is_pension=np.concatenate([is_pension, np.zeros(person.size - people.size, np.bool_)]),
        flow=flow,
        closed=full(person.size, NO_DAY),
    )


def _draw_rates(rng: np.random.Generator, product: Ints) -> Ints:
    # Term and corporate rates are bargained in steps of five basis points.
    bargained = (PRODUCT_TERM[product] > 0) | (product == PRODUCT_INDEX["CCU01"])
    extra = rng.choice(np.array([0, 0, 0, 50_000, 100_000]), product.size)
    return PRODUCT_RATE[product] + np.where(bargained, extra, 0)


def _draw_income(rng: np.random.Generator, people: People) -> tuple[Ints, Bools]:
    age = -people.birth / YEAR
    is_person = people.kind == PERSON
    is_pension = is_person & (age >= PERSON_AGE_OF_PENSION)
    median = np.where(is_pension, 3600, 7200) * (people.wealth / MEDIAN_WEALTH) ** 0.15
    amount = to_cents(median * np.exp(rng.normal(0, 0.4, people.size)))
    has_income = is_person & toss(rng, people.size, np.where(is_pension, 0.8, 0.66))
    return np.where(has_income, amount, 0), is_pension


def _draw_flow(people: People, salary: Ints) -> Floats:
    # Money that passes an account in a month, in yuan.
    person = np.where(salary > 0, salary / YUAN * 0.8, 2200 + 0.02 * people.wealth)
    return np.where(people.kind == PERSON, person, people.wealth * 0.5)


def _find_partners(people: People, person: Ints) -> Ints:
    """Each person and the next two persons of the same office, as three rows."""
    order = np.lexsort((np.arange(people.size), people.office, people.kind != PERSON))
    place = np.empty(people.size, dtype=np.int64)
    place[order] = np.arange(people.size)
    persons = max(int((people.kind == PERSON).sum()), 1)
    following = [order[(place[person] + step) % persons] for step in (1, 2)]
    return np.stack([person, *following])


def _share_out(accounts: Accounts, partners: Ints, chosen: Bools) -> Table:
    count = partners.shape[0]
    account = np.flatnonzero(chosen)
    # The first owner carries what is left by rounding: 0.333334, 0.333333, 0.333333.
    rest = SHARE_UNIT // count
    shares = [SHARE_UNIT - rest * (count - 1)] + [rest] * (count - 1)
    rows = [
        _party(
            accounts, account, partners[place][account], JOINT if place else OWNER, shares[place]
        )
        for place in range(count)
    ]
    return stack(rows)


def _party(accounts: Accounts, account: Ints, customer: Ints, role: int, share: int) -> Table:
    opened = accounts.opened[account]
    return {
        "day": np.maximum(opened, 0),
        "account": account,
        "customer": customer,
        "role": full(account.size, role),
        "share": full(account.size, share),
        "valid_from": opened,
        "valid_to": full(account.size, NO_DAY),
    }


def _authorise(
    *, rng: np.random.Generator, period: Period, accounts: Accounts, partner: Ints, users: Bools
) -> Table:
    account = np.flatnonzero(users)
    rows = _party(accounts, account, partner[account], AUTHORISED, 0)
    end = period.random_days(rng, account.size)
    ended = toss(rng, account.size, 0.2) & (end != NO_DAY)
    closing = {name: column[ended] for name, column in rows.items()}
    closing["day"], closing["valid_to"] = end[ended], end[ended]
    return stack([rows, closing])
