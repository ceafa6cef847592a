"""Why balances of deposits and loans changed, from delivered balances, entries and contracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId, Terms, read_balances
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import DAY, half_up
from tests.integration.oracle.months import CLOSED_STATUSES
from tests.integration.oracle.parameters import Seed

OWN_KINDS = {"INTERNAL_IN", "INTERNAL_OUT"}
TYPES = {"branch": "DEPOSIT", "loan": "LOAN"}


@dataclass(frozen=True)
class Flow:
    """Money that came to an account or left it on a day, for one reason."""

    account: AccountId
    day: date
    class_code: str
    amount: Decimal
    keys_of: date
    """Day whose unit, owner and manager the flow belongs to."""


@dataclass(frozen=True)
class Contract:
    """When a customer took up an account, and the night on which that was told."""

    known_from: date
    started: date


@dataclass
class _Transfers:
    own: Fraction = Fraction()
    inside: Fraction = Fraction()


class Flows:
    """Flows of one bank.

    Args:
        bank: the bank beside its published version.
    """

    def __init__(self, bank: OracleBank) -> None:
        self._bank = bank
        nights = bank.landing.business_dates()
        self._first_night, self._last_night = nights[0], nights[-1]
        self._balances = {a: h for a, h in read_balances(bank.landing).items() if a[0] in TYPES}
        self._transfers = self._read_transfers()
        self.contracts = self._read_contracts()
        self._classes = Seed("flow_class")
        self._growth: dict[tuple[str, date], bool] = {}

    def is_growth(self, flow: Flow) -> bool:
        """Whether the class of a flow counts on its day."""
        asked = (flow.class_code, flow.day)
        if asked not in self._growth:
            (row,) = self._classes.on(flow.day, flow_class_code=flow.class_code)
            self._growth[asked] = row["is_growth"] == "true"
        return self._growth[asked]

    def all(self) -> Iterator[Flow]:
        """Every flow of the bank."""
        for account in sorted(self._balances.keys() | self._transfers.keys()):
            yield from self._changes(account)
            yield from self._moves(account)

    def _terms(self, account: AccountId, day: date) -> Terms:
        return self._bank.accounts.terms[account].reaching_back(day)

    def _known(self, account: AccountId, day: date) -> Fraction:
        history = self._balances.get(account)
        return (history.known(day) if history else None) or Fraction()

    def _changes(self, account: AccountId) -> Iterator[Flow]:
        told = self._balances[account].dates if account in self._balances else []
        funded = next((day for day in told if self._known(account, day)), None)
        by_day = self._transfers.get(account, {})
        for day in sorted({*told, *by_day}):
            transfers = by_day.get(day, _Transfers())
            change = self._known(account, day) - self._known(account, day - DAY)
            rest = change - transfers.own - transfers.inside
            amounts = {
                self._class_of(account, day, rest, funded): rest,
                _in_or_out("OWN_TRANSFER", transfers.own): transfers.own,
                _in_or_out("BANK_TRANSFER", transfers.inside): transfers.inside,
            }
            for code, amount in amounts.items():
                if amount:
                    yield Flow(account, day, code, half_up(amount), day)

    def _class_of(self, account: AccountId, day: date, rest: Fraction, funded: date | None) -> str:
        """Class of the money that came from outside the bank or left it."""
        terms = self._terms(account, day)
        is_old = terms.started < self._first_night
        told = self._balances[account].dates if account in self._balances else []
        if is_old and told and day == told[0]:
            return "OPENING"
        if rest > 0 and not is_old and day == funded:
            return "NEW_ACCOUNT" if self._knows_customer(account, day) else "NEW_CUSTOMER"
        if rest < 0 and terms.status in CLOSED_STATUSES:
            return "LOST"
        return _in_or_out("ORDINARY", rest)

    def _knows_customer(self, account: AccountId, day: date) -> bool:
        """Whether the lead owner had a contract before this one, as far as known on the day."""
        customer = self._bank.owners.lead(account, day)
        opened = self._terms(account, day).started
        contracts = self.contracts.get(customer, {}).values()
        return any(c.known_from <= day and c.started < opened for c in contracts)

    def _moves(self, account: AccountId) -> Iterator[Flow]:
        for day in sorted(self._days_of_possible_moves(account)):
            balance = self._known(account, day - DAY)
            before, after = self._keepers(account, day - DAY), self._keepers(account, day)
            if not balance or before == after:
                continue
            reason = next(
                name
                for name, was, now in zip(
                    ("BRANCH", "OWNER", "MANAGER"), before, after, strict=True
                )
                if was != now
            )
            yield Flow(account, day, f"{reason}_OUT", half_up(-balance), day - DAY)
            yield Flow(account, day, f"{reason}_IN", half_up(balance), day)

    def _days_of_possible_moves(self, account: AccountId) -> set[date]:
        days = set(self._bank.accounts.terms[account].dates)
        for customer, begins, ends in self._bank.owners.periods(account):
            days |= {begins, ends, *self._bank.managers.change_dates(customer)}
        return {day for day in days if self._first_night < day <= self._last_night}

    def _keepers(self, account: AccountId, day: date) -> tuple[str, int, str | None]:
        people = self._bank.lead_people(account, day)
        unit = self._terms(account, day).branch_id
        return unit, people.customer_durable_key, people.manager_id

    def _read_transfers(self) -> dict[AccountId, dict[date, _Transfers]]:
        rows = {row["transaction_id"]: (night, row) for night, row in self._entries()}
        transfers: dict[AccountId, dict[date, _Transfers]] = defaultdict(
            lambda: defaultdict(_Transfers)
        )
        for night, row in rows.values():
            told, original = rows.get(row["reversal_of"], (night, row))
            original = original if told <= night else row
            other = row["counterparty_account"] or original["counterparty_account"]
            account, amount = ("branch", row["account_id"]), Fraction(row["amount"])
            signed = amount if row["debit_credit"] == "C" else -amount
            others = self._customers(("branch", other), night) if other else set()
            is_own = bool(others and others & self._customers(account, night))
            if original["transaction_type_code"] in OWN_KINDS or is_own:
                transfers[account][night].own += signed
            elif others:
                transfers[account][night].inside += signed
        return dict(transfers)

    def _entries(self) -> list[tuple[date, dict[str, str]]]:
        return self._bank.landing.last_rows("teller.transaction")

    def _customers(self, account: AccountId, day: date) -> set[int]:
        """Known owners of an account on a day; empty where it is none of the bank."""
        return {o.customer for o in self._bank.owners.on(account, day) if o.customer > 0}

    def _read_contracts(self) -> dict[int, dict[AccountId, Contract]]:
        contracts: dict[int, dict[AccountId, Contract]] = defaultdict(dict)
        for account, history in self._bank.accounts.terms.items():
            owned: dict[int, date] = {}
            for customer, begins, _ in self._bank.owners.periods(account):
                owned[customer] = min(begins, owned.get(customer, begins))
            told, opened = history.dates[0], history.reaching_back(history.dates[0]).started
            for customer, begins in owned.items():
                known, first = max(told, begins), self._first_night
                is_old = opened < first and begins < first
                contracts[customer][account] = Contract(known, opened if is_old else known)
        return dict(contracts)


def _in_or_out(name: str, amount: Fraction) -> str:
    return f"{name}_IN" if amount > 0 else f"{name}_OUT"
