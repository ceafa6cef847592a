"""The rivals: the same files and the same statements on DuckDB alone, without our guarantees.

Nothing is checked, quarantined, numbered or entered into a ledger; nothing is tested or
published. What we take longer than this is the price of those things.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.sql import STORAGE_VERSION, quote_name, quote_text
from pipelines.contracts.contract import Contract
from pipelines.landing.folder import Delivery
from pipelines.publishing.publish import BUILD_NAME

PROJECT = "bankcrm"
ARTEFACTS = ("manifest", "run_results")


@contextmanager
def _open(database: Path, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file with the storage version and limits of ours, as current database."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(
        config={"threads": settings.threads, "memory_limit": settings.memory_limit}
    ) as connection:
        path = quote_text(str(database))
        connection.execute(f"attach {path} as {PROJECT} (storage_version '{STORAGE_VERSION}')")
        connection.execute(f"use {PROJECT}")
        yield connection


def load_by_feed(deliveries: Iterable[Delivery], database: Path, settings: Settings) -> None:
    """Load a fresh database, all files of a feed in one ``create table as``."""
    files: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        files[delivery.contract.name].append(delivery)
    with _open(database, settings) as connection:
        for night in files.values():
            contract = night[0].contract
            paths = [delivery.data_file for delivery in night]
            connection.execute(f"create schema if not exists {quote_name(contract.source)}")
            connection.execute(
                f"create table {contract.raw_table} as from {_read_csv(contract, paths)}"
            )


def load_by_file(deliveries: Iterable[Delivery], database: Path, settings: Settings) -> None:
    """Load a fresh database as finely as the loader does: each file in its own transaction."""
    with _open(database, settings) as connection:
        for delivery in deliveries:
            contract = delivery.contract
            columns = ", ".join(f"{quote_name(c.name)} {c.sql_type}" for c in contract.columns)
            connection.execute(f"create schema if not exists {quote_name(contract.source)}")
            connection.execute(f"create table if not exists {contract.raw_table} ({columns})")
            connection.begin()
            connection.execute(
                f"insert into {contract.raw_table} from {_read_csv(contract, [delivery.data_file])}"
            )
            connection.commit()


def _read_csv(contract: Contract, paths: Sequence[Path]) -> str:
    files = ", ".join(quote_text(str(path)) for path in paths)
    columns = ", ".join(f"{quote_text(c.name)}: {quote_text(c.sql_type)}" for c in contract.columns)
    return (
        f"read_csv([{files}], columns = {{{columns}}}, auto_detect = false, header = true,"
        f" delim = {quote_text(contract.format.delimiter)}, quote = '\"', escape = '\"')"
    )


@dataclass(frozen=True)
class Node:
    """One thing dbt executed: ``query`` as compiled, ``statements`` as run.

    ``kind`` is view, table, seed or test.
    """

    kind: str
    schema: str
    relation: str
    query: str
    statements: str


def read_nodes(target: Path) -> list[Node]:
    """What the last ``dbt build`` executed, in its order, from the files dbt leaves behind."""
    manifest, run = (json.loads((target / f"{name}.json").read_text()) for name in ARTEFACTS)
    return [
        _read_node(manifest["nodes"][result["unique_id"]], result, target)
        for result in run["results"]
    ]


def _read_node(described: dict[str, Any], result: dict[str, Any], target: Path) -> Node:
    kind = described["resource_type"]
    relation = described.get("relation_name") or ""
    if kind == "seed":
        return Node(kind, described["schema"], relation, _read_seed(described), "")
    if kind == "model":
        kind = "view" if described["config"]["materialized"] == "view" else "table"
    run = target / "run" / PROJECT / described["original_file_path"]
    # dbt writes a table beside the old one and renames it; a fresh file has no old one.
    statements = run.read_text().replace("__dbt_tmp", "") if kind == "table" else ""
    return Node(kind, described["schema"], relation, result["compiled_code"], statements)


def _read_seed(described: dict[str, Any]) -> str:
    types = described["config"]["column_types"].items()
    columns = ", ".join(f"{quote_text(name)}: {quote_text(type_)}" for name, type_ in types)
    typed = f", types = {{{columns}}}" if columns else ""
    path = quote_text(str(PROJECT_FOLDER / described["original_file_path"]))
    return f"from read_csv({path}, header = true{typed})"


def build_tables(
    nodes: Iterable[Node], folder: Path, settings: Settings, *, contracts: bool = False
) -> Path:
    """Build a fresh database from the statements of dbt.

    Args:
        nodes: from :func:`read_nodes` of a full build.
        folder: folder for the file.
        settings: bank whose raw database is read.
        contracts: run dbt's own statements for the tables, with types, primary keys and not
            null declared; otherwise ``create table as`` of the compiled query.
    """
    database = folder / BUILD_NAME
    with _open_build(database, settings) as connection:
        for node in nodes:
            if node.kind != "test":
                connection.execute(f"create schema if not exists {quote_name(node.schema)}")
                connection.execute(_creation(node, contracts))
    return database


def _creation(node: Node, contracts: bool) -> str:
    if contracts and node.statements:
        return node.statements
    kind = "view" if node.kind == "view" else "table"
    return f"create {kind} {node.relation} as {node.query}"


def run_tests(nodes: Iterable[Node], folder: Path, settings: Settings) -> None:
    """Run the queries of dbt's tests on the database of :func:`build_tables`.

    Raises:
        BankcrmError: a test finds rows: the rival built something else.
    """
    with _open_build(folder / BUILD_NAME, settings) as connection:
        for node in nodes:
            if node.kind == "test" and connection.execute(node.query).fetchone() is not None:
                raise BankcrmError(f"A test fails on the rival's tables: {node.query}")


@contextmanager
def _open_build(database: Path, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with _open(database, settings) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"attach {quote_text(str(settings.raw_file))} as raw (read_only)")
        yield connection


def count_rows(database: Path, schemas: Sequence[str] | None = None) -> dict[str, int]:
    """Rows of every table by its qualified name, in all schemas unless some are named."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where $1 is null or list_contains($1, schema_name) order by all",
            [schemas],
        ).fetchall()
        counts = {}
        for schema, table in tables:
            name = f"{quote_name(schema)}.{quote_name(table)}"
            (counts[name],) = connection.execute(f"select count(*) from {name}").fetchone() or (0,)
    return counts
