"""Owners of accounts and managers of customers as delivered, by unified customer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId, Terms
from tests.integration.oracle.deliveries import Landing
from tests.integration.oracle.figures import fraction, half_up, optional_date
from tests.integration.oracle.history import History

ORPHAN_KEY = -2
_ROLES = ("OWNER", "JOINT")
_FOR_EVER = date(9999, 12, 31)

UnifiedKeys = dict[tuple[str, str], int]
"""Durable key of the unified customer by source system and source customer id."""


@dataclass(frozen=True)
class People:
    """Whom a row of a fact belongs to."""

    customer_durable_key: int
    manager_id: str | None


@dataclass(frozen=True)
class Owner:
    """A unified customer's part of an account."""

    customer: int
    role: str
    weight: Fraction


@dataclass(frozen=True)
class _Relation:
    holder: str
    role: str
    share: Fraction
    valid_from: date
    valid_to: date

    def holds(self, day: date) -> bool:
        return self.valid_from <= day < self.valid_to


class Owners:
    """Who owns an account on a day.

    Args:
        landing: the bank's deliveries.
        terms: terms of all accounts; loans and cards name their one customer.
        keys: durable keys of the unified customers.
    """

    def __init__(
        self, landing: Landing, terms: dict[AccountId, History[Terms]], keys: UnifiedKeys
    ) -> None:
        self._terms = terms
        self._keys = keys
        self._parties: dict[str, list[_Relation]] = defaultdict(list)
        for _, row in landing.last_rows("branch.account_party"):
            self._parties[row["account_id"]].append(
                _Relation(row["customer_id"], row["party_role"], *_validity(row))
            )

    def on(self, account: AccountId, day: date) -> list[Owner]:
        """Owners in order of their durable keys; empty where nobody is known."""
        source, number = account
        if source == "branch":
            return self._parties_on(number, day)
        if account not in self._terms:
            return []
        customer_id = self._terms[account].reaching_back(day).customer_id
        key = self._keys.get((source, customer_id or ""))
        return [] if key is None else [Owner(key, "OWNER", Fraction(1))]

    def lead(self, account: AccountId, day: date) -> int:
        """Owner with the largest weight; owners before joint owners, then the smallest key."""
        owners = self.on(account, day)
        ranked = sorted((-o.weight, _ROLES.index(o.role), o.customer) for o in owners)
        return ranked[0][2] if ranked else ORPHAN_KEY

    def periods(self, account: AccountId) -> list[tuple[int, date, date]]:
        """Every ownership of an account: customer, first day, day after the last one."""
        source, number = account
        if source == "branch":
            return [
                (self._keys.get(("branch", p.holder), ORPHAN_KEY), p.valid_from, p.valid_to)
                for p in self._parties[number]
                if p.role in _ROLES and p.share > 0
            ]
        histories = [self._terms[account]] if account in self._terms else []
        holders = {h.reaching_back(day).customer_id or "" for h in histories for day in h.dates}
        found = [self._keys.get((source, holder)) for holder in sorted(holders)]
        return [(key, date.min, _FOR_EVER) for key in found if key is not None]

    def _parties_on(self, number: str, day: date) -> list[Owner]:
        parties = [p for p in self._parties[number] if p.role in _ROLES and p.holds(day)]
        by_customer: dict[int, list[_Relation]] = defaultdict(list)
        for party in parties:
            by_customer[self._keys.get(("branch", party.holder), ORPHAN_KEY)].append(party)
        return [
            Owner(
                customer,
                min((p.role for p in same), key=_ROLES.index),
                sum((p.share for p in same), Fraction()),
            )
            for customer, same in sorted(by_customer.items())
        ]


class Managers:
    """Who answers for a unified customer on a day.

    Args:
        landing: the bank's deliveries.
        keys: durable keys of the unified customers.
    """

    def __init__(self, landing: Landing, keys: UnifiedKeys) -> None:
        self._assignments: dict[int, list[_Relation]] = defaultdict(list)
        for _, row in landing.last_rows("branch.manager_assignment"):
            key = keys.get(("branch", row["customer_id"]), ORPHAN_KEY)
            relation = _Relation(row["manager_id"], "", *_validity(row))
            self._assignments[key].append(relation)

    def lead(self, customer: int, day: date) -> str | None:
        """Manager with the largest share, then the smallest id; None where nobody is assigned."""
        shares: dict[str, Fraction] = defaultdict(Fraction)
        for assignment in self._assignments.get(customer, []):
            if assignment.holds(day):
                shares[assignment.holder] += assignment.share
        return min(shares, key=lambda manager: (-shares[manager], manager), default=None)

    def shares(self, customer: int, day: date) -> dict[str, Fraction]:
        """Part of a customer that is each manager's, to six places; more than all is scaled."""
        raw: dict[str, Fraction] = defaultdict(Fraction)
        for assignment in self._assignments.get(customer, []):
            if assignment.holds(day):
                raw[assignment.holder] += assignment.share
        whole, reached, parts = max(sum(raw.values(), Fraction()), Fraction(1)), Fraction(), {}
        for manager in sorted(raw):
            before = half_up(reached / whole, 6)
            reached += raw[manager]
            parts[manager] = Fraction(half_up(reached / whole, 6) - before)
        return parts

    def customers(self) -> list[int]:
        """Customers who ever had a manager."""
        return sorted(self._assignments)

    def change_dates(self, customer: int) -> set[date]:
        """Days on which an assignment of a customer begins or is over."""
        assignments = self._assignments.get(customer, [])
        return {day for a in assignments for day in (a.valid_from, a.valid_to)}


class CustomerTypes:
    """Legal form of a unified customer on a day: the branch system's, else loan's, else card's.

    Args:
        landing: the bank's deliveries.
        keys: durable keys of the unified customers.
    """

    def __init__(self, landing: Landing, keys: UnifiedKeys) -> None:
        self._types: dict[int, list[History[str]]] = defaultdict(list)
        for system in ("branch", "loan", "card"):
            told: dict[str, History[str]] = defaultdict(History)
            for night, row in landing.rows(f"{system}.customer"):
                told[row["customer_id"]].put(night, row["customer_type"])
            for number, history in sorted(told.items()):
                self._types[keys[system, number]].append(history)

    def on(self, customer: int, day: date) -> str | None:
        """PERSON, CORPORATE or INSTITUTION; None where no system tells."""
        histories = self._types[customer]
        known = [kind for history in histories if (kind := history.known(day)) is not None]
        return next(iter(known or (history.reaching_back(day) for history in histories)), None)


def _validity(row: dict[str, str]) -> tuple[Fraction, date, date]:
    ends = optional_date(row["valid_to"]) or _FOR_EVER
    return fraction(row["share"]), date.fromisoformat(row["valid_from"]), ends
