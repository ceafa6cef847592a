"""Pairs that only a person can decide, and what people decided.

A pair waits when its best score lies in the review band (or above it, where a merge needs an
agreement that is missing) or when both hold one document but contradict each other; when its
customers are not one already, when they may become one, and when nobody has decided. Documents of
one kind that differ exclude it, unless one may be mistyped or was renewed, or no check digit
confirms both. Decisions are appended to ``identity.decision`` and take effect at the next refresh;
the last one on a pair holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import duckdb

from bankcrm.dates import END_OF_TIME
from bankcrm.errors import BankcrmError
from bankcrm.sql import quote_date
from pipelines.contracts.contract import Customer
from pipelines.identity.linkage import LASTING
from pipelines.identity.parameters import load_parameters
from pipelines.identity.schema import pair_id_sql

OPEN_END = quote_date(END_OF_TIME)
Verdict = Literal["accept", "reject", "undo"]

DIFFERENT_KINDS = f"""
select coalesce(list(document_type order by document_type) filter (not shares), []), count(*)
from (
    select l.document_type, bool_or(l.document_number = r.document_number) as shares
    from identity.document as l
    join identity.document as r using (document_type)
    where l.source_system = $1 and l.customer_id = $2
        and r.source_system = $3 and r.customer_id = $4
        and l.valid_to = {OPEN_END} and r.valid_to = {OPEN_END}
    group by document_type
)
"""

DOUBTFUL = """
select count(*) from identity.candidate where document in ('mistyped', 'unconfirmed')
    and (left_system, left_customer_id, right_system, right_customer_id) = ($1, $2, $3, $4)
"""

TYPES = """
select count(*) > 0 and bool_and(l.customer_type <> r.customer_type)
from identity.record as l, identity.record as r
where l.source_system = $1 and l.customer_id = $2 and r.source_system = $3 and r.customer_id = $4
"""

WAITING = f"""
with apart as (
    select candidate.*
    from identity.candidate
    join identity.link as l on l.is_current
        and l.source_system = left_system and l.source_customer_id = left_customer_id
    join identity.link as r on r.is_current
        and r.source_system = right_system and r.source_customer_id = right_customer_id
    where (match_probability >= $1 or document in ({LASTING}))
        and (l.survivor_system, l.survivor_customer_id)
            <> (r.survivor_system, r.survivor_customer_id)
), best as (
    from apart
    qualify row_number() over (
        partition by pair_id
        order by match_probability desc, left_record_id, right_record_id) = 1
), doubtful as (
    select pair_id from apart where document in ('mistyped', 'renewed', 'unconfirmed')
), named as (
    select left_system as source_system, left_customer_id as customer_id from best
    union select right_system, right_customer_id from best
), held as (
    select source_system, customer_id, document_type, list(document_number) as numbers
    from identity.document semi join named using (source_system, customer_id)
    where valid_to = {OPEN_END}
    group by all
), conflicting as (
    select distinct pair_id
    from best
    join held as l on (l.source_system, l.customer_id) = (left_system, left_customer_id)
    join held as r on (r.source_system, r.customer_id) = (right_system, right_customer_id)
        and r.document_type = l.document_type and not list_has_any(l.numbers, r.numbers)
    where pair_id not in (from doubtful)
), decided as (
    select pair_id from identity.decision
    qualify row_number() over (partition by pair_id order by decision_id desc) = 1
        and verdict <> 'undo'
)
from best
where pair_id not in (from conflicting) and pair_id not in (from decided)
"""
"""Most candidates are one customer already, so that is asked first."""


@dataclass(frozen=True)
class Side:
    """A customer of a pair as its system describes it. Personal data from the vault; None where
    nothing was delivered, or where it was erased."""

    customer: Customer
    full_name: str | None
    birth_date: date | None
    phone: str | None
    address: str | None
    city: str | None
    document: str | None


@dataclass(frozen=True)
class WaitingPair:
    """Two customers that may be one; ``reasons`` says how each attribute compares."""

    pair_id: str
    left: Side
    right: Side
    match_probability: float
    reasons: str


def list_waiting_customers(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[Customer, Customer]]:
    """The pairs that wait for a person, by their customers."""
    rows = connection.execute(
        f"""select left_system, left_customer_id, right_system, right_customer_id
        from ({WAITING}) order by all""",
        [load_parameters().thresholds.review],
    ).fetchall()
    return [((row[0], row[1]), (row[2], row[3])) for row in rows]


def list_waiting(connection: duckdb.DuckDBPyConnection, limit: int) -> list[WaitingPair]:
    """The likeliest pairs that wait for a person.

    Args:
        connection: the raw database, customers linked.
        limit: at most so many.
    """
    rows = connection.execute(
        f"""select pair_id, left_system, left_customer_id, right_system, right_customer_id,
            match_probability, reasons
        from ({WAITING}) order by match_probability desc, pair_id limit $2""",
        [load_parameters().thresholds.review, limit],
    ).fetchall()
    return [
        WaitingPair(
            row[0],
            _describe(connection, (row[1], row[2])),
            _describe(connection, (row[3], row[4])),
            *row[5:],
        )
        for row in rows
    ]


def decide(
    connection: duckdb.DuckDBPyConnection,
    verdict: Verdict,
    pair: tuple[Customer, Customer],
    *,
    decided_by: str,
    reason: str,
) -> str:
    """Append a decision; the next refresh goes by it.

    Args:
        connection: the raw database, customers linked.
        verdict: one customer, not one customer, or as if nobody had decided.
        pair: the two customers.
        decided_by: who decided.
        reason: why, for a later reader.

    Returns:
        The pair's id.

    Raises:
        BankcrmError: a customer is not known, or the two can never be one.
    """
    left, right = sorted(pair)
    _check(connection, verdict, left, right)
    names = (*left, *right)
    pair_id = _fetch(connection, f"select {pair_id_sql('$1', '$2', '$3', '$4')}", names)[0]
    connection.execute(
        """insert into identity.decision
        select coalesce((select max(decision_id) from identity.decision), 0) + 1,
            $1, $2, $3, $4, $5, $6, $7, $8, $9,
            (select max(business_date) from ops.complete_through)""",
        [pair_id, *names, verdict, reason, decided_by, datetime.now(UTC).replace(tzinfo=None)],
    )
    return str(pair_id)


def find_pair(connection: duckdb.DuckDBPyConnection, pair_id: str) -> tuple[Customer, Customer]:
    """The customers of a pair that waits, waited, or was decided.

    Raises:
        BankcrmError: no pair has that id.
    """
    row = connection.execute(
        """select left_system, left_customer_id, right_system, right_customer_id
        from identity.candidate where pair_id = $1
        union all select left_system, left_customer_id, right_system, right_customer_id
        from identity.decision where pair_id = $1
        limit 1""",
        [pair_id],
    ).fetchone()
    if row is None:
        raise BankcrmError(
            f"No pair of customers has the id {pair_id!r}",
            "`bankcrm identity review` lists the pairs that wait, with their ids.",
        )
    return (row[0], row[1]), (row[2], row[3])


def read_customer(text: str) -> Customer:
    """A customer written ``system:id``.

    Raises:
        BankcrmError: it is not written like that.
    """
    system, colon, number = text.partition(":")
    if not colon or not number or system not in load_parameters().systems:
        raise BankcrmError(
            f"{text!r} does not name a customer",
            f"Write system:id, where system is one of {', '.join(load_parameters().systems)}.",
        )
    return system, number


def _check(
    connection: duckdb.DuckDBPyConnection, verdict: Verdict, left: Customer, right: Customer
) -> None:
    for customer in (left, right):
        known = "select count(*) from identity.record where source_system = $1 and customer_id = $2"
        if not _fetch(connection, known, customer)[0]:
            raise BankcrmError(
                f"No delivery names a customer {':'.join(customer)}",
                "Check the id; a customer is known once a refresh has loaded its delivery.",
            )
    if left == right:
        raise BankcrmError(f"{':'.join(left)} is one customer already", "Name two customers.")
    if verdict == "accept":
        _check_obstacles(connection, left, right)


def _check_obstacles(
    connection: duckdb.DuckDBPyConnection, left: Customer, right: Customer
) -> None:
    """What parts two customers even against a person's word."""
    both, names = (*left, *right), f"{':'.join(left)} and {':'.join(right)}"
    if _fetch(connection, TYPES, both)[0]:
        raise BankcrmError(
            f"{names} are customers of different types: a person is never a company",
            "Have the wrong customer_type corrected where it was registered.",
        )
    different, common = _fetch(connection, DIFFERENT_KINDS, both)
    if left[0] == right[0] and len(different) == common:
        raise BankcrmError(
            f"Two customers of system {left[0]} merge by an exact document only",
            "Have the system deliver the document for both, or close one of them there.",
        )
    lifelong = set(different) & {*load_parameters().documents.lifelong}
    if lifelong and not _fetch(connection, DOUBTFUL, both)[0]:
        raise BankcrmError(
            f"{names} have documents of one kind that differ",
            f"Nobody has two documents of kind {', '.join(sorted(lifelong))}: have the wrong one "
            "corrected where it was registered.",
        )


