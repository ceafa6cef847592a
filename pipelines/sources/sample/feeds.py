"""The bank's arrays as rows of the feeds, night by night, in DuckDB."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from pipelines.sources.sample.accounts import PARTY_ROLES
from pipelines.sources.sample.arrays import NO_DAY, Ints, Table, blank, stack, take_rows
from pipelines.sources.sample.cards import CARD_STATUSES, CARD_TYPES, MERCHANTS, card_rows
from pipelines.sources.sample.customers import CUSTOMER_TYPES, PERSON
from pipelines.sources.sample.entries import Channel, EntryType
from pipelines.sources.sample.finance import POOLS, TENORS
from pipelines.sources.sample.formats import (
    ACCOUNT_ID,
    CARD_CUSTOMER_ID,
    CARD_ENTRY_ID,
    CARD_ID,
    CUSTOMER_ID,
    CUSTOMER_IDS,
    ENTRY_ID,
    LOAN_CUSTOMER_ID,
    LOAN_ID,
    MANAGER_ID,
    MONEY,
    RATE,
    SHARE,
    TELLER_ID,
    UNIT_ID,
)
from pipelines.sources.sample.loans import REPRICING_TERM, STATUSES
from pipelines.sources.sample.names import CITY_NAMES
from pipelines.sources.sample.organisation import LEVELS, PRODUCT_TERM, PRODUCTS
from pipelines.sources.sample.relations import RELATIONSHIP_TYPES
from pipelines.sources.sample.simulation import Bank
from pipelines.sources.sample.sql import call, code, optional


class FeedTables:
    """One DuckDB table per feed, sorted by night: the columns of the contract and ``day``.

    Args:
        connection: where the tables are made, in schemas named after the source systems.
        bank: the finished bank.
    """

    schemas: tuple[str, ...] = ("branch", "teller", "card", "loan", "finance")

    def __init__(self, connection: duckdb.DuckDBPyConnection, bank: Bank) -> None:
        self._connection, self._bank = connection, bank
        for schema in self.schemas:
            connection.execute(f"create schema {schema}")

    def make_all(self) -> None:
        """Make the tables of all feeds."""
        for make in (
            self._make_organisation,
            self._make_customers,
            self._make_relationships,
            self._make_accounts,
            self._make_entries,
            self._make_loans,
            self._make_cards,
            self._make_finance,
            self._make_wealth_statements,
            self._make_turnover,
        ):
            make()

    def _make(self, feed: str, rows: Table, columns: str, order: str) -> None:
        """Make the table of a feed from rows and the SQL of its columns after ``day``."""
        self._connection.register("source_rows", to_arrow(rows))
        self._connection.execute(
            f"create table {feed} as select day, {columns} from source_rows order by day, {order}"
        )
        self._connection.unregister("source_rows")

    def _date(self, column: str) -> str:
        start = f"date '{self._bank.period.start.isoformat()}'"
        return f"case when {column} <> {NO_DAY} then {start} + cast({column} as integer) end"

    def _repeat_full(self, rows: Table, *extra: int) -> Table:
        """Rows of a full feed for the first night, each month's first day and extra nights."""
        size = len(next(iter(rows.values())))
        known = [day for day in extra if day != NO_DAY]
        days = sorted({0, *self._bank.period.month_starts(), *known})
        index = np.tile(np.arange(size), len(days))
        return {**take_rows(rows, index), "day": np.repeat(np.array(days, dtype=np.int64), size)}

    def _make_organisation(self) -> None:
        self._make_units()
        self._make_managers()
        tellers = self._bank.tellers
        rows = self._repeat_full(
            {"id": np.arange(tellers.unit.size), "name": tellers.name, "unit": tellers.unit}
        )
        rows["unit"] = self._bank.moves.unit_on(rows["unit"], rows["day"])
        columns = f"{call(TELLER_ID, 'id')} as teller_id, name as teller_name, {_unit('unit')}"
        self._make("teller.teller", rows, columns, "id")
        self._make_products()

    def _make_units(self) -> None:
        units = self._bank.units
        names = ("name", "level", "parent", "successor", "city", "opened", "closed")
        rows = {name: getattr(units, name) for name in names}
        rows |= {"id": np.arange(units.level.size), "city": CITY_NAMES[units.city]}
        rows = self._merge_unit(self._repeat_full(rows, self._bank.moves.merger_day))
        columns = f"""
            {_unit("id")}, name as branch_name, {code(LEVELS, "level")} as branch_level,
            {optional(UNIT_ID, "parent")} as parent_branch_id,
            {optional(UNIT_ID, "successor")} as successor_branch_id, city,
            {self._date("opened")} as opened_date, {self._date("closed")} as closed_date"""
        self._make("branch.branch", rows, columns, "id")

    def _merge_unit(self, rows: Table) -> Table:
        """Close the merged unit the day before it becomes part of its successor."""
        moves = self._bank.moves
        merged = moves.unit_on(rows["id"], rows["day"]) != rows["id"]
        successor = np.where(merged, moves.successor, rows["successor"])
        closed = np.where(merged, moves.merger_day - 1, rows["closed"])
        return {**rows, "successor": successor, "closed": closed}

    def _make_managers(self) -> None:
        managers, books = self._bank.managers, self._bank.books
        rows = self._repeat_full(
            {
                "id": np.arange(managers.unit.size),
                "name": managers.name,
                "unit": managers.unit,
                "kind": managers.kind,
                "hired": managers.hired,
            },
            books.last_day,
            self._bank.moves.merger_day,
        )
        rows["unit"] = self._bank.moves.unit_on(rows["unit"], rows["day"])
        has_left = (rows["id"] == books.leaver) & (rows["day"] >= books.last_day)
        rows["leaves"] = np.where(has_left, books.last_day, NO_DAY)
        columns = f"""
            {call(MANAGER_ID, "id")} as manager_id, name as manager_name, {_unit("unit")},
            {code(("PERSONAL", "CORPORATE"), "kind")} as manager_type,
            {self._date("hired")} as hired_date, {self._date("leaves")} as left_date"""
        self._make("branch.manager", rows, columns, "id")

    def _make_products(self) -> None:
        fields = {"product_id": 0, "product_name": 1, "product_family": 2, "product_line": 3}
        fields |= {"pillar": 4, "day_basis": 5, "ftp_method": 6, "ftp_profile_code": 7}
        rows: Table = {
            name: np.array([product[place] for product in PRODUCTS], dtype=object)
            for name, place in fields.items()
        }
        self._make("branch.product", self._repeat_full(rows), ", ".join(fields), "product_id")

    def _make_customers(self) -> None:
        people = self._bank.people
        numbers = {"branch": np.arange(people.size), "card": people.card_number}
        numbers["loan"] = people.loan_number
        gender = np.where(people.is_male, "M", "F").astype(object)
        gender = blank(gender, people.kind != PERSON)
        for system, told in self._bank.records.items():
            records = self._tell_moves(told) if system == "branch" else told
            person = records["person"]
            rows = {**records, "number": numbers[system][person], "kind": people.kind[person]}
            rows |= {"gender": gender[person], "industry": people.industry[person]}
            rows |= {"unit": self._find_offices(records), "joined": people.joined[person]}
            columns = f"""
                {call(CUSTOMER_IDS[system], "number")} as customer_id,
                {code(CUSTOMER_TYPES, "kind")} as customer_type, name as full_name,
                document_type, document_number, {self._date("birth")} as birth_date, gender,
                phone, address, city"""
            if system == "branch":
                columns += f""", industry as industry_code, {_unit("unit")},
                    {self._date("joined")} as opened_date"""
            self._make(f"{system}.customer", rows, columns, "number")

    def _make_relationships(self) -> None:
        columns = f"""{call(CUSTOMER_ID, "customer")} as customer_id,
            {code(RELATIONSHIP_TYPES, "type")} as relationship_type,
            {call(CUSTOMER_ID, "related")} as related_customer_id,
            {self._date("valid_from")} as valid_from, {self._date("valid_to")} as valid_to"""
        order = "customer, type"
        self._make("branch.customer_relationship", self._bank.relationships, columns, order)

    def _find_offices(self, records: Table) -> Ints:
        """Office of each customer on the night of each record."""
        people, moves, person = self._bank.people, self._bank.moves, records["person"]
        moved = moves.has_moved(person, records["day"])
        return np.where(moved, moves.office[person], people.office[person])

    def _tell_moves(self, records: Table) -> Table:
        """Records, and the last one of each customer again on the night of a move."""
        moves = self._bank.moves
        order = np.lexsort((records["day"], records["person"]))
        rows = take_rows(records, order)
        moved_on = moves.day[rows["person"]]
        earlier = np.flatnonzero((moved_on != NO_DAY) & (rows["day"] <= moved_on))
        person = rows["person"][earlier]
        is_last = np.ones(person.size, dtype=np.bool_)
        is_last[:-1] = person[1:] != person[:-1]
        last = earlier[is_last]
        last = last[rows["day"][last] < moved_on[last]]
        return stack([records, {**take_rows(rows, last), "day": moved_on[last]}])

    def _make_accounts(self) -> None:
        self._make_account_contracts()
        rows = self._bank.deposit_days.balances.table()
        columns = f"""{call(ACCOUNT_ID, "member")} as account_id,
            {call(MONEY, "balance")} as balance"""
        self._make("branch.account_balance", rows, columns, "member")
        columns = f"""
            {call(ACCOUNT_ID, "account")} as account_id,
            {call(CUSTOMER_ID, "customer")} as customer_id,
            {code(PARTY_ROLES, "role")} as party_role, {call(SHARE, "share")} as share,
            {self._date("valid_from")} as valid_from, {self._date("valid_to")} as valid_to"""
        order = "account, role, customer"
        self._make("branch.account_party", self._bank.parties, columns, order)
        columns = f"""
            {call(CUSTOMER_ID, "customer")} as customer_id,
            {call(MANAGER_ID, "manager")} as manager_id, {call(SHARE, "share")} as share,
            {self._date("valid_from")} as valid_from, {self._date("valid_to")} as valid_to"""
        assignments = self._bank.books.assignments
        self._make("branch.manager_assignment", assignments, columns, "customer, manager")

    def _make_account_contracts(self) -> None:
        accounts = self._bank.accounts
        rows = self._bank.deposit_days.contracts.table()
        member = rows["member"]
        rows |= {name: getattr(accounts, name)[member] for name in ("opened", "maturity")}
        rows["product"] = accounts.product[member]
        rows["term"] = PRODUCT_TERM[accounts.product[member]]
        rows["dormant"] = accounts.is_dormant[member].astype(np.int64)
        columns = f"""
            {call(ACCOUNT_ID, "member")} as account_id, {_product("product")}, {_unit("office")},
            'CNY' as currency_code, {self._date("opened")} as opened_date,
            {self._date("closed")} as closed_date, {self._date("maturity")} as maturity_date,
            nullif(term, 0) as term_days, case when term > 0 then 'FIXED' end as rate_type,
            {call(RATE, "rate")} as interest_rate, cast(null as date) as repricing_date,
            case when closed <> {NO_DAY} then 'CLOSED' when dormant = 1 then 'DORMANT'
                else 'ACTIVE' end as status"""
        self._make("branch.account", rows, columns, "member")

    def _make_entries(self) -> None:
        columns = f"""
            {self._entry_columns(ENTRY_ID, "transaction_id", ACCOUNT_ID, "account_id")},
            {optional(UNIT_ID, "office")} as branch_id,
            {optional(TELLER_ID, "teller")} as teller_id,
            case when counterparty >= 0 then {call(ACCOUNT_ID, "counterparty")}
                when counterparty < -1 then '62' || cast(-counterparty as varchar)
            end as counterparty_account"""
        self._make("teller.transaction", self._bank.deposit_days.book.table(), columns, "number")
        columns = f"""
            {self._entry_columns(CARD_ENTRY_ID, "card_transaction_id", CARD_ID, "card_id")},
            {code(MERCHANTS, "merchant")} as merchant_category"""
        self._make("card.card_transaction", self._bank.card_days.book.table(), columns, "number")

    def _entry_columns(self, entry_id: str, entry: str, account_id: str, account: str) -> str:
        start = f"timestamp '{self._bank.period.start.isoformat()}'"
        return f"""
            {call(entry_id, "number")} as {entry}, {call(account_id, "account")} as {account},
            {self._date("day")} as posting_date,
            {start} + to_seconds(day * 86400 + second) as posted_at,
            {code([kind.name for kind in EntryType], "type")} as transaction_type_code,
            {code([channel.name for channel in Channel], "channel")} as channel_code,
            {code(("C", "D"), "is_debit")} as debit_credit, {call(MONEY, "amount")} as amount,
            {call(MONEY, "fee")} as fee_amount, 'CNY' as currency_code,
            {optional(entry_id, "reversal_of")} as reversal_of"""

    def _make_loans(self) -> None:
        days = self._bank.loan_days
        self._make_loan_contracts()
        loan_id = f"{call(LOAN_ID, 'loan')} as loan_id, number as instalment_number"
        columns = f"""{loan_id}, {self._date("due")} as due_date,
            {call(MONEY, "principal")} as principal_due,
            {call(MONEY, "interest")} as interest_due"""
        self._make("loan.schedule", days.instalments(), columns, "loan, number")
        rows = days.repayments()
        rows["id"] = np.arange(rows["day"].size)
        columns = f"""'R' || lpad(cast(id + 1 as varchar), 9, '0') as repayment_id, {loan_id},
            {self._date("day")} as paid_date, {call(MONEY, "principal")} as principal_paid,
            {call(MONEY, "interest")} as interest_paid"""
        self._make("loan.repayment", rows, columns, "id")
        columns = f"""{call(LOAN_ID, "member")} as loan_id,
            {call(MONEY, "principal")} as principal_balance,
            {call(MONEY, "overdue_principal")} as overdue_principal,
            {call(MONEY, "overdue_interest")} as overdue_interest, days_past_due"""
        self._make("loan.loan_status", days.positions.table(), columns, "member")

    def _make_loan_contracts(self) -> None:
        loans = self._bank.loans
        rows = self._bank.loan_days.contracts.table()
        member = rows["member"]
        rows |= {name: getattr(loans, name)[member] for name in ("person", "product")}
        rows |= {name: getattr(loans, name)[member] for name in ("principal", "originated")}
        rows["floating"] = loans.is_floating[member].astype(np.int64)
        rows["number"] = self._bank.people.loan_number[rows["person"]]
        rows["maturity"] = loans.schedule.due[loans.schedule.last - 1][member]
        whole_term = rows["maturity"] - rows["originated"]
        rows["term"] = np.where(rows["floating"] == 1, REPRICING_TERM, whole_term)
        columns = f"""
            {call(LOAN_ID, "member")} as loan_id,
            {call(LOAN_CUSTOMER_ID, "number")} as customer_id, {_product("product")},
            {_unit("office")}, {call(ACCOUNT_ID, "person")} as repayment_account_id,
            'CNY' as currency_code, {call(MONEY, "principal")} as principal_amount,
            {call(RATE, "rate")} as interest_rate,
            {code(("FIXED", "FLOATING"), "floating")} as rate_type, term as term_days,
            {self._date("originated")} as origination_date,
            {self._date("maturity")} as maturity_date,
            {self._date("repriced")} as repricing_date, {code(STATUSES, "status")} as status"""
        self._make("loan.loan", rows, columns, "member")

    def _make_cards(self) -> None:
        cards, days = self._bank.cards, self._bank.card_days
        rows = days.contracts.table()
        rows |= take_rows(card_rows(cards), rows["member"])
        rows["number"] = self._bank.people.card_number[rows["person"]]
        columns = f"""
            {call(CARD_ID, "card")} as card_id,
            {call(CARD_CUSTOMER_ID, "number")} as customer_id, {_product("product")},
            {_unit("office")}, {optional(ACCOUNT_ID, "settlement")} as settlement_account_id,
            {code(CARD_TYPES, "is_debit")} as card_type, 'CNY' as currency_code,
            case when is_debit = 0 then {call(MONEY, "credit_limit")} end as credit_limit,
            case when is_debit = 0 then {call(RATE, "rate")} end as interest_rate,
            {self._date("issued")} as issued_date,
            cast({self._date("issued")} + interval 5 year as date) as expiry_date,
            {code(CARD_STATUSES, "status")} as status"""
        self._make("card.card", rows, columns, "card")
        columns = f"""{call(CARD_ID, "member")} as card_id, {call(MONEY, "balance")} as balance,
            {call(MONEY, "overdue")} as overdue_amount, days_past_due"""
        self._make("card.card_balance", days.positions.table(), columns, "member")

    def _make_turnover(self) -> None:
        start = f"date '{self._bank.period.start.isoformat()}'"
        columns = f"""{call(CUSTOMER_ID, "customer")} as customer_id,
            cast(date_trunc('year', {start} + cast(day as integer)) as date) - 1
                as fiscal_year_end_date,
            {call(MONEY, "amount")} as turnover_amount, 'CNY' as currency_code"""
        self._make("branch.declared_turnover", self._bank.turnover, columns, "customer")

    def _make_finance(self) -> None:
        columns = f"""'FTP' as curve_code, 'CNY' as currency_code,
            {self._date("curve_day")} as curve_date, {code(TENORS, "tenor")} as tenor_code,
            {call(RATE, "rate")} as rate"""
        self._make("finance.rate_curve", self._bank.curves, columns, "curve_day, tenor")
        month_end = f"{self._date('day')} as month_end_date"
        columns = f"""{code(POOLS, "pool")} as cost_pool_code, {month_end},
            {call(MONEY, "cost")} as cost_amount, minutes as practical_minutes"""
        self._make("finance.cost_pool", self._bank.cost_pools, columns, "pool")
        columns = f"""{_unit("unit")}, cast(account as varchar) as gl_account_code,
            'CNY' as currency_code, {month_end}, {call(MONEY, "balance")} as balance"""
        self._make("finance.gl_balance", self._bank.ledger.table(), columns, "unit, account")

    def _make_wealth_statements(self) -> None:
        told = "case when {0} >= 0 then " + MONEY + " end"
        columns = f"""{call(CUSTOMER_ID, "person")} as customer_id,
            {call(told, "income")} as annual_income_amount,
            {call(told, "external")} as external_asset_amount"""
        rows = self._bank.wealth_statements
        self._make("branch.wealth_statement", rows, columns, "person")


def to_arrow(rows: Table) -> pa.Table:
    """Columns of the simulation as an Arrow table."""
    text = pa.string()
    columns = [
        pa.array(column.tolist(), type=text) if column.dtype == np.object_ else pa.array(column)
        for column in rows.values()
    ]
    return pa.Table.from_arrays(columns, names=list(rows))


def _unit(column: str) -> str:
    return f"{call(UNIT_ID, column)} as branch_id"


def _product(column: str) -> str:
    return f"{code([product.product_id for product in PRODUCTS], column)} as product_id"
