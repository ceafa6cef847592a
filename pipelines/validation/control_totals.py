"""The control totals of a file: what was stated, what was counted, and what explains the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.contract import Contract, ControlTotal
from pipelines.landing.control import ControlFile
from pipelines.validation.figures import TotalFigures, is_obscured_sql, is_part_sql
from pipelines.validation.unreadable_amounts import NOTHING, can_explain, possible_amounts

SHOWN_TEXTS = 3


@dataclass(frozen=True)
class Books:
    """One control total of a file: delivered = accepted + quarantined + collapsed."""

    label: str
    delivered: Decimal
    accepted: Decimal
    quarantined: Decimal
    collapsed: Decimal


def balance_totals(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    control: ControlFile | None,
    figures: Sequence[TotalFigures],
) -> tuple[tuple[Books, ...], list[str]]:
    """Books of every control total, and the totals that differ from the control file.

    Args:
        connection: it holds the temporary tables ``checked_row`` and ``disposition`` of the file.
        contract: feed of the file.
        control: what was stated; None where nothing was.
        figures: figures of each control total, in the order of the contract.
    """
    books, problems = [], []
    for total, sums in zip(contract.control_totals, figures, strict=True):
        counted = sums.accepted + sums.quarantined + sums.collapsed
        declared = control.totals.get(total.label, counted) if control else counted
        if control is not None and (declared != counted or sums.unreadable_rows):
            problems += _explain_difference(connection, contract, total, sums, declared)
        quarantined = declared - sums.accepted - sums.collapsed
        books.append(Books(total.label, declared, sums.accepted, quarantined, sums.collapsed))
    if control is not None:
        problems = [problem.format(stated_by=control.stated_by) for problem in problems]
    return tuple(books), problems


def _explain_difference(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    total: ControlTotal,
    sums: TotalFigures,
    declared: Decimal,
) -> list[str]:
    """The problem that a total differs, unless the amounts that cannot be read explain it."""
    counted = sums.accepted + sums.quarantined + sums.collapsed
    problem = f"{total.label} sums to {counted}, {{stated_by}} states {declared}"
    if not sums.unreadable_rows:
        return [problem]
    texts = _read_texts(connection, contract, total)
    difference = declared - counted
    if can_explain(difference, [_possible_parts(*row) for row in texts]):
        return []
    shown = ", ".join(repr(text or "") for text, *_ in texts[:SHOWN_TEXTS])
    more = ", ..." if len(texts) > SHOWN_TEXTS else ""
    shown = (shown + more).replace("{", "{{").replace("}", "}}")
    return [
        f"{problem}; the {len(texts):,} rows whose part cannot be read ({total.column} {shown})"
        f" do not denote the difference of {difference}: correct them, or the total"
    ]


def _read_texts(
    connection: duckdb.DuckDBPyConnection, contract: Contract, total: ControlTotal
) -> list[tuple[str | None, bool, bool]]:
    """Of every row whose part cannot be read: the amount's text, whether a condition of the total
    cannot be read, and whether the row is counted already or stands outside the total."""
    amount = quote_name(total.column)
    unclear = " or ".join(
        f"{quote_name(name)} is null or {is_obscured_sql(contract, name)}" for name in total.where
    )
    applies = is_part_sql(total)
    return connection.execute(
        f"select raw_row ->> {quote_text(total.column)}, coalesce({unclear or 'false'}, false),"
        f" coalesce({amount} is not null and {applies}, false) or not coalesce({applies}, true)"
        " from (select d.row_id, d.raw_row, d.row_rules, c.* exclude (raw_row)"
        " from disposition as d join checked_row as c on c.rowid = d.row_id)"
        f" where {is_obscured_sql(contract, total.column, *total.where)} order by row_id"
    ).fetchall()


def _possible_parts(text: str | None, is_unclear: bool, is_settled: bool) -> frozenset[Decimal]:
    """What a row can add to a total beyond what was counted."""
    if is_unclear:
        return possible_amounts(text) | NOTHING
    return NOTHING if is_settled else possible_amounts(text)
