"""The step of the refresh between load and build: decide who is one customer."""

from __future__ import annotations

import time
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from bankcrm.dates import BEGINNING, END_OF_TIME
from bankcrm.sql import quote_date
from bankcrm.transactions import transaction
from pipelines.identity.clusters import Link, Rule, find_links
from pipelines.identity.edges import find_affected, write_candidates, write_edges
from pipelines.identity.evidence import read_evidence
from pipelines.identity.link_state import (
    clear_links,
    is_up_to_date,
    load_last_decision,
    save_link_state,
)
from pipelines.identity.linkage import compare_records
from pipelines.identity.parameters import load_parameters
from pipelines.identity.review import list_waiting_customers
from pipelines.identity.source_records import write_records
from pipelines.identity.strangers import find_crowded, write_strangers


@dataclass(frozen=True)
class LinkReport:
    """What the step did.

    ``records_compared`` counts the records that were new; ``customers_affected`` the source
    customers whose links were found again, because the night may have changed them;
    ``pairs_waiting`` the pairs of customers that a person must decide.
    """

    source_customers: int
    unified_customers: int
    records_compared: int
    customers_affected: int
    pairs_waiting: int
    seconds: float


def link_customers(connection: duckdb.DuckDBPyConnection) -> LinkReport:
    """Write ``identity.link`` from the loads that count, the decisions and the parameters.

    The same deliveries and decisions give the same links, in whatever order and in however many
    refreshes they came: a refresh finds again the links of those whom its changes may concern, and
    of everybody where the tables were made by other rules.

    Args:
        connection: the raw database for writing, its complete-through date set.
    """
    started = time.perf_counter()
    with transaction(connection):
        compared = _link(connection)
    customers, unified = _count(connection)
    (affected,) = connection.execute("select count(*) from affected_customer").fetchall()[0]
    waiting = len(list_waiting_customers(connection))
    seconds = time.perf_counter() - started
    return LinkReport(customers, unified, compared, affected, waiting, seconds)


def _link(connection: duckdb.DuckDBPyConnection) -> int:
    """Bring every table up to date; returns the number of new records."""
    parameters = load_parameters()
    rebuild = not is_up_to_date(connection, parameters)
    if rebuild:
        clear_links(connection)
    write_records(connection, parameters, rebuild=rebuild)
    find_crowded(connection, parameters)
    compared = compare_records(connection, parameters)
    write_strangers(connection)
    write_candidates(connection, parameters)
    write_edges(connection, parameters)
    find_affected(connection, load_last_decision(connection))
    evidence = read_evidence(connection, parameters)
    links = find_links(evidence.members, evidence.edges, evidence.partings)
    _write_links(connection, list(links))
    save_link_state(connection, parameters)
    return compared


def _write_links(connection: duckdb.DuckDBPyConnection, links: list[Link]) -> None:
    """Put the links of the affected customers in the place of those they had."""
    connection.register("found_link", _to_arrow(links))
    connection.execute(
        """delete from identity.link using affected_customer as affected
        where link.source_system = affected.source_system
            and source_customer_id = affected.customer_id"""
    )
    connection.execute(
        f"""insert into identity.link by name
        from found_link
        union all by name
        select distinct source_system, customer_id as source_customer_id,
            source_system as survivor_system, customer_id as survivor_customer_id,
            '{Rule.SOURCE_ID.name.lower()}' as match_rule, 1 as match_confidence,
            {quote_date(BEGINNING)} as valid_from, {quote_date(END_OF_TIME)} as valid_to,
            true as is_current
        from identity.record
        semi join affected_customer using (source_system, customer_id)
        anti join found_link
            on record.source_system = found_link.source_system
            and record.customer_id = found_link.source_customer_id"""
    )
    connection.unregister("found_link")


def _to_arrow(links: list[Link]) -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "source_system": pa.array([link.customer[0] for link in links], text),
            "source_customer_id": pa.array([link.customer[1] for link in links], text),
            "survivor_system": pa.array([link.survivor[0] for link in links], text),
            "survivor_customer_id": pa.array([link.survivor[1] for link in links], text),
            "match_rule": pa.array([link.rule.name.lower() for link in links], text),
            "match_confidence": pa.array([link.confidence for link in links], pa.float64()),
            "valid_from": pa.array([link.valid_from for link in links], pa.date32()),
            "valid_to": pa.array([link.valid_to for link in links], pa.date32()),
            "is_current": pa.array([link.valid_to == END_OF_TIME for link in links], pa.bool_()),
        }
    )


def _count(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    row = connection.execute(
        """select count(*), count(distinct (survivor_system, survivor_customer_id))
        from identity.link where is_current"""
    ).fetchone()
    assert row is not None
    return row[0], row[1]
