"""Write extracts as a source system does: a data file, and what it states about it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from bankcrm.errors import ContractError
from bankcrm.sql import fetch_row, quote_text
from pipelines.contracts.contract import Contract, ControlTotal
from pipelines.landing.control import Label
from pipelines.landing.delivery import delivery_file, write_delivery

UNIT_SEPARATOR = "\x1f"


class ExtractWriter:
    """Writes deliveries of one bank into a landing folder and counts their sequence numbers.

    Args:
        landing: folder that receives ``<source>/<feed>/<file>``.
        connection: DuckDB connection in which the queries of :meth:`write` run.
    """

    def __init__(self, landing: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self._landing = landing
        self._connection = connection
        self._sequences: Counter[str] = Counter()

    def write(self, contract: Contract, business_date: date, query: str) -> Path | None:
        """Write one delivery.

        Args:
            contract: feed to write; the query must return its columns by name.
            business_date: business date of the delivery.
            query: SQL whose rows are delivered, in their order.

        Returns:
            Path of the data file, or None when there was nothing to say: no row, and the feed
            need not be delivered every business date.
        """
        columns = ", ".join(f"cast({c.name} as {c.sql_type}) as {c.name}" for c in contract.columns)
        self._connection.execute(f"create or replace temp table extract as from ({query})")
        self._connection.execute(
            f"create or replace temp view delivery as select {columns} from extract"
        )
        rows, totals = self._control_figures(contract)
        if rows == 0 and not contract.mandatory:
            return None
        path = self._landing / delivery_file(contract, business_date)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sequences[contract.name] += 1
        label = Label(
            source=contract.source,
            feed=contract.feed,
            business_date=business_date,
            sequence=self._sequences[contract.name],
            schema_version=contract.schema_version,
        )
        content = self._read_text(contract, path)
        write_delivery(path, contract, label, content, rows=rows, totals=totals)
        return path

    def _control_figures(self, contract: Contract) -> tuple[int, dict[str, Decimal]]:
        sums = [f", coalesce({control_sum(total)}, 0)" for total in contract.control_totals]
        query = f"select count(*){''.join(sums)} from delivery"
        rows, *totals = fetch_row(self._connection, query)
        labels = [total.label for total in contract.control_totals]
        return rows, dict(zip(labels, totals, strict=True))

    def _read_text(self, contract: Contract, path: Path) -> bytes:
        """The rows to deliver as text under their column names; ``path`` lends its folder."""
        plain = path.with_suffix(".part")
        delimiter = contract.format.delimiter
        # DuckDB writes only the first character of a longer delimiter, so a unit separator
        # stands in for it.
        written = delimiter if len(delimiter) == 1 else UNIT_SEPARATOR
        self._connection.execute(
            f"copy (from delivery) to {quote_text(str(plain))}"
            f" (format csv, header, delimiter {quote_text(written)})"
        )
        content = plain.read_bytes()
        plain.unlink()
        if written != delimiter:
            if delimiter.encode() in content:
                raise ContractError(
                    f"A value of {contract.name} contains the delimiter {delimiter!r}",
                    "Choose another delimiter in the contract.",
                )
            content = content.replace(written.encode(), delimiter.encode())
        return content


def control_sum(total: ControlTotal) -> str:
    """SQL expression of a control total over typed columns."""
    if not total.where:
        return f"sum({total.column})"
    terms = " and ".join(f"{name} = {quote_text(value)}" for name, value in total.where.items())
    return f"sum({total.column}) filter (where {terms})"
