"""The evidence about who is who, read from the tables of schema ``identity``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from pipelines.identity.clusters import Customer, Document, Edge, Member, Parting, Rule
from pipelines.identity.parameters import Parameters
from pipelines.identity.schema import pair_id_sql

PLACES = 6
"""Decimal places of a confidence."""

EXACT_PAIRS = """
with counted as (
    select *, count(distinct customer_id) over (
        partition by source_system, document_type, document_number) as bearers
    from identity.document
), identifying as (
    select * from counted
    qualify max(bearers) over (partition by document_type, document_number) <= $1
)
select l.source_system, l.customer_id, r.source_system, r.customer_id,
    greatest(l.valid_from, r.valid_from), least(l.valid_to, r.valid_to)
from identifying as l
join identifying as r using (document_type, document_number)
where (l.source_system, l.customer_id) < (r.source_system, r.customer_id)
    and greatest(l.valid_from, r.valid_from) < least(l.valid_to, r.valid_to)
"""

LINKED_PAIRS = """
select left_system, left_customer_id, right_system, right_customer_id,
    seen_from, match_probability
from identity.candidate
where agrees and match_probability >= $1
"""

CANDIDATES = f"""
with pairs as (
    select pair.*,
        if(l.source_system < r.source_system, l, r) as first,
        if(l.source_system < r.source_system, r, l) as second
    from identity.pair as pair
    join identity.record as l on l.record_id = pair.left_record_id
    join identity.record as r on r.record_id = pair.right_record_id
)
select
    {
    pair_id_sql(
        "first.source_system", "first.customer_id", "second.source_system", "second.customer_id"
    )
},
    first.source_system, first.customer_id, second.source_system, second.customer_id,
    match_probability, agrees, reasons, greatest(first.seen_from, second.seen_from),
    first.record_id, second.record_id
from pairs
"""

VERDICTS = """
select left_system, left_customer_id, right_system, right_customer_id, verdict, business_date,
    coalesce(lead(business_date) over history, date '9999-12-31')
from identity.decision
window history as (partition by pair_id order by decision_id)
"""


@dataclass(frozen=True)
class Evidence:
    """Everything that speaks for and against two customers being one."""

    members: list[Member]
    edges: list[Edge]
    partings: list[Parting]


def write_candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """Write ``identity.candidate``: scored pairs of records, named by their customers."""
    connection.execute("delete from identity.candidate")
    connection.execute(f"insert into identity.candidate {CANDIDATES}")


def read_evidence(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, *, with_linkage: bool = True
) -> Evidence:
    """Evidence on every day.

    Args:
        connection: the raw database with records, documents and candidates written.
        parameters: thresholds.
        with_linkage: False leaves exact documents and people's decisions only.
    """
    edges = list(_exact_edges(connection, parameters))
    if with_linkage:
        edges += _linked_edges(connection, parameters)
    accepted, partings = _read_verdicts(connection)
    edges += accepted
    named = {customer for edge in edges for customer in (edge.left, edge.right)}
    known = list(_read_members(connection, parameters, named))
    present = {member.customer for member in known}
    # A decision may name a customer whose only delivery was taken back since.
    edges = [edge for edge in edges if edge.left in present and edge.right in present]
    return Evidence(known, edges, partings)


def _exact_edges(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> Iterator[Edge]:
    rows = connection.execute(EXACT_PAIRS, [parameters.documents.largest_group]).fetchall()
    for left_system, left_id, right_system, right_id, valid_from, valid_to in rows:
        left, right = (left_system, left_id), (right_system, right_id)
        yield Edge(left, right, Rule.EXACT_DOCUMENT, 1.0, valid_from, valid_to)


def _linked_edges(connection: duckdb.DuckDBPyConnection, parameters: Parameters) -> Iterator[Edge]:
    rows = connection.execute(LINKED_PAIRS, [parameters.thresholds.merge]).fetchall()
    for left_system, left_id, right_system, right_id, valid_from, probability in rows:
        left, right = (left_system, left_id), (right_system, right_id)
        confidence = round(probability, PLACES)
        yield Edge(left, right, Rule.PROBABILISTIC_LINKAGE, confidence, valid_from)


def _read_verdicts(
    connection: duckdb.DuckDBPyConnection,
) -> tuple[list[Edge], list[Parting]]:
    """Each verdict holds until the next one on its pair; ``undo`` leaves none."""
    accepted: list[Edge] = []
    partings: list[Parting] = []
    for *names, verdict, valid_from, valid_to in connection.execute(VERDICTS).fetchall():
        left, right = (names[0], names[1]), (names[2], names[3])
        if valid_from >= valid_to:
            continue
        if verdict == "accept":
            accepted.append(Edge(left, right, Rule.ACCEPTED_IN_REVIEW, 1.0, valid_from, valid_to))
        elif verdict == "reject":
            partings.append(Parting(left, right, valid_from, valid_to))
    return accepted, partings


def _read_members(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, named: set[Customer]
) -> Iterator[Member]:
    documents: dict[Customer, list[Document]] = defaultdict(list)
    rows = connection.execute(
        """select source_system, customer_id, document_type, document_number, valid_from, valid_to
        from identity.document order by all"""
    ).fetchall()
    for row in rows:
        if row[:2] in named:
            documents[row[:2]].append(Document(*row[2:]))
    rows = connection.execute(
        """select source_system, customer_id, min(seen_from) from identity.record
        group by all order by all"""
    ).fetchall()
    precedence = {system: rank for rank, system in enumerate(parameters.systems)}
    for row in rows:
        if row[:2] in named:
            customer = row[:2]
            rank = precedence[row[0]]
            yield Member(customer, row[2], rank, tuple(documents[customer]))
