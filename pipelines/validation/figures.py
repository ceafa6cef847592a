"""Figures of a delivered file: its rows by disposition, and its control totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from bankcrm.sql import fetch_row, quote_name, quote_text
from pipelines.contracts.contract import Contract, ControlTotal
from pipelines.validation.dispositions import IS_ACCEPTED, IS_COLLAPSED, IS_QUARANTINED
from pipelines.validation.row_rules import OF_VALUES, column_rules

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class RowCounts:
    """Delivered rows by disposition: delivered = accepted + quarantined + collapsed."""

    delivered: int
    accepted: int
    quarantined: int
    collapsed: int


@dataclass(frozen=True)
class TotalFigures:
    """Sums of one control total by disposition of the rows.

    ``unreadable_rows`` counts the quarantined rows whose part of the total cannot be read.
    """

    accepted: Decimal
    quarantined: Decimal = NOTHING
    collapsed: Decimal = NOTHING
    unreadable_rows: int = 0


@dataclass(frozen=True)
class FileFigures:
    """Figures of a file; ``totals`` are in the order of the contract's control totals.

    ``earliest_effective_date`` is that of the accepted rows, None without ``effective``.
    """

    rows: RowCounts
    totals: tuple[TotalFigures, ...]
    earliest_effective_date: date | None


def count_figures(
    connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str, *, is_clean: bool
) -> FileFigures:
    """Figures of the rows of a file.

    Args:
        connection: it holds the temporary tables of the file.
        contract: feed of the file.
        relation: rows of the file with their disposition.
        is_clean: every row is accepted, which spares most of the figures.
    """
    row = fetch_row(connection, figures_sql(contract, relation, is_clean))
    delivered, accepted, quarantined, collapsed, *sums, earliest = row
    totals = [TotalFigures(*sums[at : at + 4]) for at in range(0, len(sums), 4)]
    rows = RowCounts(delivered, accepted, quarantined, collapsed)
    return FileFigures(rows, tuple(totals), earliest)


def clean_figures(rows: int, sums: Sequence[Decimal], earliest: date | None) -> FileFigures:
    """Figures of a file of which every row is accepted.

    Args:
        rows: number of rows.
        sums: sum of each control total.
        earliest: earliest effective date.
    """
    return FileFigures(RowCounts(rows, rows, 0, 0), tuple(map(TotalFigures, sums)), earliest)


def figures_sql(contract: Contract, relation: str, is_clean: bool) -> str:
    """One row of figures about the rows of a file, as :func:`count_figures` reads them.

    Columns: rows delivered, accepted, quarantined, collapsed; per control total the accepted,
    quarantined and collapsed sums and the number of quarantined rows whose part cannot be read;
    last the earliest effective date of the accepted rows (null without ``effective``).

    Args:
        contract: feed of the file.
        relation: its rows.
        is_clean: every row is accepted, which spares most of the figures.
    """
    dispositions = (IS_ACCEPTED, IS_QUARANTINED, IS_COLLAPSED)
    figures = ["count(*)", *(f"count(*) filter ({disposition})" for disposition in dispositions)]
    for total in contract.control_totals:
        if is_clean:
            figures += [sum_sql(total, "true"), "0.00", "0.00", "0"]
            continue
        figures += [sum_sql(total, disposition) for disposition in dispositions]
        is_obscured = is_obscured_sql(contract, total.column, *total.where)
        figures.append(f"count(*) filter ({is_obscured})")
    figures.append(f"{effective_date_sql(contract)} filter ({IS_ACCEPTED})")
    return f"select {', '.join(figures)} from {relation}"


def effective_date_sql(contract: Contract) -> str:
    """Expression: the earliest effective date, null without ``effective``."""
    effect = quote_name(contract.effective.from_column) if contract.effective else "null::date"
    return f"min({effect})"


def sum_sql(total: ControlTotal, disposition: str) -> str:
    """Expression: a control total over the rows of a disposition, which is an SQL condition."""
    conditions = f"{disposition} and {is_part_sql(total)}"
    return f"coalesce(sum({quote_name(total.column)}) filter ({conditions}), 0)"


def is_part_sql(total: ControlTotal) -> str:
    """Condition: the other columns of a row say that it is part of the total."""
    applies = [f"{quote_name(name)} = {quote_text(value)}" for name, value in total.where.items()]
    return " and ".join(applies) or "true"


def is_obscured_sql(contract: Contract, *names: str) -> str:
    """Condition: one of these columns of a row breaks a rule after which it cannot be read."""
    labels = [
        rule.label
        for name in names
        for rule in column_rules(contract.column(name))
        if not rule.label.endswith(OF_VALUES)
    ]
    return f"list_has_any(row_rules, [{', '.join(map(quote_text, labels))}]::varchar[])"
