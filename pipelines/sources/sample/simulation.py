"""The whole period of the bank: plans first, then one day after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.accounts import Accounts, make_accounts, make_parties
from pipelines.sources.sample.arrays import Ints, Table
from pipelines.sources.sample.books import Books, make_books
from pipelines.sources.sample.cards import CardDays, Cards, make_cards
from pipelines.sources.sample.contact_centre import ContactCentre, make_contact_centre
from pipelines.sources.sample.customers import People, make_people
from pipelines.sources.sample.deposits import DepositDays
from pipelines.sources.sample.finance import make_cost_pools, make_curves
from pipelines.sources.sample.ledger import Accrual, GeneralLedger
from pipelines.sources.sample.loans import LoanDays, Loans, make_loans
from pipelines.sources.sample.moves import Moves, make_moves
from pipelines.sources.sample.organisation import (
    Managers,
    Tellers,
    Units,
    make_managers,
    make_tellers,
    make_units,
)
from pipelines.sources.sample.period import Period
from pipelines.sources.sample.records import find_first_days, make_records
from pipelines.sources.sample.relations import make_relationships
from pipelines.sources.sample.risk import make_collateral, make_guarantees, make_ratings
from pipelines.sources.sample.turnover import make_declared_turnover
from pipelines.sources.sample.wealth import make_wealth_statements


@dataclass(frozen=True)
class Bank:
    """Everything the bank knows after the period, as arrays."""

    period: Period
    units: Units
    managers: Managers
    tellers: Tellers
    people: People
    accounts: Accounts
    loans: Loans
    cards: Cards
    books: Books
    moves: Moves
    contact_centre: ContactCentre
    parties: Table
    records: dict[str, Table]
    relationships: Table
    curves: Table
    cost_pools: Table
    ratings: Table
    collateral: Table
    guarantees: Table
    turnover: Table
    deposit_days: DepositDays
    loan_days: LoanDays
    card_days: CardDays
    ledger: GeneralLedger
    wealth_statements: Table


def simulate_bank(seed: int, period: Period, customers: int) -> Bank:
    """Plan the bank and live through its days.

    Args:
        seed: the same seed gives the same bank.
        period: nights of the bank.
        customers: customers of the branch system, those who join during the period included.
    """
    units = make_units(seed, customers)
    managers, tellers = make_managers(seed, units, customers), make_tellers(seed, units)
    people = make_people(seed, units, period, customers)
    accounts = make_accounts(seed, period, people)
    loans = make_loans(seed, period, people, accounts)
    cards = make_cards(seed, period, people, accounts)
    books = make_books(seed, period, units, managers, people)
    deposit_days = DepositDays(
        seed=seed, period=period, units=units, tellers=tellers, people=people, accounts=accounts
    )
    bank = Bank(
        period=period,
        units=units,
        managers=managers,
        tellers=tellers,
        people=people,
        accounts=accounts,
        loans=loans,
        cards=cards,
        moves=make_moves(seed, period, units, people),
        books=books,
        contact_centre=make_contact_centre(
            seed=seed, period=period, units=units, managers=managers, people=people, books=books
        ),
        parties=make_parties(seed, period, people, accounts),
        records=make_records(
            seed,
            period,
            people,
            find_first_days(people, cards.person, cards.issued),
            find_first_days(people, loans.person, loans.originated),
        ),
        relationships=make_relationships(seed, period, people),
        curves=make_curves(seed, period),
        cost_pools=make_cost_pools(seed, period, customers),
        ratings=make_ratings(seed, period, people, loans, cards),
        collateral=make_collateral(seed, period, loans),
        guarantees=make_guarantees(seed, period, loans),
        turnover=make_declared_turnover(seed, people, accounts),
        deposit_days=deposit_days,
        loan_days=LoanDays(seed, period, loans, deposit_days),
        card_days=CardDays(seed, period, cards, deposit_days),
        ledger=GeneralLedger(units.level.size),
        wealth_statements=make_wealth_statements(seed, period, people),
    )
    _run(bank)
    return bank


class _Accruals:
    """Month-end accounting of the three subledgers."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        count = bank.cards.credit_count
        self._card_office = bank.cards.office[:count]
        self._card_rate = bank.cards.rate[:count]
        self._deposits = Accrual(bank.accounts.product)
        self._loans = Accrual(bank.loans.product)
        self._cards = Accrual(bank.cards.product[:count])

    def add_day(self, day: int) -> None:
        """Accrue the balances at the end of the day."""
        days = self._bank.period.thirty_360(day)
        self._deposits.add_day(self._bank.deposit_days.book.balance, days)
        self._loans.add_day(self._bank.loan_days.outstanding, days)
        self._cards.add_day(self._bank.card_days.book.balance, days)

    def close_month(self, day: int) -> None:
        """Write the month into the general ledger."""
        bank, ledger = self._bank, self._bank.ledger
        accounts, loans = bank.accounts, bank.loans
        deposits, cards = bank.deposit_days.book, bank.card_days.book
        figures: list[tuple[str, Ints, Ints]] = [
            ("deposits", accounts.office, deposits.balance),
            ("loans", loans.office, bank.loan_days.outstanding),
            ("cards", self._card_office, cards.balance),
            ("interest_expense", accounts.office, self._deposits.take_interest(accounts.rate)),
            ("interest_income", loans.office, self._loans.take_interest(loans.rate)),
            ("interest_income", self._card_office, self._cards.take_interest(self._card_rate)),
            ("fee_income", accounts.office, deposits.take_fee_income()),
            ("fee_income", self._card_office, cards.take_fee_income()),
        ]
        for name, office, amount in figures:
            ledger.add(name, office, amount)
        ledger.close_month(day)


def _move_business(bank: Bank, day: int) -> None:
    """Take accounts, loans and cards of those who move to their new office."""
    moves = bank.moves
    person = moves.movers(day)
    for business in (bank.accounts, bank.loans, bank.cards):
        moved = np.isin(business.person, person)
        business.office[moved] = moves.office[business.person[moved]]
    if day == moves.merger_day:
        bank.deposit_days.close_counter(moves.merged, moves.successor)


def _run(bank: Bank) -> None:
    accruals = _Accruals(bank)
    for day in range(bank.period.days):
        _move_business(bank, day)
        bank.deposit_days.start_day(day)
        bank.loan_days.run_day(day)
        bank.card_days.run_day(day)
        bank.deposit_days.run_day(day)
        for part in (bank.deposit_days, bank.loan_days, bank.card_days):
            part.end_day(day)
        accruals.add_day(day)
        if bank.period.is_month_end(day):
            accruals.close_month(day)
