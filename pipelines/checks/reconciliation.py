"""The chain of the books: delivered = raw + quarantine = staging, row by row and to the cent.

The tests under tests/dbt carry it on from staging to the facts and to the general ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from bankcrm.errors import FailedBuild
from bankcrm.sql import SOUND_OPTIMIZER, quote_names, quote_text
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.validation.figures import sum_sql

REMEDY = (
    "Nothing was published. Rows were lost or doubled inside the warehouse: restore the last backup"
    " with `bankcrm restore`, or keep the data folder and report it."
)


class UnbalancedBooks(FailedBuild):
    """Rows or amounts were lost or doubled on their way through the warehouse."""


def check_raw_books(connection: duckdb.DuckDBPyConnection, published: Iterable[int]) -> int:
    """Compare the ledger of loads with the raw tables, for loads that were never published.

    Args:
        connection: the raw database.
        published: loads of the published version; they were compared before.

    Returns:
        Number of loads compared.

    Raises:
        UnbalancedBooks: naming each load that does not balance.
    """
    connection.execute(
        "create or replace temp table compared_load as select * from ops.active_load"
        " anti join (select unnest($1::bigint[]) as load_id) using (load_id)",
        [list(published)],
    )
    problems = list(_find_unbalanced_loads(connection))
    for contract in load_contracts().values():
        problems += _find_lost_rows(connection, contract)
        problems += _find_lost_amounts(connection, contract)
    _raise(problems)
    row = connection.execute("select count(*) from compared_load").fetchone()
    return row[0] if row else 0


def check_version_books(raw_file: Path, build_file: Path) -> int:
    """Compare the rows a build was made from with the rows of the loads that count.

    Of a feed whose rows are dated by themselves (``effective``, ``entries``), staging keeps the
    last delivery of each key: there the difference must be exactly the rows that came again.

    Returns:
        Number of rows compared.

    Raises:
        UnbalancedBooks: naming each feed that does not balance.
    """
    with duckdb.connect(config=SOUND_OPTIMIZER) as connection:
        for path, name in ((raw_file, "raw"), (build_file, "build")):
            connection.execute(f"attach {quote_text(str(path))} as {name} (read_only)")
        rows = connection.execute(
            """with accepted as (
                select source, feed, sum(rows_accepted)::bigint as rows
                from raw.ops.whole_load group by all
            )
            select source || '.' || feed, coalesce(accepted.rows, 0), staged.rows
            from build.meta.staged as staged left join accepted using (source, feed) order by all"""
        ).fetchall()
        _raise(_find_unstaged_rows(connection, rows))
    return sum(staged for _, _, staged in rows)


def _find_unstaged_rows(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[tuple[str, int, int]]
) -> Iterator[str]:
    contracts = load_contracts()
    for feed, accepted, staged in rows:
        contract = contracts[feed]
        again = 0
        if staged < accepted and not contract.is_dated_by_night:
            again = accepted - _count_keys(connection, contract)
        if staged + again != accepted:
            yield (
                f"{feed}: {accepted:,} rows count in the ledger, the star was built from"
                f" {staged:,}, and {again:,} came again later"
            )


def _count_keys(connection: duckdb.DuckDBPyConnection, contract: Contract) -> int:
    row = connection.execute(
        f"select count(*) from (select distinct {quote_names(contract.key)}"
        f" from raw.{contract.raw_table} semi join raw.ops.whole_load using (load_id))"
    ).fetchone()
    return row[0] if row else 0


def _find_unbalanced_loads(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = connection.execute(
        """select file_name from compared_load
        where rows_delivered <> rows_accepted + rows_quarantined + rows_collapsed
        union all
        select file_name from compared_load join ops.load_total using (load_id)
        where delivered <> accepted + quarantined + collapsed
        union all
        select file_name from compared_load left join (
            select load_id, count(*) as kept from ops.quarantine group by load_id
        ) using (load_id)
        where rows_quarantined <> coalesce(kept, 0)"""
    ).fetchall()
    for (file_name,) in rows:
        yield f"{file_name}: delivered is not accepted + quarantined + duplicates"


def _find_lost_rows(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[str]:
    rows = connection.execute(
        f"""select file_name, rows_accepted, coalesce(kept, 0) from compared_load left join (
            select load_id, count(*) as kept from {contract.raw_table}
            semi join compared_load using (load_id) group by load_id
        ) using (load_id)
        where (source, feed) = ($1, $2) and rows_accepted <> coalesce(kept, 0)""",
        [contract.source, contract.feed],
    ).fetchall()
    for file_name, accepted, kept in rows:
        yield f"{file_name}: {accepted:,} rows were accepted, {kept:,} are in the raw table"


def _find_lost_amounts(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[str]:
    for total in contract.control_totals:
        rows = connection.execute(
            f"""select file_name, accepted, coalesce(kept, 0) from compared_load
            join ops.load_total using (load_id)
            left join (
                select load_id, {sum_sql(total, "true")} as kept from {contract.raw_table}
                semi join compared_load using (load_id) group by load_id
            ) using (load_id)
            where (source, feed, label) = ($1, $2, $3) and accepted <> coalesce(kept, 0)""",
            [contract.source, contract.feed, total.label],
        ).fetchall()
        for file_name, accepted, kept in rows:
            yield f"{file_name}: {total.label} of {accepted:,} was accepted, {kept:,} is raw"


def _raise(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise UnbalancedBooks("The books do not balance: " + "; ".join(found), REMEDY)
