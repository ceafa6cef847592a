"""Findings about loads: what a check found, how grave it is, and where it is recorded.

Every check compares the loads that were never published. What it counted of a load stays in
``ops.check_result``, and what it found in ``ops.finding``. Later loads are judged against the loads
before them; those that were found faulty, and held or waived, are left out of that history: a fault
that nobody corrected must not become what is usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

import duckdb

from bankcrm.transactions import transaction
from pipelines.contracts.contract import load_contracts
from pipelines.contracts.watch import WATCH_RULES

RULES = WATCH_RULES
Severity = Literal["hold", "warn"]
DAYS_SHOWN = 35
"""Days for which a warning is shown."""

CHECKED = """
create or replace temp table checked as
select load.load_id, load.source, load.feed, load.file_name, load.business_date,
    load.rows_accepted, load.source || '.' || load.feed as feed_name, watch.*
from ops.active_load as load
join watch on watch.name = load.source || '.' || load.feed
where load.load_id in (from checked_load)"""


FORGET = """delete from ops.finding
where load_id in (from checked_load) or (severity = 'hold' and not is_waived)"""

FAULTY = """
create or replace temp table faulty_load as
select distinct load_id from ops.finding
where severity = 'hold' and load_id not in (from checked_load)"""

HISTORY = """
create or replace temp view history_load as
select * from ops.active_load anti join faulty_load using (load_id)"""


@dataclass(frozen=True)
class Finding:
    """What a check found about a load. ``rule`` can be waived.

    One of severity ``hold`` holds the business date back, unless ``is_waived``; one of severity
    ``warn`` is reported.
    """

    rule: str
    load_id: int
    business_date: date
    message: str
    severity: Severity = "hold"
    is_waived: bool = False

    @property
    def place(self) -> tuple[str, date]:
        """What a waiver names: the rule and the business date."""
        return self.rule, self.business_date

    @property
    def holds(self) -> bool:
        """Whether it holds the business date back."""
        return self.severity == "hold" and not self.is_waived


def choose_loads(connection: duckdb.DuckDBPyConnection, published_loads: Iterable[int]) -> None:
    """Temporary tables: watch (limits by feed), checked (loads to check, with their limits),
    faulty_load; and the view history_load of the loads that others are compared with."""
    watched = {name: contract.watch for name, contract in load_contracts().items()}
    limits = [
        {"name": name} | watch.model_dump(exclude={"warn"}) for name, watch in watched.items()
    ]
    connection.execute(
        "create or replace temp table watch as select unnest($1, recursive := true)", [limits]
    )
    connection.execute(
        "create or replace temp table checked_load as select load_id from ops.active_load"
        " anti join (select unnest($1::bigint[]) as load_id) using (load_id)",
        [list(published_loads)],
    )
    connection.execute(CHECKED)
    connection.execute(FAULTY)
    connection.execute(HISTORY)


def leave_out_of_history(connection: duckdb.DuckDBPyConnection, faulty: Iterable[int]) -> None:
    """Take loads out of the history against which others are judged."""
    connection.execute(
        "insert into faulty_load select unnest($1::bigint[])",
        [list(faulty)],
    )


def make_finding(check: str, feed: str, load_id: int, business_date: date, message: str) -> Finding:
    """A finding of the severity that the contract of the feed gives to the check."""
    severity: Severity = "warn" if check in load_contracts()[feed].rules_that_warn else "hold"
    return Finding(f"{check}:{feed}", load_id, business_date, f"{feed}: {message}", severity)


def record_results(
    connection: duckdb.DuckDBPyConnection, rule: str, rows: Iterable[tuple[int, int, int]]
) -> None:
    """Record for loads how many of their rows a rule compared, and how many of them failed it."""
    counted = [list(row) for row in rows]
    if not counted:
        return
    with transaction(connection):
        connection.execute(
            "delete from ops.check_result where rule = $1"
            " and load_id in (select unnest($2::bigint[]))",
            [rule, [load_id for load_id, *_ in counted]],
        )
        values = "select $1, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[])"
        connection.execute(
            f"insert into ops.check_result (rule, load_id, compared, failed) {values}",
            [rule, *map(list, zip(*counted, strict=True))],
        )


def list_warnings(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Warnings about loads that count, of the last :data:`DAYS_SHOWN` days, newest first."""
    names = ", ".join(field.name for field in fields(Finding))
    rows = connection.execute(
        f"""select {names} from ops.finding semi join ops.active_load using (load_id)
        where severity = 'warn' and not is_waived and business_date > (
            select max(business_date) - {DAYS_SHOWN} from ops.active_load
        )
        order by business_date desc, rule, load_id"""
    ).fetchall()
    return [Finding(*row) for row in rows]


def choose_new(
    connection: duckdb.DuckDBPyConnection, findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """The findings that no run recorded before."""
    known = set(connection.execute("select load_id, rule from ops.finding").fetchall())
    return tuple(f for f in findings if (f.load_id, f.rule) not in known)


def record_findings(connection: duckdb.DuckDBPyConnection, findings: Iterable[Finding]) -> None:
    """Replace the findings of the checked loads in ``ops.finding``, and all that hold back.

    Needs the tables of ``choose_loads``. Those of loads that were published before stay.
    """
    rows = [list(vars(finding).values()) for finding in findings]
    with transaction(connection):
        connection.execute(FORGET)
        if rows:
            names = ", ".join(field.name for field in fields(Finding))
            places = ", ".join("?" * len(fields(Finding)))
            connection.executemany(f"insert into ops.finding ({names}) values ({places})", rows)
