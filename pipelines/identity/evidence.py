"""The evidence about who is who, read from the tables of schema ``identity``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from bankcrm.dates import BEGINNING
from pipelines.contracts.contract import Customer
from pipelines.identity.clusters import Document, Edge, Member, Parting, Rule
from pipelines.identity.edges import LINKED, VERDICTS
from pipelines.identity.parameters import Parameters

PLACES = 6
"""Decimal places of a confidence."""


@dataclass(frozen=True)
class Evidence:
    """Everything that speaks for and against two customers being one."""

    members: list[Member]
    edges: list[Edge]
    partings: list[Parting]


def read_evidence(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, *, with_linkage: bool = True
) -> Evidence:
    """Evidence on every day about the customers of the temporary table ``affected_customer``.

    Args:
        connection: the raw database with records, documents and edges written. A
            customer connected with an affected one is affected too.
        parameters: precedence of systems.
        with_linkage: False leaves exact documents and people's decisions only.
    """
    edges = list(_read_edges(connection, with_linkage))
    named = {customer for edge in edges for customer in (edge.left, edge.right)}
    known = list(_read_members(connection, parameters, named))
    present = {member.customer for member in known}
    # A decision may name a customer whose only delivery was taken back since.
    edges = [edge for edge in edges if edge.left in present and edge.right in present]
    return Evidence(known, edges, list(_read_partings(connection)))


def _read_edges(connection: duckdb.DuckDBPyConnection, with_linkage: bool) -> Iterator[Edge]:
    rows = connection.execute(
        """select left_system, left_customer_id, right_system, right_customer_id, match_rule,
            match_probability, valid_from, valid_to
        from identity.edge
        semi join affected_customer
            on source_system = left_system and customer_id = left_customer_id
        where $1 or match_rule <> $2""",
        [with_linkage, LINKED],
    ).fetchall()
    for left_system, left_id, right_system, right_id, rule, probability, *validity in rows:
        left, right = (left_system, left_id), (right_system, right_id)
        confidence = round(probability, PLACES)
        yield Edge(left, right, Rule[rule.upper()], confidence, *validity)


def _read_partings(connection: duckdb.DuckDBPyConnection) -> Iterator[Parting]:
    rows = connection.execute(
        f"""select left_system, left_customer_id, right_system, right_customer_id,
            valid_from, valid_to
        from ({VERDICTS}) where verdict = 'reject' and valid_from < valid_to"""
    ).fetchall()
    for left_system, left_id, right_system, right_id, *validity in rows:
        yield Parting((left_system, left_id), (right_system, right_id), *validity)
    for left_system, left_id, right_system, right_id in _read_strangers(connection):
        yield Parting((left_system, left_id), (right_system, right_id), BEGINNING)


def _read_strangers(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    """Who holds one document but contradicts each other, unless a person accepted them."""
    return connection.execute(
        f"""select distinct left_system, left_customer_id, right_system, right_customer_id
        from identity.stranger
        anti join (select * from ({VERDICTS}) where verdict = 'accept' and valid_from < valid_to)
            using (left_system, left_customer_id, right_system, right_customer_id)"""
    ).fetchall()


def _read_members(
    connection: duckdb.DuckDBPyConnection, parameters: Parameters, named: set[Customer]
) -> Iterator[Member]:
    documents: dict[Customer, list[Document]] = defaultdict(list)
    rows = connection.execute(
        """select source_system, customer_id, document_type, document_number, valid_from, valid_to
        from identity.document semi join affected_customer using (source_system, customer_id)
        anti join identity.placeholder using (document_type, document_number)
        order by all"""
    ).fetchall()
    for row in rows:
        if row[:2] in named:
            documents[row[:2]].append(Document(*row[2:]))
    rows = connection.execute(
        """select source_system, customer_id, min(seen_from), list(distinct customer_type)
        from identity.record semi join affected_customer using (source_system, customer_id)
        group by all order by all"""
    ).fetchall()
    precedence = {system: rank for rank, system in enumerate(parameters.systems)}
    for row in rows:
        if row[:2] in named:
            customer = row[:2]
            rank = precedence[row[0]]
            yield Member(customer, row[2], rank, tuple(documents[customer]), frozenset(row[3]))
