"""One bank: its deliveries, what follows from them, and its published tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property

import duckdb

from bankcrm.settings import Settings
from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.classes import Classes
from tests.integration.oracle.costs import Costs
from tests.integration.oracle.deliveries import Landing
from tests.integration.oracle.entries import Entry, read_entries
from tests.integration.oracle.months import AccountMonth, AccountMonths, Month
from tests.integration.oracle.people import (
    ORPHAN_KEY,
    CustomerTypes,
    Managers,
    Owner,
    Owners,
    People,
    UnifiedKeys,
)
from tests.integration.oracle.ratings import Ratings
from tests.integration.oracle.risk import Risk


@dataclass(frozen=True)
class OracleBank:
    """Deliveries and published tables of a bank; what follows is computed once, when asked for."""

    settings: Settings
    published: duckdb.DuckDBPyConnection
    landing: Landing

    @cached_property
    def keys(self) -> UnifiedKeys:
        """Published keys of the unified customers by source system and source id."""
        rows = self.published.execute(
            "select source_system, source_customer_id, customer_durable_key"
            " from marts.bridge_customer_xref where is_current"
        ).fetchall()
        return {(system, number): key for system, number, key in rows}

    @cached_property
    def accounts(self) -> AccountMonths:
        """Computation of account months."""
        return AccountMonths(self.landing)

    @cached_property
    def account_months(self) -> list[tuple[AccountId, Month, AccountMonth]]:
        """Expected account months."""
        return list(self.accounts.rows())

    @cached_property
    def owners(self) -> Owners:
        """Owners of accounts."""
        return Owners(self.landing, self.accounts.terms, self.keys)

    @cached_property
    def managers(self) -> Managers:
        """Managers of customers."""
        return Managers(self.landing, self.keys)

    @cached_property
    def entries(self) -> list[Entry]:
        """Posted entries."""
        return read_entries(self.landing)

    @cached_property
    def costs(self) -> Costs:
        """Cost of what accounts caused."""
        managed = {
            (account, month.end)
            for account, month, _ in self.account_months
            if self.lead_people(account, month.as_of).manager_id is not None
        }
        return Costs(
            self.landing, self.entries, self.account_months, managed, self.accounts.debit_cards
        )

    @cached_property
    def risk(self) -> Risk:
        """Expected loss and capital of accounts."""
        return Risk(self.landing, self.accounts, self.customer_types, self.classes)

    @cached_property
    def customer_types(self) -> CustomerTypes:
        """Legal forms of customers."""
        return CustomerTypes(self.landing, self.keys)

    @cached_property
    def classes(self) -> Classes:
        """Five-tier classes of loans and credit cards."""
        ratings = Ratings(self.landing, self.keys)
        return Classes(self.landing, self.accounts, self.owners, self.customer_types, ratings)

    def owners_of(self, account: AccountId, month: Month) -> list[Owner]:
        """Owners at the end of a month; the orphan owns what nobody is known to own."""
        owners = self.owners.on(account, month.as_of)
        return owners or [Owner(ORPHAN_KEY, "OWNER", Fraction(1))]

    def lead_people(self, account: AccountId, day: date) -> People:
        """Lead owner of an account on a day, and the owner's lead manager."""
        customer = self.owners.lead(account, day)
        return People(customer, self.managers.lead(customer, day))


def open_bank(settings: Settings, published: duckdb.DuckDBPyConnection) -> OracleBank:
    """The bank of these settings.

    Args:
        settings: of a refreshed bank.
        published: connection to its published version.
    """
    return OracleBank(settings, published, Landing(settings.landing_folder))