def _describe(connection: duckdb.DuckDBPyConnection, customer: Customer) -> Side:
    system, number = customer
    row = _fetch(
        connection,
        f"""select names.value, cast(births.value as date), phones.value, addresses.value, city,
            document_type || ' ' || documents.value
        from "{system}".customer semi join ops.whole_load using (load_id)
        left join vault.entry as names on names.token = full_name_token
        left join vault.entry as births on births.token = birth_date_token
        left join vault.entry as phones on phones.token = phone_token
        left join vault.entry as addresses on addresses.token = address_token
        left join vault.entry as documents on documents.token = document_number_token
        where customer_id = $1 order by business_date desc limit 1""",
        (number,),
    )
    return Side(customer, *row)


def mask(value: str | None, shown: int) -> str:
    """The last characters of a value, the others hidden; empty for nothing."""
    if not value:
        return ""
    return "*" * max(len(value) - shown, 0) + value[-shown:]


def describe_side(side: Side) -> Mapping[str, str]:
    """A customer as the screen shows it: enough to compare, contact data and documents masked."""
    return {
        "customer": ":".join(side.customer),
        "name": side.full_name or "",
        "born or registered": side.birth_date.isoformat() if side.birth_date else "",
        "phone": mask(side.phone, 4),
        "address": side.address or "",
        "city": side.city or "",
        "document": mask(side.document, 4),
    }


def _fetch(
    connection: duckdb.DuckDBPyConnection, statement: str, values: tuple[str, ...]
) -> tuple[Any, ...]:
    row = connection.execute(statement, list(values)).fetchone()
    assert row is not None
    return tuple(row)
