"""Quarantine: delivered rows that broke a rule, with line and rules.

The table holds no field of them: whatever stands in the wrong place may be personal. The rows as
delivered are in the vault, under the token that the table keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.sql import quote_text
from pipelines.contracts.contract import Contract
from pipelines.privacy.vault_entries import read_values

Fields = dict[str, str | None]


@dataclass(frozen=True)
class QuarantinedRow:
    """One row in quarantine."""

    load_id: int
    feed: str
    """``source.feed``."""
    business_date: date
    file_name: str
    file_line: int
    rules: tuple[str, ...]
    row_token: str
    is_active: bool
    """False when a later rerun superseded the file."""


def store_quarantine(
    connection: duckdb.DuckDBPyConnection, contract: Contract, business_date: date, load_id: int
) -> None:
    """Copy the temporary table ``quarantined`` of a file into ``ops.quarantine``."""
    connection.execute(
        "insert into ops.quarantine by name select"
        f" {load_id} as load_id, file_line, row_token, holder, row_rules as rules,"
        f" {quote_text(contract.source)} as source, {quote_text(contract.feed)} as feed,"
        f" date '{business_date}' as business_date from quarantined order by file_line"
    )


def list_quarantine(
    connection: duckdb.DuckDBPyConnection,
    feed: str | None = None,
    business_date: date | None = None,
    load_id: int | None = None,
    limit: int = 100,
) -> list[QuarantinedRow]:
    """Rows in quarantine, newest load first, in the order of their lines.

    Args:
        connection: the raw database.
        feed: only this ``source.feed``.
        business_date: only this business date.
        load_id: only this load.
        limit: most rows to return.
    """
    rows = connection.execute(
        """select q.load_id, q.source || '.' || q.feed, q.business_date, l.file_name,
            q.file_line, q.rules, q.row_token, l.superseded_by is null as is_active
        from ops.quarantine as q join ops.load as l using (load_id)
        where ($1 is null or q.source || '.' || q.feed = $1)
            and ($2::date is null or q.business_date = $2)
            and ($3::bigint is null or q.load_id = $3)
        order by q.load_id desc, q.file_line limit $4""",
        [feed, business_date, load_id, limit],
    ).fetchall()
    return [_read_row(row) for row in rows]


def _read_row(row: tuple[Any, ...]) -> QuarantinedRow:
    load_id, feed, business_date, file_name, file_line, rules, row_token, is_active = row
    return QuarantinedRow(
        load_id=load_id,
        feed=feed,
        business_date=business_date,
        file_name=file_name,
        file_line=file_line,
        rules=tuple(rules),
        row_token=row_token,
        is_active=is_active,
    )


@dataclass(frozen=True)
class NulledFields:
    """Optional fields of one file that were left empty by one rule."""

    feed: str
    business_date: date
    file_name: str
    rule: str
    fields: int
    first_line: int


def list_nulled_fields(
    connection: duckdb.DuckDBPyConnection, feed: str | None = None, limit: int = 100
) -> list[NulledFields]:
    """Optional fields of loads that count that were left empty, newest first, by file and rule."""
    rows = connection.execute(
        """select l.source || '.' || l.feed, l.business_date, l.file_name, n.rule, count(*),
            min(n.file_line)
        from ops.nulled_field as n join ops.active_load as l using (load_id)
        where ($1 is null or l.source || '.' || l.feed = $1)
        group by all order by l.business_date desc, l.file_name, n.rule limit $2""",
        [feed, limit],
    ).fetchall()
    return [NulledFields(*row) for row in rows]


def read_fields(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[QuarantinedRow]
) -> dict[int, Fields]:
    """Delivered texts of quarantined rows of one file, by line and column, from the vault.

    Raises:
        BankcrmError: a row belongs to a customer who was erased.
    """
    rows = list(rows)
    values = read_values(connection, (row.row_token for row in rows))
    gone = [row.file_line for row in rows if row.row_token not in values]
    if gone:
        raise BankcrmError(
            f"Line {gone[0]} of {rows[0].file_name} is of a customer who was erased",
            "Have the source system deliver the business date again, if the row must be corrected.",
        )
    return {row.file_line: json.loads(values[row.row_token]) for row in rows}
