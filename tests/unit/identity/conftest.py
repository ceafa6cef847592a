"""A raw database in which customers are delivered by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from bankcrm.settings import Settings
from pipelines.identity.link import LinkReport, link_customers
from pipelines.loading.complete_through import set_complete_through
from pipelines.loading.raw import open_raw
from tests.unit.raw_rows import insert_row, insert_rows

DAYS = [date(2024, 1, day) for day in range(1, 10)]
LI_WEI = {
    "customer_type": "PERSON",
    "full_name": "Li Weiqiang",
    "birth_date": date(1980, 5, 17),
    "gender": "M",
    "phone": "13677322777",
    "address": "No 356 Renmin Road Room 2504 Xian",
    "city": "Xian",
}
Groups = set[frozenset[str]]


class Bank:
    """Delivers customers as loads of their nights, and links them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.loads = 0

    def deliver(self, night: date, customer: str, **attributes: object) -> int:
        """One customer ``system:id``, Li Wei unless attributes say otherwise; returns the load."""
        system, number = customer.split(":")
        values = {**LI_WEI, **attributes, "customer_id": number}
        return self._load(system, "customer", night, values)

    def deliver_many(self, night: date, system: str, rows: pa.Table) -> None:
        """The customers of a system in one load, by columns of its feed."""
        load_id = self._begin_load(system, "customer", night)
        insert_rows(self.connection, f"{system}.customer", load_id, night, rows)

    def take_back(self, load_id: int) -> None:
        """A rerun without the row replaces a load."""
        self.connection.execute(
            "update ops.load set superseded_by = $1 where load_id = $1", [load_id]
        )

    def link(self, until: date = DAYS[-1]) -> LinkReport:
        """Link what was delivered, whole nights until a date."""
        for day in DAYS:
            if day <= until:
                self._deliver_the_mandatory(day)
        set_complete_through(self.connection)
        return link_customers(self.connection)

    def groups(self) -> Groups:
        """Customers that are one today."""
        rows = self.connection.execute(
            """select survivor_system || ':' || survivor_customer_id,
                source_system || ':' || source_customer_id
            from identity.link where is_current"""
        ).fetchall()
        groups = defaultdict(set)
        for survivor, customer in rows:
            groups[survivor].add(customer)
        return {frozenset(group) for group in groups.values()}

    def history(self, customer: str) -> list[tuple[str, str, date]]:
        """Survivor, rule and first day of each link of a customer."""
        return self.connection.execute(
            """select survivor_system || ':' || survivor_customer_id, match_rule, valid_from
            from identity.link where source_system || ':' || source_customer_id = $1
            order by valid_from""",
            [customer],
        ).fetchall()

    def _deliver_the_mandatory(self, day: date) -> None:
        for source, feed in (("branch", "account_balance"), ("teller", "transaction")):
            known = self.connection.execute(
                "select count(*) from ops.load where feed = $1 and business_date = $2", [feed, day]
            ).fetchone()
            if known == (0,):
                self._load(source, feed, day, {"account_id": "A"})

    def _load(self, source: str, feed: str, night: date, values: dict[str, object]) -> int:
        load_id = self._begin_load(source, feed, night)
        insert_row(self.connection, f"{source}.{feed}", load_id, night, **values)
        return load_id

    def _begin_load(self, source: str, feed: str, night: date) -> int:
        self.loads += 1
        self.connection.execute(
            """insert into ops.load (load_id, source, feed, file_name, business_date, rerun,
                status, earliest_affected_date) values ($1, $2, $3, $3, $4, 0, 'loaded', $4)""",
            [self.loads, source, feed, night],
        )
        return self.loads


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """A bank to which nothing was delivered yet."""
    with open_raw(Settings(home=tmp_path)) as connection:
        yield Bank(connection)
