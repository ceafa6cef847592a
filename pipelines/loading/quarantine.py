"""Quarantine: delivered rows that broke a rule, kept as delivered, with line and rules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from pipelines.contract import Contract
from pipelines.loading.verdict import quarantined_rows_sql
from pipelines.sql import quote_text


@dataclass(frozen=True)
class QuarantinedRow:
    """One row in quarantine. ``fields`` are the delivered texts by column, None where empty."""

    load_id: int
    feed: str
    """``source.feed``."""
    business_date: date
    file_name: str
    file_line: int
    rules: tuple[str, ...]
    fields: dict[str, str | None]
    is_active: bool
    """False when a later rerun superseded the file."""


def store_quarantine(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    relation: str,
    business_date: date,
    load_id: int,
) -> None:
    """Copy the quarantined rows of an examined file into ``ops.quarantine``."""
    connection.execute(
        "insert into ops.quarantine (load_id, file_line, raw_row, rules, source, feed,"
        f" business_date) select {load_id}, file_line, raw_row, row_rules,"
        f" {quote_text(contract.source)}, {quote_text(contract.feed)}, date '{business_date}'"
        f" from ({quarantined_rows_sql(relation)})"
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
            q.file_line, q.rules, q.raw_row, l.superseded_by is null as is_active
        from ops.quarantine as q join ops.load as l using (load_id)
        where ($1 is null or q.source || '.' || q.feed = $1)
            and ($2::date is null or q.business_date = $2)
            and ($3::bigint is null or q.load_id = $3)
        order by q.load_id desc, q.file_line limit $4""",
        [feed, business_date, load_id, limit],
    ).fetchall()
    return [_read_row(row) for row in rows]


def _read_row(row: tuple[Any, ...]) -> QuarantinedRow:
    load_id, feed, business_date, file_name, file_line, rules, raw_row, is_active = row
    return QuarantinedRow(
        load_id=load_id,
        feed=feed,
        business_date=business_date,
        file_name=file_name,
        file_line=file_line,
        rules=tuple(rules),
        fields=json.loads(raw_row),
        is_active=is_active,
    )
