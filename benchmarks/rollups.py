"""Queries of a big fact with and without rollups: ``python -m benchmarks.rollups``.

The entries of the published version are copied until there are enough: over the year, and over
customers and accounts of their own, so that the fact grows as a bank grows. The rollups are built
by the functions of the refresh. Then every query is planned, written, run and fetched from the fact
and from its rollup in turns, in this process, and the rows are compared.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.dates import BEGINNING
from bankcrm.settings import Settings
from bankcrm.sql import SOUND_OPTIMIZER
from bankcrm.warehouse.rollup_states import States, read_rollups
from bankcrm.warehouse.versions import current_version, version_file
from benchmarks.timing import describe_machine, measure
from cube.compiler.model import Model, load_model
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.rollups.build import build_rollups, list_rollups
from cube.security.access import Access, AccessControl

BLOCKS = 6
"""Copies that follow each other in time, before the next customers begin."""
DAYS = 60
FACT = "marts.fct_transaction"
TIME = "transactions.value_date"
YEAR = ["2024-01-01", "2024-12-31"]
ADMIN: dict[str, Any] = {"groups": ["admin"]}
Rows = list[tuple[object, ...]]


def ask(measures: str, dimensions: str = "", unit: str = "", days: object = None) -> dict[str, Any]:
    """A query of the view of transactions; names without the view."""
    query: dict[str, Any] = {
        "measures": [f"transactions.{name}" for name in measures.split()],
        "dimensions": [f"transactions.{name}" for name in dimensions.split()],
    }
    if unit or days:
        time = {"dimension": TIME, "granularity": unit, "dateRange": days}
        query["timeDimensions"] = [{key: value for key, value in time.items() if value}]
    return query


QUERIES: dict[str, dict[str, Any]] = {
    "turnover and fees, month": ask("amount fee_income_amount", unit="month"),
    "branches, month": ask("amount transaction_count", "branch_name", "month"),
    "regions, year": ask("amount net_amount", "region_name", days=YEAR),
    "products, quarter": ask("amount average_amount", "product_name", "quarter"),
    "channels in June": ask("transaction_count", "channel_name", days=["2024-06-01", "2024-06-30"]),
    "electronic share, month": ask("electronic_share", unit="month"),
    "cost per entry, type": ask("cost_per_entry", "transaction_type_name", days=YEAR),
    "rank and share of branches": ask("amount amount_rank amount_share", "branch_name"),
    "year to date, month": ask("amount_year_to_date", unit="month", days=YEAR),
    "month before, product": ask("amount amount_month_before", "product_name", "month"),
    "day by day, branches": ask("amount", "branch_name", "day", ["2024-06-01", "2024-06-30"]),
    "cities of customers, month": ask("amount", "customer_city", "month"),
    "active customers, month": ask("customer_count", unit="month"),
}


def main() -> None:
    """Fabricate, build, ask in turns, report."""
    options = _read_options()
    settings = Settings()
    work = Settings(home=settings.home / "bench" / "rollups", threads=settings.threads)
    path = work.home / f"{options.entries}.duckdb"
    if not path.exists():
        _fabricate(settings, path, options.entries)
    with measure() as building:
        states = build_rollups(work, path, BEGINNING, list_rollups())
    with duckdb.connect(str(path), read_only=True, config=SOUND_OPTIMIZER) as connection:
        connection.execute(f"set threads = {settings.threads}")
        branch = _find_branch(connection)
        _report(_time(connection, branch, options.runs), options.entries, building.seconds)
    for state in states:
        print(f"{state.name:32} {state.rows:>10,} rows of {state.fact_rows:>12,} {state.state}")
    print(json.dumps(describe_machine()))


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=15)
    return parser.parse_args()


def _fabricate(settings: Settings, path: Path, entries: int) -> None:
    """A copy of the published version with that many entries, or a few more."""
    version = current_version(settings)
    if version is None:
        raise SystemExit("Nothing is published: run `bankcrm sample` and `bankcrm refresh` first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    shutil.copyfile(version_file(settings, version), part)
    with duckdb.connect(str(part), config=SOUND_OPTIMIZER) as connection:
        row = connection.execute(f"select count(*) from {FACT}").fetchone()
        assert row is not None
        copies = -(-entries // row[0])
        groups = -(-copies // BLOCKS)
        _copy_members(connection, "marts.dim_customer", groups)
        _copy_members(connection, "marts.dim_customer_book", groups)
        _copy_entries(connection, copies)
    part.replace(path)


def _new_key(column: str) -> str:
    """The key of a member in group ``g``; unknown members stay one."""
    moved = f'(hash("{column}", g) >> 1)::bigint'
    return f'case when "{column}" < 0 or g = 0 then "{column}" else {moved} end as "{column}"'


def _copy_members(connection: duckdb.DuckDBPyConnection, table: str, groups: int) -> None:
    columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
    names = [name for name in columns if name in ("customer_key", "customer_durable_key")]
    keys, column = ", ".join(map(_new_key, names)), names[0]
    connection.execute(
        f"""insert into {table} select * exclude (g) replace ({keys})
        from (from {table} where "{column}" > 0), (select unnest(range(1, {groups})) as g)"""
    )


def _copy_entries(connection: duckdb.DuckDBPyConnection, copies: int) -> None:
    keys = ", ".join(
        _new_key(f"{member}{kind}_key")
        for member in ("customer", "account")
        for kind in ("", "_durable")
    )
    connection.execute(
        f"""create or replace table {FACT} as
        select * exclude (c, g) replace (
            row_number() over () as transaction_key,
            value_date + ((c % {BLOCKS}) * {DAYS})::int as value_date, {keys})
        from {FACT}, (select c, c // {BLOCKS} as g from range({copies}) counted(c))
        order by value_date"""
    )


def _find_branch(connection: duckdb.DuckDBPyConnection) -> str:
    """A unit with others below it, whose manager asks."""
    row = connection.execute(
        """select split_part(branch_path, '/', 3) from marts.dim_organisation_path
        group by all order by count(*) desc, 1 limit 1"""
    ).fetchone()
    assert row is not None
    return str(row[0])


Timings = dict[str, dict[str, list[float]]]


def _time(connection: duckdb.DuckDBPyConnection, branch: str, runs: int) -> Timings:
    """Milliseconds of each query by contestant, in turns."""
    model = load_model()
    control = AccessControl(model)
    states = read_rollups(connection)
    manager = {"groups": ["branch_manager"], "branch_id": branch}
    asked = {name: (query, ADMIN) for name, query in QUERIES.items()}
    asked["branches, month, as a manager"] = (QUERIES["branches, month"], manager)
    timings: Timings = defaultdict(lambda: defaultdict(list))
    for run in range(runs + 1):
        for name, (query, claims) in asked.items():
            rows = {}
            for contestant, known in (("fact", {}), ("rollup", states)):
                with measure() as watch:
                    access = control.grant(claims)
                    rows[contestant] = _answer(connection, model, known, query, access)
                if run:
                    timings[name][contestant].append(1000 * watch.seconds)
            if rows["fact"] != rows["rollup"]:
                raise SystemExit(f"{name}: the rollup has other rows than the fact")
    return timings


def _answer(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    states: States,
    query: dict[str, Any],
    access: Access,
) -> Rows:
    plan = plan_query(parse_query(query), model, date(2024, 12, 26), access)
    plan = choose_rollups(plan, model, states)
    statement = write_statement(plan, model)
    rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
    return [tuple(f"{v:.12g}" if isinstance(v, float) else v for v in row) for row in rows]


def _report(timings: Timings, entries: int, seconds: float) -> None:
    print(f"{entries:,} entries; rollups built and compared in {seconds:.1f} s. Milliseconds:")
    heads = f"{'median':>9} {'p95':>8} {'fastest':>8}"
    print(f"{'':32} {heads}  {heads}")
    print(f"{'':32} {'from the fact':>27}  {'from rollups':>27}")
    everything: dict[str, list[float]] = defaultdict(list)
    for name, found in timings.items():
        for contestant, values in found.items():
            everything[contestant] += values
        print(_line(name, found))
    print(_line("all together", everything))


def _line(name: str, found: dict[str, list[float]]) -> str:
    cells = [
        f"{statistics.median(values):>9.1f} {statistics.quantiles(values, n=20)[-1]:>8.1f}"
        f" {min(values):>8.1f}"
        for values in (found["fact"], found["rollup"])
    ]
    return f"{name:32} " + "  ".join(cells)


if __name__ == "__main__":
    main()
